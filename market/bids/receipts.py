"""Receipts: numbers that tell nothing about how many there are, and a signature that anybody may have checked."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from market import clock
from market.sealing.fields import derive_key

# Without 0 O 1 I: people read the number out over the telephone.
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_BODY = 10


def new_number() -> str:
    """Random, because a serial number would tell bidders how many have bid."""
    return "JB" + "".join(secrets.choice(_LETTERS) for _ in range(_BODY)) + "-1"


def next_number(number: str) -> str:
    """The number of the version that replaces this one."""
    stem, _dash, version = number.rpartition("-")
    return f"{stem}-{int(version) + 1}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """投递回执 of one sealed version."""

    number: str
    sha256: str
    sealed_at: datetime

    @property
    def moment_text(self) -> str:
        """To the second, Asia/Shanghai: as printed and as signed."""
        return clock.local(self.sealed_at).strftime("%Y-%m-%d %H:%M:%S")

    @property
    def signature(self) -> str:
        return sign(self.number, self.sha256, self.moment_text)


def sign(number: str, sha256: str, moment: str) -> str:
    return hmac.new(derive_key("receipt"), f"{number}|{sha256}|{moment}".encode(), "sha256").hexdigest()


def is_genuine(number: str, sha256: str, moment: str, signature: str) -> bool:
    """Whether this installation signed exactly these words. Asks no table, so it can tell nothing else."""
    expected = sign(number.strip().upper(), sha256.strip().lower(), " ".join(moment.split()))
    # As bytes: the comparison refuses text beyond ASCII, and people paste anything.
    return hmac.compare_digest(expected.encode(), "".join(signature.split()).lower().encode())
