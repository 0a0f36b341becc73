"""The tool that tells what a CT, its report and its segmentation are in the scene: keys, places, and what it refuses."""
import json
import pathlib
import sys

import numpy as np
import pydicom
import pytest
from dicom_factory import make_ct, make_sr, rectangle
from marked_series import HEIGHTS, MARK, marked_ct
from seg_factory import write_seg

from TumorConnectomeLib.commands.boxes import boxes

KEYS = {"dimensions", "ijk_to_lps", "scalar_type", "brightest_lps", "lesions", "segments", "findings"}


@pytest.fixture
def report(host, monkeypatch, tmp_path):
    """Runs the tool; returns what it wrote."""
    import slicer

    monkeypatch.syspath_prepend(str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
    import scene_report

    def run(*arguments):
        status = scene_report.main([*map(str, arguments), "--out", str(tmp_path / "report.json")])
        return json.loads((tmp_path / "report.json").read_text()) if status == 0 else status

    slicer.mrmlScene.Clear()
    yield run
    slicer.mrmlScene.Clear()
    sys.modules.pop("scene_report", None)


def test_boxes_voxels_and_segments_stand_at_one_place(report, tmp_path):
    slices, places = marked_ct(tmp_path / "ct", HEIGHTS["five slices lost"])
    make_sr(tmp_path / "sr.dcm", slices, [(8, rectangle(7, 4, 10, 7)), (2, rectangle(0, 3, 6, 8))])
    masks = np.zeros((len(slices), 12, 32, 1), bool)
    masks[8, 5:6, 8:9] = True
    write_seg(tmp_path / "seg.dcm", slices, masks)
    found = report("--ct", tmp_path / "ct", "--sr", tmp_path / "sr.dcm", "--seg", tmp_path / "seg.dcm")
    assert set(found) == KEYS and found["dimensions"] == [32, 12, 16] and found["scalar_type"] == "int16"
    np.testing.assert_allclose(np.array(found["ijk_to_lps"])[:3, 3], np.array(slices[0].ImagePositionPatient, float))
    np.testing.assert_allclose(found["brightest_lps"], places[0], atol=1e-6)
    boxes(tmp_path / "ct", tmp_path / "sr.dcm", tmp_path / "boxes.json")
    for lesion, expected, mark in zip(found["lesions"], json.loads((tmp_path / "boxes.json").read_text()), places[[2, 8]],
                                      strict=True):
        np.testing.assert_allclose(lesion.pop("brightest_lps"), mark, atol=1e-6)
        assert set(lesion) == set(expected) and lesion["slices"] == expected["slices"]
        assert lesion["tracking_ids"] == expected["tracking_ids"]
        for key in ("center_lps", "size_mm", "axes_lps"):
            np.testing.assert_allclose(lesion[key], expected[key], atol=1e-4)
    (segment,) = found["segments"]
    np.testing.assert_allclose(segment["center_lps"], places[8], atol=0.01)
    assert segment["name"] == "Lesion" and segment["voxel_volume_mm3"] == pytest.approx(0.8 * 0.7 * 2.5)
    assert segment["surface_volume_mm3"] == pytest.approx(segment["voxel_volume_mm3"], rel=0.1)
    assert any("1 gap" in text for text in found["findings"])


def test_a_segment_of_a_tilted_gantry_is_on_its_voxels(report, tmp_path):
    slices, places = marked_ct(tmp_path / "ct", 2.5 * np.arange(8), shear=(0.0, 0.3))
    masks = np.zeros((8, 12, 32, 1), bool)
    masks[5, 5:6, 5:6] = True
    write_seg(tmp_path / "seg.dcm", slices, masks)
    found = report("--ct", tmp_path / "ct", "--seg", tmp_path / "seg.dcm")
    np.testing.assert_allclose(found["segments"][0]["center_lps"], places[5], atol=0.01)


def test_a_box_between_voxels_has_no_brightest_one(report, tmp_path):
    slices = make_ct(tmp_path / "ct", 4)
    make_sr(tmp_path / "sr.dcm", slices, [(1, rectangle(5.6, 5.6, 5.9, 5.9))])
    found = report("--ct", tmp_path / "ct", "--sr", tmp_path / "sr.dcm")
    assert found["lesions"][0]["brightest_lps"] is None and MARK not in found["dimensions"]


def test_what_the_module_refuses_is_one_line_and_status_two(report, tmp_path, capsys):
    assert report("--ct", tmp_path / "nothing") == 2
    assert capsys.readouterr().err.strip().endswith("no such folder")


def test_what_is_no_segmentation_leaves_the_ct(report, tmp_path):
    slices = make_ct(tmp_path / "ct", 3)
    found = report("--ct", tmp_path / "ct", "--seg", slices[0].filename)
    assert found["segments"] == [] and "no DICOM segmentation" in found["findings"][0]


def test_a_report_that_does_not_fit_leaves_the_ct(report, tmp_path):
    make_ct(tmp_path / "ct", 4)
    make_sr(tmp_path / "sr.dcm", make_ct(tmp_path / "other", 4), [(1, rectangle(5, 5, 9, 9))])
    found = report("--ct", tmp_path / "ct", "--sr", tmp_path / "sr.dcm")
    assert found["lesions"] == [] and found["dimensions"] == [40, 32, 4]
    assert found["findings"][0].startswith("No boxes: ") and "not to the given CT series" in found["findings"][0]


@pytest.mark.parametrize("other_series", [False, True], ids=["of this series", "of another series"])
def test_a_segmentation_without_frame_of_reference_needs_the_series_it_was_drawn_on(report, tmp_path, other_series):
    slices = make_ct(tmp_path / "ct", 4)
    masks = np.zeros((4, 32, 40, 1), bool)
    masks[1, 5:8, 8:12] = True
    write_seg(tmp_path / "seg.dcm", slices, masks)
    dataset = pydicom.dcmread(tmp_path / "seg.dcm")
    del dataset.FrameOfReferenceUID
    if other_series:
        dataset.ReferencedSeriesSequence[0].SeriesInstanceUID = pydicom.uid.generate_uid()
    dataset.save_as(tmp_path / "seg.dcm")
    found = report("--ct", tmp_path / "ct", "--seg", tmp_path / "seg.dcm")
    assert len(found["segments"]) == (not other_series)
    assert found["findings"] == ["The segmentation lies in another frame of reference than the CT"] * other_series
