"""Bids, openings, reviews, notices, contracts, milestones and payouts of one challenge, written into the diary."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from market.bids.models import Bid, BidState
from market.bids.opening import release_opening_share
from market.bids.operations import begin_bid, save_draft, screen_bid, submit_bid
from market.challenges.models import Challenge, NoAwardReason
from market.challenges.operations import declare_no_award
from market.contracts.models import Contract, Milestone
from market.contracts.operations import (
    accept_milestone,
    attach_scan,
    complete_contract,
    confirm_contract,
    draft_contract,
    register_contract,
    report_milestone,
    send_back_milestone,
    sign_contract,
)
from market.database import db
from market.demo.cast import Cast
from market.demo.diary import Diary
from market.demo.lots import seed_that_seats
from market.demo.scans import small_pdf
from market.demo.scores import spread_scores
from market.demo.values import CONTRACT_KINDS, bid_content, day
from market.money import parse_wan
from market.needs.content import Ownership
from market.notices.models import Notice
from market.notices.operations import approve_notice, prepare_notice, propose_notice, take_effect
from market.notices.queries import default_text
from market.payouts.models import BudgetLine, Payout, PayoutKind
from market.payouts.operations import approve_payout, check_payout, confirm_paid, request_payout, send_back_payout
from market.reviews.models import Assignment, AssignmentState, Round
from market.reviews.operations import (
    conclude_round,
    rank_round,
    save_score_draft,
    start_round,
    start_scoring,
    submit_scores,
)
from market.reviews.panel import convene_round, declare_no_conflict, draw_experts
from market.solvers.models import Solver

OPINION = "评审组审阅材料并评议后，一致认为推荐方案对指标逐条响应，路线可行，条件与经费匹配，同意推荐。"
NO_OPINION = "评审组审阅材料并评议后认为，各方案均未达到合格线，建议不予推荐。"
CLERK, SECOND, HEAD = "city-officer-1", "city-officer-2", "division-head"
MAKER, CHECKER = "finance-maker", "finance-checker"
EXPERTS_A_ROUND = 5


class AwardStory:
    """One challenge from its bids to its payouts; every method is one person's act."""

    def __init__(
        self, cast: Cast, diary: Diary, need: str, bids: Iterable[dict[str, Any]], contract: Any = None
    ) -> None:
        self.cast, self.diary, self.key = cast, diary, need
        self.bids = [bid for bid in bids if bid["need"] == need]
        self.contract: dict[str, Any] = contract or {}

    @property
    def challenge(self) -> Challenge:
        return self.diary.get(Challenge, self.key)

    @property
    def round(self) -> Round:
        return self.diary.get(Round, self.key)

    @property
    def notice(self) -> Notice:
        return self.diary.get(Notice, self.key)

    # --- bids -------------------------------------------------------------------------------------------------------

    def draft(self, entry: dict[str, Any], signed: date) -> None:
        actor = self.cast.actor(entry["lead"])
        bid = begin_bid(actor, self.challenge, self.diary.get(Solver, entry["team"]))
        self.diary.keep("bid", entry["key"], bid)
        save_draft(actor, bid, bid_content(entry, signed, self.challenge.need.term_months or 24))

    def submit(self, entry: dict[str, Any]) -> None:
        submit_bid(self.cast.actor(entry["lead"]), self.diary.get(Bid, entry["key"]))

    def bids_come(self, signed: date) -> None:
        for entry in self.bids:
            on = day(entry["submitted_on"])
            self.diary.note(on, "14:00", self.draft, entry, signed)
            self.diary.note(on, "15:30", self.submit, entry)

    def release(self, officer: str) -> None:
        release_opening_share(self.cast.actor(officer), self.challenge, self.cast.opening_key(officer))

    def screen(self) -> None:
        opened = select(Bid).where(Bid.challenge_id == self.challenge.id, Bid.state == BidState.OPENED).order_by(Bid.id)
        for bid in db.session.scalars(opened).all():
            screen_bid(self.cast.actor(CLERK), bid, True)

    def open_on(self, on: date, screened: bool = True) -> None:
        self.diary.note(on, "09:00", self.release, CLERK)
        self.diary.note(on, "09:10", self.release, HEAD)
        if self.bids and screened:
            self.diary.note(on, "14:00", self.screen)

    # --- review -----------------------------------------------------------------------------------------------------

    def start(self, sought: Collection[str] = (), handed_in: int = 0) -> None:
        """Draw the panel; the people ``sought`` are to sit on it and not to hand in first."""
        round_ = start_round(self.cast.actor(CLERK), self.challenge)
        self.diary.keep("review_round", self.key, round_)
        users = {self.cast.people[key] for key in sought}
        seed = seed_that_seats(round_, EXPERTS_A_ROUND, users, handed_in) if users else None
        draw_experts(self.cast.actor(CLERK), round_, EXPERTS_A_ROUND, seed=seed or f"demo {self.key}")

    def convene(self) -> None:
        convene_round(self.cast.actor(SECOND), self.round)

    def _tasks(self) -> list[tuple[Any, Assignment]]:
        query = select(Assignment).where(
            Assignment.round_id == self.round.id,
            Assignment.state.in_([AssignmentState.INVITED, AssignmentState.DECLARED]),
        )
        people = {user_id: key for key, user_id in self.cast.people.items()}
        tasks = db.session.scalars(query.order_by(Assignment.id)).all()
        return [(self.cast.actor(people[task.expert.user_id]), task) for task in tasks]

    def declare(self) -> None:
        for actor, task in self._tasks():
            declare_no_conflict(actor, task)

    def begin_scoring(self) -> None:
        start_scoring(self.cast.actor(CLERK), self.round)

    def score(self, experts: int = EXPERTS_A_ROUND) -> None:
        """The first ``experts`` of the panel hand in; their mean is the score in the data."""
        for number, (actor, task) in enumerate(self._tasks()[:experts]):
            for entry in self.bids:
                bid = self.diary.get(Bid, entry["key"])
                save_score_draft(actor, task, bid, spread_scores(self.round.criteria, float(entry["score"]), number))
            submit_scores(actor, task)

    def begin_sheet(self) -> None:
        """Whoever is next has written half a sheet and kept it."""
        actor, task = self._tasks()[0]
        entry = self.bids[0]
        sheet = spread_scores(self.round.criteria, float(entry["score"]), 0)
        begun = [criterion["key"] for criterion in self.round.criteria[:2]]
        values = {
            "scores": {key: sheet["scores"][key] for key in begun},
            "reasons": {key: sheet["reasons"][key] for key in begun},
        }
        save_score_draft(actor, task, self.diary.get(Bid, entry["key"]), values)

    def rank(self) -> None:
        rank_round(self.cast.actor(CLERK), self.round)

    def conclude(self) -> None:
        chosen = {
            outcome: [self.diary.get(Bid, e["key"]).id for e in self.bids if e["outcome"] == outcome]
            for outcome in ("won", "reserve")
        }
        opinion = OPINION if chosen["won"] else NO_OPINION
        conclude_round(self.cast.actor(CLERK), self.round, opinion, chosen["won"], chosen["reserve"])

    def review_on(self, on: date) -> None:
        note = self.diary.note
        note(on - timedelta(days=3), "09:00", self.start)
        note(on - timedelta(days=3), "10:00", self.convene)
        note(on - timedelta(days=2), "10:00", self.declare)
        note(on - timedelta(days=2), "15:00", self.begin_scoring)
        note(on, "11:00", self.score)
        note(on, "14:00", self.rank)
        note(on, "16:00", self.conclude)

    def no_award(self, reason: NoAwardReason) -> None:
        declare_no_award(self.cast.actor(HEAD), self.challenge, reason)

    # --- notice -----------------------------------------------------------------------------------------------------

    def draft_notice(self) -> None:
        notice = prepare_notice(self.cast.actor(CLERK), self.challenge, default_text(self.challenge))
        self.diary.keep("notice", self.key, notice)

    def prepare_notice(self) -> None:
        self.draft_notice()
        propose_notice(self.cast.actor(CLERK), self.notice)

    def publish(self, on: date) -> None:
        approve_notice(self.cast.actor(HEAD), self.notice, f"党组会〔{on.year}〕{on.timetuple().tm_yday} 号")

    def take_effect(self) -> None:
        take_effect(self.cast.actor(HEAD), self.notice)

    def notice_on(self, on: date, effective: date | None) -> None:
        self.diary.note(on - timedelta(days=1), "15:00", self.prepare_notice)
        self.diary.note(on, "09:00", self.publish, on)
        if effective:
            self.diary.note(effective, "09:30", self.take_effect)

    # --- contract ---------------------------------------------------------------------------------------------------

    @property
    def winner(self) -> dict[str, Any]:
        return next(entry for entry in self.bids if entry["outcome"] == "won")

    @property
    def winning_bid(self) -> Bid:
        return self.diary.get(Bid, self.winner["key"])

    @property
    def row(self) -> Contract:
        return self.diary.get(Contract, self.contract["key"])

    def draft_contract(self) -> None:
        plan = self.contract
        values = {
            "kind": CONTRACT_KINDS[plan["kind"]],
            "amount_fen": parse_wan(plan["amount"]),
            "rd_total_fen": parse_wan(plan["rd_input"]),
            "ownership": Ownership.SHARED,
            "starts_on": day(plan["starts_on"]),
            "ends_on": day(plan["ends_on"]),
            "milestones": [
                {"content": m["content"], "due_on": day(m["due"]), "percent": m["percent"]} for m in plan["milestones"]
            ],
        }
        contract = draft_contract(self.cast.actor(CLERK), self.winning_bid, values)
        self.diary.keep("contract", plan["key"], contract)

    def confirm_both(self, poster: str) -> None:
        confirm_contract(self.cast.actor(f"signatory-{poster}"), self.row)
        confirm_contract(self.cast.actor(self.winner["lead"]), self.row)

    def sign(self) -> None:
        attach_scan(self.cast.actor(CLERK), self.row, "signed_scan", small_pdf(self.contract["key"]))
        attach_scan(self.cast.actor(CLERK), self.row, "pledge", small_pdf(f"pledge {self.contract['key']}"))
        signed = day(self.contract["signed_on"])
        sign_contract(self.cast.actor(CLERK), self.row, f"ZBJB-HT-{self.contract['key'][1:]}", signed)

    def register(self) -> None:
        plan = self.contract["registration"]
        register_contract(
            self.cast.actor(CLERK),
            self.row,
            {
                "office": plan["office"],
                "number": plan["no"],
                "registered_on": day(plan["registered_on"]),
                "turnover_fen": parse_wan(plan["turnover"]),
                "technology_fen": parse_wan(plan["transaction_amount"]),
            },
        )

    def contract_signed(self, poster: str) -> None:
        signed = day(self.contract["signed_on"])
        note = self.diary.note
        note(signed, "10:00", self.draft_contract)
        note(signed, "11:00", self.confirm_both, poster)
        note(signed, "16:00", self.sign)
        if self.contract["registration"]:
            note(day(self.contract["registration"]["registered_on"]), "10:00", self.register)

    # --- milestones and payouts -------------------------------------------------------------------------------------

    def milestone(self, seq: int) -> Milestone:
        query = select(Milestone).where(Milestone.contract_id == self.row.id, Milestone.seq == seq)
        return db.session.scalars(query).one()

    def report(self, seq: int) -> None:
        milestone = self.milestone(seq)
        is_last = seq == len(self.contract["milestones"])
        measured = (
            {row["indicator"]: f"{row['value']} {row['unit']}" for row in self.winner["answers"]} if is_last else {}
        )
        text = f"本阶段任务已按期完成：{milestone.content}。记录与检测数据已整理归档，供发榜方查验。"
        report_milestone(self.cast.actor(self.winner["lead"]), milestone, text, measured)

    def accept(self, poster: str, seq: int) -> None:
        opinion = "现场查验记录与样品，达到本阶段约定，同意通过。"
        accept_milestone(self.cast.actor(f"signatory-{poster}"), self.milestone(seq), opinion)

    def rectify(self, poster: str, seq: int, verdict: str) -> None:
        send_back_milestone(self.cast.actor(f"signatory-{poster}"), self.milestone(seq), verdict)

    def complete(self) -> None:
        complete_contract(self.cast.actor(CLERK), self.row, "全部里程碑通过验收")

    def request(self, plan: dict[str, Any], line: str) -> None:
        payout = request_payout(
            self.cast.actor(MAKER),
            self.milestone(plan["milestone_seq"]),
            PayoutKind.REWARD,
            self.diary.get(BudgetLine, line),
            "淄博某银行营业部（虚构）",
            f"37030{self.row.id:04d}000{plan['seq']:03d}",
            parse_wan(plan["amount"]),
            "揭榜挂帅人才奖励办法：合同额 60%，上限 400 万元，按里程碑兑付",
            f"demo-{self.contract['key']}-{plan['seq']}",
        )
        self.diary.keep("payout", f"{self.contract['key']}-{plan['seq']}", payout)

    def _payout(self, plan: dict[str, Any]) -> Payout:
        return self.diary.get(Payout, f"{self.contract['key']}-{plan['seq']}")

    def check(self, plan: dict[str, Any]) -> None:
        check_payout(self.cast.actor(CHECKER), self._payout(plan))

    def return_request(self, plan: dict[str, Any]) -> None:
        send_back_payout(self.cast.actor(CHECKER), self._payout(plan), plan["reason"])

    def approve(self, plan: dict[str, Any]) -> None:
        approve_payout(self.cast.actor(HEAD), self._payout(plan))

    def pay(self, plan: dict[str, Any]) -> None:
        confirm_paid(self.cast.actor(MAKER), self._payout(plan), plan["bank_reference"], day(plan["confirmed_on"]))

    def milestones_pass(self, poster: str) -> None:
        for milestone in self.contract["milestones"]:
            if milestone["reported_on"]:
                self.diary.note(day(milestone["reported_on"]), "10:00", self.report, milestone["seq"])
            if milestone["accepted_on"]:
                self.diary.note(day(milestone["accepted_on"]), "15:00", self.accept, poster, milestone["seq"])
            if milestone.get("sent_back_on"):
                back = (poster, milestone["seq"], milestone["verdict"])
                self.diary.note(day(milestone["sent_back_on"]), "15:30", self.rectify, *back)

    def money_flows(self, line: str) -> None:
        for plan in self.contract["payouts"]:
            steps = (
                ("requested_on", "09:30", self.request, (plan, plan.get("line", line))),
                ("finance_checked_on", "10:30", self.check, (plan,)),
                ("sent_back_on", "10:40", self.return_request, (plan,)),
                ("approved_on", "11:30", self.approve, (plan,)),
                ("confirmed_on", "15:00", self.pay, (plan,)),
            )
            for when, at, work, arguments in steps:
                if plan.get(when):
                    self.diary.note(day(plan[when]), at, work, *arguments)
