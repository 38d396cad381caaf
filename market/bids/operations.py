"""The bidder's side: draft, files, sealing, replacing, withdrawing, renouncing; and the bureau's formal check."""

import hashlib
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import FileStorage

from market import clock
from market.attachments.inspection import inspect_upload
from market.attachments.models import Attachment
from market.attachments.operations import erase_attachment, store_inspected, store_upload
from market.attachments.queries import attachments_of, content_of
from market.audit.journal import record
from market.bids.content import BidContent, Package, PackedFile, aligned_answers, missing, pack, unpack
from market.bids.models import Bid, BidState, OpenedContent, SealedVersion
from market.bids.policies import (
    may_begin_bid,
    may_disqualify_bid,
    may_renounce_bid,
    may_screen_bid,
    may_submit_bid,
    may_withdraw_bid,
    may_write_bid,
)
from market.bids.queries import draft_of, live_bid, obstacles, sealing_subject, text_of
from market.bids.receipts import new_number, next_number
from market.challenges.models import Challenge
from market.database import db, violated_constraint
from market.errors import Conflict, InvalidInput, NotAllowed
from market.jobs import handler
from market.notifications.operations import Text, notify
from market.permissions import Actor, Verdict
from market.programmes.queries import rules_of
from market.sealing.envelope import seal
from market.sealing.keys import sealing_key_of
from market.solvers.models import Solver, SolverMember
from market.workflow import advance

DRAFT_SLOT, OPENED_SLOT = "draft", "opened"
NOTE_MOST = 2000


def _allow(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


def begin_bid(actor: Actor, challenge: Challenge, solver: Solver) -> Bid:
    """起草: an empty draft. Raises Conflict when the solver has a live bid here already."""
    _allow(may_begin_bid(actor, solver))
    if not challenge.takes_bids:
        raise NotAllowed(_("榜单已截止，不再接收投递"))
    if found := obstacles(challenge, solver):
        raise InvalidInput({"solver": _("；").join(found)})
    if live_bid(challenge, solver) is not None:
        raise Conflict(_("您的团队在这个榜单下已有一份揭榜书"))
    bid = Bid(
        challenge_id=challenge.id,
        challenge_version=challenge.version,
        solver_id=solver.id,
        organisation_id=solver.organisation_id,
        lead_id=solver.lead_id,
        draft=BidContent().model_dump(mode="json"),
    )
    db.session.add(bid)
    try:
        db.session.flush()  # The constraint speaks here, not at the commit.
    except IntegrityError as problem:
        if "uq_bid_live" in violated_constraint(problem) or "bid.solver_id" in violated_constraint(problem):
            raise Conflict(_("您的团队在这个榜单下已有一份揭榜书")) from problem
        raise
    record(actor, "bid:begin", bid)
    return bid


def save_draft(actor: Actor, bid: Bid, content: BidContent) -> Bid:
    """Keep what was written, complete or not. A sealed version stays as it is until it is replaced."""
    _allow(may_write_bid(actor, bid))
    bid.draft = content.model_dump(mode="json")
    record(actor, "bid:save", bid)
    return bid


def attach_file(actor: Actor, bid: Bid, file: FileStorage) -> Attachment:
    """A file of the draft, encrypted at rest. Raises InvalidInput under ``files``."""
    _allow(may_write_bid(actor, bid))
    rules = rules_of(bid)
    if len(attachments_of(bid, DRAFT_SLOT)) >= rules.attachments_most:
        raise InvalidInput({"files": _("附件最多 %(most)d 个", most=rules.attachments_most)})
    return store_upload(
        actor, bid, DRAFT_SLOT, file, limit_mb=rules.attachment_mb_most, confidential=True, field="files"
    )


def remove_file(actor: Actor, bid: Bid, token: str) -> None:
    """Erase one file of the draft; an unknown token does nothing."""
    _allow(may_write_bid(actor, bid))
    for attachment in attachments_of(bid, DRAFT_SLOT):
        if attachment.token == token:
            erase_attachment(actor, attachment)


def package_of(bid: Bid) -> Package:
    """The draft with its files: what is sealed, and what the bidder downloads as a copy."""
    files = tuple(
        PackedFile(attachment.filename, attachment.content_type, content_of(attachment))
        for attachment in attachments_of(bid, DRAFT_SLOT)
    )
    return Package(bid.challenge.code or "", bid.challenge.version, bid.solver.name, draft_of(bid), files)


def _locked_challenge(bid: Bid) -> Challenge:
    """Nobody closes, changes or opens it until this transaction ends."""
    return db.session.get_one(Challenge, bid.challenge_id, with_for_update=True, populate_existing=True)


def submit_bid(actor: Actor, bid: Bid) -> SealedVersion:
    """密封提交: the draft becomes ciphertext that nobody can open before the opening, and is erased.

    Raises NotAllowed after the deadline (to the second), InvalidInput for what is missing.
    """
    return _seal(actor, bid, "submit", new_number())


def replace_bid(actor: Actor, bid: Bid) -> SealedVersion:
    """替换: a new sealed version takes the place of the current one, which stays on record, sealed for good."""
    if bid.draft is None:
        raise Conflict(_("请先填写用于替换的内容"))
    return _seal(actor, bid, "replace", next_number(bid.receipt_number or new_number()))


def _seal(actor: Actor, bid: Bid, event: str, number: str) -> SealedVersion:
    challenge = _locked_challenge(bid)
    _allow(may_submit_bid(actor, bid))
    content, text = BidContent(**(bid.draft or {})), text_of(challenge)
    content.answers = aligned_answers(content, text.indicators)
    problems = missing(content, text, rules_of(challenge))
    if found := obstacles(challenge, bid.solver):
        problems[""] = _("；").join(found)
    if problems:
        raise InvalidInput(problems)
    key = sealing_key_of(sealing_subject(challenge))
    advance(bid, event, actor)
    bid.versions += 1
    ciphertext = seal(pack(package_of(bid)), key.public_key, sealing_info(bid, bid.versions), key.suite)
    version = SealedVersion(
        bid_id=bid.id,
        number=bid.versions,
        ciphertext=ciphertext,
        sha256=hashlib.sha256(ciphertext).hexdigest(),
        # Receipts state the second.
        sealed_at=clock.now().replace(microsecond=0),
        submitted_by_id=actor.user_id,
    )
    db.session.add(version)
    bid.receipt_number, bid.submitted_at, bid.challenge_version = number, version.sealed_at, challenge.version
    erase_draft(actor, bid)
    tell_team(
        bid,
        _l("已收到您的密封投递 %(number)s", number=number),
        _l("“%(title)s”的揭榜书已密封。截止前可以替换或撤回；截止后由两名以上持有人共同开启。", title=challenge.title),
        f"/bids/{bid.id}/receipt",
        key=f"bid-sealed:{bid.id}:{bid.versions}",
    )
    return version


def sealing_info(bid: Bid, number: int) -> bytes:
    """What a sealed version is bound to: a ciphertext moved to another bid, solver or version does not open."""
    return f"bid|challenge:{bid.challenge_id}|bid:{bid.id}|solver:{bid.solver_id}|version:{number}".encode()


def erase_draft(actor: Actor, bid: Bid) -> None:
    bid.draft = None
    for attachment in attachments_of(bid, DRAFT_SLOT):
        erase_attachment(actor, attachment)


def begin_replacement(actor: Actor, bid: Bid, copy: FileStorage | None = None) -> Bid:
    """Start the next version blank or from the bidder's own copy. Raises InvalidInput under ``copy``.

    The sealed version stays in force until the new one is sealed: nobody, the bidder included, can read it back.
    """
    _allow(may_submit_bid(actor, bid))
    if bid.state is not BidState.SUBMITTED:
        raise Conflict(_("只有已提交的揭榜书可以替换"))
    if bid.draft is not None:
        raise Conflict(_("已有一份正在填写的替换内容，请先完成或放弃"))
    record(actor, "bid:begin_replacement", bid)
    if copy is None or not copy.filename:
        bid.draft = BidContent().model_dump(mode="json")
        return bid
    try:
        package = unpack(copy.stream.read())
    except InvalidInput as problem:
        raise InvalidInput({"copy": problem.message}) from problem
    bid.draft = package.content.model_dump(mode="json")
    _restore_files(actor, bid, package)
    return bid


def _restore_files(actor: Actor, bid: Bid, package: Package) -> None:
    rules = rules_of(bid)
    for file in package.files[: rules.attachments_most]:
        try:
            inspected = inspect_upload(file.name, file.data, rules.attachment_mb_most)
        except InvalidInput as problem:
            raise InvalidInput({"copy": f"{file.name}：{problem.message}"}) from problem
        store_inspected(actor, bid, DRAFT_SLOT, inspected, confidential=True)


def discard_replacement(actor: Actor, bid: Bid) -> Bid:
    """Forget the replacement; the sealed version stays in force."""
    if bid.state is not BidState.SUBMITTED or bid.draft is None:
        raise Conflict(_("没有正在填写的替换内容"))
    _allow(may_submit_bid(actor, bid))
    record(actor, "bid:discard_replacement", bid)
    erase_draft(actor, bid)
    return bid


def withdraw_bid(actor: Actor, bid: Bid) -> Bid:
    """撤回, free before the deadline; a draft may be given up at any time. Sealed versions stay, unread for good."""
    _locked_challenge(bid)
    _allow(may_withdraw_bid(actor, bid))
    advance(bid, "withdraw", actor)
    erase_draft(actor, bid)
    tell_team(
        bid,
        _l("揭榜书已撤回"),
        _l("“%(title)s”的揭榜书已撤回。截止前可以重新起草提交。", title=bid.challenge.title),
        "/bids/mine",
        key=f"bid-withdrawn:{bid.id}",
    )
    return bid


def renounce_bid(actor: Actor, bid: Bid, reason: str) -> Bid:
    """放弃 by a recommended or winning bidder, with a reason that stays on record."""
    _allow(may_renounce_bid(actor, bid))
    bid.outcome_note = _reason(reason)
    advance(bid, "renounce", actor, bid.outcome_note)
    notify(
        [bid.challenge.prepared_by_id],
        _l("揭榜方放弃：%(code)s", code=bid.challenge.code),
        _l("“%(title)s”的揭榜方已放弃，请处理备选或重新评审。", title=bid.challenge.title),
        f"/bids/{bid.id}",
        key=f"bid-renounced:{bid.id}",
    )
    return bid


def disqualify_bid(actor: Actor, bid: Bid, reason: str) -> Bid:
    """取消资格: false data, affiliation or an integrity hit found up to the signing."""
    _allow(may_disqualify_bid(actor, bid))
    bid.outcome_note = _reason(reason)
    advance(bid, "disqualify", actor, bid.outcome_note)
    tell_team(
        bid,
        _l("揭榜资格已被取消"),
        _l("“%(title)s”：%(reason)s", title=bid.challenge.title, reason=bid.outcome_note),
        f"/bids/{bid.id}",
        key=f"bid-disqualified:{bid.id}",
    )
    return bid


def screen_bid(actor: Actor, bid: Bid, passed: bool, note: str = "") -> Bid:
    """形式审查: the bidder is told the result and why. What could not be opened cannot pass."""
    _allow(may_screen_bid(actor, bid))
    if passed and db.session.scalar(select(OpenedContent.id).where(OpenedContent.bid_id == bid.id)) is None:
        raise Conflict(_("这份投递未能解开，没有可以审查的内容，只能判为不通过"))
    bid.screening_note = _note(note) if passed else _reason(note, "note")
    advance(bid, "qualify" if passed else "fail_screening", actor, bid.screening_note)
    tell_team(
        bid,
        _l("形式审查通过") if passed else _l("形式审查未通过"),
        _l("“%(title)s”的形式审查已有结论。%(note)s", title=bid.challenge.title, note=bid.screening_note),
        f"/bids/{bid.id}",
        key=f"bid-screened:{bid.id}",
    )
    return bid


def _note(text: str) -> str:
    text = text.strip()
    if len(text) > NOTE_MOST:
        raise InvalidInput({"note": _("最多 %(max)d 个字", max=NOTE_MOST)})
    return text


def _reason(text: str, field: str = "reason") -> str:
    text = text.strip()
    if not text:
        raise InvalidInput({field: _("请写明理由，揭榜方会看到")})
    if len(text) > NOTE_MOST:
        raise InvalidInput({field: _("最多 %(max)d 个字", max=NOTE_MOST)})
    return text


def tell_team(bid: Bid, subject: Text, body: Text, url: str, key: str) -> None:
    notify(team_ids(bid), subject, body, url, key=key)


def team_ids(bid: Bid) -> list[int]:
    """The lead, and members with an account: nobody else hears of a bid."""
    members = db.session.scalars(
        select(SolverMember.user_id).where(SolverMember.solver_id == bid.solver_id, SolverMember.user_id.is_not(None))
    )
    return [bid.lead_id, *(number for number in members if number is not None)]


@handler("bids.challenge_changed")
def _tell_bidders(payload: dict[str, Any]) -> None:
    """A changed or extended challenge: those who are writing or have sealed are told, and may withdraw or replace."""
    challenge = db.session.get(Challenge, payload["challenge_id"])
    if challenge is None or challenge.bid_deadline is None:
        return
    bids = db.session.scalars(
        select(Bid)
        .where(Bid.challenge_id == challenge.id, Bid.state.in_((BidState.DRAFT, BidState.SUBMITTED)))
        .order_by(Bid.id)
    ).all()
    deadline = clock.local(challenge.bid_deadline).strftime("%Y-%m-%d %H:%M:%S")
    for bid in bids:
        tell_team(
            bid,
            _l("榜单有变更：%(title)s", title=challenge.title),
            _l("榜单或截止时间有变更，现截止 %(deadline)s（北京时间）。请核对后保留、替换或撤回。", deadline=deadline),
            f"/bids/{bid.id}",
            key=f"bid-changed:{bid.id}:{challenge.version}:{challenge.bid_deadline.timestamp():.0f}",
        )
