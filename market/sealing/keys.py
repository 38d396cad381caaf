"""A subject's key pair: made from a secret that is split among officers and forgotten, rebuilt when a quorum meets.

Fewer shares than the quorum combine to a wrong secret without a word (Shamir), so the public key itself is the
commitment: what was combined counts only when it gives that public key.
"""

import itertools
import os
from collections.abc import Sequence

from Crypto.Protocol.SecretSharing import Shamir
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask_babel import gettext as _
from sqlalchemy import select

from market import clock
from market.database import db
from market.errors import Conflict, InvalidInput, NotAllowed
from market.permissions import Actor
from market.sealing.envelope import SUITE, CannotOpen, seal, unseal
from market.sealing.fields import decrypt, encrypt
from market.sealing.locks import WrongPassphrase, unlock
from market.sealing.models import KeyShare, OfficerKey, SealingKey

SECRET_BYTES = 16
_WAITING = "released-share"


def _private_key(secret: bytes, subject: str) -> X25519PrivateKey:
    info = b"jiebang:sealing:" + subject.encode()
    return X25519PrivateKey.from_private_bytes(HKDF(SHA256(), 32, salt=None, info=info).derive(secret))


def _share_info(subject: str, number: int) -> bytes:
    return f"share|{subject}|{number}".encode()


def create_sealing_key(subject: str, quorum: int, holder_ids: Sequence[int]) -> SealingKey:
    """Make the key pair of ``subject`` (``challenge:12``) and give each holder (user id) a share; forget the secret.

    The caller's operation records the act. Raises Conflict when there is a key already, InvalidInput when holders are
    too few, the same twice, or without an opening key of their own.
    """
    if db.session.scalar(select(SealingKey.id).where(SealingKey.subject == subject)):
        raise Conflict(_("密封密钥已经生成"))
    if len(set(holder_ids)) != len(holder_ids) or not 2 <= quorum <= len(holder_ids):
        raise InvalidInput(_("开启密钥持有人不足：需要至少 %(quorum)d 名不同的人员", quorum=max(quorum, 2)))
    keys = {
        key.user_id: key
        for key in db.session.scalars(
            select(OfficerKey).where(OfficerKey.user_id.in_(holder_ids), OfficerKey.retired_at.is_(None))
        )
    }
    if len(keys) < len(holder_ids):
        raise InvalidInput(_("有持有人尚未设置开启口令，请先在“开启密钥”页面设置"))
    secret = os.urandom(SECRET_BYTES)
    sealing_key = SealingKey(
        subject=subject,
        suite=SUITE,
        public_key=_private_key(secret, subject).public_key().public_bytes_raw(),
        quorum=quorum,
    )
    db.session.add(sealing_key)
    db.session.flush()  # Shares name the key.
    for (number, share), user_id in zip(Shamir.split(quorum, len(holder_ids), secret), holder_ids, strict=True):
        holder = keys[user_id]
        sealed = seal(share, holder.public_key, _share_info(subject, number))
        db.session.add(
            KeyShare(sealing_key_id=sealing_key.id, officer_key_id=holder.id, number=number, sealed_share=sealed)
        )
    return sealing_key


def sealing_key_of(subject: str) -> SealingKey:
    """Raises Conflict when the subject was never given a key."""
    found = db.session.scalar(select(SealingKey).where(SealingKey.subject == subject))
    if found is None:
        raise Conflict(_("这个榜单还没有密封公钥，暂时无法密封，请联系主管处室"))
    return found


def share_of(actor: Actor, sealing_key: SealingKey) -> KeyShare | None:
    """The share that the actor holds under a key that is not retired."""
    return db.session.scalar(
        select(KeyShare)
        .join(OfficerKey, OfficerKey.id == KeyShare.officer_key_id)
        .where(
            KeyShare.sealing_key_id == sealing_key.id,
            OfficerKey.user_id == actor.user_id,
            OfficerKey.retired_at.is_(None),
        )
    )


def unlock_key(actor: Actor, passphrase: str) -> X25519PrivateKey:
    """The officer's private key for one sitting: opening several challenges asks for the passphrase once.

    Raises NotAllowed for whoever has no opening key, InvalidInput on a wrong passphrase.
    """
    officer_key = db.session.scalar(
        select(OfficerKey).where(OfficerKey.user_id == actor.user_id, OfficerKey.retired_at.is_(None))
    )
    if officer_key is None:
        raise NotAllowed(_("您还没有设置开启口令"))
    return _unlock(officer_key, passphrase)


def _unlock(officer_key: OfficerKey, passphrase: str) -> X25519PrivateKey:
    try:
        return unlock(officer_key.locked_private_key, officer_key.public_key, passphrase)
    except WrongPassphrase as problem:
        raise InvalidInput({"passphrase": _("开启口令不对")}) from problem


def release_share(actor: Actor, sealing_key: SealingKey, passphrase: str | X25519PrivateKey) -> KeyShare:
    """The officer's share opens with the passphrase and waits, encrypted; when it is time is the caller's to judge.

    ``passphrase`` may be the key that :func:`unlock_key` gave. Raises NotAllowed for whoever holds none, Conflict when
    it was given already, InvalidInput on a wrong passphrase.
    """
    share = share_of(actor, sealing_key)
    if share is None:
        raise NotAllowed(_("您不是本榜单开启密钥的持有人"))
    if share.released_at is not None:
        raise Conflict(_("您已经提交过开启份额，请等待另一名持有人"))
    officer_key = db.session.get_one(OfficerKey, share.officer_key_id)
    private_key = _unlock(officer_key, passphrase) if isinstance(passphrase, str) else passphrase
    try:
        opened = unseal(share.sealed_share, private_key, _share_info(sealing_key.subject, share.number))
    except CannotOpen as problem:
        raise Conflict(_("您的密钥份额已损坏，请由其他持有人开启，并报告监督人员")) from problem
    share.released_share = encrypt(opened, _WAITING)
    share.released_at = clock.now()
    return share


def released_shares(sealing_key: SealingKey) -> Sequence[KeyShare]:
    return db.session.scalars(
        select(KeyShare)
        .where(KeyShare.sealing_key_id == sealing_key.id, KeyShare.released_at.is_not(None))
        .order_by(KeyShare.released_at, KeyShare.id)
    ).all()


def combine(sealing_key: SealingKey) -> X25519PrivateKey | None:
    """The private key, or None while fewer shares than the quorum were released.

    A damaged share does not stop the others: every quorum of them is tried against the public key. Raises Conflict
    when none fits.
    """
    released = [s for s in released_shares(sealing_key) if s.released_share is not None]
    if len(released) < sealing_key.quorum:
        return None
    opened = [(share.number, decrypt(share.released_share or b"", _WAITING)) for share in released]
    for chosen in itertools.combinations(opened, sealing_key.quorum):
        private_key = _private_key(Shamir.combine(list(chosen)), sealing_key.subject)
        if private_key.public_key().public_bytes_raw() == sealing_key.public_key:
            return private_key
    raise Conflict(_("份额合并后与公布的公钥不符，不能开启，请报告监督人员"))


def forget_released(sealing_key: SealingKey) -> None:
    """After the opening the shares need not lie open any longer; when each was released stays on record."""
    for share in released_shares(sealing_key):
        share.released_share = None
