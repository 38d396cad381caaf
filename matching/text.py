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
_CJK_RUN, _LATIN = re.compile(f"[{_CJK}]+"), re.compile(rf"[^\W_{_CJK}]")
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


_NUMBER_WORDS = re.compile(
    "[百千万]分之|[第约近]?[一二三四五六七八九十百千万亿两零〇几数]+[个项种类台套件条名人年月天日次倍成批]?"
)
_LETTERS = re.compile("[A-Za-z]+")


@lru_cache(maxsize=1)
def _generic() -> frozenset[str]:
    """Words of technical prose in every field: single characters, pairs of them and English words."""
    lines = resources.files("matching").joinpath("stopwords/generic.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def blanked(text: str) -> str:
    """A normalised text of the same length with spaces for what is said in every field, numbers in words included."""
    generic = _generic()
    text = _NUMBER_WORDS.sub(lambda found: " " * len(found.group()), text)
    pieces, i = list(text), 0
    while i < len(text) - 1:
        if text[i : i + 2] in generic:
            pieces[i] = pieces[i + 1] = " "
            i += 1
        i += 1

    def rest(found: re.Match[str]) -> str:
        word = found.group().lower()
        return " " * len(word) if word in generic or word.removesuffix("s") in generic else found.group()

    return _LETTERS.sub(rest, "".join(pieces))


def lone(found: list[Term]) -> set[str]:
    """The single characters that stand as words by themselves: no pair holds them, and they are more than grammar."""
    paired = {start for key, start, _ in found if len(key) == 2}
    alone = {key for key, start, _ in found if len(key) == 1 and start not in paired and start - 1 not in paired}
    return alone - _generic()


@lru_cache(maxsize=1)
def _traditional() -> tuple[re.Pattern[str], dict[int, str]]:
    """Any traditional character, and the simplified one as which each is read."""
    lines = resources.files("matching").joinpath("traditional.tsv").read_text("utf-8").splitlines()
    words = [word for line in lines if not line.startswith("#") for word in line.split("\t")]
    simplified = {character: word[0] for word in words for character in word[1:]}
    return re.compile(f"[{''.join(simplified)}]"), str.maketrans(simplified)


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The Snowball (Porter 2) stem of a lower-case word."""
    return _stemmer().stemWord(word)


def normalise(text: str) -> str:
    """NFKC, traditional characters as simplified ones, no control characters, lone surrogates or invisible marks; at
    most ``LIMIT`` characters are read.

    Raises InvalidInput when ``text`` is no string.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"a text must be a string, not {type(text).__name__}")
    text = text[:LIMIT]
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFKC", text)
    traditional, simplified = _traditional()
    if traditional.search(text):
        text = text.translate(simplified)
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) in _DROPPED else c for c in text)


_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


@lru_cache(maxsize=4096)
def _cjk_terms(run: str) -> tuple[tuple[str, int, int], ...]:
    """(term, start, end): characters and 2-grams of one run, cut at stop words."""
    terms: list[tuple[str, int, int]] = []
    cuts = [m.span() for m in _stopwords()[1].finditer(run)]
    start = 0
    for a, b in [*cuts, (len(run), len(run))]:
        for i in range(start, a):
            terms.append((run[i], i, i + 1))
            if i + 2 <= a:
                terms.append((run[i : i + 2], i, i + 2))
        start = b
    return tuple(terms)


@lru_cache(maxsize=65_536)
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


def _cjk_keys(text: str) -> list[str]:
    """What ``_cjk_terms`` gives for all the runs of a text, without places."""
    pieces = " ".join(_CJK_RUN.findall(_stopwords()[1].sub(" ", text)))
    if not pieces:
        return []
    found = [""] * (2 * len(pieces) - 1)
    found[::2] = pieces
    found[1::2] = map(str.__add__, pieces, pieces[1:])
    return [key for key in found if " " not in key]


def keys(text: str) -> list[str]:
    """The terms of a raw text, those ``terms`` finds but without places, the Chinese ones first: several times
    quicker."""
    text = normalise(text)
    found = _cjk_keys(text)
    if not _LATIN.search(text):
        return found
    previous, end = "", 0
    for match in _TOKEN.finditer(text):
        kind, said = match.lastgroup, match.group()
        if kind == "cjk":
            previous = ""
            continue
        start = match.start()
        if kind == "standard":
            said = match.group("standard")
            stems = ((re.sub(r"[ -]", "", said.lower()), 0, len(said)),)
        else:
            stems = _word_stems(said)
        for key, a, b in stems:
            if previous and not _BREAK.search(text, end, start + a):
                found.append(f"{previous} {key}")
            found.append(key)
            previous, end = key, start + b
    return found
