"""Candidates follow the profiles; who is hidden or has opted out never appears; no reason tells what is confidential."""

import re
from pathlib import Path

import pytest
import rjieba
from flask import Flask
from sqlalchemy import select

from market.database import db, transaction
from market.jobs import enqueue
from market.jobs.outbox import deliver_due
from market.jobs.progress import progress_of
from market.matches import engine, operations, queries
from market.matches.models import (
    Candidate,
    MatchRun,
)
from market.needs.content import Confidentiality
from market.needs.models import NeedState
from market.permissions import Role
from market.solvers import operations as solver_operations
from market.solvers.models import Achievement, AchievementKind, SolverState
from tests.builders.bids import make_content, make_draft, make_sealable_challenge, make_sealed
from tests.builders.chain import make_challenge, make_need, make_solver
from tests.builders.matches import (
    ask_ranking,
    publish_team,
    ranked_case,
    ranked_names,
    unrelated,
)
from tests.builders.people import acting, client_of, make_user

MARKER = "绝密配方甲乙丙丁"
UNSHARED = "戊己庚辛"


def test_new_profile_is_a_candidate_once_the_outbox_is_delivered(app: Flask) -> None:
    unrelated()
    challenge = make_challenge()
    ask_ranking(challenge)
    assert "新登记团队" not in ranked_names(challenge)
    publish_team(
        "新登记团队",
        directions=["氮化硅陶瓷球气压烧结"],
        keywords=["氮化硅", "陶瓷球"],
        profile_zh="从事氮化硅陶瓷球批次一致性控制与气压烧结。",
    )
    deliver_due()
    assert ranked_names(challenge)[0] == "新登记团队"
    run = db.session.scalars(select(MatchRun)).one()
    assert run.considered == 3 and run.finished_at is not None


def test_a_burst_of_profiles_is_ranked_once_and_all_are_known(app: Flask) -> None:
    unrelated()
    challenge = make_challenge()
    for number in range(5):
        publish_team(f"烧结队{number}", directions=["氮化硅烧结"], profile_zh=f"氮化硅陶瓷球烧结研究第{number}组")
    deliver_due()
    assert {f"烧结队{number}" for number in range(5)} <= set(ranked_names(challenge))
    assert engine.synchronise() is False


def test_english_only_scholar_is_found_for_a_chinese_challenge_with_the_translation_shown(app: Flask) -> None:
    unrelated()
    scholar = make_solver(
        name="Lindqvist Group",
        country="SE",
        directions=["Gas pressure sintering"],
        keywords=["silicon nitride", "bearing balls"],
        profile_zh="",
        profile_en="Gas pressure sintering of silicon nitride ceramics; batch consistency of bearing balls.",
    )
    db.session.execute(select(Achievement))
    challenge = make_challenge()
    ask_ranking(challenge)
    assert ranked_names(challenge)[0] == "Lindqvist Group"
    candidate = db.session.scalars(select(Candidate).where(Candidate.solver_id == scholar.id)).one()
    translated = [reason for reason in candidate.reasons if reason["via"] and reason["via"].isascii()]
    assert translated and not translated[0]["term"].isascii()
    page = client_of(app, make_user(Role.CITY_OFFICER)).get(f"/challenges/{challenge.code}/candidates").text
    assert translated[0]["via"] in page and translated[0]["term"] in page


def on_disk(app: Flask) -> bytes:
    """Everything the matcher keeps in files."""
    files = (Path(app.instance_path) / "matcher").rglob("*")
    return b"".join(path.read_bytes() for path in files if path.is_file())


@pytest.mark.parametrize("way", ["hidden", "opted out"])
def test_who_hides_or_opts_out_is_gone_at_once_and_after_the_next_ranking(app: Flask, way: str) -> None:
    unrelated()
    for number in range(10):  # so many that the matcher is changed and not made anew
        make_solver(name=f"同行{number}")
    solver = make_solver(name="要走的团队", profile_zh=f"氮化硅烧结，{UNSHARED}")
    challenge = make_challenge()
    ask_ranking(challenge)
    assert "要走的团队" in ranked_names(challenge)
    assert UNSHARED.encode() in on_disk(app)
    with transaction():
        if way == "hidden":
            solver_operations.hide_solver(acting(solver.lead), solver)
        else:
            solver_operations.edit_solver(acting(solver.lead), solver, {"accepts_matching": False})
    assert "要走的团队" not in ranked_names(challenge)
    assert queries.fitting_challenges(acting(solver.lead)) == []
    deliver_due()
    db.session.rollback()
    assert db.session.scalars(select(Candidate).where(Candidate.solver_id == solver.id)).all() == []
    assert UNSHARED.encode() not in on_disk(app)
    assert (
        "要走的团队"
        not in client_of(app, make_user(Role.CITY_OFFICER)).get(f"/challenges/{challenge.code}/candidates").text
    )


def test_drafts_are_never_matched(app: Flask) -> None:
    unrelated()
    make_solver(name="草稿团队", state=SolverState.DRAFT)
    challenge = make_challenge()
    ask_ranking(challenge)
    assert "草稿团队" not in ranked_names(challenge)


def test_old_work_that_no_longer_counts_is_no_evidence(app: Flask) -> None:
    unrelated()
    solver = make_solver(name="转向团队", directions=["光伏组件"], keywords=["光伏"], profile_zh="研究光伏组件封装。")
    challenge = make_challenge()

    [work] = db.session.scalars(select(Achievement).where(Achievement.solver_id == solver.id)).all()
    ask_ranking(challenge)
    candidate = db.session.scalars(select(Candidate).where(Candidate.solver_id == solver.id)).one()
    assert work.title in {reason["document"] for reason in candidate.reasons}
    with transaction():
        solver_operations.choose_achievements(acting(solver.lead), solver, set())
    deliver_due()
    ask_ranking(challenge)
    assert "转向团队" not in ranked_names(challenge)


def test_confidential_text_is_in_no_reason_file_or_page(app: Flask) -> None:
    need = make_need(
        state=NeedState.POSTED,
        confidentiality=Confidentiality.PARTLY,
        confidential_text=f"烧结助剂为{MARKER}，代号{UNSHARED}",
        contact_phone="0533-7654321",
    )
    challenge = make_challenge(need)
    solver = make_solver(name="对得上的团队", profile_zh=f"熟悉{MARKER}与氮化硅烧结。")
    unrelated()
    ask_ranking(challenge)
    run = db.session.scalars(select(MatchRun)).one()
    candidate = db.session.scalars(select(Candidate).where(Candidate.solver_id == solver.id)).one()
    assert MARKER not in " ".join(run.uncovered_terms) and "甲乙" not in "".join(run.uncovered_terms)
    assert not any("甲乙" in reason["term"] or "甲乙" in reason["via"] for reason in candidate.reasons)
    pages = [
        client_of(app, make_user(Role.CITY_OFFICER)).get(f"/challenges/{challenge.code}/candidates").text,
        client_of(app, solver.lead).get("/matches/for-me").text,
        client_of(app, make_user(Role.FIRM_AUTHOR, organisation=challenge.organisation))
        .get(f"/challenges/{challenge.code}/candidates")
        .text,
    ]
    assert not any(UNSHARED in page or "7654321" in page for page in pages)
    with transaction():
        enqueue("search.update", {"kind": "challenge", "id": challenge.id})
    deliver_due()
    for folder in ("matcher", "index"):
        files = [path for path in (Path(app.instance_path) / folder).rglob("*") if path.is_file()]
        assert files
        for path in files:
            content = path.read_bytes()
            assert UNSHARED.encode() not in content and b"7654321" not in content, path


def test_lost_or_damaged_matcher_is_made_anew(app: Flask) -> None:
    unrelated()
    make_solver(name="烧结队")
    challenge = make_challenge()
    ask_ranking(challenge)
    folder = Path(app.instance_path) / "matcher"
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "versions.json":
            path.write_bytes(b"")
    engine._loaded.clear()
    with transaction():
        db.session.execute(Candidate.__table__.delete())
    ask_ranking(challenge)
    assert "烧结队" in ranked_names(challenge)


def test_with_nobody_registered_the_run_is_empty_and_says_so(app: Flask) -> None:
    challenge = make_challenge()
    ask_ranking(challenge)
    assert db.session.scalars(select(MatchRun)).one().considered == 0
    page = client_of(app, make_user(Role.CITY_OFFICER)).get(f"/challenges/{challenge.code}/candidates")
    assert "还没有候选" in page.text


def test_progress_of_a_ranking_is_reported(app: Flask) -> None:
    challenge, _solver, officer, _candidate = ranked_case()
    client_of(app, officer).post(f"/challenges/{challenge.code}/candidates/rank")
    deliver_due()
    progress = progress_of(operations.progress_key(challenge.id))
    assert progress is not None and progress.finished_at is not None and progress.done == progress.total


def test_only_works_that_exist_are_evidence(app: Flask) -> None:
    _challenge, solver, _officer, candidate = ranked_case()
    titles = {work.title for work in db.session.scalars(select(Achievement).where(Achievement.solver_id == solver.id))}
    assert {reason["document"] for reason in candidate.reasons} <= titles | {""}
    assert AchievementKind.PATENT in {work.kind for work in db.session.scalars(select(Achievement))}


def test_words_nobody_covers_are_whole_words_of_the_challenge(app: Flask) -> None:
    unrelated()
    challenge = make_challenge(
        make_need(
            state=NeedState.POSTED,
            background="经三年自研后仍有约百分之八的轴承球出现异常磨损，Si3N4 陶瓷球按 GB/T 16534 检测。" * 3,
        )
    )
    ask_ranking(challenge)
    words = db.session.scalars(select(MatchRun)).one().uncovered_terms
    assert 0 < len(words) <= 12 and len(set(words)) == len(words)
    known = set(rjieba.cut("\n".join([challenge.title, challenge.need.background, challenge.need.content])))
    assert [word for word in words if re.search(r"[\u4e00-\u9fff]", word) and word not in known] == []
    assert not any(fragment in word for word in words for fragment in ("研后", "仍有", "约百"))


def test_what_a_bid_says_is_in_no_reason_and_no_file_of_the_matcher(app: Flask) -> None:
    unrelated()
    challenge = make_sealable_challenge()
    solver = make_solver(name="投标队")
    make_sealed(challenge, solver, make_content(route=f"烧结助剂代号{UNSHARED}，氮化硅分段保压。"))
    make_draft(challenge, make_solver(name="拟稿队"), make_content(route=f"氮化硅{UNSHARED}"))
    ask_ranking(challenge)
    told = [str(row.reasons) for row in db.session.scalars(select(Candidate))]
    told += [str(run.uncovered_terms) for run in db.session.scalars(select(MatchRun))]
    assert told and not any("戊己" in text for text in told)
    for path in (Path(app.instance_path) / "matcher").rglob("*"):
        assert path.is_dir() or UNSHARED.encode() not in path.read_bytes(), path
