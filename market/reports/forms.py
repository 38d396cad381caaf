"""Choosing a period and, for the city, a district."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import calendar
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from market import clock
from market.accounts.models import District
from market.errors import InvalidInput
from market.forms import BaseForm, DayField, LongTextField, WholeNumberField
from market.reports.indicators import Districts, Period

CUSTOM = "custom"
# Value → (label, first month, last month).
PARTS: dict[str, tuple[Any, int, int]] = {
    "year": (_l("全年"), 1, 12),
    "h1": (_l("上半年"), 1, 6),
    "h2": (_l("下半年"), 7, 12),
    "q1": (_l("第一季度"), 1, 3),
    "q2": (_l("第二季度"), 4, 6),
    "q3": (_l("第三季度"), 7, 9),
    "q4": (_l("第四季度"), 10, 12),
    **{f"m{month}": (_l("%(month)d月", month=month), month, month) for month in range(1, 13)},
}


class PeriodForm(BaseForm):
    """A GET form: what it holds stands in the address, so that a number can be sent as a link."""

    class Meta:
        csrf = False

    year = WholeNumberField(_l("年度"), smallest=2000, largest=2100)
    part = SelectField(
        _l("期间"),
        choices=[
            *(SelectChoice(name, label) for name, (label, _first, _last) in PARTS.items()),
            SelectChoice(CUSTOM, _l("自定起止日期")),
        ],
    )
    first = DayField(_l("起"))
    last = DayField(_l("止"))
    district = SelectField(_l("区县"))

    def __init__(self, arguments: Mapping[str, str], districts: list[District], scope: Districts) -> None:
        asked = {name: arguments[name] for name in ("year", "part", "first", "last", "district") if name in arguments}
        filled = {"year": str(clock.today().year), "part": "year", "district": "", **asked}
        super().__init__(MultiDict(filled))
        everything = _("全市") if scope is None else _("全部所辖")
        self._names = {"": everything} | {district.code: district.name for district in districts}
        self.district.choices = [SelectChoice(code, name) for code, name in self._names.items()]
        self.scope = scope

    @property
    def districts(self) -> Districts:
        """What is counted: the chosen district, else all the asker may count."""
        return frozenset({self.district.data}) if self.district.data else self.scope

    @property
    def period(self) -> Period:
        """Raises InvalidInput when a custom period lacks an end or runs backwards."""
        if self.part.data != CUSTOM:
            if self.year.data is None:
                raise InvalidInput({"year": _("请填写年度")})
            _label, first, last = PARTS[self.part.data]
            year = self.year.data
            return Period(date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]))
        missing = {name: _("请填写日期") for name in ("first", "last") if self[name].data is None}
        if missing:
            raise InvalidInput(missing)
        if self.first.data > self.last.data:
            raise InvalidInput({"last": _("止日不能早于起日")})
        return Period(self.first.data, self.last.data)

    @property
    def arguments(self) -> dict[str, str]:
        """The address's part that leads to the same period and district."""
        return {name: text for name in ("year", "part", "first", "last", "district") if (text := self._typed(name))}

    def _typed(self, name: str) -> str:
        given = self[name].raw_data
        return str(given[0]) if given else ""

    @property
    def scope_label(self) -> str:
        return self._names.get(self.district.data or "", "")


class CorrectionForm(BaseForm):
    reason = LongTextField(_l("更正原因"), limit=1000)
