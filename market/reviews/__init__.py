"""评审: experts, recusal, scoring by weighted criteria, ranking.

Beside the seven names: ``drawing`` (who is drawn from a seed) and ``scoring`` (totals, means, ranks), both pure, so
that an auditor can repeat a draw or a ranking by hand; ``pool`` (reads of the expert pool and of what excludes from a
panel); ``panel`` (the operations that seat a panel; ``operations`` offers them on); ``reminders`` (what the clock
tells).
"""
