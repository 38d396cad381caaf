from __future__ import annotations

from matching import Matcher, Profile
from tests.matching.corpus import EVERYONE


def test_fresh_index_has_not_drifted() -> None:
    drift = Matcher.fit(EVERYONE).drift()
    assert drift.texts_then == drift.texts_now and drift.new_terms == 0 and drift.segments == 1 and drift.dead == 0
    assert drift.idf_shift < 1e-6


def test_new_words_and_removed_profiles_show_as_drift() -> None:
    matcher = Matcher.fit(EVERYONE)
    matcher.update([Profile("new", bio="zeppelin 飞艇")], removed=["botanist"])
    drift = matcher.drift()
    assert drift.new_terms > 0 and 0 < drift.new_share < 1 and drift.idf_shift > 0
    assert drift.segments == 2 and drift.dead == 1
    matcher.compact()
    assert matcher.drift().segments == 1 and matcher.drift().dead == 0
