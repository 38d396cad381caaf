"""Who gives which role to whom, invitations, and the lists of people and organisations."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from market import clock
from market.accounts import operations, queries
from market.accounts.models import Grant, Invitation, OrganisationKind, OrganisationState, User
from market.audit.journal import record
from market.audit.models import Entry
from market.audit.verify import verify
from market.database import Base, db, transaction
from market.errors import Conflict, InvalidInput, NotAllowed
from market.permissions import SYSTEM, Role
from tests.builders.counting import statements
from tests.builders.mail import letters, link_in, text_of
from tests.builders.people import acting, client_of, make_district, make_organisation, make_user

NEW = {"name": "新同事", "password": "一句足够长的话当密码"}


def firm_with_manager() -> tuple[int, User]:
    firm = make_organisation()
    return firm.id, make_user(Role.ORGANISATION_MANAGER, organisation=firm)


def test_users_with_finds_the_live_grants_in_scope(app: Flask) -> None:
    firm = make_organisation()
    author = make_user(Role.FIRM_AUTHOR, organisation=firm)
    make_user(Role.FIRM_AUTHOR, organisation=make_organisation())
    make_user(Role.FIRM_AUTHOR, organisation=firm, is_active=False)
    district = make_user(Role.DISTRICT_OFFICER, district="370303")
    assert queries.users_with(Role.FIRM_AUTHOR, organisation_id=firm.id) == [author.id]
    assert queries.users_with(Role.DISTRICT_OFFICER, district_code="370303") == [district.id]
    assert queries.users_with(Role.DISTRICT_OFFICER, district_code="370304") == []


def test_manager_cannot_give_a_role_to_himself(app: Flask) -> None:
    firm_id, manager = firm_with_manager()
    with pytest.raises(NotAllowed), transaction():
        operations.grant_role(acting(manager), manager, Role.FIRM_SIGNATORY, organisation_id=firm_id)


def test_database_refuses_a_self_grant_even_without_the_policy(app: Flask) -> None:
    person = make_user()
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(Grant(user_id=person.id, role=Role.CITY_OFFICER, granted_by_id=person.id))
        record(SYSTEM, "test:build")


@pytest.mark.parametrize(
    "role", [Role.CITY_OFFICER, Role.FINANCE_MAKER, Role.ADMINISTRATOR, Role.SUPERVISOR, Role.EXPERT]
)
def test_manager_cannot_give_bureau_roles(app: Flask, role: Role) -> None:
    firm_id, manager = firm_with_manager()
    colleague = make_colleague(firm_id)
    with pytest.raises(NotAllowed), transaction():
        operations.grant_role(acting(manager), colleague, role)


def make_colleague(firm_id: int) -> User:
    return make_user(Role.FIRM_AUTHOR, organisation=queries.organisation_of(firm_id))


def test_manager_cannot_give_roles_of_another_organisation(app: Flask) -> None:
    _firm_id, manager = firm_with_manager()
    rival, person = make_organisation(), make_user()
    with pytest.raises(NotAllowed), transaction():
        operations.grant_role(acting(manager), person, Role.FIRM_AUTHOR, organisation_id=rival.id)


def test_administrator_cannot_give_roles_of_a_firm(app: Flask) -> None:
    firm, administrator, person = make_organisation(), make_user(Role.ADMINISTRATOR), make_user()
    with pytest.raises(NotAllowed), transaction():
        operations.grant_role(acting(administrator), person, Role.FIRM_AUTHOR, organisation_id=firm.id)


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (Role.FINANCE_MAKER, Role.FINANCE_CHECKER),
        (Role.DIVISION_HEAD, Role.FINANCE_MAKER),
        (Role.CITY_OFFICER, Role.DIVISION_HEAD),
        (Role.CITY_OFFICER, Role.ADMINISTRATOR),
        (Role.ADMINISTRATOR, Role.EXPERT),
        (Role.EXPERT, Role.SUPERVISOR),
    ],
)
def test_incompatible_roles_are_refused(app: Flask, held: Role, wanted: Role) -> None:
    person, administrator = make_user(held), make_user(Role.ADMINISTRATOR)
    with pytest.raises(InvalidInput, match="不相容"), transaction():
        operations.grant_role(acting(administrator), person, wanted)
    assert acting(person).roles == {held}


@pytest.mark.parametrize(
    ("role", "district", "message"),
    [
        (Role.DISTRICT_OFFICER, None, "必须选择区县"),
        (Role.CITY_OFFICER, "370303", "必须选择区县"),
        (Role.FIRM_AUTHOR, None, "属于一个单位"),
    ],
)
def test_role_in_a_wrong_scope_is_refused(app: Flask, role: Role, district: str | None, message: str) -> None:
    make_district()
    person = make_user()
    with pytest.raises(InvalidInput, match=message), transaction():
        operations.grant_role(SYSTEM, person, role, district_code=district)


def test_university_has_no_signatory(app: Flask) -> None:
    university = make_organisation("测试大学", OrganisationKind.UNIVERSITY, None)
    person = make_user()
    with pytest.raises(InvalidInput), transaction():
        operations.grant_role(SYSTEM, person, Role.FIRM_SIGNATORY, organisation_id=university.id)


def test_role_in_an_unverified_organisation_is_refused(app: Flask) -> None:
    pending = make_organisation(state=OrganisationState.PENDING)
    person = make_user()
    with pytest.raises(InvalidInput), transaction():
        operations.grant_role(SYSTEM, person, Role.FIRM_AUTHOR, organisation_id=pending.id)


def test_grant_by_a_manager_ends_the_sessions_of_the_person(app: Flask) -> None:
    firm_id, manager = firm_with_manager()
    colleague = make_colleague(firm_id)
    browser = client_of(app, colleague)
    with transaction():
        operations.grant_role(
            acting(manager), queries.user_of(colleague.id), Role.FIRM_SIGNATORY, organisation_id=firm_id
        )
    assert browser.get("/workspace/").status_code == 302


def test_grant_by_the_system_follows_the_persons_act_and_keeps_them_signed_in(app: Flask) -> None:
    university = make_organisation("测试大学", OrganisationKind.UNIVERSITY, None)
    person = make_user(Role.SOLVER, organisation=university)
    browser = client_of(app, person)
    with transaction():
        operations.grant_role(SYSTEM, queries.user_of(person.id), Role.TEAM_LEAD, organisation_id=university.id)
    assert browser.get("/workspace/").status_code == 200
    assert Role.TEAM_LEAD in acting(person).roles


def test_grant_by_the_system_does_not_revive_sessions_that_ended_before(app: Flask) -> None:
    university = make_organisation("测试大学", OrganisationKind.UNIVERSITY, None)
    person = make_user(Role.SOLVER, organisation=university)
    stolen = client_of(app, person)
    with transaction():
        queries.user_of(person.id).authority_epoch += 1
        record(SYSTEM, "test:build")
    with transaction():
        operations.grant_role(SYSTEM, queries.user_of(person.id), Role.TEAM_LEAD, organisation_id=university.id)
    assert stolen.get("/workspace/").status_code == 302


def test_revoked_role_is_gone_at_once_and_kept_in_the_journal(app: Flask) -> None:
    administrator, officer = make_user(Role.ADMINISTRATOR), make_user(Role.CITY_OFFICER)
    browser, grant = client_of(app, officer), queries.grants_of(officer.id)[0]
    path = f"/accounts/users/{officer.id}/grants/{grant.id}/revoke"
    assert client_of(app, administrator).post(path).status_code == 303
    assert browser.get("/workspace/").status_code == 302
    assert acting(officer).held == ()
    assert db.session.scalar(select(Entry.note).where(Entry.action == "grant:revoke")) == "主管处室经办"
    assert verify(db.session())[1] is None


def test_last_manager_stays(app: Flask) -> None:
    firm_id, manager = firm_with_manager()
    second = make_user(Role.ORGANISATION_MANAGER, organisation=queries.organisation_of(firm_id))
    path = f"/accounts/organisation/{firm_id}/members/{manager.id}"
    assert client_of(app, second).post(path, data={"roles": ["firm_author"]}).status_code == 303
    with pytest.raises(InvalidInput, match="至少保留一名管理员"), transaction():
        operations.revoke_role(SYSTEM, queries.grants_of(second.id)[0])


def test_manager_sets_the_roles_of_a_member(app: Flask) -> None:
    firm_id, manager = firm_with_manager()
    colleague = make_colleague(firm_id)
    path = f"/accounts/organisation/{firm_id}/members/{colleague.id}"
    assert client_of(app, manager).get(path).status_code == 200
    assert client_of(app, manager).post(path, data={"roles": ["firm_signatory"]}).status_code == 303
    assert acting(colleague).roles == {Role.FIRM_SIGNATORY}
    bad = client_of(app, manager).post(path, data={"roles": ["city_officer"]})
    assert bad.status_code == 422 and acting(colleague).roles == {Role.FIRM_SIGNATORY}


def test_removed_member_holds_nothing_there(app: Flask) -> None:
    firm_id, manager = firm_with_manager()
    colleague = make_colleague(firm_id)
    assert (
        client_of(app, manager).post(f"/accounts/organisation/{firm_id}/members/{colleague.id}/remove").status_code
        == 303
    )
    assert acting(colleague).held == ()
    assert (
        client_of(app, manager).post(f"/accounts/organisation/{firm_id}/members/{manager.id}/remove").status_code == 403
    )


def test_invited_colleague_makes_an_account_and_is_in(app: Flask) -> None:
    firm_id, manager = firm_with_manager()
    answer = client_of(app, manager).post(
        f"/accounts/organisation/{firm_id}/invite", data={"email": "Neu@example.invalid", "role": "firm_author"}
    )
    assert answer.status_code == 303
    path = link_in(letters(app, "neu@example.invalid")[0])
    browser = app.test_client()
    assert "建立账号" in browser.get(path).get_data(as_text=True)
    bad = browser.post(path, data={**NEW, "password": "short"})
    assert bad.status_code == 422 and "密码至少 10 个字符" in bad.get_data(as_text=True)
    assert browser.post(path, data=NEW).status_code == 303
    assert browser.get("/workspace/").status_code == 200
    person = queries.user_by_email("neu@example.invalid")
    assert person is not None and acting(person).roles == {Role.FIRM_AUTHOR}
    assert browser.get(path).status_code == 404
    assert verify(db.session())[1] is None


def test_invitation_link_is_kept_nowhere(app: Flask) -> None:
    firm_id, manager = firm_with_manager()
    with transaction():
        operations.invite(acting(manager), "neu@example.invalid", Role.FIRM_AUTHOR, organisation_id=firm_id)
    token = link_in(letters(app, "neu@example.invalid")[0]).rsplit("/", 1)[1]
    db.session.rollback()
    for table in Base.metadata.sorted_tables:
        assert all(token not in str(row) for row in db.session.execute(select(table))), table.name


def test_invitation_is_only_for_the_account_of_its_address(app: Flask) -> None:
    invited, other = make_user(email="invited@example.invalid"), make_user()
    administrator = make_user(Role.ADMINISTRATOR)
    with transaction():
        operations.invite(acting(administrator), invited.email, Role.EXPERT)
    path = link_in(letters(app, invited.email)[0])
    assert client_of(app, other).post(path, data=NEW).status_code == 403
    assert app.test_client().post(path, data=NEW).status_code == 403
    assert acting(other).held == () and acting(invited).held == ()
    browser = client_of(app, invited)
    assert browser.post(path).status_code == 303
    assert browser.get("/workspace/").status_code == 200
    assert acting(invited).roles == {Role.EXPERT}


def test_expired_or_cancelled_invitation_is_gone(app: Flask) -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    with transaction():
        operations.invite(acting(administrator), "late@example.invalid", Role.EXPERT)
    path = link_in(letters(app, "late@example.invalid")[0])
    with clock.at(clock.now() + timedelta(days=15)):
        assert app.test_client().get(path).status_code == 404
    invitation = db.session.scalars(select(Invitation)).one()
    assert client_of(app, administrator).post(f"/accounts/invitations/{invitation.id}/cancel").status_code == 303
    assert app.test_client().post(path, data=NEW).status_code == 404


def test_invitation_of_a_manager_who_lost_his_role_is_worth_nothing(app: Flask) -> None:
    firm_id, manager = firm_with_manager()
    with transaction():
        operations.invite(acting(manager), "neu@example.invalid", Role.FIRM_AUTHOR, organisation_id=firm_id)
    path = link_in(letters(app, "neu@example.invalid")[0])
    make_user(Role.ORGANISATION_MANAGER, organisation=queries.organisation_of(firm_id))
    with transaction():
        operations.revoke_role(SYSTEM, queries.grants_of(manager.id)[0])
    assert app.test_client().post(path, data=NEW).status_code == 403
    assert queries.user_by_email("neu@example.invalid") is None


def test_operations_themselves_refuse_who_could_not_have_invited(app: Flask) -> None:
    firm_id, manager = firm_with_manager()
    stranger, administrator = (
        make_user(Role.ORGANISATION_MANAGER, organisation=make_organisation()),
        make_user(Role.ADMINISTRATOR),
    )
    with transaction():
        of_firm = operations.invite(acting(manager), "neu@example.invalid", Role.FIRM_AUTHOR, organisation_id=firm_id)
    with transaction():
        of_bureau = operations.invite(acting(administrator), "neu@example.invalid", Role.EXPERT)
    for operation in (operations.cancel_invitation, operations.send_invitation_again):
        for actor, invitation in ((stranger, of_firm), (administrator, of_firm), (manager, of_bureau)):
            with pytest.raises(NotAllowed), transaction():
                operation(acting(actor), invitation)
    db.session.rollback()
    assert of_firm.cancelled_at is None and of_bureau.cancelled_at is None
    with transaction():
        operations.cancel_invitation(acting(manager), of_firm)
    for operation in (operations.cancel_invitation, operations.send_invitation_again):
        with pytest.raises(Conflict), transaction():
            operation(acting(manager), of_firm)


def test_sending_again_makes_a_new_link_and_ends_the_old(app: Flask) -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    with transaction():
        invitation_id = operations.invite(acting(administrator), "neu@example.invalid", Role.EXPERT).id
    first = link_in(letters(app, "neu@example.invalid")[0])
    assert client_of(app, administrator).post(f"/accounts/invitations/{invitation_id}/again").status_code == 303
    second = [link_in(letter) for letter in letters(app, "neu@example.invalid") if link_in(letter) != first]
    assert len(second) == 1
    assert app.test_client().get(first).status_code == 404
    assert app.test_client().get(second[0]).status_code == 200


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"email": "nobody", "role": "expert"}, "请填写有效的邮箱地址"),
        ({"email": "a@example.invalid", "role": "firm_author"}, "role-error"),
        ({"email": "a@example.invalid", "role": "district_officer"}, "必须选择区县"),
        ({"email": "a@example.invalid", "role": "expert", "district_code": "370303"}, "必须选择区县"),
        ({"email": "a@example.invalid", "role": "district_officer", "district_code": "1"}, "district_code-error"),
    ],
)
def test_bad_staff_invitation_is_told_beside_its_field(app: Flask, values: dict[str, str], message: str) -> None:
    make_district()
    answer = client_of(app, make_user(Role.ADMINISTRATOR)).post(
        "/accounts/users/invite", data={"district_code": "", **values}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and message in page and values["email"] in page


def test_inviting_twice_points_to_the_first_invitation(app: Flask) -> None:
    administrator = client_of(app, make_user(Role.ADMINISTRATOR))
    values = {"email": "a@example.invalid", "role": "expert", "district_code": ""}
    assert administrator.post("/accounts/users/invite", data=values).status_code == 303
    assert "可在列表中重新发送" in administrator.post("/accounts/users/invite", data=values).get_data(as_text=True)


def test_deactivated_person_cannot_sign_in_and_administrator_cannot_close_himself(app: Flask) -> None:
    administrator, person = make_user(Role.ADMINISTRATOR), make_user(Role.CITY_OFFICER)
    browser, office = client_of(app, person), client_of(app, administrator)
    assert office.post(f"/accounts/users/{person.id}/deactivate").status_code == 303
    assert browser.get("/workspace/").status_code == 302
    assert office.post(f"/accounts/users/{administrator.id}/deactivate").status_code == 403
    assert queries.users_with(Role.CITY_OFFICER) == []


def cost_of(browser: FlaskClient, path: str) -> int:
    db.session.remove()
    with statements() as sent:
        assert browser.get(path).status_code == 200
    return len(sent)


@pytest.mark.parametrize("path", ["/accounts/users", "/accounts/organisations"])
def test_list_costs_the_same_for_one_and_twenty_rows(app: Flask, path: str) -> None:
    browser = client_of(app, make_user(Role.ADMINISTRATOR if "users" in path else Role.CITY_OFFICER))
    make_user(Role.FIRM_AUTHOR, organisation=make_organisation())
    few = cost_of(browser, path)
    for _ in range(19):
        make_user(Role.FIRM_AUTHOR, organisation=make_organisation())
    assert cost_of(browser, path) == few


def test_members_page_costs_the_same_for_one_and_twenty_members(app: Flask) -> None:
    firm_id, manager = firm_with_manager()
    browser = client_of(app, manager)
    few = cost_of(browser, f"/accounts/organisation/{firm_id}")
    for _ in range(19):
        make_colleague(firm_id)
    assert cost_of(browser, f"/accounts/organisation/{firm_id}") == few


def test_letters_name_the_role_and_the_organisation(app: Flask) -> None:
    firm_id, manager = firm_with_manager()
    with transaction():
        operations.invite(acting(manager), "neu@example.invalid", Role.FIRM_AUTHOR, organisation_id=firm_id)
    text = text_of(letters(app, "neu@example.invalid")[0])
    assert "企业撰榜人" in text and queries.organisation_of(firm_id).name in text
