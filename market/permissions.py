"""Who may do what: one enum of permissions, one of roles, one table between them, and the actor who holds them.

Source: docs/domain.md B.2 (actors, permissions, segregation of duties). Pure: no database, no web.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from flask_babel import gettext


def N_(text: str) -> str:
    """Marks a text for the catalogue without translating it here."""
    return text


class Permission(StrEnum):
    ORGANISATION_VERIFY = "organisation:verify"
    ORGANISATION_MANAGE = "organisation:manage"
    ACCOUNT_ADMINISTER = "account:administer"
    PROGRAMME_MANAGE = "programme:manage"
    INTEGRITY_MANAGE = "integrity:manage"
    NEED_WRITE = "need:write"
    NEED_SUBMIT = "need:submit"
    NEED_CHECK_DISTRICT = "need:check_district"
    NEED_CHECK_FORMAL = "need:check_formal"
    NEED_READ = "need:read"
    CHALLENGE_PREPARE = "challenge:prepare"
    CHALLENGE_APPROVE = "challenge:approve"
    CHALLENGE_CONFIRM = "challenge:confirm"
    SOLVER_WRITE = "solver:write"
    SOLVER_VERIFY = "solver:verify"
    MATCH_RUN = "match:run"
    MATCH_READ = "match:read"
    INVITATION_ANSWER = "invitation:answer"
    BID_WRITE = "bid:write"
    BID_OPEN = "bid:open"
    BID_READ = "bid:read"
    BID_SCREEN = "bid:screen"
    REVIEW_MANAGE = "review:manage"
    REVIEW_SCORE = "review:score"
    REVIEW_READ = "review:read"
    NOTICE_PREPARE = "notice:prepare"
    NOTICE_APPROVE = "notice:approve"
    OBJECTION_ANSWER = "objection:answer"
    OBJECTION_READ = "objection:read"
    CONTRACT_MANAGE = "contract:manage"
    CONTRACT_SIGN = "contract:sign"
    CONTRACT_READ = "contract:read"
    MILESTONE_REPORT = "milestone:report"
    MILESTONE_ACCEPT = "milestone:accept"
    BUDGET_MANAGE = "budget:manage"
    PAYOUT_REQUEST = "payout:request"
    PAYOUT_CHECK = "payout:check"
    PAYOUT_APPROVE = "payout:approve"
    PAYOUT_READ = "payout:read"
    EVENT_MANAGE = "event:manage"
    EVENT_ATTEND = "event:attend"
    CONTACT_RECORD = "contact:record"
    REPORT_READ = "report:read"
    REPORT_FREEZE = "report:freeze"
    AUDIT_READ = "audit:read"


class Role(StrEnum):
    """Roles. Those of firms and solvers belong to an organisation, those of officers to a district or the city."""

    FIRM_AUTHOR = "firm_author"
    FIRM_SIGNATORY = "firm_signatory"
    SOLVER = "solver"
    TEAM_LEAD = "team_lead"
    ORGANISATION_MANAGER = "organisation_manager"
    DISTRICT_OFFICER = "district_officer"
    CITY_OFFICER = "city_officer"
    DIVISION_HEAD = "division_head"
    FINANCE_MAKER = "finance_maker"
    FINANCE_CHECKER = "finance_checker"
    SUPERVISOR = "supervisor"
    EXPERT = "expert"
    ADMINISTRATOR = "administrator"

    @property
    def label(self) -> str:
        """In the reader's language."""
        return gettext(ROLE_LABELS[self])

    @property
    def is_staff(self) -> bool:
        return self in STAFF_ROLES


ROLE_LABELS = {
    Role.FIRM_AUTHOR: N_("企业撰榜人"),
    Role.FIRM_SIGNATORY: N_("企业签约人"),
    Role.SOLVER: N_("揭榜方"),
    Role.TEAM_LEAD: N_("团队负责人"),
    Role.ORGANISATION_MANAGER: N_("单位管理员"),
    Role.DISTRICT_OFFICER: N_("区县科技局经办"),
    Role.CITY_OFFICER: N_("主管处室经办"),
    Role.DIVISION_HEAD: N_("处室负责人"),
    Role.FINANCE_MAKER: N_("财务经办"),
    Role.FINANCE_CHECKER: N_("财务复核"),
    Role.SUPERVISOR: N_("监督（纪检）"),
    Role.EXPERT: N_("评审专家"),
    Role.ADMINISTRATOR: N_("系统管理员"),
}

ORGANISATION_ROLES = frozenset(
    {Role.FIRM_AUTHOR, Role.FIRM_SIGNATORY, Role.SOLVER, Role.TEAM_LEAD, Role.ORGANISATION_MANAGER}
)
STAFF_ROLES = frozenset(
    {
        Role.DISTRICT_OFFICER,
        Role.CITY_OFFICER,
        Role.DIVISION_HEAD,
        Role.FINANCE_MAKER,
        Role.FINANCE_CHECKER,
        Role.SUPERVISOR,
        Role.ADMINISTRATOR,
    }
)
# 三权分立 and 不相容岗位: nobody holds two roles of one set (docs/domain.md B.2).
EXCLUSIVE_ROLES: tuple[frozenset[Role], ...] = (
    frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.DIVISION_HEAD}),
    frozenset({Role.CITY_OFFICER, Role.DIVISION_HEAD}),
    *(frozenset({Role.ADMINISTRATOR, other}) for other in Role if other is not Role.ADMINISTRATOR),
    *(frozenset({Role.SUPERVISOR, other}) for other in Role if other is not Role.SUPERVISOR),
)

P = Permission
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.FIRM_AUTHOR: frozenset({P.NEED_WRITE, P.NEED_READ, P.MATCH_READ, P.EVENT_ATTEND, P.CONTRACT_READ}),
    Role.FIRM_SIGNATORY: frozenset(
        {
            P.NEED_WRITE,
            P.NEED_SUBMIT,
            P.NEED_READ,
            P.CHALLENGE_CONFIRM,
            P.EVENT_ATTEND,
            P.CONTRACT_READ,
            P.CONTRACT_SIGN,
            P.MILESTONE_ACCEPT,
        }
    ),
    Role.SOLVER: frozenset({P.SOLVER_WRITE, P.INVITATION_ANSWER, P.BID_WRITE, P.EVENT_ATTEND, P.CONTRACT_READ}),
    Role.TEAM_LEAD: frozenset(
        {
            P.SOLVER_WRITE,
            P.INVITATION_ANSWER,
            P.BID_WRITE,
            P.EVENT_ATTEND,
            P.CONTRACT_READ,
            P.CONTRACT_SIGN,
            P.MILESTONE_REPORT,
        }
    ),
    Role.ORGANISATION_MANAGER: frozenset({P.ORGANISATION_MANAGE, P.NEED_READ, P.CONTRACT_READ}),
    Role.DISTRICT_OFFICER: frozenset(
        {P.ORGANISATION_VERIFY, P.NEED_CHECK_DISTRICT, P.NEED_READ, P.CONTRACT_READ, P.CONTACT_RECORD, P.REPORT_READ}
    ),
    Role.CITY_OFFICER: frozenset(
        {
            P.ORGANISATION_VERIFY,
            P.PROGRAMME_MANAGE,
            P.INTEGRITY_MANAGE,
            P.NEED_READ,
            P.NEED_CHECK_FORMAL,
            P.CHALLENGE_PREPARE,
            P.SOLVER_VERIFY,
            P.MATCH_RUN,
            P.MATCH_READ,
            P.BID_OPEN,
            P.BID_READ,
            P.BID_SCREEN,
            P.REVIEW_MANAGE,
            P.REVIEW_READ,
            P.NOTICE_PREPARE,
            P.OBJECTION_ANSWER,
            P.OBJECTION_READ,
            P.CONTRACT_MANAGE,
            P.CONTRACT_READ,
            P.EVENT_MANAGE,
            P.CONTACT_RECORD,
            P.PAYOUT_READ,
            P.REPORT_READ,
        }
    ),
    Role.DIVISION_HEAD: frozenset(
        {
            P.NEED_READ,
            P.CHALLENGE_APPROVE,
            P.MATCH_READ,
            P.BID_OPEN,
            P.BID_READ,
            P.REVIEW_READ,
            P.NOTICE_APPROVE,
            P.OBJECTION_READ,
            P.CONTRACT_READ,
            P.PAYOUT_APPROVE,
            P.PAYOUT_READ,
            P.REPORT_READ,
            P.REPORT_FREEZE,
        }
    ),
    Role.FINANCE_MAKER: frozenset({P.PAYOUT_REQUEST, P.PAYOUT_READ, P.CONTRACT_READ, P.REPORT_READ}),
    Role.FINANCE_CHECKER: frozenset({P.PAYOUT_CHECK, P.PAYOUT_READ, P.BUDGET_MANAGE, P.CONTRACT_READ, P.REPORT_READ}),
    Role.SUPERVISOR: frozenset(
        {
            P.NEED_READ,
            P.MATCH_READ,
            P.BID_READ,
            P.REVIEW_READ,
            P.OBJECTION_READ,
            P.CONTRACT_READ,
            P.PAYOUT_READ,
            P.REPORT_READ,
            P.AUDIT_READ,
        }
    ),
    Role.EXPERT: frozenset({P.REVIEW_SCORE}),
    Role.ADMINISTRATOR: frozenset({P.ACCOUNT_ADMINISTER}),
}
del P


@dataclass(frozen=True, slots=True)
class Held:
    """A role with its scope: one organisation, one district, or neither (the whole city)."""

    role: Role
    organisation_id: int | None = None
    district_code: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as a snapshot of what they hold. Operations take it first; jobs act for one."""

    user_id: int | None = None
    name: str = "访客"
    held: tuple[Held, ...] = ()
    session_id: int | None = None
    ip: str = ""
    locale: str = "zh"

    @property
    def is_signed_in(self) -> bool:
        return self.user_id is not None

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(held.role for held in self.held)

    @property
    def organisation_ids(self) -> frozenset[int]:
        return frozenset(held.organisation_id for held in self.held if held.organisation_id is not None)

    @property
    def is_city_wide(self) -> bool:
        """Holds a bureau role over the whole city (administrators aside: they see accounts only)."""
        return any(
            held.role in STAFF_ROLES and held.role is not Role.ADMINISTRATOR and held.district_code is None
            for held in self.held
        )

    def has(self, permission: Permission) -> bool:
        """Holds the permission in some scope. Whether it covers an object is for ``covers`` or the object's policy."""
        return any(permission in ROLE_PERMISSIONS[held.role] for held in self.held)

    def covers(
        self, permission: Permission, *, organisation_id: int | None = None, district_code: str | None = None
    ) -> bool:
        """Holds the permission in a scope that includes an object of that organisation and district."""
        for held in self.held:
            if permission not in ROLE_PERMISSIONS[held.role]:
                continue
            if held.role in ORGANISATION_ROLES:
                if held.organisation_id is not None and held.organisation_id == organisation_id:
                    return True
            elif held.district_code is None or held.district_code == district_code:
                return True
        return False

    def organisations_with(self, permission: Permission) -> frozenset[int]:
        return frozenset(
            held.organisation_id
            for held in self.held
            if held.organisation_id is not None and permission in ROLE_PERMISSIONS[held.role]
        )

    def districts_with(self, permission: Permission) -> frozenset[str] | None:
        """Districts in which the permission is held by a bureau role; None means the whole city."""
        found = [h for h in self.held if h.role not in ORGANISATION_ROLES and permission in ROLE_PERMISSIONS[h.role]]
        if any(held.district_code is None for held in found):
            return None
        return frozenset(held.district_code for held in found if held.district_code is not None)


ANONYMOUS = Actor()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A policy's answer. False when refused, and it carries why."""

    allowed: bool
    reason: str = field(default="")

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Verdict(True)


def refused(reason: str) -> Verdict:
    return Verdict(False, reason)


SYSTEM = Actor(name="系统")
