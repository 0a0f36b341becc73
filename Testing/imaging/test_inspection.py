"""The look at a study before it is loaded, and its worker command."""
import json

import pytest
from dicom_factory import make_ct, make_sr, rectangle

from TumorConnectomeLib.base.errors import InputError, JobFailed
from TumorConnectomeLib.imaging.inspection import inspect, inspect_command
from TumorConnectomeLib.work.jobs import PythonJob, run_blocking


@pytest.fixture
def study(tmp_path):
    slices = make_ct(tmp_path / "ct", 6, spacing=(0.8, 0.7))
    make_sr(tmp_path / "sr.dcm", slices, [(1, rectangle(5, 5, 9, 9)), (2, rectangle(5, 5, 9, 9))])
    return tmp_path, slices


def test_a_study_is_described_in_plain_json(study):
    folder, slices = study
    found = inspect(folder / "ct", folder / "sr.dcm")
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["files"] == [str(dataset.filename) for dataset in slices]
    assert (found["series_uid"], found["patient_id"], found["findings"]) == (slices[0].SeriesInstanceUID, "P1", [])
    assert found["geometry"] == {"slices": 6, "rows": 32, "columns": 40, "slice_step_mm": pytest.approx(2.5),
                                 "pixel_spacing_mm": [0.8, 0.7]}
    (lesion,) = found["lesions"]
    assert lesion["center_lps"] == pytest.approx([-100 + 6.5 * 0.7, -80 + 6.5 * 0.8, 50 + 1.5 * 2.5])
    assert lesion["size_mm"] == pytest.approx([4 * 0.7, 4 * 0.8, 5])
    assert lesion["axes_lps"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert lesion["slices"] == [slices[1].SOPInstanceUID, slices[2].SOPInstanceUID]
    assert lesion["tracking_ids"] == ["Bounding box #1", "Bounding box #2"]


def test_without_a_report_there_are_no_lesions(study):
    folder, _ = study
    found = inspect(folder / "ct")
    assert found["lesions"] == [] and len(found["files"]) == 6


def test_findings_of_the_ct_and_of_the_boxes_come_together(study):
    folder, slices = study
    slices[2].filename.unlink()
    (folder / "ct" / "notes.txt").write_text("text")
    assert inspect(folder / "ct", folder / "sr.dcm")["findings"] == [
        "Ignored 1 file beside the CT: not DICOM", "Missing slices along the slice normal: 1 between 52.50 and 57.50 mm",
        "Boxes left out because their slice is missing from the CT (1): Bounding box #2"]


def test_a_report_beside_the_slices_does_not_disturb(study):
    folder, _ = study
    (folder / "sr.dcm").rename(folder / "ct" / "sr.dcm")
    found = inspect(folder / "ct", folder / "ct" / "sr.dcm")
    assert len(found["files"]) == 6 and found["findings"] == ["Ignored 1 file beside the CT: DICOM, but not CT"]


def test_the_command_takes_the_series_when_there_are_several(study):
    folder, slices = study
    make_ct(folder / "ct" / "second", 3)
    arguments = ["--ct", str(folder / "ct"), "--sr", str(folder / "sr.dcm")]
    with pytest.raises(InputError, match="2 CT series found"):
        inspect_command(arguments, lambda fraction, message="": None)
    messages = []
    found = inspect_command([*arguments, "--series", slices[0].SeriesInstanceUID], lambda *said: messages.append(said))
    assert found == inspect(folder / "ct", folder / "sr.dcm", slices[0].SeriesInstanceUID)
    assert messages


def run_worker(*arguments):
    def sequence():
        return (yield PythonJob("Reading", "inspect", *arguments))
    return run_blocking(sequence())


def test_the_worker_process_returns_the_same_and_names_what_is_wrong(study):
    folder, _ = study
    assert run_worker("--ct", folder / "ct", "--sr", folder / "sr.dcm") == inspect(folder / "ct", folder / "sr.dcm")
    with pytest.raises(JobFailed, match=r"nothing\.dcm: no such file"):
        run_worker("--ct", folder / "ct", "--sr", folder / "nothing.dcm")
