"""A process killed at any point of a save leaves an index that opens: the old one, or the new one once in place."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from matching import DamagedIndex, Matcher, storage
from tests.matching.corpus import BALLS, CHEMIST, EVERYONE

STEPS = ("_write", "_write_bytes", "_flush_folder", "_sweep")


def killed_at(count: int, save: Callable[[], None]) -> bool:
    """Run ``save`` in a process that kills itself at the count-th step; False when it ended before."""
    pid = os.fork()
    if pid == 0:  # pragma: no cover - the child
        left = [count]

        def deadly(step: Callable[..., object]) -> Callable[..., object]:
            def run(*arguments: object, **options: object) -> object:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return step(*arguments, **options)

            return run

        for name in STEPS:
            setattr(storage, name, deadly(getattr(storage, name)))
        save()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def survivors(folder: Path, count: int, save: Callable[[], None]) -> int | None:
    """Profiles of the index that stands after a save was killed at step ``count``; None when it was not killed."""
    if not killed_at(count, save):
        return None
    return len(Matcher.load(folder, verify=True))


def test_killed_save_leaves_a_working_index_at_every_step(tmp_path: Path) -> None:
    old, new = Matcher.fit(EVERYONE), Matcher.fit([CHEMIST])
    old.rank(BALLS)
    seen, count = set(), 0
    while True:
        folder = tmp_path / str(count)
        old.save(folder)
        count += 1
        size = survivors(folder, count, lambda folder=folder: new.save(folder))
        if size is None:
            break
        seen.add(size)
        shutil.rmtree(folder)
    assert count > 20
    assert seen == {len(EVERYONE), 1}


def test_control_a_save_over_the_old_files_does_not_survive(tmp_path: Path) -> None:
    """The test above can fail: writing into the current generation breaks it."""
    old, new = Matcher.fit(EVERYONE), Matcher.fit([CHEMIST])
    old.save(tmp_path)

    def careless() -> None:
        home = tmp_path / (tmp_path / "CURRENT").read_text()
        for name, array in storage._arrays(new._ranker).items():
            storage._write(home / name, array)

    assert killed_at(5, careless)
    with pytest.raises(DamagedIndex):
        Matcher.load(tmp_path, verify=True)
