"""Routes of solvers."""

from flask import Blueprint

bp = Blueprint("solvers", __name__)
