"""From profiles to numbers: a frozen vocabulary with its idf, and segments of counted terms.

A *text* here is one weighted document of a profile: the solver's own keywords and bio together, then each paper,
patent or project. Counts are kept (one byte each), not weights: cosine and BM25 are both read from the same counts.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from matching.errors import DuplicateProfile, EmptyCorpus, InvalidInput
from matching.text import keys
from matching.types import Document, Profile

_HIGHEST = 255  # counts are one byte

Projection = Callable[[Any], np.ndarray]  # sparse rows (scipy is imported late) -> float16 [n, dimensions]


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


def hash_term(key: str) -> int:
    """A stable 64-bit name of a term: the vocabulary keeps these, not the strings."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "little")


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

    def idf_at(self, ids: np.ndarray) -> np.ndarray:
        """float32 [len(ids)]: the smoothed idf of known terms (of an unknown id -1 whatever stands last)."""
        return idf_of(self.frequency(ids), self.texts)

    def steep_idf(self, ids: np.ndarray) -> np.ndarray:
        """float32 [len(ids)]: the idf of BM25 of known terms."""
        return steep_idf_of(self.frequency(ids), self.texts)

    def lookup(self, names: Sequence[str], grow: bool = False) -> np.ndarray:
        """int64 [len(names)]: the id of each term, -1 where unknown (with ``grow`` unknown terms are added)."""
        wanted = np.fromiter((hash_term(name) for name in names), np.uint64, len(names))
        places = np.searchsorted(self.hashes, wanted)
        places[places == len(self.hashes)] = 0
        found = np.where(self.hashes[places] == wanted, places, -1).astype(np.int64)
        for i in np.flatnonzero(found < 0):
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
    """Counted terms of many texts. first_text: int64 [profiles + 1]; first_term: int64 [texts + 1];
    terms: int32 [postings], ascending inside a text; counts: uint8 [postings]."""

    first_text: np.ndarray
    first_term: np.ndarray
    terms: np.ndarray
    counts: np.ndarray


def count_terms(counted: Sequence[list[Counter[str]]], ids: dict[str, int]) -> Counts:
    """Counts of profiles (each a list of counters per text) under the given term ids."""
    first_text = np.cumsum([0, *map(len, counted)], dtype=np.int64)
    texts = [counter for profile in counted for counter in profile]
    first_term = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    terms = np.empty(first_term[-1], np.int32)
    counts = np.empty(first_term[-1], np.uint8)
    for counter, start in zip(texts, first_term, strict=False):
        row = sorted((ids[name], min(n, _HIGHEST)) for name, n in counter.items())
        terms[start : start + len(row)] = [t for t, _ in row]
        counts[start : start + len(row)] = [n for _, n in row]
    return Counts(first_text, first_term, terms, counts)


def count_profile(profile: Profile) -> list[Counter[str]]:
    return [Counter(keys(text)) for text in texts_of(profile)]


def learn(counted: Sequence[list[Counter[str]]]) -> tuple[Vocabulary, dict[str, int]]:
    """The vocabulary of a corpus and its term → id. Raises EmptyCorpus when there is no term at all."""
    frequencies: Counter[str] = Counter()
    texts = 0
    for profile in counted:
        for counter in profile:
            texts += 1
            frequencies.update(counter.keys())
    if not frequencies:
        raise EmptyCorpus("no profile holds a usable term")
    names = sorted(frequencies, key=hash_term)
    hashes = np.fromiter((hash_term(name) for name in names), np.uint64, len(names))
    numbers = np.fromiter((frequencies[name] for name in names), np.int32, len(names))
    vocabulary = Vocabulary(hashes, idf_of(numbers, texts), numbers, texts, {})
    return vocabulary, {name: i for i, name in enumerate(names)}


@dataclass(slots=True)
class Segment:
    """An immutable part of the index over n profiles and d texts.

    norms: float32 [d] of the TF-IDF vectors; lengths: float32 [d] in terms; centroid_norms: float32 [n] of the mean of
    the unit vectors; posting_start: int64 [v + 1], posting_row: int32, posting_weight: float32: the unit centroids by
    term; greatest: float32 [v], the largest weight of each term; latent: float16 [n, dimensions]; packed: uint8, the
    profiles as UTF-8 JSON between packed_start: int64 [n + 1].
    """

    ids: list[str]
    counts: Counts
    norms: np.ndarray
    lengths: np.ndarray
    centroid_norms: np.ndarray
    posting_start: np.ndarray
    posting_row: np.ndarray
    posting_weight: np.ndarray
    greatest: np.ndarray
    latent: np.ndarray
    packed: np.ndarray
    packed_start: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


def damped(counts: np.ndarray) -> np.ndarray:
    """float32: 1 + ln(count), the sublinear term frequency."""
    return 1 + np.log(counts.astype(np.float32))


def text_vectors(counts: Counts, text_idf: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
    """(unit TF-IDF rows as csr [texts, v] float32, norms float32 [texts], lengths float32 [texts])."""
    from scipy.sparse import csr_matrix

    matrix: Any
    weights = damped(counts.counts) * text_idf[counts.terms]
    matrix = csr_matrix((weights, counts.terms, counts.first_term), shape=(len(counts.first_term) - 1, len(text_idf)))
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()).astype(np.float32)
    totals = np.concatenate([[0], np.cumsum(counts.counts, dtype=np.int64)])
    lengths = np.diff(totals[counts.first_term]).astype(np.float32)
    matrix.data /= np.repeat(np.maximum(norms, 1e-9), np.diff(counts.first_term))
    return matrix, norms, lengths


def centroids(counts: Counts, rows: Any) -> tuple[Any, np.ndarray]:
    """(unit centroid rows csr [profiles, v] float32, norms of the means float32 [profiles])."""
    from scipy.sparse import csr_matrix

    means: Any
    sizes = np.diff(counts.first_text)
    shares = np.repeat(1 / np.maximum(sizes, 1), sizes).astype(np.float32)
    columns = np.arange(len(shares))
    means = csr_matrix((shares, columns, counts.first_text), shape=(len(sizes), len(shares))) @ rows
    norms = np.sqrt(np.asarray(means.multiply(means).sum(axis=1)).ravel()).astype(np.float32)
    means.data /= np.repeat(np.maximum(norms, 1e-9), np.diff(means.indptr))
    means.sort_indices()
    return means, norms


def pack(profiles: Sequence[Profile]) -> tuple[np.ndarray, np.ndarray]:
    """(uint8 bytes, int64 [n + 1] starts): the profiles themselves, so that reasons can quote them."""
    blobs = [json.dumps(as_plain(profile), ensure_ascii=True).encode() for profile in profiles]
    starts = np.cumsum([0, *map(len, blobs)], dtype=np.int64)
    return np.frombuffer(b"".join(blobs), np.uint8), starts


def as_plain(profile: Profile) -> list:
    documents = [[d.title, d.abstract, list(d.keywords), d.year] for d in profile.documents]
    return [profile.id, list(profile.keywords), profile.bio, documents]


def unpack(segment: Segment, row: int) -> Profile:
    """The profile that was indexed as ``row``."""
    a, b = segment.packed_start[row], segment.packed_start[row + 1]
    id_, keywords, bio, documents = json.loads(bytes(segment.packed[a:b]))
    return Profile(id_, keywords, bio, [Document(t, a, k, y) for t, a, k, y in documents])


def build_segment(profiles: Sequence[Profile], counts: Counts, text_idf: np.ndarray, project: Projection) -> Segment:
    """A segment of these profiles; ``project(csr rows) -> float16 [n, dimensions]`` gives the latent vectors."""
    rows, norms, lengths = text_vectors(counts, text_idf)
    means, centroid_norms = centroids(counts, rows)
    by_term = means.tocsc()
    start = by_term.indptr.astype(np.int64)
    greatest = np.zeros(len(start) - 1, np.float32)
    used = np.flatnonzero(np.diff(start))
    if len(used):
        greatest[used] = np.maximum.reduceat(by_term.data, start[used])
    packed, packed_start = pack(profiles)
    return Segment([p.id for p in profiles], counts, norms, lengths, centroid_norms, start,
                   by_term.indices.astype(np.int32), by_term.data.astype(np.float32), greatest, project(means),
                   packed, packed_start)  # fmt: skip
