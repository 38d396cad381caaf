from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from matching.__main__ import main

DATA = Path(__file__).parent / "data"


def test_rank_and_evaluate_the_demonstration_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, index = tmp_path / "run.tsv", tmp_path / "index"
    common = ["--queries", str(DATA / "queries.jsonl"), "--limit", "40"]
    experts = ["--experts", str(DATA / "experts.jsonl")]
    assert main(["rank", *experts, *common, "--out", str(run), "--index", str(index)]) == 0
    assert main(["evaluate", "--data", str(DATA), "--run", str(run), "--boot", "20"]) == 0
    measures = dict(line.split()[:2] for line in capsys.readouterr().out.splitlines())
    assert float(measures["ndcg@10"]) >= 0.90
    again = tmp_path / "again.tsv"
    assert main(["rank", *common, "--out", str(again), "--index", str(index)]) == 0
    assert again.read_text() == run.read_text()


def test_pairs_scores_every_judged_pair(tmp_path: Path) -> None:
    run = tmp_path / "run.tsv"
    arguments = ["rank", "--experts", DATA / "experts.jsonl", "--queries", DATA / "queries.jsonl",
                 "--pairs", DATA / "qrels.tsv", "--out", run]  # fmt: skip
    assert main([str(a) for a in arguments]) == 0
    assert len(run.read_text().splitlines()) == len((DATA / "qrels.tsv").read_text().splitlines()) - 1


def test_explain_prints_terms_and_their_source(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["explain", "--experts", str(DATA / "experts.jsonl"), "--query-id", "C01", "--expert-id", "S01"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out.startswith("S01\tscore") and "bio" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["rank", "--queries", "q", "--out", "o"],
        ["rank", "--experts", "nothing.jsonl", "--queries", "q", "--out", "o"],
        ["evaluate", "--data", "nothing", "--run", "nothing.tsv"],
        ["explain", "--experts", str(DATA / "experts.jsonl"), "--query-id", "nothing", "--expert-id", "S01"],
    ],
)
def test_mistake_is_told_without_a_traceback(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("matching: ")


def test_pairs_of_an_unknown_query_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pairs.tsv").write_text("h\nnothing\tS01\t1\n")
    arguments = ["rank", "--experts", DATA / "experts.jsonl", "--queries", DATA / "queries.jsonl",
                 "--pairs", tmp_path / "pairs.tsv", "--out", tmp_path / "o"]  # fmt: skip
    assert main([str(a) for a in arguments]) == 2
    assert "nothing" in capsys.readouterr().err


def test_module_runs_from_outside(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["matching", "evaluate", "--data", "nothing", "--run", "nothing.tsv"])
    monkeypatch.delitem(sys.modules, "matching.__main__")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("matching", run_name="__main__")
    assert ended.value.code == 2 and "nothing.tsv" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["rank"], ["evaluate"], ["explain"]])
def test_help_names_the_files_and_shows_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert (
        "queries.jsonl" in out and "python -m matching rank --experts" in out and " % " not in out.replace("95 % ", "")
    )


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("experts.jsonl", '{"id": "a", "bio": 7}', "'a'"),
        ("experts.jsonl", "[]", "line 1"),
        ("experts.jsonl", '{"id": "a", "bio": "x"}\n{"id": "a", "bio": "y"}', "twice"),
        ("experts.jsonl", "", "no profile"),
        ("queries.jsonl", '{"title": "t"}', "line 1"),
    ],
)
def test_broken_file_is_named_with_its_line(
    name: str, line: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "experts.jsonl").write_text('{"id": "a", "bio": "陶瓷"}\n')
    (tmp_path / "queries.jsonl").write_text('{"id": "q", "title": "陶瓷", "text": ""}\n')
    (tmp_path / name).write_text(line)
    files = ["--experts", str(tmp_path / "experts.jsonl"), "--queries", str(tmp_path / "queries.jsonl")]
    assert main(["rank", *files, "--out", str(tmp_path / "run.tsv")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run.tsv").exists()
