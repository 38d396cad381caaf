"""公示与异议: the proposed award in public notice, and objections that stop the signing."""
