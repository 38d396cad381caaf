"""Fields and the base form that every domain's forms use. Shape and format only; rules live in operations.

What was typed always stays in the form: invalid values keep their raw text. Full-width digits are read as digits.
"""
# The stubs of WTForms do not know lazy translations, nor fields whose data is no string.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, FieldList, Form, FormField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, StopValidation, ValidationError
from wtforms.widgets import DateInput, DateTimeLocalInput, TextInput

from market import clock, money
from market.errors import InvalidInput

# Bidirectional overrides make a text read otherwise than it is stored.
_HARMFUL = {chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)}


def clean_text(value: str | None) -> str | None:
    return value.strip() if isinstance(value, str) else value


def no_control_characters(_form: Any, field: Field) -> None:
    """Refuses NUL, other control characters (line breaks aside) and direction marks."""
    for character in field.data or "":
        if character in _HARMFUL or (unicodedata.category(character) == "Cc" and character not in "\r\n\t"):
            raise ValidationError(_("含有不可见的控制字符，请删除后重新输入"))


def single_line(_form: Any, field: Field) -> None:
    if any(character in "\r\n" for character in field.data or ""):
        raise ValidationError(_("这里只能填写一行"))


def required(message: str | None = None) -> InputRequired:
    return InputRequired(message or _l("请填写此项"))


def at_most(limit: int) -> Length:
    return Length(max=limit, message=_l("最多 %(max)d 个字"))


class TextField(StringField):
    """One line of text, trimmed; at most ``limit`` characters."""

    def __init__(self, label: Any = None, validators: Iterable[Any] = (), *, limit: int = 200, **kwargs: Any) -> None:
        checks = [*validators, at_most(limit), single_line, no_control_characters]
        super().__init__(label, checks, filters=[clean_text], **kwargs)


class LongTextField(TextAreaField):
    """Several lines of text, trimmed; at most ``limit`` characters."""

    def __init__(self, label: Any = None, validators: Iterable[Any] = (), *, limit: int = 4000, **kwargs: Any) -> None:
        super().__init__(label, [*validators, at_most(limit), no_control_characters], filters=[clean_text], **kwargs)


class LinesField(LongTextField):
    """A list of short texts, one a line; ``data`` is a list of strings."""

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else "\n".join(self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0] if valuelist else ""
        self.data = [line.strip() for line in text.splitlines() if line.strip()]

    def pre_validate(self, form: Any) -> None:
        for line in self.data or []:
            if len(line) > 300:
                raise StopValidation(_("每行最多 300 个字"))

    def __init__(self, label: Any = None, validators: Iterable[Any] = (), **kwargs: Any) -> None:
        super(LongTextField, self).__init__(label, [*validators, _lines_are_clean], **kwargs)


def _lines_are_clean(_form: Any, field: Field) -> None:
    for line in field.data or []:
        if any(c in _HARMFUL or unicodedata.category(c) == "Cc" for c in line):
            raise ValidationError(_("含有不可见的控制字符，请删除后重新输入"))


class _ParsedField(Field):
    """A one-line field whose text is parsed; an empty text is None, a bad one stays visible with its error."""

    widget = TextInput()

    def parse(self, text: str) -> Any:
        raise NotImplementedError

    def show(self, value: Any) -> str:
        return str(value)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None or self.data == "" else self.show(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        text = unicodedata.normalize("NFKC", valuelist[0]).strip() if valuelist else ""
        self.data = None
        if text:
            try:
                self.data = self.parse(text)
            except InvalidInput as problem:
                raise ValueError(problem.message) from problem


class WanField(_ParsedField):
    """Money typed in 万元; ``data`` is fen."""

    unit = _l("万元")

    def parse(self, text: str) -> int:
        return money.parse_wan(text)

    def show(self, value: int) -> str:
        return money.format_wan(value)


class YuanField(_ParsedField):
    """Money typed in 元; ``data`` is fen."""

    unit = _l("元")

    def parse(self, text: str) -> int:
        return money.parse_yuan(text)

    def show(self, value: int) -> str:
        return money.format_yuan(value)


class WholeNumberField(_ParsedField):
    """A whole number between ``smallest`` and ``largest``."""

    def __init__(
        self, label: Any = None, validators: Any = (), *, smallest: int = 0, largest: int = 1_000_000, **kwargs: Any
    ) -> None:
        super().__init__(label, validators, **kwargs)
        self.smallest, self.largest = smallest, largest

    def parse(self, text: str) -> int:
        if not text.isascii() or not text.isdigit():
            raise InvalidInput(_("请填写整数"))
        value = int(text[:12])
        if not self.smallest <= value <= self.largest or len(text) > 12:
            raise InvalidInput(_("请填写 %(low)d 到 %(high)d 之间的整数", low=self.smallest, high=self.largest))
        return value


class NumberField(_ParsedField):
    """A finite decimal number; ``data`` is a Decimal."""

    def parse(self, text: str) -> Decimal:
        try:
            value = Decimal(text)
        except InvalidOperation as problem:
            raise InvalidInput(_("请填写数字")) from problem
        # Written out, 1E-999999999 is a gigabyte of noughts.
        if not value.is_finite() or abs(value.adjusted()) > 12 or len(text) > 24:
            raise InvalidInput(_("请填写一个合理的数字"))
        return value

    def show(self, value: Any) -> str:
        return f"{Decimal(str(value)):f}"


class DayField(_ParsedField):
    """A date, ``YYYY-MM-DD``; also 2021/3/4 and 2021年3月4日 as people paste it."""

    widget = DateInput()

    def parse(self, text: str) -> date:
        parts = (
            text.replace("年", "-").replace("月", "-").replace("日", "").replace("/", "-").replace(".", "-").split("-")
        )
        try:
            year, month, day = (int(part) for part in parts)
            found = date(year, month, day)
        except ValueError as problem:
            raise InvalidInput(_("请填写日期，例如 2026-06-30")) from problem
        if not 1949 <= found.year <= 2100:
            raise InvalidInput(_("年份不合理，请检查"))
        return found

    def show(self, value: date) -> str:
        return value.isoformat()


class MomentField(_ParsedField):
    """A date and time in Asia/Shanghai; ``data`` is an aware moment."""

    widget = DateTimeLocalInput()

    def parse(self, text: str) -> datetime:
        try:
            found = datetime.fromisoformat(text.replace(" ", "T"))
        except ValueError as problem:
            raise InvalidInput(_("请填写日期和时间，例如 2026-06-30 17:00")) from problem
        if not 1949 <= found.year <= 2100:
            raise InvalidInput(_("年份不合理，请检查"))
        return found if found.tzinfo else found.replace(tzinfo=clock.SHANGHAI)

    def show(self, value: datetime) -> str:
        return clock.local(value).strftime("%Y-%m-%dT%H:%M")


class RowForm(Form):
    """One row of a repeated table (indicators, milestones, budget lines). A row left empty is dropped."""

    @property
    def is_empty(self) -> bool:
        return not any(f.raw_data and str(f.raw_data[0]).strip() for f in self if f.type != "SelectField")


class RowsField(FieldList):
    """A repeated table: ``data`` is the list of rows that hold anything. Rows are added and removed without script."""

    def __init__(self, row: type[RowForm], label: Any = None, *, least: int = 1, most: int = 50, **kwargs: Any) -> None:
        super().__init__(FormField(row), label, min_entries=least, max_entries=most, **kwargs)

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        # An empty row is one the person did not use; it must not be asked to be complete.
        self.entries = (
            [entry for entry in self.entries if not entry.form.is_empty] if self._was_posted else self.entries
        )
        return super().validate(form, extra_validators)

    @property
    def _was_posted(self) -> bool:
        return any(f.raw_data is not None for entry in self.entries for f in entry.form)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [entry.data for entry in self.entries if not entry.form.is_empty]


class BaseForm(FlaskForm):
    """A form with CSRF, rows that work without script, and a home for the errors of operations."""

    def rows_were_changed(self, posted: Any) -> bool:
        """Handle the ``add-<name>`` and ``remove-<name>-<i>`` buttons; True when the page is only shown again."""
        changed = False
        for field in self:
            if not isinstance(field, FieldList):
                continue
            if f"add-{field.name}" in posted and len(field.entries) < (field.max_entries or 50):
                field.append_entry()
                changed = True
            for index in range(len(field.entries) - 1, -1, -1):
                if f"remove-{field.name}-{index}" in posted:
                    del field.entries[index]
                    changed = True
        return changed

    def take_errors(self, problem: InvalidInput) -> None:
        """Put an operation's errors beside the fields they name; the rest at the head of the form."""
        for name, message in problem.errors.items():
            field = self._fields.get(name)
            if field is None:
                self.form_errors.append(message)
            else:
                field.errors = [*field.errors, message]


class ReasonForm(BaseForm):
    """What a dialog asks before an act that others must understand; how long is enough, the operation says."""

    reason = LongTextField(_l("理由"), [required()], limit=2000)


def attempt(form: BaseForm, work: Callable[[], Any]) -> Any:
    """Run ``work`` and return what it gives; on InvalidInput put the errors into the form and return None."""
    try:
        return work()
    except InvalidInput as problem:
        form.take_errors(problem)
        return None
