"""A person registers, joins an organisation or registers one; officers verify; managers decide."""

from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from market.accounts import operations, queries
from market.accounts.models import Membership, MembershipState, Organisation, OrganisationKind, OrganisationState, User
from market.audit.models import Entry
from market.audit.verify import verify
from market.database import db, transaction
from market.errors import Conflict, NotAllowed
from market.permissions import Role
from tests.builders.mail import letters, text_of
from tests.builders.people import acting, client_of, make_district, make_organisation, make_uscc, make_user

PERSON = {"name": "林见微", "email": "Lin@Example.invalid", "password": "一句足够长的话当密码", "agrees": "y"}
# What a browser sends for the parts nobody touched.
UNCHOSEN = {"affiliation": "later", "kind": "firm", "country": "CN", "district_code": ""}


def register(client: FlaskClient, **values: str) -> tuple[int, str]:
    answer = client.post("/accounts/register", data={**PERSON, **UNCHOSEN, **values})
    return answer.status_code, answer.get_data(as_text=True)


def user(email: str = "lin@example.invalid") -> User:
    db.session.rollback()
    found = queries.user_by_email(email)
    assert found is not None
    return found


def test_register_person_without_organisation(client: FlaskClient) -> None:
    assert register(client)[0] == 303
    assert user().name == "林见微"
    assert db.session.scalar(select(Entry.action)) == "user:register"
    assert verify(db.session())[1] is None


def test_register_person_never_stores_the_password(client: FlaskClient) -> None:
    register(client)
    assert user().password_hash.startswith("$argon2id$")


def test_register_and_join_asks_the_manager(app: Flask, client: FlaskClient) -> None:
    firm = make_organisation("博山电炉制造有限公司")
    manager = make_user(Role.ORGANISATION_MANAGER, organisation=firm)
    assert register(client, affiliation="join", organisation_query="博山电炉")[0] == 303
    membership = db.session.scalars(select(Membership)).one()
    assert (membership.state, membership.organisation_id) == (MembershipState.REQUESTED, firm.id)
    assert acting(user()).held == ()
    assert "林见微" in text_of(letters(app, manager.email)[0])


def test_searching_an_organisation_offers_several_and_keeps_what_was_typed(client: FlaskClient) -> None:
    make_organisation("博山电炉制造有限公司")
    make_organisation("博山电炉配件有限公司")
    status, page = register(client, affiliation="join", organisation_query="博山电炉")
    assert status == 422 and "找到多家单位，请选择一家" in page
    assert "博山电炉制造有限公司" in page and 'value="林见微"' in page and 'value="lin@example.invalid"' in page
    assert "一句足够长的话当密码" not in page


def test_search_button_shows_the_form_again_without_registering(client: FlaskClient) -> None:
    make_organisation("博山电炉制造有限公司")
    answer = client.post("/accounts/register", data={"name": "林", "organisation_query": "电炉", "action": "find"})
    assert answer.status_code == 200 and "博山电炉制造有限公司" in answer.get_data(as_text=True)
    assert db.session.scalars(select(User)).all() == []


def test_registering_a_firm_waits_for_the_officer_of_its_district(app: Flask, client: FlaskClient) -> None:
    make_district()
    make_district("370304", "博山区")
    officer = make_user(Role.DISTRICT_OFFICER, district="370303")
    other = make_user(Role.DISTRICT_OFFICER, district="370304")
    new = dict(
        affiliation="new",
        organisation_name="张店新锐设备有限公司",
        uscc=make_uscc(),
        district_code="370303",
        kind="firm",
    )
    status, text = register(client, **new)[:2]
    assert status != 303 and "企业请填写成立日期" in text, "a need of a firm without one could never be submitted"
    assert register(client, **new, registered_on="2018-04-16")[0] == 303
    firm = db.session.scalars(select(Organisation)).one()
    assert firm.state is OrganisationState.PENDING and acting(user()).held == ()
    assert letters(app, officer.email) and not letters(app, other.email)
    assert client_of(app, other).post(f"/accounts/organisations/{firm.id}/verify").status_code == 404
    assert client_of(app, officer).post(f"/accounts/organisations/{firm.id}/verify").status_code == 303
    assert acting(user()).roles == {Role.ORGANISATION_MANAGER, Role.FIRM_AUTHOR, Role.FIRM_SIGNATORY}
    assert verify(db.session())[1] is None


def test_verified_university_makes_its_registrant_manager_and_solver(app: Flask, client: FlaskClient) -> None:
    new = dict(affiliation="new", organisation_name="Testing University", country="DE", kind="university")
    assert register(client, **new)[0] == 303
    found = db.session.scalars(select(Organisation)).one()
    assert (found.uscc, found.country, found.district_code) == (None, "DE", None)
    officer = make_officer()
    with transaction():
        operations.verify_organisation(acting(officer), queries.organisation_of(found.id))
    assert acting(user()).roles == {Role.ORGANISATION_MANAGER, Role.SOLVER, Role.TEAM_LEAD}


def make_officer() -> User:
    db.session.rollback()
    found = db.session.scalars(select(User).where(User.email == "officer@example.invalid")).first()
    return found or make_user(Role.CITY_OFFICER, email="officer@example.invalid")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"uscc": "913703001234567890"}, "统一社会信用代码有误"),
        ({"uscc": ""}, "请填写统一社会信用代码"),
        ({"uscc": "不是代码"}, "统一社会信用代码有误"),
        ({"uscc": "9" * 41}, "最多 40 个字"),
        ({"organisation_name": ""}, "请填写单位全称"),
        ({"organisation_name": "名" * 201}, "最多 200 个字"),
        ({"country": "DE"}, "境外单位没有统一社会信用代码"),
        ({"registered_on": "2999-01-01"}, "年份不合理"),
        ({"registered_on": "昨天"}, "请填写日期"),
        ({"contact_phone": "打电话"}, "电话只能含数字"),
        ({"district_code": "999999"}, "district_code-error"),
        ({"kind": "bureau"}, "kind-error"),
    ],
)
def test_bad_organisation_is_told_beside_its_field(client: FlaskClient, values: dict[str, str], message: str) -> None:
    good = dict(affiliation="new", organisation_name="张店新锐设备有限公司", uscc=make_uscc(), kind="firm")
    status, page = register(client, **{**good, **values})
    assert status == 422 and message in page
    assert 'value="林见微"' in page
    assert db.session.scalars(select(User)).all() == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"email": "not an address"}, "请填写有效的邮箱地址"),
        ({"email": "a@b.c\nBcc: all@example.invalid"}, "请填写有效的邮箱地址"),
        ({"email": "x" * 300 + "@example.invalid"}, "最多 254 个字"),
        ({"email": "用户@example.invalid"}, "请填写有效的邮箱地址"),
        ({"name": ""}, "请填写此项"),
        ({"name": "林\x00见微"}, "不可见的控制字符"),
        ({"name": "名" * 81}, "最多 80 个字"),
        ({"password": "short"}, "密码至少 10 个字符"),
        ({"password": "x" * 129}, "密码最多 128 个字符"),
        ({"password": "1234567890"}, "太常见"),
        ({"agrees": ""}, "需要您的同意"),
        ({"phone": "＝cmd"}, "电话只能含数字"),
    ],
)
def test_bad_person_is_told_beside_the_field(client: FlaskClient, values: dict[str, str], message: str) -> None:
    status, page = register(client, **values)
    assert status == 422 and message in page
    assert db.session.scalars(select(User)).all() == []


def test_same_code_cannot_be_registered_twice(client: FlaskClient) -> None:
    known = make_organisation("已登记的公司")
    page = register(client, affiliation="new", organisation_name="冒名公司", uscc=known.uscc or "", kind="firm")[1]
    assert "已经登记，请改选" in page


def test_refused_organisation_may_be_registered_again(app: Flask) -> None:
    person, officer = make_user(), make_officer()
    details = operations.NewOrganisation(
        OrganisationKind.FIRM, "改名前有限公司", uscc=make_uscc(), registered_on=date(2018, 4, 16)
    )
    with transaction():
        firm = operations.register_organisation(acting(person), details)
        operations.refuse_organisation(acting(officer), firm, "名称与执照不符")
        firm_id = firm.id
    page = client_of(app, person).get("/accounts/organisation").get_data(as_text=True)
    assert "名称与执照不符" in page
    with transaction():
        again = operations.register_organisation(acting(person), replace(details, name="改名后有限公司"))
        assert (again.id, again.state, again.name) == (firm_id, OrganisationState.PENDING, "改名后有限公司")


def test_refusing_without_a_reason_is_refused(app: Flask) -> None:
    pending = make_organisation(state=OrganisationState.PENDING)
    answer = client_of(app, make_officer()).post(f"/accounts/organisations/{pending.id}/refuse", data={"reason": " "})
    assert answer.status_code == 422 and "请写明原因" in answer.get_data(as_text=True)
    assert queries.organisation_of(pending.id).state is OrganisationState.PENDING


def test_verifying_twice_is_a_conflict(app: Flask) -> None:
    pending, officer = make_organisation(state=OrganisationState.PENDING), make_officer()
    with transaction():
        operations.verify_organisation(acting(officer), queries.organisation_of(pending.id))
    with pytest.raises(Conflict), transaction():
        operations.verify_organisation(acting(officer), queries.organisation_of(pending.id))


def test_accepted_request_at_a_university_makes_a_solver(app: Flask) -> None:
    university = make_organisation("测试大学", OrganisationKind.UNIVERSITY, None)
    manager, person = make_user(Role.ORGANISATION_MANAGER, organisation=university), make_user()
    with transaction():
        membership = operations.request_membership(acting(person), university)
        membership_id = membership.id
    answer = client_of(app, manager).post(f"/accounts/memberships/{membership_id}", data={"decision": "accept"})
    assert answer.status_code == 303
    assert acting(person).roles == {Role.SOLVER}
    assert (
        client_of(app, manager).post(f"/accounts/memberships/{membership_id}", data={"decision": "accept"}).status_code
        == 409
    )


def test_refused_request_gives_no_role(app: Flask) -> None:
    firm = make_organisation()
    manager, person = make_user(Role.ORGANISATION_MANAGER, organisation=firm), make_user()
    with transaction():
        membership_id = operations.request_membership(acting(person), firm).id
    client_of(app, manager).post(
        f"/accounts/memberships/{membership_id}", data={"decision": "refuse", "note": "不是本单位人员"}
    )
    membership = db.session.get(Membership, membership_id)
    assert membership is not None and membership.state is MembershipState.REFUSED and acting(person).held == ()


def test_manager_of_another_organisation_cannot_decide(app: Flask) -> None:
    firm, rival = make_organisation(), make_organisation()
    stranger, person = make_user(Role.ORGANISATION_MANAGER, organisation=rival), make_user()
    with transaction():
        membership = operations.request_membership(acting(person), firm)
    with pytest.raises(NotAllowed), transaction():
        operations.decide_membership(acting(stranger), db.session.merge(membership), True)


def test_asking_twice_to_join_is_a_conflict(app: Flask) -> None:
    firm, person = make_organisation(), make_user()
    with transaction():
        operations.request_membership(acting(person), firm)
    answer = client_of(app, person).post("/accounts/organisation/join", data={"organisation_query": firm.name})
    assert answer.status_code == 409
