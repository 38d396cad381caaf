"""One whole cycle on the pages: a firm's half-empty draft becomes a challenge, an award, a contract, a paid reward.

Every form is filled as its page offers it, every step is also tried by somebody who may not.
"""

from collections.abc import Callable

from flask import Flask

from tests.stories import award_steps, steps
from tests.stories.steps import Story, on

DIARY: tuple[tuple[str, tuple[Callable[[Story], None], ...]], ...] = (
    ("03-02", (steps.draft_half_empty, steps.complete_and_submit)),
    ("03-04", (steps.recommend,)),
    ("03-06", (steps.pass_formal_check_and_record_panel,)),
    ("03-10", (steps.set_passphrases, steps.prepare_and_confirm)),
    ("03-11", (steps.approve_posting,)),
    ("03-16", (steps.register_team,)),
    ("03-17", (steps.verify_team,)),
    ("03-18", (steps.rank_and_invite,)),
    ("03-19", (steps.answer_invitation,)),
    ("03-30", (steps.draft_and_seal, steps.rival_seals)),
    ("04-11", ()),  # The deadline has passed: the clock closes the challenge.
    ("04-13", (award_steps.open_bids, award_steps.screen_bids)),
    ("04-16", (award_steps.fill_pool, award_steps.seat_panel)),
    ("04-17", (award_steps.declare_no_conflicts,)),
    ("04-20", (award_steps.score_bids,)),
    ("04-22", (award_steps.rank_and_conclude,)),
    ("04-28", (award_steps.publish_notice,)),
    ("05-08", (award_steps.effect_refused_within_the_period,)),
    ("05-11", (award_steps.take_effect,)),
    ("05-15", (award_steps.draft_contract,)),
    ("05-18", (award_steps.confirm_contract,)),
    ("05-20", (award_steps.sign_contract,)),
    ("11-02", (award_steps.report_milestone,)),
    ("11-10", (award_steps.accept_milestone, award_steps.pay_bounty)),
    ("11-16", (award_steps.grant_budget, award_steps.request_payout)),
    ("11-17", (award_steps.check_payout,)),
    ("11-20", (award_steps.approve_and_pay,)),
    ("11-23", (award_steps.statistics_show_the_payout, award_steps.supervisor_finds_every_act)),
)


def test_need_becomes_a_paid_reward(app: Flask) -> None:
    with on("02-09"):
        story = Story(app)
    for day, acts in DIARY:
        with on(day):
            for act in acts:
                act(story)
