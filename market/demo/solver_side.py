"""What solvers were told before staff invited anybody, and a draft whose firm has something to learn from it."""

from typing import Any

from sqlalchemy import select

from market import clock
from market.accounts.models import Organisation, User
from market.accounts.operations import update_profile
from market.database import db, transaction
from market.demo.cast import Cast
from market.demo.diary import Diary
from market.demo.files import read
from market.jobs import enqueue
from market.jobs.outbox import deliver_due
from market.matches.suggestions import WEEKDAYS, choose_pace
from market.needs.content import ProblemKind
from market.needs.operations import create_need
from market.programmes.models import Cycle
from market.solvers.models import Solver

DRAFT: dict[str, Any] = {
    "title": "高速主轴用氮化硅陶瓷球精研表面缺陷控制",
    "kind": ProblemKind.RESEARCH,
    "industry": "ceramics",
    "tech_field": "structural-ceramics",
    "background": "我公司精研后的氮化硅球表面仍有划痕和雪花状斑点，客户反映明显，希望产品达到国际先进水平。",
    "content": "采用先进的精研工艺，显著提高表面质量，降低废品率。",
    "deliverables": ["高性能研磨液配方", "精研工艺规程"],
    "indicators": [
        {"name": "表面粗糙度 Ra", "operator": "<=", "value": "0.005", "value_high": "", "unit": "μm", "method": ""},
        {"name": "划痕球比例降低", "operator": ">=", "value": "", "value_high": "", "unit": "%", "method": "双方约定"},
    ],
}


def write_vague_draft(cast: Cast, diary: Diary) -> None:
    """The demo's author has begun a need much like one already posted, in words that promise without saying."""
    organisation = db.session.get_one(Organisation, cast.organisations["luling"])
    create_need(cast.actor("author-luling"), diary.get(Cycle, "live"), organisation, DRAFT)


def tell_solvers_of_challenges(cast: Cast) -> None:
    """This week's digest, once the open challenges are ranked; the clock will not send it a second time."""
    with transaction():
        _read_english(cast)
        for key, pace in (("lead-s28", "at_once"), ("lead-s11", "never")):
            for solver in _led_by(cast, key):
                choose_pace(cast.actor(key), solver, pace)
    year, week, _day = clock.local(clock.now()).isocalendar()
    with transaction():
        for weekday in WEEKDAYS:
            key = f"{year}-{week}-{weekday}"
            enqueue("matches.digest", {"weekday": weekday, "week": f"{year}-{week}"}, key=key)
    deliver_due()


def _led_by(cast: Cast, key: str) -> list[Solver]:
    query = select(Solver).where(Solver.lead_id == cast.people[key]).order_by(Solver.id)
    return list(db.session.scalars(query))


def _read_english(cast: Cast) -> None:
    """Leads abroad read English."""
    abroad = {entry["key"] for entry in read("organisations") if entry["country"] != "CN"}
    for entry in read("people"):
        if entry["organisation"] in abroad and "solver" in entry["roles"]:
            user = db.session.get_one(User, cast.people[entry["key"]])
            update_profile(
                cast.actor(entry["key"]), user,
                name=user.name, name_en=user.name_en, title=user.title, phone=user.phone or "", locale="en",
            )  # fmt: skip
