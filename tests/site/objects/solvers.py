"""Profiles of team U: public, a draft, a hidden one; a work of each."""

from sqlalchemy import select

from market.accounts.models import User
from market.database import db
from market.solvers.models import Achievement, Solver, SolverState
from tests.builders.chain import make_solver
from tests.site.cast import Cast


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    lead: User = cast.people["lead_u"]
    university = cast.organisations["university_u"]
    public = cast.solvers["solver_u"]
    draft = make_solver(lead, SolverState.DRAFT, organisation=university, name="草稿资料")
    hidden = make_solver(lead, SolverState.HIDDEN, organisation=university, name="隐藏资料")
    return {
        "public": {"solver_id": public.id},
        "draft": {"solver_id": draft.id},
        "hidden": {"solver_id": hidden.id},
        "work": {"solver_id": public.id, "work_id": _work_of(public)},
        "draft_work": {"solver_id": draft.id, "work_id": _work_of(draft)},
    }


def _work_of(solver: Solver) -> int:
    return db.session.scalars(select(Achievement.id).where(Achievement.solver_id == solver.id)).one()
