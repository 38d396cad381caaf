"""``rank_many`` past one process: the needs in chunks over the workers of a Dask cluster (extra ``cluster``).

Every worker maps the same saved index, so the folder must be readable under one path by all (a shared disk, or a copy
per host). The result is that of one process, in the same order; Dask gives the chunk of a lost worker to another one.

On one machine: ``dask.distributed.Client(n_workers=4, threads_per_worker=1)``. On several: ``dask scheduler`` on one,
``dask worker tcp://host:8786 --nthreads 1`` on each, then ``Client("tcp://host:8786")``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from matching.errors import InvalidInput
from matching.matcher import Matcher
from matching.storage import read_header
from matching.types import Need, Ranking


def rank_many(folder: str | Path, needs: Iterable[Need], limit: int = 20, *, client: Any, chunk: int = 64,
              progress: Callable[[int, int], None] | None = None) -> list[Ranking]:  # fmt: skip
    """A ranking per need, in order, from the index saved in ``folder``.

    client: a ``dask.distributed.Client``; chunk: needs a task; progress: called with (needs done, needs in all) as
    chunks come back. Raises InvalidInput, what ``Matcher.load`` raises, and what Dask raises when no worker is left.
    """
    from distributed import as_completed

    if chunk < 1:
        raise InvalidInput(f"chunk must be at least 1, not {chunk}")
    asked = list(needs)
    generation = str(read_header(Path(folder))[1])
    parts = [asked[i : i + chunk] for i in range(0, len(asked), chunk)]
    futures = [client.submit(rank_part, str(folder), generation, part, limit, pure=False) for part in parts]
    done = 0
    for _future, rankings in as_completed(futures, with_results=True):
        done += len(rankings)
        if progress is not None:
            progress(done, len(asked))
    return [ranking for rankings in client.gather(futures) for ranking in rankings]


def rank_part(folder: str, generation: str, needs: Sequence[Need], limit: int) -> list[Ranking]:
    """One chunk, in a worker."""
    return _opened(folder, generation).rank_many(needs, limit)


@lru_cache(maxsize=1)
def _opened(folder: str, _generation: str) -> Matcher:
    """The index of a worker process; another generation takes the place of the old one."""
    return Matcher.load(folder)
