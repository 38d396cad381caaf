"""The way from the closed challenge to the paid reward: each step is one person's act on the pages, with one refusal."""

import io
from datetime import date
from typing import TypeVar

from sqlalchemy import select

from market.audit.verify import verify
from market.bids.models import Bid, BidState
from market.bids.queries import content_of
from market.challenges.models import ChallengeState
from market.contracts.models import Contract, ContractState, Milestone, MilestoneState
from market.database import db
from market.notices.models import Notice, NoticeState
from market.payouts.models import BountyPayment, BudgetLine, Payout, PayoutState
from market.payouts.verification import verify as verify_ledger
from market.permissions import Role
from market.reviews.models import Assignment, Round, RoundState
from tests.builders.bids import PASSPHRASE
from tests.builders.files import pdf
from tests.builders.payouts import good_card
from tests.builders.people import make_organisation, make_user
from tests.stories.steps import CODE, ROUTE, Story, work

REASON = "依据充分，响应完整，数据可核验。"


Row = TypeVar("Row")


def _one(model: type[Row]) -> Row:
    return db.session.scalars(select(model)).one()


# --- opening and formal check ---------------------------------------------------------------------------------------


def open_bids(story: Story) -> None:
    path = f"/bids/openings/{CODE}"
    assert story.challenge.state is ChallengeState.CLOSED, "the clock closed it"
    story.as_(story.maker).refused(path, passphrase=PASSPHRASE)
    first = story.as_(story.head)
    first.fill_in_vain(path, {"passphrase": "猜一句口令试试"})
    first.fill(path, {"passphrase": PASSPHRASE})
    assert content_of(story.bid) is None, "one officer alone opens nothing"
    story.as_(story.city).fill(path, {"passphrase": PASSPHRASE})
    opened = content_of(story.bid)
    assert opened is not None and opened.route == ROUTE
    assert str(story.bid.receipt_number) in story.visitor.read(f"/challenges/{CODE}/opening")


def screen_bids(story: Story) -> None:
    city = story.as_(story.city)
    for bid in db.session.scalars(select(Bid).order_by(Bid.id)).all():
        story.as_(story.head).refused(f"/bids/{bid.id}/screen", verdict="pass")
        city.fill(f"/bids/{bid.id}", {"note": "材料齐全"}, press="verdict=pass", to=f"/bids/{bid.id}/screen")
        assert bid.state is BidState.QUALIFIED


# --- review ---------------------------------------------------------------------------------------------------------


def fill_pool(story: Story) -> None:
    """Seven experts of seven units, three of them for the finances."""
    experts = [make_user(Role.EXPERT, name=f"评审专家{n}") for n in range(7)]
    units = [make_organisation(f"评审单位{n}", district=None) for n in range(7)]
    city = story.as_(story.city)
    for number, (expert, unit) in enumerate(zip(experts, units, strict=True)):
        typed = {"user_id": str(expert.id), "organisation_id": str(unit.id), "title": "教授", "fields": ["sintering"]}
        city.fill("/reviews/experts/new", typed | ({"is_financial": "y"} if number < 3 else {}))
    story.as_(story.head).refused("/reviews/experts/new")


def seat_panel(story: Story) -> None:
    page, city = f"/challenges/{CODE}/review", story.as_(story.city)
    story.as_(story.supervisor).refused(f"{page}/start")
    city.fill(page, to=f"{page}/start")
    path = f"/reviews/rounds/{_one(Round).id}"
    city.fill_in_vain(f"{path}/panel", {"count": "4"})
    city.fill(f"{path}/panel", {"count": "5"})
    city.refused(f"{path}/convene")
    story.as_(story.city2).fill(page, to=f"{path}/convene")
    assert _one(Round).state is RoundState.DECLARING


def _tasks() -> list[Assignment]:
    tasks = db.session.scalars(select(Assignment).order_by(Assignment.id)).all()
    return [task for task in tasks if task.state.value not in ("reserve", "released", "recused")]


def declare_no_conflicts(story: Story) -> None:
    answers = {f"bid_{bid.id}": "no" for bid in db.session.scalars(select(Bid))}
    tasks = _tasks()
    assert len(tasks) == 5
    story.as_(tasks[1].expert.user).refused(f"/reviews/tasks/{tasks[0].id}/declare", 404)
    for task in tasks:
        expert, path = story.as_(task.expert.user), f"/reviews/tasks/{task.id}/declare"
        expert.fill_in_vain(path, answers)
        expert.fill(path, answers | {"pledge": "y"})


def score_bids(story: Story) -> None:
    page, path = f"/challenges/{CODE}/review", f"/reviews/rounds/{_one(Round).id}"
    city = story.as_(story.city)
    city.fill(page, to=f"{path}/start-scoring")
    keys = [criterion["key"] for criterion in _one(Round).criteria]
    for task in _tasks():
        expert = story.as_(task.expert.user)
        for bid in db.session.scalars(select(Bid).order_by(Bid.id)).all():
            score = "86" if bid.id == story.bid.id else "70"
            sheet = {f"score_{key}": score for key in keys} | {f"reason_{key}": REASON for key in keys}
            sheet["comment"] = "路线可行，建议支持。"
            expert.fill(f"/reviews/tasks/{task.id}/bids/{bid.id}", sheet, press="action=save")
        assert REASON not in city.read(page), "nobody reads a sheet before the last one is in"
        expert.fill(f"/reviews/tasks/{task.id}", to=f"/reviews/tasks/{task.id}/submit")
        expert.refused(f"/reviews/tasks/{task.id}/bids/{story.bid.id}", 403)


def rank_and_conclude(story: Story) -> None:
    page, path = f"/challenges/{CODE}/review", f"/reviews/rounds/{_one(Round).id}"
    story.as_(story.head).refused(f"{path}/rank")
    city = story.as_(story.city)
    city.fill(page, to=f"{path}/rank")
    assert story.solver.name in city.read(page)
    verdicts = {f"verdict_{bid.id}": "reserve" for bid in db.session.scalars(select(Bid))}
    verdicts[f"verdict_{story.bid.id}"] = "recommend"
    city.fill(f"{path}/conclude", verdicts | {"opinion": "评审组一致推荐得分最高者。"})
    assert story.bid.state is BidState.RECOMMENDED


# --- notice ---------------------------------------------------------------------------------------------------------


def publish_notice(story: Story) -> None:
    city = story.as_(story.city)
    story.as_(story.district).refused(f"/challenges/{CODE}/notice/new", title="公示", body="公示")
    path = city.fill(f"/challenges/{CODE}/notice/new")
    assert path == f"/notices/{_one(Notice).id}"
    story.visitor.read(path, 404)
    city.fill(path, to=f"{path}/propose")
    city.refused(f"{path}/approve", decision_number="局党组会议纪要〔2026〕18号")
    head = story.as_(story.head)
    head.fill_in_vain(f"{path}/approve")
    head.fill(f"{path}/approve", {"decision_number": "局党组会议纪要〔2026〕18号"})
    assert "陆知远" in story.visitor.read(path) and path in story.visitor.read("/notices/")
    assert _one(Notice).ends_on == date(2026, 5, 8), "five working days, the May holidays not counted"


def effect_refused_within_the_period(story: Story) -> None:
    path = f"/notices/{_one(Notice).id}"
    head = story.as_(story.head)
    assert f"{path}/take-effect" not in head.read(path)
    head.refused(f"{path}/take-effect")
    assert _one(Notice).state is NoticeState.PUBLISHED
    terms = {
        "kind": "commissioned", "amount_fen": "110", "rd_total_fen": "200", "ownership": "shared",
        "starts_on": "2026-05-20", "ends_on": "2028-05-20", "milestones-0-content": "验收",
        "milestones-0-due_on": "2028-05-01", "milestones-0-percent": "100",
    }  # fmt: skip
    story.as_(story.city).refused(f"/contracts/draft/{story.bid.id}", **terms)
    assert db.session.scalars(select(Contract)).all() == []


def take_effect(story: Story) -> None:
    path = f"/notices/{_one(Notice).id}"
    story.as_(story.city).refused(f"{path}/take-effect")
    story.as_(story.head).fill(path, to=f"{path}/take-effect")
    assert story.bid.state is BidState.AWARDED and story.challenge.state is ChallengeState.AWARDED


# --- contract -------------------------------------------------------------------------------------------------------


def draft_contract(story: Story) -> None:
    """The clerk keeps what the page suggests: the bid's price and plan."""
    path = f"/contracts/draft/{story.bid.id}"
    story.as_(story.district).refused(path)
    story.as_(story.city).fill(path)
    contract = _one(Contract)
    assert contract.amount_fen == 110_000_000
    plan = db.session.scalars(select(Milestone).order_by(Milestone.seq)).all()
    assert [milestone.percent for milestone in plan] == [40, 60]


def confirm_contract(story: Story) -> None:
    path = f"/contracts/{_one(Contract).id}"
    story.as_(story.rival_firm).refused(f"{path}/confirm", 404)
    story.as_(story.author).refused(f"{path}/confirm")
    for party in (story.signatory, story.researcher):
        assert _one(Contract).state is ContractState.DRAFT
        story.as_(party).fill(path, to=f"{path}/confirm")
    assert _one(Contract).state is ContractState.AGREED


def sign_contract(story: Story) -> None:
    path, city = f"/contracts/{_one(Contract).id}", story.as_(story.city)
    signature = {"number": "HT-2026-001", "signed_on": "2026-05-20"}
    assert "扫描件" in city.fill_in_vain(f"{path}/sign", signature)
    scan = {"slot": "signed_scan", "file": (io.BytesIO(pdf("signed")), "合同.pdf")}
    city.fill(path, scan, to=f"{path}/scans")
    story.as_(story.signatory).refused(f"{path}/sign", **signature)
    city.fill(f"{path}/sign", signature)
    assert _one(Contract).state is ContractState.SIGNED and story.bid.state is BidState.CONTRACTED


def first_milestone() -> Milestone:
    return db.session.scalars(select(Milestone).where(Milestone.seq == 1)).one()


def report_milestone(story: Story) -> None:
    path = f"/contracts/milestones/{first_milestone().id}/report"
    story.as_(story.signatory).refused(path, report="代报")
    measured = {f"measured_{n}": value for n, value in enumerate(("0.008", "1555", "0.25"))}
    evidence = {"files": (io.BytesIO(pdf("report")), "检测报告.pdf")}
    typed = measured | evidence | {"report": "完成中试样件三炉，第三方检测合格。"}
    story.as_(story.researcher).fill(path, typed)
    assert first_milestone().state is MilestoneState.REPORTED


def accept_milestone(story: Story) -> None:
    path = f"/contracts/milestones/{first_milestone().id}"
    story.as_(story.researcher).refused(f"{path}/accept", opinion="自己验收")
    signatory = story.as_(story.signatory)
    signatory.fill_in_vain(f"{path}/verdict", to=f"{path}/accept")
    signatory.fill(f"{path}/verdict", {"opinion": "样件上机试用三个月，达到要求。"}, to=f"{path}/accept")
    assert first_milestone().state is MilestoneState.ACCEPTED


def pay_bounty(story: Story) -> None:
    """The firm's own money: 40 % of 110 万元, shown by its voucher, and the team says that it came."""
    path = f"/payouts/bounties/{first_milestone().id}"
    story.as_(story.researcher).refused(path)
    voucher = {"voucher_number": "PZ-0001", "voucher": (io.BytesIO(pdf("voucher")), "回单.pdf")}
    signatory = story.as_(story.signatory)
    led_to = signatory.fill(path, voucher)
    payment = _one(BountyPayment)
    assert payment.amount_fen == 44_000_000
    signatory.refused(f"/payouts/bounties/{payment.id}/confirm")
    story.as_(story.researcher).fill(led_to, to=f"/payouts/bounties/{payment.id}/confirm")
    assert payment.confirmed_by_id == story.researcher.id


# --- public money ---------------------------------------------------------------------------------------------------


def grant_budget(story: Story) -> None:
    line = {
        "cycle_id": str(story.cycle.id), "code": "ZB-001", "name": "人才奖励资金", "kind": "reward",
        "basis": "测财教〔2026〕1号", "amount_fen": "5,000,000",
    }  # fmt: skip
    story.as_(story.maker).refused("/payouts/budgets/new", **line)
    story.as_(story.checker).fill("/payouts/budgets/new", line)
    assert _one(BudgetLine).account.available_fen == 500_000_000


def request_payout(story: Story) -> None:
    path = f"/payouts/request/{first_milestone().id}"
    story.as_(story.checker).refused(path)
    account = {"bank_name": "测试银行张店支行", "bank_account": good_card(), "basis": "会议纪要〔2026〕30号"}
    typed = account | {"kind": "reward", "budget_line_id": str(_one(BudgetLine).id)}
    maker = story.as_(story.maker)
    maker.fill_in_vain(path, typed | {"amount_fen": "9,000,000"})
    maker.fill(path, typed)
    payout = _one(Payout)
    assert payout.amount_fen == 24_000_000, "30 % of the 200 万元 put in, the first 40 % of it"
    assert payout.payee_name == "陆知远"


def check_payout(story: Story) -> None:
    path = f"/payouts/{_one(Payout).id}"
    maker = story.as_(story.maker)
    assert f"{path}/check" not in maker.read(path)
    maker.refused(f"{path}/check")
    story.as_(story.head).refused(f"{path}/approve")
    story.as_(story.checker).fill(path, to=f"{path}/check")
    assert _one(Payout).state is PayoutState.CHECKED


def approve_and_pay(story: Story) -> None:
    path = f"/payouts/{_one(Payout).id}"
    story.as_(story.checker).refused(f"{path}/approve")
    story.as_(story.head).fill(path, to=f"{path}/approve")
    receipt = {"bank_reference": "HD20261120001", "paid_on": "2026-11-20"}
    story.as_(story.head).refused(f"{path}/paid", **receipt)
    story.as_(story.maker).fill(path, receipt, to=f"{path}/paid")
    payout = _one(Payout)
    assert payout.state is PayoutState.PAID
    assert len({payout.maker_id, payout.checker_id, payout.approver_id}) == 3


# --- what the public and the supervisor see -------------------------------------------------------------------------


def statistics_show_the_payout(story: Story) -> None:
    assert "兑付人才奖励资金24万元" in story.visitor.read("/statistics/")


def supervisor_finds_every_act(story: Story) -> None:
    work()
    assert verify(db.session())[1] is None
    checked, finding = verify_ledger(db.session())
    assert finding is None and checked >= 3
    supervisor = story.as_(story.supervisor)
    assert story.maker.name in supervisor.read("/audit/")
    acts = {
        f"need/{story.need.id}": (story.author, story.signatory, story.district, story.city),
        f"challenge/{story.challenge.id}": (story.city, story.signatory, story.head),
        f"bid/{story.bid.id}": (story.researcher, story.city),
        f"contract/{_one(Contract).id}": (story.city, story.signatory, story.researcher),
        f"payout/{_one(Payout).id}": (story.maker, story.checker, story.head),
    }
    for subject, people in acts.items():
        page = supervisor.read(f"/audit/{subject}")
        assert [person.name for person in people if person.name not in page] == []
    story.as_(story.head).read("/audit/", 403)
    supervisor.fill("/audit/", to="/audit/verify")
    assert "核对通过" in supervisor.read("/audit/")
