"""Rate limits: one limiter, in memory on one machine, in Redis at scale."""

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(key_func=get_remote_address, default_limits=["1200 per minute"], headers_enabled=True)
