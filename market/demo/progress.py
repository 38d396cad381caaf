"""How far the replay is: a bar on a terminal, plain lines where the output is kept (a log, CI)."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

TENTHS = 10


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[Any], None]]:
    """A function to call once for each of ``length`` steps."""
    if sys.stdout.isatty():
        with click.progressbar(length=length, label=label) as bar:
            yield lambda _step: bar.update(1)
        return
    click.echo(label)
    done = 0

    def step(_step: Any) -> None:
        nonlocal done
        done += 1
        if done * TENTHS // length > (done - 1) * TENTHS // length:
            click.echo(f"  {done * 100 // length}%（{done}/{length}）")

    yield step
