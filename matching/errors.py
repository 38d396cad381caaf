"""Everything the matcher refuses, as one small tree of errors."""


class MatchingError(Exception):
    """Base of every error this library raises on purpose."""


class InvalidInput(MatchingError, ValueError):
    """A profile, need, option or data file that cannot be used; the message says which and why."""


class DuplicateProfile(InvalidInput):
    """Two profiles of one corpus carry the same id."""


class EmptyCorpus(InvalidInput):
    """No profile holds a single usable term, so there is nothing to rank."""


class UnknownProfile(MatchingError, KeyError):
    """A profile id that the index does not hold."""

    def __str__(self) -> str:  # KeyError would show the repr of the message
        return str(self.args[0]) if self.args else ""


class IndexUnusable(MatchingError):
    """A saved index that must not be opened; its subclasses say why."""


class ForeignIndex(IndexUnusable):
    """The folder holds no index of this library."""


class DamagedIndex(IndexUnusable):
    """A file of the index is missing, truncated or differs from its checksum."""


class OtherVersion(IndexUnusable):
    """The index was written by a version with another file format."""
