"""A notice in each state, and an objection to the published one."""

from datetime import timedelta

from market import clock
from market.database import transaction
from market.notices import objections, operations
from market.notices.models import Notice
from market.permissions import ANONYMOUS
from tests.builders.people import acting
from tests.builders.reviews import OBJECTION, Case, concluded, make_case, prepared, proposed, published
from tests.site.cast import Cast


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    people = {name: cast.people[name] for name in ("city", "city2", "head")}
    solvers = [cast.solvers["solver_u"], cast.solvers["solver_v"]]
    team = {"solvers": solvers, "organisation": cast.organisations["firm_a"]}

    def case(experts: int = 0) -> Case:
        return make_case(experts=experts, **team, **people)

    waiting = case(7)
    concluded(waiting)
    draft, approval, open_, cancelled = prepared(case()), proposed(case()), published(case()), published(case())
    with clock.at(clock.now() - timedelta(days=40)):
        ended, effective = published(case()), published(case())
    head = acting(cast.people["head"])
    with transaction():
        operations.take_effect(head, effective)
    with transaction():
        operations.cancel_notice(head, cancelled, "名单单位名称有误，重新核对")
    with transaction():
        objection = objections.submit_objection(ANONYMOUS, open_, OBJECTION)
    notices: dict[str, Notice] = {
        "draft": draft,
        "approval": approval,
        "published": open_,
        "cancelled": cancelled,
        "ended": ended,
        "effective": effective,
    }
    return {
        "review_concluded": {"code": waiting.challenge.code},
        "objection": {"objection_id": objection.id},
        **{f"notice_{name}": {"notice_id": notice.id} for name, notice in notices.items()},
    }
