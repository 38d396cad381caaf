"""What the browser gets: vendored files are what their manifest says, pages obey the strict CSP, macros escape and explain."""

import hashlib
import importlib
import json
import re
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, render_template_string
from flask_babel import Babel, get_locale
from flask_wtf import CSRFProtect
from wtforms import FieldList, Form, FormField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from market import clock, money
from market.web import reads_english

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
MANIFEST = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
# E-mail programs know no stylesheet: their templates alone may style inline.
PAGES = [path for path in TEMPLATES if "email" not in path.relative_to(ROOT / "templates").parts]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_vendored_files_match_their_manifest() -> None:
    listed = {}
    for package in MANIFEST["packages"]:
        assert package["folder"].endswith(f"@{package['version']}")
        assert package["licence"] and "LICENSE" in package["files"]
        listed |= {f"{package['folder']}/{name}": digest for name, digest in package["files"].items()}
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert found == listed


def test_every_static_file_a_template_names_exists() -> None:
    missing = [
        (name_of(path), file)
        for path in TEMPLATES
        for file in re.findall(r"url_for\('static', filename='([^']+)'\)", path.read_text(encoding="utf-8"))
        if not (ROOT / "static" / file).is_file()
    ]
    assert missing == []


def test_every_icon_a_template_names_is_in_the_sprite() -> None:
    sprite = (VENDOR / "tabler-icons@3.51.0" / "icons.svg").read_text(encoding="utf-8")
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    named = {
        (name_of(path), icon)
        for path in TEMPLATES
        for icon in re.findall(r"(?:\bicon|empty_state)\('([a-z0-9-]+)'", path.read_text(encoding="utf-8"))
    }
    assert {(path, icon) for path, icon in named if icon not in drawn} == set()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_page_has_nothing_the_content_security_policy_refuses(path: Path) -> None:
    text = re.sub(r"{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "inline script"
    assert not re.search(r"<style\b|\sstyle\s*=", text), "inline style"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "inline handler"
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//[^\"']+\.(?:js|css|svg|woff2?)\b", text), (
        "foreign asset"
    )


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_posting_form_carries_the_csrf_token(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for form in re.findall(r"<form\b[^>]*method=\"post\"[^>]*>.*?</form>", text, flags=re.DOTALL | re.IGNORECASE):
        assert "csrf_token" in form or "hidden_tag" in form, form[:120]


def test_own_stylesheet_asks_nothing_new_of_old_browsers() -> None:
    css = (ROOT / "static" / "css" / "jiebang.css").read_text(encoding="utf-8")
    rules = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    assert not re.search(r"oklch\(|color-mix\(|light-dark\(|@import|https?://", rules)


def moment_text(value: object, _seconds: bool = False) -> str:
    return str(value)


@pytest.fixture
def site() -> Flask:
    app = Flask("site", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(SECRET_KEY="only for this test", BABEL_DEFAULT_LOCALE="zh")
    Babel(app)
    CSRFProtect(app)
    app.jinja_env.filters.update(wan=money.format_wan, yuan=money.format_yuan, moment=moment_text)
    app.jinja_env.globals.update(
        now=clock.now, get_locale=get_locale, icon_sprite=lambda: "icons.svg", reads_english=reads_english
    )
    return app


def rendered(site: Flask, source: str, **values: object) -> str:
    with site.test_request_context("/"):
        return render_template_string(source, **values)


def test_state_has_one_colour_and_unknown_state_is_neutral(site: Flask) -> None:
    source = (
        "{% from 'components/status_tag.html' import STATE_TONES, status_tag %}"
        "{% for tone, values in STATE_TONES.items() %}{{ values|join(' ') }} {% endfor %}|{{ status_tag(state) }}"
    )
    values, tag = rendered(site, source, state=SimpleNamespace(value="never heard of", label="新状态")).split("|")
    assert len(values.split()) == len(set(values.split()))
    assert "jb-tag-neutral" in tag and "新状态" in tag


def states_of_all_machines() -> list[type[StrEnum]]:
    for path in (ROOT / "market").glob("*/models.py"):
        importlib.import_module(f"market.{path.parent.name}.models")
    return [
        kind
        for kind in StrEnum.__subclasses__()
        if kind.__name__.endswith("State") and kind.__module__.startswith("market.")
    ]


def test_every_state_of_every_machine_has_a_colour(site: Flask) -> None:
    source = "{% from 'components/status_tag.html' import STATE_TONES %}{% for values in STATE_TONES.values() %}{{ values|join(' ') }} {% endfor %}"
    coloured = set(rendered(site, source).split())
    machines = states_of_all_machines()
    assert machines
    assert {
        f"{kind.__name__}.{state.value}" for kind in machines for state in kind if state.value not in coloured
    } == set()


def test_money_shows_every_fen(site: Flask) -> None:
    source = "{% from 'components/money.html' import money %}{{ money(fen) }}"
    assert "1.2345" in rendered(site, source, fen=1_234_500)
    assert "—" in rendered(site, source, fen=None)


def test_table_escapes_what_people_typed(site: Flask) -> None:
    source = "{% from 'components/table.html' import data_table %}{{ data_table(['名称'], [[cell]]) }}"
    assert "<script>" not in rendered(site, source, cell="<script>alert(1)</script>")


class Row(Form):
    name = StringField("指标", [InputRequired("请填写指标")])


class Sheet(Form):
    title = StringField("名称", [InputRequired("请填写名称")])
    text = TextAreaField("背景", [Length(max=10, message="最多 10 字")])
    indicators = FieldList(FormField(Row), "考核指标", min_entries=2)


def test_error_stands_beside_its_field_and_is_linked_from_the_summary(site: Flask) -> None:
    form = Sheet(data={"text": "一二三四五六七八九十十一"})
    form.validate()
    page = rendered(
        site,
        "{% from 'components/field.html' import render_field, render_form_errors %}"
        "{{ render_form_errors(form) }}{{ render_field(form.title) }}{{ render_field(form.text) }}",
        form=form,
    )
    assert 'href="#title"' in page and 'href="#indicators-1-name"' in page
    assert re.search(r'<input[^>]*aria-describedby="title-error"[^>]*aria-invalid="true"', page)
    assert 'id="title-error"' in page and page.count("请填写名称") == 2
    # A maxlength attribute would silently cut what is pasted.
    assert "maxlength" not in page and "一二三四五六七八九十十一" in page


def test_rows_come_and_go_without_script(site: Flask) -> None:
    source = "{% from 'components/rows_editor.html' import rows_editor %}{{ rows_editor(form.indicators, [('name', '指标')]) }}"
    page = rendered(site, source, form=Sheet())
    assert re.search(r'<button[^>]*type="submit"[^>]*name="add-indicators"', page)
    assert re.search(r'<button[^>]*type="submit"[^>]*name="remove-indicators-1"', page)
    template = page[page.index("<template") : page.index("</template>")]
    assert 'name="indicators-__index__-name"' in template


def test_second_look_posts_only_from_inside_the_question(site: Flask) -> None:
    source = "{% from 'components/confirm.html' import confirm_button %}{{ confirm_button('/x', '撤回', '不可恢复') }}"
    page = rendered(site, source)
    summary = page[page.index("<summary") : page.index("</summary>")]
    assert "submit" not in summary
    assert page.index("不可恢复") < page.index('type="submit"') and 'name="csrf_token"' in page
