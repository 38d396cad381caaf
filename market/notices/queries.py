"""Reads of notices: the public list and page, the bureau's table, objections, and whether signing is blocked."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from market import clock
from market.accounts.models import Grant, User
from market.attachments.queries import attachments_of, for_list
from market.bids.models import Bid, BidState
from market.bids.queries import content_of, text_of
from market.challenges.models import Challenge, ChallengeState
from market.database import db
from market.errors import NotFound
from market.needs.content import AmountKind
from market.notices.models import (
    OPEN_OBJECTION_STATES,
    PUBLIC_NOTICE_STATES,
    AwardItem,
    Notice,
    NoticeState,
    Objection,
)
from market.notices.policies import is_in_period, may_read_drafts, may_read_notice, may_take_effect
from market.paging import Page, paginate
from market.permissions import ALLOWED, Actor, Role, Verdict, refused
from market.programmes.queries import rules_of
from market.reviews.pool import dishonest
from market.reviews.queries import concluded_round, names_of, rankings_of, row_of, seated
from market.search import documents

LIVE = (NoticeState.DRAFT, NoticeState.APPROVAL, NoticeState.PUBLISHED)


def _notices() -> Select[Notice]:
    return select(Notice).options(joinedload(Notice.challenge).joinedload(Challenge.organisation))


def public_notices(number: int = 1) -> Page[Notice]:
    """Published notices, the newest first."""
    query = (
        _notices().where(Notice.state.in_(PUBLIC_NOTICE_STATES)).order_by(Notice.published_at.desc(), Notice.id.desc())
    )
    return paginate(db.session(), query, number)


def all_notices(number: int = 1, state: NoticeState | None = None) -> Page[Notice]:
    """The bureau's table: what waits first."""
    query = _notices().order_by(Notice.state.in_(LIVE).desc(), Notice.id.desc())
    return paginate(db.session(), query.where(Notice.state == state) if state else query, number)


def challenges_to_publish() -> Sequence[Challenge]:
    """Challenges under review that have no notice under way; the bureau sees which have a recommendation."""
    busy = select(Notice.challenge_id).where(Notice.state.in_(LIVE))
    waiting = db.session.scalars(
        select(Challenge)
        .where(Challenge.state == ChallengeState.REVIEW, Challenge.id.not_in(busy))
        .order_by(Challenge.bid_deadline, Challenge.id)
        .limit(50)
    ).all()
    recommended = select(Bid.challenge_id).where(
        Bid.state == "recommended", Bid.challenge_id.in_([c.id for c in waiting])
    )
    ready = set(db.session.scalars(recommended))
    return [challenge for challenge in waiting if challenge.id in ready]


def notice_by_id(actor: Actor, notice_id: int) -> Notice:
    """Raises NotFound for a draft that the actor may not know of."""
    found = row_of(Notice, notice_id)
    if not may_read_notice(actor, found):
        raise NotFound
    return found


def live_notice(challenge: Challenge) -> Notice | None:
    """The notice under way or effective, if any: the newest one that was not cancelled."""
    return db.session.scalar(
        select(Notice)
        .where(Notice.challenge_id == challenge.id, Notice.state != NoticeState.CANCELLED)
        .order_by(Notice.id.desc())
        .limit(1)
    )


def items_of(notice: Notice) -> Sequence[AwardItem]:
    return db.session.scalars(
        select(AwardItem)
        .options(joinedload(AwardItem.bid).joinedload(Bid.solver))
        .where(AwardItem.notice_id == notice.id)
        .order_by(AwardItem.rank, AwardItem.id)
    ).all()


def items_of_many(notices: Sequence[Notice]) -> dict[int, list[AwardItem]]:
    """Award items by notice id, in one statement."""
    found: dict[int, list[AwardItem]] = {notice.id: [] for notice in notices}
    rows = db.session.scalars(
        select(AwardItem).where(AwardItem.notice_id.in_(found)).order_by(AwardItem.rank, AwardItem.id)
    )
    for item in rows:
        found[item.notice_id].append(item)
    return found


def award_amount(bid: Bid) -> int | None:
    """Fen: the price of the opened bid, else the fixed amount of the challenge; None when the contract decides."""
    content, text = content_of(bid), text_of(bid.challenge)
    if content is not None and content.price_fen is not None:
        return content.price_fen
    return text.amount_fen if text.amount_kind is AmountKind.FIXED else None


def notice_view(actor: Actor, notice: Notice) -> dict[str, Any]:
    """The page of a notice. Experts and scores are in it only where the rules publish them."""
    rules = rules_of(notice.challenge)
    round_ = concluded_round(notice.challenge) if rules.scores_published else None
    waiting = len(open_objections(notice.challenge)) if may_read_drafts(actor) else 0
    return {
        "notice": notice,
        "items": items_of(notice),
        "rules": rules,
        "experts": [assignment.expert.user.name for assignment in seated(round_)] if round_ else [],
        "may_object": is_in_period(notice),
        "from_day": clock.local(notice.published_at).date() if notice.published_at else None,
        "ends_at": clock.end_of(notice.ends_on) if notice.ends_on else None,
        "open_objections": waiting,
        "effect": may_take_effect(actor, notice, waiting),
    }


def default_text(challenge: Challenge) -> dict[str, str]:
    """Title and body as bureaus write them, for the officer to change."""
    return {
        "title": _("关于“%(title)s”拟中榜结果的公示", title=challenge.title),
        "body": _(
            "根据揭榜挂帅项目管理有关规定，榜单“%(title)s”（%(code)s）经公开发榜、投递开启、形式审查、专家评审，"
            "并经局党组会议研究，拟确定下列揭榜方为中榜方，现予公示。",
            title=challenge.title,
            code=challenge.code or "",
        ),
    }


def ranks_of(challenge: Challenge) -> dict[int, tuple[int, int]]:
    """(rank, mean in hundredths) of each bid in the round whose recommendation counts, by bid id."""
    round_ = concluded_round(challenge)
    if round_ is None:
        return {}
    return {ranking.bid_id: (ranking.rank, ranking.mean_hundredths) for ranking in rankings_of(round_)}


def reserves_in_rank(challenge: Challenge) -> list[Bid]:
    """备选 who may move up, the best ranked first; whoever has a 失信 record in force is passed over."""
    ranks, (people, units) = ranks_of(challenge), dishonest()
    reserves = db.session.scalars(
        select(Bid).where(Bid.challenge_id == challenge.id, Bid.state == BidState.RESERVE).order_by(Bid.id)
    )
    fit = [
        bid for bid in reserves if bid.id in ranks and bid.lead_id not in people and bid.organisation_id not in units
    ]
    return sorted(fit, key=lambda bid: ranks[bid.id][0])


# --- objections -----------------------------------------------------------------------------------------------------


def open_objections(challenge: Challenge) -> Sequence[Objection]:
    """Unanswered objections to any notice of the challenge, a cancelled one included."""
    return db.session.scalars(
        select(Objection)
        .join(Notice, Objection.notice_id == Notice.id)
        .where(Notice.challenge_id == challenge.id, Objection.state.in_(OPEN_OBJECTION_STATES))
        .order_by(Objection.id)
    ).all()


def objections(number: int = 1) -> Page[Objection]:
    """All objections, unanswered and most urgent first."""
    query = (
        select(Objection)
        .options(joinedload(Objection.notice).joinedload(Notice.challenge))
        .order_by(Objection.state.in_(OPEN_OBJECTION_STATES).desc(), Objection.due_on, Objection.id.desc())
    )
    return paginate(db.session(), query, number)


def objection_by_id(objection_id: int) -> Objection:
    return row_of(Objection, objection_id)


def objection_view(objection: Objection) -> dict[str, Any]:
    return {
        "objection": objection,
        "items": items_of(objection.notice),
        "attachments": for_list(attachments_of(objection)),
        "people": names_of([objection.handled_by_id, objection.decided_by_id]),
        "is_overdue": objection.state.is_open and objection.due_on is not None and objection.due_on < clock.today(),
    }


def objection_for_objector(number: str, last_digits: str) -> Objection:
    """Raises NotFound alike for an unknown number and for digits that do not fit: neither is to be guessed."""
    found = db.session.scalar(select(Objection).where(Objection.number == number.strip().upper()))
    digits = "".join(character for character in found.objector_phone if character.isdigit()) if found else ""
    if found is None or len(last_digits) != 4 or digits[-4:] != last_digits:
        raise NotFound(_("编号或电话后四位不正确，请核对后重试"))
    return found


def blocks_signing(challenge: Challenge) -> Verdict:
    """Allowed when nothing blocks; refused with the reason without an effective notice or with an open objection."""
    notice = live_notice(challenge)
    if notice is None or notice.state is not NoticeState.EFFECTIVE:
        return refused(_("拟中榜公示尚未期满生效，不能签订合同"))
    waiting = open_objections(challenge)
    if waiting:
        return refused(_("异议 %(number)s 尚未答复，答复前不能签订合同", number=waiting[0].number))
    return ALLOWED


def bureau_ids() -> list[int]:
    """City officers and division heads: who is told of periods and objections."""
    return list(
        db.session.scalars(
            select(Grant.user_id)
            .join(User, Grant.user_id == User.id)
            .where(Grant.role.in_((Role.CITY_OFFICER, Role.DIVISION_HEAD)), Grant.revoked_at.is_(None), User.is_active)
            .distinct()
            .order_by(Grant.user_id)
        )
    )


# --- search ---------------------------------------------------------------------------------------------------------


def _documents(ids: Sequence[int] | None) -> Iterable[documents.Document]:
    query = _notices().where(Notice.state.in_(PUBLIC_NOTICE_STATES)).order_by(Notice.id)
    notices = db.session.scalars(query if ids is None else query.where(Notice.id.in_(ids))).all()
    items = items_of_many(notices)
    for notice in notices:
        yield documents.Document(
            id=notice.id,
            title=notice.title,
            body="\n".join([notice.body, notice.challenge.title, *(item.title for item in items[notice.id])]),
            code=notice.challenge.code or "",
            district=notice.challenge.district_code or "",
            posted_at=notice.published_at,
            state=notice.state,
        )


documents.register(
    "notice", _documents, lambda document: url_for("notices.show", notice_id=document.id), _l("公示"), position=30
)
