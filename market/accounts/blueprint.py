"""The blueprint that the three files of routes share."""

from flask import Blueprint

bp = Blueprint("accounts", __name__, url_prefix="/accounts")
