"""公示: prepared from the review, approved by another, standing its working days, effective not one second early."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from market import clock
from market.accounts.models import Grant
from market.audit.models import Entry
from market.audit.verify import verify
from market.bids.models import BidState
from market.challenges.models import ChallengeState
from market.database import db, transaction
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed
from market.integrity.models import IntegrityRecord
from market.jobs.outbox import deliver_due, run_scheduled
from market.notices import operations, queries
from market.notices.models import AwardItem, NoticeState
from market.notices.policies import period_ends
from market.notifications.models import Message
from market.permissions import Role
from market.programmes.models import CalendarDay
from tests.builders.people import acting, make_user, save
from tests.builders.reviews import MINUTES, TEXT, concluded, make_case, prepared, proposed, published, started

SECOND = timedelta(seconds=1)


def beijing(year: int, month: int, day: int, hour: int = 10) -> datetime:
    return datetime(year, month, day, hour, tzinfo=clock.SHANGHAI).astimezone(UTC)


def test_notice_is_built_from_the_recommended_bids(app: Flask) -> None:
    case = make_case()
    notice = prepared(case)
    (item,) = queries.items_of(notice)
    winner = case.bids[0]
    assert (item.bid_id, item.rank, item.amount_fen) == (winner.id, 1, 110_000_000)
    assert (item.winner_name, item.lead_name) == (winner.solver.name, winner.lead.name)
    assert item.score_hundredths is None


def test_scores_are_in_the_notice_only_where_the_rules_publish_them(app: Flask) -> None:
    case = make_case(scores_published=True)
    (item,) = queries.items_of(prepared(case))
    assert item.score_hundredths == 8500


def test_notice_without_a_conclusion_is_refused(app: Flask) -> None:
    case = make_case()
    started(case)
    with pytest.raises(IllegalMove, match="推荐意见"), transaction():
        operations.prepare_notice(acting(case.city), case.challenge, TEXT)


def test_second_notice_beside_a_live_one_is_refused(app: Flask) -> None:
    case = make_case()
    prepared(case)
    with pytest.raises(Conflict), transaction():
        operations.prepare_notice(acting(case.city), case.challenge, TEXT)


def test_notice_without_the_number_of_the_minutes_is_not_approved(app: Flask) -> None:
    case = make_case()
    notice = proposed(case)
    for number in ("", "   ", "长" * 101):
        with pytest.raises(InvalidInput, match="党组会议纪要号"), transaction():
            operations.approve_notice(acting(case.head), notice, number)
    assert notice.state is NoticeState.APPROVAL


def test_officer_cannot_approve_and_preparer_cannot_even_with_the_role(app: Flask) -> None:
    case = make_case()
    notice = proposed(case)
    with pytest.raises(NotAllowed, match="处室负责人"), transaction():
        operations.approve_notice(acting(case.city), notice, MINUTES)
    save(Grant(user_id=case.city.id, role=Role.DIVISION_HEAD))
    with pytest.raises(NotAllowed, match="不能批准同一公示"), transaction():
        operations.approve_notice(acting(case.city), notice, MINUTES)


def test_database_refuses_an_approver_who_prepared(app: Flask) -> None:
    case = make_case()
    notice = proposed(case)
    number, preparer, head = notice.id, case.city.id, case.head.id
    db.session.rollback()
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE notice SET approved_by_id = {preparer} WHERE id = {number}")
    # The constraint speaks of the preparer alone: another person passes.
    with db.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE notice SET approved_by_id = {head} WHERE id = {number}")


def test_publication_starts_the_notice_and_tells_every_bidder(app: Flask) -> None:
    case = make_case(bids=2)
    notice = published(case)
    assert case.challenge.state is ChallengeState.NOTICE
    assert (notice.approved_by_id, notice.decision_number) == (case.head.id, MINUTES)
    results = db.session.query(Message).filter(Message.url.like("/reviews/results/%"))
    told = {message.user_id: message.body for message in results}
    assert "拟中榜" in told[case.bids[0].lead_id]
    assert "备选" in told[case.bids[1].lead_id]
    assert verify(db.session())[1] is None
    assert db.session.query(Entry).filter(Entry.action == "notice:publish").count() == 1


@pytest.mark.parametrize(
    ("published_on", "days", "ends_on"),
    [
        # 2021: 国庆 10-01 to 10-07 free; worked for it: Sunday 09-26 and Saturday 10-09.
        ((2021, 9, 24), 5, date(2021, 9, 30)),
        ((2021, 9, 29), 5, date(2021, 10, 12)),
        ((2021, 10, 8), 1, date(2021, 10, 9)),
        # 2026: 国庆 10-01 to 10-07 free; worked for it: Sunday 09-20 and Saturday 10-10.
        ((2026, 9, 18), 5, date(2026, 9, 24)),
        ((2026, 9, 29), 5, date(2026, 10, 12)),
        ((2026, 10, 9), 1, date(2026, 10, 10)),
    ],
)
def test_period_counts_working_days_over_the_national_day(
    app: Flask, published_on: tuple[int, int, int], days: int, ends_on: date
) -> None:
    with clock.at(beijing(*published_on)):
        notice = published(make_case(notice_working_days=days))
    assert (notice.ends_on, notice.end_is_provisional) == (ends_on, False)


def test_day_that_staff_entered_lengthens_the_period(app: Flask) -> None:
    save(CalendarDay(day=date(2026, 9, 16), is_working=False, note="临时放假"))
    with clock.at(beijing(2026, 9, 11)):
        notice = published(make_case(notice_working_days=5))
    assert notice.ends_on == date(2026, 9, 20), "Sunday 09-20 is worked for the National Day"


def test_period_in_a_year_without_a_published_calendar_is_provisional(app: Flask) -> None:
    with clock.at(beijing(2031, 3, 3)):
        assert published(make_case()).end_is_provisional


def test_notice_takes_effect_when_its_last_day_has_passed_and_not_one_second_early(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    ends = period_ends(notice)
    assert ends is not None
    assert clock.local(ends).time().isoformat() == "00:00:00"
    assert clock.local(ends - SECOND).date() == notice.ends_on
    with clock.at(ends - SECOND), pytest.raises(NotAllowed, match="期满后"), transaction():
        operations.take_effect(acting(case.head), notice)
    assert case.challenge.state is ChallengeState.NOTICE
    with clock.at(ends), transaction():
        operations.take_effect(acting(case.head), notice)
    assert notice.state is NoticeState.EFFECTIVE
    assert notice.effective_at == ends
    assert case.challenge.state is ChallengeState.AWARDED
    assert [bid.state for bid in case.bids] == [BidState.AWARDED, BidState.RESERVE]
    assert queries.blocks_signing(case.challenge)
    assert verify(db.session())[1] is None


def test_officer_and_supervisor_cannot_make_it_effective(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    ends = period_ends(notice)
    assert ends is not None
    for user in (case.city, make_user(Role.SUPERVISOR), case.bids[0].lead):
        with clock.at(ends), pytest.raises(NotAllowed), transaction():
            operations.take_effect(acting(user), notice)


def test_winner_who_fell_into_breach_is_not_awarded(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    ends = period_ends(notice)
    assert ends is not None
    today = clock.today()
    save(
        IntegrityRecord(
            user_id=case.bids[0].lead_id, conduct="虚假材料", basis="24号令", decided_by="市科技局",
            starts_on=today, ends_on=today + timedelta(days=900), entered_by_id=case.city.id,
        )
    )  # fmt: skip
    with clock.at(ends), pytest.raises(Conflict, match="失信"), transaction():
        operations.take_effect(acting(case.head), notice)


def test_signing_is_blocked_before_and_during_the_notice(app: Flask) -> None:
    case = make_case()
    assert not queries.blocks_signing(case.challenge)
    published(case)
    assert "尚未期满" in queries.blocks_signing(case.challenge).reason


def test_cancelled_notice_sends_the_bids_back_and_the_review_can_begin_anew(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    with pytest.raises(InvalidInput), transaction():
        operations.cancel_notice(acting(case.head), notice, " ")
    with transaction():
        operations.cancel_notice(acting(case.head), notice, "名单所列单位名称有误，重新评审")
    assert case.challenge.state is ChallengeState.REVIEW
    assert {bid.state for bid in case.bids} == {BidState.QUALIFIED}
    assert started(case).number == 2


def test_cancelled_draft_leaves_the_challenge_under_review(app: Flask) -> None:
    case = make_case()
    notice = prepared(case)
    with transaction():
        operations.cancel_notice(acting(case.head), notice, "推荐名单需要重新核对")
    assert case.challenge.state is ChallengeState.REVIEW
    assert {bid.state for bid in case.bids} == {BidState.QUALIFIED}


def test_head_sends_back_with_a_reason_and_the_officer_corrects(app: Flask) -> None:
    case = make_case()
    notice = proposed(case)
    with pytest.raises(NotAllowed), transaction():
        operations.update_notice(acting(case.city), notice, TEXT)
    with transaction():
        operations.send_back_notice(acting(case.head), notice, "正文缺少依据文件名称")
    with transaction():
        operations.update_notice(acting(case.city), notice, {**TEXT, "title": "更正后的公示标题"})
    assert notice.title == "更正后的公示标题"


def test_bureau_is_reminded_once_when_the_period_has_ended(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    ends = period_ends(notice)
    assert ends is not None
    reminders = db.session.query(Message).filter(Message.subject.like("公示期满%"), Message.user_id == case.head.id)
    with clock.at(ends - SECOND):
        run_scheduled()
    assert reminders.count() == 0
    with clock.at(ends):
        run_scheduled()
        run_scheduled()
    assert reminders.count() == 1
    assert verify(db.session())[1] is None


def test_search_finds_the_published_notice(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    deliver_due()
    found = list(queries._documents([notice.id]))
    assert [document.code for document in found] == [case.challenge.code]
    assert db.session.query(AwardItem).count() == 1


def test_draft_is_no_public_document(app: Flask) -> None:
    notice = prepared(make_case())
    assert list(queries._documents([notice.id])) == []


def test_concluded_review_without_recommendation_gives_no_notice(app: Flask) -> None:
    case = make_case()
    concluded(case)
    with transaction():
        notice = operations.prepare_notice(acting(case.city), case.challenge, TEXT)
    with pytest.raises(InvalidInput), transaction():
        operations.update_notice(acting(case.city), notice, {"title": "短", "body": ""})
