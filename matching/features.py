"""From profiles to numbers: a frozen vocabulary with its idf, and the counted terms of texts.

A *text* here is one weighted document of a profile: the solver's own keywords and bio together, then each paper,
patent or project. Counts are kept (one byte each), not weights: cosine and BM25 are both read from the same counts.
Everything large is a plain array, so that an index can be mapped from files and shared by processes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np

from matching.errors import DuplicateProfile, EmptyCorpus, InvalidInput
from matching.text import keys
from matching.types import Document, Profile

_HIGHEST = 255  # counts are one byte
_COUNT_BITS = 8
CHUNK = 20_000  # profiles (or terms) of which a fit holds the intermediate arrays at a time
DAMPED = np.concatenate([[0.0], 1 + np.log(np.arange(1, _HIGHEST + 1))])  # 1 + ln(count), sublinear frequency
_MIX, _STEP = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)), np.uint64(0x9E3779B97F4A7C15)


def texts_of(profile: Profile) -> list[str]:
    """The texts of a profile, empty ones left out: own words first, then one per document."""
    own = "; ".join([*profile.keywords, profile.bio]).strip("; ")
    texts = [own, *("; ".join([d.title, *d.keywords, d.abstract]).strip("; ") for d in profile.documents)]
    return [text for text in texts if text]


def check_profile(profile: Profile) -> Profile:
    """The profile itself. Raises InvalidInput when a part has the wrong type or the id is empty."""
    if not isinstance(profile, Profile):
        raise InvalidInput(f"expected a Profile, not {type(profile).__name__}")
    if not isinstance(profile.id, str) or not profile.id:
        raise InvalidInput(f"a profile's id must be a non-empty string, not {profile.id!r}")
    strings = [profile.bio, *profile.keywords]
    for document in profile.documents:
        if not isinstance(document, Document):
            raise InvalidInput(f"profile {profile.id!r}: expected a Document, not {type(document).__name__}")
        strings += [document.title, document.abstract, *document.keywords]
    if not all(isinstance(s, str) for s in strings):
        raise InvalidInput(f"profile {profile.id!r}: titles, abstracts, keywords and bio must be strings")
    return profile


def checked(profiles: Iterable[Profile]) -> Iterator[Profile]:
    """Each profile once checked. Raises InvalidInput, DuplicateProfile."""
    seen: set[str] = set()
    for profile in profiles:
        check_profile(profile)
        if profile.id in seen:
            raise DuplicateProfile(f"profile id {profile.id!r} appears twice")
        seen.add(profile.id)
        yield profile


def hash_terms(names: Sequence[str]) -> np.ndarray:
    """uint64 [len(names)]: a stable name of each non-empty string, equal strings alike on every machine.

    Each character is mixed with its place (splitmix64, Steele et al. 2014), the sum once more with the length: all in
    NumPy, because a need has hundreds of terms. Indexes keep these, not the strings.
    """
    if not names:
        return np.zeros(0, np.uint64)
    codes = np.frombuffer("".join(names).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    sizes = np.fromiter(map(len, names), np.int64, len(names))
    starts = np.cumsum(sizes) - sizes
    places = (np.arange(len(codes)) - np.repeat(starts, sizes)).astype(np.uint64)
    return _mixed(np.add.reduceat(_mixed(codes + (places + np.uint64(1)) * _STEP), starts) + sizes.astype(np.uint64))


def _mixed(values: np.ndarray) -> np.ndarray:
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    return values ^ (values >> np.uint64(31))


def places_in(ascending: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """int64 [len(wanted)]: the place of each value in an ascending array, -1 where it is missing."""
    if not len(ascending):
        return np.full(len(wanted), -1, np.int64)
    places = np.searchsorted(ascending, wanted)
    places[places == len(ascending)] = 0
    return np.where(ascending[places] == wanted, places, -1)


def ranges(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """int64: the numbers of all half-open ranges, one after another."""
    sizes = ends - starts
    offsets = np.repeat(starts - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
    return offsets + np.arange(int(sizes.sum()))


def starts_of(sizes: np.ndarray) -> np.ndarray:
    """int32 (int64 where that is too small) [len(sizes) + 1]: where each of the stretches of these sizes begins."""
    starts = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts.astype(np.int32) if starts[-1] < 2**31 else starts


@dataclass(slots=True)
class Vocabulary:
    """Term → id and idf, frozen at fit; terms met later get the next ids and the idf of a term never seen.

    hashes: uint64 [v] ascending; idf: float32 [v] and frequencies: int32 [v] beside it; texts: number of texts at fit.
    """

    hashes: np.ndarray
    idf: np.ndarray
    frequencies: np.ndarray
    texts: int
    later: dict[int, int]

    @property
    def size(self) -> int:
        return len(self.hashes) + len(self.later)

    @property
    def idf_unseen(self) -> float:
        return float(idf_of(np.zeros(1), self.texts)[0])

    def all_idf(self) -> np.ndarray:
        """float32 [size]."""
        return np.concatenate([self.idf, np.full(len(self.later), self.idf_unseen, np.float32)])

    def frequency(self, ids: np.ndarray) -> np.ndarray:
        """int64 [len(ids)]: in how many texts of the fit each known term stood, 0 for those met later."""
        frequencies = np.zeros(len(ids), np.int64)
        at_fit = ids < len(self.frequencies)
        frequencies[at_fit] = self.frequencies[ids[at_fit]]
        return frequencies

    def lookup(self, names: Sequence[str], grow: bool = False) -> np.ndarray:
        """int64 [len(names)]: the id of each term, -1 where unknown (with ``grow`` unknown terms are added)."""
        wanted = hash_terms(names)
        found = places_in(self.hashes, wanted)
        for i in np.flatnonzero(found < 0) if grow or self.later else ():
            name = int(wanted[i])
            if grow:
                found[i] = self.later.setdefault(name, self.size)
            else:
                found[i] = self.later.get(name, -1)
        return found


def idf_of(frequencies: np.ndarray, texts: int) -> np.ndarray:
    """float32: ln((1 + N) / (1 + n)) + 1, the smoothed idf; it enters a cosine twice, so it falls slowly on purpose."""
    return (np.log((1 + texts) / (1 + np.minimum(frequencies, texts))) + 1).astype(np.float32)


def steep_idf_of(frequencies: np.ndarray, texts: int) -> np.ndarray:
    """float32: ln(1 + (N - n + ½) / (n + ½)), the idf of BM25 (Robertson & Zaragoza 2009, eq. 3.2), never negative."""
    n = np.minimum(frequencies, texts)
    return np.log1p((texts - n + 0.5) / (n + 0.5)).astype(np.float32)


@dataclass(slots=True)
class Counts:
    """Counted terms of many texts. first_text: int32 [profiles + 1]; first_term: int32 [texts + 1]; entries: uint32
    [postings], a term's id and in the low byte its count, ascending inside a text (uint64 from 2^24 terms on)."""

    first_text: np.ndarray
    first_term: np.ndarray
    entries: np.ndarray

    def part(self, begin: int, end: int) -> Counts:
        """The counts of the profiles from ``begin`` to before ``end``."""
        texts = self.first_text[begin : end + 1]
        starts = self.first_term[texts[0] : texts[-1] + 1]
        return Counts(texts - texts[0], starts - starts[0], self.entries[starts[0] : starts[-1]])


def joined(terms: np.ndarray, counts: np.ndarray, size: int) -> np.ndarray:
    """The entries of these terms, whose ids are below ``size``, and counts."""
    width = np.uint32 if size <= 2 ** (32 - _COUNT_BITS) else np.uint64
    return (terms.astype(width) << width(_COUNT_BITS)) | counts.astype(width)


def unjoined(entries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(term ids int32, counts uint8) of entries."""
    return (entries >> _COUNT_BITS).astype(np.int32), (entries & _HIGHEST).astype(np.uint8)


class Numbering(dict[str, int]):
    """A number for every string asked for, in the order of asking."""

    def __missing__(self, name: str) -> int:
        self[name] = number = len(self)
        return number


class Words(NamedTuple):
    """The words of some texts. texts: int64 and terms: int64, beside each other; number: how many texts."""

    texts: np.ndarray
    terms: np.ndarray
    number: int


def words_of(texts: Sequence[str], numbering: Numbering) -> Words:
    """The terms of raw texts under the numbers of ``numbering``, which grows."""
    found: list[int] = []
    sizes = np.zeros(len(texts), np.int64)
    for i, text in enumerate(texts):
        before = len(found)
        found += map(numbering.__getitem__, keys(text))
        sizes[i] = len(found) - before
    return Words(np.repeat(np.arange(len(texts)), sizes), np.array(found, np.int64), len(texts))


def entries_of(words: Words, size: int) -> tuple[np.ndarray, np.ndarray]:
    """(first_term, entries) of words whose terms have ids below ``size``."""
    pairs, repeats = np.unique((words.texts << 32) | words.terms, return_counts=True)
    first_term = starts_of(np.bincount(pairs >> 32, minlength=words.number))
    return first_term, joined(pairs & 0xFFFFFFFF, np.minimum(repeats, _HIGHEST), size)


@dataclass(slots=True)
class Names:
    """The ids of profiles. text: uint8, all ids as UTF-8 between start: int32 [n + 1]; hashes: uint64 [n] ascending
    and order: int32 [n], the row of each."""

    text: np.ndarray
    start: np.ndarray
    hashes: np.ndarray
    order: np.ndarray

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, row: int) -> str:
        return self.text[self.start[row] : self.start[row + 1]].tobytes().decode("utf-8", "surrogatepass")

    def rows(self, hashes: np.ndarray) -> np.ndarray:
        """int64 [len(hashes)]: the row of each id, given by ``hash_terms``; -1 where it is missing."""
        places = places_in(self.hashes, hashes)
        return np.where(places >= 0, self.order[places], -1) if len(self.order) else places


def names_of(ids: Sequence[str]) -> Names:
    text, start = pack([id_.encode("utf-8", "surrogatepass") for id_ in ids])
    hashes = hash_terms(ids)
    order = np.argsort(hashes).astype(np.int32)
    return Names(text, start, hashes[order], order)


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def blob_of(profile: Profile) -> bytes:
    """The profile itself as UTF-8 JSON, so that reasons can quote it."""
    documents = [[d.title, d.abstract, d.keywords, d.year] for d in profile.documents]
    return _to_json([profile.id, profile.keywords, profile.bio, documents]).encode("utf-8", "surrogatepass")


def pack(blobs: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """(uint8, starts [n + 1]): the blobs one after another."""
    return np.frombuffer(b"".join(blobs), np.uint8), starts_of(np.fromiter(map(len, blobs), np.int64, len(blobs)))


class Corpus(NamedTuple):
    """Profiles as read once: their ids, themselves packed, digests of their texts, and their counted terms."""

    names: Names
    packed: tuple[np.ndarray, np.ndarray]
    digests: np.ndarray
    counts: Counts


def learn(profiles: Iterable[Profile]) -> tuple[Vocabulary, Corpus]:
    """The vocabulary of profiles and their counts. Raises EmptyCorpus when there is no term at all."""
    numbering = Numbering()
    ids: list[str] = []
    blobs: list[bytes] = []
    sizes: list[int] = []
    digests: list[int] = []
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    remaining = iter(profiles)
    while chunk := list(islice(remaining, CHUNK)):
        texts = [texts_of(profile) for profile in chunk]
        ids += [profile.id for profile in chunk]
        blobs += map(blob_of, chunk)
        sizes += map(len, texts)
        flat = [text for part in texts for text in part]
        digests += map(digest_of, flat)
        words = words_of(flat, numbering)
        parts.append(entries_of(words, len(numbering)))
    if not numbering:
        raise EmptyCorpus("no profile holds a usable term")
    names = list(numbering)
    hashes = np.concatenate([hash_terms(names[i : i + CHUNK]) for i in range(0, len(names), CHUNK)])
    order = np.argsort(hashes)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    counts = _renumbered(parts, rank, np.array(sizes))
    frequencies = np.bincount(unjoined(counts.entries)[0], minlength=len(rank)).astype(np.int32)
    texts_met = len(counts.first_term) - 1
    vocabulary = Vocabulary(hashes[order], idf_of(frequencies, texts_met), frequencies, texts_met, {})
    return vocabulary, Corpus(names_of(ids), pack(blobs), np.array(digests, np.uint64), counts)


def _renumbered(parts: list[tuple[np.ndarray, np.ndarray]], rank: np.ndarray, sizes: np.ndarray) -> Counts:
    """The counts of texts whose terms are to bear the numbers ``rank`` gives them."""
    entries, lengths = [], []
    while parts:
        first_term, part = parts.pop(0)
        lengths.append(np.diff(first_term))
        terms = rank[(part >> _COUNT_BITS).astype(np.int64)]
        texts = np.repeat(np.arange(len(lengths[-1])), lengths[-1])
        order = np.argsort((texts << 32) | terms)
        entries.append(joined(terms[order], part[order] & _HIGHEST, len(rank)))
    return Counts(starts_of(sizes), starts_of(np.concatenate(lengths)), np.concatenate(entries))


def digest_of(text: str) -> int:
    """64 bits by which an unchanged text is known again."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
