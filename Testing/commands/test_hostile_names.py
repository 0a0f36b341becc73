"""Paths and UIDs from files never leave the cache folder, whatever a cohort, a header or a file name says."""
import csv
import json
import os
import pathlib

import pydicom
import pytest
from dicom_factory import edit, make_ct, make_sr, rectangle, save
from dicom_mutations import HOSTILE_UIDS

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.base.files import checked_uid
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.imaging.file_header import read_header
from TumorConnectomeLib.imaging.folder_source import find_series, index_folder, scan_command
from TumorConnectomeLib.imaging.measurement_store import VERSION, MeasurementStore
from TumorConnectomeLib.imaging.series_cache import SeriesCache
from TumorConnectomeLib.imaging.sources import SeriesRequest
from TumorConnectomeLib.imaging.thumbnail_store import ThumbnailStore

#: a UID is stripped of the padding that DICOM allows, so these two are no attack
HOSTILE = [uid for uid in HOSTILE_UIDS if uid.strip("\0 ")]
BAD_NAMES = ("-rf.dcm", "a\nb.dcm", "%2e%2e.dcm", "\u202egpj.dcm", "name with spaces .dcm", "x" * 200 + ".dcm",
             "$(touch evil).dcm")


def tree(folder):
    """Every path below a folder with its size, without following links."""
    return {str(path.relative_to(folder)): path.lstat().st_size for path in sorted(pathlib.Path(folder).rglob("*"))}


@pytest.mark.parametrize("uid", HOSTILE)
def test_no_uid_that_is_none_becomes_a_path(tmp_path, uid):
    cache, thumbnails = SeriesCache(tmp_path / "cache"), ThumbnailStore(tmp_path / "cache")
    for use in (checked_uid, cache.entry, cache.staging, cache.lock_file, cache.files_folder, cache.condition, thumbnails.find,
                lambda text: thumbnails.put(text, b"x", ".jpg"), lambda text: SeriesRequest("P1", "1.2", text),
                lambda text: SeriesRequest("P1", text, "1.2"), lambda text: SeriesRequest("P1", "1.2", "1.3", text)):
        with pytest.raises(InputError) as error:
            use(uid)
        assert str(error.value).isprintable()
    assert not (tmp_path / "cache").exists() and tree(tmp_path) == {}


@pytest.fixture
def place(tmp_path):
    """A folder of images with hostile names and headers among good ones, a cache, and something outside to be left alone."""
    slices = make_ct(tmp_path / "images", 3, patient_id="../../P1")
    for dataset, name in zip(slices, BAD_NAMES):
        dataset.filename.rename(tmp_path / "images" / name)
        dataset.filename = tmp_path / "images" / name
    make_sr(tmp_path / "images" / "sr.dcm", slices, [(1, rectangle(2, 2, 8, 8))])
    for number, uid in enumerate(HOSTILE):
        bad = pydicom.dcmread(slices[0].filename)
        bad.SOPInstanceUID = f"1.2.3.{number}"
        bad.SeriesInstanceUID = uid
        try:
            save(bad, tmp_path / "images" / f"hostile{number}.dcm")
        except (ValueError, TypeError):                 # no text of DICOM's character set
            continue
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "keep.txt").write_text("keep")
    (tmp_path / "images" / "link.dcm").symlink_to(tmp_path / "outside" / "keep.txt")
    return tmp_path, slices


@pytest.mark.filterwarnings("ignore:Invalid value for VR", "ignore:The value length")
def test_a_folder_of_hostile_files_is_searched_without_a_trace_outside_the_cache(place):
    folder, slices = place
    before = tree(folder)
    index = index_folder(folder / "images", folder / "cache")
    request = SeriesRequest("../../P1", slices[0].StudyInstanceUID, slices[0].SeriesInstanceUID)
    found = find_series(folder / "images", index, request, folder / "cache")
    linked = pathlib.Path(found["ct_folder"])
    assert linked.is_relative_to(folder / "cache") and len(list(linked.iterdir())) == 3
    assert all(os.path.basename(path) == f"{number:05d}.dcm" for number, path in enumerate(sorted(linked.iterdir())))
    for uid in HOSTILE:
        with pytest.raises(InputError):
            scan_command([str(folder / "images"), str(folder / "cache"), "0", uid], lambda fraction, message="": None)
    after = tree(folder)
    assert {path: size for path, size in after.items() if not path.startswith("cache")} == before


@pytest.mark.filterwarnings("ignore:Invalid value for VR", "ignore:The value length")
def test_measuring_hostile_images_leaves_no_trace_outside_the_cache(place, capsys):
    folder, slices = place
    with open(folder / "cohort.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["PatientID", "StudyInstanceUID", "CT_SeriesInstanceUID", "pred_0", "pred_1"])
        writer.writerow(["../../P1", slices[0].StudyInstanceUID, slices[0].SeriesInstanceUID, 1, 2])
        writer.writerow(["C:\\P2", slices[0].StudyInstanceUID, "1.2.3.4", 2, 1])
    before = tree(folder)
    cache = str(folder / "cache")
    assert main(["measure", "--data", str(folder / "cohort.csv"), "--images", str(folder / "images"), "--cache", cache,
                 "--store", cache, "--out", str(folder / "cache" / "out.csv")]) == 0
    assert "1 of 2 patients measured" in capsys.readouterr().out
    assert {path: size for path, size in tree(folder).items() if not path.startswith("cache")} == before
    store = MeasurementStore(folder / "cache")
    store.update()
    assert store.measurements[slices[0].SeriesInstanceUID].patient_id == "../../P1"     # a name, never a path


def test_a_hostile_series_uid_in_a_table_is_left_out_and_told(tmp_path, capsys):
    for uid in ("../../x", "C:\\x", "1.2/3"):
        (tmp_path / "cohort.csv").write_text(
            f"PatientID,CT_SeriesInstanceUID,StudyInstanceUID,pred_0,pred_1\nA,1.2.3,1.2,1,2\nB,{uid},1.2,2,1\n")
        assert main(["measure", "--data", str(tmp_path / "cohort.csv"), "--store", str(tmp_path / "cache"),
                     "--out", str(tmp_path / "out.csv")]) == 0
        said = capsys.readouterr().err
        assert "CT_SeriesInstanceUID" in said and "no DICOM UIDs" in said and "Traceback" not in said
        assert uid not in (tmp_path / "out.csv").read_text("utf-8")
    assert {path.name for path in tmp_path.iterdir()} <= {"cohort.csv", "out.csv", "cache"}


def test_a_store_that_names_paths_is_not_believed(tmp_path):
    (tmp_path / "measurements.jsonl").write_text(json.dumps({"version": VERSION, "check": "x", "measurement": {
        "series_uid": "../../x"}}) + "\n")
    store = MeasurementStore(tmp_path)
    assert store.update() and store.measurements == {} and store.damaged == 1


@pytest.mark.filterwarnings("ignore:Invalid value for VR", "ignore:The value length")
def test_a_report_that_refers_to_paths_is_refused(tmp_path):
    from TumorConnectomeLib.imaging.sr_boxes import read_sr

    slices = make_ct(tmp_path / "ct", 2)
    make_sr(tmp_path / "sr.dcm", slices, [(1, rectangle(2, 2, 8, 8))])
    written = pydicom.dcmread(tmp_path / "sr.dcm")
    evidence = written.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    evidence.SeriesInstanceUID = "../../../etc"
    written.save_as(tmp_path / "sr.dcm")
    with pytest.raises(InputError, match="is not a DICOM UID"):
        read_sr(tmp_path / "sr.dcm")
    edit(slices[0], SOPInstanceUID="1.2.3")
    assert read_header(slices[0].filename).sop_uid == "1.2.3"
