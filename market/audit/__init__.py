"""审计: an append-only, gapless, hash-chained journal of everything that was done and everything that changed.

Beside the seven files: ``chain`` (hashing), ``journal`` (writing), ``verify`` (checking), ``labels`` (words for people)
and ``export`` (CSV).
"""
