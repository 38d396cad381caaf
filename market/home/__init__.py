"""首页: the public front page and, for each role, what waits for me.

Beside the seven files: ``navigation`` (the menu of the signed-in shell), ``tasks`` (the register of what waits for
whom, one query a kind) filled by ``party_tasks``, ``bureau_tasks`` and ``oversight_tasks``.
"""
