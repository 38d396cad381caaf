"""Found is what anybody may see now; the index is a cache that can be lost."""

import random
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from market.challenges.models import Challenge, ChallengeState
from market.database import db, transaction
from market.jobs import enqueue
from market.jobs.outbox import deliver_due, run_scheduled
from market.needs.models import NeedState
from market.search import index
from market.search.queries import QUERY_MOST, marked, snippet
from market.solvers import operations
from market.solvers.models import Solver, SolverState
from tests.builders.chain import make_challenge, make_need, make_solver
from tests.builders.counting import statements
from tests.builders.people import acting


def indexed(*rows: Challenge | Solver) -> None:
    with transaction():
        for row in rows:
            enqueue("search.update", {"kind": "challenge" if isinstance(row, Challenge) else "solver", "id": row.id})
    deliver_due()


def found(client: FlaskClient, q: str, kind: str = "challenge", **others: str) -> str:
    answer = client.get("/search/", query_string={"q": q, "kind": kind, **others})
    assert answer.status_code == 200
    return answer.text


def test_posted_challenge_is_found_by_word_code_standard_and_part_of_a_word(app: Flask, client: FlaskClient) -> None:
    challenge = make_challenge(code="ZBJB-2026-901")
    indexed(challenge)
    for q in ("氮化硅", "陶瓷球", "瓷球批次", "ZBJB-2026-901", "GB/T 16534", "ｇｂ/ｔ", "斑点 硬度"):
        assert "ZBJB-2026-901" in found(client, q), q
    assert "ZBJB-2026-901" not in found(client, "小麦育种")


def test_solver_is_found_in_english_by_stem(app: Flask, client: FlaskClient) -> None:
    indexed(make_solver(name="Nordic Lab", profile_en="Sintering of ceramic balls", country="SE"))
    assert "Nordic Lab" in found(client, "sintered ceramics", "solver")


@pytest.mark.parametrize("state", [ChallengeState.DRAFT, ChallengeState.APPROVAL])
def test_unposted_challenge_is_never_found(app: Flask, client: FlaskClient, state: ChallengeState) -> None:
    challenge = make_challenge(make_need(state=NeedState.ACCEPTED, title="未发榜的流延机改造题目"), state=state)
    indexed(challenge)
    index.rebuild()
    page = found(client, "流延机")
    assert "改造题目" not in page and "jb-listing-item" not in page
    assert index.contents() == {}


def test_hidden_solver_is_gone_before_the_index_knows(app: Flask, client: FlaskClient) -> None:
    solver = make_solver(name="将隐藏的团队")
    indexed(solver)
    assert "将隐藏的团队" in found(client, "氮化硅", "solver")
    with transaction():
        operations.hide_solver(acting(solver.lead), solver)
    assert index.contents().keys() == {f"solver:{solver.id}"}
    assert "将隐藏的团队" not in found(client, "氮化硅", "solver")
    deliver_due()
    assert index.contents() == {}


def test_drafts_and_hidden_profiles_never_enter_the_index(app: Flask) -> None:
    indexed(make_solver(state=SolverState.DRAFT), make_solver(state=SolverState.HIDDEN))
    index.rebuild()
    assert index.contents() == {}


def test_confidential_text_and_phone_are_in_no_index_file(app: Flask, client: FlaskClient) -> None:
    need = make_need(state=NeedState.POSTED, confidential_text="秘方甲乙丙丁标记", contact_phone="0533-7654321")
    indexed(make_challenge(need))
    for path in (Path(app.instance_path) / "index").rglob("*"):
        content = path.read_bytes()
        for secret in ("秘方", "丙丁", "7654321"):
            assert secret.encode() not in content
    assert "jb-listing-item" not in found(client, "甲乙丙丁")


def test_index_follows_every_change_without_restart(app: Flask, client: FlaskClient) -> None:
    solver = make_solver(name="改前团队")
    indexed(solver)
    with transaction():
        operations.edit_solver(acting(solver.lead), solver, {"profile_zh": "现在研究超疏水涂层。"})
    deliver_due()
    assert "改前团队" in found(client, "超疏水", "solver")
    assert index.differences() == []


@pytest.mark.parametrize("harm", ["deleted", "emptied", "truncated", "garbled", "toc lost"])
def test_lost_or_damaged_index_says_so_and_is_rebuilt_equal_to_the_database(
    app: Flask, client: FlaskClient, harm: str
) -> None:
    rows = [make_challenge(), make_solver(), make_solver(state=SolverState.HIDDEN), make_solver()]
    indexed(*rows)
    before = index.contents()
    folder = Path(app.instance_path) / "index"
    chance = random.Random(7)
    for path in sorted(folder.iterdir()):
        if harm in ("deleted",) or (harm == "toc lost" and path.suffix == ".toc"):
            path.unlink()
        elif harm == "emptied":
            path.write_bytes(b"")
        elif harm == "truncated":
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        elif harm == "garbled":
            path.write_bytes(chance.randbytes(path.stat().st_size))
    page = found(client, "氮化硅")
    assert "检索正在恢复" in page and "jb-listing-item" not in page
    result = app.test_cli_runner().invoke(args=["search", "verify"])
    assert result.exit_code != 0
    result = app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert result.exit_code == 0, result.output
    assert index.contents() == before and index.differences() == []
    assert "jb-listing-item" in found(client, "氮化硅")


def test_worker_heals_a_damaged_index_by_the_clock_and_on_the_next_change(app: Flask, client: FlaskClient) -> None:
    solver = make_solver()
    indexed(solver)
    for path in (Path(app.instance_path) / "index").iterdir():
        path.write_bytes(b"")
    run_scheduled()
    assert index.differences() == []
    for path in (Path(app.instance_path) / "index").iterdir():
        path.write_bytes(b"")
    indexed(solver)
    assert index.differences() == []


def test_verify_names_a_row_that_the_index_has_wrong(app: Flask) -> None:
    solver = make_solver()
    indexed(solver)
    with transaction():
        operations.edit_solver(acting(solver.lead), solver, {"profile_zh": "改过而未入索引"})
    assert index.differences() == [f"solver:{solver.id}"]


@pytest.mark.parametrize(
    "q",
    [
        "",
        " ",
        "*",
        "???",
        "%",
        "\0",
        "a" * 5000,
        "氮" * 3000,
        "AND OR NOT",
        "title:*",
        "[a TO z]",
        '"未闭合',
        "(((",
        "\ud7ff",
        "𠮷",
        "‮",
        "-" * 99,
    ],
)
def test_hostile_queries_get_a_page(app: Flask, client: FlaskClient, q: str) -> None:
    indexed(make_challenge())
    assert client.get("/search/", query_string={"q": q}).status_code == 200
    assert (
        client.get(
            "/search/", query_string={"q": q, "kind": q, "district": q, "order": q, "page": "99999999"}
        ).status_code
        == 200
    )


def test_wildcards_alone_are_refused_kindly_and_long_queries_cut_with_a_word(app: Flask, client: FlaskClient) -> None:
    indexed(make_challenge())
    assert "请写具体的词" in found(client, "***")
    assert "最多 100 个字" in found(client, "硅" * (QUERY_MOST + 1))
    assert "想找什么" in found(client, "")


def test_snippets_are_escaped_and_marked(app: Flask, client: FlaskClient) -> None:
    solver = make_solver(name="<b>粗</b>团队", profile_zh="<script>alert(1)</script>氮化硅烧结" + "文" * 500)
    indexed(solver)
    page = found(client, "氮化硅", "solver")
    assert "<script>alert" not in page and "<b>粗" not in page
    assert "<mark>氮化硅</mark>" in page
    assert marked("a<b & ab", {"ab"}) == "a&lt;b &amp; <mark>ab</mark>"
    assert len(snippet("文" * 5000 + "氮化硅", {"氮化硅"})) < 200


def test_filter_by_district_and_newest_first(app: Flask, client: FlaskClient) -> None:
    first = make_challenge(code="ZBJB-2026-902")
    second = make_challenge(code="ZBJB-2026-903")
    with transaction():
        second.district_code = None
        second.posted_at = first.posted_at.replace(year=2020)  # pyright: ignore
        from market.audit.journal import record
        from market.permissions import SYSTEM

        record(SYSTEM, "test:build", second)
    indexed(first, second)
    page = found(client, "氮化硅", district="370303")
    assert "ZBJB-2026-902" in page and "ZBJB-2026-903" not in page
    page = found(client, "氮化硅", order="newest")
    assert page.index("ZBJB-2026-902") < page.index("ZBJB-2026-903")


def test_statements_do_not_grow_with_hits(app: Flask, client: FlaskClient) -> None:
    indexed(make_solver(), make_challenge())
    for kind in ("solver", "challenge"):
        found(client, "氮化硅", kind)
        db.session.remove()
        with statements() as one:
            found(client, "氮化硅", kind)
        indexed(*(make_solver() if kind == "solver" else make_challenge() for _n in range(15)))
        db.session.remove()
        with statements() as many:
            found(client, "氮化硅", kind)
        assert len(one) == len(many)


def test_pages_of_hits_do_not_overlap(app: Flask, client: FlaskClient) -> None:
    solvers = [make_solver(name=f"第{number:02d}号团队") for number in range(25)]
    indexed(*solvers)
    pages = [found(client, "氮化硅", "solver", page=str(number)) for number in (1, 2)]
    shown = [{solver.name for solver in solvers if solver.name in page} for page in pages]
    assert len(shown[0]) == 20 and len(shown[1]) == 5 and not shown[0] & shown[1]
