"""The blueprint that both files of routes add their pages to."""

from flask import Blueprint

bp = Blueprint("payouts", __name__, url_prefix="/payouts")
