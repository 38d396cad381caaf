"""People at the door of the live cycle: firms to verify, a member to admit, an invitation not yet accepted."""

from datetime import date, timedelta

from stdnum.cn import uscc

from market.accounts.models import Organisation, OrganisationKind
from market.accounts.operations import NewOrganisation, NewPerson, invite, register_person
from market.database import db
from market.demo.cast import PASSWORD, Cast
from market.demo.diary import Diary
from market.permissions import ANONYMOUS, Role

# (name, e-mail, firm, district, number)
FIRMS = (
    ("袁知禾", "yuan@example.invalid", "淄博临清高分子材料有限公司（虚构）", "370305", "9137030500000X8T1"),
    ("闻思齐", "wen@example.invalid", "淄博齐芯传感技术有限公司（虚构）", "370371", "9137037100000X8T2"),
)


def _firm_comes(name: str, email: str, firm: str, district: str, number: str) -> None:
    details = NewOrganisation(
        kind=OrganisationKind.FIRM,
        name=firm,
        uscc=number + uscc.calc_check_digit(number),
        district_code=district,
        registered_on=date(2018, 4, 16),
        contact_name=name,
    )
    register_person(ANONYMOUS, NewPerson(name, email, PASSWORD), organisation=details)


def _colleague_asks(cast: Cast) -> None:
    institute = db.session.get_one(Organisation, cast.organisations["lzceram"])
    register_person(ANONYMOUS, NewPerson("程砚", "cheng@example.invalid", PASSWORD), join=institute)


def _expert_is_invited(cast: Cast) -> None:
    invite(cast.actor("administrator"), "expert.new@example.invalid", Role.EXPERT)


def tell_newcomers(cast: Cast, diary: Diary, today: date) -> None:
    for entry in FIRMS:
        diary.note(today - timedelta(days=2), "10:30", _firm_comes, *entry)
    diary.note(today - timedelta(days=1), "11:30", _colleague_asks, cast)
    diary.note(today - timedelta(days=1), "14:30", _expert_is_invited, cast)
