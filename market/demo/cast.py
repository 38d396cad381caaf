"""Districts, taxonomy, organisations and people as a bureau would import them before the first call."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from market import clock
from market.accounts.models import (
    District,
    Grant,
    Membership,
    MembershipState,
    Organisation,
    OrganisationKind,
    OrganisationState,
    User,
)
from market.accounts.passwords import hash_password
from market.accounts.sessions import actor_of
from market.audit.journal import record
from market.database import db, transaction
from market.demo.files import read
from market.permissions import ORGANISATION_ROLES, SYSTEM, Actor, Role
from market.programmes.models import Term, TermKind
from market.sealing.keys import unlock_key

PASSWORD = "jiebang-demo-2026"
PASSPHRASE = "kaibiao-demo-2026"
# Nobody signs in with it: people who are not shown as a demo login.
NO_PASSWORD = "!"


@dataclass
class Cast:
    """Rows by the keys that the data files use."""

    people: dict[str, int] = field(default_factory=dict)
    organisations: dict[str, int] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    keys: dict[str, X25519PrivateKey] = field(default_factory=dict)

    def actor(self, key: str) -> Actor:
        """What the person holds, read once: nobody's roles change during the replay."""
        if key not in self.actors:
            user = db.session.get(User, self.people[key])
            assert user is not None, key
            self.actors[key] = actor_of(user)
        return self.actors[key]

    def opening_key(self, key: str) -> X25519PrivateKey:
        """The officer's key, unlocked once for the whole replay: the passphrase is slow on purpose."""
        if key not in self.keys:
            self.keys[key] = unlock_key(self.actor(key), PASSPHRASE)
        return self.keys[key]

    def of_firm(self, role: str, organisation: str) -> Actor:
        """The author or signatory of a firm."""
        return self.actor(f"{role}-{organisation}")


def load_cast() -> Cast:
    cast = Cast()
    with transaction() as session:
        for position, entry in enumerate(read("districts")):
            session.add(District(code=entry["code"], name=entry["name"], name_en=entry["name_en"], position=position))
        taxonomy = read("taxonomy")
        for kind, group in ((TermKind.INDUSTRY, "industries"), (TermKind.TECH_FIELD, "tech_fields")):
            session.add_all(
                Term(kind=kind, code=e["code"], name=e["name"], name_en=e["name_en"]) for e in taxonomy[group]
            )
        record(SYSTEM, "installation:load")
    with transaction() as session:
        rows = {entry["key"]: _organisation(entry) for entry in read("organisations")}
        session.add_all(rows.values())
        record(SYSTEM, "organisation:import")
        session.flush()  # Their numbers are asked for below.
        cast.organisations = {key: row.id for key, row in rows.items()}
    _load_people(cast)
    return cast


def _organisation(entry: dict[str, Any]) -> Organisation:
    return Organisation(
        uscc=entry["uscc"],
        name=entry["name"],
        name_en=entry["name_en"],
        kind=OrganisationKind(entry["kind"]),
        country=entry["country"],
        district_code=entry["district"],
        registered_on=date.fromisoformat(entry["registered_on"]) if entry["registered_on"] else None,
        address=entry["address"],
        contact_name=entry["contact"]["name"],
        contact_phone=entry["contact"]["phone"],
        state=OrganisationState.VERIFIED,
        verified_at=clock.now(),
    )


def _load_people(cast: Cast) -> None:
    password = hash_password(PASSWORD)
    with transaction() as session:
        rows = {
            entry["key"]: User(
                email=entry["email"],
                name=entry["name"],
                title=entry["title"] or "",
                phone=entry["phone"],
                password_hash=password if entry["demo"] else NO_PASSWORD,
            )
            for entry in read("people")
        }
        session.add_all(rows.values())
        record(SYSTEM, "user:import")
        session.flush()  # Grants and memberships name their numbers.
        cast.people = {key: row.id for key, row in rows.items()}
        for entry in read("people"):
            session.add_all(_standing(cast, entry))


def _standing(cast: Cast, entry: dict[str, Any]) -> list[Any]:
    """The person's membership and grants."""
    user_id = cast.people[entry["key"]]
    organisation_id = cast.organisations[entry["organisation"]] if entry["organisation"] else None
    found: list[Any] = [
        Grant(
            user_id=user_id,
            role=Role(role),
            organisation_id=organisation_id if Role(role) in ORGANISATION_ROLES else None,
            district_code=entry["district"],
        )
        for role in entry["roles"]
    ]
    if organisation_id:
        found.append(Membership(user_id=user_id, organisation_id=organisation_id, state=MembershipState.ACTIVE))
    return found
