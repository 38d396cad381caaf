"""The blueprint that both files of routes add their pages to."""

from flask import Blueprint

bp = Blueprint("events", __name__, url_prefix="/events")
