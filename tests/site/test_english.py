"""Readers of English meet no Chinese but what people wrote: every public page, and all that a foreign team opens.

The pages and people are those of the access tables, refusals included. Everything stored is first spelt in ASCII, so
that whatever Chinese a page still shows was said by the site itself.
"""

import html
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, url_for

from tests.builders.bids import make_content
from tests.builders.contracts import pdf
from tests.site.test_access import TABLES, Stage, rows_of

CATALOGUE = Path(__file__).parents[2] / "market" / "translations" / "en" / "LC_MESSAGES"
READERS = ("visitor", "newcomer", "lead_u", "colleague_u")
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
ESCAPED = re.compile(r"\\u([4-9][0-9a-f]{3}|30[0-3][0-9a-f]|ff[0-9a-f]{2})")
LANGUAGE_SWITCH = "中文"  # Says on every page where it leads, in that language.


def written() -> list[Message]:
    with (CATALOGUE / "messages.po").open("rb") as lines:
        return [message for message in read_po(lines, locale="en") if message.id]


def test_every_text_has_its_english() -> None:
    assert [message.id for message in written() if message.fuzzy or not message.string] == []


def test_the_compiled_catalogue_says_what_is_written() -> None:
    with (CATALOGUE / "messages.mo").open("rb") as lines:
        compiled = Translations(lines)
    stale = [
        message.id
        for message in written()
        if isinstance(message.id, str)
        and message.string
        and (compiled.upgettext(message.context, message.id) if message.context else compiled.ugettext(message.id))
        != message.string
    ]
    assert stale == [], "make translations compiles the catalogue"


def test_placeholders_survive_translation() -> None:
    def names(text: object) -> set[str]:
        return set(re.findall(r"%\(\w+\)[sdf]|%\(\w+\)\.\d+f", str(text)))

    assert [message.id for message in written() if names(message.id) != names(message.string)] == []


def typed_texts() -> set[str]:
    """What the builders type into contents that are stored encrypted and so cannot be spelt anew."""
    found = {str(pdf().filename)}
    waiting: list[object] = [make_content().model_dump(mode="json")]
    for value in waiting:
        if isinstance(value, dict | list):
            waiting.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, str) and CHINESE.search(value):
            found.add(value)
    return found


def spell_in_ascii(file: Path) -> None:
    """Every stored Chinese character becomes its number, in plain columns and in JSON."""

    def spelt(text: str) -> str:
        plain = ESCAPED.sub(lambda found: f"x{found.group(1)}", text)
        return CHINESE.sub(lambda found: f"x{ord(found.group()):x}", plain)

    connection = sqlite3.connect(file)
    connection.create_function("spelt", 1, spelt)
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{trigger}"')  # The journal refuses to be rewritten.
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for _number, column, *_rest in connection.execute(f'PRAGMA table_info("{table}")').fetchall():
            connection.execute(
                f'UPDATE "{table}" SET "{column}" = spelt("{column}") WHERE typeof("{column}") = \'text\''
            )
    connection.commit()
    connection.close()


def chinese_in(page: str) -> list[str]:
    """Lines of text and spoken attributes that hold Chinese."""
    page = re.sub(r"<(script|style|template)\b.*?</\1>", "", page, flags=re.DOTALL)
    spoken = re.findall(r'\s(?:title|alt|aria-label|placeholder|value|data-over|data-copied)="([^"]*)"', page)
    texts = [*re.sub(r"<[^>]*>", "\n", page).splitlines(), *spoken]
    return [text for text in map(str.strip, map(html.unescape, texts)) if CHINESE.search(text)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_page_says_nothing_in_chinese(app: Flask, table: Path) -> None:
    stage = Stage(app, table.stem)
    spell_in_ascii(stage.file)
    wrong = sorted(set(_remarks(stage, table)))
    assert wrong == [], "\n" + "\n".join(wrong)


def _remarks(stage: Stage, table: Path) -> Iterator[str]:
    typed = typed_texts()
    for row in rows_of(table):
        for reader in READERS if row["method"] == "GET" else ():
            with stage.app.test_request_context():
                address = url_for(row["endpoint"], **stage.objects[row["object"]])  # pyright: ignore[reportArgumentType]
            answer = stage.clients[reader].get(address, headers={"Accept-Language": "en"})
            page = answer.get_data(as_text=True) if answer.mimetype == "text/html" and not answer.location else ""
            if "<html" in page and '<html lang="en"' not in page:
                yield f"{row['endpoint']}: the page does not say that it is English"
            for text in chinese_in(page):
                if text != LANGUAGE_SWITCH and CHINESE.search(_without(typed, text)):
                    yield f"{row['endpoint']} ({answer.status_code}): {text}"
            answer.close()


def _without(typed: set[str], text: str) -> str:
    """Short words are also words of the site: they are taken out only where nothing else stands beside them."""
    for word in sorted(typed, key=len, reverse=True):
        text = text.replace(word, "") if len(word) > 4 or text == word else text
    return text
