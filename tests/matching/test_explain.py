from __future__ import annotations

import pytest

from matching import Matcher, Need, UnknownProfile
from tests.matching.corpus import BALLS, EVERYONE


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
