"""From an accepted milestone to money in the account: each step, its refusals, its traces."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from market import clock
from market.audit.models import Entry
from market.audit.verify import verify as verify_audit
from market.database import db, transaction
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed
from market.payouts import operations
from market.payouts.models import Payout, PayoutKind, PayoutState, Transfer, TransferKind
from market.payouts.verification import verify
from market.permissions import Role
from tests.builders.chain import make_contract, make_cycle
from tests.builders.payouts import (
    Desk,
    accepted,
    advance_payout,
    behind_the_fences,
    first_milestone,
    good_card,
    make_budget_line,
    make_desk,
    make_payout,
    request,
)
from tests.builders.people import acting, make_user

# make_contract: R&D total 300 万元, share 30 % → 90 万元; the first milestone's 30 % → 27 万元.
FIRST_SHARE = 27_000_000


def both_verified() -> bool:
    return verify(db.session())[1] is None and verify_audit(db.session())[1] is None


def test_payout_goes_through_three_persons_and_every_fen_is_explained(app: Flask) -> None:
    payout = make_payout("paid", amount_fen=FIRST_SHARE)
    assert payout.state is PayoutState.PAID
    assert len({payout.maker_id, payout.checker_id, payout.approver_id}) == 3
    account = payout.budget_line.account
    assert (account.debits_pending_fen, account.debits_posted_fen) == (0, FIRST_SHARE)
    actions = list(db.session.scalars(select(Entry.action).where(Entry.subject_kind == "payout").order_by(Entry.seq)))
    assert actions == ["payout:request", "payout:check", "payout:approve", "payout:confirm_paid"]
    assert both_verified()


def test_request_holds_the_amount_on_the_budget_line(app: Flask) -> None:
    payout = make_payout(amount_fen=FIRST_SHARE)
    assert payout.budget_line.account.debits_pending_fen == FIRST_SHARE
    assert payout.budget_line.account.available_fen == 500_000_000 - FIRST_SHARE
    assert both_verified()


def test_request_before_acceptance_is_refused(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    line = make_budget_line(contract, desk.checker)
    with pytest.raises(NotAllowed, match="尚未通过验收"):
        request(desk, first_milestone(contract), line)
    assert db.session.scalar(select(Payout.id)) is None


def test_request_above_what_is_payable_is_refused(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    line, milestone = make_budget_line(contract, desk.checker), accepted(contract)
    with pytest.raises(InvalidInput, match=r"270,000\.00") as refusal:
        request(desk, milestone, line, FIRST_SHARE + 1)
    assert "amount_fen" in refusal.value.errors


def test_entitlement_counts_payouts_of_all_kinds_together(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    reward = make_budget_line(contract, desk.checker)
    subsidy = make_budget_line(contract, desk.checker, kind=PayoutKind.SUBSIDY)
    milestone = accepted(contract)
    request(desk, milestone, reward, FIRST_SHARE - 100)
    with pytest.raises(InvalidInput, match=r"1\.00"):
        request(desk, milestone, subsidy, 200)


def test_cap_of_the_rules_limits_the_entitlement(app: Flask) -> None:
    from market.bids.models import BidState
    from market.challenges.models import ChallengeState
    from market.needs.models import NeedState
    from tests.builders.chain import make_bid, make_challenge, make_need

    need = make_need(make_cycle(fiscal_cap_fen=10_000_000), state=NeedState.POSTED)
    bid = make_bid(make_challenge(need, state=ChallengeState.RUNNING), state=BidState.CONTRACTED)
    desk, contract = make_desk(), make_contract(bid)
    line, milestone = make_budget_line(contract, desk.checker), accepted(contract)
    with pytest.raises(InvalidInput, match=r"30,000\.00"):
        request(desk, milestone, line, 3_000_001)
    request(desk, milestone, line, 3_000_000)


def test_request_beyond_the_budget_line_is_refused(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    line, milestone = make_budget_line(contract, desk.checker, amount_fen=1000), accepted(contract)
    with pytest.raises(InvalidInput, match="余额不足"):
        request(desk, milestone, line, 1001)


def test_the_same_form_sent_twice_makes_one_payout(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    line, milestone = make_budget_line(contract, desk.checker), accepted(contract)
    first = request(desk, milestone, line, request_key="one")
    assert request(desk, milestone, line, request_key="one").id == first.id
    assert len(db.session.scalars(select(Transfer).where(Transfer.kind == TransferKind.HOLD)).all()) == 1


def test_second_request_of_the_same_kind_for_a_milestone_is_refused(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    line, milestone = make_budget_line(contract, desk.checker), accepted(contract)
    request(desk, milestone, line)
    with pytest.raises(InvalidInput, match="已有同类兑付"):
        request(desk, milestone, line)


def test_budget_line_of_another_kind_is_refused(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    line = make_budget_line(contract, desk.checker, kind=PayoutKind.SUBSIDY)
    with pytest.raises(InvalidInput) as refusal:
        request(desk, accepted(contract), line, kind=PayoutKind.REWARD)
    assert "budget_line_id" in refusal.value.errors


@pytest.mark.parametrize("typed", ["", "abc", "1234567", "6222 0202 0011 22\x00", "1" * 31, "-12345678"])
def test_bad_bank_account_is_refused_beside_the_field(app: Flask, typed: str) -> None:
    desk, contract = make_desk(), make_contract()
    line, milestone = make_budget_line(contract, desk.checker), accepted(contract)
    if typed == "-12345678":  # A dash is how people group digits.
        assert request(desk, milestone, line, bank_account=typed).bank_account == "12345678"
        return
    with pytest.raises(InvalidInput) as refusal:
        request(desk, milestone, line, bank_account=typed)
    assert "bank_account" in refusal.value.errors


def test_full_width_and_grouped_account_is_one_number(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    card = good_card()
    typed = " ".join(card[i : i + 4] for i in range(0, len(card), 4)).replace("6", "６")
    payout = request(desk, accepted(contract), make_budget_line(contract, desk.checker), bank_account=typed)
    assert payout.bank_account == card


def test_mistyped_card_needs_a_second_look(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    line, milestone = make_budget_line(contract, desk.checker), accepted(contract)
    wrong = good_card()[:-1] + str((int(good_card()[-1]) + 1) % 10)
    with pytest.raises(InvalidInput, match="校验位"):
        request(desk, milestone, line, bank_account=wrong)
    assert request(desk, milestone, line, bank_account=wrong, card_confirmed=True).bank_account == wrong


def test_bank_account_is_not_readable_in_the_database(app: Flask) -> None:
    payout = make_payout()
    stored = db.session.execute(text("SELECT bank_account FROM payout WHERE id = :id"), {"id": payout.id}).scalar_one()
    assert good_card().encode() not in bytes(stored)
    assert good_card() not in " ".join(str(changes) for changes in db.session.scalars(select(Entry.changes)))


def two_roles(*roles: Role) -> Desk:
    """One person who somehow holds several roles of money: the row's own history must stop them."""
    one = make_user(*roles)
    return Desk(one, one, one)


def test_maker_with_the_checkers_role_cannot_check_own_request(app: Flask) -> None:
    desk = make_desk()
    desk.maker = make_user(Role.FINANCE_MAKER, Role.FINANCE_CHECKER)
    payout = make_payout(desk=desk)
    with pytest.raises(NotAllowed, match="经办人不能复核"), transaction():
        operations.check_payout(acting(desk.maker), payout)


def test_checker_with_the_heads_role_cannot_approve_what_they_checked(app: Flask) -> None:
    desk = make_desk()
    desk.checker = make_user(Role.FINANCE_CHECKER, Role.DIVISION_HEAD)
    payout = make_payout("checked", desk=desk)
    with pytest.raises(NotAllowed, match="三个不同的人"), transaction():
        operations.approve_payout(acting(desk.checker), payout)


def test_approval_before_checking_is_refused(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout(desk=desk)
    with pytest.raises(NotAllowed), transaction():
        operations.approve_payout(acting(desk.head), payout)


def test_payment_before_approval_is_refused(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout("checked", desk=desk)
    with pytest.raises(NotAllowed), transaction():
        operations.confirm_paid(acting(desk.maker), payout, "HD1", clock.today())


def test_paying_twice_is_refused(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout("paid", desk=desk)
    with pytest.raises((NotAllowed, IllegalMove)), transaction():
        operations.confirm_paid(acting(desk.maker), payout, "HD-again", clock.today())
    assert both_verified()


def test_bank_reference_serves_one_payout_only(app: Flask) -> None:
    desk = make_desk()
    first = make_payout("paid", desk=desk)
    second = make_payout("approved", desk=desk)
    with pytest.raises(InvalidInput, match="另一笔"), transaction():
        operations.confirm_paid(acting(desk.maker), second, first.bank_reference or "", clock.today())


@pytest.mark.parametrize(("days", "why"), [(1, "今天"), (-1, "审批日期")])
def test_payment_day_lies_between_approval_and_today(app: Flask, days: int, why: str) -> None:
    desk = make_desk()
    payout = make_payout("approved", desk=desk)
    with pytest.raises(InvalidInput, match=why), transaction():
        operations.confirm_paid(acting(desk.maker), payout, "HD77", clock.today() + timedelta(days=days))


def test_sent_back_request_frees_the_money_and_may_be_asked_again_with_another_amount(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout(desk=desk, amount_fen=2_000_000)
    with transaction():
        operations.send_back_payout(acting(desk.checker), payout, "开户行写错了，请改")
    account = payout.budget_line.account
    assert account.debits_pending_fen == 0
    assert both_verified()
    with transaction():
        operations.request_again(
            acting(desk.maker),
            payout,
            {"kind": payout.kind, "budget_line": payout.budget_line, "bank_name": "另一支行", "bank_account": good_card(),
             "amount_fen": 3_000_000, "basis": payout.basis},
        )  # fmt: skip
    assert payout.state is PayoutState.REQUESTED
    assert account.debits_pending_fen == 3_000_000
    for step in ("check", "approve", "pay"):
        advance_payout(desk, payout, step)
    assert account.debits_posted_fen == 3_000_000
    assert both_verified()


def test_approver_may_refuse_with_a_reason(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout("checked", desk=desk)
    with pytest.raises(InvalidInput), transaction():
        operations.refuse_payout(acting(desk.head), payout, "不行")
    with transaction():
        operations.refuse_payout(acting(desk.head), payout, "依据文件未附，请补齐")
    assert payout.state is PayoutState.SENT_BACK
    assert both_verified()


@pytest.mark.parametrize("state", ["requested", "approved"])
def test_cancelling_releases_the_money_and_frees_the_milestone(app: Flask, state: str) -> None:
    desk = make_desk()
    payout = make_payout(state, desk=desk)
    with transaction():
        operations.cancel_payout(acting(desk.maker), payout, "收款人账户已销户")
    assert payout.budget_line.account.debits_pending_fen == 0
    assert both_verified()
    request(desk, payout.milestone, payout.budget_line)
    assert both_verified()


def test_cancelling_a_sent_back_request_releases_nothing_twice(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout(desk=desk)
    with transaction():
        operations.send_back_payout(acting(desk.checker), payout, "依据文件未附")
    with transaction():
        operations.cancel_payout(acting(desk.maker), payout, "不再申请这一期")
    assert both_verified()


def test_reward_to_the_poster_where_the_rules_say_so(app: Flask) -> None:
    from market.bids.models import BidState
    from market.challenges.models import ChallengeState
    from market.needs.models import NeedState
    from tests.builders.chain import make_bid, make_challenge, make_need

    need = make_need(make_cycle(reward_payee="poster"), state=NeedState.POSTED)
    bid = make_bid(make_challenge(need, state=ChallengeState.RUNNING), state=BidState.CONTRACTED)
    contract = make_contract(bid)
    desk = make_desk()
    payout = request(desk, accepted(contract), make_budget_line(contract, desk.checker), bank_account="1234567890")
    assert payout.payee_name == contract.organisation.name


def test_top_up_needs_a_document(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    line = make_budget_line(contract, desk.checker, amount_fen=100)
    with pytest.raises(InvalidInput) as refusal, transaction():
        operations.top_up(acting(desk.checker), line, 100, " ")
    assert "basis" in refusal.value.errors
    with transaction():
        operations.top_up(acting(desk.checker), line, 100, "测财教〔2026〕9号")
    assert line.account.available_fen == 200
    assert both_verified()


def test_budget_is_entered_by_the_checker_only(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    with pytest.raises(NotAllowed), transaction():
        operations.create_budget_line(
            acting(desk.maker), contract.challenge.cycle, "A", "B", PayoutKind.REWARD, "文", 100
        )


def test_budget_code_is_unique_in_a_cycle(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    make_budget_line(contract, desk.checker, code="ZB-X")
    with pytest.raises(InvalidInput, match="已有这个指标编号"):
        make_budget_line(contract, desk.checker, code="ZB-X")


def sent_behind_the_back(statement: str, **values: object) -> None:
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(text(statement), values)


@pytest.mark.parametrize(
    "change",
    [
        "amount_fen = amount_fen + 100",
        "payee_name = '别人'",
        "bank_name = '别的银行'",
        "maker_id = checker_id",
        "basis = ''",
    ],
)
def test_database_keeps_what_was_checked(app: Flask, change: str) -> None:
    payout = make_payout("checked")
    with pytest.raises(IntegrityError):
        sent_behind_the_back(f"UPDATE payout SET {change} WHERE id = :id", id=payout.id)


@pytest.mark.parametrize("column", ["amount_fen", "payee_name", "bank_account"])
def test_payee_account_or_amount_changed_behind_the_back_stops_approval_and_payment(app: Flask, column: str) -> None:
    desk = make_desk()
    checked, approved = make_payout("checked", desk=desk), make_payout("approved", desk=desk)
    other = make_payout(desk=desk)
    value = {"amount_fen": "amount_fen + 100", "payee_name": "'别人'"}.get(
        column, f"(SELECT o.bank_account FROM payout o WHERE o.id = {other.id})"
    )
    if column == "bank_account":
        # The cipher of another row opens well: only the seal tells that it does not belong here.
        with transaction():
            operations.send_back_payout(acting(desk.checker), other, "账号需要更换")
        values = {"kind": other.kind, "budget_line": other.budget_line, "bank_name": "另一支行",
                  "bank_account": good_card("622202020099887766"), "amount_fen": other.amount_fen, "basis": other.basis}  # fmt: skip
        with transaction():
            operations.request_again(acting(desk.maker), other, values)
    for payout in (checked, approved):
        behind_the_fences(f"UPDATE payout SET {column} = {value} WHERE id = :id", id=payout.id)
    with pytest.raises(Conflict, match="不一致"), transaction():
        operations.approve_payout(acting(desk.head), checked)
    with pytest.raises(Conflict, match="不一致"), transaction():
        operations.confirm_paid(acting(desk.maker), approved, "HD-x", clock.today())
    finding = verify(db.session())[1]
    assert finding is not None and finding.where == f"payout 第 {checked.id} 行"
