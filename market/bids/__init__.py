"""揭榜: drafts, sealed versions, receipts, opening by two officers, formal check."""
