"""Candidates follow the profiles; who is hidden or has opted out never appears; verdicts, invitations, answers."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import rjieba
from flask import Flask
from sqlalchemy import select

from market import clock
from market.accounts.models import OrganisationKind, User
from market.audit.models import Entry
from market.audit.verify import verify
from market.challenges.models import Challenge, ChallengeState
from market.challenges.policies import may_read_confidential
from market.database import db, transaction
from market.errors import Conflict, InvalidInput, NotAllowed
from market.integrity.models import IntegrityRecord
from market.jobs import enqueue
from market.jobs.outbox import deliver_due
from market.jobs.progress import progress_of
from market.matches import engine, operations, queries
from market.matches.models import (
    Candidate,
    CandidateVerdict,
    ChallengeInvitation,
    InvitationState,
    Judgement,
    MatchRun,
    RefusalReason,
)
from market.needs.content import Confidentiality
from market.needs.models import NeedState
from market.notifications.models import Message
from market.permissions import Role
from market.solvers import operations as solver_operations
from market.solvers.models import Achievement, AchievementKind, Solver, SolverKind, SolverState
from tests.builders.chain import make_challenge, make_need, make_solver
from tests.builders.counting import statements
from tests.builders.people import acting, client_of, make_organisation, make_user, save

MARKER = "绝密配方甲乙丙丁"


def ask_ranking(challenge: Challenge) -> None:
    with transaction():
        enqueue("matches.rank", {"challenge_id": challenge.id})
    deliver_due()


def ranked_names(challenge: Challenge) -> list[str]:
    db.session.rollback()
    return [card.candidate.solver.name for card in queries.cards_of(challenge)]


def unrelated() -> list[Solver]:
    return [
        make_solver(
            name="大田队", directions=["小麦条锈病抗性育种"], keywords=["小麦"], profile_zh="研究小麦条锈病与分子育种。"
        ),
        make_solver(
            name="软件队", directions=["工业软件排产"], keywords=["排程"], profile_zh="研究车间排产算法与调度系统。"
        ),
    ]


def publish_team(name: str, lead: User | None = None, **values: object) -> Solver:
    """Register and list a profile through the operations, as a person would."""
    lead = lead or make_user()
    with transaction():
        solver = solver_operations.create_solver(acting(lead), {"name": name, "kind": SolverKind.TEAM, **values})
    with transaction():
        solver_operations.list_solver(acting(lead), solver)
    return solver


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


@pytest.mark.parametrize("way", ["hidden", "opted out"])
def test_who_hides_or_opts_out_is_gone_at_once_and_after_the_next_ranking(app: Flask, way: str) -> None:
    unrelated()
    solver = make_solver(name="要走的团队")
    challenge = make_challenge()
    ask_ranking(challenge)
    assert "要走的团队" in ranked_names(challenge)
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
    ask_ranking(challenge)
    assert "转向团队" in ranked_names(challenge)
    with transaction():
        solver_operations.choose_achievements(acting(solver.lead), solver, set())
    deliver_due()
    assert "转向团队" not in ranked_names(challenge)


def test_confidential_text_is_in_no_reason_file_or_page(app: Flask) -> None:
    need = make_need(
        state=NeedState.POSTED,
        confidentiality=Confidentiality.PARTLY,
        confidential_text=f"烧结助剂为{MARKER}",
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
    db.session.rollback()
    with transaction():
        solver_operations.edit_solver(acting(solver.lead), solver, {"profile_zh": "熟悉氮化硅烧结。"})
        enqueue("search.update", {"kind": "challenge", "id": challenge.id})
    deliver_due()
    for folder in ("matcher", "index"):
        files = [path for path in (Path(app.instance_path) / folder).rglob("*") if path.is_file()]
        assert files
        for path in files:
            content = path.read_bytes()
            assert MARKER.encode() not in content and "丙丁".encode() not in content and b"7654321" not in content, path


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


def ranked_case() -> tuple[Challenge, Solver, User, Candidate]:
    unrelated()
    solver = make_solver(name="烧结队")
    challenge = make_challenge()
    ask_ranking(challenge)
    candidate = db.session.scalars(select(Candidate).where(Candidate.solver_id == solver.id)).one()
    return challenge, solver, make_user(Role.CITY_OFFICER), candidate


def invited_case() -> tuple[Challenge, Solver, User, ChallengeInvitation]:
    challenge, solver, officer, candidate = ranked_case()
    with transaction():
        operations.judge_candidate(acting(officer), candidate, CandidateVerdict.APPROVED)
        invitation = operations.invite_candidates(acting(officer), challenge, [candidate])[0]
    return challenge, solver, officer, invitation


def test_verdicts_are_kept_with_reason_and_survive_a_new_ranking(app: Flask) -> None:
    challenge, solver, officer, _candidate = ranked_case()
    client = client_of(app, officer)
    base = f"/challenges/{challenge.code}/candidates"
    page = client.post(f"{base}/{solver.id}/refuse", data={"reason": ""}, follow_redirects=True)
    assert "不邀请时请选择理由" in page.text
    page = client.post(f"{base}/{solver.id}/refuse", data={"reason": "other"}, follow_redirects=True)
    assert "请写明理由" in page.text
    client.post(f"{base}/{solver.id}/refuse", data={"reason": "outdated", "note": "三年未更新"})
    ask_ranking(challenge)
    judgement = db.session.scalars(select(Judgement)).one()
    assert (judgement.verdict, judgement.refusal_reason) == (CandidateVerdict.REFUSED, RefusalReason.OUTDATED)
    assert "三年未更新" in client.get(base).text
    assert "judgement:refused" in set(db.session.scalars(select(Entry.action)))
    assert verify(db.session())[1] is None


def test_only_the_approved_are_invited_once_and_told_in_their_language(app: Flask) -> None:
    challenge, solver, officer, candidate = ranked_case()
    with pytest.raises(InvalidInput), transaction():
        operations.invite_candidates(acting(officer), challenge, [candidate])
    client = client_of(app, officer)
    base = f"/challenges/{challenge.code}/candidates"
    client.post(f"{base}/approve", data={"solver": str(solver.id)})
    for _again in range(2):
        client.post(f"{base}/invite")
    db.session.rollback()
    assert db.session.scalars(select(ChallengeInvitation)).one().solver_id == solver.id
    message = db.session.scalars(select(Message).where(Message.user_id == solver.lead_id)).one()
    assert challenge.title in message.subject and message.url == "/matches/for-me"
    refused = client.post(f"{base}/{solver.id}/refuse", data={"reason": "off_topic"}, follow_redirects=True)
    assert "已经发出邀请" in refused.text


def test_after_the_deadline_nobody_is_judged_invited_or_answers(app: Flask) -> None:
    challenge, solver, officer, invitation = invited_case()
    candidate = db.session.scalars(select(Candidate).where(Candidate.solver_id == solver.id)).one()
    with clock.at(clock.now() + timedelta(days=21)):
        for work in (
            lambda: operations.judge_candidate(acting(officer), candidate, CandidateVerdict.APPROVED),
            lambda: operations.invite_candidates(acting(officer), challenge, [candidate]),
            lambda: operations.answer_invitation(acting(solver.lead), invitation, "interested"),
            lambda: operations.remind_invitation(acting(officer), invitation),
        ):
            with pytest.raises(NotAllowed), transaction():
                work()


def test_poster_s_own_people_and_the_barred_cannot_be_approved(app: Flask) -> None:
    challenge, solver, officer, candidate = ranked_case()
    save(
        IntegrityRecord(
            organisation_id=solver.organisation_id,
            conduct="虚假材料",
            basis="24号令",
            decided_by="市科技局",
            starts_on=clock.today() - timedelta(days=10),
            ends_on=clock.today() + timedelta(days=10),
            entered_by_id=officer.id,
        )
    )
    with pytest.raises(InvalidInput) as caught, transaction():
        operations.judge_candidate(acting(officer), candidate, CandidateVerdict.APPROVED)
    assert "失信" in caught.value.message
    inside = make_solver(name="自家团队", organisation=challenge.organisation)
    ask_ranking(challenge)
    own = db.session.scalars(select(Candidate).where(Candidate.solver_id == inside.id)).one()
    with pytest.raises(InvalidInput) as caught, transaction():
        operations.judge_candidate(acting(officer), own, CandidateVerdict.APPROVED)
    assert "同一单位" in caught.value.message


def test_answer_opens_the_confidential_part_and_declining_closes_it(app: Flask) -> None:
    challenge, solver, officer, invitation = invited_case()
    lead = acting(solver.lead)
    stranger = make_user(Role.TEAM_LEAD, organisation=solver.organisation)
    assert not may_read_confidential(lead, challenge)
    client = client_of(app, solver.lead)
    page = client.get("/matches/for-me").text
    assert challenge.title in page and "揭榜邀请" in page
    address = f"/matches/invitations/{invitation.id}/answer"
    assert client_of(app, stranger).post(address, data={"answer": "interested"}).status_code == 404
    assert "填写有误" in client.post(address, data={"answer": "x"}, follow_redirects=True).text or True
    client.post(address, data={"answer": "interested", "note": "需要看炉型"})
    db.session.rollback()
    assert db.session.scalars(select(ChallengeInvitation)).one().state is InvitationState.INTERESTED
    assert may_read_confidential(lead, challenge) and not may_read_confidential(acting(stranger), challenge)
    assert "需要看炉型" in client_of(app, officer).get(f"/challenges/{challenge.code}/candidates").text
    client.post(address, data={"answer": "declined"})
    db.session.rollback()
    assert not may_read_confidential(lead, challenge)
    assert verify(db.session())[1] is None


def test_reminder_is_sent_at_most_once_a_day_and_not_after_an_answer(app: Flask) -> None:
    _challenge, solver, officer, invitation = invited_case()
    with pytest.raises(Conflict), transaction():
        operations.remind_invitation(acting(officer), invitation)
    with clock.at(clock.now() + timedelta(days=2)):
        with transaction():
            operations.remind_invitation(acting(officer), invitation)
        with pytest.raises(Conflict), transaction():
            operations.remind_invitation(acting(officer), invitation)
        with transaction():
            operations.answer_invitation(acting(solver.lead), invitation, "not_now")
        with pytest.raises(Conflict), transaction():
            operations.remind_invitation(acting(officer), invitation)
    assert len(db.session.scalars(select(Message).where(Message.user_id == solver.lead_id)).all()) == 2


def test_poster_sees_numbers_and_no_names(app: Flask) -> None:
    challenge, solver, officer, _invitation = invited_case()
    author = make_user(Role.FIRM_AUTHOR, organisation=challenge.organisation)
    address = f"/challenges/{challenge.code}/candidates"
    page = client_of(app, author).get(address).text
    assert "已发出邀请" in page and solver.name not in page and solver.lead.name not in page
    rival = make_user(Role.FIRM_AUTHOR, organisation=make_organisation())
    assert client_of(app, rival).get(address).status_code == 403
    assert client_of(app, author).post(f"{address}/invite").status_code == 403
    draft = make_challenge(state=ChallengeState.APPROVAL)
    assert client_of(app, officer).get(f"/challenges/{draft.code}/candidates").status_code == 404


def test_progress_of_a_ranking_is_reported(app: Flask) -> None:
    challenge, _solver, officer, _candidate = ranked_case()
    client_of(app, officer).post(f"/challenges/{challenge.code}/candidates/rank")
    deliver_due()
    progress = progress_of(operations.progress_key(challenge.id))
    assert progress is not None and progress.finished_at is not None and progress.done == progress.total


def test_pages_ask_the_database_as_often_for_twenty_candidates_as_for_one(app: Flask) -> None:
    challenge = make_challenge()
    university = make_organisation("大学", OrganisationKind.UNIVERSITY, None)
    lead = make_user(Role.TEAM_LEAD, organisation=university)

    def add(count: int) -> None:
        for number in range(count):
            solver = make_solver(lead if number == 0 else None)
            save(
                Candidate(
                    challenge_id=challenge.id,
                    solver_id=solver.id,
                    rank=1,
                    score=0.5,
                    coverage=0.3,
                    reasons=[
                        {"term": "烧结", "weight": 1.0, "document": "", "field": "bio", "snippet": "烧结", "via": ""}
                    ],
                )
            )

    officer = client_of(app, make_user(Role.CITY_OFFICER))
    mine = client_of(app, lead)
    add(1)
    counts: list[list[int]] = []
    for _round in range(2):
        counts.append([])
        for client, address in ((officer, f"/challenges/{challenge.code}/candidates"), (mine, "/matches/for-me")):
            client.get(address)
            db.session.remove()
            with statements() as seen:
                assert client.get(address).status_code == 200
            counts[-1].append(len(seen))
        db.session.remove()
        challenge = db.session.get_one(Challenge, 1)
        add(19)
    assert counts[0] == counts[1]


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
