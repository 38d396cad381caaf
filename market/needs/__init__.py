"""需求: a firm drafts, the district checks, the division checks, a panel validates. Beside the seven names: ``content`` (the fields a need shares with a challenge version)."""
