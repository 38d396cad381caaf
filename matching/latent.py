"""The latent space: which words mean alike because the same texts hold them (LSA, Deerwester et al. 1990)."""

from __future__ import annotations

from typing import Any

import numpy as np

from matching.features import Counts
from matching.segments import of_texts, text_vectors
from matching.types import Settings

_LATENT_TEXTS = 20_000


def latent_space(counts: Counts, text_idf: np.ndarray, settings: Settings) -> np.ndarray:
    """float16 [v, dimensions]: right singular vectors of (a sample of) the texts."""
    from sklearn.decomposition import TruncatedSVD

    number = len(counts.first_term) - 1
    chosen = np.arange(number)
    if number > _LATENT_TEXTS:
        draw = np.random.default_rng(settings.seed)
        chosen = np.sort(draw.choice(number, _LATENT_TEXTS, replace=False))
    rows = text_vectors(of_texts(counts, chosen), np.arange(len(text_idf), dtype=np.int32), text_idf)[0]
    size = min(settings.dimensions, rows.shape[0] - 1, rows.shape[1] - 1)
    if size < 1:
        return np.zeros((rows.shape[1], 0), np.float16)
    with np.errstate(invalid="ignore", divide="ignore"):  # texts that are all the same have no variance to explain
        svd: Any = TruncatedSVD(size, random_state=settings.seed).fit(rows)
    return np.ascontiguousarray(svd.components_.T, np.float16)


def project(rows: Any, ids: np.ndarray, projection: np.ndarray) -> np.ndarray:
    """float16 [n, dimensions]: the rows in latent space, of unit length; ``ids`` are the terms of their columns."""
    known = int(np.searchsorted(ids, len(projection)))
    vectors = np.zeros((len(ids), projection.shape[1]), np.float32)
    vectors[:known] = projection[ids[:known]]
    latent = np.asarray(rows @ vectors, np.float32)
    norms = np.sqrt((latent**2).sum(axis=1, keepdims=True))
    return (latent / np.maximum(norms, 1e-9)).astype(np.float16)
