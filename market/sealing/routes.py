"""The officer's own opening key. Its three small forms stand here: the room lies below ``market.forms``."""
# The stubs of WTForms do not know lazy translations.
# pyright: reportArgumentType=false

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField
from wtforms.validators import ValidationError

from market.access import actor, requires
from market.accounts.sessions import require_fresh
from market.database import transaction
from market.forms import BaseForm, attempt, required
from market.limits import limiter
from market.permissions import Permission
from market.programmes.queries import newest_rules
from market.sealing.operations import (
    PASSPHRASE_LEAST,
    PASSPHRASE_MOST,
    change_passphrase,
    create_officer_key,
    replace_officer_key,
)
from market.sealing.queries import key_holders, outstanding_shares
from market.sealing.queries import my_key as my_officer_key

bp = Blueprint("sealing", __name__, url_prefix="/sealing")


class PassphraseForm(BaseForm):
    passphrase = PasswordField(_l("开启口令"), [required()])
    again = PasswordField(_l("再输入一次"), [required()])

    def validate_again(self, field: PasswordField) -> None:
        if field.data != self.passphrase.data:
            raise ValidationError(_("两次输入的口令不一致"))


class ChangeForm(PassphraseForm):
    current = PasswordField(_l("当前口令"), [required()])


class ReplaceForm(PassphraseForm):
    understood = BooleanField(_l("我已知晓：我手中尚未使用的密钥份额将作废，且任何人都无法恢复"))


def _page(form: BaseForm | None = None, status: int = 200) -> Any:
    asking = actor()
    key, holders = my_officer_key(asking), key_holders()
    wanted = max((rules.content.get("opening_holders", 3) for rules in newest_rules().values()), default=3)
    shown = {
        "create": form if type(form) is PassphraseForm else PassphraseForm(formdata=None),
        "change": form if type(form) is ChangeForm else ChangeForm(formdata=None, prefix="change-"),
        "replace": form if type(form) is ReplaceForm else ReplaceForm(formdata=None, prefix="replace-"),
    }
    return (
        render_template(
            "sealing/my_key.html",
            key=key,
            forms=shown,
            outstanding=outstanding_shares(asking),
            holders=len(holders),
            wanted=wanted,
            least=PASSPHRASE_LEAST,
            most=PASSPHRASE_MOST,
        ),
        status,
    )


@bp.get("/key")
@requires(Permission.BID_OPEN)
def my_key() -> Any:
    """The officer's opening key: set it, change its passphrase, replace it."""
    require_fresh(actor())
    return _page()


@bp.post("/key")
@requires(Permission.BID_OPEN)
@limiter.limit("20 per hour")
def save_key() -> Any:
    """One address for the three forms; ``action`` says which."""
    require_fresh(actor())
    action = request.form.get("action")
    form = {"change": ChangeForm, "replace": ReplaceForm}.get(action or "", PassphraseForm)(
        prefix=f"{action}-" if action in ("change", "replace") else ""
    )
    if not form.validate_on_submit() or attempt(form, lambda: _save(form)) is None:
        return _page(form, 422)
    flash(_("开启口令已生效。请妥善记住：没有任何人能替您找回。"), "success")
    return redirect(url_for("sealing.my_key"), 303)


def _save(form: BaseForm) -> Any:
    asking, passphrase = actor(), form["passphrase"].data
    with transaction():
        if isinstance(form, ChangeForm):
            return change_passphrase(asking, form.current.data or "", passphrase)
        if isinstance(form, ReplaceForm):
            return replace_officer_key(asking, passphrase, understood=form.understood.data)
        return create_officer_key(asking, passphrase)
