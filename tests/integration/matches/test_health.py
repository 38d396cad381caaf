"""The matcher's health: each figure comes out of its rows, and tells nothing that is sealed."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.audit.journal import record
from market.bids.models import BidState, Opening
from market.database import db, transaction
from market.matches import engine, health, invitations, operations, quality
from market.matches.models import (
    Candidate,
    CandidateVerdict,
    MatchRun,
    RefusalReason,
)
from market.needs.models import NeedState
from market.permissions import SYSTEM, Role
from market.solvers import operations as solver_operations
from market.solvers.models import Achievement, SolverState
from tests.builders.chain import make_bid, make_challenge, make_cycle, make_need, make_solver
from tests.builders.counting import statements
from tests.builders.matches import approve, ask_ranking, list_candidates, unrelated
from tests.builders.people import acting, client_of, make_user, save


def figure(key: str) -> str:
    db.session.rollback()
    return health.part_of(key).value


def test_coverage_counts_the_challenges_with_enough_good_candidates(app: Flask) -> None:
    cycle = make_cycle(match_cover_least=2, match_threshold=50)
    good, poor = (make_challenge(make_need(cycle, state=NeedState.POSTED)) for _n in range(2))
    teams = [make_solver() for _n in range(3)]
    list_candidates(good, *teams[:2])
    list_candidates(poor, teams[0])
    list_candidates(poor, make_solver(organisation=poor.organisation))
    assert figure("coverage") == "50%"
    rows = health.part_of("coverage").rows
    assert [row[1].text for row in rows] == [1, 2] and poor.code in str(rows[0][0].text)
    with transaction():
        solver_operations.hide_solver(acting(teams[1].lead), teams[1])
    assert figure("coverage") == "0%"


def test_gini_of_equal_and_of_one_sided_shares() -> None:
    assert health.gini([3, 3, 3]) == 0
    assert health.gini([0, 0, 0, 4]) == 0.75
    assert health.gini([1, 3]) == 0.25
    assert health.gini([0, 0]) is None


def test_concentration_counts_those_who_never_appear(app: Flask) -> None:
    teams = [make_solver() for _n in range(4)]
    for _n in range(3):
        list_candidates(make_challenge(), teams[0])
    assert figure("concentration") == "0.75"
    assert [row[1].text for row in health.part_of("concentration").rows] == [3]


def test_bids_of_the_invited_are_counted_only_after_the_opening(app: Flask) -> None:
    challenge, solvers, officer = make_challenge(), [make_solver(), make_solver()], make_user(Role.CITY_OFFICER)
    for candidate in list_candidates(challenge, *solvers):
        approve(officer, candidate)
    with transaction():
        rows = db.session.scalars(select(Candidate)).all()
        invitations.invite_candidates(acting(officer), challenge, rows)
    make_bid(challenge, solvers[0], BidState.SUBMITTED)
    client = client_of(app, officer)
    assert figure("bids") == "—"
    assert solvers[0].name not in client.get("/matches/health/bids").text
    save(Opening(challenge_id=challenge.id))
    assert figure("bids") == "—", "begun by one officer, not opened"
    with transaction():
        db.session.scalars(select(Opening)).one().opened_at = clock.now()
        record(SYSTEM, "test:build")
    assert figure("bids") == "50%"
    assert solvers[0].name in client.get("/matches/health/bids").text


def test_hit_rate_uses_the_rank_at_the_time_of_the_verdict(app: Flask) -> None:
    challenge, officer = make_challenge(), make_user(Role.CITY_OFFICER)
    candidates = list_candidates(challenge, make_solver(), make_solver())
    approve(officer, candidates[0])
    with transaction():
        operations.judge_candidate(acting(officer), candidates[1], CandidateVerdict.REFUSED, RefusalReason.OFF_TOPIC)
    with transaction():
        candidates[0].rank, candidates[1].rank = 9, 1
    part = health.part_of("ranks")
    assert part.value == "50%" and "第 1 名 100%（1/1）" in part.how and "第 2–3 名 0%（0/1）" in part.how


def test_empty_and_stale_profiles_and_drift_have_their_rows(app: Flask) -> None:
    unrelated()
    empty = make_solver(name="空白队", profile_zh="短", directions=[], keywords=[])
    stale = make_solver(name="陈旧队", profile_zh="研究烧结。" * 40, refreshed_at=clock.now() - timedelta(days=400))
    make_solver(name="隐藏队", state=SolverState.HIDDEN, profile_zh="短")
    with transaction():
        for work in db.session.scalars(select(Achievement).where(Achievement.solver_id == empty.id)):
            db.session.delete(work)
        record(SYSTEM, "test:build")
    ask_ranking(make_challenge())
    client = client_of(app, make_user(Role.CITY_OFFICER))
    assert "空白队" in client.get("/matches/health/empty").text
    page = client.get("/matches/health/stale").text
    assert stale.name in page and "空白队" not in page and "隐藏队" not in page
    assert figure("drift") == "0.000" and "索引中的揭榜方" in client.get("/matches/health/drift").text
    assert client.get("/matches/health/nothing").status_code == 404


def test_page_shows_every_figure_with_its_computation_and_the_measured_versions(app: Flask) -> None:
    page = client_of(app, make_user(Role.DIVISION_HEAD)).get("/matches/health").text
    for part in health.parts():
        assert part.how[:20] in page and (not part.columns or f"/matches/health/{part.key}" in page)
    newest = quality.kept_measures()[0]
    assert newest.version in page and f"{newest.measures['ndcg@10'][0]:.3f}" in page


def test_figures_ask_the_database_as_often_for_many_rows_as_for_one(app: Flask) -> None:
    def add(count: int) -> None:
        officer = make_user(Role.CITY_OFFICER)
        for _n in range(count):
            challenge, solver = make_challenge(), make_solver()
            [candidate] = list_candidates(challenge, solver)
            approve(officer, candidate)
            save(MatchRun(challenge_id=challenge.id, challenge_version=1, uncovered_terms=["麻点"]))

    counts = []
    for more in (1, 10):
        add(more)
        db.session.remove()
        with statements() as seen:
            health.parts()
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_measuring_the_gold_set_is_written_down_by_version(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "KEPT", tmp_path / "quality.json")
    run = app.test_cli_runner().invoke
    for _again in range(2):
        result = run(args=["matches", "quality", "--write"])
        assert result.exit_code == 0, result.output
    [measured] = quality.kept_measures()
    assert measured.version == engine.library_version() and measured.fingerprint == engine.library_fingerprint()
    assert measured.measures["ndcg@10"][0] > 0.9
    assert run(args=["matches", "quality", "--data", str(tmp_path)]).exit_code == 1
