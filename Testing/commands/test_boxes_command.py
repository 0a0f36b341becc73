"""The command ``boxes``: its file, exit status and messages."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from dicom_factory import make_ct, make_sr, random_orientation, rectangle

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.commands.boxes import boxes
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.imaging.inspection import inspect

LIBRARY = pathlib.Path(__file__).resolve().parents[2] / "TumorConnectome"


@pytest.fixture
def study(tmp_path):
    slices = make_ct(tmp_path / "ct", 9, orientation=random_orientation(np.random.default_rng(2)))
    make_sr(tmp_path / "sr.dcm", slices, [(1, rectangle(5, 5, 9, 9)), (2, rectangle(5, 5, 9, 9)), (7, rectangle(2, 3, 9, 7))])
    return tmp_path, slices


def arguments(folder):
    return ["boxes", "--ct", str(folder / "ct"), "--sr", str(folder / "sr.dcm"), "--out", str(folder / "out.json")]


def refused(folder, capsys):
    """Run the command; return its one line of complaint."""
    assert main(arguments(folder)) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert not (folder / "out.json").exists()
    assert not list(folder.glob(".*"))
    return said.err


def test_lesions_are_written_in_full_precision(study, capsys):
    folder, _ = study
    assert main(arguments(folder)) == 0
    lesions = json.loads((folder / "out.json").read_text())
    assert lesions == inspect(folder / "ct", folder / "sr.dcm")["lesions"]
    assert [list(lesion) for lesion in lesions] == [["center_lps", "size_mm", "axes_lps", "slices", "tracking_ids"]] * 2
    assert capsys.readouterr().out == f"2 lesions written to {folder / 'out.json'}\n"


def test_findings_are_noted_on_standard_error(study, capsys):
    folder, slices = study
    slices[4].filename.unlink()
    assert main(arguments(folder)) == 0
    assert capsys.readouterr().err.startswith("Note: Missing slices along the slice normal: 1 between")


def test_it_runs_as_a_process_of_its_own(study):
    folder, _ = study
    run = subprocess.run([sys.executable, "-m", "TumorConnectomeLib", *arguments(folder)], capture_output=True, text=True,
                         env={**os.environ, "PYTHONPATH": os.pathsep.join([str(LIBRARY), os.environ["PYTHONPATH"]])})
    assert (run.returncode, run.stderr) == (0, "")
    assert len(json.loads((folder / "out.json").read_text())) == 2


def test_a_report_of_another_series_is_refused(study, capsys):
    folder, _ = study
    make_sr(folder / "sr.dcm", make_ct(folder / "other", 3), [(1, rectangle(5, 5, 9, 9))])
    assert "refers to series" in refused(folder, capsys)


def test_a_report_without_boxes_is_refused(study, capsys):
    folder, slices = study
    make_sr(folder / "sr.dcm", slices, [])
    assert "has no boxes" in refused(folder, capsys)


def test_a_report_that_is_cut_off_or_no_dicom_is_refused(study, capsys):
    folder, _ = study
    whole = (folder / "sr.dcm").read_bytes()
    (folder / "sr.dcm").write_bytes(whole[:len(whole) // 2])
    assert "the file is cut off" in refused(folder, capsys)
    (folder / "sr.dcm").write_bytes(b"\0" * 500)
    assert "is not a DICOM file" in refused(folder, capsys)


def test_several_series_are_refused_unless_one_is_named(study, capsys):
    folder, slices = study
    make_ct(folder / "ct" / "second", 3)
    assert "2 CT series found" in refused(folder, capsys)
    assert main([*arguments(folder), "--series", slices[0].SeriesInstanceUID]) == 0


def test_a_place_that_can_not_be_written_leaves_nothing_behind(study):
    folder, _ = study
    (folder / "out.json").mkdir()
    with pytest.raises(OSError):
        boxes(folder / "ct", folder / "sr.dcm", folder / "out.json")
    assert not list(folder.glob(".*"))


def test_a_failure_keeps_the_file_of_before(study):
    folder, _ = study
    boxes(folder / "ct", folder / "sr.dcm", folder / "out.json")
    before = (folder / "out.json").read_bytes()
    (folder / "sr.dcm").unlink()
    with pytest.raises(InputError):
        boxes(folder / "ct", folder / "sr.dcm", folder / "out.json")
    assert (folder / "out.json").read_bytes() == before
