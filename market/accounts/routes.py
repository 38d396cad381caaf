"""Routes of accounts, gathered."""

from market.accounts import organisation_routes, sign_in_routes, user_routes
from market.accounts.blueprint import bp

__all__ = ["bp", "organisation_routes", "sign_in_routes", "user_routes"]
