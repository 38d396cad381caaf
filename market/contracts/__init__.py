"""合同: parties, amounts, milestones, frozen indicators, acceptance of milestones, spending and results.

Beside the seven names: ``outcomes`` (研发支出 and 自报成效, what J14a and J18 count), ``outcome_routes`` (their pages)
``blueprint`` (which both files of routes add to) and ``reminders`` (what the clock tells).
"""
