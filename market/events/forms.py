"""Forms of events, registration and contacts: shape and format; the rules are the operations'."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField
from wtforms.fields.choices import SelectChoice

from market import clock
from market.accounts.models import Organisation
from market.challenges.models import Challenge
from market.errors import InvalidInput
from market.events.models import CONTACT_WAYS, Contact, ContactResult, Event, EventKind
from market.events.queries import challenge_coded, firms_named, solver_label, solvers_named
from market.forms import BaseForm, DayField, LongTextField, MomentField, TextField, WholeNumberField, required
from market.permissions import Actor


class EventForm(BaseForm):
    kind = SelectField(_l("活动类型"), choices=[SelectChoice(kind.value, kind.label) for kind in EventKind])
    cycle_id = SelectField(_l("所属批次"))
    title = TextField(_l("活动名称"), [required()], limit=120)
    place = TextField(_l("地点"), [required()], limit=200)
    starts_at = MomentField(_l("开始时间"), [required()])
    ends_at = MomentField(_l("结束时间"), [required()])
    organiser = TextField(_l("主办单位"), limit=200)
    description = LongTextField(_l("活动介绍"), limit=4000)

    @property
    def values(self) -> dict[str, Any]:
        found = {
            name: self[name].data for name in ("title", "place", "starts_at", "ends_at", "organiser", "description")
        }
        return found | {
            "kind": EventKind(self.kind.data),
            "cycle_id": int(self.cycle_id.data) if self.cycle_id.data else None,
        }


class GuestForm(BaseForm):
    """Who comes: ``firm-3`` or ``solver-7``, and how many."""

    guest = HiddenField(validators=[required(_l("请选择报名的企业或揭榜方"))])
    people = WholeNumberField(_l("参会人数"), [required()], smallest=1, largest=50)


class WalkInForm(BaseForm):
    """An officer adds somebody at the door, by name."""

    name = TextField(_l("企业或揭榜方名称"), [required()], limit=300)
    people = WholeNumberField(_l("参会人数"), [required()], smallest=1, largest=50)

    def guest(self, actor: Actor) -> dict[str, Any]:
        """Arguments of register_attendance. Raises InvalidInput when the name fits none or several."""
        text = self.name.data or ""
        firms, solvers = firms_named(actor, text), solvers_named(text)
        labels = [firm.name for firm in firms] + [solver_label(solver) for solver in solvers]
        if len(labels) != 1:
            raise InvalidInput({"name": _which(labels, _("没有这个企业或揭榜方，请核对名称"))})
        return {"organisation": firms[0] if firms else None, "solver": solvers[0] if solvers else None}


def _which(labels: list[str], none: str) -> str:
    if not labels:
        return none
    return _("有多个符合，请填写其中一个的全称：%(labels)s", labels="；".join(labels))


class CancelForm(BaseForm):
    reason = LongTextField(_l("取消原因"), [required(_l("请填写取消原因，报名者会收到"))], limit=500)


class ContactForm(BaseForm):
    """Firm, solver and challenge are typed by name or code, with suggestions."""

    on = DayField(_l("对接日期"), [required()])
    organisation = TextField(_l("企业"), [required()], limit=200)
    solver = TextField(_l("专家或团队"), [required()], limit=300)
    challenge = TextField(_l("榜单编号"), limit=30)
    way = SelectField(_l("方式"), choices=[SelectChoice(way) for way in CONTACT_WAYS])
    result = SelectField(_l("结果"), choices=[SelectChoice(result.value, result.label) for result in ContactResult])
    next_step = LongTextField(_l("下次动作"), limit=500)

    @classmethod
    def start(cls, event: Event | None, organisation: str, solver: str) -> "ContactForm":
        """A new entry: today, or the event's day with what was picked from its guests."""
        on = min(clock.today(), clock.local(event.starts_at).date()) if event else clock.today()
        way = CONTACT_WAYS[0] if event else CONTACT_WAYS[1]
        return cls(data={"on": on, "way": way, "result": "continue", "organisation": organisation, "solver": solver})

    @classmethod
    def of(cls, contact: Contact) -> "ContactForm":
        kept = {"on": contact.on, "way": contact.way, "result": contact.result.value, "next_step": contact.next_step}
        names = {"organisation": contact.organisation.name, "solver": solver_label(contact.solver)}
        form = cls(data=kept | names | {"challenge": contact.challenge.code if contact.challenge else ""})
        form.keep_way(contact)
        return form

    def keep_way(self, contact: Contact) -> None:
        """A way in the bureau's own words stays one of the choices."""
        if contact.way not in CONTACT_WAYS:
            self.way.choices = [SelectChoice(way) for way in (contact.way, *CONTACT_WAYS)]

    def values(self, actor: Actor) -> dict[str, Any]:
        """Arguments of record_contact. Raises InvalidInput naming the fields whose names fit none or several."""
        errors: dict[str, str] = {}
        firms, solvers = firms_named(actor, self.organisation.data or ""), solvers_named(self.solver.data or "")
        if len(firms) != 1:
            none = _("没有这家企业，或不在您的区县，请核对名称")
            errors["organisation"] = _which([firm.name for firm in firms], none)
        if len(solvers) != 1:
            errors["solver"] = _which([solver_label(solver) for solver in solvers], _("没有这个揭榜方，请核对名称"))
        challenge = None
        if self.challenge.data and len(firms) == 1:
            challenge = self._challenge(firms[0], errors)
        if errors:
            raise InvalidInput(errors)
        found = {name: self[name].data or "" for name in ("on", "way", "next_step")}
        result = ContactResult(self.result.data)
        return found | {"organisation": firms[0], "solver": solvers[0], "result": result, "challenge": challenge}

    def _challenge(self, firm: Organisation, errors: dict[str, str]) -> Challenge | None:
        found = challenge_coded((self.challenge.data or "").upper(), firm)
        if found is None:
            errors["challenge"] = _("该企业没有这个编号的榜单")
        return found
