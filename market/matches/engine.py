"""The one adapter of the matching library: public texts in, ranked solvers with reasons out.

The fitted matcher is a cache in ``instance/matcher``; ``versions.json`` beside it says which profile versions it holds,
so that bringing it up to date is a comparison with the database and may happen any number of times.
"""

import json
import re
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.challenges.models import Challenge, ChallengeVersion
from market.database import db
from market.matches.policies import MATCHABLE
from market.solvers.models import Achievement, Solver
from market.solvers.queries import achievements_by_solver

log = structlog.get_logger()

# The weights of words are frozen at the fit: when a fifth of the profiles has changed since, fit anew.
REFIT_SHARE = 5
BATCH = 500
UNCOVERED_MOST = 12
_CHINESE = re.compile(r"([\u3400-\u9fff]+)")
# Parts of speech: nouns, verbs used as such, adjectives, fixed phrases. Numbers, adverbs and particles name nothing.
_NAMING = "nvalb"


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


def _need(version: ChallengeVersion) -> Any:
    """What everybody may read of the problem; the confidential part stays out."""
    from matching import Need

    indicators = [" ".join(str(i.get(key) or "") for key in ("name", "unit", "method")) for i in version.indicators]
    texts = [version.background, version.content, *version.deliverables, *indicators]
    return Need(str(version.challenge_id), version.title, "\n".join(text for text in texts if text))


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
    stamp = f"{max(true.values(), default=0)}-{len(true)}-{(int(held.stamp.split('-')[-1]) + 1) if held else 1}"
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
    need = _need(version)
    ranking = held.matcher.rank(need, limit=limit)
    found = [_ranked(match) for match in ranking]
    ids = {ranked.solver_id for ranked in found}
    for solver_id in also:
        if solver_id not in ids and str(solver_id) in held.matcher:
            found.append(_ranked(held.matcher.explain(need, str(solver_id))))
    return Ranking(len(held.matcher), found, _whole_words(f"{need.title}\n{need.text}", ranking.uncovered))


def _whole_words(text: str, pieces: Iterable[str]) -> list[str]:
    """The words of the text that stand in the pieces, heaviest piece first; Chinese pieces may be cut inside a word.

    Of Chinese, words of the dictionary that name something; Latin words, formulae and standards are whole already.
    """
    import rjieba  # 0.15 s to load its dictionary: not at start-up.

    tagged = [(word, tag) for word, tag in rjieba.tag(text) if len(word) > 1 and _CHINESE.fullmatch(word)]
    # What the dictionary does not know was guessed from its characters: 自研后.
    words = [word for word, tag in tagged if tag[0] in _NAMING and rjieba.has_word(word)]
    found: dict[str, None] = {}
    for run in (run for piece in pieces for run in _CHINESE.split(piece)):
        if _CHINESE.fullmatch(run):
            found.update((word, None) for word in words if word in run)
        elif len(plain := run.strip(" -/,.;:()%")) > 1 and any(letter.isalpha() for letter in plain):
            found.setdefault(plain)
    return list(found)[:UNCOVERED_MOST]


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
