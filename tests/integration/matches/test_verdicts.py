"""What staff think of a candidate is kept with its reason, and whom nobody may approve."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.audit.models import Entry
from market.audit.verify import verify
from market.database import db, transaction
from market.errors import InvalidInput
from market.integrity.models import IntegrityRecord
from market.matches import operations
from market.matches.models import (
    Candidate,
    CandidateVerdict,
    Judgement,
    RefusalReason,
)
from tests.builders.chain import make_solver
from tests.builders.matches import ask_ranking, ranked_case
from tests.builders.people import acting, client_of, save


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
