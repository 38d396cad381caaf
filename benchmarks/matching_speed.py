"""How quick the matcher is, as ratios in one run on one core against what one would write instead.

    python benchmarks/matching_speed.py [--sizes 10000,100000] [--million] [--pipeline 100000] [--needs 50]

Profiles and needs are drawn from Zipf's law (about 215 distinct terms a need). Every method answers the same
question, the 20 nearest centroids of a need, and is checked against the first before its time counts. Times are
medians of processor time, so that other work on the machine counts for nobody.
"""

from __future__ import annotations

import argparse
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from matching import Document, Matcher, Need, Profile
from matching.features import Counts, Segment, build_segment
from matching.scoring import Query, retrieve, retrieve_plainly

TOP = 20
NEED_TERMS = 215
POSTING_BYTES = 8


FIELDS = 500  # subjects people work in; half of a text's terms come from its subject


def counts_of(size: int, vocabulary: int, draw: np.random.Generator) -> Counts:
    """Two texts a profile, about 38 distinct terms each."""
    texts = 2 * size
    raw = terms_of(np.repeat(draw.integers(0, FIELDS, size), 2), 40, vocabulary, draw)
    raw.sort(axis=1)
    fresh = np.ones_like(raw, bool)
    fresh[:, 1:] = raw[:, 1:] != raw[:, :-1]
    ends = np.flatnonzero(np.append(fresh.ravel()[1:], True))
    starts = np.flatnonzero(fresh.ravel())
    return Counts(np.arange(0, texts + 1, 2, dtype=np.int64),
                  np.concatenate([[0], np.cumsum(fresh.sum(axis=1))]).astype(np.int64), raw[fresh].astype(np.int32),
                  (ends - starts + 1).astype(np.uint8))  # fmt: skip


def terms_of(fields: np.ndarray, length: int, vocabulary: int, draw: np.random.Generator) -> np.ndarray:
    """int64 [len(fields), length]: general terms by Zipf's law, and as many by Zipf's law within the subject."""
    general = zipf(draw, len(fields) * length, vocabulary).reshape(-1, length)
    special = zipf(draw, len(fields) * length, 2000).reshape(-1, length)
    special = (special * 7919 + fields[:, None] * 104_729) % vocabulary
    return np.where(draw.random(general.shape) < 0.5, general, special)


def zipf(draw: np.random.Generator, number: int, vocabulary: int) -> np.ndarray:
    """int64: ranks with probability about 1 / (rank + 30)."""
    shift = 30.0
    return (shift * ((vocabulary + shift) / shift) ** draw.random(number) - shift).astype(np.int64)


def corpus(size: int, seed: int = 1) -> tuple[Segment, csr_matrix, np.ndarray]:
    """(segment, its centroids as rows, idf)."""
    draw = np.random.default_rng(seed)
    vocabulary = 200_000
    counts = counts_of(size, vocabulary, draw)
    frequencies = np.bincount(counts.terms, minlength=vocabulary)
    idf = (np.log((1 + 2 * size) / (1 + frequencies)) + 1).astype(np.float32)
    people = [Profile(f"{i:07}") for i in range(size)]
    segment = build_segment(people, counts, np.sqrt(idf), lambda rows: np.zeros((rows.shape[0], 0), np.float32))
    by_term = csr_matrix((segment.posting_weight, segment.posting_row, segment.posting_start), (vocabulary, size))
    return segment, by_term.T.tocsr(), idf


def queries(number: int, idf: np.ndarray, lengths: np.ndarray, seed: int = 2) -> list[Query]:
    """Needs whose terms come rarest first, weighted as the matcher does."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        terms = np.unique(terms_of(draw.integers(0, FIELDS, 1), int(NEED_TERMS * 1.2), len(idf), draw))
        terms = terms[np.lexsort((terms, lengths[terms]))]
        weights = idf[terms] ** 2.5
        weights = (weights / np.sqrt((weights**2).sum())).astype(np.float32)
        found.append(Query(terms, weights, weights.astype(float), np.zeros(0, np.float32), 0.0))
    return found


def as_row(query: Query, vocabulary: int) -> csr_matrix:
    return csr_matrix((query.weights, query.terms, [0, len(query.terms)]), (1, vocabulary))


def median_time(call: Callable[[Query], object], asked: list[Query]) -> float:
    """Seconds."""
    call(asked[0])
    times = []
    for query in asked:
        begin = time.process_time()
        call(query)
        times.append(time.process_time() - begin)
    return float(np.median(times))


def contenders(segment: Segment, rows: csr_matrix, vocabulary: int) -> dict[str, Callable[[Query], np.ndarray]]:
    """Name → a function from a query to the row numbers of its nearest centroids."""
    from sklearn.metrics.pairwise import cosine_similarity, linear_kernel

    def naive(query: Query) -> np.ndarray:
        return np.argsort(-cosine_similarity(as_row(query, vocabulary), rows).ravel(), kind="stable")[:TOP]

    def partitioned(query: Query) -> np.ndarray:
        scores = linear_kernel(as_row(query, vocabulary), rows).ravel()
        return np.argpartition(-scores, TOP)[:TOP]

    found = {
        "sklearn cosine_similarity + argsort": naive,
        "sklearn linear_kernel + argpartition": partitioned,
        "SciPy postings (the fallback)": lambda query: retrieve_plainly(segment, query, TOP, None),
        "matching, compiled and pruned": lambda query: retrieve(segment, query, TOP, None, "compiled"),
    }
    return found | optional_contenders(rows, vocabulary)


def optional_contenders(rows: csr_matrix, vocabulary: int) -> dict[str, Callable[[Query], np.ndarray]]:
    """Libraries that are no dependency of ours, when somebody has them installed."""
    found: dict[str, Callable[[Query], np.ndarray]] = {}
    try:
        from sparse_dot_topn import sp_matmul_topn  # pyright: ignore[reportMissingImports]

        columns = rows.T.tocsr()
        found["sparse_dot_topn"] = lambda q: sp_matmul_topn(as_row(q, vocabulary), columns, TOP, n_threads=1).indices
    except ImportError:
        print("sparse_dot_topn is not installed: left out")
    try:
        import bm25s  # pyright: ignore[reportMissingImports]

        index = bm25s.BM25()
        index.nonoccurrence_array = None
        by_term = rows.tocsc()
        index.scores = {"data": by_term.data, "indices": by_term.indices, "indptr": by_term.indptr,
                        "num_docs": len(rows.indptr) - 1}  # fmt: skip
        found["bm25s (its scores, our postings, unweighted)"] = lambda q: np.argpartition(
            -index.get_scores_from_ids(q.terms.tolist()), TOP)[:TOP]  # fmt: skip
    except ImportError:
        print("bm25s is not installed: left out")
    return found


def compare(size: int, needs: int) -> None:
    """Print the table of one corpus size."""
    segment, rows, idf = corpus(size)
    lengths = np.diff(segment.posting_start)
    asked = queries(needs, idf, lengths)
    postings = float(np.mean([lengths[q.terms].sum() for q in asked]))
    floor = posting_limit(postings)
    print(f"\n## {size:,} profiles, {len(segment.posting_row):,} postings; a need touches {postings:,.0f} of them")
    print(f"reading them once at {POSTING_BYTES} B a posting takes {floor * 1e3:.3f} ms here")
    methods = contenders(segment, rows, len(idf))
    print(f"| {'method':46} | {'ms a need':>10} | {'x naive':>8} | {'% of limit':>10} |")
    print(f"|{'-' * 48}|{'-' * 12}|{'-' * 10}|{'-' * 12}|")
    reference: list[set[int]] = []
    base = 0.0
    for name, call in methods.items():
        few = asked[: max(3, needs // 10)] if not reference or "linear" in name else asked
        if not reference:
            reference = [set(call(q).tolist()) for q in few[:3]]
        elif "unweighted" not in name:
            same = [len(set(np.asarray(call(q)).tolist()) & r) for q, r in zip(asked, reference, strict=False)]
            assert min(same) >= TOP - 1, f"{name} answers differently: {same}"
        spent = median_time(call, few)
        base = base or spent
        print(f"| {name:46} | {spent * 1e3:10.3f} | {base / spent:8.0f} | {100 * floor / spent:10.0f} |", flush=True)


def posting_limit(postings: float) -> float:
    """Seconds to read that many postings of POSTING_BYTES from memory, one core, measured here."""
    block = np.ones(64 * 1024 * 1024 // 8)
    begin = time.process_time()
    for _ in range(5):
        block.sum()
    return postings * POSTING_BYTES * (time.process_time() - begin) / (5 * block.nbytes)


# -- the whole pipeline --------------------------------------------------------------------------------------------

LEXICON = 20_000


def lexicon(draw: np.random.Generator) -> list[str]:
    """Made-up words of two to four of the 2,500 first Chinese characters, some characters much more frequent."""
    characters = zipf(draw, LEXICON * 4, 2500).reshape(-1, 4)
    return ["".join(chr(0x4E00 + c) for c in row[: 2 + i % 3]) for i, row in enumerate(characters)]


def made_up_text(draw: np.random.Generator, words: list[str], field: int, length: int) -> str:
    return "，".join(words[i] for i in terms_of(np.array([field]), length, len(words), draw)[0])


def pipeline(size: int, needs: int) -> None:
    """Print what a user waits for: reading, retrieval, rescoring and reasons; change; load; memory."""
    draw = np.random.default_rng(3)
    words = lexicon(draw)

    def text(length: int, field: int) -> str:
        return made_up_text(draw, words, field, length)

    people = [Profile(f"{i:07}", bio=text(12, i % FIELDS), documents=[Document(text(6, i % FIELDS)) for _ in range(2)])
              for i in range(size)]  # fmt: skip
    begin = time.process_time()
    matcher = Matcher.fit(people)
    print(f"\n## whole pipeline, {size:,} profiles: fit {time.process_time() - begin:.1f} s")
    asked = [Need(str(i), text(3, i), text(50, i)) for i in range(needs)]
    matcher.rank(asked[0])
    times = [timed(lambda need=need: matcher.rank(need)) for need in asked]
    print(f"rank with reasons: median {np.median(times) * 1e3:.2f} ms, p99 {np.percentile(times, 99) * 1e3:.2f} ms")
    naive = naive_time(matcher, asked[:5])
    print(f"sklearn over the same vectors, no reasons: {naive * 1e3:.1f} ms, {naive / np.median(times):.0f} x ours")
    print(f"rank_many: {timed(lambda: matcher.rank_many(asked)) / needs * 1e3:.2f} ms a need")
    changed = [Profile(p.id, bio=text(12, 7)) for p in people[:100]]
    print(f"update of 100 profiles: {timed(lambda: matcher.update(changed)) * 1e3:.1f} ms")
    with tempfile.TemporaryDirectory() as folder:
        matcher.compact()
        matcher.save(folder)
        on_disk = sum(f.stat().st_size for f in Path(folder).rglob("*.npy") if "packed" not in f.name)
        print(f"on disk without the texts: {on_disk / 1e6 * 100_000 / size:.0f} MB per 100,000 profiles")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"load to first answer: {timed(lambda: Matcher.load(folder).rank(asked[0])) * 1e3:.0f} ms")
        print(f"greatest resident size of this process: {before / 1024:.0f} MB")


def timed(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


def naive_time(matcher: Matcher, asked: list[Need]) -> float:
    from sklearn.metrics.pairwise import cosine_similarity

    ranker = matcher._ranker
    segment = ranker.segments[0]
    v = len(segment.posting_start) - 1
    rows = csr_matrix((segment.posting_weight, segment.posting_row, segment.posting_start), (v, len(segment))).T.tocsr()
    found = [as_row(ranker.read(need).query, v) for need in asked]
    return float(np.median([timed(lambda row=row: np.argsort(-cosine_similarity(row, rows).ravel())) for row in found]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,100000", help="numbers of profiles, separated by commas")
    parser.add_argument("--million", action="store_true", help="add 1,000,000 profiles (8 GB of memory, some minutes)")
    parser.add_argument("--pipeline", type=int, default=20_000, help="profiles of the whole pipeline, 0: none")
    parser.add_argument("--needs", type=int, default=50)
    options = parser.parse_args()
    for size in [int(s) for s in options.sizes.split(",") if s] + [1_000_000] * options.million:
        compare(size, options.needs)
    if options.pipeline:
        pipeline(options.pipeline, options.needs)


if __name__ == "__main__":
    main()
