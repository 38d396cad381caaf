"""The one adapter of the matching library: public texts in, ranked solvers with reasons out.

The fitted matcher is a cache in ``instance/matcher``; ``versions.json`` beside it says which profile versions it holds,
so that bringing it up to date is a comparison with the database and may happen any number of times.
"""

import hashlib
import json
import shutil
from collections.abc import Collection, Iterable, Sequence
from configparser import ConfigParser
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from market import clock
from market.challenges.models import Challenge, ChallengeVersion
from market.database import db
from market.errors import InvalidInput
from market.matches.policies import MATCHABLE
from market.matches.vocabulary import telling_words
from market.needs.content import ProblemContent
from market.settings import ROOT
from market.solvers.models import Achievement, Solver
from market.solvers.queries import achievements_by_solver

log = structlog.get_logger()

# The weights of words are frozen at the fit: when a fifth of the profiles has changed since, fit anew.
REFIT_SHARE = 5
BATCH = 500
FORESEEN_CLOSELY = 20
GAUGED = 100
MEASURES = ("ndcg@10", "mrr", "r@10", "p@5", "p@10")
WHOLLY = 0.99


@dataclass(frozen=True, slots=True)
class Ranked:
    """One solver: score and coverage in [0, 1], reasons as plain data."""

    solver_id: int
    score: float
    coverage: float
    reasons: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Ranking:
    considered: int = 0
    solvers: list[Ranked] = field(default_factory=list)
    uncovered: list[str] = field(default_factory=list)
    matcher: str = ""
    """Its stamp."""


@dataclass(slots=True)
class _Loaded:
    stamp: str
    matcher: Any
    versions: dict[str, int]
    fitted: int
    """Profiles at the fit."""
    changed: int
    """Profiles changed since."""


_loaded: dict[Path, _Loaded] = {}


def folder() -> Path:
    return Path(current_app.instance_path) / "matcher"


def _profile(solver: Solver, documents: Iterable[Achievement]) -> Any:
    from matching import Document, Profile

    return Profile(
        id=str(solver.id),
        keywords=(*solver.directions, *solver.keywords),
        bio="\n".join(text for text in (solver.profile_zh, solver.profile_en) if text),
        documents=tuple(Document(d.title, d.abstract, tuple(d.keywords), d.year) for d in documents),
    )


def _profiles(session: Session, ids: Collection[int]) -> list[Any]:
    found: list[Any] = []
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        part = ordered[start : start + BATCH]
        works = achievements_by_solver(part)
        query = select(Solver).where(Solver.id.in_(part), MATCHABLE).order_by(Solver.id)
        found += [_profile(solver, works[solver.id]) for solver in session.scalars(query)]
    return found


def _need(number: str, problem: ProblemContent) -> Any:
    """What everybody may read of the problem, once posted; the confidential part stays out."""
    from matching import Need

    indicators = [" ".join(str(i.get(key) or "") for key in ("name", "unit", "method")) for i in problem.indicators]
    texts = [problem.background, problem.content, *problem.deliverables, *indicators]
    return Need(number, problem.title, "\n".join(text for text in texts if text))


def _load() -> _Loaded | None:
    """The matcher of this installation, from memory when the files are those read last."""
    from matching import Matcher, MatchingError

    place = folder()
    try:
        kept = json.loads((place / "versions.json").read_text())
        held = _loaded.get(place)
        if held is None or held.stamp != kept["stamp"]:
            matcher = Matcher.load(place / "index")
            _loaded[place] = _Loaded(kept["stamp"], matcher, kept["versions"], kept["fitted"], kept["changed"])
        return _loaded[place]
    except (OSError, ValueError, KeyError, MatchingError) as problem:
        if place.exists():
            log.warning("matcher.unusable", error=repr(problem))
        _loaded.pop(place, None)
        return None


def _save(held: _Loaded) -> None:
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    held.matcher.save(place / "index")
    # Written last and moved into place: a crash before it only means that the same profiles are read again.
    fresh = place / "versions.new"
    values = {"stamp": held.stamp, "versions": held.versions, "fitted": held.fitted, "changed": held.changed}
    fresh.write_text(json.dumps(values))
    fresh.rename(place / "versions.json")
    _loaded[place] = held


def synchronise() -> bool:
    """Bring the matcher to the profiles that may be matched now; True when anything changed. For the worker only."""
    session = db.session()
    rows = session.execute(select(Solver.id, Solver.lock).where(MATCHABLE).order_by(Solver.id))
    true = {str(row.id): row.lock for row in rows}
    held = _load()
    kept = held.versions if held else {}
    changed = [int(key) for key, version in true.items() if kept.get(key) != version]
    removed = [key for key in kept if key not in true]
    if held is not None and not changed and not removed:
        return False
    # A matcher made anew must not bear the stamp of one before it: rankings and other processes compare them.
    number = int(held.stamp.split("-")[-1]) + 1 if held else int(clock.now().timestamp() * 1000)
    stamp = f"{max(true.values(), default=0)}-{len(true)}-{number}"
    since = (held.changed if held else 0) + len(changed) + len(removed)
    if held is None or since * REFIT_SHARE > held.fitted:
        held = _fit(session, stamp, true)
    else:
        held.matcher.update(_profiles(session, changed), removed=[key for key in removed if key in held.matcher])
        held = _Loaded(stamp, held.matcher, true, held.fitted, since)
    if held is None:
        shutil.rmtree(folder(), ignore_errors=True)
        _loaded.pop(folder(), None)
    else:
        _save(held)
    return True


def stamp() -> str:
    """Names the matcher as it stands; it changes whenever a profile was taken in or out. "" while nobody is in it."""
    held = _load()
    return held.stamp if held else ""


def _fit(session: Session, stamp: str, true: dict[str, int]) -> _Loaded | None:
    from matching import Matcher, MatchingError

    try:
        matcher = Matcher.fit(_profiles(session, [int(key) for key in true]))
    except MatchingError:
        # Nobody is registered yet, or nobody wrote a word.
        return None
    return _Loaded(stamp, matcher, true, len(true), 0)


def rank_solvers(challenge: Challenge, limit: int, also: Sequence[int] = ()) -> Ranking:
    """The best ``limit`` solvers for the public text of the challenge, then those of ``also`` not among them."""
    version = db.session.scalar(
        select(ChallengeVersion).where(
            ChallengeVersion.challenge_id == challenge.id, ChallengeVersion.number == challenge.version
        )
    )
    held = _load()
    if held is None or version is None:
        return Ranking()
    need = _need(str(challenge.id), version)
    ranking = held.matcher.rank(need, limit=limit)
    found = [_ranked(match) for match in ranking]
    ids = {ranked.solver_id for ranked in found}
    for solver_id in also:
        if solver_id not in ids and str(solver_id) in held.matcher:
            found.append(_ranked(held.matcher.explain(need, str(solver_id))))
    return Ranking(len(held.matcher), found, _untold(held.matcher, need, ranking), held.stamp)


def foresee(problem: ProblemContent, limit: int) -> Ranking:
    """The scores a text not yet posted would get, without reasons, and its words that the best do not cover.

    Reads the matcher as it stands; keeps and logs nothing of the text.
    """
    held = _load()
    need = _need("", problem)
    if held is None or not (need.title + need.text).strip():
        return Ranking(len(held.matcher) if held else 0)
    scored = held.matcher.rank_many([need], limit=limit)[0]
    pieces = held.matcher.rank(need, limit=FORESEEN_CLOSELY).uncovered
    # The background tells a story in everyday words; what is asked for is said elsewhere.
    asked = [problem.title, problem.content, *problem.deliverables, *(str(i.get("name")) for i in problem.indicators)]
    words = telling_words("\n".join(asked), pieces, _is_technical, lambda word: _is_covered(held.matcher, word))
    found = [Ranked(int(match.profile_id), float(match.score), 0.0, []) for match in scored]
    return Ranking(len(held.matcher), found, words)


def _is_covered(matcher: Any, word: str, among: Collection[str] | None = None) -> bool:
    """Some profile (``among`` these) has the whole word: a piece nobody covers may hold a word that many do."""
    from matching import Need

    return any(match.coverage > WHOLLY for match in matcher.rank(Need("", word), limit=3, among=among))


def _untold(matcher: Any, need: Any, ranking: Any) -> list[str]:
    """The need's words that nobody on the list covers, as people should read them."""
    ids = [match.profile_id for match in ranking]
    text = f"{need.title}\n{need.text}"
    return telling_words(text, ranking.uncovered, _is_technical, lambda word: _is_covered(matcher, word, ids))


def _is_technical(word: str) -> bool:
    from matching import shipped

    return word.lower() in _glossary_text(shipped())


@lru_cache(maxsize=1)
def _glossary_text(glossary: Any) -> str:
    return "\n".join(member.lower() for members in glossary.groups for member in members)


def _ranked(match: Any) -> Ranked:
    reasons = [
        {
            "term": reason.term,
            "weight": round(float(reason.weight), 4),
            "document": reason.document,
            "field": reason.field,
            "snippet": reason.snippet,
            "via": reason.via,
        }
        for reason in match.reasons
    ]
    return Ranked(int(match.profile_id), float(match.score), float(match.coverage), reasons)


# ---------- the library looked at from outside ----------


@dataclass(frozen=True, slots=True)
class State:
    """``changed``: profiles since the fit; ``behind``: changed in the database and not yet here; ``drift``: a Drift."""

    profiles: int
    changed: int
    behind: int
    drift: Any


def state() -> State | None:
    """None when nothing is fitted yet."""
    held = _load()
    if held is None:
        return None
    true = {str(row.id): row.lock for row in db.session.execute(select(Solver.id, Solver.lock).where(MATCHABLE))}
    behind = sum(held.versions.get(key) != lock for key, lock in true.items()) + len(held.versions.keys() - true.keys())
    return State(len(held.matcher), held.changed, behind, held.matcher.drift())


@dataclass(frozen=True, slots=True)
class Measures:
    """``measures``: name → (value, low, high) with a 95 % interval over needs."""

    profiles: int
    needs: int
    measures: dict[str, tuple[float, float, float]]


def measure(folder: Path) -> Measures:
    """Rank the judged needs of ``folder`` anew and compare. Raises InvalidInput when it holds no judged set."""
    from matching import Matcher, MatchingError, evaluate, read_experts, read_queries

    try:
        profiles, needs = list(read_experts(folder / "experts.jsonl")), list(read_queries(folder / "queries.jsonl"))
        rankings = Matcher.fit(profiles).rank_many(needs, GAUGED)
        run = {
            need.id: {match.profile_id: match.score for match in found}
            for need, found in zip(needs, rankings, strict=True)
        }
        found = evaluate(folder, run)
    except MatchingError as problem:
        raise InvalidInput(str(problem)) from problem
    return Measures(len(profiles), len(needs), {name: found[name] for name in MEASURES if name in found})


def library_version() -> str:
    """Of the installed package; a source tree is run without being installed and says it in setup.cfg."""
    try:
        return version("jiebang")
    except PackageNotFoundError:
        source = ConfigParser()
        source.read(ROOT / "setup.cfg", encoding="utf-8")
        return source["metadata"]["version"]


@lru_cache(maxsize=1)
def library_fingerprint() -> str:
    """Changes when the library's code or glossary does: says whether a measurement is of what runs."""
    home = Path(str(files("matching")))
    digest = hashlib.sha256()
    for path in sorted([*home.glob("*.py"), *home.glob("*.tsv"), *(home / "stopwords").glob("*")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]
