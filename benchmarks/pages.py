"""Public list and detail at 100, 10,000 and 100,000 challenges: statements and time a request, against a bare page.

The peer is a Flask + SQLAlchemy + Jinja page with one indexed query over the same file, measured in the same run and in
turn, so that a noisy machine disturbs both. Also start-up time and memory of one process. Prints one table; exits
with 1 when a promise does not hold: statements constant, time ≤ 4 × the peer, start-up ≤ 1.5 s, memory ≤ 200 MB.
"""

import argparse
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask, render_template_string
from sqlalchemy import insert, select

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from market.accounts.models import Organisation
from market.app import create_app
from market.challenges.models import Challenge, ChallengeState, ChallengeVersion
from market.database import db
from market.needs.models import Need
from market.settings import Settings
from tests.builders.chain import content, make_challenge
from tests.builders.counting import statements

SIZES = (100, 10_000, 100_000)
ROUNDS = 60
PEER_PAGE = """<!doctype html><html lang="zh"><head><title>榜单</title></head><body><h1>榜单</h1><ul>
{% for row in rows %}
<li><a href="/c/{{ row.code }}">{{ row.code }} {{ row.title }}</a> {{ row.bid_deadline }}</li>{% endfor %}
</ul></body></html>"""


def fill(size: int) -> str:
    """``size`` posted challenges, written in bulk; returns the code of one in the middle."""
    first = make_challenge(code="ZBJB-2000-000")
    now = datetime.now(UTC)
    first_id, need_id = first.id, first.need_id
    shared = {
        c: getattr(first, c)
        for c in (
            "cycle_id",
            "rules_id",
            "organisation_id",
            "district_code",
            "prepared_by_id",
            "industry",
            "tech_field",
        )
    }
    db.session.rollback()
    text = content()
    with db.engine.begin() as connection:
        for start in range(1, size, 5_000):
            numbers = range(start, min(size, start + 5_000))
            connection.execute(
                insert(Challenge.__table__),  # pyright: ignore[reportArgumentType]
                [
                    {
                        **shared,
                        "id": first_id + n,
                        "need_id": need_id,
                        "code": f"ZBJB-2026-{n:06d}",
                        "title": f"高速主轴用氮化硅陶瓷球批次一致性控制 {n}",
                        "state": ChallengeState.POSTED,
                        "posted_at": now - timedelta(minutes=n),
                        "bid_deadline": now + timedelta(days=20),
                    }
                    for n in numbers
                ],
            )
            connection.execute(
                insert(ChallengeVersion.__table__),  # pyright: ignore[reportArgumentType]
                [{**text, "challenge_id": first_id + n, "number": 1, "locked_at": now} for n in numbers],
            )
    with db.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
    assert db.session.scalar(select(Need.id).limit(1)) and db.session.scalar(select(Organisation.id).limit(1))
    db.session.rollback()
    return f"ZBJB-2026-{size // 2:06d}"


def peer_of(app: Flask) -> Flask:
    """A bare page over the same database: one indexed query, one small template."""
    peer = Flask("peer")

    @peer.get("/")
    def page() -> str:
        with app.app_context():
            query = (
                select(Challenge.code, Challenge.title, Challenge.bid_deadline)
                .where(Challenge.state == ChallengeState.POSTED)
                .order_by(Challenge.posted_at.desc())
                .limit(20)
            )
            return render_template_string(PEER_PAGE, rows=db.session.execute(query).all())

    return peer


def compare(ours: Callable[[], None], theirs: Callable[[], None]) -> tuple[float, float]:
    """Median milliseconds of each, taken in turn."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for work, kept in zip((ours, theirs), spent, strict=True):
            began = time.perf_counter()
            work()
            kept.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent[0]), statistics.median(spent[1])


def measure(size: int, instance: Path) -> list[tuple[str, int, int, float, float]]:
    app = create_app(Settings(environment="test", instance_path=instance))  # pyright: ignore[reportCallIssue]
    app.config["TESTING"] = True
    with app.app_context():
        db.create_all()
        code = fill(size)
        db.session.remove()
    client, peer = app.test_client(), peer_of(app).test_client()
    gc.freeze()  # As wsgi.py does: what was made while starting is no garbage. It helps the peer as much.
    rows = []
    for name, address in (("list", "/challenges/"), ("detail", f"/challenges/{code}")):

        def ours(address: str = address) -> None:
            assert client.get(address).status_code == 200

        def theirs() -> None:
            assert peer.get("/").status_code == 200

        ours()
        theirs()
        with app.app_context(), statements() as seen:
            ours()
        rows.append((name, size, len(seen), *compare(ours, theirs)))
    return rows


def start_up() -> tuple[float, float]:
    """(median seconds to a ready application, resident MB of the process) over five fresh processes."""
    code = (
        "import time,resource;b=time.perf_counter();import wsgi;"
        "s=time.perf_counter()-b;wsgi.app.test_client().get('/healthz');"
        "print(s,resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024)"
    )
    found = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as folder:
            out = subprocess.run(
                [sys.executable, "-c", code],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, "JIEBANG_INSTANCE_PATH": folder, "PYTHONPATH": str(ROOT)},
            )
        found.append(tuple(float(x) for x in out.stdout.split()[-2:]))
    return statistics.median(f[0] for f in found), max(f[1] for f in found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    sizes = parser.parse_args().sizes
    print("| page | challenges | statements | ms | bare page ms | ratio |\n|---|---|---|---|---|---|")
    results = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            for row in measure(size, Path(folder)):
                results.append(row)
                name, n, sent, ours, theirs = row
                print(f"| {name} | {n:,} | {sent} | {ours:.1f} | {theirs:.1f} | {ours / theirs:.1f} |", flush=True)
    seconds, megabytes = start_up()
    print(f"\nstart-up {seconds:.2f} s, memory {megabytes:.0f} MB")
    broken = [f"{r[0]} at {r[1]}: {r[3] / r[4]:.1f} × the bare page" for r in results if r[3] > 4 * r[4]]
    broken += [
        f"{name}: statements vary" for name in ("list", "detail") if len({r[2] for r in results if r[0] == name}) > 1
    ]
    broken += [f"start-up {seconds:.2f} s"] if seconds > 1.5 else []
    broken += [f"memory {megabytes:.0f} MB"] if megabytes > 200 else []
    print("\n".join(["promises broken:", *broken]) if broken else "all promises hold")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
