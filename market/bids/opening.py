"""The opening: after the deadline, by officers' shares, all bids of a challenge in one transaction, none dropped."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from market import clock
from market.attachments.inspection import Inspected, inspect_upload
from market.attachments.operations import store_inspected
from market.audit.journal import record
from market.bids.content import Package, unpack
from market.bids.models import Bid, BidState, OpenedContent, Opening, SealedVersion
from market.bids.operations import OPENED_SLOT, erase_draft, sealing_info, tell_team
from market.bids.policies import may_open_bids
from market.bids.queries import opening_of, sealing_subject
from market.challenges.models import Challenge
from market.database import db
from market.errors import InvalidInput, NotAllowed
from market.jobs import enqueue
from market.notifications.operations import notify
from market.permissions import Actor
from market.programmes.queries import rules_of
from market.sealing.envelope import CannotOpen, unseal
from market.sealing.keys import combine, forget_released, release_share, sealing_key_of
from market.sealing.models import KeyShare, OfficerKey, SealingKey
from market.workflow import advance


def release_opening_share(actor: Actor, challenge: Challenge, passphrase: str | X25519PrivateKey) -> Opening:
    """One officer's part of the opening; the part that completes the quorum opens every bid.

    Raises NotAllowed before the deadline or for whoever holds no share, InvalidInput on a wrong passphrase.
    """
    challenge = db.session.get_one(Challenge, challenge.id, with_for_update=True, populate_existing=True)
    verdict = may_open_bids(actor, challenge)
    if not verdict:
        raise NotAllowed(verdict.reason)
    key = sealing_key_of(sealing_subject(challenge))
    release_share(actor, key, passphrase)
    opening = opening_of(challenge)
    if opening is None:
        opening = Opening(challenge_id=challenge.id, minutes=[])
        db.session.add(opening)
    record(actor, "opening:release_share", opening)
    private_key = combine(key)
    if private_key is None:
        _call_next_holder(actor, challenge, key)
        return opening
    opening.minutes = [_open_bid(actor, bid, private_key, key.suite) for bid in _submitted_bids(challenge)]
    opening.opened_at = clock.now()
    record(actor, "opening:complete", opening)
    forget_released(key)
    advance(challenge, "open_bids", actor)
    enqueue("search.update", {"kind": "challenge", "id": challenge.id})
    return opening


def _submitted_bids(challenge: Challenge) -> list[Bid]:
    query = select(Bid).where(Bid.challenge_id == challenge.id, Bid.state == BidState.SUBMITTED)
    return list(db.session.scalars(query.order_by(Bid.receipt_number)))


def _open_bid(actor: Actor, bid: Bid, private_key: Any, suite: str) -> dict[str, Any]:
    """Open the current version; returns its line of the minutes. What cannot be read is recorded, never dropped."""
    version = db.session.scalar(
        select(SealedVersion).where(SealedVersion.bid_id == bid.id, SealedVersion.number == bid.versions)
    )
    package: Package | None = None
    if version is not None:
        try:
            package = unpack(unseal(version.ciphertext, private_key, sealing_info(bid, version.number), suite))
        except (CannotOpen, InvalidInput):
            package = None
    refused: list[str] = []
    if version is not None and package is not None:
        body = package.content.model_dump(mode="json")
        db.session.add(OpenedContent(bid_id=bid.id, sealed_version_id=version.id, body=body))
        refused = _keep_files(actor, bid, version, package)
    # A replacement that was still being written when the deadline passed has no standing.
    erase_draft(actor, bid)
    advance(bid, "open", actor)
    _tell_opened(bid, readable=package is not None)
    return {
        "bid_id": bid.id,
        "receipt_number": bid.receipt_number,
        "version": bid.versions,
        "sha256": version.sha256 if version else "",
        "readable": package is not None,
        "refused_files": refused,
    }


def _keep_files(actor: Actor, bid: Bid, version: SealedVersion, package: Package) -> list[str]:
    """Scan and store the sealed files as they are; returns the names of those that did not pass."""
    refused = []
    for file in package.files:
        try:
            inspected = inspect_upload(file.name, file.data, rules_of(bid).attachment_mb_most)
        except InvalidInput:
            refused.append(file.name)
            continue
        # Pictures were re-encoded when they were uploaded: what was sealed is kept to the bit.
        kept = Inspected(inspected.filename, inspected.content_type, file.data)
        store_inspected(actor, bid, OPENED_SLOT, kept, confidential=True, uploader_id=version.submitted_by_id)
    return refused


def _tell_opened(bid: Bid, *, readable: bool) -> None:
    if readable:
        body = _l("“%(title)s”的投递已开启，您的揭榜书已解密，等待形式审查。", title=bid.challenge.title)
    else:
        body = _l(
            "“%(title)s”的投递已开启，但您的揭榜书未能解开，已记入开启记录，请尽快联系主管处室。",
            title=bid.challenge.title,
        )
    tell_team(bid, _l("投递已开启"), body, f"/bids/{bid.id}", key=f"bid-opened:{bid.id}")


def _call_next_holder(actor: Actor, challenge: Challenge, key: SealingKey) -> None:
    holders = db.session.scalars(
        select(OfficerKey.user_id)
        .join(KeyShare, KeyShare.officer_key_id == OfficerKey.id)
        .where(KeyShare.sealing_key_id == key.id, KeyShare.released_at.is_(None), OfficerKey.retired_at.is_(None))
    ).all()
    notify(
        [user_id for user_id in holders if user_id != actor.user_id],
        _l("等待您共同开启投递：%(code)s", code=challenge.code),
        _l("“%(title)s”已截止，%(name)s 已提交开启份额，请您登录后完成开启。", title=challenge.title, name=actor.name),
        f"/bids/openings/{challenge.code}",
        key=f"opening-share:{challenge.id}:{actor.user_id}",
    )
