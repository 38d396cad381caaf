"""A firm that may post: its people, its cycle, the taxonomy, a complete need, and the officers of its way."""

from dataclasses import dataclass
from typing import Any

from market.accounts.models import Organisation, User
from market.database import transaction
from market.needs.models import Need, NeedState
from market.needs.operations import attach_commitment
from market.permissions import Role
from market.programmes.models import Cycle, Term, TermKind
from tests.builders.chain import make_cycle, make_need
from tests.builders.files import pdf, upload
from tests.builders.people import acting, make_organisation, make_user, save


def make_terms() -> None:
    save(
        Term(kind=TermKind.INDUSTRY, code="ceramics", name="先进陶瓷", name_en="Advanced ceramics"),
        Term(kind=TermKind.INDUSTRY, code="software", name="工业软件", name_en="Industrial software"),
        Term(kind=TermKind.TECH_FIELD, code="sintering", name="结构陶瓷与烧结", name_en="Sintering"),
    )


@dataclass
class Firm:
    organisation: Organisation
    author: User
    signatory: User
    cycle: Cycle
    district: User
    city: User
    head: User

    def need(self, state: NeedState = NeedState.DRAFT, *, letter: bool = True, **values: Any) -> Need:
        """With the firm's commitment letter while it can still be attached."""
        need = make_need(self.cycle, self.organisation, self.author, state, **values)
        return self.commit(need) if letter and state is NeedState.DRAFT else need

    def commit(self, need: Need) -> Need:
        with transaction():
            attach_commitment(acting(self.author), need, upload("承诺函.pdf", pdf()))
        return need


def make_firm(cycle: Cycle | None = None, **rules: Any) -> Firm:
    organisation = make_organisation()
    return Firm(
        organisation,
        make_user(Role.FIRM_AUTHOR, organisation=organisation),
        make_user(Role.FIRM_SIGNATORY, organisation=organisation),
        cycle or make_cycle(**rules),
        make_user(Role.DISTRICT_OFFICER, district="370303"),
        make_user(Role.CITY_OFFICER),
        make_user(Role.DIVISION_HEAD),
    )
