"""The world of traps, for the tests of the numbers."""

import pytest
from flask import Flask

from tests.builders.reports import World


@pytest.fixture
def world(app: Flask) -> World:
    return World().build()
