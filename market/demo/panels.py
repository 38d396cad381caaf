"""Reviews of the live cycle that are under way: a panel drawn, declaring, scoring, or ranked and not yet concluded."""

from datetime import date, timedelta

from market.demo.awards import AwardStory

UNDER_REVIEW = ("panel_drawn", "declaring", "under_review", "ranked")
HANDED_IN = 2
# Who of the demo's logins is to find which review waiting.
SEATED = {
    "N26-C05": ("expert-01", "expert-08"),
    "N26-C26": ("expert-05", "expert-06", "expert-07", "expert-09"),
    "N26-C36": ("expert-02", "expert-03", "expert-04"),
}


def tell_panel(story: AwardStory, state: str, today: date) -> None:
    note = story.diary.note
    if state == "panel_drawn":
        note(today - timedelta(days=1), "15:00", story.start)
        return
    begun = today - timedelta(days=8 if state == "ranked" else 4)
    handed_in = HANDED_IN if state == "under_review" else 0
    note(begun, "09:00", story.start, SEATED.get(story.key, ()), handed_in)
    note(begun, "10:00", story.convene)
    if state == "declaring":
        return
    note(begun + timedelta(days=1), "10:00", story.declare)
    note(begun + timedelta(days=1), "15:00", story.begin_scoring)
    if state == "under_review":
        note(begun + timedelta(days=2), "11:00", story.score, handed_in)
        note(begun + timedelta(days=3), "20:10", story.begin_sheet)
        return
    note(begun + timedelta(days=4), "11:00", story.score)
    note(today - timedelta(days=2), "14:00", story.rank)
