"""The administrator's pages: accounts, bureau staff and experts. No bids, no money."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from market.access import actor, requires
from market.accounts import operations, queries
from market.accounts.blueprint import bp
from market.accounts.forms import StaffInviteForm
from market.accounts.sessions import require_fresh
from market.database import transaction
from market.errors import InvalidInput
from market.forms import attempt
from market.paging import page_number
from market.permissions import ORGANISATION_ROLES, Permission, Role

P = Permission


@bp.get("/users")
@requires(P.ACCOUNT_ADMINISTER)
def users() -> Any:
    q, role = request.args.get("q", ""), request.args.get("role", "")
    wanted = Role(role) if role in {r.value for r in Role} else None
    page, grants = queries.users_page(q, wanted, page_number(request.args.get("page")))
    return render_template("accounts/users.html", page=page, grants=grants, q=q, role=role, roles=list(Role))


@bp.get("/users/<int:user_id>")
@requires(P.ACCOUNT_ADMINISTER)
def user(user_id: int) -> Any:
    found = queries.user_of(user_id)
    return render_template(
        "accounts/user.html",
        user=found,
        grants=queries.grants_of(found.id),
        memberships=queries.memberships_of(found.id),
        sessions=queries.live_sessions(found.id),
        organisation_roles=ORGANISATION_ROLES,
    )


@bp.get("/users/invite")
@requires(P.ACCOUNT_ADMINISTER)
def invite_staff_form() -> Any:
    require_fresh(actor())
    invitations = queries.open_invitations(None)
    return render_template("accounts/invite_staff.html", form=StaffInviteForm(), invitations=invitations)


@bp.post("/users/invite")
@requires(P.ACCOUNT_ADMINISTER)
def invite_staff() -> Any:
    require_fresh(actor())
    form = StaffInviteForm()
    if form.validate_on_submit() and attempt(form, lambda: _invite(form)):
        flash(_("邀请已发出"), "success")
        return redirect(url_for("accounts.invite_staff_form"), 303)
    invitations = queries.open_invitations(None)
    return render_template("accounts/invite_staff.html", form=form, invitations=invitations), 422


def _invite(form: StaffInviteForm) -> bool:
    with transaction():
        operations.invite(
            actor(), form.email.data or "", Role(form.role.data), district_code=form.district_code.data or None
        )
    return True


@bp.post("/users/<int:user_id>/grants/<int:grant_id>/revoke")
@requires(P.ACCOUNT_ADMINISTER)
def revoke_grant(user_id: int, grant_id: int) -> Any:
    require_fresh(actor())
    try:
        with transaction():
            operations.revoke_role(actor(), queries.grant_of(queries.user_of(user_id), grant_id))
        flash(_("角色已收回，此人需要重新登录"), "success")
    except InvalidInput as problem:
        flash(problem.message, "error")
    return redirect(url_for("accounts.user", user_id=user_id), 303)


@bp.post("/users/<int:user_id>/deactivate")
@requires(P.ACCOUNT_ADMINISTER)
def deactivate_user(user_id: int) -> Any:
    require_fresh(actor())
    with transaction():
        operations.deactivate_user(actor(), queries.user_of(user_id))
    flash(_("账号已停用，其会话全部结束"), "success")
    return redirect(url_for("accounts.user", user_id=user_id), 303)


@bp.post("/users/<int:user_id>/reactivate")
@requires(P.ACCOUNT_ADMINISTER)
def reactivate_user(user_id: int) -> Any:
    require_fresh(actor())
    with transaction():
        operations.reactivate_user(actor(), queries.user_of(user_id))
    flash(_("账号已启用"), "success")
    return redirect(url_for("accounts.user", user_id=user_id), 303)
