"""Forms of reviews: the pool's, an expert's declaration and scores, the conclusion."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from market.forms import (
    BaseForm,
    LinesField,
    LongTextField,
    TextField,
    WholeNumberField,
    required,
)


class ChecksField(SelectMultipleField):
    """Several of a list, as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def _number_or_none(value: str | None) -> int | None:
    return int(value) if value else None


class ExpertForm(BaseForm):
    user_id = SelectField(_l("专家账号"), coerce=_number_or_none, validators=[required(_l("请选择专家账号"))])
    organisation_id = SelectField(_l("所在单位"), coerce=_number_or_none)
    title = TextField(_l("职称"), limit=80)
    fields = ChecksField(_l("技术领域"))
    past_organisations = LinesField(_l("近年曾任职单位"))
    is_financial = BooleanField(_l("财务或企业管理专家"))
    is_retired = BooleanField(_l("已退休"))

    def values(self) -> dict[str, Any]:
        """What the operations take."""
        return {
            "organisation_id": self.organisation_id.data,
            "title": self.title.data,
            "fields": self.fields.data,
            "past_organisations": self.past_organisations.data,
            "is_financial": self.is_financial.data,
            "is_retired": self.is_retired.data,
        }


class DrawForm(BaseForm):
    count = WholeNumberField(_l("抽取人数"), [required()], smallest=1, largest=99)


class ConclusionForm(BaseForm):
    opinion = LongTextField(_l("评审组意见"), [required()], limit=4000)
    explanation = LongTextField(_l("评分差异复核说明"), limit=2000)

    def verdicts(self, bid_ids: Sequence[int], posted: Mapping[str, str]) -> tuple[list[int], list[int]]:
        """(recommended, reserves) from the choice beside each bid."""
        return (
            [bid_id for bid_id in bid_ids if posted.get(f"verdict_{bid_id}") == "recommend"],
            [bid_id for bid_id in bid_ids if posted.get(f"verdict_{bid_id}") == "reserve"],
        )


def declaration_form(bids: Sequence[Any]) -> BaseForm:
    """The pledge and, bid by bid, whether there is a conflict; a reason when there is one."""
    choices = [SelectChoice("no", _l("无利害关系")), SelectChoice("yes", _l("有利害关系，申请回避"))]
    answers = {
        f"bid_{bid.id}": RadioField(bid.solver.name, choices=choices, validators=[required(_l("请逐项选择"))])
        for bid in bids
    }
    kind = type(
        "DeclarationForm",
        (BaseForm,),
        {
            **answers,
            "reason": LongTextField(_l("回避原因"), limit=1000),
            "pledge": BooleanField(_l("我已阅读并签署以上承诺")),
        },
    )
    return kind()


def score_form(criteria: Sequence[Mapping[str, Any]], draft: Any = None) -> BaseForm:
    """A score and a reason for each criterion of the round, and the overall opinion; everything may still be empty."""
    fields: dict[str, Any] = {}
    for criterion in criteria:
        fields[f"score_{criterion['key']}"] = WholeNumberField(criterion["name"], smallest=0, largest=100)
        fields[f"reason_{criterion['key']}"] = LongTextField(_l("理由"), limit=600)
    kind = type("ScoreForm", (BaseForm,), {**fields, "comment": LongTextField(_l("综合意见"), limit=2000)})
    if draft is None:
        return kind()
    kept = {f"score_{key}": value for key, value in draft.scores.items()}
    kept |= {f"reason_{key}": value for key, value in draft.reasons.items()}
    return kind(data={**kept, "comment": draft.comment})


def scores_of(form: BaseForm, criteria: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What save_score_draft takes."""
    keys = [criterion["key"] for criterion in criteria]
    return {
        "scores": {key: form[f"score_{key}"].data for key in keys},
        "reasons": {key: form[f"reason_{key}"].data for key in keys},
        "comment": form["comment"].data,
    }
