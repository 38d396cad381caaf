"""The blueprint that both files of routes add their pages to."""

from flask import Blueprint

bp = Blueprint("reports", __name__)
