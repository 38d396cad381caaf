"""Routes of challenges: what anybody reads, and what the poster and the bureau manage."""

from io import BytesIO
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _

from market import clock
from market.access import actor, public, requires
from market.challenges import changes, ledger, operations, policies, queries, searchable  # noqa: F401  (declares the documents)
from market.challenges.forms import ChangeForm, ContentForm, DraftForm, ExtendForm, NoAwardForm, ReasonForm
from market.challenges.models import Challenge, ChallengeState
from market.challenges.tabs import tabs_of
from market.database import transaction
from market.errors import NotAllowed
from market.forms import attempt
from market.needs.content import AmountKind
from market.needs.queries import districts, need_of
from market.needs.sections import FIELD_LABELS, SECTIONS
from market.paging import page_number
from market.permissions import Permission, Verdict
from market.programmes.models import TermKind
from market.programmes.queries import rules_of, term_names, vocabulary
from market.spreadsheets import MIMETYPE

bp = Blueprint("challenges", __name__, url_prefix="/challenges")
P = Permission


@bp.app_context_processor
def _header_values() -> dict[str, Any]:
    """For challenges/_header.html, which the tabs of other rooms include."""
    return {"challenge_tabs": lambda challenge: tabs_of(actor(), challenge)}


def _filter() -> queries.ChallengeFilter:
    return queries.ChallengeFilter(**{name: request.args.get(name, "") for name in queries.ChallengeFilter.__slots__})


def _managed(challenge_id: int) -> Challenge:
    return queries.challenge_of(actor(), challenge_id)


def _demand(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


@bp.get("/")
@public
def index() -> Any:
    wanted = _filter()
    page = queries.public_page(wanted, page_number(request.args.get("page")))
    words = vocabulary()
    return render_template(
        "challenges/index.html", page=page, wanted=wanted, briefs=queries.briefs_of(page.items), names=words.names,
        industries=words.choices[TermKind.INDUSTRY], fields=words.choices[TermKind.TECH_FIELD], districts=districts(),
        amount_kinds=list(AmountKind), sorts=queries.SORTS,
    )  # fmt: skip


@bp.get("/<code>")
@public
def show(code: str) -> Any:
    return render_template("challenges/show.html", **_public(code))


@bp.get("/<code>/print")
@public
def print_view(code: str) -> Any:
    return render_template("challenges/print.html", **_public(code))


def _public(code: str) -> dict[str, Any]:
    challenge = queries.challenge_by_code(code)
    asking = actor()
    return {
        "challenge": challenge, "version": queries.current_version(challenge), "names": term_names(),
        "labels": FIELD_LABELS, "insider": policies.is_insider(asking, challenge),
        "confidential": policies.may_read_confidential(asking, challenge),
        "contact": queries.reads_contact(asking, challenge),
        "masked": queries.masked, "predecessor": queries.predecessor_of(challenge),
        "successor": queries.relisted_as(challenge),
    }  # fmt: skip


@bp.get("/<code>/versions")
@public
def versions(code: str) -> Any:
    challenge = queries.challenge_by_code(code)
    all_versions = queries.versions_of(challenge)
    return render_template(
        "challenges/versions.html", challenge=challenge, first=all_versions[0],
        changes=queries.version_changes(all_versions), extensions=queries.deadline_changes_of(challenge),
    )  # fmt: skip


@bp.get("/manage")
@requires(P.NEED_READ)
def manage() -> Any:
    wanted = _filter()
    page = queries.managed_page(actor(), wanted, page_number(request.args.get("page")))
    return render_template(
        "challenges/manage.html", page=page, wanted=wanted, briefs=queries.briefs_of(page.items),
        counts=queries.counts_by_state(actor()), states=list(ChallengeState), districts=districts(),
    )  # fmt: skip


@bp.get("/ledger.xlsx")
@requires(P.NEED_READ)
def export() -> Any:
    content = ledger.ledger_of(queries.challenges_for_ledger(actor(), _filter()), term_names())
    name = f"榜单台账-{clock.today()}.xlsx"
    return send_file(BytesIO(content), MIMETYPE, as_attachment=True, download_name=name)


@bp.get("/manage/<int:challenge_id>")
@requires(P.NEED_READ)
def manage_one(challenge_id: int) -> Any:
    return _manage_page(_managed(challenge_id))


def _manage_page(challenge: Challenge, **forms: Any) -> str:
    shown = {"reason_form": ReasonForm(), "extend_form": ExtendForm(), "no_award_form": NoAwardForm()} | forms
    drafting = challenge.state in (ChallengeState.DRAFT, ChallengeState.APPROVAL)
    return render_template(
        "challenges/manage_one.html", challenge=challenge, version=queries.current_version(challenge),
        names=term_names(), labels=FIELD_LABELS, may=policies.verdicts(actor(), challenge), rules=rules_of(challenge),
        confidential=policies.may_read_confidential(actor(), challenge),
        problems=operations.posting_problems(challenge) if drafting else {}, **shown,
    )  # fmt: skip


def _moved(challenge_id: int, message: str) -> Any:
    flash(message, "success")
    return redirect(url_for(".manage_one", challenge_id=challenge_id), 303)


@bp.post("/prepare/<int:need_id>")
@requires(P.CHALLENGE_PREPARE)
def prepare(need_id: int) -> Any:
    with transaction():
        challenge_id = operations.prepare_challenge(actor(), need_of(actor(), need_id)).id
    return _moved(challenge_id, _("已拟榜，请核对文本；企业签约人确认后即可送审"))


def _content_page(challenge: Challenge, form: ContentForm, title: str, lead: str) -> str:
    form.count_by(rules_of(challenge))
    return render_template(
        "challenges/content_form.html", challenge=challenge, form=form, title_text=title, lead_text=lead,
        all_sections=SECTIONS, rules=rules_of(challenge),
    )  # fmt: skip


def _posted(form: Any) -> bool:
    return request.method == "POST" and not form.rows_were_changed(request.form) and form.validate()


@bp.route("/manage/<int:challenge_id>/edit", methods=["GET", "POST"])
@requires(P.CHALLENGE_PREPARE)
def edit(challenge_id: int) -> Any:
    challenge = _managed(challenge_id)
    _demand(policies.may_edit(actor(), challenge))
    form = DraftForm(obj=queries.current_version(challenge), data={"posting_days": challenge.posting_days})

    def work() -> bool:
        with transaction():
            operations.edit_challenge(actor(), _managed(challenge_id), form.values(), form.posting_days.data)
        return True

    if _posted(form) and attempt(form, work):
        return _moved(challenge_id, _("已保存"))
    return _content_page(_managed(challenge_id), form, _("修改拟榜文本"), _("修改后须由企业签约人重新确认。"))


@bp.route("/manage/<int:challenge_id>/change", methods=["GET", "POST"])
@requires(P.CHALLENGE_PREPARE)
def change(challenge_id: int) -> Any:
    challenge = _managed(challenge_id)
    _demand(policies.may_change(actor(), challenge))
    form = ChangeForm(obj=queries.current_version(challenge))

    def work() -> Any:
        with transaction():
            subject = _managed(challenge_id)
            reason, agreed = form.reason.data or "", bool(form.agreed.data)
            return changes.change_challenge(actor(), subject, form.values(), reason, agreed)

    if _posted(form) and attempt(form, work):
        return _moved(challenge_id, _("已发布变更，并通知已起草和已投递的揭榜方"))
    lead = _("变更立即公开并保留原版本；修改指标或榜额时，截止时间自动顺延。")
    return _content_page(_managed(challenge_id), form, _("变更榜单"), lead)


@bp.route("/manage/<int:challenge_id>/relist", methods=["GET", "POST"])
@requires(P.CHALLENGE_PREPARE)
def relist(challenge_id: int) -> Any:
    challenge = _managed(challenge_id)
    _demand(policies.may_relist(actor(), challenge))
    form = DraftForm(obj=queries.current_version(challenge), data={"posting_days": challenge.posting_days})

    def work() -> int:
        with transaction():
            subject = _managed(challenge_id)
            return operations.relist_challenge(actor(), subject, form.values(), form.posting_days.data).id

    if _posted(form) and (new_id := attempt(form, work)):
        return _moved(new_id, _("已重新拟榜，企业签约人确认后即可送审"))
    return _content_page(_managed(challenge_id), form, _("重新发榜"), _("文本或榜额须有修改，发布时取得新的编号。"))


def _act(challenge_id: int, operation: Any, message: str, form: Any = None, name: str = "", *arguments: str) -> Any:
    """Run a short operation; what it refuses is shown on the management page, beside its form where it has one."""
    shown = form or ReasonForm()

    def work() -> bool:
        with transaction():
            operation(actor(), _managed(challenge_id), *(shown[argument].data for argument in arguments))
        return True

    if (form is None or form.validate()) and attempt(shown, work):
        return _moved(challenge_id, message)
    return _manage_page(_managed(challenge_id), **{name or "reason_form": shown})


@bp.post("/manage/<int:challenge_id>/confirm")
@requires(P.CHALLENGE_CONFIRM)
def confirm(challenge_id: int) -> Any:
    return _act(challenge_id, operations.confirm_challenge, _("已确认文本和出资承诺"))


@bp.post("/manage/<int:challenge_id>/propose")
@requires(P.CHALLENGE_PREPARE)
def propose(challenge_id: int) -> Any:
    return _act(challenge_id, operations.propose_challenge, _("已送审，等待处室负责人批准"))


@bp.post("/manage/<int:challenge_id>/approve")
@requires(P.CHALLENGE_APPROVE)
def approve(challenge_id: int) -> Any:
    return _act(challenge_id, operations.approve_challenge, _("已批准发榜"))


@bp.post("/manage/<int:challenge_id>/send-back")
@requires(P.CHALLENGE_APPROVE)
def send_back(challenge_id: int) -> Any:
    _demand(policies.may_send_back(actor(), _managed(challenge_id)))
    return _act(challenge_id, operations.send_back, _("已退回修改"), ReasonForm(), "reason_form", "reason")


@bp.post("/manage/<int:challenge_id>/revoke")
@requires(P.CHALLENGE_APPROVE)
def revoke(challenge_id: int) -> Any:
    _demand(policies.may_revoke(actor(), _managed(challenge_id)))
    return _act(challenge_id, operations.revoke_challenge, _("已撤榜"), ReasonForm(), "reason_form", "reason")


@bp.post("/manage/<int:challenge_id>/extend")
@requires(P.CHALLENGE_PREPARE)
def extend(challenge_id: int) -> Any:
    _demand(policies.may_extend(actor(), _managed(challenge_id)))
    form = ExtendForm()
    return _act(
        challenge_id, changes.extend_deadline, _("已延长揭榜，并通知揭榜方"), form, "extend_form", "days", "reason"
    )


@bp.post("/manage/<int:challenge_id>/no-award")
@requires(P.CHALLENGE_APPROVE)
def no_award(challenge_id: int) -> Any:
    _demand(policies.may_declare_no_award(actor(), _managed(challenge_id)))
    return _act(challenge_id, operations.declare_no_award, _("已宣布流榜"), NoAwardForm(), "no_award_form", "reason")
