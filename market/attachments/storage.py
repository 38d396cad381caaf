"""The folder of attachments: random names, mode 0600, two levels, nothing of the user's in a path."""

import os
from pathlib import Path

from flask import current_app

from market.sealing.fields import decrypt, encrypt

PURPOSE = "attachment"


class MissingFile(RuntimeError):
    """The row is there, its file is not: lost by the operator or not yet restored."""


def path_of(token: str) -> Path:
    return Path(current_app.instance_path) / "attachments" / token[:2] / token


def write(token: str, data: bytes, *, encrypted: bool) -> None:
    """Store and sync before the row can commit, so that no row ever points to a file that a crash lost."""
    path = path_of(token)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(encrypt(data, PURPOSE) if encrypted else data)
        file.flush()
        os.fsync(file.fileno())


def read(token: str, *, encrypted: bool) -> bytes:
    """Raises MissingFile, or Unreadable when an encrypted file was altered."""
    try:
        stored = path_of(token).read_bytes()
    except FileNotFoundError as problem:
        raise MissingFile(token) from problem
    return decrypt(stored, PURPOSE) if encrypted else stored


def erase(token: str) -> None:
    path_of(token).unlink(missing_ok=True)
