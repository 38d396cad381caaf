"""揭榜: drafts, sealed versions, receipts, opening by two officers, formal check.

Beside the seven names: ``content`` (what a bid says, and the package it is sealed as), ``receipts`` (numbers and
signatures), ``opening`` (the operations of the opening, apart from those of the bidder), ``reminders`` (what the clock
tells)."""
