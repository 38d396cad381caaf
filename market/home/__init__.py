"""首页: the public front page and, for each role, what waits for me."""
