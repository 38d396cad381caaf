"""Routes of sealing."""

from flask import Blueprint

bp = Blueprint("sealing", __name__)
