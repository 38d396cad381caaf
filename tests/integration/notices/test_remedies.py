"""What follows an upheld objection: a new review of every judged bid, or the next in rank, each published anew."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.audit.models import Entry
from market.audit.verify import verify
from market.bids.models import Bid, BidState
from market.challenges.models import ChallengeState, NoAwardReason
from market.challenges.operations import declare_no_award
from market.database import db, transaction
from market.errors import IllegalMove, InvalidInput, NotAllowed
from market.integrity.models import IntegrityRecord
from market.jobs.outbox import deliver_due
from market.notices import objections, operations, queries
from market.notices.models import Notice, NoticeState, Objection, ObjectionState, Remedy
from market.notices.policies import period_ends
from market.notifications.models import Message
from market.permissions import ANONYMOUS, Role
from market.reviews import operations as reviews
from market.reviews.queries import bids_of, seated
from tests.builders.people import acting, client_of, make_user, save
from tests.builders.reviews import (
    OBJECTION,
    TEXT,
    Case,
    approved,
    handed_up,
    make_case,
    noticed,
    published,
    scoring,
    submitted,
)

ANSWER = "经核实，拟中榜方设备并非自有，与申报不符，异议成立。"


def concluded_with_all_outcomes(case: Case) -> Notice:
    """Four bids: recommended, two in reserve (the third bid before the second), rejected; published."""
    round_ = submitted(case, scoring(case), [(90, 70, 80, 50)] * 5)
    with transaction():
        reviews.rank_round(acting(case.city), round_)
    first, second, third, _fourth = [bid.id for bid in case.bids]
    with transaction():
        reviews.conclude_round(acting(case.city), round_, "评审组一致推荐得分最高者。", [first], [second, third])
    return approved(case, handed_up(case, noticed(case)))


def investigated(case: Case, notice: Notice) -> Objection:
    with transaction():
        objection = objections.submit_objection(ANONYMOUS, notice, OBJECTION)
    with transaction():
        objections.accept_objection(acting(case.city), objection)
    with transaction():
        objections.record_finding(acting(case.city), objection, "已调取设备登记和租赁合同，建议认定如下。")
    return objection


def uphold(case: Case, objection: Objection, remedy: Remedy | None, fallen: Sequence[Bid] = ()) -> None:
    with transaction():
        objections.decide_objection(
            acting(case.head), objection, ObjectionState.UPHELD, ANSWER, remedy, [bid.id for bid in fallen]
        )


def states(case: Case) -> list[BidState]:
    return [bid.state for bid in case.bids]


ALL_OUTCOMES = [BidState.RECOMMENDED, BidState.RESERVE, BidState.RESERVE, BidState.REJECTED]


def test_new_review_judges_every_bid_again_the_rejected_one_too(app: Flask) -> None:
    case = make_case(bids=4)
    notice = concluded_with_all_outcomes(case)
    assert states(case) == ALL_OUTCOMES
    objection = investigated(case, notice)
    uphold(case, objection, Remedy.RE_REVIEW)
    assert notice.state is NoticeState.CANCELLED and "异议成立" in notice.cancelled_reason
    assert objection.remedy is Remedy.RE_REVIEW
    assert case.challenge.state is ChallengeState.REVIEW
    assert states(case) == [BidState.QUALIFIED] * 4
    assert not queries.blocks_signing(case.challenge)
    round_ = scoring(case)
    assert [bid.id for bid in bids_of(round_)] == [bid.id for bid in case.bids]
    submitted(case, round_, [(62, 61, 63, 95)] * len(seated(round_)))
    with transaction():
        reviews.rank_round(acting(case.city), round_)
    with transaction():
        reviews.conclude_round(acting(case.city), round_, "重新评审，推荐得分最高者。", [case.bids[3].id])
    second = approved(case, handed_up(case, noticed(case)))
    ends = period_ends(second)
    assert ends is not None
    with clock.at(ends), transaction():
        operations.take_effect(acting(case.head), second)
    assert case.bids[3].state is BidState.AWARDED
    assert verify(db.session())[1] is None


def test_next_in_rank_moves_up_by_the_rank_and_is_published_anew(app: Flask) -> None:
    case = make_case(bids=4)
    notice = concluded_with_all_outcomes(case)
    objection = investigated(case, notice)
    uphold(case, objection, Remedy.NEXT_IN_RANK, case.bids[:1])
    assert states(case) == [BidState.DISQUALIFIED, BidState.RESERVE, BidState.RECOMMENDED, BidState.REJECTED]
    assert (notice.state, case.challenge.state) == (NoticeState.CANCELLED, ChallengeState.REVIEW)
    # Nothing can be signed or confirmed on the old notice.
    assert not queries.blocks_signing(case.challenge)
    with pytest.raises((NotAllowed, IllegalMove)), transaction():
        operations.take_effect(acting(case.head), notice)
    second = approved(case, handed_up(case, noticed(case)))
    assert [item.bid_id for item in queries.items_of(second)] == [case.bids[2].id]
    assert second.published_at is not None and second.ends_on is not None
    with pytest.raises(NotAllowed, match="期满后"), transaction():
        operations.take_effect(acting(case.head), second)
    ends = period_ends(second)
    assert ends is not None
    with clock.at(ends), transaction():
        operations.take_effect(acting(case.head), second)
    assert case.bids[2].state is BidState.AWARDED
    acts = db.session.scalars(select(Entry.action).where(Entry.subject_kind == "bid")).all()
    assert acts.count("bid:move_up") == 1 and acts.count("bid:disqualify") == 1
    assert verify(db.session())[1] is None


def test_dishonest_reserve_is_passed_over(app: Flask) -> None:
    case = make_case(bids=4)
    notice = concluded_with_all_outcomes(case)
    today = clock.today()
    save(
        IntegrityRecord(
            user_id=case.bids[2].lead_id,
            conduct="虚假材料",
            basis="科技部令24号",
            decided_by="市科技局",
            starts_on=today,
            ends_on=today + timedelta(days=365),
            entered_by_id=case.city.id,
        )
    )
    uphold(case, investigated(case, notice), Remedy.NEXT_IN_RANK, case.bids[:1])
    assert states(case) == [BidState.DISQUALIFIED, BidState.RECOMMENDED, BidState.RESERVE, BidState.REJECTED]


def test_who_moves_up_is_told_to_nobody_before_the_new_notice(app: Flask) -> None:
    case = make_case(bids=4)
    notice = concluded_with_all_outcomes(case)
    uphold(case, investigated(case, notice), Remedy.NEXT_IN_RANK, case.bids[:1])
    deliver_due()
    lead = case.bids[2].lead_id
    told = db.session.scalars(select(Message.subject).where(Message.user_id == lead).order_by(Message.id)).all()
    assert not any("拟中榜" in subject or "递补" in subject for subject in told)
    page = client_of(app, case.bids[2].lead).get(f"/bids/{case.bids[2].id}").get_data(as_text=True)
    assert "拟中榜" not in page
    fallen = select(Message.subject).where(Message.user_id == case.bids[0].lead_id)
    assert "揭榜资格已被取消" in db.session.scalars(fallen).all()


@pytest.mark.parametrize(
    ("remedy", "fallen", "field"),
    [
        (None, (), "remedy"),
        (Remedy.NEXT_IN_RANK, (), "fallen"),
        # A reserve and a rejected bid are no award item that could fall.
        (Remedy.NEXT_IN_RANK, (1,), "fallen"),
        (Remedy.NEXT_IN_RANK, (0, 3), "fallen"),
    ],
)
def test_upheld_objection_without_a_clear_consequence_is_refused_and_changes_nothing(
    app: Flask, remedy: Remedy | None, fallen: tuple[int, ...], field: str
) -> None:
    case = make_case(bids=4)
    notice = concluded_with_all_outcomes(case)
    objection = investigated(case, notice)
    with pytest.raises(InvalidInput) as problem:
        uphold(case, objection, remedy, [case.bids[number] for number in fallen])
    assert list(problem.value.errors) == [field]
    db.session.rollback()
    assert (objection.state, notice.state) == (ObjectionState.ACCEPTED, NoticeState.PUBLISHED)
    assert states(case) == ALL_OUTCOMES


def test_without_a_reserve_nobody_moves_up(app: Flask) -> None:
    case = make_case(bids=1)
    round_ = submitted(case, scoring(case), [(85,)] * 5)
    with transaction():
        reviews.rank_round(acting(case.city), round_)
    with transaction():
        reviews.conclude_round(acting(case.city), round_, "评审组一致推荐得分最高者。", [case.bids[0].id])
    notice = approved(case, handed_up(case, noticed(case)))
    objection = investigated(case, notice)
    with pytest.raises(InvalidInput, match="没有可以递补的备选"):
        uphold(case, objection, Remedy.NEXT_IN_RANK, case.bids)


def test_dismissed_objection_has_no_consequence_whatever_was_ticked(app: Flask) -> None:
    case = make_case(bids=4)
    notice = concluded_with_all_outcomes(case)
    objection = investigated(case, notice)
    with transaction():
        objections.decide_objection(
            acting(case.head),
            objection,
            ObjectionState.DISMISSED,
            ANSWER,
            Remedy.NEXT_IN_RANK,
            [case.bids[0].id],
        )
    assert objection.remedy is None
    assert notice.state is NoticeState.PUBLISHED and states(case) == ALL_OUTCOMES


def test_second_upheld_objection_to_a_withdrawn_notice_needs_no_consequence_of_its_own(app: Flask) -> None:
    case = make_case(bids=4)
    notice = concluded_with_all_outcomes(case)
    first, second = investigated(case, notice), investigated(case, notice)
    uphold(case, first, Remedy.RE_REVIEW)
    uphold(case, second, None)
    assert second.state is ObjectionState.UPHELD and second.remedy is None
    assert states(case) == [BidState.QUALIFIED] * 4


def test_cancelled_notice_brings_the_rejected_bid_back_too(app: Flask) -> None:
    case = make_case(bids=4)
    notice = concluded_with_all_outcomes(case)
    with transaction():
        operations.cancel_notice(acting(case.head), notice, "名单单位名称有误，重新核对")
    assert states(case) == [BidState.QUALIFIED] * 4


def test_no_award_for_an_upheld_objection_is_possible_after_the_notice_is_withdrawn(app: Flask) -> None:
    case = make_case(bids=4)
    notice = concluded_with_all_outcomes(case)
    uphold(case, investigated(case, notice), Remedy.RE_REVIEW)
    with transaction():
        declare_no_award(acting(case.head), case.challenge, NoAwardReason.OBJECTION)
    assert case.challenge.state is ChallengeState.NO_AWARD
    with pytest.raises(IllegalMove), transaction():
        operations.prepare_notice(acting(case.city), case.challenge, TEXT)


@pytest.mark.parametrize("role", [Role.CITY_OFFICER, Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_nobody_but_the_head_decides_what_follows(app: Flask, role: Role) -> None:
    case = make_case(bids=2)
    objection = investigated(case, published(case))
    decision = {"outcome": "upheld", "remedy": "re_review", "answer": ANSWER}
    url = f"/notices/objections/{objection.id}/decide"
    assert client_of(app, make_user(role)).post(url, data=decision).status_code == 403
    db.session.rollback()
    assert objection.state is ObjectionState.ACCEPTED


def test_head_decides_in_the_browser_and_the_public_reads_what_follows(app: Flask) -> None:
    case = make_case(bids=4)
    notice = concluded_with_all_outcomes(case)
    objection = investigated(case, notice)
    head, page = client_of(app, case.head), f"/notices/objections/{objection.id}"
    assert "被取消资格的拟中榜方" in head.get(page).get_data(as_text=True)
    incomplete = head.post(f"{page}/decide", data={"outcome": "upheld", "answer": ANSWER})
    text = incomplete.get_data(as_text=True)
    assert incomplete.status_code == 200 and 'id="remedy-error"' in text and ANSWER in text
    foreign = {"outcome": "upheld", "remedy": "next_in_rank", "fallen": ["999999"], "answer": ANSWER}
    assert 'id="fallen-error"' in head.post(f"{page}/decide", data=foreign).get_data(as_text=True)
    chosen = {**foreign, "fallen": [str(case.bids[0].id)]}
    assert head.post(f"{page}/decide", data=chosen).status_code == 303
    public = app.test_client().get(f"/notices/{notice.id}").get_data(as_text=True)
    assert "由备选按评审名次递补" in public
    assert objection.number not in public, "with it four digits open the objector's answer"
    team = client_of(app, case.bids[0].lead).get(f"/bids/{case.bids[0].id}").get_data(as_text=True)
    assert "异议成立" in team and objection.number not in team
    assert OBJECTION["phone"] not in public and OBJECTION["name"] not in public
    status = {"number": objection.number, "last_digits": OBJECTION["phone"][-4:]}
    assert "由备选按评审名次递补" in app.test_client().post("/notices/objection-status", data=status).get_data(
        as_text=True
    )


@pytest.mark.parametrize(
    ("remedy", "waits", "not_this"),
    [(Remedy.RE_REVIEW, "评审待组织", "推荐结果待拟公示"), (Remedy.NEXT_IN_RANK, "推荐结果待拟公示", "评审待组织")],
)
def test_officer_finds_what_follows_among_the_tasks(app: Flask, remedy: Remedy, waits: str, not_this: str) -> None:
    case = make_case(bids=4)
    notice = concluded_with_all_outcomes(case)
    objection = investigated(case, notice)
    assert waits not in client_of(app, case.city).get("/workspace/").get_data(as_text=True)
    uphold(case, objection, remedy, case.bids[:1])
    page = client_of(app, case.city).get("/workspace/").get_data(as_text=True)
    assert waits in page and not_this not in page
