"""The world of traps, built once for all tests that only read it."""

from collections.abc import Iterator

import pytest
from flask import Flask

from market.database import db
from tests.builders.reports import World
from tests.conftest import _empty


@pytest.fixture(scope="module")
def world(_app: Flask) -> Iterator[World]:
    """Tests of a module that asks for it may not change rows, nor ask for ``app``, which empties the database."""
    with _app.app_context():
        _empty(_app)
        yield World().build()
        db.session.remove()
