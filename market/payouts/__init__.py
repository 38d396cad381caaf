"""兑付: budget lines, the ledger of transfers, payouts with maker, checker and approver. Beside the seven names: ``ledger`` (posting and verifying transfers)."""
