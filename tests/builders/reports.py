"""A year 2021 full of traps for whoever counts it: what lies at the edge of each definition (docs/domain.md B.7)."""

from datetime import date, datetime, timedelta
from typing import Any

from market import clock
from market.accounts.models import Organisation, User
from market.audit.journal import record
from market.bids.models import BidState
from market.challenges.models import Challenge, ChallengeState, ChallengeVersion
from market.contracts import outcomes
from market.contracts.models import ContractState, Milestone, MilestoneState
from market.database import transaction
from market.events.models import ContactResult, EventKind, EventState
from market.needs.content import CONTENT_FIELDS, AmountKind, ProblemKind
from market.needs.models import NeedState
from market.notices.models import AwardItem, Notice, NoticeState
from market.payouts.models import Payout, PayoutKind
from market.permissions import SYSTEM, Role
from market.programmes.models import Cycle
from tests.builders.chain import make_bid, make_challenge, make_contract, make_cycle, make_need, make_solver
from tests.builders.contracts import make_result, make_spending, pdf, result
from tests.builders.events import make_attendance, make_contact, make_event
from tests.builders.payouts import (
    accepted,
    advance_payout,
    advance_refund,
    first_milestone,
    make_budget_line,
    make_desk,
    make_refund,
    request,
)
from tests.builders.people import acting, make_organisation, make_user, save

WAN = 1_000_000


def shanghai(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=clock.SHANGHAI)  # pyright: ignore[reportArgumentType]


def change(row: Any, **values: Any) -> None:
    with transaction():
        for name, value in values.items():
            setattr(row, name, value)
        record(SYSTEM, "test:build", row)


class World:
    """Two districts: firm A in 370303, firm B in 370304. Built once by ``build``."""

    def build(self) -> "World":
        with clock.at(shanghai(2021, 3, 1, 9)):
            self.cycle: Cycle = make_cycle(2021)
            self.firm_a = make_organisation("甲新材料有限公司", district="370303")
            self.firm_b = make_organisation("乙装备有限公司", district="370304")
            self.solvers = [make_solver(name=f"团队{letter}") for letter in "子丑寅卯"]
        self._needs()
        self._posts()
        self._bids()
        self._contracts()
        self._milestones()
        self._payouts()
        self._refund()
        self._outcomes()
        self._events_and_contacts()
        return self

    def need(
        self, at: datetime, state: NeedState = NeedState.POSTED, firm: Organisation | None = None, **values: Any
    ) -> Any:
        with clock.at(at):
            return make_need(self.cycle, firm or self.firm_a, state=state, **values)

    def _needs(self) -> None:
        """Not posted: five count."""
        self.need(shanghai(2021, 1, 1, 0, 0), NeedState.RETURNED)
        self.need(shanghai(2021, 12, 31, 23, 59), NeedState.DISTRICT_CHECK)
        change(
            self.need(shanghai(2021, 12, 31, 23, 59), NeedState.WITHDRAWN),
            first_submitted_at=datetime(2021, 12, 31, 23, 59, 59, 700_000, clock.SHANGHAI),
        )
        self.need(shanghai(2021, 4, 2), NeedState.REFUSED, self.firm_b)
        self.need(shanghai(2021, 4, 3), NeedState.SOLVED)
        self.need(shanghai(2022, 1, 1, 0, 30), NeedState.DISTRICT_CHECK)  # Still 2021 in UTC.
        self.need(shanghai(2020, 12, 31, 23, 30), NeedState.REFUSED)
        self.need(shanghai(2021, 4, 4), NeedState.DRAFT)
        self.need(shanghai(2021, 4, 5), NeedState.MERGED)

    def post(self, at: datetime, state: ChallengeState, firm: Organisation | None = None, **values: Any) -> Challenge:
        """Its need was handed in 20 days before."""
        relist_of = values.pop("relist_of", None)
        need = self.need(at - timedelta(days=20), firm=firm, **values)
        with clock.at(at + timedelta(days=1)):  # The builder posts a day before now.
            return make_challenge(need, state, relist_of_id=relist_of and relist_of.id)

    def _posts(self) -> None:
        """Seven first posts: fixed 120, 60, 30; range 50–80; unlimited, negotiable, and a revoked fixed 10."""
        spring = shanghai(2021, 5, 26, 10)
        ranged = {"amount_kind": AmountKind.RANGE, "amount_fen": None}
        state = ChallengeState
        self.c1 = self.post(spring, state.RUNNING, amount_fen=100 * WAN)
        self.version(self.c1, 2, shanghai(2021, 6, 10), amount_fen=120 * WAN)
        self.version(self.c1, 3, shanghai(2022, 2, 1), amount_fen=500 * WAN)
        self.c2 = self.post(spring, state.REVIEW, amount_low_fen=50 * WAN, amount_high_fen=80 * WAN, **ranged)
        self.c3 = self.post(spring, state.POSTED, amount_kind=AmountKind.UNLIMITED, amount_fen=None)
        self.c4 = self.post(spring, state.CLOSED, amount_kind=AmountKind.NEGOTIABLE, amount_fen=None)
        self.c5 = self.post(spring, state.NO_AWARD, amount_fen=60 * WAN)
        self.relist = self.post(shanghai(2021, 9, 1), state.POSTED, amount_fen=60 * WAN, relist_of=self.c5)
        self.c6 = self.post(
            shanghai(2021, 12, 31, 23, 59), state.COMPLETED, self.firm_b, amount_fen=30 * WAN, kind=ProblemKind.TALENT
        )
        self.c7 = self.post(shanghai(2021, 7, 6), state.REVOKED, amount_fen=10 * WAN)
        self.post(shanghai(2022, 1, 1, 0, 10), state.POSTED, amount_fen=40 * WAN)
        self.post(shanghai(2021, 7, 6), state.APPROVAL, amount_fen=900 * WAN)

    def version(self, challenge: Challenge, number: int, locked_at: datetime, **values: Any) -> None:
        kept = {name: getattr(challenge.need, name) for name in CONTENT_FIELDS}
        save(ChallengeVersion(challenge_id=challenge.id, number=number, locked_at=locked_at, **(kept | values)))
        change(challenge, version=number)

    def bid(self, challenge: Challenge, solver: int, state: BidState, at: datetime | None = None) -> Any:
        with clock.at(at or shanghai(2021, 6, 20)):
            return make_bid(challenge, self.solvers[solver], state)

    def _bids(self) -> None:
        """Six count, of three teams; sealed, withdrawn and drafted ones do not."""
        self.b1 = self.bid(self.c1, 0, BidState.CONTRACTED)
        self.b2 = self.bid(self.c1, 1, BidState.CONTRACTED)
        self.bid(self.c1, 2, BidState.WITHDRAWN)
        self.bid(self.c1, 3, BidState.DRAFT)
        self.bid(self.c2, 0, BidState.OPENED)
        self.bid(self.c2, 2, BidState.REJECTED)
        self.bid(self.c3, 1, BidState.SUBMITTED)
        self.bid(self.c4, 1, BidState.SUBMITTED)
        self.bid(self.c5, 2, BidState.UNQUALIFIED)
        self.bid(self.c7, 3, BidState.SUBMITTED)
        self.b6 = self.bid(self.c6, 0, BidState.CONTRACTED, shanghai(2021, 12, 31, 23, 59))

    def award(self, bid: Any, effective_at: datetime) -> None:
        notice = Notice(
            challenge_id=bid.challenge_id,
            state=NoticeState.EFFECTIVE,
            title="拟中榜公示",
            prepared_by_id=bid.challenge.prepared_by_id,
            effective_at=effective_at,
        )
        save(notice)
        save(AwardItem(notice_id=notice.id, bid_id=bid.id, rank=1, winner_name="团队", lead_name="带头人"))

    def _contracts(self) -> None:
        """Racing: c1 has two, both signed in 2021; the third is signed on the last day, in the other district."""
        self.award(self.b1, shanghai(2021, 8, 1, 0, 30))
        self.award(self.b2, shanghai(2021, 8, 11))
        kept: dict[str, Any] = {"amount_fen": 90 * WAN, "rd_total_fen": 300 * WAN, "signed_on": date(2021, 8, 21)}
        registered = {"registered_on": date(2021, 9, 1), "turnover_fen": 90 * WAN, "technology_fen": 12 * WAN}
        self.k1 = make_contract(self.b1, **kept, **registered)
        late = {"registered_on": date(2022, 1, 1), "turnover_fen": 7 * WAN, "technology_fen": 7 * WAN}
        self.k2 = make_contract(self.b2, **(kept | {"amount_fen": 80 * WAN, "rd_total_fen": 100 * WAN}), **late)
        self.k3 = make_contract(
            self.b6,
            ContractState.COMPLETED,
            **(kept | {"amount_fen": 30 * WAN, "rd_total_fen": 50 * WAN, "signed_on": date(2021, 12, 31)}),
            ended_on=date(2021, 12, 31),
        )
        other = self.bid(
            self.post(shanghai(2022, 3, 1), ChallengeState.RUNNING), 3, BidState.CONTRACTED, shanghai(2022, 3, 9)
        )
        make_contract(other, **(kept | {"signed_on": date(2022, 1, 1)}))
        drafted = self.bid(
            self.post(shanghai(2022, 3, 1), ChallengeState.AWARDED), 3, BidState.AWARDED, shanghai(2022, 3, 9)
        )
        make_contract(drafted, ContractState.AGREED, signed_on=date(2021, 8, 1))

    def _milestones(self) -> None:
        """Of k1: on time by a minute, late by half an hour (though the day is still due day in UTC), never reported."""
        when = {1: shanghai(2021, 10, 1, 23, 59), 2: shanghai(2021, 10, 2, 0, 30), 3: None}
        for seq, at in when.items():
            state = MilestoneState.ACCEPTED if at else MilestoneState.PLANNED
            change(first_milestone(self.k1, seq), due_on=date(2021, 10, 1), reported_at=at, state=state)
        for seq in (1, 2, 3):
            change(first_milestone(self.k2, seq), due_on=date(2022, 1, 1))
            # Due after the contract had ended: void.
            change(first_milestone(self.k3, seq), due_on=date(2022, 6, 1))

    def _payouts(self) -> None:
        """Paid in 2021: reward 3 and subsidy 2 万元; approved but unpaid 4; paid in 2022: 5."""
        desk = make_desk()
        reward = make_budget_line(self.k1, desk.checker)
        subsidy = make_budget_line(self.k1, desk.checker, kind=PayoutKind.SUBSIDY)

        def pay(milestone: Milestone, line: Any, wan: int, at: datetime, *steps: str) -> Payout:
            with clock.at(at):
                payout = request(desk, milestone, line, wan * WAN)
                for step in steps:
                    advance_payout(desk, payout, step)
            return payout

        first, second = first_milestone(self.k1, 1), first_milestone(self.k1, 2)
        with clock.at(shanghai(2021, 11, 1)):
            of_k2 = accepted(self.k2)
        self.rewarded = pay(first, reward, 3, shanghai(2021, 12, 31, 23, 59), "check", "approve", "pay")
        pay(first, subsidy, 2, shanghai(2021, 11, 5), "check", "approve", "pay")
        pay(second, reward, 4, shanghai(2021, 11, 5), "check", "approve")
        pay(of_k2, reward, 5, shanghai(2022, 1, 1, 0, 30), "check", "approve", "pay")

    def _refund(self) -> None:
        """Of the reward paid in 2021, 1 万元 comes back in the first minutes of 2022; another is asked for only."""
        with clock.at(shanghai(2021, 12, 31, 23, 59)):
            refund = make_refund("recovering", payout=self.rewarded, amount_fen=WAN)
        with clock.at(shanghai(2022, 1, 1, 0, 30)):
            advance_refund(make_desk(), refund, "refunded")
            make_refund("checked", payout=self.rewarded, amount_fen=WAN)

    def _outcomes(self) -> None:
        """Spent of k1: 120 to the end of 2021, 200 later; of k2 only unconfirmed. Sales 55, patents 2, others elsewhere."""
        a, b = (make_user(Role.FIRM_SIGNATORY, organisation=firm) for firm in (self.firm_a, self.firm_b))
        for until, wan in ((date(2021, 11, 30), 110), (date(2021, 12, 31), 120), (date(2022, 3, 1), 200)):
            with clock.at(shanghai(2022, 3, 2)):
                report = make_spending(self.k1, self.k1.solver.lead, until=until, total_fen=wan * WAN, fiscal_fen=0)
                with transaction():
                    outcomes.confirm_spending(acting(a), report)
        change(first_milestone(self.k3, 1), state=MilestoneState.ACCEPTED)
        with clock.at(shanghai(2022, 3, 2)):
            make_spending(self.k2, self.k2.solver.lead, until=date(2021, 12, 31))
            autumn = {"first_day": date(2021, 9, 1), "last_day": date(2021, 12, 31)}
            with transaction():
                outcomes.declare_result(acting(a), self.k1, result(**autumn), [pdf()])
            last = {"first_day": date(2021, 12, 31), "last_day": date(2021, 12, 31)}
            make_result(self.k3, b, kind="patent", quantity=2, **last)
            make_result(self.k1, a, kind="tax", first_day=date(2021, 9, 1), last_day=date(2022, 1, 1))
            wrong = make_result(self.k1, a, kind="saved", **autumn)
            with transaction():
                outcomes.withdraw_result(acting(a), wrong, "算错了基准，撤回")

    def _events_and_contacts(self) -> None:
        kept: dict[str, Any] = {"by": self.officer}
        june = make_event(EventState.HELD, starts_at=shanghai(2021, 6, 10, 9), **kept)
        make_attendance(june, self.firm_a, attended=True)
        make_attendance(june, self.firm_b, attended=False)
        july = make_event(EventState.HELD, starts_at=shanghai(2021, 12, 31, 23, 30), **kept)
        make_attendance(july, self.firm_b, attended=True)
        make_event(EventState.HELD, starts_at=shanghai(2021, 6, 1), kind=EventKind.MATCHMAKING, **kept)
        make_event(EventState.HELD, starts_at=shanghai(2022, 1, 1, 0, 30), **kept)
        make_event(EventState.PLANNED, starts_at=shanghai(2021, 8, 1), **kept)
        make_event(EventState.CANCELLED, starts_at=shanghai(2021, 8, 2), **kept)
        first, second, third, _fourth = self.solvers
        make_contact(self.firm_a, first, date(2021, 6, 10), ContactResult.INTENT, event_id=june.id)
        make_contact(self.firm_a, first, date(2021, 6, 12), ContactResult.CONTRACT)
        make_contact(self.firm_b, first, date(2021, 12, 31), ContactResult.NO_INTEREST)
        make_contact(self.firm_b, second, date(2021, 1, 1), ContactResult.INTENT)
        make_contact(self.firm_a, third, date(2022, 1, 1), ContactResult.INTENT)

    @property
    def officer(self) -> User:
        from market.database import db

        found = db.session.get(User, self.c1.prepared_by_id)
        assert found is not None
        return found
