"""What the addresses of programmes name."""

from datetime import date, timedelta

from market import clock
from market.programmes.models import CalendarDay, Cycle, CycleState
from tests.builders.chain import make_cycle
from tests.builders.needs import make_terms
from tests.builders.people import save
from tests.site.cast import Cast


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    make_terms()
    cycle = make_cycle()
    draft = Cycle(
        programme_id=cycle.programme_id, rules_id=cycle.rules_id, year=cycle.year, name="下一批",
        opens_at=clock.now(), closes_at=clock.now() + timedelta(days=30), state=CycleState.DRAFT,
    )  # fmt: skip
    save(draft, CalendarDay(day=date(2027, 2, 8), is_working=False))
    return {
        "programme": {"programme_id": cycle.programme_id},
        "version": {"programme_id": cycle.programme_id, "version": 1},
        "cycle": {"cycle_id": cycle.id},
        "draft_cycle": {"cycle_id": draft.id},
        "term": {"term_id": 1},
        "day": {"day": "2027-02-08"},
    }
