"""兑付: budget lines, the ledger of transfers, payouts with maker, checker and approver.

Beside the seven names: ``triggers`` (what the database itself enforces, declared next to the tables), ``ledger``
(posting transfers), ``entitlement`` (what may be paid, pure), ``payees`` (bank accounts and the row's seal),
``bounties`` (the poster's own payments), ``verification`` and ``commands`` (``flask ledger verify``), ``export``
(资金台账).
"""
