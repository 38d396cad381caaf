"""Lists as people paste them."""

import io
import zipfile

import openpyxl
import pytest

from market.errors import InvalidInput
from market.solvers.models import AchievementKind
from market.solvers.references import ROWS_MOST, TEXT_MOST, read_references, read_sheet

BIBTEX = """
@article{a, title = {Gas pressure sintering of {Si$_3$N$_4$} balls}, author={Li, A}, year = 2021,
  journal = "J. Ceram.", doi = {10.1000/xyz.1}, abstract = {Dense balls, few {\\it flakes}.},
  keywords={sintering; balls}}
@patent{b, title="A method", number={US1234567}, year={2019}}
@comment{not a work}
"""
RIS = "TY  - JOUR\nTI  - Tape casting of MLCC\nPY  - 2020/05/01\nKW  - tape casting\nKW  - MLCC\nER  - \n"


def test_plain_lines_lose_their_numbering_and_keep_year_and_patent_number() -> None:
    rows = read_references(
        "1. 一种低色差氮化硅球坯的烧结方法，ZL201819993304.8，2019\n"
        "[2] 省级滚动体坯料中试线（2020年）\n\n• 色斑成因诊断规程"
    ).rows
    assert [row["title"] for row in rows] == [
        "一种低色差氮化硅球坯的烧结方法",
        "省级滚动体坯料中试线",
        "色斑成因诊断规程",
    ]
    assert [row["year"] for row in rows] == [2019, 2020, None]
    assert rows[0]["kind"] is AchievementKind.PATENT and rows[0]["number"] == "ZL201819993304.8"


def test_a_citation_in_national_style_gives_its_title() -> None:
    row = read_references("顾衍成, 李某. 氮化硅陶瓷球批次一致性研究[J]. 硅酸盐学报, 2022, 50(3): 1-9.").rows[0]
    assert row["title"] == "氮化硅陶瓷球批次一致性研究"
    assert (row["kind"], row["year"]) == (AchievementKind.PAPER, 2022)


def test_bibtex_and_ris_are_read() -> None:
    first, second = read_references(BIBTEX).rows
    assert first["title"] == "Gas pressure sintering of Si$_3$N$_4$ balls"
    assert (first["year"], first["number"], first["keywords"]) == (2021, "10.1000/xyz.1", ["sintering", "balls"])
    assert second["kind"] is AchievementKind.PATENT and second["number"] == "US1234567"
    row = read_references(RIS).rows[0]
    assert (row["title"], row["year"], row["keywords"]) == ("Tape casting of MLCC", 2020, ["tape casting", "MLCC"])


def test_repeated_and_known_works_are_counted_not_added() -> None:
    reading = read_references("氮化硅球\n氮化硅 球。\n流延工艺", known=["流延工艺"])
    assert [row["title"] for row in reading.rows] == ["氮化硅球"] and reading.duplicates == 2


@pytest.mark.parametrize(
    "text",
    [
        "@article{" + "{" * 5000,
        "@article{a, title={x",
        "@article{a, title=" + '"' * 3000,
        "TY  - JOUR\n" * 2000,
        "\0\x08\u202e\u2066" * 50 + "标题",
        "[" * 3000 + "\n" + "(" * 3000 + "题名",
        "[J]" * 2000,
        ". " * 20000 + "[J]",
        "\ud800 题名一",
        "a" * 100_000,
    ],
)
def test_hostile_lists_give_clean_rows_or_a_message(text: str) -> None:
    refused: dict[str, str] = {}
    rows = []
    try:
        rows = read_references(text).rows
    except InvalidInput as problem:
        refused = problem.errors
    assert rows or "text" in refused
    assert all(0 < len(row["title"]) <= 400 and row["title"].isprintable() for row in rows)


def test_too_long_and_empty_lists_are_refused_and_long_ones_cut_with_a_count() -> None:
    with pytest.raises(InvalidInput):
        read_references("x" * (TEXT_MOST + 1))
    with pytest.raises(InvalidInput):
        read_references(" \n\t\n--\n")
    reading = read_references("\n".join(f"成果编号{n}号" for n in range(ROWS_MOST + 7)))
    assert (len(reading.rows), reading.cut_off) == (ROWS_MOST, 7)


def _xlsx(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # pyright: ignore
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_sheet_is_read_by_its_headings() -> None:
    content = _xlsx(
        ["类型", "题名", "年份", "关键词"],
        ["专利", "一种球坯", 2020, "球坯；烧结"],
        [None, None, None, None],
        ["论文", "流延研究", "2021年"],
    )
    rows = read_sheet("成果.xlsx", content).rows
    assert [(row["kind"].value, row["title"], row["year"]) for row in rows] == [
        ("patent", "一种球坯", 2020),
        ("paper", "流延研究", 2021),
    ]
    assert rows[0]["keywords"] == ["球坯", "烧结"]


def test_csv_in_either_chinese_encoding_is_read() -> None:
    for encoding in ("utf-8-sig", "gb18030"):
        assert read_sheet("a.csv", "题名,年份\n氮化硅球,2020\n".encode(encoding)).rows[0]["title"] == "氮化硅球"


def _bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 60_000_000)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", b"PK\x03\x04 not a zip"),
        ("a.xlsx", _bomb()),
        ("a.exe", b"MZ"),
        ("a.csv", b"\xff\xfe\x00\x00\x81"),
        ("a.csv", b"x" * 2_000_001),
        ("a.csv", "甲,乙\n1,2\n".encode()),
        ("a.csv", b""),
        ("a.xlsx", _xlsx(["题名"])),
    ],
)
def test_unreadable_sheets_get_a_message_beside_the_file(name: str, content: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_sheet(name, content)
    assert set(caught.value.errors) == {"file"}


def test_one_cell_at_the_far_end_of_a_sheet_is_no_table_of_memory() -> None:
    """A few kilobytes that a careless reader would lay out as 23 GB."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["A2"], sheet["ZZ1048576"] = "题名", "氮化硅陶瓷球的气压烧结", "x"
    content = io.BytesIO()
    book.save(content)
    assert [row["title"] for row in read_sheet("a.xlsx", content.getvalue()).rows] == ["氮化硅陶瓷球的气压烧结"]


@pytest.mark.parametrize("piece", ["@a{", "@article{a, title = {", "a", "a = ", "@a{b = {c}}", "TY  - "])
def test_a_list_made_to_waste_time_is_answered(piece: str) -> None:
    """As long as a list may be, of what makes a careless reader begin again at every place."""
    text = "@a{" + piece * (TEXT_MOST // len(piece) - 1)
    try:
        assert read_references(text).rows
    except InvalidInput as problem:
        assert problem.errors["text"]  # noqa: PT017 (either answer will do)
