"""附件: an allow-list by content, limits, random names, and download only for whom the owner is visible to."""
