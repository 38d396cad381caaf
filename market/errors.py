"""The error tree of the house. Messages are for people; ``web.py`` alone maps them to HTTP."""

from collections.abc import Mapping


class DomainError(Exception):
    """A rule of the house was not met. ``message`` may be shown to whoever asked."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class NotFound(DomainError):
    """The thing does not exist, or the asker may not know that it does."""


class NotAllowed(DomainError):
    """Visible, but not for this actor to do."""


class IllegalMove(DomainError):
    """The state machine knows no such move from here."""


class Conflict(DomainError):
    """Somebody else was quicker, or the same thing was already done."""


class InvalidInput(DomainError):
    """Rules on values. ``errors`` maps a field name to what is wrong with it; ``""`` is the whole form."""

    def __init__(self, errors: Mapping[str, str] | str) -> None:
        self.errors: dict[str, str] = {"": errors} if isinstance(errors, str) else dict(errors)
        super().__init__("；".join(self.errors.values()))
