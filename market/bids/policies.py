"""Who writes, seals, withdraws and reads a bid, and when (docs/domain.md B.2, B.4.3)."""

from collections.abc import Callable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, String, and_, cast, or_, select

from market import clock
from market.attachments.models import Attachment
from market.attachments.policies import owner
from market.audit.models import Entry
from market.audit.queries import VEILS
from market.bids.models import Bid, BidState
from market.challenges.models import Challenge, ChallengeState
from market.database import db
from market.permissions import ALLOWED, Actor, Permission, Role, Verdict, refused
from market.solvers.models import PUBLIC_SOLVER_STATES, Solver, SolverMember

SEALED_STATES = (BidState.DRAFT, BidState.SUBMITTED, BidState.WITHDRAWN)
"""Nobody but the bidder may know of these."""
POSTER_STATES = tuple(s for s in BidState if s not in (*SEALED_STATES, BidState.OPENED, BidState.UNQUALIFIED))

bid_readers: list[Callable[[Actor, Bid], bool]] = []
"""Higher rooms add who else reads an opened bid: ``(actor, bid) -> bool``. Never asked before the opening."""


def is_on_team(actor: Actor, solver: Solver) -> bool:
    """The lead, or a member with an account."""
    if actor.user_id is None:
        return False
    if solver.lead_id == actor.user_id:
        return True
    membership = select(SolverMember.id).where(
        SolverMember.solver_id == solver.id, SolverMember.user_id == actor.user_id
    )
    return db.session.scalar(membership) is not None


def answers_for(actor: Actor, solver: Solver) -> bool:
    """挂帅人 of the solver, or a team lead on its team: who binds it."""
    if solver.lead_id == actor.user_id:
        return True
    return Role.TEAM_LEAD in actor.roles and is_on_team(actor, solver)


def may_begin_bid(actor: Actor, solver: Solver) -> Verdict:
    if not actor.has(Permission.BID_WRITE) or not is_on_team(actor, solver):
        return refused(_("只有本团队成员可以起草揭榜书"))
    if solver.state not in PUBLIC_SOLVER_STATES:
        return refused(_("请先完成揭榜方登记，再来揭榜"))
    return ALLOWED


def may_write_bid(actor: Actor, bid: Bid) -> Verdict:
    """Drafting, and preparing a replacement, while the challenge takes bids."""
    if not actor.has(Permission.BID_WRITE) or not is_on_team(actor, bid.solver):
        return refused(_("只有本团队成员可以修改揭榜书"))
    if bid.state not in (BidState.DRAFT, BidState.SUBMITTED):
        return refused(_("这份揭榜书已不能修改"))
    if not bid.challenge.takes_bids:
        return refused(_("榜单已截止，不再接收投递"))
    return ALLOWED


def may_submit_bid(actor: Actor, bid: Bid) -> Verdict:
    """Asked inside the transaction that holds the challenge: the deadline is judged to the second."""
    if not answers_for(actor, bid.solver):
        return refused(_("只有团队负责人可以提交，成员可以起草"))
    return may_write_bid(actor, bid)


def may_withdraw_bid(actor: Actor, bid: Bid) -> Verdict:
    if not answers_for(actor, bid.solver):
        return refused(_("只有团队负责人可以撤回"))
    if bid.state is BidState.SUBMITTED and not bid.challenge.takes_bids:
        return refused(_("榜单已截止，不能再撤回"))
    return ALLOWED


def may_renounce_bid(actor: Actor, bid: Bid) -> Verdict:
    if not answers_for(actor, bid.solver):
        return refused(_("只有团队负责人可以放弃"))
    return ALLOWED


def may_open_bids(actor: Actor, challenge: Challenge) -> Verdict:
    """Never before the deadline, whoever asks and however many they are."""
    if not actor.has(Permission.BID_OPEN):
        return refused(_("您的角色不参与开启投递"))
    if challenge.bid_deadline is None or clock.now() < challenge.bid_deadline:
        return refused(_("榜单尚未截止，任何人都不能开启投递"))
    if challenge.state is ChallengeState.POSTED:
        return refused(_("榜单正在截止，请稍候一分钟再试"))
    if challenge.state is not ChallengeState.CLOSED:
        return refused(_("投递已经开启，或榜单已经结束"))
    return ALLOWED


def may_screen_bid(actor: Actor, bid: Bid) -> Verdict:
    if not actor.covers(Permission.BID_SCREEN, district_code=bid.challenge.district_code):
        return refused(_("只有主管处室经办可以作形式审查"))
    return ALLOWED


def may_disqualify_bid(actor: Actor, bid: Bid) -> Verdict:
    if not actor.covers(Permission.NOTICE_APPROVE, district_code=bid.challenge.district_code):
        return refused(_("只有处室负责人可以取消资格"))
    return ALLOWED


def may_read_bid(actor: Actor, bid: Bid) -> bool:
    """Before the opening the bidder alone; then the bureau, the poster once it is qualified, and the panel."""
    if is_on_team(actor, bid.solver):
        return actor.has(Permission.BID_WRITE)
    if bid.state in SEALED_STATES:
        return False
    if actor.covers(Permission.BID_READ, district_code=bid.challenge.district_code):
        return True
    if bid.state in POSTER_STATES and is_poster(actor, bid.challenge):
        return True
    return any(reads(actor, bid) for reads in bid_readers)


def is_poster(actor: Actor, challenge: Challenge) -> bool:
    """撰榜人 and 签约人 of the posting firm: they choose; its manager of accounts does not."""
    return actor.covers(Permission.NEED_WRITE, organisation_id=challenge.organisation_id)


def may_list_bids(actor: Actor, challenge: Challenge) -> Verdict:
    """The page that lists a challenge's bids once they are opened; who may see it does not depend on their number."""
    if actor.covers(Permission.BID_READ, district_code=challenge.district_code) or is_poster(actor, challenge):
        return ALLOWED
    return refused(_("只有主管处室和发榜方可以查看投递"))


_TAKING_BIDS = (ChallengeState.POSTED, ChallengeState.CLOSED)


def _while_sealed() -> ColumnElement[bool]:
    """Journal entries that tell who bids while the bids are sealed."""
    return _entries_of(Challenge.state.in_(_TAKING_BIDS))


def _never_opened() -> ColumnElement[bool]:
    """Those of bids that were withdrawn or never submitted: what nobody opened stays unread for good."""
    return _entries_of(Challenge.state.not_in(_TAKING_BIDS))


def _entries_of(stage: ColumnElement[bool]) -> ColumnElement[bool]:
    sealed = select(Bid.id).join(Challenge, Challenge.id == Bid.challenge_id).where(Bid.state.in_(SEALED_STATES), stage)
    files = select(Attachment.id).where(Attachment.owner_kind == Bid.__tablename__, Attachment.owner_id.in_(sealed))
    return or_(
        and_(Entry.subject_kind == Bid.__tablename__, Entry.subject_id.in_(_as_text(sealed))),
        and_(Entry.subject_kind == Attachment.__tablename__, Entry.subject_id.in_(_as_text(files))),
    )


def _as_text(ids: Select[int]) -> Select[str]:
    """The journal names rows by text."""
    rows = ids.subquery()
    return select(cast(rows.c.id, String))


VEILS += [
    (_while_sealed, _l("密封期内的记录，开启后可读（撤回和未提交的除外）")),
    (_never_opened, _l("撤回或未提交的揭榜，内容不公开")),
]


@owner(Bid, by_slot=True)
def may_see_bid_file(actor: Actor, bid: Bid, slot: str) -> bool:
    """Draft files are the team's alone; opened ones go with the bid."""
    if slot == "draft":
        return actor.has(Permission.BID_WRITE) and is_on_team(actor, bid.solver)
    return may_read_bid(actor, bid)
