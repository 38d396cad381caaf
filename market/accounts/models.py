"""Users 用户, organisations 单位, memberships, grants of roles, invitations, sessions."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.database import Base, Numbered, Versioned, state_column
from market.permissions import Role
from market.sealing.fields import EncryptedText


class District(Base):
    """区县. The city's districts are data: loaded with the installation, named by their 6-digit code."""

    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    name_en: Mapped[str] = mapped_column(String(60), default="")
    position: Mapped[int] = mapped_column(default=0)


class OrganisationKind(StrEnum):
    FIRM = "firm"
    UNIVERSITY = "university"
    INSTITUTE = "institute"
    BUREAU = "bureau"

    @property
    def label(self) -> Any:
        return {
            "firm": _l("企业"),
            "university": _l("高校"),
            "institute": _l("科研院所"),
            "bureau": _l("科技管理部门"),
        }[self.value]


class OrganisationState(StrEnum):
    PENDING = "pending"
    VERIFIED = "verified"
    REFUSED = "refused"

    @property
    def label(self) -> Any:
        return {"pending": _l("待核验"), "verified": _l("已核验"), "refused": _l("核验未通过")}[self.value]


class Organisation(Numbered, Versioned, Base):
    """单位, keyed by 统一社会信用代码; a foreign one has none."""

    __table_args__ = (CheckConstraint("uscc IS NOT NULL OR country <> 'CN'", name="uscc_in_china"),)

    uscc: Mapped[str | None] = mapped_column(String(18), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[OrganisationKind] = state_column(OrganisationKind)
    country: Mapped[str] = mapped_column(String(2), default="CN")
    district_code: Mapped[str | None] = mapped_column(ForeignKey("district.code"), index=True)
    registered_on: Mapped[date | None]
    address: Mapped[str] = mapped_column(String(300), default="")
    contact_name: Mapped[str] = mapped_column(String(80), default="")
    contact_phone: Mapped[str | None] = mapped_column(EncryptedText)
    state: Mapped[OrganisationState] = state_column(OrganisationState, OrganisationState.PENDING)
    decision_reason: Mapped[str] = mapped_column(String(500), default="")
    verified_at: Mapped[datetime | None]
    verified_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    district: Mapped[District | None] = relationship()


class User(Numbered, Versioned, Base):
    """用户: one person, one account."""

    __tablename__ = "user"

    email: Mapped[str] = mapped_column(String(254), unique=True)
    """Lower case."""
    name: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    title: Mapped[str] = mapped_column(String(80), default="")
    phone: Mapped[str | None] = mapped_column(EncryptedText)
    password_hash: Mapped[str] = mapped_column(String(200), info={"secret": True})
    locale: Mapped[str] = mapped_column(String(2), default="zh")
    is_active: Mapped[bool] = mapped_column(default=True)
    authority_epoch: Mapped[int] = mapped_column(default=1)
    """Raised when roles or the password change; older sessions end."""


class MembershipState(StrEnum):
    REQUESTED = "requested"
    ACTIVE = "active"
    REFUSED = "refused"
    ENDED = "ended"

    @property
    def label(self) -> Any:
        return {"requested": _l("申请中"), "active": _l("在册"), "refused": _l("未通过"), "ended": _l("已离开")}[
            self.value
        ]


class Membership(Numbered, Versioned, Base):
    """成员: a person belongs to an organisation, by invitation or accepted request."""

    __table_args__ = (UniqueConstraint("user_id", "organisation_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    state: Mapped[MembershipState] = state_column(MembershipState, MembershipState.REQUESTED)
    note: Mapped[str] = mapped_column(String(300), default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(foreign_keys=user_id)
    organisation: Mapped[Organisation] = relationship()


def _scope(context: DefaultExecutionContext) -> str:
    """The scope as one word, since NULLs are never equal to one another in a unique index."""
    values = context.get_current_parameters()  # pyright: ignore[reportAttributeAccessIssue]
    return str(values.get("organisation_id") or values.get("district_code") or "city")


class Grant(Numbered, Base):
    """授权: a role in a scope (one organisation, one district, or the city when both are empty)."""

    __table_args__ = (
        Index(
            "uq_grant_live",
            "user_id",
            "role",
            "scope",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
        CheckConstraint("granted_by_id IS NULL OR granted_by_id <> user_id", name="no_self_grant"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    role: Mapped[Role] = state_column(Role)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    district_code: Mapped[str | None] = mapped_column(ForeignKey("district.code"))
    scope: Mapped[str] = mapped_column(String(20), default=_scope)
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    user: Mapped[User] = relationship(foreign_keys=user_id)
    organisation: Mapped[Organisation | None] = relationship()


class Invitation(Numbered, Base):
    """邀请: an e-mail address is invited to a role in a scope; the link holds the token, the row its hash."""

    email: Mapped[str] = mapped_column(String(254), index=True)
    role: Mapped[Role] = state_column(Role)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    district_code: Mapped[str | None] = mapped_column(ForeignKey("district.code"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True, info={"secret": True})
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    cancelled_at: Mapped[datetime | None]

    organisation: Mapped[Organisation | None] = relationship()


class UserSession(Numbered, Base):
    """会话: a signed-in browser; the cookie holds a random token, the row its hash, so that it can be revoked."""

    audited = False

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    authority_epoch: Mapped[int]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime]
    """When the password was last given: opening, approving and paying ask for a fresh one."""
    revoked_at: Mapped[datetime | None]
    ip: Mapped[str] = mapped_column(String(64), default="")
    user_agent: Mapped[str] = mapped_column(String(300), default="")

    user: Mapped[User] = relationship()


class PasswordReset(Numbered, Base):
    """找回密码: a single-use link; the row holds the token's hash."""

    audited = False

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class SignInFailure(Numbered, Base):
    """登录失败: counted per account and place, per address and per device, to slow guessing where it comes from."""

    __table_args__ = (
        Index("ix_sign_in_failure_account", "account_mark", "created_at"),
        Index("ix_sign_in_failure_device", "device", "created_at"),
        Index("ix_sign_in_failure_ip", "ip", "created_at"),
    )
    audited = False

    account_mark: Mapped[str] = mapped_column(String(60))
    """A fingerprint of what was typed as address."""
    ip: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(String(40), default="")
    """Of a device that the account was used on before; empty for every other."""
