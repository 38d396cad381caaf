"""One function moves a subject through its states: checks the move, sets the state, writes the audit entry.

A domain's ``states.py`` declares a ``Machine`` per subject. Events are python-statemachine's; each names the permission
it asks for, or ``BY_CLOCK`` for moves that only the system makes. Guards (``cond``) raise or return a Verdict's truth.
"""

from typing import Any, ClassVar

from flask_babel import gettext as _
from statemachine import StateMachine
from statemachine.exceptions import TransitionNotAllowed
from statemachine.states import States

from market import clock
from market.audit.journal import record
from market.audit.labels import ACTIONS
from market.database import Base
from market.errors import IllegalMove, NotAllowed
from market.permissions import SYSTEM, Actor, Permission

BY_CLOCK = None
_MACHINES: dict[type[Base], type["Machine"]] = {}

__all__ = ["BY_CLOCK", "Machine", "States", "advance", "governs", "machine_of", "possible_moves"]


class Machine(StateMachine):
    """Base of every domain's machine. ``moves`` maps each event to (中文 label, permission or BY_CLOCK)."""

    moves: ClassVar[dict[str, tuple[str, Permission | None]]] = {}


def governs(model: type[Base]) -> Any:
    """Declare the machine of ``model``; every event must be labelled in ``moves`` and no other."""

    def declare(machine: type[Machine]) -> type[Machine]:
        declared = {event.id for event in machine.events}
        if declared != set(machine.moves):
            raise TypeError(f"{machine.__name__}: events and moves differ: {declared ^ set(machine.moves)}")
        _MACHINES[model] = machine
        ACTIONS.update(
            {f"{model.__tablename__}:{event}": label for event, (label, _permission) in machine.moves.items()}
        )
        return machine

    return declare


def machine_of(model: type[Base]) -> type[Machine]:
    return _MACHINES[model]


def all_machines() -> dict[type[Base], type[Machine]]:
    """Every governed model and its machine, for the site tests and the documentation."""
    return dict(_MACHINES)


def advance(subject: Any, event: str, actor: Actor, note: str = "") -> None:
    """Move ``subject`` by ``event`` as ``actor`` and journal it in the same transaction.

    The operation has asked its policy already; this checks the role again, so that no operation can forget.
    Raises NotAllowed when the actor lacks the permission, IllegalMove when the state knows no such move.
    """
    kind = _MACHINES[type(subject)]
    label, permission = kind.moves[event]
    if permission is None:
        if actor is not SYSTEM:
            raise NotAllowed(_("这一步由系统按时钟执行"))
    elif not actor.has(permission):
        raise NotAllowed(_("您的角色不能执行“%(move)s”", move=_(label)))
    machine = kind(subject, state_field="state")
    try:
        machine.send(event)
    except TransitionNotAllowed as problem:
        raise IllegalMove(
            _("当前状态为“%(state)s”，不能执行“%(move)s”", state=subject.state.label, move=_(label))
        ) from problem
    if hasattr(subject, "state_changed_at"):
        subject.state_changed_at = clock.now()
    record(actor, f"{subject.__tablename__}:{event}", subject, note)


def possible_moves(subject: Any, actor: Actor) -> list[tuple[str, str]]:
    """(event, label) of the moves that the state and the actor's roles admit; guards and policies may still refuse."""
    kind = _MACHINES[type(subject)]
    machine = kind(subject, state_field="state")
    found = []
    for event in machine.allowed_events:
        label, permission = kind.moves[event.id]
        if permission is not None and actor.has(permission):
            found.append((event.id, _(label)))
    return found
