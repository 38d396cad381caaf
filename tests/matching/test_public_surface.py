from __future__ import annotations

import doctest
import subprocess
import sys

import matching


def test_first_example_is_true() -> None:
    assert doctest.testmod(matching) == doctest.TestResults(0, 7)


def test_every_public_name_exists() -> None:
    assert all(hasattr(matching, name) for name in matching.__all__)


def test_import_pulls_in_nothing_slow() -> None:
    code = "import matching, sys; print([m for m in ('scipy', 'sklearn', 'numba', 'flask') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
