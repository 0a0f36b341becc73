"""Command ``embed``: one tumor, a folder of CTs by boxes, segments and points, restarts, a collection; and bad input."""
import csv
import json

import numpy as np
import pytest
from dicom_factory import make_ct, make_sr, rectangle
from seg_factory import write_seg

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.commands import embed_cohort
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.embedding import series_embedding
from TumorConnectomeLib.embedding.embed import embed_tumor
from TumorConnectomeLib.embedding.tumor_list import read_points
from TumorConnectomeLib.imaging.idc_collection import Annotation
from TumorConnectomeLib.imaging.idc_series import IdcSeries
from TumorConnectomeLib.notebook import read_cohort

SEEDED = "SeededRandomFeatures"
SHAPE, SPACING, STEP, ORIGIN = (24, 50, 46), (1.0, 0.9), 2.0, (-20.0, -25.0, 10.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """CTs of two patients, their reports and segmentations; nothing of it is changed by a test."""
    folder = tmp_path_factory.mktemp("cohort")
    (folder / "sr").mkdir()
    (folder / "seg").mkdir()
    for number, patient in enumerate(("P1", "P2")):
        slices = make_ct(folder / "images" / patient, SHAPE[0], size=SHAPE[1:], spacing=SPACING, step=STEP, origin=ORIGIN,
                         patient_id=patient, seed=number)
        make_sr(folder / "sr" / f"{patient}.dcm", slices, [
            (5, rectangle(8, 8, 13, 13)), (10, rectangle(20, 20, 30, 30)), (11, rectangle(20, 20, 30, 32))])
        mask = np.zeros((*SHAPE, 2), bool)
        mask[10:14, 20:30, 15:25, 0] = mask[4:6, 8:13, 8:13, 1] = True
        write_seg(folder / "seg" / f"{patient}.dcm", slices, mask, ("Nodule", "Satellite"))
    return folder


@pytest.fixture
def run(folder, tmp_path, capsys, monkeypatch):
    """Runs the command; returns its exit status, what it said, and the rows of the table."""
    monkeypatch.chdir(folder)

    def embed(*arguments, out="out.csv"):
        status = main(["embed", "--model", SEEDED, "--out", str(tmp_path / out), "--cache", str(tmp_path / "cache"),
                       *map(str, arguments)])
        rows = []
        if out.endswith(".csv") and (tmp_path / out).exists():
            with open(tmp_path / out, newline="") as stream:
                rows = list(csv.DictReader(stream))
        return status, capsys.readouterr(), rows
    return embed


def vector(row):
    return np.array([float(row[f"pred_{number}"]) for number in range(64)])


def volume(folder, patient):
    """HU (K, J, I) and IJK to LPS, straight from the files."""
    import pydicom

    slices = sorted((pydicom.dcmread(path) for path in (folder / "images" / patient).iterdir()),
                    key=lambda dataset: dataset.ImagePositionPatient[2])
    matrix = np.diag([SPACING[1], SPACING[0], STEP, 1.0])
    matrix[:3, 3] = ORIGIN
    return np.stack([dataset.pixel_array for dataset in slices]), matrix


def test_one_tumor_gets_the_columns_that_were_asked_for(folder, run):
    status, said, rows = run("--ct", "images/P1", "--point", "-3,-1.5,30.25")
    assert status == 0 and "1 tumor embedded with SeededRandomFeatures" in said.out
    assert list(rows[0]) == ["PatientID", "SeriesInstanceUID", "model", *(f"pred_{number}" for number in range(64))]
    assert rows[0]["PatientID"] == "P1" and rows[0]["model"] == SEEDED and rows[0]["SeriesInstanceUID"].startswith("1.2.826")
    expected = embed_tumor(*volume(folder, "P1"), (-3, -1.5, 30.25), SEEDED).vector
    np.testing.assert_allclose(vector(rows[0]), expected, rtol=1e-5, atol=1e-6)


def test_boxes_of_reports_are_embedded_the_largest_first(folder, run):
    status, said, rows = run("--images", "images", "--boxes", "sr")
    assert status == 0 and "4 tumors embedded" in said.out and "refused" not in said.out
    assert "Note: patient P1, lesion 1: The border of the CT cuts the box: " in said.err
    assert [(row["PatientID"], row["lesion"]) for row in rows] == [("P1", "1"), ("P1", "2"), ("P2", "1"), ("P2", "2")]
    # columns 20 to 30, rows 20 to 32 (edges of pixels), slices 10 and 11
    center = [ORIGIN[0] + (25 - 0.5) * 0.9, ORIGIN[1] + (26 - 0.5) * 1.0, ORIGIN[2] + 10.5 * 2]
    np.testing.assert_allclose([float(rows[0][name]) for name in ("coordX", "coordY", "coordZ")], center, atol=1e-4)
    expected = embed_tumor(*volume(folder, "P1"), center, SEEDED).vector
    np.testing.assert_allclose(vector(rows[0]), expected, rtol=1e-4, atol=1e-5)


def test_segments_are_embedded_at_the_middle_of_their_boxes(run):
    status, _, rows = run("--images", "images", "--segments", "seg")
    assert status == 0 and [row["lesion"] for row in rows] == ["Nodule", "Satellite"] * 2
    center = [ORIGIN[0] + 19.5 * 0.9, ORIGIN[1] + 24.5, ORIGIN[2] + 11.5 * 2]
    np.testing.assert_allclose([float(rows[0][name]) for name in ("coordX", "coordY", "coordZ")], center, atol=1e-3)


def test_a_bad_point_vetoes_no_good_one(run, tmp_path):
    table = tmp_path / "points.csv"
    table.write_text("PatientID;coordX;coordY;coordZ;lesion\nP2;-3,5;-1;30;apex\nP2;900;0;0;\nP9;0;0;0;\nP1;-3;-1;30;\n")
    status, said, rows = run("--images", "images", "--points", table)
    assert status == 0 and [(row["PatientID"], row["lesion"], row["coordX"]) for row in rows] == [
        ("P1", "1", "-3.0"), ("P2", "apex", "-3.5")]
    assert "row 4: no CT of patient P9 here" in said.err
    assert "patient P2, lesion 2" in said.err and "900.0, 0.0, 0.0 (LPS mm) lies outside" in said.err
    assert "2 refused" in said.out


def test_a_parquet_cohort_is_read_by_the_module(run, tmp_path):
    pytest.importorskip("pyarrow")
    status, _, _ = run("--images", "images", "--boxes", "sr", out="Mine.parquet")
    assert status == 0 and [path.name for path in tmp_path.iterdir() if "parts" in path.name] == []
    cohort = read_cohort(tmp_path / "Mine.parquet", rows="first")
    assert cohort.models == ("Mine",) and list(cohort.patients.index) == ["P1", "P2"]
    assert cohort.embeddings["Mine"].shape == (2, 64)


def test_what_was_done_is_not_done_again(run, tmp_path, monkeypatch):
    tasks, broken = [], []

    def counted(task, embed=series_embedding.embed_series):
        tasks.append(task.series_uid)
        if broken:
            raise KeyboardInterrupt
        broken.append(1)
        return embed(task)

    monkeypatch.setattr(embed_cohort, "embed_series", counted)
    with pytest.raises(KeyboardInterrupt):
        run("--images", "images", "--boxes", "sr")
    assert not (tmp_path / "out.csv").exists() and len(list((tmp_path / "out.csv.parts").iterdir())) == 1
    monkeypatch.setattr(embed_cohort, "embed_series",
                        lambda task: tasks.append(task.series_uid) or series_embedding.embed_series(task))
    status, said, rows = run("--images", "images", "--boxes", "sr")
    assert status == 0 and len(rows) == 4 and "(2 of them now)" in said.out
    assert len(tasks) == 3 and not (tmp_path / "out.csv.parts").exists()


def test_an_interrupted_result_equals_one_in_one_go(run, tmp_path, monkeypatch):
    _, _, whole = run("--images", "images", "--boxes", "sr")
    monkeypatch.setattr(embed_cohort._Parts, "remove", lambda self: None)
    run("--images", "images", "--boxes", "sr", "--limit", "1", out="two.csv")
    _, said, rows = run("--images", "images", "--boxes", "sr", out="two.csv")
    assert "(2 of them now)" in said.out and rows == whole


def test_parts_of_other_inputs_or_damaged_ones_do_not_count(run, tmp_path, monkeypatch):
    monkeypatch.setattr(embed_cohort._Parts, "remove", lambda self: None)
    run("--images", "images", "--boxes", "sr")
    for part in (tmp_path / "out.csv.parts").iterdir():
        part.write_text(json.dumps([{"patient_id": "P1"}]))
    _, said, rows = run("--images", "images", "--boxes", "sr")
    assert "(4 of them now)" in said.out and len(rows) == 4
    _, said, _ = run("--images", "images", "--segments", "seg")
    assert "(4 of them now)" in said.out


def test_a_damaged_ct_is_a_problem_of_its_own(folder, run, tmp_path):
    import shutil

    images = shutil.copytree(folder / "images", tmp_path / "images")
    for path in (images / "P1").iterdir():
        path.write_bytes(path.read_bytes()[:-1000])
    status, said, rows = run("--images", images, "--boxes", "sr")
    assert status == 0 and {row["PatientID"] for row in rows} == {"P2"}
    assert "Note: CT series" in said.err and "cut off" in said.err


def test_a_ct_with_damaged_slices_says_so(folder, run, tmp_path):
    import shutil

    images = shutil.copytree(folder / "images", tmp_path / "images")
    path = min((images / "P1").iterdir())
    path.write_bytes(path.read_bytes()[:-1000])
    status, said, rows = run("--images", images, "--boxes", "sr")
    assert status == 0 and len(rows) >= 3
    assert said.err.count("damaged file") == 1 and f"{path.name} (the file is cut off, 1000 bytes are missing)" in said.err


def test_a_report_of_another_ct_is_told(folder, run, tmp_path):
    reports = tmp_path / "sr"
    reports.mkdir()
    other = make_ct(tmp_path / "other", 12)
    make_sr(reports / "other.dcm", other, [(3, rectangle(5, 5, 9, 9))])
    (reports / "P1.dcm").write_bytes((folder / "sr" / "P1.dcm").read_bytes())
    status, said, rows = run("--images", "images", "--boxes", reports)
    assert status == 0 and len(rows) == 2 and "other.dcm: none of the CTs here is the one that it is about" in said.err


@pytest.mark.parametrize(("arguments", "words"), [
    ((), "no CT given; expected one of --ct, --images, --collection"),
    (("--images", "images", "--ct", "images/P1"), "--ct and --images given"),
    (("--images", "images"), "expected one of --boxes, --points and --segments"),
    (("--images", "images", "--boxes", "sr", "--points", "x.csv"), "expected one of --boxes, --points and --segments"),
    (("--ct", "images/P1"), "expected --point X,Y,Z"), (("--ct", "images/P1", "--point", "1,2"), "expected --point X,Y,Z"),
    (("--ct", "images/P1", "--point", "1;2;3"), "expected numbers, separated by commas"),
    (("--ct", "images/P1", "--point", "-1,-2,-900"), "the point -1.0, -2.0, -900.0 (LPS mm) lies outside the volume"),
    (("--ct", "images", "--point", "1,2,3"), "2 CT series found"), (("--ct", "none", "--point", "1,2,3"), "no such folder"),
    (("--images", "none", "--boxes", "sr"), "no such folder"), (("--images", "sr", "--boxes", "sr"), "no CT among 2 files"),
    (("--images", "images", "--boxes", "images"), "no structured report among 48 files"),
    (("--images", "images", "--segments", "sr"), "no segmentation among 2 files"),
    (("--images", "images", "--points", "none.csv"), "none.csv"),
    (("--images", "images", "--boxes", "sr", "--limit", "0"), "above 0"),
    (("--images", "images", "--boxes", "sr", "--weights", "sr/P1.dcm", "--model", "CTFM"), "begins with"),
    (("--images", "images", "--boxes", "sr", "--model", "Voco"), "published vectors are nearly the same")])
def test_what_does_not_fit_is_one_line_and_leaves_nothing(run, tmp_path, arguments, words):
    status, said, rows = run(*arguments)
    assert status == 2 and rows == [] and words in said.err and said.err.strip().count("TumorConnectome:") == 1
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == []


def test_another_ending_is_refused_before_anything_is_read(run):
    status, said, _ = run("--images", "none", "--boxes", "none", out="out.xlsx")
    assert status == 2 and "the ending '.xlsx'; expected .csv or .parquet" in said.err


def test_dask_that_is_not_installed_is_one_line(run, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "distributed" else find(name, *rest))
    status, said, _ = run("--images", "images", "--boxes", "sr", "--scheduler", "tcp://127.0.0.1:9")
    assert status == 2 and "needs the Python package distributed (Dask), which is not installed" in said.err


@pytest.mark.parametrize(("text", "words"), [
    ("PatientID,x,y,z\nP1,1,2,3\n", "found the columns PatientID, x, y, z"),
    ("coordX,coordY,coordZ\n1,2,3\n", "found the columns"), ("PatientID,coordX,coordY,coordZ\nP1,1,2,three\n", "row 2"),
    ("PatientID,coordX,coordY,coordZ\nP1,1,2,3\n,1,2,3\n", "row 3"),
    ("PatientID,coordX,coordY,coordZ\nP1,1,2,nan\n", "row 2"), ("PatientID,coordX,coordY,coordZ\nP1,1,2\n", "row 2"),
    ("PatientID,coordX,coordY,coordZ\n", "no rows"), ("", "empty")])
def test_a_table_of_points_that_is_none_is_named_with_its_row(tmp_path, text, words):
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(InputError) as found:
        read_points(path)
    assert "points.csv" in str(found.value) and words in str(found.value)


def test_points_of_published_tables_are_read(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("PatientID,CT_SeriesInstanceUID,coordX,coordY,coordZ\n100158,1.2.3,-60.5,20,-100.25\n")
    assert read_points(path) == [(2, "100158", "1.2.3", "1", (-60.5, 20.0, -100.25))]


class FakeIdc:
    """Has series as folders; an `IdcSource` whose downloads are there already."""

    folders: dict = {}

    def __init__(self, cache):
        pass

    def fetch_series(self, series):
        if series.uid not in self.folders:
            from TumorConnectomeLib.imaging.transfer_errors import TransferFailed
            raise TransferFailed("refused", f"series {series.uid}: 403 Forbidden")
        return self.folders[series.uid]
        yield


@pytest.mark.parametrize(("modality", "files"), [("SR", "sr"), ("SEG", "seg")])
def test_a_collection_is_looked_up_fetched_and_embedded(folder, run, tmp_path, monkeypatch, modality, files):
    import pydicom

    def series(uid):
        return IdcSeries(uid, "00000000-0000-0000-0000-000000000000", "bucket", 1, 1)

    listed, folders = [], {}
    for patient in ("P1", "P2"):
        mark = pydicom.dcmread(folder / files / f"{patient}.dcm", stop_before_pixels=True)
        ct = pydicom.dcmread(next((folder / "images" / patient).iterdir()), stop_before_pixels=True)
        alone = tmp_path / f"{modality}_{patient}"
        alone.mkdir()
        (alone / "one.dcm").write_bytes((folder / files / f"{patient}.dcm").read_bytes())
        folders |= {mark.SeriesInstanceUID: alone, ct.SeriesInstanceUID: folder / "images" / patient}
        cts = (series("1.2.3"), series(str(ct.SeriesInstanceUID)))
        listed.append(Annotation(modality, series(str(mark.SeriesInstanceUID)), cts))
    listed.append(Annotation(modality, series("9.9.9"), ()))
    monkeypatch.setattr(FakeIdc, "folders", folders)
    monkeypatch.setattr(embed_cohort, "IdcSource", FakeIdc)
    monkeypatch.setattr(embed_cohort, "annotations_of", lambda collection, kind: {("nlst", "x"): listed}[collection, kind])
    status, said, rows = run("--collection", "nlst", "--annotations", "x")
    assert status == 0 and [row["PatientID"] for row in rows] == ["P1", "P1", "P2", "P2"]
    assert "annotation 9.9.9: series 9.9.9: 403 Forbidden" in said.err


def test_a_ct_that_the_border_cuts_says_by_how_much(folder, run):
    _, _, rows = run("--images", "images", "--boxes", "sr")
    assert all(0 < float(row["cut_mm"]) < 24 for row in rows)


@pytest.mark.parametrize("header", ["PatientID,coordX,coordY,coordZ", "Patient ID,coord_x,coord_y,coord_z",
                                    "patient_id,Coord X,Coord Y,Coord Z"])
@pytest.mark.parametrize("row", ["P2,x,1,2", "P2,,,", "P2,1", ",1,2,3", "P2,inf,1,2"])
def test_a_row_without_a_center_leaves_the_others_and_is_told(tmp_path, header, row):
    path, problems = tmp_path / "p.csv", []
    path.write_text(f"{header}\n100012.0,1,2,3\n{row}\n100013,4,5,6\n")
    found = read_points(path, problems)
    assert found == [(2, "100012", "", "1", (1, 2, 3)), (4, "100013", "", "1", (4, 5, 6))]
    assert len(problems) == 1 and "row 3" in problems[0]


def test_a_column_of_row_numbers_before_the_points_is_ignored(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(",seriesuid,coordX,coordY,coordZ\n0,1.2.3,1,2,3\n")
    assert read_points(path) == [(2, "", "1.2.3", "1", (1, 2, 3))]
