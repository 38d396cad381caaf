"""Column types for what must not be read from a dump: AES-256-GCM under a key of the installation's secret."""

import base64
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app
from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

KEY_ID = b"\x01"
NONCE_BYTES = 12


class Unreadable(RuntimeError):
    """Stored ciphertext does not open: the row was edited behind the application's back, or the secret is another."""


def derive_key(purpose: str) -> bytes:
    """A 32-byte key of this installation for one purpose."""
    secret = current_app.config["SECRET_KEY"].encode()
    return HKDF(SHA256(), 32, salt=None, info=b"jiebang:" + purpose.encode()).derive(secret)


def encrypt(plaintext: bytes, purpose: str = "field") -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return KEY_ID + nonce + AESGCM(derive_key(purpose)).encrypt(nonce, plaintext, KEY_ID)


def decrypt(stored: bytes, purpose: str = "field") -> bytes:
    """Raises Unreadable when the bytes were altered or belong to another secret."""
    key_id, nonce, ciphertext = stored[:1], stored[1 : 1 + NONCE_BYTES], stored[1 + NONCE_BYTES :]
    try:
        return AESGCM(derive_key(purpose)).decrypt(nonce, ciphertext, key_id)
    except (InvalidTag, ValueError) as problem:
        raise Unreadable("密文无法解开") from problem


def seal_json(value: Any) -> str:
    """For a value inside a structure that is stored openly, such as the payload of an outbox row."""
    return base64.b64encode(encrypt(json.dumps(value, ensure_ascii=False).encode())).decode()


def unseal_json(stored: str) -> Any:
    return json.loads(decrypt(base64.b64decode(stored)))


class EncryptedText(TypeDecorator[str]):
    """A personal or confidential text; the journal keeps its fingerprint only."""

    impl = LargeBinary
    cache_ok = True
    secret = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else encrypt(value.encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else decrypt(value).decode()


class EncryptedJSON(TypeDecorator[Any]):
    """A confidential structure; the journal keeps its fingerprint only."""

    impl = LargeBinary
    cache_ok = True
    secret = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else encrypt(json.dumps(value, ensure_ascii=False).encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(decrypt(value))
