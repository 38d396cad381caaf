"""What waits for the bureau and the experts, in the order of the chain."""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import joinedload

from market import clock
from market.bids.models import Bid, BidState
from market.challenges.models import Challenge, ChallengeState
from market.contracts.models import Contract, ContractState, Milestone, MilestoneState
from market.contracts.queries import is_live
from market.home.tasks import (
    Row,
    Waiting,
    address,
    bid_row,
    bids_in,
    challenge_row,
    challenges_in,
    contract_row,
    contracts_in,
    found,
    milestone_row,
    milestones_in,
    need_row,
    needs_in,
    payout_row,
    payouts_in,
    refund_row,
    refunds_in,
    task,
    within,
)
from market.matches.models import Candidate, ChallengeInvitation, Judgement
from market.matches.queries import is_vacant
from market.needs.models import Need, NeedState
from market.notices.models import OPEN_OBJECTION_STATES, Notice, NoticeState, Objection, ObjectionState
from market.payouts.models import Payout, PayoutState, Refund, RefundState
from market.permissions import Actor, Permission
from market.reviews.models import Assignment, AssignmentState, Expert, Round, RoundState

P = Permission


# ---------- the bureau: needs and challenges ----------


@task(P.NEED_CHECK_DISTRICT)
def needs_for_district(actor: Actor) -> Waiting:
    here = within(Need.district_code, actor.districts_with(P.NEED_CHECK_DISTRICT))
    query = needs_in(NeedState.DISTRICT_CHECK).where(here)
    return found(_l("需求待区县审核"), "clipboard-check", address("needs.index"), query, need_row)


@task(P.NEED_CHECK_FORMAL)
def needs_for_formal_check(_actor: Actor) -> Waiting:
    query = needs_in(NeedState.FORMAL_CHECK)
    return found(_l("需求待形式审查"), "clipboard-check", address("needs.index"), query, need_row)


@task(P.NEED_CHECK_FORMAL)
def needs_for_validation(_actor: Actor) -> Waiting:
    return found(_l("需求待论证"), "scale", address("needs.index"), needs_in(NeedState.VALIDATION), need_row)


@task(P.CHALLENGE_PREPARE)
def needs_to_post(_actor: Actor) -> Waiting:
    drafted = exists().where(Challenge.need_id == Need.id, Challenge.state != ChallengeState.REVOKED)
    query = needs_in(NeedState.ACCEPTED).where(~drafted)
    return found(_l("入库需求待拟榜"), "file-plus", address("challenges.manage"), query, need_row)


@task(P.CHALLENGE_PREPARE)
def challenges_to_propose(_actor: Actor) -> Waiting:
    query = challenges_in(ChallengeState.DRAFT).where(Challenge.confirmed_at.is_not(None))
    return found(_l("榜单可以送审"), "flag", address("challenges.manage"), query, challenge_row)


@task(P.CHALLENGE_APPROVE)
def challenges_to_approve(_actor: Actor) -> Waiting:
    query = challenges_in(ChallengeState.APPROVAL)
    return found(_l("榜单待审批"), "rubber-stamp", address("challenges.manage"), query, challenge_row)


@task(P.MATCH_RUN)
def candidates_to_judge(_actor: Actor) -> Waiting:
    ranked = exists().where(Candidate.challenge_id == Challenge.id)
    begun = exists().where(Judgement.challenge_id == Challenge.id)
    query = challenges_in(ChallengeState.POSTED).where(ranked, ~begun, Challenge.bid_deadline > clock.now())
    return found(_l("匹配结果待判断"), "affiliate", address("challenges.manage"), query, _match_row)


@task(P.MATCH_RUN)
def places_to_fill(_actor: Actor) -> Waiting:
    lost = exists().where(ChallengeInvitation.challenge_id == Challenge.id, is_vacant())
    query = challenges_in(ChallengeState.POSTED).where(lost, Challenge.bid_deadline > clock.now())
    return found(_l("邀请需要递补"), "send", address("challenges.manage"), query, _match_row)


def _match_row(challenge: Challenge) -> Row:
    return Row(
        challenge.title,
        address("matches.show", code=challenge.code),
        challenge.code or "",
        challenge.bid_deadline,
    )


@task(P.BID_OPEN)
def openings_due(_actor: Actor) -> Waiting:
    # Whether anybody bid or not: before the opening that is nobody's to know.
    query = challenges_in(ChallengeState.CLOSED)
    return found(_l("投递待开启"), "lock-open", address("bids.openings"), query, _opening_row)


def _opening_row(challenge: Challenge) -> Row:
    return Row(challenge.title, address("bids.open_bids", code=challenge.code), challenge.code or "")


# ---------- review, notice, objection ----------


@task(P.BID_SCREEN)
def bids_to_screen(_actor: Actor) -> Waiting:
    return found(_l("揭榜书待形式审查"), "list-details", address("reviews.index"), bids_in(BidState.OPENED), bid_row)


@task(P.REVIEW_MANAGE)
def reviews_to_begin(_actor: Actor) -> Waiting:
    """After the screening, and again when an upheld objection sent the bids back."""
    under_way = exists().where(
        Round.challenge_id == Challenge.id, Round.state.not_in((RoundState.CONCLUDED, RoundState.VOIDED))
    )
    query = challenges_in(ChallengeState.REVIEW).where(
        _has_bid(BidState.QUALIFIED), ~_has_bid(BidState.OPENED), ~_has_bid(BidState.RECOMMENDED), ~under_way
    )
    return found(_l("评审待组织"), "scale", address("reviews.index"), query, _review_row)


def _has_bid(state: BidState) -> ColumnElement[bool]:
    return exists().where(Bid.challenge_id == Challenge.id, Bid.state == state)


def _review_row(challenge: Challenge) -> Row:
    return Row(challenge.title, address("reviews.show", code=challenge.code), challenge.code or "")


@task(P.REVIEW_MANAGE)
def rounds_to_move_on(_actor: Actor) -> Waiting:
    """A panel that is drawn and not convened; a ranking without its conclusion."""
    query = (
        select(Round)
        .where(Round.state.in_((RoundState.DRAFT, RoundState.RANKED)))
        .order_by(Round.id)
        .options(joinedload(Round.challenge))
    )
    return found(_l("评审待召集或形成结论"), "scale", address("reviews.index"), query, _round_row)


def _round_row(round_: Round) -> Row:
    return Row(round_.challenge.title, address("reviews.show", code=round_.challenge.code), str(round_.state.label))


@task(P.NOTICE_PREPARE)
def notices_to_finish(_actor: Actor) -> Waiting:
    return found(
        _l("公示草稿待送审"), "speakerphone", address("notices.manage"), _notices_in(NoticeState.DRAFT), notice_row
    )


@task(P.NOTICE_PREPARE)
def notices_to_prepare(_actor: Actor) -> Waiting:
    """A recommendation without a notice under way: of a review, or of the next in rank."""
    live = exists().where(Notice.challenge_id == Challenge.id, Notice.state != NoticeState.CANCELLED)
    query = challenges_in(ChallengeState.REVIEW).where(_has_bid(BidState.RECOMMENDED), ~live)
    return found(_l("推荐结果待拟公示"), "speakerphone", address("notices.manage"), query, _notice_to_prepare)


def _notice_to_prepare(challenge: Challenge) -> Row:
    return Row(challenge.title, address("notices.prepare", code=challenge.code), challenge.code or "")


@task(P.REVIEW_SCORE)
def reviews_to_do(actor: Actor) -> Waiting:
    query = (
        select(Assignment)
        .join(Round, Round.id == Assignment.round_id)
        .join(Expert, Expert.id == Assignment.expert_id)
        .options(joinedload(Assignment.round).joinedload(Round.challenge))
        .where(
            Expert.user_id == actor.user_id,
            or_(
                and_(Assignment.state == AssignmentState.INVITED, Round.state == RoundState.DECLARING),
                and_(Assignment.state == AssignmentState.DECLARED, Round.state == RoundState.SCORING),
            ),
        )
        .order_by(Assignment.id)
    )
    return found(_l("评审任务"), "clipboard-check", address("reviews.mine"), query, _assignment_row)


def _assignment_row(assignment: Assignment) -> Row:
    url = address("reviews.task", assignment_id=assignment.id)
    return Row(assignment.round.challenge.title, url, str(assignment.state.label))


@task(P.NOTICE_APPROVE)
def notices_to_approve(_actor: Actor) -> Waiting:
    query = _notices_in(NoticeState.APPROVAL)
    return found(_l("公示待审批"), "speakerphone", address("notices.manage"), query, notice_row)


def _notices_in(state: NoticeState) -> Select[Notice]:
    return select(Notice).where(Notice.state == state).order_by(Notice.id).options(joinedload(Notice.challenge))


def notice_row(notice: Notice) -> Row:
    return Row(notice.title, address("notices.show", notice_id=notice.id), notice.challenge.code or "")


@task(P.NOTICE_APPROVE)
def objections_to_decide(actor: Actor) -> Waiting:
    """Investigated by somebody else: the head says what follows."""
    query = _objections_in(ObjectionState.ACCEPTED).where(
        Objection.finding != "", Objection.handled_by_id != actor.user_id
    )
    return found(_l("异议待作结论"), "gavel", address("notices.objections"), query, _objection_row)


@task(P.OBJECTION_ANSWER)
def objections_due(_actor: Actor) -> Waiting:
    return open_objections(_l("异议待办理"))


def open_objections(label: Any) -> Waiting:
    """Objections not yet answered, the most urgent first: to handle for some, to watch for the supervisor."""
    query = _objections_in(*OPEN_OBJECTION_STATES)
    return found(label, "alert-triangle", address("notices.objections"), query, _objection_row)


def _objections_in(*states: ObjectionState) -> Select[Objection]:
    return (
        select(Objection)
        .where(Objection.state.in_(states))
        .options(joinedload(Objection.notice))
        .order_by(Objection.due_on, Objection.id)
    )


def _objection_row(objection: Objection) -> Row:
    due = clock.end_of(objection.due_on) if objection.due_on else None
    url = address("notices.objection", objection_id=objection.id)
    return Row(f"{objection.number} {objection.notice.title}", url, str(objection.state.label), due)


# ---------- contracts and money ----------


@task(P.CONTRACT_MANAGE)
def awards_to_contract(_actor: Actor) -> Waiting:
    drafted = exists().where(Contract.bid_id == Bid.id, is_live())
    query = bids_in(BidState.AWARDED).where(~drafted)
    return found(_l("中榜待拟合同"), "writing", address("contracts.index"), query, _award_row)


def _award_row(bid: Bid) -> Row:
    return Row(bid.challenge.title, address("contracts.draft", bid_id=bid.id), bid.solver.name)


@task(P.CONTRACT_MANAGE)
def contracts_to_register(_actor: Actor) -> Waiting:
    query = contracts_in(ContractState.AGREED)
    return found(_l("合同待登记签署"), "signature", address("contracts.index"), query, contract_row)


@task(P.PAYOUT_REQUEST)
def payouts_to_make(_actor: Actor) -> Waiting:
    paid = exists().where(Payout.milestone_id == Milestone.id, Payout.state != PayoutState.CANCELLED)
    query = milestones_in(MilestoneState.ACCEPTED).where(~paid, Milestone.percent > 0)
    return found(_l("里程碑已通过，可申请兑付"), "coin", address("payouts.payable"), query, milestone_row)


@task(P.PAYOUT_REQUEST)
def payouts_to_mend_or_pay(_actor: Actor) -> Waiting:
    query = payouts_in(PayoutState.SENT_BACK, PayoutState.APPROVED)
    return found(_l("兑付待支付或修改"), "cash", address("payouts.index"), query, payout_row)


@task(P.PAYOUT_CHECK)
def payouts_to_check(actor: Actor) -> Waiting:
    query = payouts_in(PayoutState.REQUESTED).where(Payout.maker_id != actor.user_id)
    return found(_l("兑付待复核"), "receipt", address("payouts.index"), query, payout_row)


@task(P.PAYOUT_APPROVE)
def payouts_to_approve(actor: Actor) -> Waiting:
    others = and_(Payout.maker_id != actor.user_id, Payout.checker_id != actor.user_id)
    query = payouts_in(PayoutState.CHECKED).where(others)
    return found(_l("兑付待审批"), "rubber-stamp", address("payouts.index"), query, payout_row)


@task(P.PAYOUT_CHECK)
def refunds_to_check(actor: Actor) -> Waiting:
    query = refunds_in(RefundState.REQUESTED).where(Refund.maker_id != actor.user_id)
    return found(_l("追回待复核"), "receipt", address("payouts.refund_list"), query, refund_row)


@task(P.PAYOUT_APPROVE)
def refunds_to_approve(actor: Actor) -> Waiting:
    others = and_(Refund.maker_id != actor.user_id, Refund.checker_id != actor.user_id)
    query = refunds_in(RefundState.CHECKED).where(others)
    return found(_l("追回待审批"), "rubber-stamp", address("payouts.refund_list"), query, refund_row)


@task(P.PAYOUT_REQUEST)
def refunds_to_register(_actor: Actor) -> Waiting:
    query = refunds_in(RefundState.RECOVERING)
    return found(_l("追回待退回登记"), "cash", address("payouts.refund_list"), query, refund_row)
