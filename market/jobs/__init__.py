"""后台任务: outbox rows written in the business transaction; a worker delivers each, once in effect.

``enqueue`` is all a domain needs; handlers are declared with ``@handler`` where the effect lives.
"""

from market.jobs.outbox import enqueue, handler, scheduled

__all__ = ["enqueue", "handler", "scheduled"]
