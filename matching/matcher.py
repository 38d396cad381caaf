"""The one object most callers need: ranking, reasons and files behind a few methods.

It stands above ranking, explain and storage because it offers all three; those know nothing of each other's callers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from matching import storage
from matching.explain import explained
from matching.glossary import Glossary
from matching.ranking import Ranker
from matching.types import Drift, Match, Need, Profile, Ranking, Settings


class Matcher:
    """Ranks solvers for needs. Build it with ``Matcher.fit`` or ``Matcher.load``."""

    def __init__(self, ranker: Ranker) -> None:
        self._ranker = ranker

    @classmethod
    def fit(cls, profiles: Iterable[Profile], settings: Settings | None = None,
            glossary: Glossary | None = None) -> Matcher:  # fmt: skip
        """Index the profiles. Raises InvalidInput, DuplicateProfile, EmptyCorpus."""
        return cls(Ranker.fit(profiles, settings or Settings(), glossary))

    def __len__(self) -> int:
        return len(self._ranker)

    def __contains__(self, profile_id: object) -> bool:
        return profile_id in self._ranker

    def rank(self, need: Need, limit: int = 20, among: Collection[str] | None = None) -> Ranking:
        """The best solvers with their reasons, best first, equal scores by id; only those sharing a term.

        ``among`` restricts the answer to these ids (unknown ones are ignored). A need without any usable term gives
        an empty ranking. Raises InvalidInput for a malformed need or a limit below 1.
        """
        reading = self._ranker.read(need)
        return explained(reading, self._ranker.hits(reading, limit, among))

    def rank_many(self, needs: Iterable[Need], limit: int = 20) -> list[Ranking]:
        """A ranking per need, in order, without reasons: the batch path (``explain`` gives them for a pair)."""
        rankings = []
        for need in needs:
            hits = self._ranker.hits(self._ranker.read(need), limit)
            rankings.append(Ranking(Match(hit.id, hit.score, rank) for rank, hit in enumerate(hits, 1)))
        return rankings

    def scores(self, need: Need, profile_ids: Sequence[str]) -> list[float]:
        """The score of each named profile, 0 where nothing is shared. Raises InvalidInput, UnknownProfile."""
        return self._ranker.scores(self._ranker.read(need), profile_ids)

    def explain(self, need: Need, profile_id: str) -> Match:
        """The match of one solver with its reasons; its rank counts it alone. Raises InvalidInput, UnknownProfile."""
        self._ranker.locate(profile_id)
        reading = self._ranker.read(need)
        found = explained(reading, self._ranker.hits(reading, 1, [profile_id]))
        return found[0] if found else Match(profile_id, 0.0, 1)

    def update(self, changed: Iterable[Profile] = (), removed: Iterable[str] = ()) -> None:
        """Take in new and changed profiles and drop others without a refit.

        Raises InvalidInput, DuplicateProfile, UnknownProfile; nothing is changed then.
        """
        self._ranker.update(changed, removed)

    def compact(self) -> None:
        """Merge what updates left behind; scores stay the same, ranking gets quicker."""
        self._ranker.compact()

    def drift(self) -> Drift:
        """How far the index has moved from what fit froze; a large shift says it is time to fit anew."""
        return self._ranker.drift()

    def save(self, folder: str | Path) -> None:
        """Write the index whole and put it in the place of the old one at once. Raises OSError.

        Of profiles replaced or removed since nothing is written, and the old files are removed.
        """
        storage.save(self._ranker, Path(folder))

    @classmethod
    def load(cls, folder: str | Path, glossary: Glossary | None = None, verify: bool = False) -> Matcher:
        """Open a saved index, memory-mapped. Raises ForeignIndex, DamagedIndex, OtherVersion.

        Sizes are always checked; ``verify`` also reads every byte against its checksum.
        """
        return cls(storage.load(Path(folder), glossary, verify))
