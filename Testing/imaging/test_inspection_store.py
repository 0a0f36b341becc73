"""Inspections kept in the cache: the same as anew, and never of other files."""
import json
import os

import pytest
from dicom_factory import edit, make_ct, make_sr, rectangle

from TumorConnectomeLib.imaging.inspection import inspect
from TumorConnectomeLib.imaging.inspection_store import InspectionStore


@pytest.fixture
def stored(tmp_path):
    """(folder, slices, report, series UID, store), the inspection stored."""
    slices = make_ct(tmp_path / "ct", 6)
    report = tmp_path / "sr.dcm"
    make_sr(report, slices, [(1, rectangle(5, 5, 9, 9))])
    store, uid = InspectionStore(tmp_path / "cache"), slices[0].SeriesInstanceUID
    store.put(tmp_path / "ct", report, inspect(tmp_path / "ct", report))
    return tmp_path, slices, report, uid, store


def test_a_kept_inspection_is_the_one_that_was_made(stored):
    folder, _, report, uid, store = stored
    assert store.find(folder / "ct", report, uid) == inspect(folder / "ct", report)
    assert InspectionStore(folder / "cache").find(folder / "ct", report, uid)["lesions"]


def touch(folder, slices, report):
    os.utime(slices[0].filename, ns=(1, 1))


def rewrite(folder, slices, report):
    edit(slices[0], PatientComments="x")


def remove(folder, slices, report):
    slices[0].filename.unlink()


def add(folder, slices, report):
    (folder / "ct" / "more.dcm").write_bytes(b"x")


def change_report(folder, slices, report):
    report.write_bytes(report.read_bytes() + b"\0\0")


@pytest.mark.parametrize("change", [touch, rewrite, remove, add, change_report])
def test_other_files_are_looked_at_anew(stored, change):
    folder, slices, report, uid, store = stored
    change(folder, slices, report)
    assert store.find(folder / "ct", report, uid) is None


def test_without_its_report_or_in_another_folder_it_does_not_count(stored):
    folder, _, report, uid, store = stored
    assert store.find(folder / "ct", None, uid) is None
    (folder / "ct").rename(folder / "moved")
    assert store.find(folder / "moved", report, uid) is None and store.find(folder / "ct", report, uid) is None


def test_a_changed_entry_never_leads_out_of_the_folder(stored):
    folder, _, report, uid, store = stored
    (path,) = (folder / "cache" / "inspections").iterdir()
    value = json.loads(path.read_text())
    value["found"]["files"][0] = "../../etc/passwd"
    path.write_text(json.dumps(value))
    assert store.find(folder / "ct", report, uid) is None
    for text in ("", "{}", "[1]", '{"version": 1}', "null"):
        path.write_text(text)
        assert store.find(folder / "ct", report, uid) is None


def test_files_in_subfolders_are_not_kept(tmp_path):
    make_ct(tmp_path / "ct" / "deep", 3)
    inspection = inspect(tmp_path / "ct")
    store = InspectionStore(tmp_path / "cache")
    store.put(tmp_path / "ct", None, inspection)
    assert store.find(tmp_path / "ct", None, inspection["series_uid"]) is None
