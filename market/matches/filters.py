"""What staff want to see of a challenge's candidates; kept in the page's address."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from flask_babel import lazy_gettext as _l

from market.matches.models import CandidateVerdict, InvitationState
from market.matches.queries import Card
from market.solvers.models import SolverKind

REGIONS = {"home": _l("境内"), "abroad": _l("境外")}
LANGUAGES = {"zh": _l("有中文资料"), "en": _l("仅英文资料")}
STAGES = {
    "pending": _l("待判断"),
    "alternate": _l("已同意、未邀请（备选）"),
    "waiting": _l("已邀请、未答复"),
    "answered": _l("已答复或逾期"),
    "refused": _l("不邀请"),
}
FITS = {"met": _l("没有不满足的条件"), "all": _l("连提示也没有")}
SCORES = {str(score): f"≥ {score}" for score in (20, 30, 40, 50, 60, 70)}
KINDS = {kind.value: kind.label for kind in SolverKind}
CHOICES: dict[str, tuple[Any, dict[str, Any]]] = {
    "stage": (_l("进展"), STAGES),
    "fit": (_l("条件"), FITS),
    "score": (_l("匹配度"), SCORES),
    "region": (_l("地域"), REGIONS),
    "kind": (_l("类型"), KINDS),
    "lang": (_l("语言"), LANGUAGES),
}
"""Parameter → its label and what may be chosen."""


@dataclass(frozen=True, slots=True)
class CandidateFilter:
    """One value of ``CHOICES`` each; "" is everything."""

    stage: str = ""
    fit: str = ""
    score: str = ""
    region: str = ""
    kind: str = ""
    lang: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """From a query string; what is no choice counts as nothing chosen."""
        return cls(
            **{
                name: value
                for name, (_label, choices) in CHOICES.items()
                if (value := parameters.get(name, "")) in choices
            }
        )

    @property
    def chosen(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}

    def without(self, name: str) -> dict[str, str]:
        return {key: value for key, value in self.chosen.items() if key != name}

    def keeps(self, card: Card) -> bool:
        solver = card.candidate.solver
        tones = {constraint.tone for constraint in card.constraints}
        return (
            self.stage in ("", stage_of(card))
            and self.region in ("", "home" if solver.country == "CN" else "abroad")
            and self.kind in ("", solver.kind.value)
            and self.lang in ("", "zh" if solver.profile_zh else "en")
            and not (self.fit and "bad" in tones)
            and not (self.fit == "all" and "attention" in tones)
            and card.candidate.score * 100 >= int(self.score or 0)
        )


def stage_of(card: Card) -> str:
    if card.invitation is not None:
        return "waiting" if card.invitation.state is InvitationState.SENT else "answered"
    return {
        CandidateVerdict.PENDING: "pending",
        CandidateVerdict.APPROVED: "alternate",
        CandidateVerdict.REFUSED: "refused",
    }[card.verdict]
