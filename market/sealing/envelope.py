"""Sealing to a public key: HPKE (RFC 9180), bound to its context, padded so that length tells only a size class."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

SUITE = "hpke-x25519-hkdf-sha256-aes256gcm"
_SUITES = {SUITE: Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)}
SMALL_STEP, LARGE_STEP = 4 * 1024, 64 * 1024
_LENGTH = 8


class CannotOpen(RuntimeError):
    """Wrong key, wrong context, or altered bytes."""


def pad(data: bytes) -> bytes:
    """Length prefix and zeros up to 4 KiB steps below 64 KiB, 64 KiB steps above."""
    size = len(data) + _LENGTH
    step = SMALL_STEP if size <= LARGE_STEP else LARGE_STEP
    return len(data).to_bytes(_LENGTH, "big") + data + bytes(-size % step)


def unpad(padded: bytes) -> bytes:
    size = int.from_bytes(padded[:_LENGTH], "big")
    if size > len(padded) - _LENGTH or any(padded[_LENGTH + size :]):
        raise CannotOpen("padding")
    return padded[_LENGTH : _LENGTH + size]


def seal(plaintext: bytes, public_key: bytes, info: bytes, suite: str = SUITE) -> bytes:
    """Ciphertext that only the private half of ``public_key`` opens, and only under the same ``info``."""
    return _SUITES[suite].encrypt(pad(plaintext), X25519PublicKey.from_public_bytes(public_key), info=info)


def unseal(ciphertext: bytes, private_key: X25519PrivateKey, info: bytes, suite: str = SUITE) -> bytes:
    """Raises CannotOpen."""
    try:
        return unpad(_SUITES[suite].decrypt(ciphertext, private_key, info=info))
    except (InvalidTag, ValueError, KeyError) as problem:
        raise CannotOpen("ciphertext") from problem
