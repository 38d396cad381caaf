"""What came of the contracts: spending, declared results, money taken back, and the months that were frozen."""

from datetime import date, timedelta
from typing import Any

from market.contracts.models import DeclaredResult
from market.contracts.outcomes import confirm_spending, declare_result, report_spending
from market.contracts.queries import spending_of
from market.demo.awards import CHECKER, HEAD, MAKER, AwardStory
from market.demo.cast import Cast
from market.demo.diary import Diary
from market.demo.scans import small_pdf
from market.demo.values import day
from market.money import parse_wan
from market.payouts.bounties import confirm_bounty, record_bounty
from market.payouts.models import BountyPayment, Payout, Refund
from market.payouts.refunds import approve_refund, check_refund, confirm_refunded, request_refund
from market.reports.operations import freeze_month
from market.reports.queries import last_day_of

# What the live cycle has frozen is at least this long over, so that something could come to light since.
FROZEN_DAYS = 10
# By contract of 2021; ``days_ago`` are those of the request, the check and the approval.
REFUNDS: dict[str, dict[str, Any]] = {
    "K21-07": {
        "amount": "12.00", "reason": "surplus", "days_ago": (2,), "basis": "绩效评价报告〔演示〕7 号",
        "text": "绩效评价发现奖励资金有 12.00 万元未用于项目研发，按结余退回。",
    },
    "K21-08": {
        "amount": "4.50", "reason": "mistake", "days_ago": (7, 5), "basis": "财务自查情况说明〔演示〕2 号",
        "text": "末期兑付多计一项检测费，比照票据核减 4.50 万元，由收款人退回。",
    },
    "K21-09": {
        "amount": "6.80", "reason": "surplus", "days_ago": (16, 14, 12), "basis": "专项审计报告〔演示〕19 号",
        "text": "审计确认差旅与会议费结余 6.80 万元，双方已核对一致，按规定退回国库。",
    },
}  # fmt: skip


class OutcomeStory:
    """After the milestones of one contract; every method is one person's act."""

    def __init__(self, story: AwardStory, poster: str) -> None:
        self.story, self.cast, self.diary = story, story.cast, story.diary
        self.signatory = f"signatory-{poster}"

    def tell(self, today: date) -> None:
        note, contract = self.diary.note, self.story.contract
        for plan in contract.get("spending", ()):
            recent = plan["reported_on"] == "recent"
            on = today - timedelta(days=4) if recent else day(plan["reported_on"])
            note(on, "16:00", self.report_spending, plan)
            if plan["confirmed_on"]:
                note(day(plan["confirmed_on"]), "10:30", self.confirm_spending)
        for plan in contract.get("results", ()):
            recent = plan["declared_on"] == "recent"
            on = today - timedelta(days=3) if recent else day(plan["declared_on"])
            last = last_frozen_month(today) if plan["last"] == "month" else None
            note(on, "14:30", self.declare, plan, last_day_of(last) if last else day(plan["last"]))
        for plan in contract.get("bounties", ()):
            note(day(plan["paid_on"]), "16:10", self.pay_bounty, plan)
            if plan["confirmed_on"]:
                note(day(plan["confirmed_on"]), "09:10", self.confirm_bounty, plan)
        for plan in contract.get("refunds", ()):
            note(day(plan["requested_on"]), "09:40", self.ask_back, plan)
            note(day(plan["checked_on"]), "10:40", self.check_back, plan)
            note(day(plan["approved_on"]), "11:40", self.approve_back, plan)
            note(day(plan["refunded_on"]), "15:40", self.come_back, plan)

    def report_spending(self, plan: dict[str, Any]) -> None:
        values = {
            "until": day(plan["until"]),
            "total_fen": parse_wan(plan["total"]),
            "fiscal_fen": parse_wan(plan["fiscal"]),
            "note": plan["note"],
        }
        lead = self.cast.actor(self.story.winner["lead"])
        report_spending(
            lead, self.story.row, values, [small_pdf(f"spending {self.story.contract['key']}", "ledger.pdf")]
        )

    def confirm_spending(self) -> None:
        confirm_spending(self.cast.actor(self.signatory), spending_of(self.story.row)[0], "已与账目核对")

    def declare(self, plan: dict[str, Any], last: date) -> DeclaredResult:
        is_patent = plan["kind"] == "patent"
        values = {
            "kind": plan["kind"],
            "first_day": min(day(plan["first"]), last),
            "last_day": last,
            "amount_fen": None if is_patent else parse_wan(plan["value"]),
            "quantity": int(plan["value"]) if is_patent else None,
            "explanation": plan["text"],
        }
        evidence = [small_pdf(f"result {plan['kind']}", "evidence.pdf")] if plan["evidence"] else []
        return declare_result(self.cast.actor(self.signatory), self.story.row, values, evidence)

    def pay_bounty(self, plan: dict[str, Any]) -> None:
        payment = record_bounty(
            self.cast.actor(self.signatory),
            self.story.milestone(plan["milestone_seq"]),
            parse_wan(plan["amount"]),
            day(plan["paid_on"]),
            plan["voucher"],
            small_pdf(f"voucher {plan['voucher']}", "voucher.pdf"),
        )
        self.diary.keep("bounty_payment", plan["voucher"], payment)

    def confirm_bounty(self, plan: dict[str, Any]) -> None:
        lead = self.cast.actor(self.story.winner["lead"])
        confirm_bounty(lead, self.diary.get(BountyPayment, plan["voucher"]))

    def _refund(self, plan: dict[str, Any]) -> Refund:
        return self.diary.get(Refund, f"{self.story.contract['key']}-{plan['payout']}")

    def ask_back(self, plan: dict[str, Any]) -> None:
        key = f"{self.story.contract['key']}-{plan['payout']}"
        values = {
            "amount_fen": parse_wan(plan["amount"]),
            "reason": plan["reason"],
            "explanation": plan["text"],
            "basis": plan["basis"],
        }
        payout = self.diary.get(Payout, key)
        refund = request_refund(self.cast.actor(MAKER), payout, values, f"demo-refund-{key}")
        self.diary.keep("refund", key, refund)

    def check_back(self, plan: dict[str, Any]) -> None:
        check_refund(self.cast.actor(CHECKER), self._refund(plan))

    def approve_back(self, plan: dict[str, Any]) -> None:
        approve_refund(self.cast.actor(HEAD), self._refund(plan))

    def come_back(self, plan: dict[str, Any]) -> None:
        confirm_refunded(self.cast.actor(MAKER), self._refund(plan), plan["reference"], day(plan["refunded_on"]))


def tell_refund_under_way(story: AwardStory, today: date) -> None:
    """Some of the last payments of 2021's projects are asked back now: each waits for another of the three."""
    plan = REFUNDS.get(story.contract["key"])
    if plan is None:
        return
    plan = {**plan, "payout": len(story.contract["payouts"])}
    refund = OutcomeStory(story, "")
    steps = ((refund.ask_back, "10:10"), (refund.check_back, "10:20"), (refund.approve_back, "11:10"))
    for days, (step, at) in zip(plan["days_ago"], steps, strict=False):
        story.diary.note(today - timedelta(days=days), at, step, plan)


def last_frozen_month(today: date) -> date:
    """The first day of the newest month that the live cycle has frozen."""
    return ((today - timedelta(days=FROZEN_DAYS)).replace(day=1) - timedelta(days=1)).replace(day=1)


def tell_frozen_months(cast: Cast, diary: Diary, today: date) -> None:
    """The head freezes each of the last months on the fifth of the next."""
    month = last_frozen_month(today)
    for _ in range(3):
        diary.note(last_day_of(month) + timedelta(days=5), "17:00", freeze, cast, month)
        month = (month - timedelta(days=1)).replace(day=1)


def freeze(cast: Cast, month: date) -> None:
    freeze_month(cast.actor(HEAD), month)
