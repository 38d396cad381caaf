"""The menu and counts of the signed-in shell: what each role finds where."""

from collections.abc import Iterable
from typing import Any

from flask import current_app, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import func, select

from market.access import actor
from market.database import db
from market.notifications.models import Message
from market.permissions import Actor, Permission

P = Permission
# (label, endpoint, icon, permissions; empty = anyone signed in)
Entry = tuple[Any, str, str, tuple[Permission, ...]]
MENU: list[tuple[Any, list[Entry]]] = [
    (
        _l("我的"),
        [
            (_l("待办"), "home.workspace", "home", ()),
            (_l("消息"), "notifications.inbox", "bell", ()),
        ],
    ),
    (
        _l("需求与榜单"),
        [
            (lazy_pgettext("list", "需求"), "needs.index", "file-text", (P.NEED_READ,)),
            (
                _l("榜单管理"),
                "challenges.manage",
                "flag",
                (P.CHALLENGE_PREPARE, P.CHALLENGE_APPROVE, P.CHALLENGE_CONFIRM),
            ),
            (_l("批次与规则"), "programmes.index", "settings", (P.PROGRAMME_MANAGE, P.CHALLENGE_APPROVE, P.AUDIT_READ)),
        ],
    ),
    (
        lazy_pgettext("list", "揭榜"),
        [
            (_l("我的揭榜方资料"), "solvers.mine", "users", (P.SOLVER_WRITE,)),
            (_l("适合我的榜单"), "matches.for_me", "target", (P.INVITATION_ANSWER,)),
            (_l("我的揭榜"), "bids.mine", "send", (P.BID_WRITE,)),
            (_l("揭榜方核验"), "solvers.manage", "user-check", (P.SOLVER_VERIFY,)),
            (_l("匹配质量"), "matches.health_page", "affiliate", (P.MATCH_RUN, P.CHALLENGE_APPROVE, P.AUDIT_READ)),
            (_l("投递开启"), "bids.openings", "lock-open", (P.BID_OPEN,)),
        ],
    ),
    (
        _l("评审与公示"),
        [
            (_l("我的评审"), "reviews.mine", "clipboard-check", (P.REVIEW_SCORE,)),
            (_l("评审组织"), "reviews.index", "gavel", (P.REVIEW_READ,)),
            (_l("公示管理"), "notices.manage", "speakerphone", (P.NOTICE_PREPARE, P.NOTICE_APPROVE)),
            (_l("异议"), "notices.objections", "alert-triangle", (P.OBJECTION_READ,)),
        ],
    ),
    (
        _l("合同与资金"),
        [
            (lazy_pgettext("list", "合同"), "contracts.index", "file-certificate", (P.CONTRACT_READ,)),
            (_l("兑付"), "payouts.index", "coin", (P.PAYOUT_READ,)),
            (_l("预算指标"), "payouts.budgets", "wallet", (P.PAYOUT_READ,)),
        ],
    ),
    (
        _l("对接与统计"),
        [
            (_l("活动管理"), "events.manage", "calendar", (P.EVENT_MANAGE, P.AUDIT_READ)),
            (_l("对接记录"), "events.contacts", "messages", (P.CONTACT_RECORD, P.AUDIT_READ)),
            (_l("统计"), "reports.index", "chart-bar", (P.REPORT_READ,)),
        ],
    ),
    (
        _l("管理"),
        [
            (
                _l("本单位"),
                "accounts.my_organisation",
                "building",
                (P.ORGANISATION_MANAGE, P.NEED_WRITE, P.SOLVER_WRITE),
            ),
            (_l("单位核验"), "accounts.organisations", "rubber-stamp", (P.ORGANISATION_VERIFY,)),
            (_l("科研诚信"), "integrity.index", "shield-check", (P.INTEGRITY_MANAGE, P.AUDIT_READ)),
            (_l("账号管理"), "accounts.users", "id-badge-2", (P.ACCOUNT_ADMINISTER,)),
            (_l("开启密钥"), "sealing.my_key", "key", (P.BID_OPEN,)),
            (_l("审计记录"), "audit.index", "list-details", (P.AUDIT_READ,)),
        ],
    ),
]


def navigation() -> dict[str, Any]:
    """Context of every page: ``nav_sections`` and ``unread_count``; empty for visitors."""
    asking = actor()
    if not asking.is_signed_in:
        return {"nav_sections": [], "unread_count": 0}
    unread = db.session.scalar(
        select(func.count()).select_from(Message).where(Message.user_id == asking.user_id, Message.read_at.is_(None))
    )
    shown = [(title, [entry for entry in entries if _offered(entry, asking)]) for title, entries in MENU]
    here = _here(url_for(endpoint) for _title, entries in shown for _label, endpoint, _icon, _permissions in entries)
    sections = [
        (str(title), [_link(label, endpoint, icon, here, unread or 0) for label, endpoint, icon, _ in entries])
        for title, entries in shown
        if entries
    ]
    return {"nav_sections": sections, "unread_count": unread or 0}


def _offered(entry: Entry, asking: Actor) -> bool:
    _label, endpoint, _icon, permissions = entry
    known = endpoint in current_app.view_functions
    return known and (not permissions or any(asking.has(permission) for permission in permissions))


def _here(urls: Iterable[str]) -> str:
    """The menu's address that the page lies under, the longest when several fit."""
    path = request.path
    return max((url for url in urls if path == url or path.startswith(url.rstrip("/") + "/")), key=len, default="")


def _link(label: Any, endpoint: str, icon: str, here: str, unread: int) -> tuple[str, str, str, bool, int]:
    url = url_for(endpoint)
    return str(label), url, icon, url == here, unread if endpoint == "notifications.inbox" else 0
