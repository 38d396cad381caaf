"""An officer makes, re-locks or replaces the opening key."""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from flask_babel import gettext as _

from market import clock
from market.audit.journal import record
from market.database import db
from market.errors import Conflict, InvalidInput, NotAllowed
from market.permissions import Actor, Permission
from market.sealing.locks import WrongPassphrase, lock, unlock
from market.sealing.models import OfficerKey
from market.sealing.queries import my_key, outstanding_shares

PASSPHRASE_LEAST, PASSPHRASE_MOST = 12, 200


def _check(actor: Actor, passphrase: str) -> None:
    if not actor.has(Permission.BID_OPEN):
        raise NotAllowed(_("您的角色不参与开启投递"))
    if not PASSPHRASE_LEAST <= len(passphrase) <= PASSPHRASE_MOST:
        raise InvalidInput(
            {"passphrase": _("口令至少 %(least)d 个字符，可以是一句只有您知道的话", least=PASSPHRASE_LEAST)}
        )
    if len(set(passphrase.casefold())) < 5:
        raise InvalidInput({"passphrase": _("这个口令太简单，容易被猜到")})


def create_officer_key(actor: Actor, passphrase: str) -> OfficerKey:
    """设置开启口令: the first key of an officer. Raises Conflict when there is one."""
    _check(actor, passphrase)
    if my_key(actor) is not None:
        raise Conflict(_("您已设置过开启口令，请使用“更换口令”"))
    private_key = X25519PrivateKey.generate()
    assert actor.user_id is not None
    key = OfficerKey(
        user_id=actor.user_id,
        public_key=private_key.public_key().public_bytes_raw(),
        locked_private_key=lock(private_key, passphrase),
    )
    db.session.add(key)
    record(actor, "officer_key:create", key)
    return key


def change_passphrase(actor: Actor, current: str, passphrase: str) -> OfficerKey:
    """更换口令 with the current one at hand: the key and all its shares stay good."""
    _check(actor, passphrase)
    key = my_key(actor)
    if key is None:
        raise Conflict(_("您还没有设置开启口令"))
    try:
        private_key = unlock(key.locked_private_key, key.public_key, current)
    except WrongPassphrase as problem:
        raise InvalidInput({"current": _("当前口令不对")}) from problem
    key.locked_private_key = lock(private_key, passphrase)
    record(actor, "officer_key:change_passphrase", key)
    return key


def replace_officer_key(actor: Actor, passphrase: str, *, understood: bool) -> OfficerKey:
    """重置密钥 when the passphrase is forgotten: the old key is retired and its outstanding shares are lost for good.

    Raises InvalidInput unless the officer said that this is understood.
    """
    _check(actor, passphrase)
    key = my_key(actor)
    if key is None:
        raise Conflict(_("您还没有设置开启口令"))
    if outstanding_shares(actor) and not understood:
        raise InvalidInput({"understood": _("请先确认：您手中尚未使用的密钥份额将作废，且无法恢复")})
    key.retired_at = clock.now()
    record(actor, "officer_key:retire", key)
    db.session.flush()  # The new key must not meet the old one as live.
    return create_officer_key(actor, passphrase)
