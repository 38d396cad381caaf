"""The blueprint that the files of routes share."""

from flask import Blueprint

bp = Blueprint("matches", __name__)
