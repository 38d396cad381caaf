"""The index on disk: one writer, many readers, rebuilt beside itself and swapped in.

Whoosh does not fsync, so the files are a cache: what they say is checked against the database before it is shown.
"""

import fcntl
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from flask import current_app

from market.search.analysis import query_words, words_of
from market.search.documents import KINDS, Document

log = structlog.get_logger()

LOCK_SECONDS = 30
SEGMENTS_MOST = 12
RETRIES = 3


class IndexUnusable(Exception):
    """The index is missing or damaged; a rebuild makes a new one."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of keys (kind, id), best first, with how many there are of every kind."""

    keys: list[tuple[str, int]]
    counts: dict[str, int]


def folder() -> Path:
    return Path(current_app.instance_path) / "index"


@cache
def _schema() -> Any:
    # Whoosh is needed by the search page and the worker only: not at start-up.
    from whoosh import fields
    from whoosh.analysis import SpaceSeparatedTokenizer

    # Texts arrive cut into words, so that the pickled schema holds no class of ours.
    words = SpaceSeparatedTokenizer()
    return fields.Schema(
        key=fields.ID(stored=True, unique=True),
        kind=fields.ID(stored=True),
        id=fields.NUMERIC(stored=True, signed=False),
        version=fields.STORED(),
        title=fields.TEXT(analyzer=words, field_boost=3.0, phrase=False),
        tags=fields.TEXT(analyzer=words, field_boost=2.0, phrase=False),
        body=fields.TEXT(analyzer=words, phrase=False),
        district=fields.ID(),
        posted=fields.DATETIME(sortable=True),
    )


@contextmanager
def writer_lock() -> Iterator[None]:
    """One writer at a time, the rebuild included. Raises IndexUnusable when another one does not finish in time."""
    folder().parent.mkdir(parents=True, exist_ok=True)
    with (folder().parent / "index.lock").open("w") as handle:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as problem:
                if time.monotonic() > deadline:
                    raise IndexUnusable("another writer holds the index") from problem
                time.sleep(0.05)
        yield


@cache
def _storage_class() -> Any:
    from whoosh.filedb.filestore import FileStorage

    class Storage(FileStorage):
        """Remembers what it opened: Whoosh leaves the handle of a damaged file behind."""

        def open_file(self, name: str, **kwargs: Any) -> Any:
            handle = super().open_file(name, **kwargs)
            self.__dict__.setdefault("opened", []).append(handle)
            return handle

        def let_go(self) -> None:
            for handle in self.__dict__.get("opened", []):
                with suppress(Exception):
                    handle.file.close()

    return Storage


def _open(path: Path) -> Any:
    storage = _storage_class()(str(path))
    try:
        return storage.open_index()
    except Exception as problem:  # A damaged table of contents fails in many ways.
        storage.let_go()
        raise IndexUnusable(repr(problem)) from problem


def _cut(text: str) -> str:
    return " ".join(word for word, _start, _end in words_of(text))


def _fields(kind: str, document: Document) -> dict[str, Any]:
    posted = document.posted_at.astimezone(UTC).replace(tzinfo=None) if document.posted_at else datetime(1970, 1, 1)
    return {
        "key": f"{kind}:{document.id}",
        "kind": kind,
        "id": document.id,
        "version": document.version,
        "title": _cut(f"{document.code} {document.title}"),
        "tags": _cut(" ".join(document.tags)),
        "body": _cut(document.body),
        "district": document.district or "-",
        "posted": posted,
    }


def write(kind: str, ids: Sequence[int]) -> None:
    """Bring these rows of ``kind`` to what the database shows now: upsert what is public, drop what is not."""
    with writer_lock():
        with suppress(IndexUnusable):
            _write(_open(folder()), kind, ids)
            return
        # Missing or damaged: everything, these rows included, is read anew.
        _rebuild()


def _write(index: Any, kind: str, ids: Sequence[int]) -> None:
    documents = {document.id: document for document in KINDS[kind].load(ids)}
    try:
        writer = index.writer()
        for row_id in ids:
            if row_id in documents:
                writer.update_document(**_fields(kind, documents[row_id]))
            else:
                writer.delete_by_term("key", f"{kind}:{row_id}")
        # Merging rewrites segments: only when there are many.
        writer.commit(merge=len(index._segments()) > SEGMENTS_MOST)
    except (OSError, EOFError, ValueError, KeyError, AssertionError) as problem:
        raise IndexUnusable(repr(problem)) from problem


def rebuild() -> int:
    """Write a new index from the database beside the old one and put it in its place; returns how many documents."""
    with writer_lock():
        return _rebuild()


def _rebuild() -> int:
    from whoosh import index

    fresh, old = folder().with_name("index.new"), folder().with_name("index.old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    writer = index.create_in(str(fresh), _schema()).writer(limitmb=64)
    total = 0
    for name, kind in KINDS.items():
        for document in kind.load(None):
            writer.add_document(**_fields(name, document))
            total += 1
    writer.commit(optimize=True)
    if folder().exists():
        folder().rename(old)
    fresh.rename(folder())
    shutil.rmtree(old, ignore_errors=True)
    return total


def contents() -> dict[str, str]:
    """Key and version of everything in the index. Raises IndexUnusable."""
    try:
        with _open(folder()).searcher() as searcher:
            return {stored["key"]: stored["version"] for stored in searcher.documents()}
    except IndexUnusable:
        raise
    except Exception as problem:
        raise IndexUnusable(repr(problem)) from problem


def check() -> None:
    """Open every segment. Raises IndexUnusable when one is missing or damaged."""
    try:
        with _open(folder()).reader() as reader:
            reader.doc_count()
    except IndexUnusable:
        raise
    except Exception as problem:
        raise IndexUnusable(repr(problem)) from problem


def differences() -> list[str]:
    """Keys that the index lacks, has too many or holds in another version, compared with the database."""
    kept = contents()
    true = {f"{name}:{document.id}": document.version for name, kind in KINDS.items() for document in kind.load(None)}
    return sorted(key for key in kept.keys() | true.keys() if kept.get(key) != true.get(key))


def find(text: str, kind: str, *, district: str = "", newest: bool = False, page: int = 1, size: int = 20) -> Found:
    """Keys of one page of ``kind`` and the number of hits of every kind. Raises IndexUnusable."""
    for attempt in range(RETRIES):
        try:
            with _open(folder()).searcher() as searcher:
                return _find(searcher, text, kind, district, newest, page, size)
        except FileNotFoundError:
            # The writer or a rebuild took a file away between opening and reading.
            log.info("search.retry", attempt=attempt)
        except IndexUnusable:
            if attempt == RETRIES - 1:
                raise
        except Exception as problem:
            raise IndexUnusable(repr(problem)) from problem
        time.sleep(0.02)
    raise IndexUnusable("files keep vanishing")


def _find(searcher: Any, text: str, kind: str, district: str, newest: bool, page: int, size: int) -> Found:
    from whoosh.query import And, Term

    wanted = _query(text)
    narrowed = [Term("district", district)] if district else []
    masks = {name: And([Term("kind", name), *narrowed]) for name in KINDS}
    counts = {name: len(list(searcher.docs_for_query(And([wanted, mask])))) for name, mask in masks.items()}
    if not counts.get(kind):
        return Found([], counts)
    hits = searcher.search(
        wanted, filter=masks[kind], limit=page * size, sortedby="posted" if newest else None, reverse=newest
    )
    return Found([(hit["kind"], int(hit["id"])) for hit in hits[(page - 1) * size : page * size]], counts)


def _query(text: str) -> Any:
    """Every word in some field. Built from words, never parsed: what people type is no query language."""
    from whoosh.query import And, Or, Prefix, Term

    def anywhere(word: str) -> Any:
        return Or([Term(name, word) for name in ("title", "tags", "body")])

    def one_character(character: str) -> Any:
        return Or([Prefix(name, character) for name in ("title", "tags")])

    words: Iterable[str] = dict.fromkeys(word for group in query_words(text) for word in group)
    return And([one_character(w) if len(w) == 1 and not w.isascii() else anywhere(w) for w in words])
