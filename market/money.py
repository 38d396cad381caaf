"""Money is an integer number of 分. Decimal only at the edge, never a float, never a silent rounding."""

import re
import unicodedata
from decimal import Decimal

from flask_babel import gettext as _

from market.errors import InvalidInput

FEN_PER_YUAN = 100
FEN_PER_WAN = 1_000_000
# 10^14 分 is a million million yuan: no bounty is larger, and every sum still fits a BIGINT.
LARGEST_FEN = 10**14

# With more places the product would be rounded to the context's 28 digits, silently.
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,12})?")


def parse_wan(text: str) -> int:
    """Fen from an amount in 万元 as people type it (full-width digits, thousands commas, a trailing 万元).

    Raises InvalidInput when it is no number, negative, has more than 分 can hold, or is too large.
    """
    return _parse(text, FEN_PER_WAN, ("万元", "万"))


def parse_yuan(text: str) -> int:
    """Fen from an amount in 元. Raises InvalidInput like :func:`parse_wan`."""
    return _parse(text, FEN_PER_YUAN, ("元",))


def _parse(text: str, unit: int, suffixes: tuple[str, ...]) -> int:
    clean = unicodedata.normalize("NFKC", text).strip().replace(",", "").removeprefix("¥").strip()
    for suffix in suffixes:
        clean = clean.removesuffix(suffix).strip()
    if clean.startswith("-"):
        raise InvalidInput(_("金额不能为负数"))
    if not _NUMBER.fullmatch(clean):
        raise InvalidInput(_("请填写数字金额，例如 120 或 84.50"))
    fen = Decimal(clean) * unit
    if fen != fen.to_integral_value():
        raise InvalidInput(_("金额最多精确到分"))
    if fen > LARGEST_FEN:
        raise InvalidInput(_("金额超出上限，请检查单位"))
    return int(fen)


def format_wan(fen: int) -> str:
    """``1234500`` → ``1.2345``; at least two decimals, no more than needed, with thousands commas."""
    amount = Decimal(fen) / FEN_PER_WAN
    whole, _point, decimals = f"{amount:.6f}".partition(".")
    return f"{int(whole):,}." + decimals.rstrip("0").ljust(2, "0")


def format_yuan(fen: int) -> str:
    """``1234500`` → ``12,345.00``."""
    return f"{Decimal(fen) / FEN_PER_YUAN:,.2f}"


def whole_wan(fen: int) -> str:
    """Amount in 万元 without needless decimals, as annual reports print it: ``3785`` or ``84.5``."""
    return f"{(Decimal(fen) / FEN_PER_WAN).normalize():f}"
