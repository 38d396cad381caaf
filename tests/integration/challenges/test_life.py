"""From the accepted need to the posting, while it takes bids, and how it ends without an award."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from market import clock
from market.audit.journal import record
from market.audit.models import Entry
from market.audit.verify import verify
from market.challenges import changes, operations, policies, queries
from market.challenges.models import Challenge, ChallengeState, ChallengeVersion, CodeCounter, DeadlineChange
from market.database import db, transaction
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed, NotFound
from market.jobs.models import Outbox
from market.needs.models import Need, NeedState
from market.needs.operations import withdraw_need
from market.permissions import ANONYMOUS, SYSTEM, Role
from market.sealing.models import KeyShare, SealingKey
from market.workflow import advance
from tests.builders.bids import give_key
from tests.builders.chain import content, make_challenge
from tests.builders.needs import Firm, make_firm
from tests.builders.people import acting, make_user


def do(operation: Callable[..., Any], user: Any, subject: Any, *arguments: Any, **named: Any) -> Any:
    with transaction():
        return operation(acting(user), db.session.merge(subject), *arguments, **named)


def fresh(challenge: Challenge) -> Challenge:
    db.session.expire_all()
    return db.session.get_one(Challenge, challenge.id)


def prepared(firm: Firm, **values: Any) -> Challenge:
    return fresh(do(operations.prepare_challenge, firm.city, firm.need(NeedState.ACCEPTED, **values)))


def proposed(firm: Firm, **values: Any) -> Challenge:
    challenge = prepared(firm, **values)
    do(operations.confirm_challenge, firm.signatory, challenge)
    do(operations.propose_challenge, firm.city, challenge)
    return fresh(challenge)


def with_keys(firm: Firm) -> Firm:
    give_key(firm.head, 1)
    give_key(firm.city, 2)
    return firm


def posted(firm: Firm, **values: Any) -> Challenge:
    challenge = proposed(firm, **values)
    do(operations.approve_challenge, firm.head, challenge)
    return fresh(challenge)


def outbox_topics() -> set[str]:
    return set(db.session.scalars(select(Outbox.topic)))


def test_posting_numbers_locks_seals_and_tells(app: Flask) -> None:
    firm = with_keys(make_firm())
    moment = datetime(2026, 11, 2, 15, 30, tzinfo=clock.SHANGHAI)
    with clock.at(firm.cycle.opens_at + timedelta(days=1)):
        challenge = proposed(firm)
    with clock.at(moment):
        do(operations.approve_challenge, firm.head, challenge)
    challenge = fresh(challenge)
    assert challenge.state is ChallengeState.POSTED
    assert challenge.code == f"{firm.cycle.programme.code}-2026-001"
    assert challenge.posted_at == moment
    assert challenge.bid_deadline == datetime(2026, 12, 2, 23, 59, 59, tzinfo=clock.SHANGHAI)
    assert queries.current_version(challenge).locked_at == moment
    key = db.session.scalars(select(SealingKey).where(SealingKey.subject == f"challenge:{challenge.id}")).one()
    assert key.quorum == 2
    assert len(db.session.scalars(select(KeyShare).where(KeyShare.sealing_key_id == key.id)).all()) == 2
    assert db.session.get_one(Need, challenge.need_id).state is NeedState.POSTED
    assert {"search.update", "matches.rank"} <= outbox_topics()
    acts = db.session.scalars(select(Entry.action).where(Entry.subject_kind == "challenge").order_by(Entry.seq)).all()
    assert acts == ["challenge:prepare", "challenge:confirm", "challenge:propose", "challenge:post"]
    assert verify(db.session())[1] is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE challenge_version SET background = '改过的背景' WHERE id = {id}",
        "UPDATE challenge_version SET locked_at = NULL WHERE id = {id}",
        "DELETE FROM challenge_version WHERE id = {id}",
    ],
)
def test_database_refuses_to_change_a_locked_text_and_admits_it_for_a_draft(app: Flask, statement: str) -> None:
    number = queries.current_version(posted(with_keys(make_firm()))).id
    free = queries.current_version(prepared(make_firm())).id
    db.session.rollback()
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(text(statement.format(id=number)))
    with db.engine.begin() as connection:
        assert connection.execute(text(statement.format(id=free))).rowcount == 1


def test_without_enough_officers_with_keys_nothing_is_posted(app: Flask) -> None:
    firm = make_firm()
    give_key(firm.head, 1)
    challenge = proposed(firm)
    with pytest.raises(InvalidInput, match="开启密钥"):
        do(operations.approve_challenge, firm.head, challenge)
    challenge = fresh(challenge)
    assert (challenge.state, challenge.code) == (ChallengeState.APPROVAL, None)
    assert db.session.scalar(select(CodeCounter.last)) is None


def test_a_refused_posting_leaves_no_gap_in_the_numbers(app: Flask) -> None:
    firm = with_keys(make_firm())
    bad, good = proposed(firm), proposed(firm)
    with transaction():
        queries.current_version(db.session.merge(bad)).title = "短"
        record(SYSTEM, "test:build")
    with pytest.raises(InvalidInput):
        do(operations.approve_challenge, firm.head, bad)
    do(operations.approve_challenge, firm.head, good)
    assert (fresh(good).code or "").endswith("-001")


def test_the_preparer_cannot_approve(app: Flask) -> None:
    firm = with_keys(make_firm())
    challenge = proposed(firm)
    with transaction():
        db.session.merge(challenge).prepared_by_id = firm.head.id
        record(SYSTEM, "test:build")
    with pytest.raises(NotAllowed, match="拟榜人"):
        do(operations.approve_challenge, firm.head, challenge)


def test_nothing_is_proposed_before_the_firm_confirmed(app: Flask) -> None:
    firm = make_firm()
    challenge = prepared(firm)
    with pytest.raises(NotAllowed, match="确认"):
        do(operations.propose_challenge, firm.city, challenge)
    with pytest.raises(NotAllowed):
        do(operations.confirm_challenge, firm.author, challenge)


def test_editing_the_text_asks_for_a_new_confirmation(app: Flask) -> None:
    firm = make_firm()
    challenge = prepared(firm)
    do(operations.confirm_challenge, firm.signatory, challenge)
    do(operations.edit_challenge, firm.city, challenge, {"title": content()["title"]})
    assert fresh(challenge).confirmed_at is not None
    do(operations.edit_challenge, firm.city, challenge, {"title": "高速主轴用氮化硅陶瓷球色斑控制技术"})
    challenge = fresh(challenge)
    assert (challenge.confirmed_at, challenge.title) == (None, "高速主轴用氮化硅陶瓷球色斑控制技术")


def test_posting_days_below_the_rules_are_refused(app: Flask) -> None:
    firm = make_firm()
    with pytest.raises(InvalidInput):
        do(operations.prepare_challenge, firm.city, firm.need(NeedState.ACCEPTED), 19)
    assert do(operations.prepare_challenge, firm.city, firm.need(NeedState.ACCEPTED), 20).posting_days == 20


def test_one_need_is_prepared_once(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(NeedState.ACCEPTED)
    do(operations.prepare_challenge, firm.city, need)
    with pytest.raises(Conflict):
        do(operations.prepare_challenge, firm.city, need)
    with pytest.raises(NotAllowed):
        do(operations.prepare_challenge, firm.city, firm.need(NeedState.VALIDATION))


def test_need_withdrawn_meanwhile_cannot_be_posted(app: Flask) -> None:
    firm = with_keys(make_firm())
    challenge = proposed(firm)
    do(withdraw_need, firm.signatory, challenge.need, "已改用进口")
    with pytest.raises(IllegalMove):
        do(operations.approve_challenge, firm.head, challenge)
    assert fresh(challenge).state is ChallengeState.APPROVAL


def test_send_back_needs_a_reason_and_returns_to_draft(app: Flask) -> None:
    firm = make_firm()
    challenge = proposed(firm)
    with pytest.raises(InvalidInput):
        do(operations.send_back, firm.head, challenge, "  ")
    do(operations.send_back, firm.head, challenge, "榜额偏低")
    assert fresh(challenge).state is ChallengeState.DRAFT


def test_bids_are_taken_to_the_second_whenever_the_worker_runs(app: Flask) -> None:
    challenge = make_challenge()
    deadline = challenge.bid_deadline
    assert deadline is not None
    with clock.at(deadline - timedelta(seconds=1)):
        operations.close_due_challenges()
        assert fresh(challenge).takes_bids
    with clock.at(deadline):
        assert not fresh(challenge).takes_bids, "the worker has not run yet, and still it is over"
        assert fresh(challenge).state is ChallengeState.POSTED
        operations.close_due_challenges()
        operations.close_due_challenges()
    challenge = fresh(challenge)
    assert (challenge.state, challenge.closed_at) == (ChallengeState.CLOSED, deadline)
    assert len(db.session.scalars(select(Entry).where(Entry.action == "challenge:close")).all()) == 1


def test_nobody_closes_by_hand(app: Flask) -> None:
    challenge, head = make_challenge(), make_user(Role.DIVISION_HEAD)
    with pytest.raises(NotAllowed), transaction():
        advance(db.session.merge(challenge), "close", acting(head))


def test_change_of_an_indicator_leaves_bidders_the_days_of_the_rules(app: Flask) -> None:
    firm = with_keys(make_firm())
    challenge = posted(firm)
    deadline = challenge.bid_deadline
    assert deadline is not None
    softer = [{**content()["indicators"][0], "value": "0.02"}, *content()["indicators"][1:]]
    with clock.at(deadline - timedelta(days=2)):
        do(changes.change_challenge, firm.city, challenge, {"indicators": softer}, "检测能力所限")
        expected = clock.end_of(clock.today() + timedelta(days=15))
    challenge = fresh(challenge)
    assert (challenge.version, challenge.bid_deadline) == (2, expected)
    versions = queries.versions_of(challenge)
    assert versions[0].indicators[0]["value"] == "0.01", "the version bidders have read is kept"
    assert db.session.scalars(select(DeadlineChange.new_deadline)).all() == [expected]
    assert "bids.challenge_changed" in outbox_topics()


def test_change_of_a_word_leaves_the_deadline(app: Flask) -> None:
    firm = with_keys(make_firm())
    challenge = posted(firm)
    deadline = challenge.bid_deadline
    do(changes.change_challenge, firm.city, challenge, {"solver_conditions": "不限"}, "放宽条件")
    assert fresh(challenge).bid_deadline == deadline


def test_change_is_refused_when_empty_against_the_rules_unagreed_or_late(app: Flask) -> None:
    firm = with_keys(make_firm())
    challenge = posted(firm)
    for values, named in (
        ({"title": challenge.title}, {}),
        ({"indicators": []}, {}),
        ({"solver_conditions": "不限"}, {"agreed": False}),
    ):
        with pytest.raises(InvalidInput):
            do(changes.change_challenge, firm.city, challenge, values, "理由", **named)
    with pytest.raises(InvalidInput):
        do(changes.change_challenge, firm.city, challenge, {"solver_conditions": "不限"}, "")
    deadline = fresh(challenge).bid_deadline
    assert deadline is not None
    with clock.at(deadline), pytest.raises(NotAllowed, match="截止"):
        do(changes.change_challenge, firm.city, challenge, {"solver_conditions": "不限"}, "理由")
    assert fresh(challenge).version == 1


def test_extension_once_and_within_the_rules(app: Flask) -> None:
    firm = with_keys(make_firm())
    challenge = posted(firm)
    deadline = challenge.bid_deadline
    assert deadline is not None
    for days in (0, 31):
        with pytest.raises(InvalidInput):
            do(changes.extend_deadline, firm.city, challenge, days, "扩大征集")
    do(changes.extend_deadline, firm.city, challenge, 10, "扩大征集")
    assert fresh(challenge).bid_deadline == deadline + timedelta(days=10)
    with pytest.raises(InvalidInput, match="上限"):
        do(changes.extend_deadline, firm.city, challenge, 5, "再延")


def test_no_award_needs_a_coded_reason_and_the_head(app: Flask) -> None:
    firm = make_firm()
    challenge = make_challenge(firm.need(NeedState.POSTED), ChallengeState.CLOSED)
    with pytest.raises(NotAllowed):
        do(operations.declare_no_award, firm.city, challenge, "no_bid")
    with pytest.raises(InvalidInput):
        do(operations.declare_no_award, firm.head, challenge, "bad luck")
    do(operations.declare_no_award, firm.head, challenge, "no_bid")
    assert fresh(challenge).state is ChallengeState.NO_AWARD


def test_relisting_needs_another_text_gets_a_new_code_and_has_a_limit(app: Flask) -> None:
    firm = with_keys(make_firm(relists_most=1))
    first = posted(firm)
    close_without_award(firm, first)
    with pytest.raises(InvalidInput, match="修改"):
        do(operations.relist_challenge, firm.city, first, {})
    second = fresh(
        do(operations.relist_challenge, firm.city, first, {"amount_fen": 150_000_000, "funding_total_fen": 200_000_000})
    )
    with pytest.raises(Conflict):
        do(operations.relist_challenge, firm.city, first, {"amount_fen": 160_000_000})
    do(operations.confirm_challenge, firm.signatory, second)
    do(operations.propose_challenge, firm.city, second)
    do(operations.approve_challenge, firm.head, second)
    second = fresh(second)
    assert (second.relist_of_id, (second.code or "")[-3:]) == (first.id, "002")
    close_without_award(firm, second)
    with pytest.raises(InvalidInput, match="上限"):
        do(operations.relist_challenge, firm.city, second, {"amount_fen": 170_000_000})


def close_without_award(firm: Firm, challenge: Challenge) -> None:
    deadline = fresh(challenge).bid_deadline
    assert deadline is not None
    with clock.at(deadline + timedelta(seconds=1)):
        operations.close_due_challenges()
        do(operations.declare_no_award, firm.head, challenge, "no_bid")
    db.session.expire_all()


def test_revoked_draft_never_becomes_public_and_a_revoked_posting_stays(app: Flask) -> None:
    firm = with_keys(make_firm())
    draft, public = prepared(firm), posted(firm)
    do(operations.revoke_challenge, firm.head, draft, "企业撤回")
    do(operations.revoke_challenge, firm.head, public, "指标有误")
    assert not policies.may_see(ANONYMOUS, fresh(draft))
    assert policies.may_see(ANONYMOUS, fresh(public))
    codes = [challenge.code for challenge in queries.public_page(queries.ChallengeFilter()).items]
    assert codes == [fresh(public).code]


def test_unposted_is_unknown_to_outsiders(app: Flask) -> None:
    firm = make_firm()
    challenge = prepared(firm)
    rival, solver = make_firm(), make_user(Role.TEAM_LEAD)
    for person in (rival.author, solver, make_user()):
        with pytest.raises(NotFound):
            queries.challenge_of(acting(person), challenge.id)
    assert queries.challenge_of(acting(firm.author), challenge.id).id == challenge.id
    assert queries.public_page(queries.ChallengeFilter()).total == 0


def test_confidential_readers_of_rooms_above_are_asked_only_once_it_is_public(app: Flask) -> None:
    lead = make_user(Role.TEAM_LEAD)
    open_, draft = make_challenge(), make_challenge(state=ChallengeState.DRAFT)

    def reader(actor: Any, _challenge: Challenge) -> bool:
        return actor.user_id == lead.id

    before = policies.may_read_confidential(acting(lead), open_)
    policies.confidential_readers.append(reader)
    try:
        assert not before
        assert policies.may_read_confidential(acting(lead), open_)
        assert not policies.may_read_confidential(acting(lead), draft)
        assert not policies.may_read_confidential(acting(make_user(Role.TEAM_LEAD)), open_)
    finally:
        policies.confidential_readers.remove(reader)


def test_a_version_cannot_be_numbered_twice(app: Flask) -> None:
    challenge = make_challenge()
    with pytest.raises(Exception, match=r"(?i)unique"), transaction() as session:
        session.add(ChallengeVersion(challenge_id=challenge.id, number=1))
        record(SYSTEM, "test:build")
