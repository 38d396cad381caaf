"""Scores: only whole numbers with reasons, handed in once, never changed; the ranking and the conclusion."""

import pytest
from flask import Flask
from sqlalchemy.exc import DatabaseError

from market.audit.journal import record
from market.audit.verify import verify
from market.bids.models import BidState
from market.database import db, transaction
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed, NotFound
from market.permissions import SYSTEM
from market.reviews import operations, queries
from market.reviews.models import RoundState, ScoreDraft, Sheet
from tests.builders.people import acting
from tests.builders.reviews import (
    concluded,
    expert_actor,
    fill,
    make_case,
    scoring,
    started,
    submitted,
    values,
)


@pytest.mark.parametrize("bad", [-1, 101, 59.5, float("nan"), float("inf"), "80", True, [80]])
def test_score_that_is_no_whole_number_from_0_to_100_is_refused(app: Flask, bad: object) -> None:
    case = make_case()
    task = queries.seated(scoring(case))[0]
    sheet = values(task.round)
    sheet["scores"]["fit"] = bad
    with pytest.raises(InvalidInput) as problem, transaction():
        operations.save_score_draft(expert_actor(task), task, case.bids[0], sheet)
    assert list(problem.value.errors) == ["score_fit"]


@pytest.mark.parametrize("gap", ["score", "reason", "comment"])
def test_incomplete_sheet_is_not_handed_in(app: Flask, gap: str) -> None:
    case = make_case(bids=1)
    task = queries.seated(scoring(case))[0]
    sheet = values(task.round)
    if gap == "score":
        del sheet["scores"]["route"]
    elif gap == "reason":
        sheet["reasons"]["route"] = "  "
    else:
        sheet["comment"] = ""
    with transaction():
        operations.save_score_draft(expert_actor(task), task, case.bids[0], sheet)
    with pytest.raises(InvalidInput), transaction():
        operations.submit_scores(expert_actor(task), task)
    assert db.session.query(Sheet).count() == 0


def test_scores_are_handed_in_once_and_drafts_disappear(app: Flask) -> None:
    case = make_case()
    task = queries.seated(scoring(case))[0]
    fill(task, [80, 70])
    with transaction():
        operations.submit_scores(expert_actor(task), task)
    with pytest.raises(NotAllowed, match="不能再改"), transaction():
        operations.submit_scores(expert_actor(task), task)
    with pytest.raises(NotAllowed, match="不能再改"), transaction():
        operations.save_score_draft(expert_actor(task), task, case.bids[0], values(task.round, 100))
    assert [sheet.total_hundredths for sheet in db.session.query(Sheet).order_by(Sheet.bid_id)] == [8000, 7000]
    assert db.session.query(ScoreDraft).count() == 0
    assert verify(db.session())[1] is None


def test_sheet_cannot_be_changed_in_the_database(app: Flask) -> None:
    case = make_case(bids=1)
    task = queries.seated(scoring(case))[0]
    fill(task, [60])
    with transaction():
        operations.submit_scores(expert_actor(task), task)
    db.session.rollback()
    for statement in ("UPDATE score_sheet SET total_hundredths = 10000", "DELETE FROM score_sheet"):
        with pytest.raises(DatabaseError), db.engine.begin() as connection:
            connection.exec_driver_sql(statement)


def test_expert_cannot_score_in_the_name_of_another_nor_a_foreign_bid(app: Flask) -> None:
    case, other = make_case(), make_case(experts=0)
    mine, theirs = queries.seated(scoring(case))[:2]
    with pytest.raises(NotAllowed), transaction():
        operations.save_score_draft(expert_actor(mine), theirs, case.bids[0], values(mine.round))
    with pytest.raises(NotFound), transaction():
        operations.save_score_draft(expert_actor(mine), mine, other.bids[0], values(mine.round))


def test_draft_scores_are_unreadable_in_the_database(app: Flask) -> None:
    case = make_case(bids=1)
    task = queries.seated(scoring(case))[0]
    sheet = {**values(task.round, 97), "comment": "这份草稿意见不应被看见"}
    with transaction():
        operations.save_score_draft(expert_actor(task), task, case.bids[0], sheet)
    row = db.session.connection().exec_driver_sql("SELECT scores, reasons, comment FROM score_draft").one()
    assert all("这份草稿意见".encode() not in bytes(column) and b"97" not in bytes(column)[:3] for column in row)


def test_ranking_waits_for_every_sheet(app: Flask) -> None:
    case = make_case()
    round_ = scoring(case)
    task = queries.seated(round_)[0]
    fill(task, [80, 70])
    with transaction():
        operations.submit_scores(expert_actor(task), task)
    with pytest.raises(IllegalMove, match="未提交评分"), transaction():
        operations.rank_round(acting(case.city), round_)
    assert round_.state is RoundState.SCORING


def test_seven_sheets_are_trimmed_as_worked_by_hand(app: Flask) -> None:
    case = make_case(bids=1, experts=8)
    round_ = submitted(case, scoring(case, 7), [(95,), (88,), (87,), (86,), (85,), (81,), (40,)])
    with transaction():
        (ranking,) = operations.rank_round(acting(case.city), round_)
    # 95 and 40 fall away; (88 + 87 + 86 + 85 + 81) / 5 = 85.4
    assert (ranking.mean_hundredths, ranking.is_trimmed, ranking.sheets) == (8540, True, 7)
    # 40 lies 46 from the median of 86.
    assert ranking.needs_explanation


def test_conclusion_marks_the_bids_and_ends_the_round(app: Flask) -> None:
    case = make_case(bids=3)
    round_ = concluded(case, (85, 70, 65))
    assert [bid.state for bid in case.bids] == [BidState.RECOMMENDED, BidState.RESERVE, BidState.REJECTED]
    assert queries.concluded_round(case.challenge) is round_
    with pytest.raises(Conflict):
        started(case)
    assert verify(db.session())[1] is None


def test_recommending_nobody_is_possible_and_foreign_or_double_bids_are_not(app: Flask) -> None:
    case, other = make_case(), make_case(experts=0)
    round_ = submitted(case, scoring(case), [(50, 40)] * 5)
    with transaction():
        operations.rank_round(acting(case.city), round_)
    for recommended, reserves in (([other.bids[0].id], []), ([case.bids[0].id], []), ([], [case.bids[1].id])):
        with pytest.raises(InvalidInput), transaction():
            operations.conclude_round(acting(case.city), round_, "均低于合格线，不予推荐。", recommended, reserves)
    with transaction():
        operations.conclude_round(acting(case.city), round_, "均低于合格线，不予推荐。", [])
    assert {bid.state for bid in case.bids} == {BidState.REJECTED}


def test_bid_disqualified_while_scored_takes_no_place(app: Flask) -> None:
    case = make_case()
    round_ = submitted(case, scoring(case), [(85, 70)] * 5)
    with transaction():
        case.bids[0].state = BidState.DISQUALIFIED
        record(SYSTEM, "test:build", case.bids[0])
    with transaction():
        rankings = operations.rank_round(acting(case.city), round_)
    assert [ranking.bid_id for ranking in rankings] == [case.bids[1].id]


def test_head_expert_and_bidder_cannot_run_the_round(app: Flask) -> None:
    case = make_case()
    round_ = scoring(case)
    for user in (case.head, case.experts[0].user, case.bids[0].lead):
        for work in (operations.rank_round, operations.start_scoring):
            with pytest.raises(NotAllowed), transaction():
                work(acting(user), round_)
        with pytest.raises(NotAllowed), transaction():
            operations.void_round(acting(user), round_, "想作废这一轮")


def test_voided_round_keeps_its_sheets_and_a_new_one_begins(app: Flask) -> None:
    case = make_case()
    round_ = submitted(case, scoring(case), [(85, 70)] * 5)
    with transaction():
        operations.void_round(acting(case.city), round_, "一名专家违反回避规定")
    assert db.session.query(Sheet).count() == 10
    assert started(case).number == 2
