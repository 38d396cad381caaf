from __future__ import annotations

import pytest

from matching import Document, Matcher, Need, Profile, UnknownProfile
from tests.matching.corpus import BALLS, EVERYONE, random_profiles


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher.fit(EVERYONE)


def test_reason_names_the_document_and_field_it_came_from(matcher: Matcher) -> None:
    reasons = {(r.term, r.document, r.field) for r in matcher.explain(BALLS, "ceramist").reasons}
    assert ("氮化硅陶瓷", "", "bio") in reasons
    assert ("色斑", "一种轴承球毛坯", "keywords") in reasons


def test_snippet_holds_the_words(matcher: Matcher) -> None:
    for reason in matcher.explain(BALLS, "ceramist").reasons:
        assert (reason.via or reason.term) in reason.snippet


def test_translation_is_shown_with_both_wordings(matcher: Matcher) -> None:
    match = matcher.explain(Need("n", "氮化硅"), "ceramist")
    assert ("氮化硅", "silicon nitride") in {(r.term, r.via) for r in match.reasons}


def test_weights_are_shares_in_descending_order(matcher: Matcher) -> None:
    weights = [r.weight for r in matcher.explain(BALLS, "ceramist").reasons]
    assert weights == sorted(weights, reverse=True)
    assert all(0 < w <= 1 for w in weights) and sum(weights) <= 1.001


def test_removing_a_reasons_term_from_the_need_lowers_the_score(matcher: Matcher) -> None:
    full = matcher.explain(BALLS, "ceramist")
    assert full.reasons
    for reason in full.reasons:
        without = Need("n", BALLS.title.replace(reason.term, " "), BALLS.text.replace(reason.term, " "))
        assert matcher.scores(without, ["ceramist"])[0] < full.score, reason


def test_coverage_is_whole_only_when_every_term_is_there(matcher: Matcher) -> None:
    assert matcher.explain(Need("n", "气压烧结"), "ceramist").coverage == 1
    assert matcher.explain(BALLS, "ceramist").coverage < 1
    assert matcher.explain(Need("n", "番茄"), "ceramist").coverage == 0


def test_uncovered_lists_what_nobody_on_the_list_has(matcher: Matcher) -> None:
    ranking = matcher.rank(Need("n", "氮化硅陶瓷与拓扑绝缘体"))
    assert "拓扑绝缘体" in ranking.uncovered
    assert not any("氮化硅" in piece for piece in ranking.uncovered)


def test_explaining_an_unknown_profile_is_refused(matcher: Matcher) -> None:
    with pytest.raises(UnknownProfile):
        matcher.explain(BALLS, "nobody")


PROSE = Need("p", "提高氮化硅陶瓷球合格率", "现有方法控制精度不足，废品率在百分之三以内波动，需要研究稳定的控制方法")


def test_reasons_leave_out_what_is_said_in_every_field() -> None:
    solver = Profile("s", bio="研究氮化硅陶瓷球精度，控制方法稳定，成本降低百分之三以内")
    terms = [r.term for r in Matcher.fit([solver, *EVERYONE]).explain(PROSE, "s").reasons]
    assert "氮化硅陶瓷球" in terms and "精度" in terms
    assert not {"控制方法", "百分之三以内", "控制", "方法", "研究", "稳定"} & set(terms)


def test_words_of_every_field_are_shown_when_there_is_nothing_else() -> None:
    solver = Profile("s", bio="优化控制方法，偏差百分之三以内")
    match = Matcher.fit([solver, *EVERYONE]).explain(PROSE, "s")
    assert match.score > 0 and {"控制方法", "百分之三以内"} <= {r.term for r in match.reasons}


def test_english_words_of_every_field_are_left_out_too() -> None:
    solver = Profile("s", bio="Control methods for new systems; gas pressure sintering")
    need = Need("n", "Gas pressure sintering", "Better control methods for our systems are needed")
    terms = [r.term for r in Matcher.fit([solver, *EVERYONE]).explain(need, "s").reasons]
    assert "pressure sintering" in terms and not {"methods", "systems", "Control methods", "Control"} & set(terms)


def test_form_of_a_word_that_the_need_does_not_use_is_a_reason() -> None:
    solver = Profile("s", bio="Sintered ceramics, controlled methods")
    need = Need("n", "Sintering of ceramics", "with a method")
    terms = [r.term for r in Matcher.fit([solver, *EVERYONE]).explain(need, "s").reasons]
    assert "Sintered" in terms and "methods" not in terms


def test_word_that_a_fifth_of_all_texts_hold_is_no_reason_beside_others() -> None:
    crowd = [Profile(f"c{i}", documents=[Document("淄博陶瓷")]) for i in range(30)]
    solver = Profile("s", bio="淄博陶瓷，霉心检测仪")
    match = Matcher.fit([solver, *crowd, *EVERYONE]).explain(Need("n", "淄博陶瓷 霉心"), "s")
    assert [r.term for r in match.reasons] == ["霉心"]


@pytest.mark.parametrize(
    ("need", "bio"),
    [
        ("氮化硅陶瓷球烧结", "氧化铝坩埚瓷件"),  # characters of other words
        ("silicon nitride", "变化多端的硅谷"),  # characters of a translation
        ("精度 3 台 在 用", "设备两台 在 建"),  # words of grammar and measure
    ],
)
def test_who_shares_only_characters_is_no_match(need: str, bio: str) -> None:
    matcher = Matcher.fit([Profile("s", bio=bio), *EVERYONE])
    assert "s" not in [m.profile_id for m in matcher.rank(Need("n", need))]
    assert matcher.scores(Need("n", need), ["s"]) == [0]
    assert matcher.explain(Need("n", need), "s").reasons == ()


@pytest.mark.parametrize(("need", "term"), [("泵", "泵"), ("pump", "pump")])
def test_character_that_is_a_word_is_a_reason(need: str, term: str) -> None:
    matcher = Matcher.fit([Profile("s", bio="磁力驱动 泵"), *EVERYONE])
    (match,) = matcher.rank(Need("n", need))
    assert match.profile_id == "s" and [r.term for r in match.reasons] == [term]


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_nobody_is_ranked_without_a_reason(engine: str) -> None:
    profiles = random_profiles(8, 80)
    matcher = Matcher.fit(profiles)
    matcher._ranker.engine = engine
    for need in (Need(p.id, p.bio or "泵", " ".join(d.title for d in p.documents)) for p in profiles[:25]):
        assert all(match.reasons and match.coverage for match in matcher.rank(need, limit=80))
