"""My organisation and its members; for officers, the organisations of their district."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from market.access import actor, requires, signed_in
from market.accounts import operations, policies, queries
from market.accounts.blueprint import bp
from market.accounts.forms import InviteForm, JoinForm, OrganisationForm, ReasonForm, RolesForm, role_choices
from market.accounts.models import Organisation, OrganisationState
from market.database import db, transaction
from market.forms import attempt
from market.paging import page_number, paginate
from market.permissions import Permission, Role

P = Permission


@bp.get("/organisation")
@signed_in
def my_organisation() -> Any:
    mine = queries.organisations_of(actor())
    memberships = queries.memberships_of(actor().user_id)
    if len(mine) == 1 and len(memberships) < 2:
        return redirect(url_for("accounts.organisation", organisation_id=mine[0].id))
    return render_template("accounts/my_organisations.html", organisations=mine, memberships=memberships)


@bp.get("/organisation/join")
@signed_in
def join_form() -> Any:
    form = JoinForm(request.args)
    if form.organisation_query.data:
        form.find()
    return render_template("accounts/join.html", form=form)


@bp.post("/organisation/join")
@signed_in
def join() -> Any:
    form = JoinForm()
    chosen = form.chosen() if form.validate_on_submit() else None
    if chosen is not None and attempt(form, lambda: _join(chosen)):
        flash(_("申请已发给 %(name)s 的管理员，处理结果会通知您", name=chosen.name), "success")
        return redirect(url_for("accounts.my_organisation"), 303)
    return render_template("accounts/join.html", form=form), 422


def _join(chosen: Organisation) -> bool:
    with transaction():
        operations.request_membership(actor(), queries.organisation_of(chosen.id))
    return True


@bp.get("/organisation/new")
@signed_in
def new_organisation() -> Any:
    return render_template("accounts/new_organisation.html", form=OrganisationForm())


@bp.post("/organisation/new")
@signed_in
def register_organisation() -> Any:
    form = OrganisationForm()
    if form.validate_on_submit() and attempt(form, lambda: _register_organisation(form)):
        flash(_("登记已提交，核验结果会通知您"), "success")
        return redirect(url_for("accounts.my_organisation"), 303)
    return render_template("accounts/new_organisation.html", form=form), 422


def _register_organisation(form: OrganisationForm) -> bool:
    with transaction():
        operations.register_organisation(actor(), form.organisation)
    return True


def _organisation_page(found: Organisation, form: InviteForm | None = None) -> str:
    manages = bool(policies.may_manage(actor(), found))
    invite_form = form or InviteForm(formdata=None)
    invite_form.role.choices = role_choices(policies.ROLES_OF_KIND[found.kind])
    return render_template(
        "accounts/organisation.html",
        organisation=found,
        members=queries.members_of(found),
        manages=manages,
        requests=queries.membership_requests(found.id) if manages else [],
        invitations=queries.open_invitations(found.id) if manages else [],
        form=invite_form,
    )


@bp.get("/organisation/<int:organisation_id>")
@signed_in
def organisation(organisation_id: int) -> Any:
    return _organisation_page(queries.own_organisation(actor(), organisation_id))


@bp.post("/organisation/<int:organisation_id>/invite")
@signed_in
def invite_member(organisation_id: int) -> Any:
    found = queries.own_organisation(actor(), organisation_id)
    form = InviteForm()
    form.role.choices = role_choices(policies.ROLES_OF_KIND[found.kind])
    policies.require(policies.may_manage(actor(), found))
    if form.validate_on_submit() and attempt(form, lambda: _invite(form, organisation_id)):
        flash(_("邀请已发出"), "success")
        return redirect(url_for("accounts.organisation", organisation_id=organisation_id), 303)
    return _organisation_page(found, form), 422


def _invite(form: InviteForm, organisation_id: int) -> bool:
    with transaction():
        operations.invite(actor(), form.email.data or "", Role(form.role.data), organisation_id=organisation_id)
    return True


@bp.post("/memberships/<int:membership_id>")
@signed_in
def decide_membership(membership_id: int) -> Any:
    with transaction():
        membership = queries.membership_for_manager(actor(), membership_id)
        accept = request.form.get("decision") == "accept"
        operations.decide_membership(actor(), membership, accept)
        organisation_id = membership.organisation_id
    flash(_("已同意加入，请为其选择角色") if accept else _("已谢绝申请"), "success")
    return redirect(url_for("accounts.organisation", organisation_id=organisation_id), 303)


def _roles_form(found: Organisation, roles: list[Role]) -> RolesForm:
    form = RolesForm(data={"roles": [role.value for role in roles]})
    form.roles.choices = role_choices(policies.ROLES_OF_KIND[found.kind])
    return form


@bp.get("/organisation/<int:organisation_id>/members/<int:user_id>")
@signed_in
def member(organisation_id: int, user_id: int) -> Any:
    found = queries.own_organisation(actor(), organisation_id)
    policies.require(policies.may_manage(actor(), found))
    person = queries.member_of(found, user_id)
    form = _roles_form(found, person.roles)
    return render_template("accounts/member.html", organisation=found, member=person, form=form)


@bp.post("/organisation/<int:organisation_id>/members/<int:user_id>")
@signed_in
def save_member(organisation_id: int, user_id: int) -> Any:
    found = queries.own_organisation(actor(), organisation_id)
    policies.require(policies.may_manage(actor(), found))
    form = _roles_form(found, queries.member_of(found, user_id).roles)
    if form.validate_on_submit() and attempt(form, lambda: _save_roles(organisation_id, user_id, form)):
        flash(_("角色已更新，对方需要重新登录"), "success")
        return redirect(url_for("accounts.organisation", organisation_id=organisation_id), 303)
    person = queries.member_of(queries.organisation_of(organisation_id), user_id)
    return render_template("accounts/member.html", organisation=found, member=person, form=form), 422


def _save_roles(organisation_id: int, user_id: int, form: RolesForm) -> bool:
    with transaction():
        found = queries.organisation_of(organisation_id)
        wanted = {Role(value) for value in form.roles.data or []}
        operations.set_member_roles(actor(), found, queries.member_of(found, user_id), wanted)
    return True


@bp.post("/organisation/<int:organisation_id>/members/<int:user_id>/remove")
@signed_in
def remove_member(organisation_id: int, user_id: int) -> Any:
    with transaction():
        found = queries.own_organisation(actor(), organisation_id)
        operations.remove_member(actor(), found, queries.member_of(found, user_id))
    flash(_("已移出本单位"), "success")
    return redirect(url_for("accounts.organisation", organisation_id=organisation_id), 303)


@bp.post("/invitations/<int:invitation_id>/again")
@requires(P.ORGANISATION_MANAGE, P.ACCOUNT_ADMINISTER)
def send_invitation_again(invitation_id: int) -> Any:
    with transaction():
        operations.send_invitation_again(actor(), queries.invitation_for(actor(), invitation_id))
    flash(_("邀请已重新发送，旧链接失效"), "success")
    return redirect(_invitations_page(invitation_id), 303)


@bp.post("/invitations/<int:invitation_id>/cancel")
@requires(P.ORGANISATION_MANAGE, P.ACCOUNT_ADMINISTER)
def cancel_invitation(invitation_id: int) -> Any:
    target = _invitations_page(invitation_id)
    with transaction():
        operations.cancel_invitation(actor(), queries.invitation_for(actor(), invitation_id))
    flash(_("邀请已取消"), "success")
    return redirect(target, 303)


def _invitations_page(invitation_id: int) -> str:
    organisation_id = queries.invitation_for(actor(), invitation_id).organisation_id
    if organisation_id is None:
        return url_for("accounts.invite_staff_form")
    return url_for("accounts.organisation", organisation_id=organisation_id)


@bp.get("/organisations")
@requires(P.ORGANISATION_VERIFY, P.AUDIT_READ)
def organisations() -> Any:
    q, state = request.args.get("q", ""), request.args.get("state", "")
    wanted = OrganisationState(state) if state in {s.value for s in OrganisationState} else None
    query = queries.visible_organisations(actor(), wanted, q)
    page = paginate(db.session(), query, page_number(request.args.get("page")))
    return render_template(
        "accounts/organisations.html",
        page=page,
        q=q,
        state=state,
        states=[(s.value, s.label) for s in OrganisationState],
    )


def _officer_page(found: Organisation, form: ReasonForm) -> str:
    return render_template(
        "accounts/organisation_check.html",
        organisation=found,
        members=queries.members_of(found),
        requests=queries.membership_requests(found.id),
        may_decide=bool(policies.may_verify(actor(), found)) and found.state is OrganisationState.PENDING,
        form=form,
    )


@bp.get("/organisations/<int:organisation_id>")
@requires(P.ORGANISATION_VERIFY, P.AUDIT_READ)
def organisation_check(organisation_id: int) -> Any:
    return _officer_page(queries.organisation_for_officer(actor(), organisation_id), ReasonForm())


@bp.post("/organisations/<int:organisation_id>/verify")
@requires(P.ORGANISATION_VERIFY)
def verify_organisation(organisation_id: int) -> Any:
    with transaction():
        operations.verify_organisation(actor(), queries.organisation_for_officer(actor(), organisation_id))
    flash(_("已核验通过，登记人成为单位管理员"), "success")
    return redirect(url_for("accounts.organisation_check", organisation_id=organisation_id), 303)


@bp.post("/organisations/<int:organisation_id>/refuse")
@requires(P.ORGANISATION_VERIFY)
def refuse_organisation(organisation_id: int) -> Any:
    found, form = queries.organisation_for_officer(actor(), organisation_id), ReasonForm()
    if form.validate_on_submit() and attempt(form, lambda: _refuse(organisation_id, form.reason.data or "")):
        flash(_("已退回，登记人会收到原因"), "success")
        return redirect(url_for("accounts.organisation_check", organisation_id=organisation_id), 303)
    return _officer_page(found, form), 422


def _refuse(organisation_id: int, reason: str) -> bool:
    with transaction():
        operations.refuse_organisation(actor(), queries.organisation_for_officer(actor(), organisation_id), reason)
    return True
