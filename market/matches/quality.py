"""How well each version of the matching library ranks the shipped gold set: measured by a command, kept in a file.

``quality.json`` lies beside this file and is committed with the release it measures.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from market import clock
from market.matches import engine
from market.settings import ROOT

GOLD_SET = ROOT / "tests" / "matching" / "data"
KEPT = Path(__file__).with_name("quality.json")


@dataclass(frozen=True, slots=True)
class Measured:
    """``measures``: name → (value, low, high), 95 % intervals; ``fingerprint`` of the library's files."""

    version: str
    fingerprint: str
    measured_on: str
    profiles: int
    needs: int
    measures: dict[str, tuple[float, float, float]]


def kept_measures() -> list[Measured]:
    """Newest first."""
    rows = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else []
    return [Measured(**row) for row in reversed(rows)]


def measure(folder: Path = GOLD_SET) -> Measured:
    """Rank the gold set with the library as it stands. Raises InvalidInput when the folder holds none."""
    result = engine.measure(folder)
    return Measured(
        engine.library_version(),
        engine.library_fingerprint(),
        clock.today().isoformat(),
        result.profiles,
        result.needs,
        {name: (round(a, 4), round(b, 4), round(c, 4)) for name, (a, b, c) in result.measures.items()},
    )


def keep(measured: Measured) -> None:
    """Write it down in place of what was measured for the same version."""
    rows = [row for row in reversed(kept_measures()) if row.version != measured.version]
    _write([*rows, measured])


def _write(rows: Sequence[Measured]) -> None:
    text = json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1)
    KEPT.write_text(text + "\n", "utf-8")
