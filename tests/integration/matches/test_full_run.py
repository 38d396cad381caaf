"""When profiles change, every open challenge is ranked anew by itself, once, and a run that was cut off goes on."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from market import clock
from market.challenges.models import Challenge, ChallengeState
from market.database import db, transaction
from market.jobs import enqueue
from market.jobs.outbox import deliver_due
from market.jobs.progress import progress_of, report_progress
from market.matches import engine, operations, queries
from market.matches.models import Candidate, MatchRun
from market.needs.models import NeedState
from market.permissions import Role
from market.solvers import operations as solver_operations
from market.solvers.models import Solver
from tests.builders.chain import make_challenge, make_cycle, make_need, make_solver
from tests.builders.people import acting, client_of, make_user


def rank(challenge: Challenge) -> None:
    with transaction():
        enqueue("matches.rank", {"challenge_id": challenge.id})
    deliver_due()
    db.session.rollback()


def change(solver: Solver, text: str = "从事氮化硅陶瓷球批次一致性控制与气压烧结。") -> None:
    with transaction():
        solver_operations.edit_solver(acting(solver.lead), solver, {"profile_zh": text})


def runs() -> dict[int, MatchRun]:
    db.session.rollback()
    return {run.challenge_id: run for run in db.session.scalars(select(MatchRun))}


def two_challenges() -> tuple[Challenge, Challenge]:
    cycle = make_cycle()
    first, second = (make_challenge(make_need(cycle, state=NeedState.POSTED)) for _number in range(2))
    return first, second


def test_all_open_challenges_follow_a_changed_profile_and_closed_ones_do_not(app: Flask) -> None:
    solver = make_solver(name="烧结队")
    first, second = two_challenges()
    ended = make_challenge(make_need(first.cycle, state=NeedState.POSTED), ChallengeState.REVIEW)
    rank(first)
    change(solver)
    later = clock.now() + timedelta(minutes=5)
    with clock.at(later):
        deliver_due()
    found = runs()
    assert {run.finished_at for run in found.values()} == {later} and set(found) == {first.id, second.id}
    assert ended.id not in found
    assert queries.outdated_challenges(engine.stamp()) == []


def test_a_run_cut_off_in_the_middle_goes_on_with_the_rest(app: Flask) -> None:
    """The matcher was brought up to date and one challenge ranked when the worker died."""
    solver = make_solver(name="烧结队")
    first, second = two_challenges()
    rank(first)
    rank(second)
    change(solver)
    engine.synchronise()
    operations.rank_when_asked({"challenge_id": first.id})
    before = runs()[first.id].finished_at
    assert queries.outdated_challenges(engine.stamp()) == [second.id]
    with clock.at(clock.now() + timedelta(minutes=5)):
        deliver_due()
    found = runs()
    assert found[first.id].finished_at == before and found[second.id].matcher == found[first.id].matcher


def test_a_ranking_asked_for_in_between_does_not_keep_the_others_old(app: Flask) -> None:
    """Ranking one challenge takes the changed profiles in; the others must still follow."""
    make_solver(name="大田队", directions=["小麦"], keywords=["小麦"], profile_zh="研究小麦。")
    solver = make_solver(name="烧结队")
    first, second = two_challenges()
    rank(first)
    rank(second)
    with transaction():
        enqueue("matches.rank", {"challenge_id": first.id})
        solver_operations.edit_solver(acting(solver.lead), solver, {"accepts_matching": False})
    deliver_due()
    db.session.rollback()
    assert db.session.scalars(select(Candidate).where(Candidate.solver_id == solver.id)).all() == []


def test_nothing_changed_is_nothing_done(app: Flask) -> None:
    make_solver(name="烧结队")
    first, _second = two_challenges()
    with transaction():
        enqueue("matches.profile", {"solver_id": 0})
    deliver_due()
    before = runs()[first.id].finished_at
    with transaction():
        enqueue("matches.profile", {"solver_id": 0})
    with clock.at(clock.now() + timedelta(minutes=5)):
        deliver_due()
    assert runs()[first.id].finished_at == before


def test_the_last_solver_to_leave_leaves_no_candidate(app: Flask) -> None:
    solver = make_solver(name="烧结队")
    first, _second = two_challenges()
    rank(first)
    with transaction():
        solver_operations.hide_solver(acting(solver.lead), solver)
    deliver_due()
    db.session.rollback()
    assert db.session.scalars(select(Candidate)).all() == [] and engine.stamp() == ""


def test_staff_see_how_far_a_full_run_is(app: Flask) -> None:
    solver = make_solver(name="烧结队")
    two_challenges()
    change(solver)
    deliver_due()
    progress = progress_of(operations.FULL_RUN)
    assert progress is not None and (progress.done, progress.total) == (2, 2) and progress.finished_at
    officer = client_of(app, make_user(Role.CITY_OFFICER))
    assert "重新比对全部" not in officer.get("/matches/health").text
    report_progress(operations.FULL_RUN, 1, 9, "重新比对全部揭榜中的榜单")
    page = officer.get("/matches/health").text
    assert "重新比对全部" in page and f"/jobs/progress/{operations.FULL_RUN}" in page
    assert officer.get(f"/jobs/progress/{operations.FULL_RUN}").status_code == 200
    assert client_of(app, solver.lead).get(f"/jobs/progress/{operations.FULL_RUN}").status_code == 404


def test_an_unreadable_matcher_is_made_anew_by_the_clock_and_ranks_again(app: Flask) -> None:
    """After a release whose index has another format nobody need touch a profile first."""
    make_solver(name="烧结队")
    first, _second = two_challenges()
    rank(first)
    before = engine.stamp()
    operations.mend_matcher()
    deliver_due()
    assert engine.stamp() == before, "a sound one is left alone"
    (engine.folder() / "versions.json").write_text("{")
    assert engine.stamp() == ""
    with clock.at(clock.now() + timedelta(minutes=5)):
        operations.mend_matcher()
        deliver_due()
    assert engine.stamp() not in ("", before) and runs()[first.id].matcher == engine.stamp()
