"""Cached series that somebody damaged: never used, fetched again, and told."""
import json
import os

import pytest
from idc_on_loopback import SLICES, Fetcher

from TumorConnectomeLib.imaging.series_cache import Condition


@pytest.fixture
def stored(study, gate, tmp_path):
    """A fetcher with the study in its cache."""
    fetcher = Fetcher(study, tmp_path / "cache", gate)
    fetcher.fetch()
    return fetcher


def remove_a_file(folder):
    next(folder.glob("files/*.dcm")).unlink()


def cut_a_file(folder):
    path = next(folder.glob("files/*.dcm"))
    path.write_bytes(path.read_bytes()[:-100])


def change_a_byte(folder):
    path = next(folder.glob("files/*.dcm"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def add_a_file(folder):
    (folder / "files" / "more.dcm").write_bytes(b"x")


def remove_the_record(folder):
    (folder / "series.json").unlink()


def garble_the_record(folder):
    (folder / "series.json").write_text('{"format": 1, "uid"')


def foreign_record(folder):
    record = json.loads((folder / "series.json").read_text())
    (folder / "series.json").write_text(json.dumps(record | {"uid": "1.2.3"}))


@pytest.mark.parametrize("damage", [remove_a_file, cut_a_file, change_a_byte, add_a_file, remove_the_record,
                                    garble_the_record, foreign_record])
def test_a_cache_damaged_by_hand_is_fetched_again_and_said_so(stored, gate, damage):
    fetcher, uid = stored, stored.study.request.ct_uid
    gate.reset()
    damage(fetcher.cache.entry(uid))
    assert fetcher.cache.condition(uid) is not Condition.WHOLE
    files = fetcher.fetch()
    assert f"the stored files of series {uid} were changed or are incomplete" in files.note and files.source == "IDC"
    assert len(gate.downloads) == SLICES                # the report was whole
    fetcher.assert_whole(files)


def test_a_damaged_report_is_fetched_again_alone(stored, gate):
    gate.reset()
    cut_a_file(stored.cache.entry(stored.study.request.sr_uid))
    files = stored.fetch()
    assert "were changed or are incomplete" in files.note and len(gate.downloads) == 1
    stored.assert_whole(files)


def test_files_with_other_times_but_the_same_contents_are_whole(stored, gate):
    gate.reset()
    folder = stored.cache.files_folder(stored.study.request.ct_uid)
    for path in folder.iterdir():
        os.utime(path, (1, 1))
    assert stored.cache.condition(stored.study.request.ct_uid) is Condition.TOUCHED
    files = stored.fetch()
    assert files.source == "Cache" and files.note == "" and gate.requests == []
    assert stored.cache.condition(stored.study.request.ct_uid) is Condition.WHOLE
