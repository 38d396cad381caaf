"""The way from a firm's draft to a sealed bid: each step is one person's act on the pages, with one refusal."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import Flask
from sqlalchemy import select

from market import clock
from market.accounts.models import Organisation, OrganisationKind, User
from market.bids.models import Bid, BidState
from market.challenges.models import Challenge, ChallengeState
from market.database import db
from market.jobs.models import Outbox
from market.jobs.outbox import SCHEDULED, deliver_due
from market.matches.models import ChallengeInvitation, InvitationState
from market.needs.models import Need, NeedState
from market.permissions import Role
from market.programmes.models import Cycle, CycleState, Programme, ProgrammeRules
from market.programmes.rules import Rules
from market.solvers.models import Solver, SolverState
from tests.builders.bids import PASSPHRASE, make_sealed
from tests.builders.chain import BACKGROUND, content, make_solver
from tests.builders.files import pdf
from tests.builders.needs import make_terms
from tests.builders.people import make_district, make_organisation, make_user, save
from tests.stories.browser import Browser

CODE = "ZBJB-2026-001"
SECRET = "现用粉体牌号SN-9000"


@contextmanager
def on(day: str, time: str = "09:30") -> Iterator[None]:
    """The clock stands at this Beijing time of 2026; afterwards the worker does what has become due."""
    with clock.at(datetime.fromisoformat(f"2026-{day}T{time}:00+08:00")):
        yield
        work()


def work() -> None:
    """A minute of the worker: the clock's own acts, then the outbox. The worker goes on after a failure; a story stops."""
    for act in SCHEDULED:
        act()
    deliver_due()
    db.session.rollback()
    assert db.session.scalars(select(Outbox.error).where(Outbox.error.is_not(None))).all() == []


def make_programme() -> Cycle:
    programme = Programme(code="ZBJB", name="揭榜挂帅")
    save(programme)
    rules = ProgrammeRules(
        programme_id=programme.id, version=1, content=Rules().model_dump(mode="json"), basis="市科字〔2026〕1号"
    )
    save(rules)
    cycle = Cycle(
        programme_id=programme.id, rules_id=rules.id, year=2026, name="2026年第一批", state=CycleState.OPEN,
        opens_at=datetime.fromisoformat("2026-02-01T00:00:00+08:00"),
        closes_at=datetime.fromisoformat("2026-04-30T23:59:59+08:00"),
    )  # fmt: skip
    save(cycle)
    return cycle


@dataclass
class Story:
    """The people and what they have made so far."""

    app: Flask
    cycle: Cycle = field(default_factory=make_programme)
    firm: Organisation = field(default_factory=make_organisation)
    university: Organisation = field(
        default_factory=lambda: make_organisation("齐风大学", OrganisationKind.UNIVERSITY, None)
    )

    def __post_init__(self) -> None:
        make_terms()
        make_district("370304", "博山区")
        self.author = make_user(Role.FIRM_AUTHOR, organisation=self.firm, name="撰榜人")
        self.signatory = make_user(Role.FIRM_SIGNATORY, organisation=self.firm, name="签约人")
        self.rival_firm = make_user(Role.FIRM_SIGNATORY, organisation=make_organisation(), name="邻厂签约人")
        self.district = make_user(Role.DISTRICT_OFFICER, district="370303", name="区经办")
        self.other_district = make_user(Role.DISTRICT_OFFICER, district="370304", name="邻区经办")
        self.city, self.city2 = (make_user(Role.CITY_OFFICER, name=name) for name in ("市经办甲", "市经办乙"))
        self.head = make_user(Role.DIVISION_HEAD, name="处室负责人")
        self.researcher = make_user(Role.SOLVER, organisation=self.university, name="陆知远")
        self.maker = make_user(Role.FINANCE_MAKER, name="财务经办人")
        self.checker = make_user(Role.FINANCE_CHECKER, name="财务复核人")
        self.supervisor = make_user(Role.SUPERVISOR, name="监督人")

    def as_(self, person: User | None) -> Browser:
        """Whoever acts signs in anew: sessions do not outlive the days between two steps."""
        return Browser(self.app, person)

    @cached_property
    def visitor(self) -> Browser:
        return Browser(self.app)

    @property
    def need(self) -> Need:
        return db.session.scalars(select(Need)).one()

    @property
    def challenge(self) -> Challenge:
        return db.session.scalars(select(Challenge)).one()

    @property
    def solver(self) -> Solver:
        return db.session.scalars(select(Solver).where(Solver.lead_id == self.researcher.id)).one()

    @property
    def bid(self) -> Bid:
        return db.session.scalars(select(Bid).where(Bid.lead_id == self.researcher.id)).one()


# --- the need -------------------------------------------------------------------------------------------------------


def draft_half_empty(story: Story) -> None:
    author = story.as_(story.author)
    basics = {"organisation_id": str(story.firm.id), "cycle_id": str(story.cycle.id), "title": "氮化硅陶瓷球"}
    led_to = author.fill("/needs/new", basics)
    need = story.need
    assert led_to == f"/needs/{need.id}/edit/problem"
    author.fill(f"/needs/{need.id}/edit/money", {"amount_kind": "fixed", "amount_fen": "１２０"}, press="action=save")
    assert need.amount_fen == 120_000_000 and need.state is NeedState.DRAFT
    assert "还有" in author.read(f"/needs/{need.id}/submit")
    for stranger in (story.district, story.city, story.rival_firm):
        story.as_(stranger).read(f"/needs/{need.id}", 404)


def indicator_rows() -> dict[str, str]:
    return {
        f"indicators-{number}-{name}": value
        for number, indicator in enumerate(content()["indicators"])
        for name, value in indicator.items()
    }


def sections() -> dict[str, dict[str, str]]:
    """What the author types, section by section."""
    whole = content()
    texts = ("in_house_reason", "content", "solver_conditions", "contact_name", "contact_phone")
    problem, reason, terms, name, phone = whole["content"], *(whole[key] for key in texts if key != "content")
    return {
        "basics": {
            "title": whole["title"], "kind": "research", "industry": "ceramics", "tech_field": "sintering",
        },
        "problem": {
            "background": BACKGROUND, "in_house_unsolvable": "y", "in_house_reason": reason, "content": problem,
            "deliverables": "烧结工艺规程\n检测判据",
        },
        "indicators": indicator_rows(),
        "money": {"funding_total_fen": "200", "funding_poster_fen": "200"},
        "terms": {"ownership": "shared", "solver_conditions": terms, "term_months": "24"},
        "contact": {
            "confidentiality": "partly", "confidential_text": SECRET, "contact_name": name, "contact_phone": phone,
        },
    }  # fmt: skip


def complete_and_submit(story: Story) -> None:
    need, author = story.need, story.as_(story.author)
    for section, typed in sections().items():
        author.fill(f"/needs/{need.id}/edit/{section}", typed, press="action=next")
    assert "请上传盖章的出资承诺函" in author.read(f"/needs/{need.id}/submit")
    letter = {"file": (io.BytesIO(pdf()), "承诺函.pdf")}
    assert (
        author.fill(f"/needs/{need.id}/submit", letter, to=f"/needs/{need.id}/attachments")
        == f"/needs/{need.id}/submit"
    )
    assert "内容齐全，可以提交" in author.read(f"/needs/{need.id}/submit")
    author.refused(f"/needs/{need.id}/submit")
    author.fill(f"/needs/{need.id}/submit", to=f"/needs/{need.id}/ask")
    story.as_(story.signatory).fill(f"/needs/{need.id}/submit")
    assert need.state is NeedState.DISTRICT_CHECK and need.submitted_by_id == story.signatory.id


def recommend(story: Story) -> None:
    path = f"/needs/{story.need.id}/check"
    story.as_(story.other_district).refused(path, 404, decision="recommend")
    story.as_(story.city).refused(path, decision="pass")
    visit = {"visit_note": "实地看过烧结车间，数据与台账一致。"}
    story.as_(story.district).fill(path, visit, press="decision=recommend")
    assert story.need.state is NeedState.FORMAL_CHECK


def pass_formal_check_and_record_panel(story: Story) -> None:
    path = f"/needs/{story.need.id}"
    story.as_(story.district).refused(f"{path}/check", decision="pass")
    city = story.as_(story.city)
    city.fill(f"{path}/check", press="decision=pass")
    assert story.need.state is NeedState.VALIDATION
    story.as_(story.district).refused(f"{path}/validation")
    scores = {f"scores-{n}-expert": f"论证专家{n}" for n in range(5)}
    scores |= {f"scores-{n}-score": str(76 + n) for n in range(5)}
    city.fill(f"{path}/validation", scores)
    assert story.need.state is NeedState.ACCEPTED


# --- the challenge --------------------------------------------------------------------------------------------------


def set_passphrases(story: Story) -> None:
    """Three officers, each alone with a passphrase that nobody else knows."""
    for officer in (story.head, story.city, story.city2):
        browser = story.as_(officer)
        browser.fill_in_vain("/sealing/key", {"passphrase": PASSPHRASE, "again": "另一句口令"}, press="action=create")
        browser.fill("/sealing/key", {"passphrase": PASSPHRASE, "again": PASSPHRASE}, press="action=create")
    story.as_(story.supervisor).refused("/sealing/key", passphrase=PASSPHRASE, again=PASSPHRASE)


def prepare_and_confirm(story: Story) -> None:
    need = story.need
    story.as_(story.head).refused(f"/challenges/prepare/{need.id}")
    city = story.as_(story.city)
    led_to = city.fill(f"/needs/{need.id}", to=f"/challenges/prepare/{need.id}")
    path = f"/challenges/manage/{story.challenge.id}"
    assert led_to == path
    city.refused(f"{path}/propose")
    story.as_(story.author).refused(f"{path}/confirm")
    story.as_(story.rival_firm).refused(f"{path}/confirm", 404)
    story.as_(story.signatory).fill(path, to=f"{path}/confirm")
    assert story.challenge.confirmed_by_id == story.signatory.id
    city.fill(path, to=f"{path}/propose")
    assert story.challenge.state is ChallengeState.APPROVAL


def approve_posting(story: Story) -> None:
    path = f"/challenges/manage/{story.challenge.id}"
    story.as_(story.city).refused(f"{path}/approve")
    assert CODE not in story.visitor.read("/challenges/")
    story.as_(story.head).fill(path, to=f"{path}/approve")
    assert story.challenge.code == CODE
    page = story.visitor.read(f"/challenges/{CODE}")
    assert CODE in story.visitor.read("/challenges/") and story.challenge.title in page and SECRET not in page


# --- the team and the matching --------------------------------------------------------------------------------------


def register_team(story: Story) -> None:
    researcher = story.as_(story.researcher)
    basics = {"kind": "team", "name": "陆知远团队", "organisation_id": str(story.university.id), "country": "CN"}
    researcher.fill("/solvers/new", basics)
    path = f"/solvers/{story.solver.id}"
    directions = {"directions": "氮化硅气压烧结\n结构陶瓷致密化", "keywords": "氮化硅；陶瓷球；烧结曲线；轴承球"}
    researcher.fill(f"{path}/directions", directions, press="action=next")
    profile = "长期研究氮化硅陶瓷球的气压烧结与批次一致性控制，建有气压烧结炉和密度、硬度检测条件。"
    researcher.fill(f"{path}/profile", {"profile_zh": profile}, press="action=next")
    works = {"works-0-kind": "patent", "works-0-title": "一种低色差氮化硅陶瓷球坯的烧结方法", "works-0-year": "2022"}
    researcher.fill(f"{path}/achievements", works)
    members = {"members-0-name": "何小满", "members-0-role": "工艺"}
    researcher.fill(f"{path}/members", members, press="action=next")
    story.visitor.read(path, 404)
    researcher.fill_in_vain(f"{path}/preview", to=f"{path}/publish")
    researcher.fill(f"{path}/preview", {"pledge": "y"}, to=f"{path}/publish")
    assert "陆知远团队" in story.visitor.read(path)


def verify_team(story: Story) -> None:
    path = f"/solvers/{story.solver.id}"
    story.as_(story.researcher).refused(f"{path}/verify")
    story.as_(story.city).fill("/solvers/manage", to=f"{path}/verify")
    assert story.solver.state is SolverState.VERIFIED


def rank_and_invite(story: Story) -> None:
    path, solver = f"/challenges/{CODE}/candidates", story.solver
    story.as_(story.district).refused(f"{path}/rank")
    city = story.as_(story.city)
    city.fill(path, to=f"{path}/rank")
    work()
    page = city.read(path)
    assert solver.name in page and "氮化硅" in page
    assert solver.name not in story.as_(story.author).read(path), "the poster learns numbers, not names"
    city.fill(path, {"solver": str(solver.id)}, to=f"{path}/approve")
    city.fill(path, to=f"{path}/invite")
    work()
    assert db.session.scalars(select(ChallengeInvitation.solver_id)).all() == [solver.id]


def answer_invitation(story: Story) -> None:
    invitation = db.session.scalars(select(ChallengeInvitation)).one()
    path = f"/matches/invitations/{invitation.id}/answer"
    story.as_(make_solver().lead).refused(path, 404, answer="interested")
    researcher = story.as_(story.researcher)
    assert SECRET not in researcher.read(f"/challenges/{CODE}")
    researcher.fill("/matches/for-me", {"answer": "interested"}, to=path)
    assert invitation.state is InvitationState.INTERESTED
    assert SECRET in researcher.read(f"/challenges/{CODE}"), "an invited team that said yes reads the confidential part"


# --- the bid --------------------------------------------------------------------------------------------------------

ROUTE = "分段保压气压烧结，氮气压力与升温速率联动控制。"


def bid_text() -> dict[str, Any]:
    answers = {f"answers-{n}-promise": value for n, value in enumerate(("0.008", "1560", "0.2"))}
    answers |= {f"answers-{n}-evidence": "中试三炉数据" for n in range(3)}
    return answers | {
        "route": ROUTE, "foundation": "建有气压烧结炉两台。", "price_fen": "110", "ip": "共有，发榜方优先实施。",
        "risks": "粉体批次波动，备选两家粉体。", "related_party": "none", "other_bids": "none", "promise": "y",
        "members-0-name": "陆知远", "members-0-months": "12",
        "milestones-0-content": "中试样件", "milestones-0-month": "6", "milestones-0-percent": "40",
        "milestones-1-content": "批量验证与验收", "milestones-1-month": "24", "milestones-1-percent": "60",
        "budget-0-subject": "材料费", "budget-0-amount_fen": "60",
        "files": [(io.BytesIO(pdf("plan")), "技术方案.pdf")],
    }  # fmt: skip


def draft_and_seal(story: Story) -> None:
    lead = story.as_(story.researcher)
    begin = f"/bids/new?challenge={CODE}"
    lead.fill(begin, {"solver": str(story.solver.id)})
    path = f"/bids/{story.bid.id}"
    lead.fill(f"{path}/edit", {"route": "先写一半"}, press="action=save")
    assert lead.fill(f"{path}/edit", bid_text(), press="action=review") == f"{path}/submit"
    assert ROUTE in lead.read(f"{path}/submit")
    lead.fill_in_vain(f"{path}/submit")
    assert lead.fill(f"{path}/submit", {"understood": "y"}) == f"{path}/receipt"
    assert story.bid.state is BidState.SUBMITTED and str(story.bid.receipt_number) in lead.read(f"{path}/receipt")
    for curious in (story.city, story.head, story.supervisor, story.signatory):
        story.as_(curious).read(path, 404)


def rival_seals(story: Story) -> None:
    """A second team, by the operations: the pages of bidding were shown above."""
    make_sealed(story.challenge, make_solver())
