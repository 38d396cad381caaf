"""Who may see the rows behind a number by name, and follow them to their page."""

from market.permissions import ALLOWED, Actor, Permission, Verdict, refused

# What a row's own page asks for; an empty tuple is a public page.
_READERS: dict[str, tuple[Permission, ...]] = {
    "need": (Permission.NEED_READ,),
    "challenge": (),
    "bid": (Permission.BID_READ,),
    "event": (),
    "contact": (Permission.CONTACT_RECORD, Permission.AUDIT_READ),
    "contract": (Permission.CONTRACT_READ,),
    "outcome": (Permission.CONTRACT_READ,),
    "payout": (Permission.PAYOUT_READ,),
    "refund": (Permission.PAYOUT_READ,),
}


def may_open(actor: Actor, kind: str, district_code: str | None) -> Verdict:
    """Whether the actor may see the thing a row stands for."""
    readers = _READERS[kind]
    if not readers or any(actor.covers(permission, district_code=district_code) for permission in readers):
        return ALLOWED
    return refused("不在查阅范围")
