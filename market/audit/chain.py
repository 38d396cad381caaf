"""Hashing shared by the audit journal and the money ledger: HMAC over the previous hash and canonical JSON."""

import hashlib
import hmac
import json
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from flask import current_app

GENESIS = "0" * 64


def plain(value: Any) -> Any:
    """A JSON value that reads the same before a row is written and after it is read back."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, (date, Decimal)):
        return str(value)
    if isinstance(value, bytes):
        return "sha256:" + hashlib.sha256(value).hexdigest()
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def canonical(value: Any) -> bytes:
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _key(purpose: str) -> bytes:
    return hmac.digest(current_app.config["SECRET_KEY"].encode(), purpose.encode(), "sha256")


def link(prev_hash: str, body: dict[str, Any], purpose: str = "audit") -> str:
    """The hash of a journal row: hex HMAC-SHA256 of the previous hash and the row's canonical JSON."""
    return hmac.new(_key(purpose), prev_hash.encode() + canonical(body), "sha256").hexdigest()


def fingerprint(value: Any) -> str:
    """Stands for a secret or personal value: equal values look equal, the value cannot be read back."""
    return "hmac:" + hmac.new(_key("fingerprint"), canonical(value), "sha256").hexdigest()[:32]
