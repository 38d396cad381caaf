"""Routes of bids."""

from flask import Blueprint

bp = Blueprint("bids", __name__)
