from __future__ import annotations

import pytest

from matching import InvalidInput
from matching.text import LIMIT, keys, normalise, terms


def test_chinese_gives_characters_and_pairs_inside_a_run() -> None:
    assert keys("氮化硅") == ["氮", "氮化", "化", "化硅", "硅"]


def test_pair_does_not_cross_punctuation_or_a_stop_word() -> None:
    assert "瓷气" not in keys("陶瓷，气压")
    assert "瓷的" not in keys("陶瓷的气压")
    assert "瓷气" not in keys("陶瓷的气压")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Si₃N₄", "si3n4"),
        ("TS-1 分子筛", "ts1"),
        ("GB/T 16534-2009", "gb/t16534"),
        ("GB/T16534", "gb/t16534"),
        ("ＰＴＦＥ", "ptfe"),
        ("ISO 527", "iso527"),
    ],
)
def test_formula_standard_and_model_stay_whole(text: str, key: str) -> None:
    assert key in keys(text)


def test_english_is_stemmed_paired_and_freed_of_stop_words() -> None:
    assert keys("the sintering of ceramics") == ["sinter", "sinter ceram", "ceram"]


def test_bare_numbers_are_no_terms() -> None:
    assert keys("0.25 2000 30%") == []


def test_every_term_knows_its_place() -> None:
    text = normalise("高强 Si3N4 bearing balls，GB/T 16534")
    for term in terms(text):
        assert 0 <= term.start < term.end <= len(text)
    assert {text[t.start : t.end] for t in terms(text) if t.key in ("ball", "高强")} == {"balls", "高强"}


@pytest.mark.parametrize("text", ["\ud800", "\x00\x07", "😀😀", "\u200b\ufeff", "", "   ", "!!!"])
def test_unusable_characters_give_no_terms(text: str) -> None:
    assert keys(text) == []


def test_a_megabyte_is_read_up_to_the_limit() -> None:
    assert len(normalise("陶" * 1_000_000)) == LIMIT


def test_no_string_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must be a string"):
        normalise(None)  # type: ignore[arg-type]
