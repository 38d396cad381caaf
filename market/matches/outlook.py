"""发榜前参考: what a firm and its checkers may learn about a need before it is posted. Computed when asked, not kept.

Only public texts are compared with (posted challenges, listed profiles); of solvers nothing but their number is told.
"""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from market.challenges.models import Challenge, ChallengeVersion
from market.challenges.queries import public_challenges
from market.database import db
from market.matches import engine
from market.matches.policies import MATCHABLE
from market.matches.wording import Remark, remarks_on
from market.needs.checks import words_of
from market.needs.models import Need, NeedState
from market.permissions import ALLOWED, Verdict, refused
from market.programmes.queries import rules_of
from market.programmes.rules import Rules
from market.solvers.models import Solver

BEFORE_POSTING = (
    NeedState.DRAFT,
    NeedState.RETURNED,
    NeedState.DISTRICT_CHECK,
    NeedState.FORMAL_CHECK,
    NeedState.VALIDATION,
    NeedState.ACCEPTED,
)
MOST_COMPARED = 1000
SIMILAR_SHOWN = 5
MOST_REACHED = 200
# A text of a few words shares half of them with anything of its field.
FEW_WORDS = 30


@dataclass(frozen=True, slots=True)
class Similar:
    challenge: Challenge
    percent: int
    is_duplicate: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """How many solvers would be ranked, how many fit so well that they are told; ``band`` of these, none to many."""

    considered: int
    fitting: int
    told: int
    band: str
    uncovered: list[str]


@dataclass(frozen=True, slots=True)
class Outlook:
    similar: list[Similar]
    reached: Reached
    remarks: list[Remark]


def may_foresee(need: Need) -> Verdict:
    """Whoever may see the need, while it can still be changed or turned back."""
    if need.state in BEFORE_POSTING:
        return ALLOWED
    return refused(_("当前状态为“%(state)s”，不再需要发榜前参考", state=need.state.label))


def outlook_of(need: Need) -> Outlook:
    rules = rules_of(need)
    return Outlook(similar_challenges(need, rules), reach(need, rules), remarks_on(need, rules))


def reach(need: Need, rules: Rules) -> Reached:
    """Counted among who takes part now and does not belong to the firm."""
    ranking = engine.foresee(need, MOST_REACHED)
    fitting = [ranked for ranked in ranking.solvers if ranked.score * 100 >= rules.match_threshold]
    free = set(
        db.session.scalars(
            select(Solver.id).where(
                Solver.id.in_([ranked.solver_id for ranked in fitting]),
                MATCHABLE,
                func.coalesce(Solver.organisation_id, 0) != need.organisation_id,
            )
        )
    )
    scores = [ranked.score * 100 for ranked in fitting if ranked.solver_id in free]
    told = sum(score >= rules.suggestion_threshold for score in scores)
    praise = {*rules.soft_words, *rules.vague_words}
    uncovered = [word for word in ranking.uncovered if word not in praise]
    return Reached(ranking.considered, len(scores), told, _band(told, rules), uncovered)


def _band(count: int, rules: Rules) -> str:
    if count == 0:
        return "none"
    if count < rules.reach_few:
        return "few"
    return "many" if count >= rules.reach_many else "some"


def similar_challenges(need: Need, rules: Rules) -> list[Similar]:
    """Posted challenges, ended ones too, that resemble the need, most alike first."""
    rows = db.session.execute(
        public_challenges()
        .join(
            ChallengeVersion,
            (ChallengeVersion.challenge_id == Challenge.id) & (ChallengeVersion.number == Challenge.version),
        )
        .where(Challenge.need_id != need.id)
        .with_only_columns(
            Challenge.id, ChallengeVersion.title, ChallengeVersion.background, ChallengeVersion.content,
            ChallengeVersion.deliverables, ChallengeVersion.indicators,
        )
        .order_by(Challenge.posted_at.desc(), Challenge.id.desc())
        .limit(MOST_COMPARED)
    ).all()  # fmt: skip
    title, text = words_of(need.title), _text_words(need)
    scored = sorted(
        ((max(_share(title, words_of(row.title)), _text_share(text, _text_words(row))), row.id) for row in rows),
        reverse=True,
    )[:SIMILAR_SHOWN]
    wanted = {row_id: percent for percent, row_id in scored if percent >= rules.similar_threshold}
    found = {row.id: row for row in db.session.scalars(select(Challenge).where(Challenge.id.in_(wanted)))}
    return [Similar(found[row_id], percent, percent >= rules.duplicate_threshold) for row_id, percent in wanted.items()]


def _text_words(problem: Any) -> set[str]:
    """Of anything with the public columns of ProblemContent."""
    names = [str(row.get("name") or "") for row in problem.indicators]
    return words_of("\n".join((problem.title, problem.background, problem.content, *problem.deliverables, *names)))


def _text_share(one: set[str], other: set[str]) -> int:
    return _share(one, other) if min(len(one), len(other)) >= FEW_WORDS else 0


def _share(one: set[str], other: set[str]) -> int:
    """Shared share in percent (Dice), as needs.checks.likeness reckons."""
    return 200 * len(one & other) // (len(one) + len(other)) if one and other else 0
