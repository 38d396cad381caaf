"""A challenge under review with opened bids, a pool of experts, and rounds brought to a stage by the operations."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from market import clock
from market.accounts.models import Organisation, User
from market.bids.models import Bid, BidState, OpenedContent, SealedVersion
from market.challenges.models import Challenge, ChallengeState
from market.database import transaction
from market.notices import operations as notices
from market.notices.models import Notice
from market.permissions import Role
from market.programmes.models import Term, TermKind
from market.reviews import operations, queries
from market.reviews.models import Assignment, Expert, Round
from market.solvers.models import Solver
from tests.builders.bids import make_content
from tests.builders.chain import make_bid, make_challenge, make_cycle, make_need
from tests.builders.people import acting, make_organisation, make_user, save

_number = itertools.count(1)
FIELD = "sintering"
GOOD_REASON = "依据充分，响应完整"


def make_expert(user: User | None = None, organisation: Organisation | None = None, **values: Any) -> Expert:
    """An expert of a unit of their own, in the field of the builders' challenge."""
    expert = Expert(
        user_id=(user or make_user(Role.EXPERT, name=f"专家{next(_number)}")).id,
        organisation_id=(organisation or make_organisation(district=None)).id,
        **{"fields": [FIELD], "title": "教授", **values},
    )
    save(expert)
    return expert


def make_opened(bid: Bid, **content: Any) -> Bid:
    """What was in the bid, as the opening leaves it."""
    version = SealedVersion(
        bid_id=bid.id, number=1, ciphertext=b"-", sha256="0" * 64, sealed_at=clock.now(), submitted_by_id=bid.lead_id
    )
    save(version)
    save(OpenedContent(bid_id=bid.id, sealed_version_id=version.id, body=make_content(**content).model_dump()))
    return bid


@dataclass
class Case:
    """One challenge under review: the people and the bids."""

    challenge: Challenge
    bids: list[Bid]
    city: User
    city2: User
    head: User
    experts: list[Expert]


def make_case(
    bids: int = 2,
    experts: int = 7,
    solvers: Sequence[Solver | None] = (),
    organisation: Organisation | None = None,
    city: User | None = None,
    city2: User | None = None,
    head: User | None = None,
    **rules: Any,
) -> Case:
    need = make_need(make_cycle(**rules), organisation)
    challenge = make_challenge(need, state=ChallengeState.REVIEW, deadline=clock.now())
    chosen = list(solvers) or [None] * bids
    return Case(
        challenge,
        [make_opened(make_bid(challenge, solver, BidState.QUALIFIED)) for solver in chosen],
        city or make_user(Role.CITY_OFFICER),
        city2 or make_user(Role.CITY_OFFICER),
        head or make_user(Role.DIVISION_HEAD),
        [make_expert() for _place in range(experts)],
    )


def make_tech_field() -> None:
    save(Term(kind=TermKind.TECH_FIELD, code=FIELD, name="烧结工艺"))


def started(case: Case) -> Round:
    with transaction():
        return operations.start_round(acting(case.city), case.challenge)


def drawn(case: Case, count: int = 5, seed: str = "seed") -> Round:
    round_ = started(case)
    with transaction():
        operations.draw_experts(acting(case.city), round_, count, seed)
    return round_


def seat(case: Case, round_: Round, experts: Sequence[Expert]) -> None:
    """Name these experts by hand."""
    for expert in experts:
        with transaction():
            operations.assign_expert(acting(case.city), round_, expert)


def convened(case: Case, round_: Round) -> Round:
    with transaction():
        operations.convene_round(acting(case.city2), round_)
    return round_


def expert_actor(task: Assignment) -> Any:
    return acting(task.expert.user)


def declared(case: Case, round_: Round) -> Round:
    for task in queries.seated(round_):
        with transaction():
            operations.declare_no_conflict(expert_actor(task), task)
    return round_


def begun(case: Case, round_: Round) -> Round:
    """Open the bids to a declared panel."""
    with transaction():
        operations.start_scoring(acting(case.city), round_)
    return round_


def scoring(case: Case, count: int = 5) -> Round:
    """A round whose panel was drawn, pledged, and may score."""
    return begun(case, declared(case, convened(case, drawn(case, count))))


def values(round_: Round, score: int | dict[str, int] = 80) -> dict[str, Any]:
    """A complete sheet with the same score everywhere, or one by criterion."""
    keys = [criterion["key"] for criterion in round_.criteria]
    return {
        "scores": {key: score if isinstance(score, int) else score[key] for key in keys},
        "reasons": dict.fromkeys(keys, GOOD_REASON),
        "comment": "路线可行，建议支持。",
    }


def fill(task: Assignment, scores: Sequence[int | dict[str, int]]) -> None:
    """Draft a sheet for each bid of the round, in their order."""
    for bid, score in zip(queries.bids_of(task.round), scores, strict=True):
        with transaction():
            operations.save_score_draft(expert_actor(task), task, bid, values(task.round, score))


def submitted(case: Case, round_: Round, table: Sequence[Sequence[int | dict[str, int]]]) -> Round:
    """Every expert hands in: ``table`` has a row an expert with a score a bid."""
    for task, scores in zip(queries.seated(round_), table, strict=True):
        fill(task, scores)
        with transaction():
            operations.submit_scores(expert_actor(task), task)
    return round_


def recommended(case: Case, round_: Round, scores: Sequence[int] = (85, 70)) -> Round:
    """From scoring to the conclusion: the first bid recommended, the second in reserve."""
    submitted(case, round_, [scores] * len(queries.seated(round_)))
    with transaction():
        operations.rank_round(acting(case.city), round_)
    first, *others = [bid.id for bid in case.bids]
    with transaction():
        operations.conclude_round(acting(case.city), round_, "评审组一致推荐得分最高者。", [first], others[:1])
    return round_


def concluded(case: Case, scores: Sequence[int] = (85, 70)) -> Round:
    """The whole review, from the draw on."""
    return recommended(case, scoring(case), scores)


TEXT = {"title": "关于拟中榜结果的公示", "body": "经评审和局党组会议研究，拟确定下列揭榜方为中榜方，现予公示。"}
MINUTES = "局党组会议纪要〔2026〕18号"


def noticed(case: Case) -> Notice:
    """A draft of the notice of a concluded review."""
    with transaction():
        return notices.prepare_notice(acting(case.city), case.challenge, TEXT)


def prepared(case: Case) -> Notice:
    concluded(case)
    return noticed(case)


def handed_up(case: Case, notice: Notice) -> Notice:
    with transaction():
        notices.propose_notice(acting(case.city), notice)
    return notice


def proposed(case: Case) -> Notice:
    return handed_up(case, prepared(case))


def approved(case: Case, notice: Notice) -> Notice:
    with transaction():
        notices.approve_notice(acting(case.head), notice, MINUTES)
    return notice


def published(case: Case) -> Notice:
    return approved(case, proposed(case))


OBJECTION = {
    "name": "林正言",
    "phone": "13805330001",
    "email": "lin@example.cn",
    "organisation": "某新材料有限公司",
    "grounds": "拟中榜方申报的烧结炉并非其自有设备，设备登记在另一单位名下。",
}
