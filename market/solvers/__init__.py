"""揭榜方: researchers and teams, what they can do, and the evidence for it.

``references`` reads lists of works that people paste or import; it is pure.
"""
