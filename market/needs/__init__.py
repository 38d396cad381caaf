"""需求: a firm drafts, the district checks, the division checks, a panel validates.

Beside the seven names: ``content`` (the fields a need shares with a challenge version), ``sections`` (these fields in
the order in which people meet them), ``checks`` (what the rules say about them) and ``ledger`` (需求台账 as xlsx).
"""
