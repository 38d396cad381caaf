"""Every template compiles, carries nothing a strict CSP would refuse, and posts with a CSRF token."""

import re
from pathlib import Path

import pytest
from flask import Flask

TEMPLATES = Path(__file__).parents[2] / "templates"
PAGES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
FORBIDDEN = re.compile(r"\sstyle=|\son[a-z]+=\"|<style|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)
POST_FORM = re.compile(r"<form[^>]*method=\"post\"[^>]*>(.*?)</form>", re.IGNORECASE | re.DOTALL)


@pytest.mark.parametrize("name", PAGES)
def test_compiles(app: Flask, name: str) -> None:
    app.jinja_env.get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_inline(name: str) -> None:
    found = FORBIDDEN.search((TEMPLATES / name).read_text(encoding="utf-8"))
    assert found is None, f"{name}: {found.group(0) if found else ''}"


@pytest.mark.parametrize("name", PAGES)
def test_post_forms_carry_a_token(name: str) -> None:
    for body in POST_FORM.findall((TEMPLATES / name).read_text(encoding="utf-8")):
        assert "csrf_token" in body, f"{name}: a POST form without its CSRF token"
