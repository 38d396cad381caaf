"""The letters that were sent: read back from the file outbox as a mail program would read them."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from flask import Flask

from market.jobs.outbox import deliver_due


def letters(app: Flask, recipient: str = "") -> list[EmailMessage]:
    """Everything sent so far (to one address), after delivering what is due."""
    deliver_due()
    found = []
    for path in sorted((Path(app.instance_path) / "outbox").glob("*")):
        for letter in path.read_bytes().split(b"-" * 79):
            if letter.strip():
                found.append(message_from_bytes(letter.lstrip(b"\n"), policy=policy.default))
    return [letter for letter in found if recipient in str(letter["To"])]


def text_of(letter: EmailMessage) -> str:
    return letter.get_content()


def link_in(letter: EmailMessage) -> str:
    """The path of the link a letter carries."""
    found = re.search(r"https?://[^/\s]+(/\S+)", text_of(letter))
    assert found, text_of(letter)
    return found.group(1)
