"""What the front page shows: numbers of the year, open challenges, notices, events. Public rows only."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select, text
from sqlalchemy.orm import joinedload

from market import clock
from market.challenges.models import Challenge, ChallengeState, ChallengeVersion
from market.database import db
from market.events.models import Event, EventState
from market.notices.models import Notice, NoticeState
from market.programmes.models import Term, TermKind
from market.reports.indicators import Period
from market.reports.queries import Value, values_of

# 征集需求、发榜、榜额、签约、带动研发投入、人才奖励
SHOWN_NUMBERS = ("J01", "J02", "J04", "J09", "J14", "J12")


@dataclass(frozen=True, slots=True)
class OpenChallenge:
    challenge: Challenge
    version: ChallengeVersion


def year_shown() -> int:
    """The present year, or the last one in which anything was posted."""
    last = db.session.scalar(select(func.max(Challenge.posted_at)))
    return clock.local(last).year if last else clock.today().year


def numbers_of(year: int) -> list[Value]:
    return list(values_of(SHOWN_NUMBERS, Period.year(year)).values())


def open_challenges(limit: int = 6) -> Sequence[OpenChallenge]:
    """Challenges that take bids now, the newest first."""
    current = and_(ChallengeVersion.challenge_id == Challenge.id, ChallengeVersion.number == Challenge.version)
    query = (
        select(Challenge, ChallengeVersion)
        .join(ChallengeVersion, current)
        .options(joinedload(Challenge.organisation), joinedload(Challenge.district))
        .where(Challenge.state == ChallengeState.POSTED, Challenge.bid_deadline > clock.now())
        .order_by(Challenge.posted_at.desc(), Challenge.id.desc())
        .limit(limit)
    )
    return [OpenChallenge(challenge, version) for challenge, version in db.session.execute(query)]


def current_notices(limit: int = 4) -> Sequence[Notice]:
    """Those one may still object to: one whose days have run waits for its objections or for the head."""
    query = (
        select(Notice)
        .options(joinedload(Notice.challenge))
        .where(Notice.state == NoticeState.PUBLISHED, Notice.ends_on >= clock.today())
        .order_by(Notice.published_at.desc(), Notice.id.desc())
        .limit(limit)
    )
    return db.session.scalars(query).all()


def coming_events(limit: int = 3) -> Sequence[Event]:
    query = (
        select(Event)
        .where(Event.state == EventState.PLANNED, Event.ends_at > clock.now())
        .order_by(Event.starts_at, Event.id)
        .limit(limit)
    )
    return db.session.scalars(query).all()


def industry_names(locale: str) -> dict[str, str]:
    terms = db.session.scalars(select(Term).where(Term.kind == TermKind.INDUSTRY).order_by(Term.id))
    return {term.code: (term.name_en or term.name) if locale == "en" else term.name for term in terms}


def database_answers() -> bool:
    return db.session.scalar(select(text("1"))) == 1
