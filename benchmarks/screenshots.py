"""Twelve main pages at 1280 and 390 px into docs/screenshots: loads the demo into a folder of its own and serves it.

``--keep FOLDER`` uses an instance that already holds the demo.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "screenshots"
PASSWORD = "jiebang-demo-2026"
# (name, login or None, address)
PAGES: list[tuple[str, str | None, str]] = [
    ("front", None, "/"),
    ("challenges", None, "/challenges/"),
    ("challenge", None, "first:/challenges/"),
    ("search", None, "/search/?q=氮化硅"),
    ("notice", None, "first:/notices/"),
    ("statistics", None, "/statistics/?year=2021"),
    ("need-edit", "author", "/needs/"),
    ("candidates", "city", "candidates"),
    ("bid", "teamlead", "/bids/mine"),
    ("score", "expert1", "/reviews/mine"),
    ("payouts", "finance.checker", "/payouts/"),
    ("audit", "supervisor", "/audit/"),
]
WIDTHS = {1280: 900, 390: 844}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(instance: Path) -> tuple[subprocess.Popen[bytes], str]:
    port = free_port()
    env = {**os.environ, "JIEBANG_INSTANCE_PATH": str(instance), "PYTHONPATH": str(ROOT)}
    if not (instance / "jiebang.sqlite").exists():
        subprocess.run([sys.executable, "-m", "flask", "--app", "wsgi", "demo", "load"], cwd=ROOT, env=env, check=True)
    server = subprocess.Popen(
        [sys.executable, "-m", "waitress", "--listen", f"127.0.0.1:{port}", "wsgi:app"], cwd=ROOT, env=env
    )
    base = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            urlopen(f"{base}/healthz").close()
            return server, base
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the site did not start")


def visit(page, base: str, login: str | None, address: str) -> None:  # type: ignore[no-untyped-def]
    """Sign in when needed and go to the page; ``first:`` opens the first item of a list."""
    if login:
        page.goto(f"{base}/accounts/login")
        page.fill("input[name=email]", f"{login}@example.invalid")
        page.fill("input[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_load_state()
    if address == "candidates":
        page.goto(f"{base}/challenges/?q=氮化硅")
        code = page.locator("main a[href*='/challenges/ZBJB']").first.get_attribute("href")
        page.goto(f"{base}{code}/candidates")
    elif address.startswith("first:"):
        listing = address.removeprefix("first:")
        page.goto(base + listing)
        links = [link.get_attribute("href") for link in page.locator(f"main a[href^='{listing}']").all()]
        # A code or a number, not another page of the room.
        page.goto(base + next(link for link in links if link and any(c.isdigit() for c in link) and "?" not in link))
    else:
        page.goto(base + address)


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, default=None)
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server, base = serve(options.keep or Path(folder))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
                for name, login, address in PAGES:
                    if options.only and name not in options.only:
                        continue
                    for width, height in WIDTHS.items():
                        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
                        page = context.new_page()
                        visit(page, base, login, address)
                        page.screenshot(path=options.out / f"{name}-{width}.png", clip=None, full_page=False)
                        context.close()
                browser.close()
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
