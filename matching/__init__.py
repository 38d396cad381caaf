"""Rank who could solve a technical problem, and say why.

>>> from matching import Document, Matcher, Need, Profile
>>> matcher = Matcher.fit([
...     Profile("S1", keywords=["Si3N4", "轴承球"], bio="研究氮化硅陶瓷的气压烧结与晶界相"),
...     Profile("S2", bio="番茄病毒病的田间快速检测", documents=[Document("侧流层析试纸条", "等温扩增", year=2024)]),
... ])
>>> ranking = matcher.rank(Need("C1", "氮化硅陶瓷球批次一致性", "气压烧结后密度离散"))
>>> [match.profile_id for match in ranking]
['S1']
>>> reason = ranking[0].reasons[0]
>>> reason.field, reason.term
('bio', '氮化硅陶瓷')
>>> "密度离散" in " ".join(ranking.uncovered)
True

``Matcher`` fits, ranks, explains, updates, saves and loads. Everything it refuses is a ``MatchingError``.
"""

from matching.errors import (
    DamagedIndex,
    DuplicateProfile,
    EmptyCorpus,
    ForeignIndex,
    IndexUnusable,
    InvalidInput,
    MatchingError,
    OtherVersion,
    UnknownProfile,
)
from matching.evaluation import evaluate, read_experts, read_queries
from matching.glossary import Glossary, read_glossary, shipped
from matching.matcher import Matcher
from matching.types import Document, Drift, Match, Need, Profile, Ranking, Reason, Settings

__all__ = [
    "DamagedIndex", "Document", "Drift", "DuplicateProfile", "EmptyCorpus", "ForeignIndex", "Glossary", "IndexUnusable",
    "InvalidInput", "Match", "Matcher", "MatchingError", "Need", "OtherVersion", "Profile", "Ranking", "Reason",
    "Settings", "UnknownProfile", "evaluate", "read_experts", "read_glossary", "read_queries", "shipped",
]  # fmt: skip
