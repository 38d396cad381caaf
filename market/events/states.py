"""The life of an event."""

from statemachine.states import States

from market.events.models import Event, EventState
from market.permissions import N_, Permission
from market.workflow import Machine, governs


@governs(Event)
class EventMachine(Machine):
    """报名中 → 已举办 | 已取消."""

    states = States.from_enum(
        EventState,
        initial=EventState.PLANNED,
        final=[EventState.HELD, EventState.CANCELLED],
        use_enum_instance=True,
    )
    hold = states.PLANNED.to(states.HELD)
    cancel = states.PLANNED.to(states.CANCELLED)

    moves = {
        "hold": (N_("登记已举办"), Permission.EVENT_MANAGE),
        "cancel": (N_("取消活动"), Permission.EVENT_MANAGE),
    }
