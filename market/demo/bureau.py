"""The office's own books in the live cycle: working days, integrity, follow-ups, extensions, the clock's reminders."""

from datetime import date, timedelta

from market.accounts.models import Organisation, User
from market.bids.reminders import remind_unsealed_drafts
from market.challenges.changes import change_challenge, extend_deadline
from market.challenges.models import Challenge
from market.contracts.reminders import remind_due_milestones
from market.database import db
from market.demo.awards import CLERK, SECOND
from market.demo.cast import Cast
from market.demo.diary import Diary
from market.integrity.models import IntegrityRecord
from market.integrity.operations import Decision, add_record, lift_record
from market.needs.models import Need
from market.needs.operations import add_follow_up
from market.notices.reminders import remind_due_objections, remind_ended_periods
from market.programmes.operations import enter_calendar_days
from market.reviews.reminders import remind_silent_experts

# (month, first day, last day, worked, what for) of next year, until the State Council's notice is entered.
HOLIDAYS = (
    (1, 1, 3, False, "元旦放假（按往年惯例预登，以国务院办公厅通知为准）"),
    (5, 1, 5, False, "劳动节放假（按往年惯例预登，以国务院办公厅通知为准）"),
    (10, 1, 7, False, "国庆节放假（按往年惯例预登，以国务院办公厅通知为准）"),
)
# (whose, what, basis, decided by, days it lasts); the last one is lifted before its time.
BREACHES = (
    (
        "qihui",
        "代办技术合同登记时提供两份内容不实的技术交易证明",
        "科研失信行为调查处理规则第二十五条；市科技局处理决定〔演示〕3 号",
        "市科学技术局",
        730,
    ),
    (
        "lead-s53",
        "项目结题材料重复使用另一项目的田间试验数据",
        "科研诚信案件调查处理意见〔演示〕11 号",
        "海岱农业工程研究院学术委员会",
        1095,
    ),
    (
        "qizhouwater",
        "逾期未提交往年项目绩效自评报告，经两次书面催告",
        "财政科技资金绩效管理办法第十九条（演示）",
        "市科学技术局",
        365,
    ),
)
LIFTED = "qizhouwater"
LIFTING = "已补交近两个年度绩效自评报告并通过复核，按信用修复程序提前解除。"
# (need, who, days ago, text)
FOLLOW_UPS = (
    ("N26-C18", CLERK, 6, "已与两家机器人团队通话，均要求先看坯体样件；企业答应下周寄出 20 件次品。"),
    ("N26-C19", SECOND, 5, "论证专家建议把漏检率与误检率分开写，已转企业修改测试方法，待补充样片清单。"),
    (
        "N26-L3",
        "district-boshan",
        4,
        "到企业现场看了外观分选工位，日检约 9000 粒，复核 3 人；企业愿提供标注样品。",
    ),
    ("N26-C16", "district-boshan", 2, "已约下周走访；企业补交了近一年报修台账，尚缺振动采样点位图。"),
    ("N26-C28", CLERK, 2, "形式审查发现误判率口径未写明按支还是按批，电话告知企业技术负责人。"),
)
EXTENDED, EXTENDED_BY = "N26-C02", 7
EXTENSION = "流延生坯样片运输受阻，部分团队未能按期完成试烧，经主管处室研究延长揭榜 7 天。"
CHANGED = "N26-C08"
CHANGE = "发榜企业同意放宽揭榜条件：允许以小试装置数据代替中试业绩，指标和榜额不变。"
NEW_CONDITIONS = "具有烯烃环氧化催化剂研究基础；没有中试业绩的，须提供不少于 500 h 的小试寿命数据"


def tell_bureau(cast: Cast, diary: Diary, today: date) -> None:
    def ago(days: int) -> date:
        return today - timedelta(days=days)

    diary.note(ago(12), "09:30", _enter_holidays, cast, today.year + 1)
    diary.note(ago(200), "10:20", _record_breaches, cast, diary, today)
    diary.note(ago(20), "15:40", _lift, cast, diary)
    for need, who, days, text in FOLLOW_UPS:
        diary.note(ago(days), "16:40", _follow_up, cast, diary, need, who, text)
    diary.note(ago(3), "10:30", _extend, cast, diary)
    diary.note(ago(2), "10:40", _change, cast, diary)
    diary.tick(ago(1), "08:30", _clock_reminds)


def _enter_holidays(cast: Cast, year: int) -> None:
    for month, first, last, is_working, note in HOLIDAYS:
        enter_calendar_days(
            cast.actor(CLERK), date(year, month, first), date(year, month, last), is_working=is_working, note=note
        )


def _record_breaches(cast: Cast, diary: Diary, today: date) -> None:
    for key, conduct, basis, decided_by, days in BREACHES:
        is_firm = key in cast.organisations
        subject = (
            db.session.get_one(Organisation, cast.organisations[key])
            if is_firm
            else db.session.get_one(User, cast.people[key])
        )
        begins = today - timedelta(days=200)
        decision = Decision(conduct, basis, decided_by, begins, begins + timedelta(days=days))
        diary.keep("integrity_record", key, add_record(cast.actor(SECOND), subject, decision))


def _lift(cast: Cast, diary: Diary) -> None:
    lift_record(cast.actor(SECOND), diary.get(IntegrityRecord, LIFTED), LIFTING)


def _follow_up(cast: Cast, diary: Diary, need: str, who: str, text: str) -> None:
    add_follow_up(cast.actor(who), diary.get(Need, need), text)


def _extend(cast: Cast, diary: Diary) -> None:
    extend_deadline(cast.actor(CLERK), diary.get(Challenge, EXTENDED), EXTENDED_BY, EXTENSION)


def _change(cast: Cast, diary: Diary) -> None:
    values = {"solver_conditions": NEW_CONDITIONS}
    change_challenge(cast.actor(CLERK), diary.get(Challenge, CHANGED), values, CHANGE)


def _clock_reminds() -> None:
    """The clock of the replay runs no schedule: what it would have said yesterday morning."""
    remind_silent_experts()
    remind_due_objections()
    remind_ended_periods()
    remind_due_milestones()
    remind_unsealed_drafts()
