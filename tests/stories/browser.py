"""A person at a browser without script: opens a page, fills the form that is on it, presses one of its buttons.

What a page does not offer cannot be typed: a missing form, field, option or button fails the story.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from market.accounts.models import User
from market.database import db
from tests.builders.people import client_of

Attributes = Mapping[str, str | None]


@dataclass
class PageForm:
    """A form as the page offers it: what would be sent untouched, and what may be chosen or pressed."""

    action: str
    values: dict[str, Any] = field(default_factory=dict)
    options: dict[str, set[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    buttons: set[tuple[str, str]] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)

    def takes(self, typed: Mapping[str, Any]) -> bool:
        """Whether every name can be typed: it is on the page, or in a row that the page's button adds."""
        return all(name in self.names or self._may_add(name) for name in typed)

    def _may_add(self, name: str) -> bool:
        rows, _number, column = name.split("-") if name.count("-") == 2 else ("", "", "")
        return (f"add-{rows}", "1") in self.buttons and f"{rows}-0-{column}" in self.names


class _Reader(HTMLParser):
    """Collects the forms of a page; controls outside a form belong to the one their ``form`` attribute names."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.forms, self.by_id = path, [], {}
        self.current: PageForm | None = None
        self.typing: tuple[PageForm, str] | None = None
        self.choosing: tuple[PageForm, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self._begin(found)
            return
        name, owner = found.get("name") or "", self._owner(found)
        if owner is None:
            return
        if tag == "button":
            owner.buttons.add((name, found.get("value") or ""))
            owner.targets.add(found.get("formaction") or owner.action)
        elif tag == "option" and self.choosing:
            self._option(*self.choosing, found)
        elif name and tag in ("input", "select", "textarea"):
            owner.names.add(name)
            self._control(owner, tag, name, found)

    def _begin(self, found: Attributes) -> None:
        self.current = PageForm(found.get("action") or self.path)
        if (found.get("method") or "get").lower() == "post":
            self.forms.append(self.current)
        if found.get("id"):
            self.by_id[found["id"]] = self.current

    def _owner(self, found: Attributes) -> PageForm | None:
        return self.by_id.get(found["form"]) if found.get("form") else self.current

    def _control(self, owner: PageForm, tag: str, name: str, found: Attributes) -> None:
        kind, value = found.get("type", "text"), found.get("value") or ""
        if tag == "textarea":
            self.typing = (owner, name)
            owner.values[name] = ""
        elif tag == "select":
            self.choosing = (owner, name)
        elif kind in ("radio", "checkbox"):
            owner.options.setdefault(name, set()).add(value)
            if "checked" in found:
                owner.values[name] = value
        elif kind != "file":
            owner.values[name] = value

    def _option(self, owner: PageForm, name: str, found: Attributes) -> None:
        value = found.get("value") or ""
        owner.options.setdefault(name, set()).add(value)
        if "selected" in found or name not in owner.values:
            owner.values[name] = value

    def handle_data(self, data: str) -> None:
        if self.typing:
            owner, name = self.typing
            owner.values[name] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.typing:
            owner, name = self.typing
            # A browser drops the line break that templates write after the opening tag.
            owner.values[name] = owner.values[name].removeprefix("\r").removeprefix("\n")
            self.typing = None
        elif tag == "select":
            self.choosing = None
        elif tag == "form":
            self.current = None


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data.strip())


def _complaint(page: str) -> str:
    """What a page that came back says is wrong."""
    reader = _Text()
    start = max(page.find("jb-errors"), 0)
    reader.feed(page[start : start + 4000] if start else page[:6000])
    return " ".join(part for part in reader.parts if part)


class Browser:
    """One signed-in person, or a visitor."""

    def __init__(self, app: Flask, user: User | None = None) -> None:
        self.client: FlaskClient = client_of(app, user) if user else app.test_client()

    def read(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        db.session.rollback()
        page = answer.get_data(as_text=True)
        assert answer.status_code == status, (path, answer.status_code, _complaint(page))
        return page

    def fill(self, path: str, typed: Mapping[str, Any] | None = None, *, press: str = "", to: str = "") -> str:
        """Fill the form of ``path`` that goes ``to`` an address and press a ``name=value`` button; where it led."""
        answer = self._send(path, typed or {}, press, to)
        assert answer.status_code == 303, (path, answer.status_code, _complaint(answer.get_data(as_text=True)))
        return str(answer.headers["Location"])

    def fill_in_vain(self, path: str, typed: Mapping[str, Any] | None = None, *, press: str = "", to: str = "") -> str:
        """The same when the form must come back: its page."""
        answer = self._send(path, typed or {}, press, to)
        assert answer.status_code in (200, 409, 422), (path, answer.status_code)
        return answer.get_data(as_text=True)

    def refused(self, path: str, status: int = 403, /, **data: str) -> None:
        """What this person's pages do not offer, posted all the same."""
        answer = self.client.post(path, data=data)
        db.session.rollback()
        assert answer.status_code == status, (path, answer.status_code)

    def _send(self, path: str, typed: Mapping[str, Any], press: str, to: str) -> Any:
        target = to or path
        reader = _Reader(path)
        reader.feed(self.read(path))
        fitting = [form for form in reader.forms if target in form.targets | {form.action}]
        name, _, value = press.partition("=")
        chosen = [form for form in fitting if (not press or (name, value) in form.buttons) and form.takes(typed)]
        offered = [(form.action, sorted(form.names), form.buttons) for form in reader.forms]
        assert chosen, f"{path} offers no such form to {target}: {offered}"
        form = chosen[0]
        for key, wanted in typed.items():
            for one in wanted if isinstance(wanted, list) else [wanted]:
                assert key not in form.options or one in form.options[key], (path, key, one, form.options[key])
        answer = self.client.post(target, data=form.values | dict(typed) | ({name: value} if press else {}))
        db.session.rollback()
        return answer
