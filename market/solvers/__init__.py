"""揭榜方: researchers and teams, what they can do, and the evidence for it."""
