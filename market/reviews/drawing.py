"""随机抽取: from a recorded seed anyone finds the same panel again. Pure.

Experts stand in the order of ``SHA-256("seed:expert number")``; no generator of a language or its version is involved.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """An expert who may be drawn: number, unit (0 when none is known) and whether they judge money."""

    expert_id: int
    unit: int = 0
    is_financial: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """Expert numbers in the order of the draw. ``unit_full`` stand too often in one unit to sit, but may replace."""

    panel: tuple[int, ...]
    reserves: tuple[int, ...]
    unit_full: frozenset[int]


def place(seed: str, expert_id: int) -> str:
    """Where an expert stands: the smaller, the earlier."""
    return hashlib.sha256(f"{seed}:{expert_id}".encode()).hexdigest()


def draw(candidates: Sequence[Candidate], size: int, seed: str, *, same_unit_most: int, financial_least: int) -> Drawn:
    """The first ``size`` in the order of the seed, financial experts up to ``financial_least`` before the others.

    At most ``same_unit_most`` of one unit sit on the panel. The panel is shorter than ``size`` when too few qualify.
    """
    ordered = sorted(candidates, key=lambda candidate: place(seed, candidate.expert_id))
    financial = [candidate for candidate in ordered if candidate.is_financial][:financial_least]
    queue = financial + [candidate for candidate in ordered if candidate not in financial]
    panel: list[Candidate] = []
    unit_full: set[int] = set()
    for candidate in queue:
        if len(panel) == size:
            break
        if candidate.unit and sum(chosen.unit == candidate.unit for chosen in panel) >= same_unit_most:
            unit_full.add(candidate.expert_id)
            continue
        panel.append(candidate)
    seated = {candidate.expert_id for candidate in panel}
    reserves = tuple(candidate.expert_id for candidate in ordered if candidate.expert_id not in seated)
    return Drawn(tuple(candidate.expert_id for candidate in panel), reserves, frozenset(unit_full))
