"""检索: the Whoosh index, a rebuildable cache fed from the outbox by one writer.

``documents`` is the registry that domains fill, ``analysis`` cuts text into words, ``index`` holds the files.
"""
