"""A need as read: its terms, what the glossary adds to them, what each weighs, and which of them can be evidence."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import chain, compress

import numpy as np

from matching.errors import InvalidInput
from matching.features import Vocabulary, idf_of, steep_idf_of
from matching.glossary import Expansion, Glossary
from matching.scoring import MOST_TERMS, Query
from matching.text import Term, lone, normalise, terms
from matching.types import Need, Settings

_STEEPNESS = 1.5  # how quickly a growing need goes over from its best texts to everything: within 2/3 of a power of e

_OFTEN, _OFTEN_SHARE = 20, 0.2  # texts, and of all texts, from which on a term tells nobody apart


@dataclass(slots=True)
class Reading:
    """A need as read: its normalised text and terms, the weights of these and of what the glossary added (term → the
    need's wording), ids: int64, the vocabulary's number of each weighed term, -1 where unknown; showing: the terms
    that alone are evidence of a match; common: those that so many texts hold that they tell nobody apart; and the
    query."""

    text: str
    terms: list[Term]
    weights: dict[str, float]
    translated: dict[str, tuple[str, float]]
    ids: np.ndarray
    showing: set[str]
    common: set[str]
    query: Query


def check_need(need: Need) -> Need:
    """The need itself. Raises InvalidInput when it is no Need or its parts are no strings."""
    if not isinstance(need, Need):
        raise InvalidInput(f"expected a Need, not {type(need).__name__}")
    for part in (need.id, need.title, need.text):
        if not isinstance(part, str):
            raise InvalidInput(f"need {need.id!r}: id, title and text must be strings")
    return need


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads needs with a vocabulary, a glossary and a latent space (float16 [v at fit, dimensions])."""

    settings: Settings
    glossary: Glossary
    vocabulary: Vocabulary
    projection: np.ndarray

    def read(self, need: Need) -> Reading:
        """The need as terms and numbers, with what the glossary adds. Raises InvalidInput."""
        check_need(need)
        text = normalise(f"{need.title}\n{need.text}")
        found = terms(text)
        counts = Counter([term.key for term in found])
        expansions = self.glossary.expand(text, found)
        members = {m: self.glossary.keys_of(m) for e in expansions for m in e.others}
        names = list(dict.fromkeys(chain(counts, *members.values())))
        ids = self.vocabulary.lookup(names)
        frequency = np.where(ids >= 0, self.vocabulary.frequency(ids), 0)  # terms nobody uses count as rarest
        idf = idf_of(frequency, self.vocabulary.texts).astype(float) ** self.settings.need_idf
        worth = dict(zip(names, idf.tolist(), strict=True))
        own = weigh(counts, worth)
        translated = self._translate(expansions, members, worth, own)
        values = [own[name] if name in own else translated[name][1] for name in names]
        # A character is no evidence, for it stands in many words, unless it is a word by itself.
        single = lone(found).union(keys[0] for keys in members.values() if len(keys) == 1)
        shows = [len(name) > 1 or name in single for name in names]
        common = frequency > max(_OFTEN, _OFTEN_SHARE * self.vocabulary.texts)
        known = ids >= 0
        query = self._query(ids[known], np.array(values, np.float32)[known], np.array(shows, bool)[known],
                            frequency[known], len(own))  # fmt: skip
        return Reading(text, found, dict(zip(names, values, strict=True)), translated, ids,
                       set(compress(names, shows)), set(compress(names, common.tolist())), query)  # fmt: skip

    def _translate(self, expansions: list[Expansion], members: dict[str, tuple[str, ...]], worth: dict[str, float],
                   own: dict[str, float]) -> dict[str, tuple[str, float]]:  # fmt: skip
        """Term → (the need's wording, weight) of what the glossary adds.

        Each member of a group weighs as much as the wording it stands for, times ``settings.glossary``: above 1,
        because a profile in another language can meet the need in nothing but such terms.
        """
        translated: dict[str, tuple[str, float]] = {}
        for expansion in expansions:
            meant = sum(own[key] ** 2 for key in self.glossary.keys_of(expansion.source)) ** 0.5
            meant *= self.settings.glossary
            for keys in (members[m] for m in expansion.others):
                norm = sum(worth[key] ** 2 for key in keys) ** 0.5
                for key in keys:
                    weight = meant * worth[key] / norm
                    if key not in own and weight > translated.get(key, ("", 0.0))[1]:
                        translated[key] = (expansion.source, weight)
        return translated

    def _query(self, ids: np.ndarray, values: np.ndarray, shows: np.ndarray, frequency: np.ndarray, size: int) -> Query:
        """The query of known terms: their ids, weights, whether they are evidence, and in how many texts they are."""
        order = np.arange(len(ids))
        if len(ids) > MOST_TERMS:
            order = np.argsort(-values, kind="stable")[:MOST_TERMS]
        order = order[np.lexsort((ids[order], frequency[order]))]
        ids, values, frequency = ids[order], values[order], frequency[order]
        texts = self.vocabulary.texts
        steep = values * steep_idf_of(frequency, texts) / idf_of(frequency, texts) ** self.settings.need_idf
        in_space = ids < len(self.projection)
        latent = values[in_space] @ self.projection[ids[in_space]]
        norm = float(np.sqrt(latent @ latent))
        unit = (latent / norm if norm > 1e-9 else latent).astype(np.float32)
        brevity = 0.5 + _STEEPNESS * math.log(self.settings.brief / max(size, 1))
        return Query(ids, values, shows[order], steep.astype(float), unit, min(max(brevity, 0.0), 1.0))


def weigh(counts: Counter[str], worth: dict[str, float]) -> dict[str, float]:
    """Term → (1 + ln count) · idf^need_idf, the whole of unit length."""
    weights = {name: (1 + math.log(count)) * worth[name] for name, count in counts.items()}
    norm = math.sqrt(sum([weight**2 for weight in weights.values()])) or 1.0
    return {name: weight / norm for name, weight in weights.items()}
