"""Signing in and out, registering, passwords, one's own profile and sessions."""

from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from market.access import actor, public, signed_in
from market.accounts import credentials, devices, operations, queries, sessions
from market.accounts.blueprint import bp
from market.accounts.forms import (
    AcceptForm,
    ChangePasswordForm,
    ConfirmForm,
    ForgotForm,
    NewPasswordForm,
    ProfileForm,
    RegisterForm,
    SignInForm,
)
from market.database import transaction
from market.forms import attempt
from market.limits import limiter
from market.web import safe_next

SLOWLY = "20 per minute; 200 per hour"


def _person() -> str:
    """Whoever is signed in is counted alone: colleagues and rivals may share the address."""
    return f"user:{actor().user_id}"


def _language() -> str:
    return "en" if str(get_locale()) == "en" else "zh"


@bp.get("/login")
@public
def sign_in() -> Any:
    if actor().is_signed_in:
        return redirect(safe_next(request.args.get("next"), "home.workspace"))
    return render_template("accounts/sign_in.html", form=SignInForm(), next=request.args.get("next", ""))


@bp.post("/login")
@public
@limiter.limit(SLOWLY, key_func=devices.asking_device_or_address)
def sign_in_now() -> Any:
    form, target = SignInForm(), request.form.get("next") or request.args.get("next")
    if form.validate_on_submit():
        found = credentials.authenticate(form.email.data or "", form.password.data or "")
        with transaction():
            user = credentials.sign_in(actor(), form.email.data or "", found, devices.this_device())
            if user is not None:
                sessions.begin(user)
        if user is not None:
            response = redirect(safe_next(target, "home.workspace"), 303)
            devices.remember_device(response, form.email.data or "")
            return response
        form.form_errors.append(_("邮箱或密码不正确；多次失败后需等待 5 分钟再试"))
    return render_template("accounts/sign_in.html", form=form, next=target or ""), 422


@bp.post("/logout")
@public
def sign_out() -> Any:
    with transaction():
        sessions.end()
    flash(_("您已退出登录"), "success")
    return redirect(url_for("home.front"), 303)


@bp.get("/register")
@public
def register() -> Any:
    return render_template("accounts/register.html", form=RegisterForm())


@bp.post("/register")
@public
@limiter.limit(SLOWLY)
def register_now() -> Any:
    form = RegisterForm()
    if request.form.get("action") == "find":
        form.find()
        return render_template("accounts/register.html", form=form, found=True)
    fine = form.validate_on_submit()
    wants_to_join = form.affiliation.data == "join"
    chosen = form.chosen() if wants_to_join else None
    if fine and (chosen is not None or not wants_to_join) and attempt(form, lambda: _register(form, chosen)):
        return redirect(url_for("accounts.registered"), 303)
    return render_template("accounts/register.html", form=form, found=wants_to_join), 422


def _register(form: RegisterForm, chosen: Any) -> bool:
    organisation = form.organisation if form.describes_organisation else None
    with transaction():
        operations.register_person(actor(), form.person(_language()), join=chosen, organisation=organisation)
    return True


@bp.get("/registered")
@public
def registered() -> Any:
    return render_template("accounts/registered.html")


@bp.get("/forgot")
@public
def forgot() -> Any:
    return render_template("accounts/forgot.html", form=ForgotForm())


@bp.post("/forgot")
@public
@limiter.limit("10 per minute; 60 per hour")
def send_reset() -> Any:
    form = ForgotForm()
    if not form.validate_on_submit():
        return render_template("accounts/forgot.html", form=form), 422
    with transaction():
        credentials.request_password_reset(form.email.data or "")
    return render_template("accounts/forgot_sent.html")


@bp.get("/reset/<token>")
@public
def reset(token: str) -> Any:
    queries.reset_by_token(token)
    return render_template("accounts/reset.html", form=NewPasswordForm())


@bp.post("/reset/<token>")
@public
@limiter.limit(SLOWLY)
def reset_now(token: str) -> Any:
    form = NewPasswordForm()
    queries.reset_by_token(token)
    if form.validate_on_submit() and attempt(form, lambda: _reset(token, form.password.data or "")):
        flash(_("新密码已生效，请用它登录"), "success")
        return redirect(url_for("accounts.sign_in"), 303)
    return render_template("accounts/reset.html", form=form), 422


def _reset(token: str, password: str) -> bool:
    with transaction():
        # Read again under the lock: of two clicks on one link only the first may count.
        credentials.reset_password(actor(), queries.reset_by_token(token), password)
    return True


@bp.get("/confirm")
@signed_in
def confirm() -> Any:
    return render_template("accounts/confirm.html", form=ConfirmForm(), next=request.args.get("next", ""))


@bp.post("/confirm")
@signed_in
@limiter.limit(SLOWLY, key_func=_person)
def confirm_now() -> Any:
    form, target = ConfirmForm(), request.form.get("next") or request.args.get("next")
    if form.validate_on_submit():
        email = queries.user_of(actor().user_id or 0).email
        found = credentials.authenticate(email, form.password.data or "")
        with transaction():
            admitted = credentials.sign_in(actor(), email, found, devices.this_device())
            fine = credentials.confirm_password(actor(), admitted)
        if fine:
            return redirect(safe_next(target, "home.workspace"), 303)
        form.password.errors = [_("密码不正确；多次失败后需等待 5 分钟再试")]
    return render_template("accounts/confirm.html", form=form, next=target or ""), 422


def _profile_page(form: ProfileForm | None = None, password_form: ChangePasswordForm | None = None) -> str:
    user = queries.user_of(actor().user_id or 0)
    return render_template(
        "accounts/profile.html",
        form=form or ProfileForm(formdata=None, obj=user),
        password_form=password_form or ChangePasswordForm(formdata=None),
        user=user,
        sessions=queries.live_sessions(user.id),
        this_session=actor().session_id,
        grants=queries.grants_of(user.id),
    )


@bp.get("/profile")
@signed_in
def profile() -> Any:
    return _profile_page()


@bp.post("/profile")
@signed_in
def save_profile() -> Any:
    form = ProfileForm()
    if not form.validate_on_submit():
        return _profile_page(form), 422
    names = ("name", "name_en", "title", "phone", "locale")
    with transaction():
        user = queries.user_of(actor().user_id or 0)
        operations.update_profile(actor(), user, **{name: form[name].data or "" for name in names})
    session["locale"] = form.locale.data
    flash(_("资料已保存"), "success")
    return redirect(url_for("accounts.profile"), 303)


@bp.post("/password")
@signed_in
@limiter.limit(SLOWLY, key_func=_person)
def change_password() -> Any:
    form = ChangePasswordForm()
    if form.validate_on_submit() and attempt(form, lambda: _change(form)):
        flash(_("密码已修改，其他设备已退出"), "success")
        return redirect(url_for("accounts.profile"), 303)
    return _profile_page(password_form=form), 422


def _change(form: ChangePasswordForm) -> bool:
    with transaction():
        user = queries.user_of(actor().user_id or 0)
        credentials.change_password(actor(), user, form.current.data or "", form.password.data or "")
    return True


@bp.post("/sessions/<int:session_id>/end")
@signed_in
def end_session(session_id: int) -> Any:
    with transaction():
        credentials.end_session(actor(), session_id)
    flash(_("该设备已退出"), "success")
    return redirect(url_for("accounts.profile"), 303)


@bp.get("/invitations/<token>")
@public
def invitation(token: str) -> Any:
    found = queries.invitation_by_token(token)
    known = queries.user_by_email(found.email)
    return render_template("accounts/invitation.html", invitation=found, known=known, form=AcceptForm(), token=token)


@bp.post("/invitations/<token>")
@public
@limiter.limit(SLOWLY)
def accept_invitation(token: str) -> Any:
    form, known = AcceptForm(), queries.user_by_email(queries.invitation_by_token(token).email)
    if (known is not None or form.validate_on_submit()) and attempt(form, lambda: _accept(token, form)):
        flash(_("您已接受邀请"), "success")
        return redirect(url_for("home.workspace"), 303)
    found = queries.invitation_by_token(token)
    page = render_template("accounts/invitation.html", invitation=found, known=known, form=form, token=token)
    return page, 422


def _accept(token: str, form: AcceptForm) -> bool:
    person = operations.NewPerson(form.name.data or "", "", form.password.data or "", locale=_language())
    with transaction():
        user = operations.accept_invitation(actor(), queries.invitation_by_token(token), person)
        if not actor().is_signed_in:
            sessions.begin(user)
    return True
