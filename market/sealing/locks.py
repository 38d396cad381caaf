"""An officer's private key under a passphrase: argon2id makes each guess slow, AES-GCM tells right from wrong."""

import os

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SALT, NONCE = 16, 12


class WrongPassphrase(RuntimeError):
    """The passphrase does not open this key."""


def _key(passphrase: str, salt: bytes) -> bytes:
    return hash_secret_raw(
        passphrase.encode(), salt, time_cost=3, memory_cost=65_536, parallelism=1, hash_len=32, type=Type.ID
    )


def lock(private_key: X25519PrivateKey, passphrase: str) -> bytes:
    """salt ‖ nonce ‖ ciphertext; bound to the public half."""
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    sealed = AESGCM(_key(passphrase, salt)).encrypt(
        nonce, private_key.private_bytes_raw(), private_key.public_key().public_bytes_raw()
    )
    return salt + nonce + sealed


def unlock(locked: bytes, public_key: bytes, passphrase: str) -> X25519PrivateKey:
    """Raises WrongPassphrase."""
    salt, nonce, sealed = locked[:SALT], locked[SALT : SALT + NONCE], locked[SALT + NONCE :]
    try:
        return X25519PrivateKey.from_private_bytes(AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed, public_key))
    except (InvalidTag, ValueError) as problem:
        raise WrongPassphrase("passphrase") from problem
