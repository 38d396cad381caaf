"""A solver is told of each fitting challenge once, as it chose, in its language, and never after it refused."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from market import clock
from market.accounts.models import User
from market.audit.models import Entry
from market.audit.verify import verify
from market.challenges.changes import change_challenge
from market.challenges.models import Challenge, ChallengeState
from market.database import db, transaction
from market.errors import InvalidInput, NotAllowed
from market.jobs import enqueue
from market.jobs.models import Outbox
from market.jobs.outbox import deliver_due
from market.matches import queries, suggestions
from market.matches.models import Candidate, ChallengeInvitation, MatchRun
from market.matches.suggestion_models import Suggestion, SuggestionChoice, SuggestionPace
from market.needs.content import Confidentiality
from market.needs.models import NeedState
from market.notifications.models import Message
from market.permissions import SYSTEM, Role
from market.programmes.models import Cycle
from market.solvers import operations as solver_operations
from market.solvers.models import Achievement, Solver
from tests.builders.chain import make_bid, make_challenge, make_cycle, make_need, make_solver
from tests.builders.counting import statements
from tests.builders.mail import letters, link_in, text_of
from tests.builders.people import acting, client_of, make_organisation, make_user, save

MONDAY = clock.start_of(clock.today() + timedelta(days=7 - clock.today().weekday()))
SECRET = "绝密配方甲乙丙丁"


def posted(**values: object) -> Challenge:
    """An open challenge that the usual solver fits very well, due long after the coming Mondays."""
    need = make_need(make_cycle(suggestion_threshold=15), state=NeedState.POSTED, **values)
    return make_challenge(need, deadline=clock.now() + timedelta(days=40))


def rank(challenge: Challenge) -> None:
    with transaction():
        enqueue("matches.rank", {"challenge_id": challenge.id})
    deliver_due()


def choose(solver: Solver, pace: str) -> None:
    with transaction():
        suggestions.choose_pace(acting(solver.lead), solver, pace)


def digest(weeks: int = 0, hour: int = 9) -> None:
    """The clock comes to Monday."""
    with clock.at(MONDAY + timedelta(weeks=weeks, hours=hour, minutes=1)):
        suggestions.ask_for_digests()
        deliver_due()
    db.session.rollback()


def told(solver: Solver) -> list[Message]:
    db.session.rollback()
    return list(db.session.scalars(select(Message).where(Message.user_id == solver.lead_id).order_by(Message.id)))


def unrelated() -> None:
    make_solver(name="大田队", directions=["小麦条锈病抗性育种"], keywords=["小麦"], profile_zh="研究小麦条锈病。")


def test_at_once_is_told_when_posted_and_once_however_often_it_is_ranked(app: Flask) -> None:
    unrelated()
    solver = make_solver(name="烧结队")
    choose(solver, "at_once")
    challenge = posted()
    for _again in range(3):
        rank(challenge)
    [message] = told(solver)
    assert challenge.title in message.subject
    [letter] = letters(app, solver.lead.email)
    text = text_of(letter)
    assert challenge.code in text and "揭榜截止" in text and f"/challenges/{challenge.code}" in text
    row = db.session.scalars(select(Suggestion)).one()
    assert (row.solver_id, row.pace) == (solver.id, SuggestionPace.AT_ONCE) and row.terms
    digest()
    assert len(told(solver)) == 1


def test_at_once_is_told_when_the_profile_comes_to_fit(app: Flask) -> None:
    unrelated()
    solver = make_solver(name="转来队", directions=["桥梁检测"], keywords=["桥梁"], profile_zh="研究桥梁检测。")
    with transaction():
        solver_operations.choose_achievements(acting(solver.lead), solver, set())
    choose(solver, "at_once")
    challenge = posted()
    rank(challenge)
    assert told(solver) == []
    with transaction():
        solver_operations.edit_solver(
            acting(solver.lead),
            solver,
            {"directions": ["氮化硅陶瓷球气压烧结"], "profile_zh": "从事氮化硅陶瓷球批次一致性控制与气压烧结。"},
        )
    deliver_due()
    assert len(told(solver)) == 1


def test_a_changed_text_is_ranked_anew_by_itself(app: Flask) -> None:
    make_solver(name="烧结队")
    wheat = make_solver(name="麦田队", directions=["小麦育种"], keywords=["小麦"], profile_zh="研究小麦抗病分子育种。")
    with transaction():
        solver_operations.choose_achievements(acting(wheat.lead), wheat, set())
    challenge = posted()
    rank(challenge)
    assert queries.cards_of(challenge)[0].candidate.solver.name == "烧结队"
    officer = acting(make_user(Role.CITY_OFFICER))
    values = {
        "title": "抗条锈病小麦品种的分子育种选育",
        "background": "小麦条锈病年年发生，现有品种三年即失去抗性。" * 8,
        "content": "小麦抗病分子育种",
        "deliverables": ["小麦品种"],
    }
    with transaction():
        change_challenge(officer, challenge, values, "方向调整")
    deliver_due()
    db.session.rollback()
    assert db.session.scalars(select(MatchRun)).one().challenge_version == 2
    assert queries.cards_of(challenge)[0].candidate.solver.name == "麦田队"


def test_without_a_choice_the_rules_say_weekly_and_two_challenges_are_one_letter(app: Flask) -> None:
    unrelated()
    solver = make_solver(name="烧结队")
    first, second = posted(), posted(title="汽车用氮化硅陶瓷球斑点控制")
    rank(first)
    rank(second)
    assert told(solver) == []
    digest(hour=7)
    assert told(solver) == []
    digest()
    digest()
    [message] = told(solver)
    assert first.title in message.body and second.title in message.body
    assert len(letters(app, solver.lead.email)) == 1
    third = posted(title="高速主轴氮化硅陶瓷球表面缺陷控制")
    rank(third)
    digest(hour=20)
    assert len(told(solver)) == 1
    digest(weeks=1)
    assert [third.title in m.body and first.title not in m.body for m in told(solver)] == [False, True]


def test_a_worker_that_was_away_on_monday_sends_it_later_in_the_week(app: Flask) -> None:
    solver = make_solver(name="烧结队")
    rank(posted())
    digest(hour=24 * 3 + 2)
    assert len(told(solver)) == 1


def test_the_rules_may_say_another_day_or_nothing(app: Flask) -> None:
    solver = make_solver(name="烧结队")
    for rules in ({"suggestion_default": "never"}, {"digest_weekday": "thu"}):
        need = make_need(make_cycle(suggestion_threshold=15, **rules), state=NeedState.POSTED)
        rank(make_challenge(need, deadline=clock.now() + timedelta(days=40)))
    digest()
    assert told(solver) == []
    digest(hour=24 * 3 + 10)
    assert len(told(solver)) == 1 and db.session.scalar(select(func.count(Suggestion.id))) == 1


def test_below_the_threshold_nobody_is_told(app: Flask) -> None:
    unrelated()
    solver = make_solver(name="烧结队")
    choose(solver, "at_once")
    need = make_need(make_cycle(suggestion_threshold=100), state=NeedState.POSTED)
    challenge = make_challenge(need)
    rank(challenge)
    assert solver.id in [card.candidate.solver_id for card in queries.cards_of(challenge)]
    assert told(solver) == [] and db.session.scalar(select(func.count(Suggestion.id))) == 0


@pytest.mark.parametrize("pace", ["at_once", "weekly"])
@pytest.mark.parametrize("way", ["opted out", "hidden", "never", "deactivated", "own challenge"])
def test_who_refused_is_not_told(app: Flask, way: str, pace: str) -> None:
    unrelated()
    challenge = posted()
    solver = make_solver(
        name="烧结队", organisation=challenge.organisation if way == "own challenge" else make_organisation()
    )
    choose(solver, pace)
    rank(challenge) if pace == "weekly" else None
    lead = acting(solver.lead)
    with transaction():
        match way:
            case "opted out":
                solver_operations.edit_solver(lead, solver, {"accepts_matching": False})
            case "hidden":
                solver_operations.hide_solver(lead, solver)
            case "never":
                suggestions.choose_pace(lead, solver, "never")
            case "deactivated":
                solver.lead.is_active = False
                solver_operations.record(SYSTEM, "user:deactivate", solver.lead)
            case _:
                pass
    rank(challenge)
    digest()
    assert told(solver) == [] and letters(app, solver.lead.email) == []


@pytest.mark.parametrize("state", [s for s in ChallengeState if s is not ChallengeState.POSTED])
def test_only_what_takes_bids_is_told(app: Flask, state: ChallengeState) -> None:
    solver = make_solver(name="烧结队")
    other = make_solver(name="同行队")
    choose(other, "at_once")
    need = make_need(make_cycle(suggestion_threshold=15), state=NeedState.POSTED)
    rank(make_challenge(need, state))
    digest()
    assert told(solver) == [] and told(other) == []


def test_after_the_deadline_it_is_not_told_even_while_the_state_lags(app: Flask) -> None:
    solver = make_solver(name="烧结队")
    need = make_need(make_cycle(suggestion_threshold=15), state=NeedState.POSTED)
    challenge = make_challenge(need, deadline=clock.now() + timedelta(hours=1))
    rank(challenge)
    digest()
    assert told(solver) == []


def test_who_is_invited_or_bids_already_needs_no_suggestion(app: Flask) -> None:
    invited, bidder = make_solver(name="受邀队"), make_solver(name="投递队")
    challenge = posted()
    rank(challenge)
    save(
        ChallengeInvitation(
            challenge_id=challenge.id, solver_id=invited.id, invited_by_id=make_user(Role.CITY_OFFICER).id
        )
    )
    make_bid(challenge, bidder)
    digest()
    assert told(invited) == [] and told(bidder) == []


def test_the_letter_holds_no_confidential_word(app: Flask) -> None:
    solver = make_solver(name="烧结队", profile_zh=f"熟悉{SECRET}与氮化硅烧结。")
    choose(solver, "at_once")
    challenge = posted(
        confidentiality=Confidentiality.PARTLY,
        confidential_text=f"烧结助剂为{SECRET}",
        contact_name="秦联系人",
        contact_phone="0533-7654321",
    )
    rank(challenge)
    text = text_of(letters(app, solver.lead.email)[0])
    queued = " ".join(str(row.payload) for row in db.session.scalars(select(Outbox)))
    for word in (SECRET, "甲乙丙丁", "7654321", "秦联系人"):
        assert word not in text and word not in queued and word not in told(solver)[0].body


def test_a_lead_of_two_fitting_teams_gets_one_letter_that_names_both(app: Flask) -> None:
    unrelated()
    solver = make_solver(name="烧结一队")
    second = make_solver(solver.lead, name="烧结二队")
    choose(solver, "at_once")
    choose(second, "at_once")
    rank(posted())
    [message] = told(solver)
    assert "烧结一队" in message.body and "烧结二队" in message.body
    assert len(letters(app, solver.lead.email)) == 1


def test_the_database_itself_keeps_a_second_telling_out(app: Flask) -> None:
    solver, challenge = make_solver(name="烧结队"), posted()
    values = {
        "challenge_id": challenge.id, "solver_id": solver.id, "user_id": solver.lead_id,
        "pace": SuggestionPace.WEEKLY, "score": 0.5,
    }  # fmt: skip
    save(Suggestion(**values))
    with pytest.raises(IntegrityError):
        save(Suggestion(**values))


def test_without_a_common_word_nobody_is_told(app: Flask) -> None:
    """A letter says why; closeness of meaning alone stays on the page."""
    solver, challenge = make_solver(name="烧结队"), posted()
    save(Candidate(challenge_id=challenge.id, solver_id=solver.id, rank=1, score=0.9, coverage=0.0, reasons=[]))
    digest()
    assert told(solver) == []
    assert challenge.title in client_of(app, solver.lead).get("/matches/for-me").text


def test_people_read_it_in_their_language(app: Flask) -> None:
    lead = make_user(Role.TEAM_LEAD, organisation=make_organisation(), locale="en")
    solver = make_solver(lead, name="林德团队", name_en="Lindqvist Group")
    choose(solver, "at_once")
    rank(posted())
    text = text_of(letters(app, lead.email)[0])
    assert "Lindqvist Group" in text and "林德团队" not in text


def test_the_link_of_the_letter_stops_letters_without_signing_in(app: Flask) -> None:
    solver = make_solver(name="烧结队")
    second = make_solver(solver.lead, name="第二团队")
    choose(solver, "at_once")
    challenge = posted()
    rank(challenge)
    body = text_of(letters(app, solver.lead.email)[0])
    address = body[body.index("/matches/stop/") :].split()[0]
    visitor = app.test_client()
    assert "停止寄送" in visitor.get(address).text
    assert db.session.scalars(select(SuggestionChoice.pace)).all() == [SuggestionPace.AT_ONCE]
    for _again in range(2):
        assert "已停止" in visitor.post(address).text
    db.session.rollback()
    paces = dict(db.session.execute(select(SuggestionChoice.solver_id, SuggestionChoice.pace)).all())
    assert paces == {solver.id: SuggestionPace.NEVER, second.id: SuggestionPace.NEVER}
    rank(posted(title="汽车用氮化硅陶瓷球斑点控制"))
    digest()
    assert len(told(solver)) == 1
    acts = list(db.session.scalars(select(Entry.action).where(Entry.action == "suggestion_choice:choose")))
    assert len(acts) == 3
    assert verify(db.session())[1] is None


def test_who_stopped_the_letters_gets_none_for_a_profile_registered_later(app: Flask) -> None:
    solver = make_solver(name="烧结队")
    choose(solver, "never")
    later = make_solver(solver.lead, name="第三团队")
    rank(posted())
    digest()
    assert told(later) == []
    choose(later, "at_once")
    rank(posted(title="汽车用氮化硅陶瓷球斑点控制"))
    assert len(told(later)) == 1, "the control: a choice made for it counts"


@pytest.mark.parametrize("token", ["x", "MQ.x", "1", "IjEi.AAAA"])
def test_a_forged_link_stops_nobody(app: Flask, token: str) -> None:
    make_solver(name="烧结队")
    assert app.test_client().get(f"/matches/stop/{token}").status_code == 404
    assert app.test_client().post(f"/matches/stop/{token}").status_code == 404
    assert db.session.scalars(select(SuggestionChoice)).all() == []


def test_the_letter_names_the_site_and_the_page_to_change_it(app: Flask) -> None:
    solver = make_solver(name="烧结队")
    choose(solver, "at_once")
    challenge = posted()
    rank(challenge)
    letter = letters(app, solver.lead.email)[0]
    assert link_in(letter) == f"/challenges/{challenge.code}"
    assert "/matches/for-me" in text_of(letter)


def test_the_choice_is_made_on_the_page_by_the_lead_alone(app: Flask) -> None:
    solver = make_solver(name="烧结队")
    client = client_of(app, solver.lead)
    page = client.get("/matches/for-me").text
    assert "有新榜单时告诉我" in page and "目前按本市规则" in page
    address = f"/matches/for-me/{solver.id}/pace"
    assert "已保存告知方式" in client.post(address, data={"pace": "never"}, follow_redirects=True).text
    assert "请选择一种告知方式" in client.post(address, data={"pace": "hourly"}, follow_redirects=True).text
    db.session.rollback()
    assert db.session.scalars(select(SuggestionChoice)).one().pace is SuggestionPace.NEVER
    stranger = make_user(Role.TEAM_LEAD, organisation=solver.organisation)
    assert client_of(app, stranger).post(address, data={"pace": "at_once"}).status_code == 403
    with pytest.raises(NotAllowed), transaction():
        suggestions.choose_pace(acting(stranger), solver, "at_once")
    with pytest.raises(InvalidInput), transaction():
        suggestions.choose_pace(acting(solver.lead), solver, "")


def listed(solver: Solver) -> Challenge:
    challenge = posted()
    rank(challenge)
    assert db.session.scalars(select(Candidate).where(Candidate.solver_id == solver.id)).one()
    return challenge


def test_a_work_dropped_on_the_page_is_remembered(app: Flask) -> None:
    unrelated()
    solver = make_solver(name="转向团队", directions=["光伏组件"], keywords=["光伏"], profile_zh="研究光伏组件封装。")
    challenge = listed(solver)
    work = db.session.scalars(select(Achievement).where(Achievement.solver_id == solver.id)).one()
    client = client_of(app, solver.lead)
    address = f"/matches/for-me/{solver.id}/works/{work.id}"
    assert address in client.get("/matches/for-me").text
    assert "已记住" in client.post(address, data={"counts": "no"}, follow_redirects=True).text
    deliver_due()
    db.session.rollback()
    assert [card for card in queries.cards_of(challenge) if card.candidate.solver_id == solver.id] == []
    page = client.get("/matches/for-me").text
    assert "不再用于匹配的成果" in page and work.title in page
    with transaction():
        again = solver_operations.add_achievements(
            acting(solver.lead), solver, [{"title": f" {work.title}。", "kind": "patent"}]
        )
    assert [row.counts_for_matching for row in again] == [False]
    client.post(address, data={"counts": "yes"})
    deliver_due()
    db.session.rollback()
    assert [card for card in queries.cards_of(challenge) if card.candidate.solver_id == solver.id] != []
    assert verify(db.session())[1] is None


def test_nobody_chooses_for_another_team(app: Flask) -> None:
    solver, other = make_solver(name="烧结队"), make_solver(name="别家队")
    work = db.session.scalars(select(Achievement).where(Achievement.solver_id == solver.id)).one()
    stranger = client_of(app, other.lead)
    assert stranger.post(f"/matches/for-me/{solver.id}/works/{work.id}", data={"counts": "no"}).status_code == 403
    assert stranger.post(f"/matches/for-me/{other.id}/works/{work.id}", data={"counts": "no"}).status_code == 404
    db.session.rollback()
    assert db.session.get_one(Achievement, work.id).counts_for_matching


def test_a_solver_reads_where_it_was_listed_when_and_why_and_nothing_of_others(app: Flask) -> None:
    solver, rival = make_solver(name="烧结队"), make_solver(name="别家烧结队")
    challenge = listed(solver)
    digest()
    page = client_of(app, solver.lead).get("/matches/for-me/record").text
    assert challenge.title in page and "告知负责人" in page and "市主管处室" in page
    assert rival.name not in page
    row = db.session.scalars(select(Suggestion).where(Suggestion.solver_id == solver.id)).one()
    assert all(term in page for term in row.terms)
    with transaction():
        solver_operations.edit_solver(acting(solver.lead), solver, {"accepts_matching": False})
    assert challenge.title in client_of(app, solver.lead).get("/matches/for-me/record").text
    nobody = make_user()
    assert client_of(app, nobody).get("/matches/for-me/record").status_code == 403


def test_pages_and_letters_ask_the_database_as_often_for_twenty_as_for_one(app: Flask) -> None:
    lead: User = make_user(Role.TEAM_LEAD, organisation=make_organisation())
    solver = make_solver(lead)
    cycle_id, solver_id = make_cycle(suggestion_threshold=15).id, solver.id

    def add(count: int) -> None:
        cycle = db.session.get_one(Cycle, cycle_id)
        for _number in range(count):
            challenge = make_challenge(make_need(cycle, state=NeedState.POSTED), deadline=MONDAY + timedelta(days=20))
            save(
                Candidate(
                    challenge_id=challenge.id, solver_id=solver_id, rank=1, score=0.5, coverage=0.3,
                    reasons=[
                        {"term": "烧结", "weight": 1.0, "document": "一种低色差氮化硅球坯的烧结方法", "field": "title",
                         "snippet": "", "via": ""}
                    ],
                )
            )  # fmt: skip

    client = client_of(app, lead)
    counts: list[list[int]] = []
    for more in (1, 11):
        add(more)
        counts.append([])
        for address in ("/matches/for-me", "/matches/for-me/record"):
            client.get(address)
            db.session.remove()
            with statements() as seen:
                assert client.get(address).status_code == 200
            counts[-1].append(len(seen))
        db.session.remove()
        with clock.at(MONDAY + timedelta(hours=10)), statements() as seen:
            suggestions._weekly("mon")
        counts[-1].append(len(seen))
        db.session.remove()
    assert counts[0] == counts[1]
