"""Routes of matches before a challenge exists: 发榜前参考 of a need, as a page and as a part of the need's pages."""

from typing import Any

from flask import render_template, request
from flask_babel import lazy_gettext as _l

from market.access import actor, requires
from market.errors import NotAllowed
from market.matches import outlook
from market.matches.blueprint import bp
from market.needs.policies import may_edit
from market.needs.queries import need_of
from market.needs.sections import SECTION_BY_KEY
from market.permissions import Permission


@bp.get("/needs/<int:need_id>/outlook", endpoint="outlook")
@requires(Permission.NEED_READ)
def show_outlook(need_id: int) -> Any:
    """``section``: of the remarks only those on one step of the form."""
    need = need_of(actor(), need_id)
    if not (verdict := outlook.may_foresee(need)):
        raise NotAllowed(verdict.reason)
    seen, section = outlook.outlook_of(need), SECTION_BY_KEY.get(request.args.get("section", ""))
    remarks = [remark for remark in seen.remarks if section is None or remark.section == section.key]
    part = request.headers.get("HX-Request") == "true"
    return render_template(
        "matches/_outlook.html" if part else "matches/outlook.html",
        need=need, part=part, outlook=seen, remarks=remarks, section=section, others=len(seen.remarks) - len(remarks),
        edits=bool(may_edit(actor(), need)), band=_BANDS[seen.reached.band],
    )  # fmt: skip


# Band → (tone, word, what to do).
_BANDS = {
    "none": ("bad", _l("暂时没有"), _l("换成更常见的说法，或补充原理和应用场景；也可请主管处室定向联系院所。")),
    "few": ("attention", _l("较少"), _l("补充关键词和可选的技术路线，能让更多团队看懂。")),
    "some": ("active", _l("适中"), _l("把指标写具体，团队更容易判断自己能不能做。")),
    "many": ("good", _l("较多"), _l("可以把指标写得更有区分度。")),
}
