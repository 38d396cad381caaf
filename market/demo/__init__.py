"""演示: the year 2021 replayed through the operations a user would call, under a moving clock, and a live cycle."""
