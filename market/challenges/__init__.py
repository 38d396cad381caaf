"""榜单: versions, posting after approval, closing by the clock, extension, no award, relisting.

Beside the seven names: ``changes`` (operations while it takes bids), ``tabs`` (the parts of a challenge's page, each a
URL of its own room), ``numbering`` (codes without gaps or doubles) and ``ledger`` (榜单台账 as xlsx).
"""
