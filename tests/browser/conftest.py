"""A real browser against the running site; skipped with its reason where Chromium is not installed."""

import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The address of the application, served from a thread."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium fonts-noto-cjk")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Visitor:
    """One person's browser: remembers what the console complained about."""

    def __init__(self, browser: Any, site: str, width: int = 1280, script: bool = True) -> None:
        self.site = site
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=script, locale="zh-CN"
        )
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))

    def go(self, path: str) -> Any:
        self.page.goto(self.site + path)
        return self.page

    def become(self, client: FlaskClient) -> None:
        """Carry over the session of a test client."""
        cookie = client.get_cookie("jiebang")
        assert cookie is not None
        self.context.add_cookies([{"name": "jiebang", "value": cookie.value, "url": self.site}])

    def overflows(self) -> bool:
        """Whether the page is wider than the screen."""
        return self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")


@pytest.fixture
def visit(chromium: Any, site: str) -> Iterator[Any]:
    """``visit(width=390, script=False)`` gives a fresh Visitor."""
    opened: list[Visitor] = []

    def begin(**options: Any) -> Visitor:
        opened.append(Visitor(chromium, site, **options))
        return opened[-1]

    yield begin
    for visitor in opened:
        visitor.context.close()
