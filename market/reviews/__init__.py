"""评审: experts, recusal, scoring by weighted criteria, ranking."""
