"""The command measure: a cohort with images in a local folder, resumed, refused and missing patients, joined to evaluations."""
import csv

import numpy as np
import pydicom
import pytest
from dicom_factory import edit, make_ct, make_sr, rectangle

from TumorConnectomeLib.cohort.measurements import FEWEST_MEASURED
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.commands.measure import COLUMNS
from TumorConnectomeLib.imaging.measurement_store import MeasurementStore

COUNT = FEWEST_MEASURED + 2


def write_patient(folder, number, thickness=2.5):
    """Two slices with a box of the patient's own size; returns Study and Series Instance UID."""
    slices = make_ct(folder / f"p{number}" / "ct", 2, size=(16, 16), patient_id=f"P{number:02d}", step=thickness, seed=number)
    for dataset in slices:
        edit(dataset, ConvolutionKernel="SOFT" if number % 2 else "SHARP")
    make_sr(folder / f"p{number}" / "sr.dcm", slices, [(0, rectangle(2, 2, 4 + number % 10, 8))])
    return slices[0].StudyInstanceUID, slices[0].SeriesInstanceUID


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """A CSV cohort and its images: P00 has none, a slice of P01 lies in another frame of reference."""
    folder = tmp_path_factory.mktemp("measure")
    rng = np.random.default_rng(0)
    with open(folder / "cohort.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["PatientID", "StudyInstanceUID", "CT_SeriesInstanceUID", *[f"pred_{i}" for i in range(6)]])
        for number in range(COUNT):
            uids = write_patient(folder / "images", number, 2.0 if number % 3 else 3.0)
            writer.writerow([f"P{number:02d}", *uids, *rng.normal(size=6)])
    for path in (folder / "images" / "p0").rglob("*.dcm"):
        path.unlink()
    path = next((folder / "images" / "p1" / "ct").glob("*.dcm"))
    dataset = pydicom.dcmread(path)
    edit(dataset, FrameOfReferenceUID="1.2.3")
    return folder


def measure(folder, cache, out):
    return main(["measure", "--data", str(folder / "cohort.csv"), "--images", str(folder / "images"), "--store", str(cache),
                 "--out", str(out)])


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_all_that_is_here_is_measured_once_and_the_rest_is_named(cohort, tmp_path, capsys):
    cache, out = tmp_path / "cache", tmp_path / "measured.csv"
    assert measure(cohort, cache, out) == 0
    said = capsys.readouterr()
    assert f"{COUNT - 2} of {COUNT} patients measured ({COUNT - 2} of them now), 1 without images here, 1 refused" in said.out
    assert "Note: patient P01:" in said.err and "FrameOfReferenceUID: is '1.2.3'" in said.err and "Traceback" not in said.err
    rows = rows_of(out)
    assert list(rows[0]) == list(COLUMNS) and [row["PatientID"] for row in rows] == [f"P{n:02d}" for n in range(2, COUNT)]
    assert float(rows[3]["box_width_mm"]) == pytest.approx((2 + 5) * 0.7) and rows[3]["kernel"] == "SOFT"
    assert float(rows[0]["slice_spacing_mm"]) == 2.0 and rows[0]["lesion"] == "1"

    written = MeasurementStore(cache).path.stat().st_mtime_ns
    assert measure(cohort, cache, tmp_path / "again.csv") == 0
    assert "(0 of them now)" in capsys.readouterr().out
    assert (tmp_path / "again.csv").read_bytes() == out.read_bytes()
    assert MeasurementStore(cache).path.stat().st_mtime_ns == written


def test_a_series_whose_report_changed_is_measured_again(cohort, tmp_path, capsys):
    cache, out = tmp_path / "cache", tmp_path / "measured.csv"
    measure(cohort, cache, out)
    report = cohort / "images" / "p5" / "sr.dcm"
    before = report.read_bytes()
    try:
        slices = [pydicom.dcmread(path) for path in sorted((cohort / "images" / "p5" / "ct").glob("*.dcm"))]
        make_sr(report, slices, [(0, rectangle(1, 1, 14, 14))])
        capsys.readouterr()
        assert measure(cohort, cache, out) == 0
        assert "(1 of them now)" in capsys.readouterr().out
        row = next(row for row in rows_of(out) if row["PatientID"] == "P05")
        assert float(row["box_width_mm"]) == pytest.approx(13 * 0.7)
    finally:
        report.write_bytes(before)


def test_evaluations_can_use_what_was_measured(cohort, tmp_path):
    cache, out = tmp_path / "cache", tmp_path / "evaluation.csv"
    measure(cohort, cache, tmp_path / "measured.csv")
    arguments = ["evaluate", "--data", str(cohort / "cohort.csv"), "--measured", str(cache), "--k", "3", "--permutations", "20",
                 "--out", str(out)]
    assert main([*arguments, "--facet", "kernel,box_width_mm"]) == 0
    assert {row["facet"] for row in rows_of(out)} == {"kernel", "box_width_mm", "random"}
    assert main(arguments) == 0
    facets = {row["facet"] for row in rows_of(out)}
    assert {"kernel", "slice_spacing_mm"} <= facets and "tube_voltage_kv" not in facets       # nothing known of that


def test_nothing_can_be_measured_without_images(cohort, tmp_path, capsys):
    out = tmp_path / "measured.csv"
    assert main(["measure", "--data", str(cohort / "cohort.csv"), "--store", str(tmp_path), "--out", str(out)]) == 0
    assert f"0 of {COUNT} patients measured" in capsys.readouterr().out and rows_of(out) == []
