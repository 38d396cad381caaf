"""Words of a text: dictionary words and character pairs of Chinese, stems of Latin words. Case and width are folded."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

_RUN = re.compile(
    r"[\u3400-\u9fff\uf900-\ufaff]+|[^\W_\u3400-\u9fff\uf900-\ufaff]+(?:[.\-][^\W_\u3400-\u9fff\uf900-\ufaff]+)*"
)
WORD_MOST = 60


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


def _is_chinese(run: str) -> bool:
    return "\u3400" <= run[0] <= "\u9fff" or "\uf900" <= run[0] <= "\ufaff"


def folded(text: str) -> str:
    """Lower case and common width, character by character, so that positions stay those of ``text``."""
    return "".join(small if len(small := unicodedata.normalize("NFKC", c).lower()) == 1 else c for c in text)


def words_of(text: str) -> Iterator[tuple[str, int, int]]:
    """(word, start, end) of everything a text can be found by."""
    small = folded(text)
    for run in _RUN.finditer(small):
        if _is_chinese(run.group()):
            yield from _chinese(run.group(), run.start())
        else:
            yield from _latin(run.group(), run.start())


def _latin(run: str, offset: int) -> Iterator[tuple[str, int, int]]:
    yield _stemmer().stemWord(run)[:WORD_MOST], offset, offset + len(run)
    parts = re.split(r"([.\-])", run)
    if len(parts) > 1:
        at = offset
        for part in parts:
            if part not in (".", "-") and len(part) > 1:
                yield _stemmer().stemWord(part)[:WORD_MOST], at, at + len(part)
            at += len(part)


def _chinese(run: str, offset: int) -> Iterator[tuple[str, int, int]]:
    # 0.15 s to load its dictionary: not at start-up.
    import rjieba

    seen: set[tuple[int, int]] = set()
    for word, start, end in rjieba.tokenize(run, "search"):
        seen.add((start, end))
        yield word, offset + start, offset + end
    # A dictionary cuts one phrase differently inside another; pairs are always there.
    for start in range(len(run) - 1):
        if (start, start + 2) not in seen:
            yield run[start : start + 2], offset + start, offset + start + 2


def query_words(text: str) -> list[list[str]]:
    """What is asked for: groups that must all be found, each a list of words that must all be found.

    A run of Chinese is one group of its pairs: the dictionary may have cut the indexed text differently.
    """
    groups = []
    for run in _RUN.findall(folded(text)):
        if not _is_chinese(run):
            groups.append([next(_latin(run, 0))[0]])
        elif len(run) == 1:
            groups.append([run])
        else:
            groups.append(list(dict.fromkeys(run[at : at + 2] for at in range(len(run) - 1))))
    return groups[:20]
