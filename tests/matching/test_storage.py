from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from matching import DamagedIndex, ForeignIndex, Matcher, Need, OtherVersion, Profile, storage
from tests.matching.corpus import BALLS, CERAMIST, CHEMIST, EVERYONE, random_profiles


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
    assert isinstance(segment.posting_weight.base, np.memmap) and not segment.posting_weight.flags.writeable


def test_open_index_keeps_answering_while_another_is_saved(saved: Path) -> None:
    opened = Matcher.load(saved)
    expected = opened.rank(BALLS)
    Matcher.fit([CHEMIST]).save(saved)
    assert opened.rank(BALLS) == expected
    assert len(Matcher.load(saved)) == 1


def test_save_leaves_no_older_generation_and_no_half_written_one(saved: Path) -> None:
    (saved / ("0" * 32)).mkdir()
    (saved / ("0" * 32 + ".next")).write_text("0" * 32)
    (saved / "somebody's folder").mkdir()
    for _ in range(2):
        Matcher.fit([CHEMIST]).save(saved)
    current = (saved / "CURRENT").read_text()
    assert {path.name for path in saved.iterdir()} == {"CURRENT", current, "somebody's folder"}


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_words_of_removed_and_rewritten_profiles_are_on_no_disk_after_the_next_save(tmp_path: Path) -> None:
    others = random_profiles(5, 60)
    matcher = Matcher.fit([*EVERYONE, *others])
    matcher.save(tmp_path)
    before = on_disk(tmp_path)
    assert "番茄".encode() in before and "气压烧结".encode() in before and b"botanist" in before
    matcher = Matcher.load(tmp_path)
    matcher.update([replace(CERAMIST, bio="改行研究量子计算")], removed=["botanist"])
    needs = [BALLS, Need("n", "番茄病毒检测 量子计算"), *(Need(str(i), p.bio) for i, p in enumerate(others[:10]))]
    expected = matcher.rank_many(needs), matcher.drift()
    matcher.save(tmp_path)
    after = on_disk(tmp_path)
    assert "番茄".encode() not in after and "气压烧结".encode() not in after and b"botanist" not in after
    assert "色斑".encode() in after and "量子计算".encode() in after
    loaded = Matcher.load(tmp_path, verify=True)
    for answering in (matcher, loaded):
        assert (answering.rank_many(needs), answering.drift()) == expected
    assert "botanist" not in loaded and loaded.rank(BALLS) == matcher.rank(BALLS)
    loaded.compact()
    assert [[m.profile_id for m in found] for found in loaded.rank_many(needs)] == [
        [m.profile_id for m in found] for found in expected[0]
    ]


def test_compiled_engine_answers_the_same_from_an_index_that_forgot(tmp_path: Path) -> None:
    matcher = Matcher.fit([*EVERYONE, *random_profiles(6, 40)])
    matcher.update(removed=["botanist", "p0003"])
    matcher.save(tmp_path)
    matcher._ranker.engine = "compiled"
    loaded = Matcher.load(tmp_path)
    assert loaded.rank(BALLS) == matcher.rank(BALLS)


def test_save_between_reading_the_name_and_the_files_is_no_damage(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original, saves = storage.read_header, [Matcher.fit([CHEMIST])]

    def overtaken(folder: Path) -> tuple[dict, Path]:
        found = original(folder)
        while saves:
            saves.pop().save(folder)
        return found

    monkeypatch.setattr(storage, "read_header", overtaken)
    assert len(Matcher.load(saved)) == 1


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
    path = generation(saved) / "0.entries.npy"
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
