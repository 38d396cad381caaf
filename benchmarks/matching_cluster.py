"""``matching.cluster`` over a made-up corpus: the answers of one process, by several, one of them killed on the way.

    python -m benchmarks.matching_cluster FOLDER [--profiles 1000000] [--needs 160] [--workers 2]

FOLDER keeps the index; it is fitted and saved there when there is none (a million: minutes, 4 GB of memory, 1.7 GB of
disk). Wall-clock times mean something on a quiet machine only.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import signal
import time
from pathlib import Path
from typing import Any

from benchmarks.matching_synthetic import Writer
from matching import ForeignIndex, Matcher
from matching.cluster import rank_many


def opened(folder: Path, profiles: int) -> Matcher:
    try:
        return Matcher.load(folder)
    except ForeignIndex:
        begin = time.process_time()
        matcher = Matcher.fit(Writer().profiles(profiles))
        print(f"fitted in {time.process_time() - begin:.0f} s of processor time")
        matcher.save(folder)
        return matcher


def main() -> None:
    from distributed import Client, LocalCluster

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profiles", type=int, default=1_000_000)
    parser.add_argument("--needs", type=int, default=160)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    matcher = opened(options.folder, options.profiles)
    needs = Writer().needs(options.needs)
    matcher.rank(needs[0])
    begin, worked = time.perf_counter(), time.process_time()
    alone = matcher.rank_many(needs)
    print(f"{len(matcher):,} profiles, {len(needs)} needs; one process: {time.perf_counter() - begin:.1f} s, "
          f"{(time.process_time() - worked) / len(needs) * 1e3:.1f} ms of processor time a need")  # fmt: skip
    settings = {"n_workers": options.workers, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**settings) as cluster, Client(cluster) as client:
        for kill in (False, True):
            killed: list[int] = []

            def show(done: int, number: int, kill: bool = kill, killed: list[int] = killed) -> None:
                print(f"\r{done}/{number}", end="", flush=True)
                if kill and not killed and 3 * done > number:
                    pids: Any = client.run(os.getpid)
                    killed.append(next(iter(pids.values())))
                    os.kill(killed[0], signal.SIGKILL)

            begin = time.perf_counter()
            found = rank_many(options.folder, needs, client=client, chunk=8, progress=show)
            print(f"\r{options.workers} workers{', one killed' * bool(killed)}: {time.perf_counter() - begin:.1f} s, "
                  f"{'the same' if found == alone else 'OTHER'} answers")  # fmt: skip


if __name__ == "__main__":
    main()
