"""Every state machine: each state can be reached, each that is not final can be left, every event says who may."""

import pytest
from flask import Flask

from market.permissions import ROLE_PERMISSIONS
from market.workflow import all_machines


def test_every_machine_is_whole(app: Flask) -> None:
    machines = all_machines()
    assert len(machines) >= 12
    for model, machine in machines.items():
        ways = {state.id: {target.id for t in state.transitions for target in [t.target]} for state in machine.states}
        reached, waiting = set(), [machine.initial_state.id]
        while waiting:
            state = waiting.pop()
            if state not in reached:
                reached.add(state)
                waiting.extend(ways[state])
        assert reached == set(ways), f"{model.__name__}: unreachable {set(ways) - reached}"
        for state in machine.states:
            leaves = ways[state.id] - {state.id}
            assert state.final != bool(leaves), f"{model.__name__}.{state.id}: final={state.final}, leaves to {leaves}"


def test_every_move_can_be_made_by_somebody(app: Flask) -> None:
    held = frozenset().union(*ROLE_PERMISSIONS.values())
    for model, machine in all_machines().items():
        for event, (label, permission) in machine.moves.items():
            assert label, f"{model.__name__}.{event} has no label"
            assert permission is None or permission in held, f"{model.__name__}.{event}: nobody holds {permission}"


def test_state_labels_are_all_written(app: Flask) -> None:
    for machine in all_machines().values():
        for state in machine.states:
            assert str(state.value.label).strip()


@pytest.mark.parametrize("wrong", ["submit", "no_such_event"])
def test_moves_and_events_must_agree(app: Flask, wrong: str) -> None:
    """The declaration itself is checked: a label without an event, or the other way round, cannot be loaded."""
    from statemachine.states import States

    from market.needs.models import Need, NeedState
    from market.workflow import Machine, governs

    class Broken(Machine):
        states = States.from_enum(
            NeedState, initial=NeedState.DRAFT, final=[s for s in NeedState if s is not NeedState.DRAFT]
        )
        go = states.DRAFT.to(*[s for s in states if s.id != "DRAFT"])
        moves = {wrong: ("x", None)}

    with pytest.raises(TypeError):
        governs(Need)(Broken)
