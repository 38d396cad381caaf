"""How far long work is: for those who may know."""

from flask import Flask

from market.jobs.progress import report_progress
from market.permissions import Role
from tests.builders.people import client_of, make_organisation, make_user


def test_progress_asks_again_until_the_work_is_done(app: Flask) -> None:
    browser = client_of(app, make_user(Role.CITY_OFFICER))
    report_progress("matches:7", 3, 10, "正在匹配")
    page = browser.get("/jobs/progress/matches:7").get_data(as_text=True)
    assert "30%" in page and "正在匹配" in page and "every 2s" in page
    report_progress("matches:7", 10, 10, "完成", finished=True)
    page = browser.get("/jobs/progress/matches:7").get_data(as_text=True)
    assert "100%" in page and "every 2s" not in page


def test_persons_progress_is_their_own(app: Flask) -> None:
    person, stranger = make_user(), make_user(Role.CITY_OFFICER)
    report_progress(f"user:{person.id}:import", 1, 2)
    assert client_of(app, person).get(f"/jobs/progress/user:{person.id}:import").status_code == 200
    assert client_of(app, stranger).get(f"/jobs/progress/user:{person.id}:import").status_code == 404


def test_firm_administrator_and_unknown_key_learn_nothing(app: Flask) -> None:
    report_progress("matches:7", 3, 10)
    for person in (make_user(Role.FIRM_AUTHOR, organisation=make_organisation()), make_user(Role.ADMINISTRATOR)):
        assert client_of(app, person).get("/jobs/progress/matches:7").status_code == 404
    assert client_of(app, make_user(Role.CITY_OFFICER)).get("/jobs/progress/nothing").status_code == 404
