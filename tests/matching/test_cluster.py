"""The batch path over a local cluster of processes: the results of one process, and a killed worker is survived."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from matching import InvalidInput, Matcher, Need
from matching.cluster import rank_many, rank_part
from tests.matching.corpus import random_profiles, random_text

distributed = pytest.importorskip("distributed")

NEEDS = [Need(str(i), random_text(random.Random(i), 4)) for i in range(30)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("index")
    Matcher.fit(random_profiles(3, 80)).save(path)
    return path


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "processes": True}
    space = str(tmp_path_factory.mktemp("dask"))
    with distributed.LocalCluster(**options, local_directory=space) as cluster, distributed.Client(cluster) as client:
        yield client


def test_part_is_what_one_process_answers(folder: Path) -> None:
    assert rank_part(str(folder), "g", NEEDS, 5) == Matcher.load(folder).rank_many(NEEDS, 5)


def test_cluster_answers_like_one_process_and_reports_progress(folder: Path, client: object) -> None:
    seen: list[tuple[int, int]] = []
    found = rank_many(folder, NEEDS, 5, client=client, chunk=4, progress=lambda *done: seen.append(done))
    assert found == Matcher.load(folder).rank_many(NEEDS, 5)
    assert rank_many(folder, NEEDS[:3], 5, client=client) == found[:3]
    assert seen[-1] == (30, 30) and [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_killed_worker_is_survived(folder: Path, client: object) -> None:
    killed: list[int] = []

    def kill_one(*_: int) -> None:
        if not killed:
            killed.append(next(iter(client.run(os.getpid).values())))  # type: ignore[attr-defined]
            os.kill(killed[0], signal.SIGKILL)

    found = rank_many(folder, NEEDS, 5, client=client, chunk=1, progress=kill_one)
    assert killed
    assert found == Matcher.load(folder).rank_many(NEEDS, 5)


def test_chunk_below_one_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="chunk"):
        rank_many(folder, NEEDS, client=None, chunk=0)
