"""The way of a need from the draft to the ledger of accepted ones, and everything that stops it."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.accounts.models import OrganisationState
from market.attachments.queries import attachments_of
from market.audit.models import Entry
from market.audit.verify import verify
from market.database import db, transaction
from market.errors import IllegalMove, InvalidInput, NotAllowed, NotFound
from market.integrity.models import IntegrityRecord
from market.needs import operations, queries
from market.needs.content import AmountKind
from market.needs.models import Need, NeedState
from market.notifications.models import Message
from market.permissions import Role
from market.programmes.models import CycleState
from tests.builders.chain import content
from tests.builders.needs import make_firm
from tests.builders.people import acting, client_of, make_district, make_user, save

SCORES = [{"expert": f"专家{n}", "score": 80 + n} for n in range(5)]


def do(operation: Callable[..., Any], user: Any, subject: Any, *arguments: Any, **named: Any) -> Any:
    with transaction():
        return operation(acting(user), db.session.merge(subject), *arguments, **named)


def state_of(need: Need) -> NeedState:
    db.session.expire_all()
    return db.session.get_one(Need, need.id).state


def actions() -> list[str]:
    return list(db.session.scalars(select(Entry.action).order_by(Entry.seq)))


def test_need_goes_from_draft_to_accepted_with_every_act_in_the_journal(app: Flask) -> None:
    firm = make_firm()
    with transaction():
        need = operations.create_need(acting(firm.author), firm.cycle, firm.organisation, {"title": "半成品"})
        need_id = need.id
    need = db.session.get_one(Need, need_id)
    do(operations.edit_need, firm.author, need, content())
    firm.commit(need)
    do(operations.submit_need, firm.signatory, need)
    do(operations.recommend_need, firm.district, need, "11月20日到厂走访，见到技术负责人，属实")
    do(operations.pass_formal_check, firm.city, need)
    assert do(operations.record_validation, firm.city, need, SCORES) is True
    assert state_of(need) is NeedState.ACCEPTED
    wanted = ["need:create", "need:edit", "need:submit", "need:recommend", "need:pass_formal", "need:accept"]
    assert [action for action in actions() if action.startswith("need:")] == wanted
    assert verify(db.session())[1] is None


def test_draft_may_be_half_empty_but_not_submitted(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(title="", background="", indicators=[], amount_kind=None, amount_fen=None, contact_phone=None)
    with pytest.raises(InvalidInput) as refusal:
        do(operations.submit_need, firm.signatory, need)
    wanted = {"title", "background", "indicators", "amount_kind", "contact_phone"}
    assert wanted <= set(refusal.value.errors)
    assert state_of(need) is NeedState.DRAFT


def test_author_cannot_submit_but_asks_the_signatory(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    with pytest.raises(NotAllowed):
        do(operations.submit_need, firm.author, need)
    do(operations.ask_to_submit, firm.author, need)
    told = db.session.scalars(select(Message.user_id)).all()
    assert told == [firm.signatory.id]


def test_signatory_is_not_asked_while_anything_is_missing(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(title="", background="")
    with pytest.raises(InvalidInput, match="补齐后才能请签约人提交"):
        do(operations.ask_to_submit, firm.author, need)
    assert db.session.scalars(select(Message.user_id)).all() == []
    client = client_of(app, firm.author)
    page = client.get(f"/needs/{need.id}/submit").get_data(as_text=True)
    assert "补齐上面列出的内容后" in page and f"/needs/{need.id}/ask" not in page
    answer = client.post(f"/needs/{need.id}/ask", follow_redirects=True)
    assert answer.status_code == 200 and "补齐后才能请签约人提交" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": "太短"}, "title"),
        ({"title": "研究开发技术产业化应用"}, "title"),
        ({"title": "长" * 51}, "title"),
        ({"background": "短"}, "background"),
        ({"in_house_unsolvable": False}, "in_house_unsolvable"),
        ({"deliverables": []}, "deliverables"),
        ({"indicators": content()["indicators"][:2]}, "indicators"),
        ({"indicators": content()["indicators"] * 5}, "indicators"),
        (
            {"indicators": [{**content()["indicators"][0], "name": "性能国际先进"}, *content()["indicators"][1:]]},
            "indicators",
        ),
        ({"indicators": [{**content()["indicators"][0], "value": "很高"}, *content()["indicators"][1:]]}, "indicators"),
        ({"indicators": [{**content()["indicators"][0], "method": ""}, *content()["indicators"][1:]]}, "indicators"),
        ({"amount_fen": None}, "amount_fen"),
        ({"amount_kind": AmountKind.RANGE, "amount_low_fen": 5, "amount_high_fen": 5}, "amount_high_fen"),
        ({"funding_total_fen": 1}, "funding_total_fen"),
        ({"term_months": 60}, "term_months"),
        ({"confidentiality": "partly"}, "confidential_text"),
    ],
)
def test_submission_asks_for_what_the_rules_want(app: Flask, values: dict[str, Any], field: str) -> None:
    firm = make_firm()
    need = firm.need()
    do(operations.edit_need, firm.author, need, values)
    with pytest.raises(InvalidInput) as refusal:
        do(operations.submit_need, firm.signatory, need)
    assert list(refusal.value.errors) == [field]


def test_complete_need_is_submitted_as_control_of_the_refusals_above(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    do(operations.submit_need, firm.signatory, need)
    assert state_of(need) is NeedState.DISTRICT_CHECK


def test_need_without_the_commitment_letter_is_refused_where_the_rules_ask_for_it(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(letter=False)
    with pytest.raises(InvalidInput) as refusal:
        do(operations.submit_need, firm.signatory, need)
    assert list(refusal.value.errors) == ["commitment"]
    with pytest.raises(InvalidInput):
        do(operations.ask_to_submit, firm.author, need)
    assert state_of(need) is NeedState.DRAFT
    free = make_firm(commitment_letter_required=False)
    need = free.need(letter=False)
    do(operations.submit_need, free.signatory, need)
    assert state_of(need) is NeedState.DISTRICT_CHECK


def test_removed_letter_counts_no_more(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    (letter,) = attachments_of(need, operations.COMMITMENT)
    with transaction():
        operations.detach(acting(firm.author), need, letter)
    with pytest.raises(InvalidInput, match="出资承诺函"):
        do(operations.submit_need, firm.signatory, need)


def test_poster_share_below_the_rules_is_refused(app: Flask) -> None:
    firm = make_firm(poster_share_least=60)
    need = firm.need(funding_poster_fen=100_000_000, funding_fiscal_fen=100_000_000)
    with pytest.raises(InvalidInput) as refusal:
        do(operations.submit_need, firm.signatory, need)
    assert "60%" in refusal.value.errors["funding_poster_fen"]


def test_young_unverified_or_barred_firm_cannot_submit(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    today = clock.today()

    def refusal() -> str:
        with pytest.raises(InvalidInput) as found:
            do(operations.submit_need, firm.signatory, need)
        return found.value.errors[""]

    with transaction():
        organisation = db.session.merge(firm.organisation)
        organisation.registered_on = today - timedelta(days=300)
        operations.record(acting(firm.author), "test:build")
    assert "满 1 年" in refusal()
    with transaction():
        organisation.registered_on, organisation.state = date(2015, 1, 1), OrganisationState.PENDING
        operations.record(acting(firm.author), "test:build")
    assert "核验" in refusal()
    with transaction():
        organisation.state = OrganisationState.VERIFIED
        operations.record(acting(firm.author), "test:build")
    save(
        IntegrityRecord(
            organisation_id=firm.organisation.id,
            conduct="虚假材料",
            basis="24号令",
            decided_by="测试局",
            starts_on=today - timedelta(days=1),
            ends_on=today + timedelta(days=300),
            entered_by_id=firm.city.id,
        )
    )
    assert "失信" in refusal()


def test_outside_the_cycles_window_nothing_is_submitted_to_the_second(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    ends = firm.cycle.closes_at
    with clock.at(ends + timedelta(seconds=1)), pytest.raises(InvalidInput):
        do(operations.submit_need, firm.signatory, need)
    with clock.at(ends):
        do(operations.submit_need, firm.signatory, need)
    assert state_of(need) is NeedState.DISTRICT_CHECK


def test_closed_cycle_takes_no_draft(app: Flask) -> None:
    firm = make_firm()
    with transaction():
        db.session.merge(firm.cycle).state = CycleState.CLOSED
        operations.record(acting(firm.city), "test:build")
    with pytest.raises(InvalidInput, match="征集"), transaction():
        operations.create_need(acting(firm.author), firm.cycle, firm.organisation, {})


def test_return_puts_remarks_beside_fields_and_resubmission_shows_what_changed(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    do(operations.submit_need, firm.signatory, need)
    do(operations.return_need, firm.district, need, {"background": "请补充损失", "title": " "}, "背景不清")
    kept = db.session.get_one(Need, need.id)
    assert (kept.state, kept.returns, kept.remarks) == (NeedState.RETURNED, 1, {"background": "请补充损失"})
    do(operations.edit_need, firm.author, need, {"background": content()["background"] + "年损失三十万元。"})
    assert db.session.get_one(Need, need.id).remarks == {}
    do(operations.submit_need, firm.signatory, need)
    assert queries.changed_since_return(db.session.get_one(Need, need.id)) == ["background"]


def test_a_third_return_is_refused(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    for _round in range(2):
        do(operations.submit_need, firm.signatory, need)
        do(operations.return_need, firm.district, need, {}, "请修改")
    do(operations.submit_need, firm.signatory, need)
    with pytest.raises(InvalidInput, match="上限"):
        do(operations.return_need, firm.district, need, {}, "再改")
    assert state_of(need) is NeedState.DISTRICT_CHECK


def test_returned_need_may_be_resubmitted_after_the_window(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    do(operations.submit_need, firm.signatory, need)
    do(operations.return_need, firm.district, need, {}, "请修改")
    with clock.at(firm.cycle.closes_at + timedelta(days=3)):
        do(operations.submit_need, firm.signatory, need)
    assert state_of(need) is NeedState.DISTRICT_CHECK


def test_reasons_are_required(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(NeedState.DISTRICT_CHECK)
    for operation, arguments in (
        (operations.recommend_need, ("",)),
        (operations.return_need, ({}, " ")),
        (operations.refuse_need, ("",)),
    ):
        with pytest.raises(InvalidInput):
            do(operation, firm.district, need, *arguments)
    with pytest.raises(InvalidInput):
        do(operations.withdraw_need, firm.signatory, need, "")
    assert state_of(need) is NeedState.DISTRICT_CHECK


def test_district_of_another_place_cannot_check(app: Flask) -> None:
    firm = make_firm()
    make_district("370304", "博山区")
    other = make_user(Role.DISTRICT_OFFICER, district="370304")
    need = firm.need(NeedState.DISTRICT_CHECK)
    with pytest.raises(NotAllowed):
        do(operations.recommend_need, other, need, "看过")
    with pytest.raises(NotFound):
        queries.need_of(acting(other), need.id)


def test_city_officer_cannot_do_the_districts_check_nor_district_the_citys(app: Flask) -> None:
    firm = make_firm()
    with pytest.raises(NotAllowed):
        do(operations.recommend_need, firm.city, firm.need(NeedState.DISTRICT_CHECK), "看过")
    with pytest.raises(NotAllowed):
        do(operations.pass_formal_check, firm.district, firm.need(NeedState.FORMAL_CHECK))


@pytest.mark.parametrize(
    "scores",
    [
        SCORES[:4],
        SCORES[:3],
        [*SCORES, {"expert": "专家9", "score": 70}],
        [{**row, "expert": "同一人"} for row in SCORES],
        [{**row, "score": 101} for row in SCORES],
        [{**row, "score": -1} for row in SCORES],
        [{**row, "score": None} for row in SCORES],
        [],
    ],
)
def test_panel_must_be_odd_large_enough_and_score_within_bounds(app: Flask, scores: list[dict[str, Any]]) -> None:
    firm = make_firm()
    need = firm.need(NeedState.VALIDATION)
    with pytest.raises(InvalidInput):
        do(operations.record_validation, firm.city, need, scores)
    assert state_of(need) is NeedState.VALIDATION


def test_mean_below_the_line_refuses_and_cannot_be_overruled(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(NeedState.VALIDATION)
    low = [{**row, "score": 59} for row in SCORES]
    with pytest.raises(InvalidInput, match="低于"):
        do(operations.record_validation, firm.city, need, low, True)
    with pytest.raises(InvalidInput):
        do(operations.record_validation, firm.city, need, low)
    assert do(operations.record_validation, firm.city, need, low, reason="指标不可考核") is False
    assert state_of(need) is NeedState.REFUSED


def test_mean_exactly_on_the_line_accepts(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(NeedState.VALIDATION)
    assert do(operations.record_validation, firm.city, need, [{**row, "score": 60} for row in SCORES])
    assert state_of(need) is NeedState.ACCEPTED


def test_merge_keeps_the_target_and_refuses_itself(app: Flask) -> None:
    firm = make_firm()
    need, other = firm.need(NeedState.FORMAL_CHECK), firm.need(NeedState.VALIDATION)
    with pytest.raises(InvalidInput):
        do(operations.merge_need, firm.city, need, need, "重复")
    with pytest.raises(InvalidInput):
        do(operations.merge_need, firm.city, need, firm.need(), "草稿不能作为目标")
    do(operations.merge_need, firm.city, need, db.session.merge(other), "与既有需求重复")
    assert state_of(need) is NeedState.MERGED
    assert db.session.get_one(Need, need.id).merged_into_id == other.id


def test_posted_need_cannot_be_withdrawn(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(NeedState.POSTED)
    with pytest.raises(NotAllowed):
        do(operations.withdraw_need, firm.signatory, need, "不做了")
    with pytest.raises((NotAllowed, IllegalMove)):
        do(operations.mark_solved, firm.signatory, need)


def test_drafts_are_for_the_firm_alone(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    strangers = [firm.district, firm.city, firm.head, make_user(Role.SUPERVISOR), make_firm().author]
    for person in strangers:
        with pytest.raises(NotFound):
            queries.need_of(acting(person), need.id)
        assert queries.needs_page(acting(person), queries.NeedFilter()).total == 0
    assert queries.need_of(acting(firm.author), need.id).id == need.id


def test_other_firm_sees_nothing_of_a_submitted_need(app: Flask) -> None:
    firm, rival = make_firm(), make_firm()
    need = firm.need(NeedState.VALIDATION)
    with pytest.raises(NotFound):
        queries.need_of(acting(rival.author), need.id)
    assert queries.own_similar_needs(acting(rival.author), rival.need()) == []
    assert [row.id for _score, row in queries.similar_needs(rival.need())] == [need.id]


def test_amounts_of_another_kind_are_dropped(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    do(operations.edit_need, firm.author, need, {"amount_kind": "negotiable", "amount_fen": 5})
    kept = db.session.get_one(Need, need.id)
    assert (kept.amount_kind, kept.amount_fen) == (AmountKind.NEGOTIABLE, None)


@pytest.mark.parametrize(
    ("values", "field"),
    [({"amount_fen": -1}, "amount_fen"), ({"kind": "magic"}, "kind"), ({"term_months": 0}, "term_months"),
     ({"title": "长" * 201}, "title"), ({"state": "accepted"}, "")],
)  # fmt: skip
def test_draft_refuses_values_that_fit_no_column(app: Flask, values: dict[str, Any], field: str) -> None:
    firm = make_firm()
    need = firm.need()
    with pytest.raises(InvalidInput) as refusal:
        do(operations.edit_need, firm.author, need, values)
    assert list(refusal.value.errors) == [field]


def test_confidential_part_is_not_in_the_journal(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    do(operations.edit_need, firm.author, need, {"confidential_text": "绝密配方甲乙丙"})
    changes = db.session.scalars(select(Entry.changes).order_by(Entry.seq.desc()).limit(1)).one()
    assert "绝密配方" not in str(changes) and "confidential_text" in str(changes)
