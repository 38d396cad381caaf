"""What a user of the matcher waits for: reading, retrieval, rescoring and reasons; change; load; memory."""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from benchmarks.matching_synthetic import Writer, by_term
from matching import Matcher, Need, Profile
from matching.explain import explained
from matching.features import places_in

# Run by a process of its own: what it holds for itself, with the libraries alone and with an index opened and asked.
_PROCESS = """
import sys, time
import psutil
from matching import Matcher, Need
own = lambda: sum(part.private_dirty for part in psutil.Process().memory_maps()) / 1e6  # pages nobody can share
def answer(folder):
    begin = time.process_time()
    matcher = Matcher.load(folder)
    matcher._ranker.engine = "compiled"
    matcher.rank(Need("n", sys.argv[3], sys.argv[4]))
    return (time.process_time() - begin) * 1e3, matcher
cold, small = answer(sys.argv[1])
before = own()
warm, large = answer(sys.argv[2])
print(cold, warm, before, own())
"""


def timed(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


def line(name: str, value: str) -> None:
    print(f"| {name} | {value} |", flush=True)


def pipeline(size: int, needs: int) -> None:
    """Print the table of one corpus of texts."""
    writer = Writer()
    people = list(writer.profiles(size))
    begin = time.process_time()
    matcher = Matcher.fit(people)
    print(f"\n### Whole pipeline, {size:,} profiles, texts included\n\n| | |\n|---|---|")
    line("fit", f"{time.process_time() - begin:.1f} s")
    asked = writer.needs(needs + 1)
    matcher.rank(asked[-1])
    with tempfile.TemporaryDirectory() as folder:
        matcher.save(folder)
        sizes = {f.name: f.stat().st_size for f in Path(folder).rglob("*.npy")}
        texts = sum(size for name, size in sizes.items() if "packed" in name)
        line("index", f"{(sum(sizes.values()) - texts) / 1e5 * 1e5 / size / 10:.0f} MB per 100,000 profiles, "
             f"and their texts {texts / size / 10:.0f} MB")  # fmt: skip
        answers(Matcher.load(folder), asked[:-1])
        further_process(folder, asked[0])
        changes(Matcher.load(folder), people, writer)


def answers(matcher: Matcher, asked: list[Need]) -> None:
    """Rankings with reasons against scikit-learn over the same vectors, in turns."""
    from sklearn.metrics.pairwise import cosine_similarity

    gc.collect()
    gc.freeze()  # the made-up people are no part of a service: the collector need not walk through them
    ranker = matcher._ranker
    segment = ranker.segments[0]
    rows = by_term(segment).T.tocsr()
    spent: dict[str, list[float]] = {"read": [], "retrieve, rescore": [], "reasons": [], "rank": [], "naive": []}
    matcher.rank(asked[0])  # the first answer is measured in ``further_process``
    for number, need in enumerate(asked):
        spent["rank"].append(timed(lambda need=need: matcher.rank(need)))
        spent["read"].append(timed(lambda need=need: ranker.read(need)))
        reading = ranker.read(need)
        spent["retrieve, rescore"].append(timed(lambda reading=reading: ranker.hits(reading, 20)))
        hits = ranker.hits(reading, 20)
        spent["reasons"].append(timed(lambda reading=reading, hits=hits: explained(reading, hits)))
        if number % 5 == 0:
            terms = places_in(segment.columns, reading.query.terms)
            row = csr_matrix((reading.query.weights, terms, [0, len(terms)]), (1, rows.shape[1]))
            spent["naive"].append(timed(lambda row=row: np.argsort(-cosine_similarity(row, rows).ravel())[:20]))
    median = {name: float(np.median(seconds)) * 1e3 for name, seconds in spent.items()}
    line("rank with reasons", f"median {median['rank']:.2f} ms, p99 {np.percentile(spent['rank'], 99) * 1e3:.2f} ms")
    line("of this", ", ".join(f"{name} {median[name]:.2f} ms" for name in list(spent)[:3]))
    line("scikit-learn over the same vectors, no reasons",
         f"{median['naive']:.1f} ms: {median['naive'] / median['rank']:.0f} times ours")  # fmt: skip
    line("rank_many", f"{timed(lambda: matcher.rank_many(asked)) / len(asked) * 1e3:.2f} ms a need")


def further_process(folder: str, need: Need) -> None:
    """What one more process over the same files costs."""
    with tempfile.TemporaryDirectory() as tiny:
        Matcher.fit([Profile("1", bio=need.text)]).save(tiny)
        arguments = [sys.executable, "-c", _PROCESS, tiny, folder, need.title, need.text]
        done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    cold, warm, before, after = map(float, done.stdout.split())
    line("load to first answer", f"{warm:.0f} ms; the first of a process, loading the compiler, {cold:.0f} ms")
    line("memory of its own of each further process",
         f"{after - before:.0f} MB for the index, beside {before:.0f} MB for Python and the libraries")  # fmt: skip


def changes(matcher: Matcher, people: list[Profile], writer: Writer) -> None:
    """100 changed profiles at a time: rewritten, given a document more, and as they were."""
    rewritten = [[replace(p, bio=writer.text(7, 12)) for p in people[k : k + 100]] for k in range(0, 700, 100)]
    line("update of 100 profiles, a bio of 36 characters new", best(matcher, rewritten))
    long = [replace(p, documents=[writer.document(7) for _ in range(10)]) for p in people[:100]]
    matcher.update(long)
    longer = [[replace(p, documents=[*p.documents, writer.document(k)]) for p in long] for k in range(7)]
    line("update of 100 profiles of 10 documents, one of 170 characters added", best(matcher, longer))
    line("update of 100 profiles of 10 documents, nothing new to read", best(matcher, [long] * 7))


def best(matcher: Matcher, batches: list[list[Profile]]) -> str:
    times = [timed(lambda batch=batch: matcher.update(batch)) * 1e3 for batch in batches]
    return f"{np.median(times):.1f} ms"
