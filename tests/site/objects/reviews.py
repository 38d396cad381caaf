"""One challenge that is being scored, one whose result is published, one not yet begun."""

from market.reviews import queries
from market.reviews.models import Round
from tests.builders.reviews import (
    Case,
    approved,
    begun,
    convened,
    declared,
    handed_up,
    make_case,
    make_expert,
    noticed,
    recommended,
    seat,
    started,
)
from tests.site.cast import Cast


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    people = {name: cast.people[name] for name in ("city", "city2", "head")}
    solvers = [cast.solvers["solver_u"], cast.solvers["solver_v"]]
    team = {"solvers": solvers, "organisation": cast.organisations["firm_a"]}
    assigned = make_expert(cast.people["expert_in"])
    new, waiting, done = (make_case(experts=4, **team, **people) for _place in range(3))
    rounds = {}
    for name, case in (("waiting", waiting), ("done", done)):
        rounds[name] = started(case)
        seat(case, rounds[name], [assigned, *case.experts])
        begun(case, declared(case, convened(case, rounds[name])))
    recommended(done, rounds["done"])
    approved(done, handed_up(done, noticed(done)))
    make_expert(cast.people["expert_out"])
    return {
        "expert": {"expert_id": assigned.id},
        "review_new": {"code": new.challenge.code},
        "review_scoring": _arguments(waiting, rounds["waiting"]),
        "review_foreign_bid": {**_arguments(waiting, rounds["waiting"]), "bid_id": new.bids[0].id},
        "review_published": _arguments(done, rounds["done"]),
    }


def _arguments(case: Case, round_: Round) -> dict[str, object]:
    first = queries.seated(round_)[0]
    return {
        "code": case.challenge.code,
        "round_id": round_.id,
        "assignment_id": first.id,
        "expert_id": first.expert_id,
        "bid_id": case.bids[0].id,
    }
