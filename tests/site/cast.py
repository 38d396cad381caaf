"""Everyone who may come to a door: one person a role and relation to the same case.

Firm A of 张店 posts; team U bids and wins; team V bids too. The others stand at growing distance.
"""

from dataclasses import dataclass, field

from market.accounts.models import Organisation, OrganisationKind, User
from market.database import db
from market.permissions import Role
from market.solvers.models import Solver
from tests.builders.chain import make_solver
from tests.builders.people import make_organisation, make_user

PRINCIPALS = (
    "visitor",
    "newcomer",
    "author_a",
    "signatory_a",
    "manager_a",
    "author_b",
    "author_c",
    "signatory_c",
    "lead_u",
    "colleague_u",
    "manager_u",
    "lead_v",
    "lead_w",
    "district_same",
    "district_other",
    "city",
    "city2",
    "head",
    "maker",
    "checker",
    "supervisor",
    "expert_in",
    "expert_out",
    "administrator",
)


@dataclass
class Cast:
    """The people by name; ``visitor`` is nobody. Firms, universities and solvers as attributes."""

    people: dict[str, User] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    solvers: dict[str, Solver] = field(default_factory=dict)

    def __getattr__(self, name: str) -> object:
        for group in ("people", "organisations", "solvers"):
            found = self.__dict__.get(group, {})
            if name in found:
                return found[name]
        raise AttributeError(name)


def make_cast() -> Cast:
    cast = Cast()
    firms = {"a": "370303", "b": "370303", "c": "370304"}
    for letter, district in firms.items():
        cast.organisations[f"firm_{letter}"] = make_organisation(f"甲乙丙{letter}新材料有限公司", district=district)
    for letter in "uvw":
        university = make_organisation(f"测试大学{letter}", OrganisationKind.UNIVERSITY, None)
        cast.organisations[f"university_{letter}"] = university
        lead = make_user(Role.SOLVER, Role.TEAM_LEAD, organisation=university, name=f"首席{letter}")
        cast.people[f"lead_{letter}"] = lead
        cast.solvers[f"solver_{letter}"] = make_solver(lead, organisation=university, name=f"团队{letter}")
    firm_a, firm_b, firm_c = (cast.organisations[f"firm_{letter}"] for letter in "abc")
    university_u = cast.organisations["university_u"]
    cast.people |= {
        "newcomer": make_user(),
        "author_a": make_user(Role.FIRM_AUTHOR, organisation=firm_a),
        "signatory_a": make_user(Role.FIRM_SIGNATORY, organisation=firm_a),
        "manager_a": make_user(Role.ORGANISATION_MANAGER, organisation=firm_a),
        "author_b": make_user(Role.FIRM_AUTHOR, organisation=firm_b),
        "author_c": make_user(Role.FIRM_AUTHOR, organisation=firm_c),
        "signatory_c": make_user(Role.FIRM_SIGNATORY, organisation=firm_c),
        "colleague_u": make_user(Role.SOLVER, organisation=university_u),
        "manager_u": make_user(Role.ORGANISATION_MANAGER, organisation=university_u),
        "district_same": make_user(Role.DISTRICT_OFFICER, district="370303"),
        "district_other": make_user(Role.DISTRICT_OFFICER, district="370304"),
        "city": make_user(Role.CITY_OFFICER),
        "city2": make_user(Role.CITY_OFFICER),
        "head": make_user(Role.DIVISION_HEAD),
        "maker": make_user(Role.FINANCE_MAKER),
        "checker": make_user(Role.FINANCE_CHECKER),
        "supervisor": make_user(Role.SUPERVISOR),
        "expert_in": make_user(Role.EXPERT),
        "expert_out": make_user(Role.EXPERT),
        "administrator": make_user(Role.ADMINISTRATOR),
    }
    db.session.rollback()
    return cast
