"""The bilingual glossary: which words of another language, which synonyms and formulae say the same.

A plain file: one group a line, members separated by tabs, first the Chinese name, then English, then abbreviations,
formulae and synonyms in any order; ``#`` starts a comment line. Staff add their own file beside the shipped one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from matching.errors import InvalidInput
from matching.text import Term, keys, normalise, terms

_MOST_READ = 20_000  # wordings whose terms are kept


@dataclass(frozen=True, slots=True)
class Expansion:
    """A group met in a need: ``source`` as the need says it, ``others`` the members it did not use."""

    source: str
    others: tuple[str, ...]


class Glossary:
    """Groups of equivalent terms, and where they occur in a text."""

    def __init__(self, groups: Iterable[tuple[str, ...]]) -> None:
        self.groups = tuple(groups)
        self._by_terms: dict[tuple[str, ...], list[tuple[int, str]]] = {}
        self._keys: dict[str, tuple[str, ...]] = {}
        self._sizes: dict[str, list[int]] = {}  # first unit -> lengths of the members that begin with it, longest first
        for number, members in enumerate(self.groups):
            for member in members:
                signature = sequence(member)
                if signature:
                    self._by_terms.setdefault(signature, []).append((number, member))
                    sizes = self._sizes.setdefault(signature[0], [])
                    if len(signature) not in sizes:
                        sizes.append(len(signature))
                        sizes.sort(reverse=True)

    def keys_of(self, wording: str) -> tuple[str, ...]:
        """The terms of a member or of what a need says for it, read once."""
        if wording not in self._keys:
            if len(self._keys) > _MOST_READ:
                self._keys.clear()
            self._keys[wording] = tuple(term.key for term in terms(normalise(wording)))
        return self._keys[wording]

    def expand(self, text: str, found: list[Term] | None = None) -> list[Expansion]:
        """The groups of which a member stands in a normalised text, each once; longer members win over their parts.

        found: the terms of the text, where they are known already.
        """
        units, places = _walk(terms(text) if found is None else found)
        met: dict[int, tuple[str, set[str]]] = {}
        i = 0
        while i < len(units):
            for size in self._sizes.get(units[i], ()):
                if i + size > len(units):
                    continue
                hits = self._by_terms.get(tuple(units[i : i + size]), ())
                for number, member in hits:
                    met.setdefault(number, (text[places[i][0] : places[i + size - 1][1]], set()))[1].add(member)
                if hits:
                    i += size - 1
                    break
            i += 1
        return [Expansion(source, tuple(m for m in self.groups[number] if m not in used))
                for number, (source, used) in met.items()]  # fmt: skip


def _walk(found: list[Term]) -> tuple[list[str], list[tuple[int, int]]]:
    """Units among the terms of a text, without n-grams: each a Chinese character, a stem, a formula; and places."""
    units = [term for term in found if " " not in term.key and (term.end - term.start == 1 or not _cjk(term.key))]
    return [term.key for term in units], [(term.start, term.end) for term in units]


def _cjk(key: str) -> bool:
    return key[0] >= "\u2e80"


def sequence(member: str) -> tuple[str, ...]:
    return tuple(_walk(terms(normalise(member)))[0])


def parse(lines: Iterable[str], name: str) -> list[tuple[str, ...]]:
    """The groups of a glossary file. Raises InvalidInput naming file and line for a group that cannot be used."""
    groups: list[tuple[str, ...]] = []
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\n\r")
        if not line.strip() or line.startswith("#"):
            continue
        members = tuple(member.strip() for member in line.split("\t"))
        if len(members) < 2 or not all(members):
            raise InvalidInput(f"{name}, line {number}: a group needs two or more members separated by one tab each")
        if len({sequence(m) for m in members}) < len(members):
            raise InvalidInput(f"{name}, line {number}: two members are the same term: {line}")
        unusable = [member for member in members if not keys(member)]
        if unusable:
            raise InvalidInput(f"{name}, line {number}: {unusable[0]!r} holds no usable term")
        groups.append(members)
    return groups


def read_glossary(path: str | Path) -> list[tuple[str, ...]]:
    """The groups of a staff file (UTF-8). Raises InvalidInput when it cannot be read or used."""
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"glossary {path} cannot be read: {error}") from error
    return parse(lines, str(path))


@lru_cache(maxsize=1)
def shipped() -> Glossary:
    """The glossary that comes with the library."""
    text = resources.files("matching").joinpath("glossary.tsv").read_text("utf-8")
    return Glossary(parse(text.splitlines(), "glossary.tsv"))
