"""Every form, filled wrongly: the message stands in Chinese beside the field, and what was typed is still there.

The forms are read from the pages themselves, as a browser would, so a new form is tried without being listed here.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from tests.site.test_bad_input import DOMAINS, Room

TOO_LONG = "太长的文字 too long " * 4000
CHINESE = re.compile(r"[\u4e00-\u9fff]")
TYPED = {"text", "textarea", "email", "tel", "url", "search", "number", "date", "datetime-local"}
# A pasted list of works is no field: it is read into rows, as long as it may be.
PASTED = ("text", "textarea")
# Each is wrong for its kind of control; full-width digits are read as digits, so they come with a letter.
WRONG_NUMBERS = ("abc", "-1", "１２x", "9" * 40, "NaN")
WRONG_DAYS = ("2021-02-30", "明天", "0000-00-00", "１２x")


@dataclass
class Control:
    name: str
    kind: str
    id: str
    value: str
    is_flagged: bool
    is_numeric: bool

    @property
    def is_day(self) -> bool:
        return self.kind in ("date", "datetime-local")


@dataclass
class PostForm:
    action: str
    controls: list[Control] = field(default_factory=list)

    @property
    def typed(self) -> list[Control]:
        return [control for control in self.controls if control.kind in TYPED]

    def filled(self, **changes: str) -> MultiDict[str, Any]:
        return MultiDict((control.name, changes.get(control.name, control.value)) for control in self.controls)


class Page(HTMLParser):
    """The POST forms of a page and the texts of its elements whose id ends in ``-error``."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[PostForm] = []
        self.errors: dict[str, str] = {}
        self._form: PostForm | None = None
        self._area: Control | None = None
        self._error, self._depth = "", 0
        self._in_template = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "template":
            self._in_template = True
        if self._in_template or "readonly" in given or (given.get("name"), tag) == PASTED:
            return
        if self._error and tag == "div":
            self._depth += 1
        if tag == "div" and given.get("id", "").endswith("-error"):
            self._error, self._depth = given["id"], 1
        if tag == "form":
            self._form = PostForm(given.get("action", "")) if given.get("method", "").lower() == "post" else None
            if self._form:
                self.forms.append(self._form)
        elif self._form and given.get("name") and tag in ("input", "textarea"):
            kind = given.get("type", "text") if tag == "input" else "textarea"
            if kind in ("radio", "checkbox") and "checked" not in given:
                return
            control = Control(
                given["name"], kind, given.get("id", ""), given.get("value", ""),
                given.get("aria-invalid") == "true", given.get("inputmode") in ("numeric", "decimal"),
            )  # fmt: skip
            self._form.controls.append(control)
            self._area = control if tag == "textarea" else None
        elif self._form and tag == "select" and given.get("name"):
            self._select = given["name"]
        elif self._form and tag == "option" and "selected" in given:
            self._form.controls.append(Control(self._select, "select", "", given.get("value", ""), False, False))

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._in_template = False
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._area = None
        elif tag == "div" and self._error:
            self._depth -= 1
            if not self._depth:
                self._error = ""

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.value += data
        if self._error:
            self.errors[self._error] = self.errors.get(self._error, "") + data.strip()


def complaints(client: FlaskClient, action: str, form: PostForm, wrong: dict[str, str]) -> list[str]:
    """What is amiss in the answer to ``form`` with the ``wrong`` values: nothing, when each is shown with its message."""
    answer = client.post(action, data=form.filled(**wrong))
    told = [f"{action} {name}={value[:12]!r}" for name, value in wrong.items()]
    if answer.status_code not in (200, 400, 422):
        return [f"{line}: {answer.status_code}" for line in told]
    page = Page(answer.get_data(as_text=True))
    found = {control.name: control for shown in page.forms for control in shown.typed}
    problems = []
    for line, (name, value) in zip(told, wrong.items(), strict=True):
        control = found.get(name)
        if control is None:
            problems.append(f"{line}: the field is gone")
        elif " ".join(control.value.split()) != " ".join(value.split()):
            problems.append(f"{line}: what was typed is lost")
        elif not control.is_flagged or not CHINESE.search(page.errors.get(f"{control.id}-error", "")):
            problems.append(f"{line}: no message beside the field")
    return problems


def forms_of(room: Room) -> list[tuple[FlaskClient, str, PostForm]]:
    found, seen = [], set()
    for _endpoint, principal, address in room.doors("GET"):
        client = room.client(principal)
        answer = client.get(address)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        for form in Page(answer.get_data(as_text=True)).forms:
            action = form.action or address
            key = (action, tuple(control.name for control in form.controls))
            if form.typed and key not in seen:
                seen.add(key)
                found.append((client, action, form))
    return found


@pytest.mark.parametrize("domain", DOMAINS)
def test_overlong_text_is_refused_beside_its_field_and_kept(app: Flask, domain: str) -> None:
    problems = []
    for client, action, form in forms_of(Room(app, domain)):
        problems += complaints(
            client, action, form, {control.name: TOO_LONG for control in form.typed if not control.is_day}
        )
    assert problems == [], "\n" + "\n".join(problems)


@pytest.mark.parametrize("domain", DOMAINS)
def test_wrong_numbers_and_days_are_refused_beside_their_fields_and_kept(app: Flask, domain: str) -> None:
    problems = []
    for client, action, form in forms_of(Room(app, domain)):
        for control in form.typed:
            for value in WRONG_DAYS if control.is_day else WRONG_NUMBERS if control.is_numeric else ():
                problems += complaints(client, action, form, {control.name: value})
    assert problems == [], "\n" + "\n".join(problems)
