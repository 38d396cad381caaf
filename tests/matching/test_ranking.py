from __future__ import annotations

import pickle
import random
from dataclasses import replace

import pytest

from matching import (
    Document,
    DuplicateProfile,
    EmptyCorpus,
    InvalidInput,
    Matcher,
    Need,
    Profile,
    UnknownProfile,
)
from matching import latent as latent_module
from matching import ranking as ranking_module
from matching import reading as reading_module
from tests.matching.corpus import BALLS, BOTANIST, CERAMIST, EVERYONE, SCHOLAR, random_profiles, random_text


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher.fit(EVERYONE)


def test_best_solver_comes_first(matcher: Matcher) -> None:
    ranking = matcher.rank(BALLS)
    assert ranking[0].profile_id == "ceramist"
    assert [match.rank for match in ranking] == list(range(1, len(ranking) + 1))
    assert all(0 < match.score <= 1 for match in ranking)


def test_english_only_scholar_is_found_by_a_chinese_need(matcher: Matcher) -> None:
    ranking = matcher.rank(Need("v", "药用玻璃瓶脱片风险", "中硼硅玻璃内表面耐水性"))
    assert ranking[0].profile_id == "scholar"
    assert any(reason.via and "玻璃" in reason.term for reason in ranking[0].reasons)


def test_limit_and_among_restrict_the_answer(matcher: Matcher) -> None:
    need = Need("n", "研究 反应 检测 玻璃 氮化硅")
    assert len(matcher.rank(need, limit=1)) == 1
    assert {m.profile_id for m in matcher.rank(need, among=["botanist", "nobody"])} == {"botanist"}
    assert matcher.rank(need, among=[]) == ()


def test_rank_many_gives_the_order_of_rank(matcher: Matcher) -> None:
    needs = [BALLS, Need("x", "病毒 检测")]
    for need, many in zip(needs, matcher.rank_many(needs), strict=True):
        assert [(m.profile_id, m.score) for m in many] == [(m.profile_id, m.score) for m in matcher.rank(need)]


def test_scores_agree_with_rank_and_are_zero_without_a_shared_term(matcher: Matcher) -> None:
    ranked = {m.profile_id: m.score for m in matcher.rank(BALLS)}
    ids = [p.id for p in EVERYONE]
    for id_, score in zip(ids, matcher.scores(BALLS, ids), strict=True):
        assert score == pytest.approx(ranked.get(id_, 0.0), abs=1e-6)
    with pytest.raises(UnknownProfile, match="nobody"):
        matcher.scores(BALLS, ["nobody"])


def test_equal_scores_are_ordered_by_id() -> None:
    twins = [Profile(id_, bio="氮化硅陶瓷") for id_ in ("b", "c", "a")]
    ranking = Matcher.fit([*twins, BOTANIST]).rank(Need("n", "氮化硅"))
    assert [m.profile_id for m in ranking] == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["", "   ", "的 与 及", "the of and", "😀\x00\ud800", "12345 0.25"])
def test_need_without_a_usable_term_gives_an_empty_ranking(matcher: Matcher, text: str) -> None:
    ranking = matcher.rank(Need("n", text))
    assert ranking == () and ranking.uncovered == ()


def test_need_that_nobody_shares_gives_no_match_but_says_what_is_missing(matcher: Matcher) -> None:
    ranking = matcher.rank(Need("n", "quantum chromodynamics"))
    assert ranking == ()
    assert ranking.uncovered == ("quantum chromodynamics",)


def test_a_megabyte_of_need_is_answered(matcher: Matcher) -> None:
    assert matcher.rank(Need("n", "氮化硅陶瓷球 " * 100_000))[0].profile_id == "ceramist"


def test_traditional_and_full_width_forms_do_not_break(matcher: Matcher) -> None:
    assert matcher.rank(Need("n", "氮化矽陶瓷 Ｓｉ３Ｎ４"))[0].profile_id == "ceramist"


def test_empty_corpus_is_refused() -> None:
    with pytest.raises(EmptyCorpus):
        Matcher.fit([])
    with pytest.raises(EmptyCorpus):
        Matcher.fit([Profile("a", bio="的")])


def test_profile_without_terms_is_kept_and_never_ranked() -> None:
    matcher = Matcher.fit([CERAMIST, Profile("empty")])
    assert "empty" in matcher and len(matcher) == 2
    assert [m.profile_id for m in matcher.rank(BALLS)] == ["ceramist"]


def test_single_profile_corpus_ranks() -> None:
    assert Matcher.fit([CERAMIST]).rank(BALLS)[0].profile_id == "ceramist"


def test_duplicated_id_is_refused() -> None:
    with pytest.raises(DuplicateProfile, match="ceramist"):
        Matcher.fit([CERAMIST, CERAMIST])


@pytest.mark.parametrize(
    "profile",
    [
        "no profile",
        Profile(""),
        Profile(7),  # type: ignore[arg-type]
        Profile("a", bio=None),  # type: ignore[arg-type]
        Profile("a", keywords=[3]),  # type: ignore[list-item]
        Profile("a", documents=["no document"]),  # type: ignore[list-item]
        Profile("a", documents=[Document(None)]),  # type: ignore[arg-type]
    ],
)
def test_malformed_profile_is_refused(profile: Profile) -> None:
    with pytest.raises(InvalidInput):
        Matcher.fit([profile])


def test_malformed_need_and_limit_are_refused(matcher: Matcher) -> None:
    with pytest.raises(InvalidInput, match="limit"):
        matcher.rank(BALLS, limit=0)
    with pytest.raises(InvalidInput, match="Need"):
        matcher.rank("text")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="strings"):
        matcher.rank(Need("n", None))  # type: ignore[arg-type]


def test_new_profile_is_ranked_without_a_refit() -> None:
    matcher = Matcher.fit([BOTANIST, SCHOLAR])
    need = Need("n", "气压烧结")
    assert matcher.rank(need) == ()
    matcher.update([CERAMIST])
    assert matcher.rank(need)[0].profile_id == "ceramist"
    matcher.update([Profile("new", bio="全新词 zeppelin")])
    assert matcher.rank(Need("z", "zeppelin"))[0].profile_id == "new"


def test_changed_profile_answers_with_its_new_words_only() -> None:
    matcher = Matcher.fit(EVERYONE)
    matcher.update([Profile("ceramist", bio="改行研究量子计算")])
    assert "ceramist" not in [m.profile_id for m in matcher.rank(Need("n", "气压烧结"))]
    assert matcher.rank(Need("n", "量子计算"))[0].profile_id == "ceramist"
    assert len(matcher) == 4


def test_removed_profile_is_gone_and_unknown_removal_changes_nothing() -> None:
    matcher = Matcher.fit(EVERYONE)
    matcher.update(removed=["ceramist"])
    assert "ceramist" not in matcher
    assert "ceramist" not in [m.profile_id for m in matcher.rank(BALLS)]
    with pytest.raises(UnknownProfile):
        matcher.update([CERAMIST], removed=["nobody"])
    assert "ceramist" not in matcher


def test_compaction_changes_no_score() -> None:
    draw = random.Random(1)
    profiles = random_profiles(1, 60)
    matcher = Matcher.fit(profiles[:40])
    matcher.update(profiles[40:50], removed=[profiles[3].id])
    matcher.update([*profiles[50:], Profile(profiles[5].id, bio="玻璃 zeppelin")])
    needs = [Need(str(i), random_text(draw, 6)) for i in range(10)]
    before = matcher.rank_many(needs, 100)
    matcher.compact()
    after = matcher.rank_many(needs, 100)
    for old, new in zip(before, after, strict=True):
        assert [m.profile_id for m in old] == [m.profile_id for m in new]
        assert [m.score for m in old] == pytest.approx([m.score for m in new], abs=1e-6)


def test_many_small_updates_are_merged_and_answer_like_one() -> None:
    profiles = random_profiles(4, 40)
    step, whole = Matcher.fit(profiles[:20]), Matcher.fit(profiles[:20])
    for profile in profiles[20:]:
        step.update([profile])
    whole.update(profiles[20:])
    assert step.drift().segments < 10
    need = Need("n", random_text(random.Random(4), 8))
    expected = [(m.profile_id, pytest.approx(m.score, abs=1e-6)) for m in whole.rank(need, 40)]
    assert [(m.profile_id, m.score) for m in step.rank(need, 40)] == expected


def test_unchanged_texts_are_not_read_again_and_count_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    matcher = Matcher.fit(EVERYONE)
    before = matcher.rank(BALLS)
    read: list[str] = []
    original = ranking_module.words_of
    monkeypatch.setattr(ranking_module, "words_of", lambda texts, n: original(read.extend(texts) or texts, n))
    matcher.update([CERAMIST])
    assert read == []
    again = matcher.rank(BALLS)
    assert [m.profile_id for m in again] == [m.profile_id for m in before]
    assert [m.score for m in again] == pytest.approx([m.score for m in before], abs=1e-6)
    matcher.update([replace(CERAMIST, bio="改行研究量子计算")])
    assert len(read) == 1 and "量子计算" in read[0]
    assert matcher.rank(Need("n", "量子计算"))[0].profile_id == "ceramist"


def test_any_string_may_be_an_id() -> None:
    ids = ["甲", "😀", "a b", "\ud800", "a\x00", "x" * 500]
    matcher = Matcher.fit([Profile(id_, bio="氮化硅陶瓷") for id_ in ids])
    assert all(id_ in matcher for id_ in ids) and 7 not in matcher and "b" not in matcher
    assert sorted(m.profile_id for m in matcher.rank(Need("n", "氮化硅"), among=[*ids, "甲"])) == sorted(ids)
    with pytest.raises(UnknownProfile, match="b"):
        matcher.explain(BALLS, "b")


@pytest.mark.parametrize(
    "text", ["😀氮化硅🧪", "氮化\x00\x07硅 氮化硅", "\ud83d氮化硅\udc00", "氮化硅" + "\u200b" * 50]
)
def test_emoji_control_characters_and_surrogates_beside_words_do_not_hide_them(matcher: Matcher, text: str) -> None:
    ranking = matcher.rank(Need("n", text))
    assert ranking[0].profile_id == "ceramist" and ranking[0].reasons
    odd = Matcher.fit([Profile("odd", keywords=[text], bio=text, documents=[Document(text)]), BOTANIST])
    assert odd.rank(Need("n", "氮化硅"))[0].profile_id == "odd"


def test_index_that_lost_everybody_answers_with_nothing_and_fills_again() -> None:
    matcher = Matcher.fit([CERAMIST, BOTANIST])
    matcher.update(removed=["ceramist", "botanist"])
    matcher.compact()
    assert len(matcher) == 0 and matcher.rank(BALLS) == ()
    matcher.update([Profile("empty"), CERAMIST])
    assert [m.profile_id for m in matcher.rank(BALLS)] == ["ceramist"]


def test_only_the_heaviest_terms_of_a_pasted_document_take_part(monkeypatch: pytest.MonkeyPatch) -> None:
    matcher = Matcher.fit(EVERYONE)
    monkeypatch.setattr(reading_module, "MOST_TERMS", 5)
    assert len(matcher._ranker.read(BALLS).query.terms) == 5
    assert matcher.rank(BALLS)[0].profile_id == "ceramist"


def test_large_corpus_learns_its_latent_space_from_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent_module, "_LATENT_TEXTS", 5)
    ranker = Matcher.fit([*EVERYONE, *random_profiles(2, 20)])._ranker
    assert ranker.frozen.projection.shape[1] == 4


def test_corpus_of_a_single_text_has_no_latent_space_and_ranks() -> None:
    matcher = Matcher.fit([BOTANIST])
    assert matcher._ranker.frozen.projection.shape[1] == 0
    assert matcher.rank(Need("n", "番茄病毒"))[0].profile_id == "botanist"


def test_ranking_survives_the_way_to_another_process(matcher: Matcher) -> None:
    ranking = matcher.rank(BALLS)
    copy = pickle.loads(pickle.dumps(ranking))
    assert copy == ranking and copy.uncovered == ranking.uncovered
