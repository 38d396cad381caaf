"""The indicators in the order of the page: code, name, unit, rows, measure and definition (docs/domain.md B.7)."""

from dataclasses import dataclass
from typing import Any, Literal

from flask_babel import lazy_gettext as _l

from market.challenges.models import ChallengeVersion
from market.contracts.models import Contract, ContractState, ResultKind
from market.events.models import ContactResult
from market.needs.content import AmountKind
from market.payouts.models import PayoutKind
from market.reports import durations
from market.reports.funds import payouts, refunds, results, spending
from market.reports.indicators import (
    Rows,
    bids,
    contacts,
    contracts,
    events,
    has_contract,
    has_no_award,
    has_valid_bid,
    milestones,
    needs,
    posts,
    talents,
)


@dataclass(frozen=True, slots=True)
class Indicator:
    """One number: how its rows are found, what is made of them (a sum is in fen, a median in days), what it means."""

    code: str
    name: Any
    unit: Any
    rows: Rows
    measure: Literal["count", "distinct", "sum", "quantity", "median"] = "count"
    note: Any = ""


COUNT, ITEMS, AMOUNT, DAYS = _l("个"), _l("项"), _l("万元"), _l("天")
STATED = (AmountKind.FIXED, AmountKind.RANGE)
INTENT = ContactResult.INTENT
OPEN_AMOUNT = (AmountKind.UNLIMITED, AmountKind.NEGOTIABLE)
PASSED = (ContractState.COMPLETED,)
ENDED = (ContractState.COMPLETED, ContractState.CLOSED, ContractState.TERMINATED)
SELF_DECLARED = _l("企业自报；同一项目同类成效的时段不重叠，按截止日计入")
I = Indicator  # noqa: E741  (the table below is read line by line)

SECTIONS: tuple[tuple[Any, tuple[Indicator, ...]], ...] = (
    (
        _l("征集与发榜"),
        (
            I("J01", _l("征集写榜需求"), COUNT, needs, note=_l("本期首次提交区县的需求，不含草稿和已合并的重复需求")),
            I("J02", _l("发榜"), COUNT, posts(), note=_l("本期首次发榜；重新发榜另计。J03a + J03b + J03c = J02")),
            I("J02r", _l("重新发榜"), COUNT, posts(relisted=True), note=_l("流榜后重新发榜，不计入 J02")),
            I("J03a", _l("其中：定额"), COUNT, posts([AmountKind.FIXED]), note=_l("榜额形式以期末版本为准")),
            I("J03b", _l("其中：区间"), COUNT, posts([AmountKind.RANGE]), note=_l("榜额写明上下限的，口径同 J03a")),
            I(
                "J03c",
                _l("其中：不限定或面议"),
                COUNT,
                posts(OPEN_AMOUNT),
                note=_l("没有写明榜额的，口径同 J03a；榜额不是 0，不计入 J04"),
            ),
            I(
                "J04",
                _l("明确榜额"),
                AMOUNT,
                posts(STATED),
                "sum",
                _l("J02 中定额与区间榜单的榜额之和，区间按下限；以期末版本为准；不限定与面议不是 0，不计入"),
            ),
            I(
                "J04h",
                _l("明确榜额（区间按上限）"),
                AMOUNT,
                posts(STATED, range_at=ChallengeVersion.amount_high_fen),
                "sum",
                _l("仅供参考，主口径为 J04"),
            ),
        ),
    ),
    (
        _l("揭榜与对接"),
        (
            I("J05", _l("揭榜申请"), COUNT, bids, note=_l("本期提交且未撤回；密封的揭榜书在开启前对任何人都不计数")),
            I("J05t", _l("揭榜团队"), COUNT, bids, "distinct", _l("提交上述揭榜申请的团队，按团队去重")),
            I("J06", _l("揭榜活动"), _l("场"), events, note=_l("本期已举办的揭榜活动；区县口径为本区县企业到会的场次")),
            I("J07", _l("对接学者团队"), COUNT, contacts(), "distinct", _l("与发榜方有对接记录的团队，按团队去重")),
            I("J08", _l("意向协议"), COUNT, contacts(INTENT), note=_l("结果为意向协议的对接记录；从不计入签约")),
        ),
    ),
    (
        _l("签约与登记"),
        (
            I("J09", _l("签订揭榜合同"), ITEMS, contracts(), note=_l("本期签订的合同；赛马项目每份合同各计一项")),
            I(
                "J09c",
                _l("已签约榜单"),
                COUNT,
                contracts(key=Contract.challenge_id),
                "distinct",
                _l("签订了合同的榜单，一个榜单签几份合同只计一次"),
            ),
            I("J10", _l("合同金额"), AMOUNT, contracts(), "sum", _l("签订时的合同金额之和；签订后金额不能变更")),
            I(
                "J11",
                _l("技术合同登记"),
                ITEMS,
                contracts(Contract.turnover_fen, day=Contract.registered_on),
                note=_l("本期在技术合同登记机构登记的合同，以登记日为准"),
            ),
            I(
                "J11a",
                _l("技术合同成交额"),
                AMOUNT,
                contracts(Contract.turnover_fen, day=Contract.registered_on),
                "sum",
                _l("成交额与技术交易额分开统计，从不相加"),
            ),
            I(
                "J11b",
                _l("技术交易额"),
                AMOUNT,
                contracts(Contract.technology_fen, day=Contract.registered_on),
                "sum",
                _l("登记证明上的技术交易额，是成交额的一部分"),
            ),
            I(
                "J14",
                _l("带动项目研发投入"),
                AMOUNT,
                contracts(Contract.rd_total_fen),
                "sum",
                _l("本期签约项目合同约定的研发总投入（计划口径 J14p），不跨年重复累计"),
            ),
            I(
                "J14a",
                _l("实际研发支出"),
                AMOUNT,
                spending,
                "sum",
                _l("同一批签约项目截至期末、附证明并经发榜方确认的累计支出；每个项目只取最近一份，不跨年重复累计"),
            ),
            I("J16", _l("引进人才"), _l("人"), talents, "distinct", _l("引才榜单签约的带头人，按人去重，不分层次")),
        ),
    ),
    (
        _l("资金兑付"),
        (
            I(
                "J12",
                _l("兑付人才奖励资金"),
                AMOUNT,
                payouts(PayoutKind.REWARD),
                "sum",
                _l("本期银行确认到账的，减去本期退回的（净额）；未到账的不计"),
            ),
            I(
                "J12r",
                _l("退回人才奖励资金"),
                AMOUNT,
                refunds(PayoutKind.REWARD),
                "sum",
                _l("本期退回到账的，不论原兑付在哪一期；已从 J12 减去，J12 + J12r 为到账总额"),
            ),
            I(
                "J13",
                _l("兑付财政补助"),
                AMOUNT,
                payouts(PayoutKind.SUBSIDY),
                "sum",
                _l("本期银行确认到账的补助，减去本期退回的（净额）"),
            ),
            I("J13r", _l("退回财政补助"), AMOUNT, refunds(PayoutKind.SUBSIDY), "sum", _l("口径同 J12r，已从 J13 减去")),
            I(
                "J17d",
                _l("本期签约项目已兑付"),
                AMOUNT,
                payouts(*PayoutKind, of_contracts_signed=True),
                "sum",
                _l("本期签约项目在本期到账的奖励与补助，减去本期退回的；是财政放大倍数的分母"),
            ),
        ),
    ),
    (
        _l("实施与成效"),
        (
            I(
                "J18",
                _l("验收通过项目"),
                ITEMS,
                contracts(day=Contract.ended_on, states=PASSED),
                note=_l("本期验收通过的合同，即解决的企业难题"),
            ),
        ),
    ),
    (
        _l("成效（企业自报，未经核实）"),
        (
            I(
                "J18n",
                _l("申报成效"),
                _l("条"),
                results(),
                note=_l("时段截止日在本期、没有撤回的申报，以下各项由它们构成"),
            ),
            I(
                "J18e",
                _l("其中：附证明材料"),
                _l("条"),
                results(with_evidence=True),
                note=_l("附有合同、发票、完税证明、专利证书等的申报"),
            ),
            I("J18s", _l("新增销售收入"), AMOUNT, results(ResultKind.SALES), "sum", SELF_DECLARED),
            I("J18c", _l("节约成本"), AMOUNT, results(ResultKind.SAVED), "sum", SELF_DECLARED),
            I("J18t", _l("新增税收"), AMOUNT, results(ResultKind.TAX), "sum", SELF_DECLARED),
            I("J18p", _l("取得专利"), _l("件"), results(ResultKind.PATENT), "quantity", SELF_DECLARED),
        ),
    ),
)

# Rows that only a rate counts.
PARTS: tuple[Indicator, ...] = (
    I(
        "J15bn",
        _l("有有效揭榜的榜单"),
        COUNT,
        posts(where=has_valid_bid),
        note=_l("本期首次发榜、开启后至少有一份揭榜没有被形式审查否决的"),
    ),
    I("J15cn", _l("本期发榜中已签约的榜单"), COUNT, posts(where=has_contract), note=_l("至今已有合同签订的")),
    I("J15dn", _l("本期发榜中已流榜的榜单"), COUNT, posts(where=has_no_award), note=_l("至今已宣布流榜的")),
    I(
        "J15en",
        _l("按期完成的里程碑"),
        COUNT,
        milestones(on_time=True),
        note=_l("到期日前（含当日）报送并已通过验收的"),
    ),
    I("J15ed", _l("已到期的里程碑"), COUNT, milestones(), note=_l("到期日在本期的；合同结束后才到期的不计")),
    I(
        "J15fd",
        _l("已结束的合同"),
        ITEMS,
        contracts(day=Contract.ended_on, states=ENDED),
        note=_l("本期验收通过、结题或终止的合同；未签署的草稿不计"),
    ),
)

MEDIANS: tuple[Indicator, ...] = (
    I("J19a", _l("需求提交到发榜"), DAYS, durations.need_to_post, "median", _l("首次提交区县之日至首次发榜之日")),
    I(
        "J19b",
        _l("发榜到中榜"),
        DAYS,
        durations.post_to_award,
        "median",
        _l("首次发榜之日至该榜单首个中榜公示生效之日"),
    ),
    I("J19c", _l("中榜到签约"), DAYS, durations.award_to_sign, "median", _l("该揭榜的中榜公示生效之日至合同签署之日")),
    I("J19d", _l("签约到首笔兑付"), DAYS, durations.sign_to_money, "median", _l("合同签署之日至首笔财政资金到账之日")),
)

# (code, name, numerator, denominator, definition): b, c and d stay within the posts of the period.
RATES: tuple[tuple[str, Any, str, str, Any], ...] = (
    ("J15a", _l("发榜率"), "J02", "J01", _l("发榜数 ÷ 征集需求数；上期征集本期发榜的使它可能超过 100%")),
    ("J15b", _l("揭榜率"), "J15bn", "J02", _l("本期发榜中有有效揭榜的；未开启的榜单尚不计")),
    ("J15c", _l("签约率"), "J15cn", "J02", _l("本期发榜中至今已签约的，同一批榜单")),
    ("J15d", _l("流榜率"), "J15dn", "J02", _l("本期发榜中至今已流榜的，同一批榜单")),
    ("J15e", _l("里程碑按期率"), "J15en", "J15ed", _l("本期到期的里程碑中，到期日前提交并已通过的")),
    ("J15f", _l("验收通过率"), "J18", "J15fd", _l("本期结束（验收、结题、终止）的合同中验收通过的")),
)
# (code, name, numerator, denominator, definition)
LEVERAGES: tuple[tuple[str, Any, str, str, Any], ...] = (
    ("J17", _l("财政放大倍数（计划投入）"), "J14", "J17d", _l("本期签约项目的计划研发投入 ÷ 同一批项目本期到账净额")),
    ("J17a", _l("财政放大倍数（实际支出）"), "J14a", "J17d", _l("本期签约项目的实际研发支出 ÷ 同一批项目本期到账净额")),
)

ALL: tuple[Indicator, ...] = (*(i for _title, found in SECTIONS for i in found), *PARTS, *MEDIANS)
BY_CODE = {indicator.code: indicator for indicator in ALL}
