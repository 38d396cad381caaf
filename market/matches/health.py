"""匹配质量: numbers on how well the matcher serves the open challenges. Each says how it is computed and has its rows.

Contracts and bids stand above or beside this room: their tables are named, the classes not imported. Of bids nothing
is counted before the opening of their challenge: until then it is nobody's to know whether there are any.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from market import clock
from market.challenges.models import Challenge, ChallengeState
from market.database import Base, db
from market.errors import NotFound
from market.matches import engine
from market.matches.models import Candidate, CandidateVerdict, ChallengeInvitation, Judgement, MatchRun
from market.matches.policies import MATCHABLE
from market.programmes.queries import rules_of
from market.solvers.models import Solver
from market.solvers.queries import FEW_WORDS, shown_name, solvers_to_manage

WINDOW = timedelta(days=365)
TOP = 10
RANKS = ((1, 1), (2, 3), (4, 5), (6, 10), (11, 20), (21, 10_000))
ROWS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Cell:
    text: Any
    url: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One figure. ``how``: its computation in a sentence; ``total``: how many rows there are, shown or not."""

    key: str
    title: str
    value: str
    how: str
    columns: tuple[str, ...] = ()
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    total: int = 0
    tone: str = ""


def parts() -> list[Part]:
    return [compute() for compute in PARTS.values()]


def part_of(key: str) -> Part:
    """Raises NotFound."""
    if key not in PARTS:
        raise NotFound(_("没有这项指标"))
    return PARTS[key]()


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%" if whole else "—"


def gini(counts: Sequence[int]) -> float | None:
    """0 when all have the same, towards 1 when one has everything: Σ(2i − n − 1)xᵢ / (n Σx), x ascending."""
    ordered, total = sorted(counts), sum(counts)
    if not total:
        return None
    n = len(ordered)
    return sum((2 * i - n - 1) * x for i, x in enumerate(ordered, start=1)) / (n * total)


def _candidates_cell(challenge: Challenge) -> Cell:
    return Cell(f"{challenge.code} {challenge.title}", f"/challenges/{challenge.code}/candidates")


def _solver_cell(solver: Solver) -> Cell:
    return Cell(shown_name(solver), f"/solvers/{solver.id}")


def _open() -> Select[Any]:
    return (
        select(Challenge)
        .where(Challenge.state == ChallengeState.POSTED, Challenge.bid_deadline > clock.now())
        .options(joinedload(Challenge.rules))
        .order_by(Challenge.bid_deadline, Challenge.id)
    )


def _since() -> datetime:
    return clock.now() - WINDOW


# ---------- coverage, profiles ----------


def coverage() -> Part:
    challenges = db.session.scalars(_open()).all()
    scores: dict[int, list[float]] = {challenge.id: [] for challenge in challenges}
    query = (
        select(Candidate.challenge_id, Candidate.score)
        .join(Solver, Solver.id == Candidate.solver_id)
        .join(Challenge, Challenge.id == Candidate.challenge_id)
        .where(
            Candidate.challenge_id.in_(scores),
            MATCHABLE,
            func.coalesce(Solver.organisation_id, 0) != Challenge.organisation_id,
        )
    )
    for challenge_id, score in db.session.execute(query):
        scores[challenge_id].append(score * 100)
    rows, covered = [], 0
    for challenge in challenges:
        rules = rules_of(challenge)
        enough = sum(score >= rules.match_threshold for score in scores[challenge.id])
        covered += enough >= rules.match_cover_least
        best = max(scores[challenge.id], default=0)
        rows.append(
            (enough, (_candidates_cell(challenge), Cell(enough), Cell(rules.match_cover_least), Cell(f"{best:.0f}")))
        )
    return Part(
        "coverage",
        _("匹配充分的榜单"),
        percent(covered, len(challenges)),
        _(
            "揭榜中的 %(n)d 个榜单里，达到推荐最低匹配度的候选不少于规则所定个数的占比（发榜方自己的团队不算）",
            n=len(challenges),
        ),
        (_("榜单"), _("够格的候选"), _("规则要求"), _("最高匹配度")),
        [row for _enough, row in sorted(rows, key=lambda pair: pair[0])][:ROWS_SHOWN],
        len(rows),
        "seal" if covered < len(challenges) else "",
    )


def _profiles(show: str, key: str, title: str, how: str) -> Part:
    query = solvers_to_manage(show).where(MATCHABLE)
    everybody = db.session.scalar(select(func.count()).select_from(Solver).where(MATCHABLE)) or 0
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    rows = [
        (_solver_cell(solver), Cell(solver.lead.name), Cell(_day(solver.refreshed_at or solver.created_at)))
        for solver in db.session.scalars(query.limit(ROWS_SHOWN)).unique()
    ]
    value = f"{total} / {everybody}"
    return Part(key, title, value, how, (_("揭榜方"), _("负责人"), _("更新于")), rows, total)


def empty_profiles() -> Part:
    how = _("参与匹配的揭榜方中，没有任何成果且简介不足 %(n)d 字的个数：没有可比对的内容", n=FEW_WORDS)
    return _profiles("empty", "empty", _("空白资料"), how)


def stale_profiles() -> Part:
    how = _("参与匹配的揭榜方中，一年以上没有更新过公开资料的个数")
    return _profiles("stale", "stale", _("陈旧资料"), how)


def _day(moment: datetime | None) -> str:
    return f"{clock.local(moment):%Y-%m-%d}" if moment else "—"


# ---------- concentration ----------


def concentration() -> Part:
    ids = db.session.scalars(select(Solver.id).where(MATCHABLE)).all()
    listed, invited = _per_solver(Candidate), _per_solver(ChallengeInvitation)
    top = sorted(ids, key=lambda solver_id: (-listed[solver_id], -invited[solver_id], solver_id))[:ROWS_SHOWN]
    solvers = {row.id: row for row in db.session.scalars(select(Solver).where(Solver.id.in_(top)))}
    spread = gini([listed[solver_id] for solver_id in ids])
    facts = {
        "n": TOP,
        "listed": percent(_of_top(listed), sum(listed.values())),
        "invited": percent(_of_top(invited), sum(invited.values())),
        "all": len(ids),
    }
    return Part(
        "concentration",
        _("集中程度（基尼系数）"),
        "—" if spread is None else f"{spread:.2f}",
        _(
            "一年内发布的榜单：入选候选次数在 %(all)d 个参与匹配的揭榜方间的基尼系数（0 为人人一样，1 为全归一家）；"
            "最多的 %(n)d 家占候选的 %(listed)s、占邀请的 %(invited)s",
            **facts,
        ),
        (_("揭榜方"), _("入选候选"), _("收到邀请")),
        [(_solver_cell(solvers[i]), Cell(listed[i]), Cell(invited[i])) for i in top if listed[i] or invited[i]],
        sum(1 for i in ids if listed[i] or invited[i]),
    )


def _per_solver(model: type[Candidate] | type[ChallengeInvitation]) -> Counter[int]:
    query = (
        select(model.solver_id, func.count())
        .join(Challenge, Challenge.id == model.challenge_id)
        .join(Solver, Solver.id == model.solver_id)
        .where(MATCHABLE, Challenge.posted_at >= _since())
        .group_by(model.solver_id)
    )
    return Counter({row[0]: row[1] for row in db.session.execute(query)})


def _of_top(counts: Counter[int]) -> int:
    return sum(count for _solver_id, count in counts.most_common(TOP))


# ---------- what came of it ----------


def bids_of_invited() -> Part:
    bid, opening = Base.metadata.tables["bid"], Base.metadata.tables["opening"]
    made = (
        select(bid.c.id)
        .where(
            bid.c.challenge_id == ChallengeInvitation.challenge_id,
            bid.c.solver_id == ChallengeInvitation.solver_id,
            bid.c.submitted_at.is_not(None),
            bid.c.state != "withdrawn",
        )
        .exists()
    )
    query = (
        select(ChallengeInvitation, made.label("made"))
        .join(Challenge, Challenge.id == ChallengeInvitation.challenge_id)
        .join(opening, opening.c.challenge_id == Challenge.id)
        .where(opening.c.opened_at.is_not(None), Challenge.posted_at >= _since())
        .options(joinedload(ChallengeInvitation.challenge), joinedload(ChallengeInvitation.solver))
        .order_by(ChallengeInvitation.created_at.desc(), ChallengeInvitation.id.desc())
    )
    found = db.session.execute(query).all()
    rows = [
        (
            _candidates_cell(row.challenge),
            _solver_cell(row.solver),
            Cell(row.state.label),
            Cell(_("是") if made else _("否")),
        )
        for row, made in found[:ROWS_SHOWN]
    ]
    return Part(
        "bids",
        _("受邀后揭榜"),
        percent(sum(made for _row, made in found), len(found)),
        _("一年内发布且已开启投递的榜单发出的 %(n)d 份邀请中，受邀方提交了揭榜书的占比；开启之前不统计", n=len(found)),
        (_("榜单"), _("揭榜方"), _("答复"), _("提交揭榜书")),
        rows,
        len(found),
    )


def approved_by_rank() -> Part:
    query = (
        select(Judgement, Challenge, Solver)
        .join(Challenge, Challenge.id == Judgement.challenge_id)
        .join(Solver, Solver.id == Judgement.solver_id)
        .where(
            Judgement.verdict != CandidateVerdict.PENDING,
            Judgement.judged_at >= _since(),
            Judgement.rank.is_not(None),
        )
        .order_by(Judgement.rank, Judgement.id)
    )
    found = db.session.execute(query).all()
    good = sum(row.verdict is CandidateVerdict.APPROVED for row, _c, _s in found)
    groups = []
    for first, last in RANKS:
        judged = [row for row, _c, _s in found if first <= (row.rank or 0) <= last]
        if judged:
            hits = sum(row.verdict is CandidateVerdict.APPROVED for row in judged)
            groups.append(f"{_span(first, last)} {percent(hits, len(judged))}（{hits}/{len(judged)}）")
    return Part(
        "ranks",
        _("工作人员同意的比例"),
        percent(good, len(found)),
        _(
            "一年内判断过的 %(n)d 个候选中同意邀请的占比；按判断时的名次：%(groups)s",
            n=len(found),
            groups=_("；").join(groups) or "—",
        ),
        (_("名次"), _("榜单"), _("揭榜方"), _("判断"), _("理由"), _("当时匹配度")),
        [
            (
                Cell(row.rank),
                _candidates_cell(challenge),
                _solver_cell(solver),
                Cell(row.verdict.label),
                Cell(row.refusal_reason.label if row.refusal_reason else "—"),
                Cell(f"{row.score * 100:.0f}"),
            )
            for row, challenge, solver in found[:ROWS_SHOWN]
        ],
        len(found),
    )


def _span(first: int, last: int) -> str:
    if first == last:
        return _("第 %(n)d 名", n=first)
    return (
        _("第 %(first)d–%(last)d 名", first=first, last=last) if last < 1000 else _("第 %(first)d 名以后", first=first)
    )


def uncovered_terms() -> Part:
    query = select(MatchRun, Challenge).join(Challenge, Challenge.id == MatchRun.challenge_id)
    query = query.where(Challenge.state == ChallengeState.POSTED, Challenge.bid_deadline > clock.now())
    places: dict[str, list[Challenge]] = {}
    for run, challenge in db.session.execute(query.order_by(Challenge.id)):
        for term in run.uncovered_terms:
            places.setdefault(term, []).append(challenge)
    ordered = sorted(places.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return Part(
        "uncovered",
        _("没有候选覆盖的词"),
        str(len(ordered)),
        _("揭榜中榜单的公开文本里，候选名单上没有任何一方的资料出现、又有专业含义的词（去掉各行业通用的词）"),
        (_("词"), _("榜单数"), _("例如")),
        [(Cell(term), Cell(len(found)), _candidates_cell(found[0])) for term, found in ordered[:ROWS_SHOWN]],
        len(ordered),
    )


def drift() -> Part:
    state = engine.state()
    if state is None:
        return Part("drift", _("索引漂移"), "—", _("还没有建立匹配索引：有揭榜方公开资料并匹配过一次之后才有"))
    facts = [
        (_("索引中的揭榜方"), state.profiles, _("现在参与比对的资料份数")),
        (_("等待更新的资料"), state.behind, _("数据库中已改、索引还没有跟上的份数；后台进程会在一分钟内跟上")),
        (_("上次整体建立后变动的资料"), state.changed, _("超过当时的五分之一时自动重新建立")),
        (_("当时的文献数"), state.drift.texts_then, _("词的稀有程度按当时的文献计算并固定")),
        (_("现在的文献数"), state.drift.texts_now, ""),
        (_("新出现的词"), state.drift.new_terms, _("当时没有见过的词")),
        (_("新词占用词的比例"), f"{state.drift.new_share:.1%}", ""),
        (_("稀有程度的平均偏移"), f"{state.drift.idf_shift:.3f}", _("固定值与按今天文献重算的值之差，按出现次数加权")),
        (_("增量段"), state.drift.segments, _("每次更新增加一段，重新建立时合并")),
    ]
    return Part(
        "drift",
        _("索引漂移"),
        f"{state.drift.idf_shift:.3f}",
        _("词的稀有程度自上次整体建立索引以来的平均偏移（自然对数，按出现次数加权）；接近 0 说明不必重建"),
        (_("项目"), _("数值"), _("说明")),
        [(Cell(name), Cell(value), Cell(note)) for name, value, note in facts],
        len(facts),
    )


PARTS: dict[str, Callable[[], Part]] = {
    "coverage": coverage,
    "bids": bids_of_invited,
    "ranks": approved_by_rank,
    "concentration": concentration,
    "uncovered": uncovered_terms,
    "empty": empty_profiles,
    "stale": stale_profiles,
    "drift": drift,
}
