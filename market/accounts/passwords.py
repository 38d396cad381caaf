"""argon2id, and the one rule on passwords: long enough and not among the guessed ones (docs/reliability.md 3.7)."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST_LENGTH = 10
# m = 46 MiB, p = 1: about 80 ms on the reference machine, and a flood of sign-ins cannot eat all memory.
_hasher = PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)
_slots = threading.BoundedSemaphore(4)
# A hash of the cost above that no password matches: made beforehand, for making one is a twentieth of the start-up.
_DUMMY = "$argon2id$v=19$m=47104,t=1,p=1$RSrw1FTCNAHeR4AII4TMkQ$GYooBugpxz/hvQSvllwCsFMkAm2YYMwvPUnpCRj4q4Y"

_GUESSED = frozenset(
    (
        "1234567890 12345678910 password123 qwertyuiop 1q2w3e4r5t abcd123456 a123456789 woaini1314 5201314520 "
        "1111111111 0000000000 0987654321 qq123456789 admin123456 passw0rd123 jiebang123 iloveyou123 zxcvbnm123"
    ).split()
)


def hash_password(password: str) -> str:
    with _slots:
        return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is right. Takes as long for an unknown account (``stored`` None) as for a known one."""
    with _slots:
        try:
            return _hasher.verify(stored or _DUMMY, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def weakness(password: str, *, email: str = "", name: str = "") -> str | None:
    """Why a new password is refused, or None. No composition rules: length and guessability are what matters."""
    if len(password) < LEAST_LENGTH:
        return f"密码至少 {LEAST_LENGTH} 个字符，可以是一句话"
    if len(password) > 128:
        return "密码最多 128 个字符"
    folded = password.casefold()
    if folded in _GUESSED or len(set(folded)) < 4:
        return "这个密码太常见，容易被猜到"
    mailbox = email.split("@")[0].casefold()
    if (len(mailbox) > 3 and mailbox in folded) or (len(name) > 1 and name.casefold() in folded):
        return "密码不要包含您的邮箱或姓名"
    return None
