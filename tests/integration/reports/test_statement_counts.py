"""However many rows a number has, its page runs the same statements."""

from flask import Flask

from market.accounts.models import Organisation
from market.database import db
from market.needs.models import NeedState
from market.permissions import Role
from tests.builders.chain import make_contract, make_need, make_solver
from tests.builders.counting import statements
from tests.builders.events import make_contact
from tests.builders.people import client_of, make_organisation, make_user


def test_pages_run_the_same_statements_for_one_row_and_twenty(app: Flask) -> None:
    staff = client_of(app, make_user(Role.CITY_OFFICER))
    number = make_organisation().id

    def grow() -> None:
        firm = db.session.get_one(Organisation, number)
        make_contact(firm, make_solver())
        make_need(organisation=firm, state=NeedState.DISTRICT_CHECK)

    def counts() -> list[int]:
        found = []
        for address in (
            "/reports/",
            "/reports/J01",
            "/reports/J07",
            "/reports/J07.xlsx",
            "/reports/print",
            "/statistics/",
        ):
            db.session.remove()
            with statements() as seen:
                assert staff.get(address).status_code == 200
            found.append(len(seen))
        return found

    grow()
    make_contract()
    counts()
    before = counts()
    for _ in range(12):
        grow()
    assert counts() == before
