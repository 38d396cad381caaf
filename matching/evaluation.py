"""The field's measures for a ranking, and the plain files they are read from.

A folder holds ``experts.jsonl``, ``queries.jsonl``, ``qrels.tsv`` and ``meta.json``; a run is a TSV of query, expert,
score. Mode ``judged``: the weighted Kendall loss of Stelmakh et al. 2023 (arXiv 2303.16750) over pairs that share an
expert or a query. Mode ``full``: MRR, recall, nDCG (gain 2^g - 1, Järvelin & Kekäläinen 2002), precision.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from matching.errors import InvalidInput
from matching.types import Document, Need, Profile

Scores = dict[str, dict[str, float]]
FULL_MEASURES = ("mrr", "r@1", "r@10", "r@50", "ndcg@10", "p@5", "p@10")
JUDGED_MEASURES = ("loss", "acc", "easy", "hard")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from error


def _records(path: Path) -> Iterator[tuple[int, dict]]:
    for number, line in _lines(path):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise InvalidInput(f"{path}, line {number}: no valid JSON: {error}") from error
        if not isinstance(record, dict):
            raise InvalidInput(f"{path}, line {number}: expected a JSON object")
        yield number, record


def _year(value: object) -> int | None:
    try:
        return int(str(value)[:4])
    except ValueError:
        return None


def read_experts(path: Path) -> Iterator[Profile]:
    """The profiles of ``experts.jsonl``. Raises InvalidInput naming file and line."""
    for number, record in _records(path):
        try:
            documents = [
                Document(d.get("title") or "", d.get("abstract") or "", d.get("keywords") or (), _year(d.get("year")))
                for d in record.get("docs") or ()
            ]
            profile = Profile(str(record["id"]), record.get("keywords") or (), record.get("bio") or "", documents)
        except (KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(f"{path}, line {number}: not a profile ({error!r})") from error
        yield profile


def read_queries(path: Path) -> Iterator[Need]:
    """The needs of ``queries.jsonl``. Raises InvalidInput naming file and line."""
    for number, record in _records(path):
        if "id" not in record:
            raise InvalidInput(f"{path}, line {number}: a query needs an id")
        yield Need(str(record["id"]), record.get("title") or "", record.get("text") or "", record.get("lang"))


def read_scores(path: Path, header: bool) -> Scores:
    """query → expert → number, of qrels (with header) or of a run. Raises InvalidInput."""
    scores: Scores = defaultdict(dict)
    for number, line in _lines(path):
        parts = line.split("\t")
        if (header and number == 1) or parts[0] == "query_id":
            continue
        try:
            query, expert, value = parts
            score = float(value)
        except ValueError as error:
            raise InvalidInput(f"{path}, line {number}: expected query, expert and a number") from error
        if math.isnan(score) or expert in scores[query]:
            raise InvalidInput(f"{path}, line {number}: {'not a number' if math.isnan(score) else 'a pair twice'}")
        scores[query][expert] = score
    return dict(scores)


def judged_units(qrels: Scores, run: Scores, by_expert: bool) -> np.ndarray:
    """float64 [units, 8]: per expert or query: loss, its maximum, right, pairs, easy right, easy, hard right, hard."""
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for query, grades in qrels.items():
        for expert, grade in grades.items():
            groups[expert if by_expert else query].append((grade, run.get(query, {}).get(expert, -math.inf)))
    return np.array([_judged_unit(pairs) for pairs in groups.values()], float).reshape(-1, 8)


def _judged_unit(pairs: list[tuple[float, float]]) -> list[float]:
    unit = [0.0] * 8
    for (g1, s1), (g2, s2) in itertools.combinations(pairs, 2):
        if g1 == g2:
            continue
        weight, low, high = abs(g1 - g2), min(g1, g2), max(g1, g2)
        right = s1 != s2 and (s1 > s2) == (g1 > g2)
        unit[0] += weight / 2 if s1 == s2 else (0 if right else weight)
        unit[1] += weight
        for place, counts in ((2, True), (4, high >= 4 and low <= 2), (6, low >= 4)):
            unit[place] += counts and right
            unit[place + 1] += counts
    return unit


def judged_measures(units: np.ndarray) -> dict[str, float]:
    """Loss and accuracies over all units; nan where there is no pair."""
    total = units.sum(axis=0)
    return {name: float(total[i]) / float(total[i + 1]) if total[i + 1] else math.nan
            for i, name in zip((0, 2, 4, 6), JUDGED_MEASURES, strict=True)}  # fmt: skip


def full_units(qrels: Scores, run: Scores) -> np.ndarray:
    """float64 [queries, 7]: FULL_MEASURES per query; equal scores are ordered by a hash of the id, so that a constant
    run earns nothing from the order of a file."""
    return np.array([_full_unit(grades, run.get(query, {})) for query, grades in sorted(qrels.items())], float)


def _full_unit(grades: dict[str, float], scores: dict[str, float]) -> list[float]:
    order = sorted(scores, key=lambda e: (-scores[e], hashlib.md5(e.encode(), usedforsecurity=False).hexdigest()))
    top = max(grades.values())
    best = {expert for expert, grade in grades.items() if grade == top}
    reciprocal = next((1 / (i + 1) for i, expert in enumerate(order) if expert in best), 0.0)
    recalls = [len(best & set(order[:k])) / len(best) for k in (1, 10, 50)]
    precisions = [sum(grades.get(expert, 0) >= 1 for expert in order[:k]) / k for k in (5, 10)]
    return [reciprocal, *recalls, ndcg([grades.get(e, 0) for e in order[:10]], list(grades.values())), *precisions]


def ndcg(found: list[float], available: list[float], depth: int = 10) -> float:
    """Normalised discounted cumulative gain of grades in ranked order against the best order there is."""

    def gain(grades: list[float]) -> float:
        return sum((2**grade - 1) / math.log2(i + 2) for i, grade in enumerate(grades[:depth]))

    ideal = gain(sorted(available, reverse=True))
    return gain(found) / ideal if ideal else 0.0


def full_measures(units: np.ndarray) -> dict[str, float]:
    return dict(zip(FULL_MEASURES, units.mean(axis=0).tolist(), strict=True))


def _units(folder: Path, run: Scores) -> tuple[np.ndarray, Callable[[np.ndarray], dict[str, float]]]:
    """The run's units and the function that measures them. Raises InvalidInput."""
    qrels = read_scores(folder / "qrels.tsv", header=True)
    try:
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{folder / 'meta.json'} cannot be read: {error}") from error
    if meta.get("mode") == "judged":
        units, measure = judged_units(qrels, run, meta.get("centric") == "expert"), judged_measures
    else:
        units, measure = full_units(qrels, run), full_measures
    if not len(units):
        raise InvalidInput(f"{folder / 'qrels.tsv'} holds no judgement")
    return units, measure


def evaluate(folder: Path, run: Scores, boot: int = 1000, seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """Measure → (value, low, high) with a 95 % bootstrap interval over experts or queries. Raises InvalidInput."""
    units, measure = _units(folder, run)
    draw = np.random.default_rng(seed)
    samples = [measure(units[draw.integers(0, len(units), len(units))]) for _ in range(boot)]
    return _intervals(measure(units), samples)


def compare(folder: Path, run: Scores, other: Scores, boot: int = 1000, seed: int = 0
            ) -> dict[str, tuple[float, float, float]]:  # fmt: skip
    """Measure → (difference run - other, low, high), both runs measured on the same samples: much narrower than the
    intervals of the two runs apart. Raises InvalidInput."""
    (units, measure), (others, _) = _units(folder, run), _units(folder, other)

    def difference(chosen: np.ndarray) -> dict[str, float]:
        here, there = measure(units[chosen]), measure(others[chosen])
        return {name: here[name] - there[name] for name in here}

    draw = np.random.default_rng(seed)
    samples = [difference(draw.integers(0, len(units), len(units))) for _ in range(boot)]
    return _intervals(difference(np.arange(len(units))), samples)


def _intervals(values: dict[str, float], samples: list[dict[str, float]]) -> dict[str, tuple[float, float, float]]:
    result = {}
    for name, value in values.items():
        drawn = [s[name] for s in samples if not math.isnan(s[name])]
        low, high = np.percentile(drawn, [2.5, 97.5]) if drawn else (value, value)
        result[name] = (value, float(low), float(high))
    return result
