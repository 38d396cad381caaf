"""How quick the matcher is, as ratios in one run on one core against what one would write instead.

    python -m benchmarks.matching_speed [--sizes 10000,100000] [--million] [--pipeline 100000] [--needs 50]

Every method answers the same question, the 20 nearest centroids of a need, and is checked against the first before its
time counts. Needs take turns among the methods, and times are medians of processor time, so that other work on the
machine counts alike for all. sparse_dot_topn and bm25s are compared when somebody has them installed.
"""

from __future__ import annotations

import argparse
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.matching_pipeline import pipeline
from benchmarks.matching_synthetic import by_term, queries, segment_of
from matching.features import places_in
from matching.scoring import Query, centroid_scores, retrieve, retrieve_plainly
from matching.segments import Segment

TOP = 20
POSTING_BYTES = 8  # a row number and a weight of four bytes each: what a plain inverted index reads
NAIVE = "sklearn cosine_similarity + argsort"
OURS = "matching, compiled and pruned"
SLOW = {NAIVE, "sklearn linear_kernel + argpartition"}
Method = Callable[[Query], np.ndarray]


def as_row(segment: Segment, query: Query) -> Any:
    terms = places_in(segment.columns, query.terms)
    return csr_matrix((query.weights, terms, [0, len(terms)]), (1, len(segment.columns)))


def contenders(segment: Segment) -> dict[str, Method]:
    """Name → a function from a query to the row numbers of its nearest centroids."""
    from sklearn.metrics.pairwise import cosine_similarity, linear_kernel

    columns = by_term(segment)
    rows = columns.T.tocsr()

    def naive(query: Query) -> np.ndarray:
        return np.argsort(-cosine_similarity(as_row(segment, query), rows).ravel(), kind="stable")[:TOP]

    def partitioned(query: Query) -> np.ndarray:
        return np.argpartition(-linear_kernel(as_row(segment, query), rows).ravel(), TOP)[:TOP]

    def inverted(query: Query) -> np.ndarray:
        return np.argpartition(-(as_row(segment, query) @ columns).toarray().ravel(), TOP)[:TOP]

    return {
        NAIVE: naive,
        "sklearn linear_kernel + argpartition": partitioned,
        "SciPy q @ X.T over postings": inverted,
        "matching without numba": lambda query: retrieve_plainly(segment, query, TOP, None),
        OURS: lambda query: retrieve(segment, query, TOP, None, "compiled"),
        **optional_contenders(segment, columns),
    }


def optional_contenders(segment: Segment, columns: Any) -> dict[str, Method]:
    """Libraries that are no dependency of ours, when somebody has them installed."""
    found: dict[str, Method] = {}
    try:
        from sparse_dot_topn import sp_matmul_topn  # pyright: ignore[reportMissingImports]

        found["sparse_dot_topn"] = lambda q: sp_matmul_topn(as_row(segment, q), columns, TOP, n_threads=1).indices
    except ImportError:
        print("sparse_dot_topn is not installed: left out")
    try:
        import bm25s  # pyright: ignore[reportMissingImports]

        index = bm25s.BM25()
        index.nonoccurrence_array = None
        index.scores = {"data": columns.data, "indices": columns.indices, "indptr": columns.indptr,
                        "num_docs": len(segment)}  # fmt: skip
        found["bm25s (our postings, unweighted)"] = lambda q: np.argpartition(
            -index.get_scores_from_ids(places_in(segment.columns, q.terms).tolist()), TOP)[:TOP]  # fmt: skip
    except ImportError:
        print("bm25s is not installed: left out")
    return found


def check(segment: Segment, methods: dict[str, Method], asked: list[Query]) -> None:
    """Every method finds the same profiles as the first, but for equal or rounded scores at the border."""
    for query in asked:
        expected = centroid_scores(segment, query)
        worst = np.sort(expected)[-TOP]
        for name, call in methods.items():
            if "unweighted" not in name:
                lowest = expected[np.asarray(call(query))].min()
                assert lowest >= worst - 1e-4, f"{name} answers differently: {lowest} instead of {worst}"


def times_of(methods: dict[str, Method], asked: list[Query]) -> dict[str, float]:
    """Median seconds of each; the slow ones answer every fifth need only."""
    spent: dict[str, list[float]] = {name: [] for name in methods}
    for number, query in enumerate(asked):
        for name, call in methods.items():
            if name not in SLOW or number % 5 == 0:
                spent[name].append(timed(lambda call=call, query=query: call(query)))
    return {name: float(np.median(seconds)) for name, seconds in spent.items()}


def timed(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


def compare(size: int, needs: int) -> None:
    """Print the tables of one corpus size."""
    segment, idf = segment_of(size)
    asked = queries(needs + 3, segment, idf)
    lengths = np.diff(segment.posting_start)
    postings = float(np.mean([lengths[places_in(segment.columns, q.terms)].sum() for q in asked]))
    floor = posting_limit(postings)
    print(f"\n### {size:,} profiles, {len(segment.posting_row):,} postings; a need touches {postings:,.0f} of them\n")
    print(f"Reading those once at {POSTING_BYTES} bytes a posting takes {floor * 1e3:.3f} ms here.\n")
    methods = contenders(segment)
    check(segment, methods, asked[:3])
    spent = times_of(methods, asked[3:])
    base, ours = spent[NAIVE], spent[OURS]
    print(f"| {'top 20 of one need':38} | {'ms':>9} | {'x naive':>8} | {'ours is x':>9} | {'% of limit':>10} |")
    print(f"|{'-' * 40}|{'-' * 11}|{'-' * 10}|{'-' * 11}|{'-' * 12}|")
    for name, seconds in spent.items():
        print(f"| {name:38} | {seconds * 1e3:9.3f} | {base / seconds:8.1f} | {seconds / ours:9.1f} "
              f"| {100 * floor / seconds:10.1f} |", flush=True)  # fmt: skip
    batch(segment, queries(200, segment, idf, 5))


def posting_limit(postings: float) -> float:
    """Seconds to read that many postings of POSTING_BYTES from memory, one core, measured here."""
    block = np.ones(64 * 1024 * 1024 // 8)
    seconds = min(timed(block.sum) for _ in range(5))
    return postings * POSTING_BYTES * seconds / block.nbytes


def batch(segment: Segment, asked: list[Query]) -> None:
    """Print the table of many needs at once, one thread each."""
    from scipy.sparse import vstack
    from sklearn.metrics.pairwise import linear_kernel
    from sklearn.neighbors import NearestNeighbors

    columns = by_term(segment)
    rows = columns.T.tocsr()
    neighbours = NearestNeighbors(n_neighbors=TOP, metric="cosine", algorithm="brute", n_jobs=1).fit(rows)
    together: Any = vstack([as_row(segment, query) for query in asked], "csr")
    chunk = max(1, min(len(asked), 20_000_000 // len(segment)))

    def chunked() -> None:
        for begin in range(0, len(asked), chunk):
            np.argpartition(-linear_kernel(together[begin : begin + chunk], rows), TOP, axis=1)

    ways: dict[str, Callable[[], object]] = {
        "sklearn NearestNeighbors, cosine": lambda: neighbours.kneighbors(together),
        f"sklearn linear_kernel, {chunk} at a time": chunked,
        OURS: lambda: [retrieve(segment, query, TOP, None, "compiled") for query in asked],
    }
    try:
        from sparse_dot_topn import sp_matmul_topn  # pyright: ignore[reportMissingImports]

        ways["sparse_dot_topn"] = lambda: sp_matmul_topn(together, columns, TOP, n_threads=1)
    except ImportError:
        pass
    spent = {name: min(timed(call) for _ in range(2)) / len(asked) for name, call in ways.items()}
    print(f"\n| {f'top 20 of {len(asked)} needs, one thread':38} | {'ms a need':>9} | {'ours is x':>9} |")
    print(f"|{'-' * 40}|{'-' * 11}|{'-' * 11}|")
    for name, seconds in spent.items():
        print(f"| {name:38} | {seconds * 1e3:9.3f} | {seconds / spent[OURS]:9.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,100000", help="numbers of profiles, separated by commas")
    parser.add_argument("--million", action="store_true", help="add 1,000,000 profiles (6 GB of memory, some minutes)")
    parser.add_argument("--pipeline", type=int, default=100_000, help="profiles of the whole pipeline, 0: none")
    parser.add_argument("--needs", type=int, default=50)
    options = parser.parse_args()
    for size in [int(s) for s in options.sizes.split(",") if s] + [1_000_000] * options.million:
        compare(size, options.needs)
    if options.pipeline:
        pipeline(options.pipeline, options.needs)


if __name__ == "__main__":
    main()
