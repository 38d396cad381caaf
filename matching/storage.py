"""The index on disk: one folder per saved generation, memory-mapped, checksummed, put in place by one rename.

``folder/CURRENT`` names the generation in force. A save writes a new generation beside it, flushes it, then replaces
CURRENT: a process killed at any moment leaves the old name and the old files. Then every other generation is removed,
and of profiles replaced or removed since nothing is written: what somebody took back is on no disk after the next save.
Processes that have an old generation mapped keep answering from it, as long as the file system keeps mapped files.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import uuid
from dataclasses import asdict
from pathlib import Path

import numpy as np

from matching.errors import DamagedIndex, ForeignIndex, OtherVersion
from matching.features import Counts, Names, Vocabulary
from matching.glossary import Glossary, shipped
from matching.ranking import Frozen, Ranker
from matching.segments import Segment
from matching.types import Settings

FORMAT, VERSION = "jiebang-matching", 3
_GENERATION = re.compile("[0-9a-f]{32}")
_NAMES, _COUNTS = ("text", "start", "hashes", "order"), ("first_text", "first_term", "entries")
_ARRAYS = ("digests", "norms", "lengths", "centroid_norms", "columns", "posting_start", "posting_row",
           "posting_weight", "greatest", "latent", "packed", "packed_start")  # fmt: skip


def save(ranker: Ranker, folder: Path) -> None:
    """Write a generation and make it current. Raises OSError; the old index is untouched then."""
    ranker.forget()
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
    _write_bytes(folder / f"{name}.next", name.encode())
    os.replace(folder / f"{name}.next", folder / "CURRENT")
    _flush_folder(folder)
    _sweep(folder, name)


def _arrays(ranker: Ranker) -> dict[str, np.ndarray]:
    vocabulary, frozen = ranker.vocabulary, ranker.frozen
    later = np.fromiter(vocabulary.later, np.uint64, len(vocabulary.later))
    arrays = {
        "hashes.npy": vocabulary.hashes, "idf.npy": vocabulary.idf, "frequencies.npy": vocabulary.frequencies,
        "later.npy": later, "projection.npy": frozen.projection, "deviations.npy": frozen.deviations,
    }  # fmt: skip
    for number, (segment, gone) in enumerate(zip(ranker.segments, ranker.gone, strict=True)):
        arrays |= {f"{number}.names_{name}.npy": getattr(segment.names, name) for name in _NAMES}
        arrays |= {f"{number}.{name}.npy": getattr(segment.counts, name) for name in _COUNTS}
        arrays |= {f"{number}.{name}.npy": getattr(segment, name) for name in _ARRAYS}
        arrays[f"{number}.gone.npy"] = gone
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


def _sweep(folder: Path, keep: str) -> None:
    """Remove the other generations, and what killed saves left behind; where the system holds on to files that are in
    use, a later save does."""
    for path in folder.iterdir():
        if path.is_dir() and path.name != keep and _GENERATION.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix == ".next" and _GENERATION.fullmatch(path.stem):
            path.unlink(missing_ok=True)


def load(folder: Path, glossary: Glossary | None = None, verify: bool = False) -> Ranker:
    """The ranker of the current generation, its arrays memory-mapped and read-only."""
    while True:
        current = _current(folder)
        try:
            return _open(folder, glossary, verify)
        except (DamagedIndex, FileNotFoundError):
            if _current(folder) == current:  # otherwise a save came between, and removed what was being opened
                raise


def _open(folder: Path, glossary: Glossary | None, verify: bool) -> Ranker:
    header, home = read_header(folder)
    for name, facts in header["files"].items():
        path = home / name
        if not path.is_file() or path.stat().st_size != facts["size"]:
            raise DamagedIndex(f"{path} is missing or has another size than when it was saved")
        if verify and _digest(path) != facts["sha256"]:
            raise DamagedIndex(f"{path} differs from its checksum")
    try:
        arrays = {name: _map(home / name) for name in header["files"]}
        return _assemble(header, arrays, glossary or shipped())
    except (KeyError, TypeError, ValueError, EOFError) as error:
        raise DamagedIndex(f"{home} cannot be read: {error}") from error


def _map(path: Path) -> np.ndarray:
    """The array of a file, mapped and read-only; as a plain array, because slicing a ``memmap`` takes ten times as
    long."""
    return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)


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
        names = Names(*(arrays[f"{number}.names_{name}.npy"] for name in _NAMES))
        segments.append(Segment(names, counts, *(arrays[f"{number}.{name}.npy"] for name in _ARRAYS)))
        gone.append(np.array(arrays[f"{number}.gone.npy"]))
    return Ranker(Settings(**header["settings"]), glossary, vocabulary, frozen, segments, gone)
