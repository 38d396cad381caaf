from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from matching import InvalidInput
from matching.evaluation import (
    Scores,
    compare,
    evaluate,
    judged_measures,
    judged_units,
    ndcg,
    read_experts,
    read_queries,
    read_scores,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "meta.json").write_text(json.dumps({"mode": "full"}))
    (tmp_path / "qrels.tsv").write_text("query_id\texpert_id\tgrade\nq\ta\t3\nq\tb\t1\nr\tc\t2\n")
    return tmp_path


def test_perfect_run_scores_one(folder: Path) -> None:
    result = evaluate(folder, {"q": {"a": 0.9, "b": 0.5}, "r": {"c": 0.3}}, boot=10)
    assert result["mrr"] == (1, 1, 1) and result["ndcg@10"][0] == 1 and result["r@1"][0] == 1


def test_missing_query_scores_zero(folder: Path) -> None:
    assert evaluate(folder, {"q": {"b": 0.5, "a": 0.1}}, boot=0)["mrr"][0] == pytest.approx(0.25)


def test_constant_run_earns_nothing_from_file_order(folder: Path) -> None:
    one = evaluate(folder, {"q": {"a": 1, "b": 1}, "r": {"c": 1}}, boot=0)
    other = evaluate(folder, {"q": {"b": 1, "a": 1}, "r": {"c": 1}}, boot=0)
    assert one == other


def test_difference_of_two_runs_is_measured_on_the_same_samples(folder: Path) -> None:
    right = {"q": {"a": 0.9, "b": 0.5}, "r": {"c": 0.3}}
    turned = {"q": {"a": 0.1, "b": 0.5}, "r": {"c": 0.3}}
    assert compare(folder, right, right, boot=50)["mrr"] == (0, 0, 0)
    value, low, high = compare(folder, right, turned, boot=50)["mrr"]
    assert value == pytest.approx(0.25) and low >= 0 and high <= 0.5
    assert compare(folder, turned, right, boot=50)["mrr"] == pytest.approx((-value, -high, -low))


def test_ndcg_of_a_worked_example() -> None:
    worse, best = 3 / math.log2(3), 3.0
    assert ndcg([0, 2], [2]) == pytest.approx(worse / best)
    assert ndcg([0], [0]) == 0


def test_kendall_loss_weighs_pairs_by_grade_difference() -> None:
    qrels: Scores = {"q": {"a": 5, "b": 1, "c": 4}, "equal": {"a": 2, "b": 2}}
    right = judged_measures(judged_units(qrels, {"q": {"a": 3, "c": 2, "b": 1}}, by_expert=False))
    assert right["loss"] == 0 and right["acc"] == 1 and right["easy"] == 1 and right["hard"] == 1
    tied = judged_measures(judged_units(qrels, {"q": {"a": 1, "c": 1, "b": 1}}, by_expert=False))
    assert tied["loss"] == 0.5 and tied["acc"] == 0
    swapped = judged_measures(judged_units(qrels, {"q": {"a": 2, "c": 3, "b": 1}}, by_expert=False))
    assert swapped["loss"] == pytest.approx(1 / 8)


def test_judged_folder_compares_pairs_of_one_expert(folder: Path) -> None:
    (folder / "meta.json").write_text(json.dumps({"mode": "judged", "centric": "expert"}))
    (folder / "qrels.tsv").write_text("query_id\texpert_id\tgrade\nq\ta\t5\nr\ta\t1\nr\tb\t1\n")
    result = evaluate(folder, {"q": {"a": 0.9}, "r": {"a": 0.1, "b": 0.2}}, boot=20)
    assert result["loss"][0] == 0
    assert math.isnan(result["hard"][0])


@pytest.mark.parametrize("line", ["q\ta", "q\ta\tx", "q\ta\tnan", "q\ta\t1\nq\ta\t2"])
def test_malformed_run_is_refused_with_file_and_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "run.tsv"
    path.write_text(line + "\n")
    with pytest.raises(InvalidInput, match="line"):
        read_scores(path, header=False)


def test_header_of_a_run_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "run.tsv"
    path.write_text("query_id\texpert_id\tscore\nq\ta\t1\n")
    assert read_scores(path, header=False) == {"q": {"a": 1.0}}


@pytest.mark.parametrize("line", ["{", "[]", '{"keywords": []}', '{"id": "a", "docs": [3]}', '{"id": "a", "docs": 3}'])
def test_malformed_expert_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "experts.jsonl"
    path.write_text(line)
    with pytest.raises(InvalidInput, match="line 1"):
        list(read_experts(path))


def test_expert_and_query_are_read_with_gaps(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('\n{"id": 7, "docs": [{"title": "t", "year": "2020-05"}, {"title": "u", "year": "?"}]}\n')
    (profile,) = read_experts(path)
    assert profile.id == "7" and [d.year for d in profile.documents] == [2020, None]
    path.write_text('{"id": "q", "title": null}')
    assert next(read_queries(path)).title == ""
    path.write_text('{"title": "q"}')
    with pytest.raises(InvalidInput, match="id"):
        list(read_queries(path))


def test_unreadable_folder_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InvalidInput):
        evaluate(tmp_path / "nothing", {})
    (folder / "meta.json").write_text("{")
    with pytest.raises(InvalidInput, match="meta"):
        evaluate(folder, {})
    (folder / "meta.json").write_text("{}")
    (folder / "qrels.tsv").write_text("header\n")
    with pytest.raises(InvalidInput, match="no judgement"):
        evaluate(folder, {})
