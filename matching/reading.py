"""A need as read: its terms, what the glossary adds to them, what each weighs, and which of them can be evidence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from matching.errors import InvalidInput
from matching.features import Vocabulary
from matching.glossary import Glossary
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
        own = self._weigh([term.key for term in found])
        translated, single = self._translate(text, found, own)
        weights = own | {key: weight for key, (_, weight) in translated.items()}
        # A character is no evidence, for it stands in many words, unless it is a word by itself.
        showing = {key for key in weights if len(key) > 1} | lone(found) | single
        ids = self.vocabulary.lookup(list(weights))
        shows = np.fromiter((key in showing for key in weights), bool, len(weights))
        often = self.vocabulary.frequency(ids) > max(_OFTEN, _OFTEN_SHARE * self.vocabulary.texts)
        common = {key for key, many in zip(weights, often.tolist(), strict=True) if many}
        query = self._query(ids, weights, shows, len(own))
        return Reading(text, found, weights, translated, ids, showing, common, query)

    def _translate(
        self, text: str, found: list[Term], own: dict[str, float]
    ) -> tuple[dict[str, tuple[str, float]], set[str]]:
        """Term → (the need's wording, weight) of what the glossary adds, and those terms that are a whole member.

        Each member of a group weighs as much as the wording it stands for, times ``settings.glossary``: above 1,
        because a profile in another language can meet the need in nothing but such terms.
        """
        expansions = self.glossary.expand(text, found)
        members = {m: self.glossary.keys_of(m) for e in expansions for m in e.others}
        idf = self._idf_of({key for keys in members.values() for key in keys})
        translated: dict[str, tuple[str, float]] = {}
        for expansion in expansions:
            meant = sum(own[key] ** 2 for key in self.glossary.keys_of(expansion.source)) ** 0.5
            meant *= self.settings.glossary
            for keys in (members[m] for m in expansion.others):
                norm = sum(idf[key] ** 2 for key in keys) ** 0.5
                for key in keys:
                    weight = meant * idf[key] / norm
                    if key not in own and weight > translated.get(key, ("", 0.0))[1]:
                        translated[key] = (expansion.source, weight)
        return translated, {keys[0] for keys in members.values() if len(keys) == 1}

    def _idf_of(self, names: Collection[str]) -> dict[str, float]:
        """Term → idf^need_idf; terms nobody uses count as rarest."""
        ids = self.vocabulary.lookup(list(names))
        idf = np.where(ids >= 0, self.vocabulary.idf_at(ids), self.vocabulary.idf_unseen)
        return dict(zip(names, (idf**self.settings.need_idf).tolist(), strict=True))

    def _weigh(self, names: list[str]) -> dict[str, float]:
        """Term → (1 + ln count) · idf^need_idf, the whole of unit length."""
        counts = Counter(names)
        idf = self._idf_of(counts)
        weights = {name: (1 + math.log(count)) * idf[name] for name, count in counts.items()}
        norm = math.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        return {name: weight / norm for name, weight in weights.items()}

    def _query(self, ids: np.ndarray, weights: dict[str, float], shows: np.ndarray, size: int) -> Query:
        values = np.fromiter(weights.values(), np.float32, len(weights))
        known = np.flatnonzero(ids >= 0)
        if len(known) > MOST_TERMS:
            known = known[np.argsort(-values[known], kind="stable")[:MOST_TERMS]]
        known = known[np.lexsort((ids[known], self.vocabulary.frequency(ids[known])))]
        ids, values, shows = ids[known], values[known], shows[known]
        steep = values * self.vocabulary.steep_idf(ids) / self.vocabulary.idf_at(ids) ** self.settings.need_idf
        in_space = ids < len(self.projection)
        latent = values[in_space] @ self.projection[ids[in_space]]
        norm = float(np.sqrt(latent @ latent))
        unit = (latent / norm if norm > 1e-9 else latent).astype(np.float32)
        brevity = 0.5 + _STEEPNESS * math.log(self.settings.brief / max(size, 1))
        return Query(ids, values, shows, steep.astype(float), unit, min(max(brevity, 0.0), 1.0))
