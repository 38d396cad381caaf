"""The index on disk: one folder per saved generation, memory-mapped, checksummed, put in place by one rename.

``folder/CURRENT`` names the generation in force. A save writes a new generation beside it, flushes it, then replaces
CURRENT: a process killed at any moment leaves the old name and the old files. Processes that have the old generation
mapped keep it; a later save removes generations that are neither current nor the one before.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from dataclasses import asdict
from pathlib import Path

import numpy as np

from matching.errors import DamagedIndex, ForeignIndex, OtherVersion
from matching.features import Counts, Segment, Vocabulary
from matching.glossary import Glossary, shipped
from matching.ranking import Frozen, Ranker
from matching.types import Settings

FORMAT, VERSION = "jiebang-matching", 1
_COUNTS = ("first_text", "first_term", "terms", "counts")
_ARRAYS = ("norms", "lengths", "centroid_norms", "posting_start", "posting_row", "posting_weight", "greatest",
           "latent", "packed", "packed_start")  # fmt: skip


def save(ranker: Ranker, folder: Path) -> None:
    """Write a generation and make it current. Raises OSError; the old index is untouched then."""
    folder.mkdir(parents=True, exist_ok=True)
    name = uuid.uuid4().hex
    target = folder / name
    target.mkdir()
    files = {file: _write(target / file, array) for file, array in _arrays(ranker).items()}
    frozen, vocabulary = ranker.frozen, ranker.vocabulary
    header = {
        "format": FORMAT, "version": VERSION, "files": files, "segments": len(ranker.segments),
        "settings": asdict(ranker.settings), "texts": vocabulary.texts, "scale": frozen.scale,
        "mean_length": frozen.mean_length,
    }  # fmt: skip
    _write_bytes(target / "header.json", json.dumps(header, indent=1).encode())
    _flush_folder(target)
    previous = _current(folder)
    _write_bytes(folder / f"{name}.next", name.encode())
    os.replace(folder / f"{name}.next", folder / "CURRENT")
    _flush_folder(folder)
    _sweep(folder, keep={name, previous})


def _arrays(ranker: Ranker) -> dict[str, np.ndarray]:
    vocabulary, frozen = ranker.vocabulary, ranker.frozen
    later = np.fromiter(vocabulary.later, np.uint64, len(vocabulary.later))
    arrays = {
        "hashes.npy": vocabulary.hashes, "idf.npy": vocabulary.idf, "frequencies.npy": vocabulary.frequencies,
        "later.npy": later, "projection.npy": frozen.projection, "deviations.npy": frozen.deviations,
    }  # fmt: skip
    for number, (segment, gone) in enumerate(zip(ranker.segments, ranker.gone, strict=True)):
        arrays |= {f"{number}.{name}.npy": getattr(segment.counts, name) for name in _COUNTS}
        arrays |= {f"{number}.{name}.npy": getattr(segment, name) for name in _ARRAYS}
        arrays[f"{number}.gone.npy"] = gone
        arrays[f"{number}.ids.npy"] = np.frombuffer(json.dumps(segment.ids).encode(), np.uint8)
    return arrays


def _write(path: Path, array: np.ndarray) -> dict[str, int | str]:
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    return {"size": path.stat().st_size, "sha256": _digest(path)}


def _write_bytes(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _current(folder: Path) -> str | None:
    pointer = folder / "CURRENT"
    return pointer.read_text("utf-8", "replace").strip() if pointer.is_file() else None


def _sweep(folder: Path, keep: set[str | None]) -> None:
    """Remove what no reader can need: older generations, and what a killed save left behind."""
    for path in folder.iterdir():
        if path.is_dir() and path.name not in keep and (path / "header.json").is_file():
            shutil.rmtree(path, ignore_errors=True)


def load(folder: Path, glossary: Glossary | None = None, verify: bool = False) -> Ranker:
    """The ranker of the current generation, its arrays memory-mapped and read-only."""
    header, home = read_header(folder)
    for name, facts in header["files"].items():
        path = home / name
        if not path.is_file() or path.stat().st_size != facts["size"]:
            raise DamagedIndex(f"{path} is missing or has another size than when it was saved")
        if verify and _digest(path) != facts["sha256"]:
            raise DamagedIndex(f"{path} differs from its checksum")
    try:
        arrays = {name: np.load(home / name, mmap_mode="r", allow_pickle=False) for name in header["files"]}
        return _assemble(header, arrays, glossary or shipped())
    except (KeyError, TypeError, ValueError, EOFError) as error:
        raise DamagedIndex(f"{home} cannot be read: {error}") from error


def read_header(folder: Path) -> tuple[dict, Path]:
    """The header of the current generation and its folder. Raises ForeignIndex, DamagedIndex, OtherVersion."""
    name = _current(folder)
    if name is None or not name.isalnum():
        raise ForeignIndex(f"{folder} holds no index of this library")
    home = folder / name
    try:
        header = json.loads((home / "header.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedIndex(f"{home} has no readable header") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ForeignIndex(f"{home} was not written by this library")
    if header.get("version") != VERSION:
        raise OtherVersion(f"{home} has format version {header.get('version')}; this library reads {VERSION}: fit anew")
    return header, home


def _assemble(header: dict, arrays: dict[str, np.ndarray], glossary: Glossary) -> Ranker:
    known = len(arrays["hashes.npy"])
    later = {int(name): known + i for i, name in enumerate(arrays["later.npy"])}
    vocabulary = Vocabulary(arrays["hashes.npy"], arrays["idf.npy"], arrays["frequencies.npy"], header["texts"], later)
    frozen = Frozen(arrays["projection.npy"], arrays["deviations.npy"], header["scale"], header["mean_length"])
    segments, gone = [], []
    for number in range(header["segments"]):
        counts = Counts(*(arrays[f"{number}.{name}.npy"] for name in _COUNTS))
        ids = json.loads(bytes(arrays[f"{number}.ids.npy"]))
        segments.append(Segment(ids, counts, *(arrays[f"{number}.{name}.npy"] for name in _ARRAYS)))
        gone.append(np.array(arrays[f"{number}.gone.npy"]))
    return Ranker(Settings(**header["settings"]), glossary, vocabulary, frozen, segments, gone)
