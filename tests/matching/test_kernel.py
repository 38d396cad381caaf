"""The compiled paths against their reference: the same rows and the same ranking, ties by id."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import Document, Matcher, Need, Profile, Settings, scoring
from tests.matching.corpus import random_profiles, random_text

numba = pytest.importorskip("numba")


@pytest.fixture(autouse=True, scope="module")
def interpreted() -> Iterator[None]:
    """The kernel's own source run by Python: every branch is seen, nothing waits for the compiler."""
    from matching import kernel

    names = ("block_top", "border_of", "kth_by_counting", "count_from", "kth_largest", "accumulate", "finish", "place_of", "best_rows", "touch", "signals")  # fmt: skip
    before = {name: getattr(kernel, name) for name in names}
    for name in names:
        setattr(kernel, name, before[name].py_func)
    yield
    for name in names:
        setattr(kernel, name, before[name])


def answers(matcher: Matcher, need: Need, engine: str, **options) -> list[tuple[str, float]]:
    matcher._ranker.engine = engine
    return [(m.profile_id, m.score) for m in matcher.rank(need, **options)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(1, 12))
def test_both_engines_rank_the_same(seed: int, number: int, limit: int) -> None:
    draw = random.Random(seed)
    profiles = random_profiles(seed, number)
    profiles += [Profile(f"twin-{i}", bio="氮化硅陶瓷 pump") for i in range(3)]
    matcher = Matcher.fit(profiles)
    matcher.update([Profile("late", bio="玻璃 pump zeppelin")], removed=[profiles[0].id])
    need = Need("n", random_text(draw, draw.randint(1, 8)) + " 氮化硅")
    among = [p.id for p in profiles if draw.random() < 0.5]
    for options in ({"limit": limit}, {"limit": limit, "among": among}):
        assert answers(matcher, need, "compiled", **options) == answers(matcher, need, "plain", **options)


@pytest.mark.parametrize("heaped", [64, 1])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_pruned_retrieval_keeps_exactly_the_best_rows(
    monkeypatch: pytest.MonkeyPatch, heaped: int, seed: int, k: int
) -> None:
    """Whether the k best are kept in a heap or, when they are many, counted."""
    from matching import kernel

    monkeypatch.setattr(kernel, "HEAPED", heaped)
    draw = np.random.default_rng(seed)
    segment, query = postings(draw, profiles=200, vocabulary=60, terms=int(draw.integers(1, 30)))
    for allowed in (None, draw.random(200) < 0.5):
        expected = scoring.retrieve_plainly(segment, query, k, allowed)
        assert scoring.retrieve(segment, query, k, allowed, "compiled").tolist() == expected.tolist()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_few_candidates_are_the_same_for_both_engines(seed: int) -> None:
    draw = random.Random(seed)
    matcher = Matcher.fit(random_profiles(seed, 40), Settings(candidates=5))
    need = Need("n", random_text(draw, 12) + " 氮化硅")
    for among in (None, [f"p{i:04}" for i in range(0, 40, 3)], ["p0001"]):
        assert answers(matcher, need, "compiled", limit=3, among=among) == answers(
            matcher, need, "plain", limit=3, among=among
        )


def postings(draw: np.random.Generator, profiles: int, vocabulary: int, terms: int) -> tuple[Any, scoring.Query]:
    """A segment of random postings with long and short lists, and a query whose terms come rarest first."""
    lengths = np.maximum(1, (profiles * draw.random(vocabulary) ** 3).astype(int))
    rows = [np.sort(draw.choice(profiles, n, replace=False)) for n in lengths]
    start = np.concatenate([[0], np.cumsum(lengths)])
    weight = draw.choice([0.1, 0.25, 0.5, 0.9], int(start[-1])).astype(np.float32)
    greatest = np.maximum.reduceat(weight, start[:-1])
    weight = np.rint(weight / np.repeat(greatest, lengths) * 65_535).astype(np.uint16)
    asked = draw.choice(vocabulary, min(terms, vocabulary), replace=False)
    asked = asked[np.lexsort((asked, lengths[asked]))].astype(np.int64)
    weights = draw.choice([0.01, 0.3, 1.0, 3.0], len(asked)).astype(np.float32)
    segment = SimpleNamespace(columns=np.arange(vocabulary), posting_start=start, posting_row=np.concatenate(rows).astype(np.int32),
                              posting_weight=weight, greatest=greatest)  # fmt: skip
    segment = type("Postings", (SimpleNamespace,), {"__len__": lambda self: profiles})(**vars(segment))
    return segment, scoring.Query(
        asked, weights, np.ones(len(asked), bool), weights.astype(float), np.zeros(0, np.float32), 0.0
    )


def test_pruning_really_leaves_terms_out() -> None:
    from matching import kernel

    segment, query = postings(np.random.default_rng(3), profiles=2000, vocabulary=400, terms=60)
    query.weights[: len(query.weights) // 2] = 5
    query.weights[len(query.weights) // 2 :] = 0.001
    added = kernel.accumulate(segment.posting_start, segment.posting_row, segment.posting_weight,
                              *scoring.asked_of(segment, query), np.empty(0, bool), 3, np.zeros(2048, np.float32))  # fmt: skip
    assert added < len(query.terms)


def test_without_numba_ranking_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    matcher = Matcher.fit(random_profiles(5, 30))
    need = Need("n", "氮化硅 pump")
    expected = answers(matcher, need, "compiled")
    monkeypatch.setitem(sys.modules, "matching.kernel", None)
    monkeypatch.delattr("matching.kernel")
    scoring._compiled.cache_clear()
    assert answers(matcher, need, "compiled") == expected
    scoring._compiled.cache_clear()


def test_kernel_compiles_where_no_cache_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    from matching import kernel

    def refuse(*_: object, **options: object):
        if options.get("cache"):
            raise RuntimeError("cannot cache function")
        return lambda function: function

    monkeypatch.setattr(kernel, "njit", refuse)
    assert kernel.compiled(len) is len


def test_long_and_empty_profiles_score_the_same_in_both_engines() -> None:
    prolific = Profile("prolific", documents=[Document(f"氮化硅 pump {i}型 泵") for i in range(20)])
    matcher = Matcher.fit([prolific, Profile("empty"), *random_profiles(7, 12)])
    found = []
    for engine in ("compiled", "plain"):
        matcher._ranker.engine = engine
        found.append(matcher.scores(Need("n", "氮化硅 pump"), ["empty", "prolific", "p0003"]))
    assert found[0] == found[1] and found[0][0] == 0 < found[0][1]


def test_segment_that_lacks_terms_of_the_vocabulary_answers_for_those_it_has() -> None:
    segment, query = postings(np.random.default_rng(5), profiles=300, vocabulary=50, terms=30)
    segment.columns = np.arange(50) * 2
    for engine in ("compiled", "plain"):
        odd = scoring.Query(query.terms * 2 + 1, query.weights, query.shows, query.steep, query.latent, 0.0)
        assert len(scoring.retrieve(segment, odd, 9, None, engine)) == 0
        even = scoring.Query(query.terms * 2, query.weights, query.shows, query.steep, query.latent, 0.0)
        assert len(scoring.retrieve(segment, even, 9, None, engine)) == 9


@pytest.mark.parametrize("heaped", [64, 1])
def test_pruning_passes_over_blocks_nobody_entered(monkeypatch: pytest.MonkeyPatch, heaped: int) -> None:
    from matching import kernel

    monkeypatch.setattr(kernel, "HEAPED", heaped)
    segment, query = postings(np.random.default_rng(3), profiles=3000, vocabulary=400, terms=60)
    query.weights[: len(query.weights) // 2] = 5
    query.weights[len(query.weights) // 2 :] = 0.001
    allowed = np.arange(3000) < 200
    expected = scoring.retrieve_plainly(segment, query, 3, allowed)
    assert scoring.retrieve(segment, query, 3, allowed, "compiled").tolist() == expected.tolist()
