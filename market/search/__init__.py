"""检索: the Whoosh index, a rebuildable cache fed from the outbox by one writer."""
