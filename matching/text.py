"""From text to terms: normalise, then split runs of Chinese and of Latin words, keeping formulae and standards whole.

Chinese gives characters and their 2-grams inside a run; Latin gives Snowball stems and pairs of neighbouring stems;
``Si3N4``, ``GB/T 16534``, ``TS-1`` stay one term each. Every term knows its place in the normalised text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

from matching.errors import InvalidInput

LIMIT = 200_000  # characters of one text that are read; a megabyte of pasted log must not stop the service

_CJK = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_STANDARD = (
    r"(?:GB|GBZ|GJB|HB|HG|HJ|JB|QB|SJ|SH|SY|YB|YBB|YS|YY|NY|LY|FZ|DL|CJ|JC|JT|NB|TB|DB\d\d|T"
    r"|ISO|IEC|EN|DIN|ASTM|JIS|ANSI|IEEE|USP|UL|SAE|JESD)"
)
_NUMBER = r"(?:/[A-Z]{1,2})?[ -]?[A-Z]{0,2}\d{2,}(?:\.\d+)*"
_TOKEN = re.compile(
    rf"(?P<cjk>[{_CJK}]+)"
    rf"|(?P<standard>(?<![A-Za-z]){_STANDARD}{_NUMBER})(?:-\d{{4}})?(?![A-Za-z])"
    rf"|(?P<word>[^\W_{_CJK}]+(?:[-'][^\W_{_CJK}]+)*)"
)
_BREAK = re.compile(r"[.;:!?()\[\]{}|\n\t,\u3001\u3002\uff0c\uff1b\"]")
_PART = re.compile(r"[^\W\d_]+|\d+")


class Term(NamedTuple):
    """A term with its place: ``text[start:end]`` of the normalised text reads as ``key``."""

    key: str
    start: int
    end: int


_term = tuple.__new__  # a Term at the price of a tuple: this is the busiest line of a fit


@lru_cache(maxsize=1)
def _stopwords() -> tuple[frozenset[str], re.Pattern[str]]:
    words: dict[str, list[str]] = {}
    for lang in ("en", "zh"):
        lines = resources.files("matching").joinpath(f"stopwords/{lang}.txt").read_text("utf-8").splitlines()
        words[lang] = [word for line in lines if not line.startswith("#") for word in line.split()]
    longest_first = sorted(words["zh"], key=len, reverse=True)
    return frozenset(words["en"]), re.compile("|".join(map(re.escape, longest_first)))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The Snowball (Porter 2) stem of a lower-case word."""
    return _stemmer().stemWord(word)


def normalise(text: str) -> str:
    """NFKC, no control characters, lone surrogates or invisible marks; at most ``LIMIT`` characters are read.

    Raises InvalidInput when ``text`` is no string.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"a text must be a string, not {type(text).__name__}")
    text = text[:LIMIT]
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFKC", text)
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) in _DROPPED else c for c in text)


_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


@lru_cache(maxsize=100_000)
def _cjk_terms(run: str) -> tuple[Term, ...]:
    """Characters and 2-grams of one run, cut at stop words."""
    terms: list[Term] = []
    cuts = [m.span() for m in _stopwords()[1].finditer(run)]
    start = 0
    for a, b in [*cuts, (len(run), len(run))]:
        for i in range(start, a):
            terms.append(Term(run[i], i, i + 1))
            if i + 2 <= a:
                terms.append(Term(run[i : i + 2], i, i + 2))
        start = b
    return tuple(terms)


@lru_cache(maxsize=200_000)
def _word_stems(word: str) -> tuple[tuple[str, int, int], ...]:
    """(stem, start, end) inside one Latin word: a formula whole, a hyphenated word in parts, a bare number nothing."""
    letters, digits = any(c.isalpha() for c in word), any(c.isdigit() for c in word)
    if not letters:
        return ()
    if digits:
        return ((re.sub(r"[-']", "", word.lower()), 0, len(word)),)
    stems = []
    for part in _PART.finditer(word):
        lower = part.group().lower()
        if len(lower) > 1 and lower not in _stopwords()[0]:
            stems.append((stem(lower), part.start(), part.end()))
    return tuple(stems)


def terms(text: str) -> list[Term]:
    """Every term of a text that is already normalised, in reading order (a pair follows its second word)."""
    found: list[Term] = []
    previous: Term | None = None
    for match in _TOKEN.finditer(text):
        start = match.start()
        if match.lastgroup == "cjk":
            found += [_term(Term, (k, start + a, start + b)) for k, a, b in _cjk_terms(match.group())]
            previous = None
            continue
        if match.lastgroup == "standard":
            key = re.sub(r"[ -]", "", match.group("standard").lower())
            stems = ((key, 0, len(match.group("standard"))),)
        else:
            stems = _word_stems(match.group())
        for key, a, b in stems:
            term = Term(key, start + a, start + b)
            if previous and not _BREAK.search(text, previous.end, term.start):
                found.append(Term(f"{previous.key} {key}", previous.start, term.end))
            found.append(term)
            previous = term
    return found


def keys(text: str) -> list[str]:
    """The terms of a raw text, without places."""
    return [term.key for term in terms(normalise(text))]
