from __future__ import annotations

from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import InvalidInput
from matching.text import LIMIT, blanked, keys, normalise, terms


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


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("氮化矽陶瓷軸承製造", "氮化硅陶瓷轴承制造"),
        ("發動機後處理與乾燥特徵", "发动机后处理与干燥特征"),
        ("臺灣的颱風預報", "台湾的台风预报"),
        ("薄膜製備，用於鋰離子電池隔膜", "薄膜制备，用于锂离子电池隔膜"),
    ],
)
def test_traditional_characters_are_read_as_simplified_ones(traditional: str, simplified: str) -> None:
    assert keys(traditional) == keys(simplified)


def test_mixed_writing_is_read_alike_and_places_stay() -> None:
    mixed = normalise("氮化硅陶瓷與軸承轴承")
    assert mixed == "氮化硅陶瓷与轴承轴承"
    assert [mixed[t.start : t.end] == t.key for t in terms(mixed)].count(False) == 0


@pytest.mark.parametrize("text", ["著作显著", "瞭望塔", "覆盖", "系统关系", "台阶与发展", "面条", "干扰"])
def test_simplified_writing_is_left_alone(text: str) -> None:
    assert normalise(text) == text


def test_every_traditional_character_leads_to_one_that_stays() -> None:
    rows = resources.files("matching").joinpath("traditional.tsv").read_text("utf-8").splitlines()
    words = [word for row in rows if not row.startswith("#") for word in row.split("\t")]
    traditional = [character for word in words for character in word[1:]]
    assert len(traditional) == len(set(traditional)) > 2500
    assert not {word[0] for word in words} & set(traditional)
    assert {normalise(character) for character in traditional} == {word[0] for word in words}


@pytest.mark.parametrize("text", ["\ud800", "\x00\x07", "😀😀", "\u200b\ufeff", "", "   ", "!!!"])
def test_unusable_characters_give_no_terms(text: str) -> None:
    assert keys(text) == []


def test_a_megabyte_is_read_up_to_the_limit() -> None:
    assert len(normalise("陶" * 1_000_000)) == LIMIT


def test_no_string_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must be a string"):
        normalise(None)  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="氮化硅的与陶瓷研究製，。；Si3N4 -GB/T16534的pumps,bearing\n\ud800　", max_size=60))
def test_counting_sees_the_terms_that_reasons_find(text: str) -> None:
    assert sorted(keys(text)) == sorted(term.key for term in terms(normalise(text)))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("控制方法研究", ""),
        ("偏差百分之三以内", "偏差"),
        ("一氧化碳分析", "氧化碳"),
        ("Control Methods of SiC", "of SiC"),
        ("氮化硅", "氮化硅"),
    ],
)
def test_what_is_said_in_every_field_is_blanked_in_place(text: str, left: str) -> None:
    assert len(blanked(text)) == len(text) and blanked(text).strip() == left
