from __future__ import annotations

import json
from pathlib import Path

import pytest

from matching import DamagedIndex, ForeignIndex, Matcher, OtherVersion, Profile
from tests.matching.corpus import BALLS, CHEMIST, EVERYONE


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    Matcher.fit(EVERYONE).save(tmp_path / "index")
    return tmp_path / "index"


def generation(folder: Path) -> Path:
    return folder / (folder / "CURRENT").read_text()


def test_loaded_index_answers_like_the_saved_one(saved: Path) -> None:
    assert Matcher.load(saved, verify=True).rank(BALLS) == Matcher.fit(EVERYONE).rank(BALLS)


def test_updates_survive_saving(tmp_path: Path) -> None:
    matcher = Matcher.fit(EVERYONE[:2])
    matcher.update([CHEMIST, Profile("z", bio="zeppelin")], removed=["botanist"])
    matcher.save(tmp_path)
    loaded = Matcher.load(tmp_path)
    assert len(loaded) == 3 and "botanist" not in loaded
    assert loaded.rank(BALLS) == matcher.rank(BALLS)
    loaded.update([Profile("y", bio="zeppelin")])
    assert len(loaded) == 4


def test_arrays_are_mapped_not_copied(saved: Path) -> None:
    import numpy as np

    segment = Matcher.load(saved)._ranker.segments[0]
    assert isinstance(segment.posting_weight, np.memmap) and not segment.posting_weight.flags.writeable


def test_open_index_keeps_answering_while_another_is_saved(saved: Path) -> None:
    opened = Matcher.load(saved)
    expected = opened.rank(BALLS)
    Matcher.fit([CHEMIST]).save(saved)
    assert opened.rank(BALLS) == expected
    assert len(Matcher.load(saved)) == 1


def test_save_keeps_one_generation_back_and_no_more(saved: Path) -> None:
    for _ in range(3):
        Matcher.fit([CHEMIST]).save(saved)
    assert len([p for p in saved.iterdir() if p.is_dir()]) == 2


def test_foreign_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForeignIndex):
        Matcher.load(tmp_path)
    (tmp_path / "CURRENT").write_text("../../etc")
    with pytest.raises(ForeignIndex):
        Matcher.load(tmp_path)


def test_header_of_another_maker_or_version_is_refused(saved: Path) -> None:
    path = generation(saved) / "header.json"
    header = json.loads(path.read_text())
    path.write_text(json.dumps(header | {"version": 0}))
    with pytest.raises(OtherVersion, match="fit anew"):
        Matcher.load(saved)
    path.write_text(json.dumps(header | {"format": "else"}))
    with pytest.raises(ForeignIndex):
        Matcher.load(saved)
    path.write_text("{")
    with pytest.raises(DamagedIndex):
        Matcher.load(saved)


def test_truncated_missing_or_altered_file_is_refused(saved: Path) -> None:
    path = generation(saved) / "0.terms.npy"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DamagedIndex, match="checksum"):
        Matcher.load(saved, verify=True)
    path.write_bytes(content[:-4])
    with pytest.raises(DamagedIndex, match="size"):
        Matcher.load(saved)
    path.unlink()
    with pytest.raises(DamagedIndex):
        Matcher.load(saved)


def test_header_that_lists_too_little_is_refused(saved: Path) -> None:
    path = generation(saved) / "header.json"
    header = json.loads(path.read_text())
    del header["files"]["idf.npy"]
    path.write_text(json.dumps(header))
    with pytest.raises(DamagedIndex):
        Matcher.load(saved)
