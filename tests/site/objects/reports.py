"""Codes of numbers, and a month that is over: what they count is scoped inside the page, so that no object belongs to anybody."""

from tests.site.cast import Cast


def objects(_cast: Cast) -> dict[str, dict[str, object]]:
    return {
        "number_needs": {"code": "J01"},
        "number_bids": {"code": "J05"},
        "number_payouts": {"code": "J12"},
        "number_unknown": {"code": "J99"},
        "month_over": {"month": "2021-05"},
    }
