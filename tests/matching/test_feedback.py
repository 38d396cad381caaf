"""What the nearest profiles add: the need's field, found in the latent space (pseudo-relevance feedback)."""

from __future__ import annotations

import random

import numpy as np
import pytest

from matching import Document, Matcher, Need, Profile, Settings
from tests.matching.corpus import random_profiles, random_text

_PROBLEM = (
    "高温燃料喷嘴雾化不均匀，火焰稳定性差，需要改进旋流器结构并降低排放，兼顾启动阶段的点火可靠性与长期运行的积碳控制"
)


def field_of(number: int, words: str, seed: int) -> list[Profile]:
    """Profiles of one field: each says a few of its words."""
    draw = random.Random(seed)
    pieces = words.split()
    return [Profile(f"{pieces[0]}-{i}", documents=[Document(" ".join(draw.sample(pieces, 4))) for _ in range(3)])
            for i in range(number)]  # fmt: skip


@pytest.fixture(scope="module")
def corpus() -> list[Profile]:
    combustion = field_of(12, "喷嘴雾化 旋流器结构 火焰稳定性 点火可靠性 积碳控制 燃烧室 航空发动机 热声振荡", 1)
    farming = field_of(12, "土壤改良 番茄种植 病虫害防治 灌溉管理 长期运行 肥料配方 种子消毒 温室大棚", 2)
    return [*combustion, *farming]


def scores(matcher: Matcher, need: Need, ids: list[str]) -> np.ndarray:
    return np.array(matcher.scores(need, ids))


def test_those_who_work_in_the_field_gain_on_those_who_share_a_stray_word(corpus: list[Profile]) -> None:
    corpus = [*corpus, Profile("insider", bio="燃烧室 航空发动机 热声振荡 长期运行"), Profile("stranger", bio="灌溉管理 温室大棚 番茄种植 长期运行")]  # fmt: skip
    need = Need("n", "燃烧器攻关", _PROBLEM)
    with_it, without = (Matcher.fit(corpus, Settings(nearest=n)) for n in (3, 0))
    leads = [np.subtract(*scores(m, need, ["insider", "stranger"])) for m in (with_it, without)]
    assert leads[0] > leads[1]


def test_profile_scores_the_same_whoever_else_is_asked_about(corpus: list[Profile]) -> None:
    matcher = Matcher.fit(corpus)
    need = Need("n", "燃烧器攻关", _PROBLEM)
    everybody = {match.profile_id: match.score for match in matcher.rank(need, limit=100)}
    for id_ in everybody:
        (alone,) = matcher.rank(need, among=[id_])
        assert alone.score == everybody[id_] == matcher.scores(need, [id_])[0] == matcher.explain(need, id_).score


def test_removed_profile_no_longer_says_what_the_field_is(corpus: list[Profile]) -> None:
    need = Need("n", "燃烧器攻关", _PROBLEM)
    matcher = Matcher.fit(corpus)
    nearest = [match.profile_id for match in matcher.rank(need, limit=6)]
    matcher.update(removed=nearest)
    left = [profile.id for profile in corpus if profile.id not in nearest]
    before = scores(matcher, need, left)
    matcher.compact()
    assert scores(matcher, need, left).tolist() == before.tolist()


def test_twins_of_the_nearest_are_taken_in_the_order_of_their_ids() -> None:
    twins = [Profile(id_, bio="氮化硅陶瓷 气压烧结 轴承球毛坯") for id_ in ("c", "a", "d", "b")]
    need = Need("n", "氮化硅陶瓷球", "气压烧结后密度离散，精研后出现色斑")
    first = Matcher.fit([*twins, *random_profiles(3, 20)])
    second = Matcher.fit([*reversed(twins), *random_profiles(3, 20)])
    assert [m.profile_id for m in first.rank(need)][:4] == [m.profile_id for m in second.rank(need)][:4] == list("abcd")


def test_scores_of_pairs_are_those_of_the_ranking_in_a_changed_index() -> None:
    profiles = random_profiles(11, 60)
    matcher = Matcher.fit(profiles[:40])
    matcher.update(profiles[40:], removed=[profiles[2].id, profiles[7].id])
    draw = random.Random(4)
    for number in range(5):
        need = Need(str(number), random_text(draw, 90))
        ranked = {match.profile_id: match.score for match in matcher.rank(need, limit=100)}
        assert list(ranked.values()) == matcher.scores(need, list(ranked))


def test_in_a_tiny_index_the_nearest_are_not_taken_for_the_field() -> None:
    need = Need("n", "燃烧器攻关", _PROBLEM)
    few = [
        Profile("insider", bio="旋流器结构 火焰稳定性"),
        Profile("stranger", bio="番茄种植 长期运行"),
        Profile("none", bio="小麦"),
    ]
    with_it, without = (Matcher.fit(few, Settings(nearest=n)).rank_many([need])[0] for n in (3, 0))
    assert with_it == without
    assert [match.profile_id for match in with_it] == ["insider", "stranger"]


def test_bare_title_is_decided_by_words_alone(corpus: list[Profile]) -> None:
    """Neither the latent space nor its feedback has a say."""
    title = Need("n", "旋流器结构")
    answers = [Matcher.fit(corpus, Settings(latent=weight)).rank_many([title])[0] for weight in (0.0, 5.0)]
    assert [m.profile_id for m in answers[0]] == [m.profile_id for m in answers[1]]
