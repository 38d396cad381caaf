"""Routes of integrity."""

from flask import Blueprint

bp = Blueprint("integrity", __name__)
