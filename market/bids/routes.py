"""Pages of the bidder (/bids/…), of the officers who open and check, and the public check of receipts."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from market.access import actor, public, requires
from market.accounts.sessions import require_fresh
from market.attachments.inspection import ACCEPT
from market.attachments.queries import attachments_of, for_list
from market.bids import opening, operations, policies, queries
from market.bids.content import pack
from market.bids.forms import (
    BeginForm,
    BidForm,
    CopyForm,
    NoteForm,
    OpeningForm,
    ReasonForm,
    ReceiptForm,
    SealForm,
    form_data,
)
from market.bids.models import Bid, BidState
from market.bids.receipts import is_genuine
from market.challenges.models import Challenge
from market.database import db, transaction
from market.errors import InvalidInput, NotAllowed
from market.forms import BaseForm, attempt
from market.limits import limiter
from market.paging import page_number, paginate
from market.permissions import Permission, Verdict
from market.programmes.queries import rules_of

P = Permission
bp = Blueprint("bids", __name__)
READERS = (P.BID_WRITE, P.BID_READ, P.NEED_WRITE, P.REVIEW_SCORE)


def _must(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


@bp.get("/bids/mine")
@requires(P.BID_WRITE)
def mine() -> Any:
    """我的揭榜."""
    page = paginate(db.session(), queries.my_bids(actor()), page_number(request.args.get("page")))
    return render_template("bids/mine.html", page=page)


@bp.route("/bids/new", methods=["GET", "POST"])
@requires(P.BID_WRITE)
def begin() -> Any:
    """Choose in whose name, then draft. ``?challenge=`` is the code."""
    challenge, solvers = queries.challenge_of_code(request.args.get("challenge", "")), queries.solvers_for(actor())
    form = BeginForm()
    form.solver.choices = [SelectChoice(solver.id, solver.name) for solver in solvers]
    existing = next((bid for solver in solvers if (bid := queries.live_bid(challenge, solver))), None)
    if existing is not None and len(solvers) == 1:
        return redirect(url_for("bids.show", bid_id=existing.id), 303)
    if form.validate_on_submit() and (bid := attempt(form, lambda: _begin(form, challenge))):
        return redirect(url_for("bids.edit", bid_id=bid), 303)
    page = render_template("bids/begin.html", challenge=challenge, solvers=solvers, form=form)
    return page, 422 if form.errors else 200


def _begin(form: BeginForm, challenge: Challenge) -> int:
    with transaction():
        chosen = next((s for s in queries.solvers_for(actor()) if s.id == form.solver.data), None)
        if chosen is None:
            raise InvalidInput({"solver": _("请选择您的揭榜方；还没有登记的，请先登记揭榜方资料")})
        return operations.begin_bid(actor(), queries.challenge_of_code(challenge.code or ""), chosen).id


@bp.route("/bids/<int:bid_id>/edit", methods=["GET", "POST"])
@requires(P.BID_WRITE)
def edit(bid_id: int) -> Any:
    """Write the draft, or the replacement of a sealed version."""
    bid = queries.own_bid(actor(), bid_id)
    _must(policies.may_write_bid(actor(), bid))
    if bid.draft is None:
        return redirect(url_for("bids.show", bid_id=bid.id), 303)
    text = queries.text_of(bid.challenge)
    form = BidForm(data=form_data(queries.draft_of(bid)))
    form.fit_answers(text.indicators)
    if request.method == "POST" and (answer := _save(bid, form, text.indicators)) is not None:
        return answer
    return _edit_page(bid, form, text), 422 if form.errors else 200


def _edit_page(bid: Bid, form: BidForm, text: Any) -> str:
    files = for_list(attachments_of(bid, operations.DRAFT_SLOT))
    return render_template(
        "bids/edit.html", bid=bid, form=form, text=text, files=files, rules=rules_of(bid), accept=ACCEPT
    )


def _save(bid: Bid, form: BidForm, indicators: list[Any]) -> Any:
    """Files first: they are kept even when a field is wrong. None shows the form again."""
    rows_changed = form.rows_were_changed(request.form)
    form.fit_answers(indicators)
    problems = _save_files(bid.id)
    if rows_changed:
        return None
    is_valid = form.validate()
    if problems:
        form.take_errors(InvalidInput({"files": _("；").join(problems)}))
    if problems or not is_valid:
        return None
    with transaction():
        operations.save_draft(actor(), queries.own_bid(actor(), bid.id), form.content(indicators))
    if request.form.get("action") != "review":
        flash(_("草稿已保存，只有本团队能看到"), "success")
        return redirect(url_for("bids.edit", bid_id=bid.id), 303)
    if gaps := queries.gaps_of(queries.own_bid(actor(), bid.id)):
        form.take_errors(InvalidInput(gaps))
        return None
    return redirect(url_for("bids.seal", bid_id=bid.id), 303)


def _save_files(bid_id: int) -> list[str]:
    """Keep the uploads that pass; returns what is wrong with the others."""
    problems: list[str] = []
    for file in request.files.getlist("files"):
        if file.filename:
            try:
                with transaction():
                    operations.attach_file(actor(), queries.own_bid(actor(), bid_id), file)
            except InvalidInput as problem:
                problems.append(f"{file.filename[:60]}：{problem.message}")
    if token := request.form.get("remove_file"):
        with transaction():
            operations.remove_file(actor(), queries.own_bid(actor(), bid_id), token)
    return problems


@bp.route("/bids/<int:bid_id>/submit", methods=["GET", "POST"])
@requires(P.BID_WRITE)
def seal(bid_id: int) -> Any:
    """The last look: what is missing, the bidder's own copy, then the seal."""
    bid = queries.own_bid(actor(), bid_id)
    _must(policies.may_submit_bid(actor(), bid))
    if bid.draft is None:
        return redirect(url_for("bids.show", bid_id=bid.id), 303)
    form = SealForm()
    if form.validate_on_submit() and attempt(form, lambda: _seal(bid_id)):
        return redirect(url_for("bids.receipt", bid_id=bid_id), 303)
    files = for_list(attachments_of(bid, operations.DRAFT_SLOT))
    content, gaps = queries.draft_of(bid), queries.gaps_of(bid)
    page = render_template("bids/seal.html", bid=bid, form=form, content=content, gaps=gaps, files=files)
    return page, 422 if form.errors else 200


def _seal(bid_id: int) -> Any:
    with transaction():
        bid = queries.own_bid(actor(), bid_id)
        act = operations.replace_bid if bid.state is BidState.SUBMITTED else operations.submit_bid
        return act(actor(), bid)


@bp.get("/bids/<int:bid_id>/copy")
@requires(P.BID_WRITE)
def download_copy(bid_id: int) -> Response:
    """The bidder's own copy of the draft: the same package that will be sealed."""
    bid = queries.own_bid(actor(), bid_id)
    if bid.draft is None:
        raise NotAllowed(_("已经密封，系统里没有可以下载的明文"))
    response = Response(pack(operations.package_of(bid)), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="bid-{bid.challenge.code}.zip"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/bids/<int:bid_id>/print")
@requires(*READERS)
def print_bid(bid_id: int) -> Any:
    """The bid on paper: the draft for its team, the opened content for its readers."""
    bid = queries.readable_bid(actor(), bid_id)
    content = queries.draft_of(bid) if bid.draft is not None else queries.content_of(bid)
    if content is None:
        raise NotAllowed(_("揭榜书尚在密封中"))
    slot = operations.DRAFT_SLOT if bid.draft is not None else operations.OPENED_SLOT
    return render_template("bids/print.html", bid=bid, content=content, files=for_list(attachments_of(bid, slot)))


@bp.get("/bids/<int:bid_id>")
@requires(*READERS)
def show(bid_id: int) -> Any:
    """One bid, for whoever may read it."""
    bid = queries.readable_bid(actor(), bid_id)
    return _show_page(bid)


def _show_page(bid: Bid, form: BaseForm | None = None) -> Any:
    asking = actor()
    is_own = policies.is_on_team(asking, bid.solver)
    page = render_template(
        "bids/show.html",
        bid=bid,
        is_own=is_own,
        content=queries.content_of(bid),
        files=for_list(attachments_of(bid, operations.OPENED_SLOT)),
        receipt=queries.receipt_of(bid) if bid.versions else None,
        note_form=form if isinstance(form, NoteForm) else NoteForm(formdata=None),
        reason_form=form if isinstance(form, ReasonForm) else ReasonForm(formdata=None),
        copy_form=form if isinstance(form, CopyForm) else CopyForm(formdata=None),
        may=_moves(bid),
        accept=".zip",
    )
    return page, 422 if form is not None else 200


def _moves(bid: Bid) -> dict[str, bool]:
    """What the asker may do with the bid now."""
    asking = actor()
    chosen = (BidState.RECOMMENDED, BidState.AWARDED)
    return {
        "write": bool(policies.may_write_bid(asking, bid)),
        "submit": bool(policies.may_submit_bid(asking, bid)),
        "withdraw": bid.state in (BidState.DRAFT, BidState.SUBMITTED) and bool(policies.may_withdraw_bid(asking, bid)),
        "renounce": bid.told_state in chosen and bool(policies.may_renounce_bid(asking, bid)),
        "screen": bid.state is BidState.OPENED and bool(policies.may_screen_bid(asking, bid)),
        "disqualify": bid.state in (*chosen, BidState.QUALIFIED, BidState.RESERVE)
        and bool(policies.may_disqualify_bid(asking, bid)),
    }


@bp.get("/bids/<int:bid_id>/receipt")
@requires(P.BID_WRITE)
def receipt(bid_id: int) -> Any:
    """投递回执, to print and keep."""
    bid = queries.own_bid(actor(), bid_id)
    return render_template("bids/receipt.html", bid=bid, receipt=queries.receipt_of(bid))


@bp.post("/bids/<int:bid_id>/replace")
@requires(P.BID_WRITE)
def replace(bid_id: int) -> Any:
    """Begin the next version, blank or from the uploaded copy."""
    form = CopyForm()
    bid = queries.own_bid(actor(), bid_id)
    if not form.validate_on_submit() or attempt(form, lambda: _begin_replacement(bid_id)) is None:
        return _show_page(queries.own_bid(actor(), bid_id), form)
    return redirect(url_for("bids.edit", bid_id=bid.id), 303)


def _begin_replacement(bid_id: int) -> Bid:
    with transaction():
        return operations.begin_replacement(actor(), queries.own_bid(actor(), bid_id), request.files.get("copy"))


@bp.post("/bids/<int:bid_id>/discard")
@requires(P.BID_WRITE)
def discard(bid_id: int) -> Any:
    """Give up the replacement; the sealed version stays."""
    with transaction():
        operations.discard_replacement(actor(), queries.own_bid(actor(), bid_id))
    flash(_("已放弃替换，原密封版本继续有效"), "success")
    return redirect(url_for("bids.show", bid_id=bid_id), 303)


@bp.post("/bids/<int:bid_id>/withdraw")
@requires(P.BID_WRITE)
def withdraw(bid_id: int) -> Any:
    with transaction():
        operations.withdraw_bid(actor(), queries.own_bid(actor(), bid_id))
    flash(_("已撤回。截止前可以重新起草提交"), "success")
    return redirect(url_for("bids.mine"), 303)


@bp.post("/bids/<int:bid_id>/renounce")
@requires(P.BID_WRITE)
def renounce(bid_id: int) -> Any:
    form = ReasonForm()
    if form.validate_on_submit() and attempt(form, lambda: _renounce(bid_id, form.reason.data or "")):
        flash(_("已登记放弃"), "success")
        return redirect(url_for("bids.show", bid_id=bid_id), 303)
    return _show_page(queries.own_bid(actor(), bid_id), form)


def _renounce(bid_id: int, reason: str) -> Bid:
    with transaction():
        return operations.renounce_bid(actor(), queries.own_bid(actor(), bid_id), reason)


@bp.post("/bids/<int:bid_id>/disqualify")
@requires(P.NOTICE_APPROVE)
def disqualify(bid_id: int) -> Any:
    form = ReasonForm()
    if form.validate_on_submit() and attempt(form, lambda: _disqualify(bid_id, form.reason.data or "")):
        flash(_("已取消资格并通知揭榜方"), "success")
        return redirect(url_for("bids.show", bid_id=bid_id), 303)
    return _show_page(queries.readable_bid(actor(), bid_id), form)


def _disqualify(bid_id: int, reason: str) -> Bid:
    require_fresh(actor())
    with transaction():
        return operations.disqualify_bid(actor(), queries.readable_bid(actor(), bid_id), reason)


@bp.post("/bids/<int:bid_id>/screen")
@requires(P.BID_SCREEN)
def screen(bid_id: int) -> Any:
    """形式审查: ``verdict`` is pass or fail."""
    form = NoteForm()
    if form.validate_on_submit() and attempt(form, lambda: _screen(bid_id, form.note.data or "")):
        flash(_("形式审查结论已登记并通知揭榜方"), "success")
        return redirect(url_for("bids.show", bid_id=bid_id), 303)
    return _show_page(queries.readable_bid(actor(), bid_id), form)


def _screen(bid_id: int, note: str) -> Bid:
    verdict = request.form.get("verdict")
    if verdict not in ("pass", "fail"):
        raise InvalidInput({"note": _("请选择通过或不通过")})
    with transaction():
        return operations.screen_bid(actor(), queries.readable_bid(actor(), bid_id), verdict == "pass", note)


@bp.route("/bids/verify-receipt", methods=["GET", "POST"])
@public
@limiter.limit("60 per hour", methods=["POST"])
def verify_receipt() -> Any:
    """Anyone may ask whether a receipt is ours; the answer tells nothing else."""
    form, genuine = ReceiptForm(), None
    if form.validate_on_submit():
        shown = [form.number.data, form.sha256.data, form.moment.data, form.signature.data]
        genuine = is_genuine(*(str(value) for value in shown))
    return render_template("bids/verify_receipt.html", form=form, genuine=genuine), 422 if form.errors else 200


@bp.get("/bids/openings")
@requires(P.BID_OPEN)
def openings() -> Any:
    """投递开启: closed challenges that wait, then those opened."""
    page = paginate(db.session(), queries.openings(actor()), page_number(request.args.get("page")))
    return render_template("bids/openings.html", page=page, opened=queries.openings_by_challenge(page.items))


@bp.route("/bids/openings/<code>", methods=["GET", "POST"])
@requires(P.BID_OPEN)
def open_bids(code: str) -> Any:
    """An officer gives a share; the one that completes the quorum opens all."""
    require_fresh(actor())
    challenge, form = queries.challenge_of_code(code), OpeningForm()
    if form.validate_on_submit() and attempt(form, lambda: _release(code, form.passphrase.data or "")):
        return redirect(url_for("bids.open_bids", code=code), 303)
    verdict = policies.may_open_bids(actor(), challenge)
    page = render_template(
        "bids/open.html",
        challenge=challenge,
        form=form,
        verdict=verdict,
        quorum=queries.quorum_of(actor(), challenge),
        record=queries.opening_of(challenge),
    )
    return page, 422 if form.errors else 200


def _release(code: str, passphrase: str) -> bool:
    with transaction():
        done = opening.release_opening_share(actor(), queries.challenge_of_code(code), passphrase)
        opened = done.opened_at is not None
    flash(_("投递已全部开启") if opened else _("已收到您的份额，等待另一名持有人"), "success")
    return True


@bp.get("/challenges/<code>/bids")
@requires(P.BID_READ, P.NEED_WRITE)
def of_challenge(code: str) -> Any:
    """Opened bids of a challenge; before the opening the same page whether there are none or twenty."""
    challenge = queries.challenge_of_code(code)
    bids, is_opened = queries.bids_of(actor(), challenge), queries.is_opened(challenge)
    is_poster = policies.is_poster(actor(), challenge)
    return render_template(
        "bids/of_challenge.html", challenge=challenge, bids=bids, is_opened=is_opened, is_poster=is_poster
    )


@bp.get("/challenges/<code>/opening")
@public
def opening_record(code: str) -> Any:
    """开启记录: numbers and fingerprints, published so that every bidder can find their own."""
    challenge = queries.challenge_of_code(code)
    record = queries.opening_of(challenge) if queries.is_opened(challenge) else None
    return render_template("bids/opening_record.html", challenge=challenge, record=record)
