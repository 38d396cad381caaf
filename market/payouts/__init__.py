"""兑付: budget lines, the ledger of transfers, payouts and refunds with maker, checker and approver.

Beside the seven names: ``triggers`` (what the database itself enforces, declared next to the tables), ``ledger``
(posting transfers), ``entitlement`` (what may be paid, pure), ``payees`` (bank accounts and the row's seal),
``refunds`` and ``refund_routes`` (taking back what was paid), ``bounties`` (the poster's own payments),
``blueprint`` (which both files of routes add to), ``verification`` and ``commands`` (``flask ledger verify``),
``export`` (资金台账).
"""
