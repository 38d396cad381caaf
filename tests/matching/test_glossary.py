from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from matching import Glossary, InvalidInput, Matcher, Need, Profile, read_glossary
from matching.glossary import shipped


def test_groups_join_every_member_with_every_other() -> None:
    glossary = Glossary([("玻尿酸", "透明质酸", "hyaluronic acid", "HA")])
    for said in ("玻尿酸", "透明质酸", "Hyaluronic acids", "HA"):
        (expansion,) = glossary.expand(said)
        assert expansion.source == said and len(expansion.others) == 3


def test_longer_member_wins_over_its_parts() -> None:
    glossary = Glossary([("碳化硅", "SiC"), ("碳化硅纤维", "SiC fiber")])
    assert [e.others for e in glossary.expand("碳化硅纤维")] == [("SiC fiber",)]


def test_text_without_a_member_expands_to_nothing() -> None:
    assert Glossary([("碳化硅", "SiC")]).expand("番茄") == []


def test_staff_extend_the_glossary_by_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.tsv"
    path.write_text("# ours\n\n雪花斑\tsnowflake blemish\n", "utf-8")
    glossary = Glossary([*shipped().groups, *read_glossary(path)])
    matcher = Matcher.fit([Profile("a", bio="snowflake blemish"), Profile("b", bio="pump")], glossary=glossary)
    assert [m.profile_id for m in matcher.rank(Need("n", "雪花斑"))] == ["a"]


@pytest.mark.parametrize(
    ("line", "message"),
    [("单独", "two or more"), ("氮化硅\t", "two or more"), ("crack\tcracks", "same term"), ("氮化硅\t的", "usable")],
)
def test_unusable_line_is_refused_with_its_number(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "own.tsv"
    path.write_text(f"# comment\n{line}\n", "utf-8")
    with pytest.raises(InvalidInput, match=message) as refused:
        read_glossary(path)
    assert "line 2" in str(refused.value)


def test_missing_or_foreign_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        read_glossary(tmp_path / "nothing.tsv")
    (tmp_path / "binary.tsv").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(InvalidInput):
        read_glossary(tmp_path / "binary.tsv")


def test_shipped_glossary_is_valid_and_bilingual() -> None:
    groups = shipped().groups
    assert len({group[0] for group in groups}) == len(groups), "one head twice"
    for group in groups:
        assert any("\u4e00" <= c <= "\u9fff" for c in group[0]), group
        assert any(c.isascii() and c.isalpha() for member in group[1:] for c in member), group


INDUSTRIES = ("Advanced ceramics", "Hydrogen", "Glass, packaging", "Chemicals and polymers", "Environment",
              "Equipment", "Electronics", "Biopharma", "Agriculture", "Industrial software")  # fmt: skip


def test_shipped_glossary_holds_two_thousand_groups_over_the_ten_industries() -> None:
    sizes: dict[str, int] = {}
    section = ""
    for line in resources.files("matching").joinpath("glossary.tsv").read_text("utf-8").splitlines():
        if line.startswith("#"):
            section = line.removeprefix("# ")
        else:
            sizes[section] = sizes.get(section, 0) + 1
    assert sum(sizes.values()) == len(shipped().groups) >= 2000
    for industry in INDUSTRIES:
        assert sum(n for name, n in sizes.items() if name.startswith(industry)) >= 80, industry


def test_member_without_a_usable_term_is_passed_over() -> None:
    assert [e.source for e in Glossary([("的", "碳化硅", "SiC")]).expand("的碳化硅")] == ["碳化硅"]


def test_terms_of_wordings_are_kept_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.glossary._MOST_READ", 2)
    glossary = Glossary([])
    assert [glossary.keys_of("泵") for _ in range(2)] == [("泵",)] * 2
    for number in range(10):
        assert glossary.keys_of(f"泵 A{number}") == ("泵", f"a{number}")
    assert len(glossary._keys) <= 3
