"""审计: an append-only, gapless, hash-chained journal of everything that was done and everything that changed."""
