"""Reading structured reports: the boxes as written, and one clear line for everything else."""
import re

import numpy as np
import pydicom
import pytest
from dicom_factory import make_ct, make_sr, rectangle

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.imaging.sr_boxes import read_sr


@pytest.fixture
def slices(tmp_path):
    return make_ct(tmp_path / "ct", 6)


@pytest.fixture
def sr_file(tmp_path, slices):
    path = tmp_path / "sr.dcm"
    make_sr(path, slices, [(1, rectangle(3.25, 4, 10, 12.5)), (4, rectangle(5, 6, 7, 8, points=4))])
    return path


def rewritten(sr_file, change):
    """Write the report again after `change(dataset, first measurement group)`."""
    dataset = pydicom.dcmread(sr_file)
    change(dataset, dataset.ContentSequence[-1].ContentSequence[0])
    dataset.save_as(sr_file)


def problem(sr_file):
    with pytest.raises(InputError, match=re.escape(str(sr_file))) as error:
        read_sr(sr_file)
    assert "\n" not in str(error.value)
    return str(error.value).replace(str(sr_file), "")


def test_boxes_of_four_and_five_points_are_read_as_written(sr_file, slices):
    report = read_sr(str(sr_file))
    assert [box.sop_uid for box in report.boxes] == [slices[1].SOPInstanceUID, slices[4].SOPInstanceUID]
    assert [box.tracking_id for box in report.boxes] == ["Bounding box #1", "Bounding box #2"]
    assert report.boxes[0].tracking_uid != report.boxes[1].tracking_uid != ""
    np.testing.assert_array_equal(report.boxes[0].corners, [[3.25, 4], [10, 4], [10, 12.5], [3.25, 12.5], [3.25, 4]])
    np.testing.assert_array_equal(report.boxes[1].corners, [[5, 6], [7, 6], [7, 8], [5, 8]])


def test_the_report_names_itself_and_the_series_it_is_about(sr_file, slices):
    report, written = read_sr(sr_file), pydicom.dcmread(sr_file)
    assert report.referenced_series_uids == (slices[0].SeriesInstanceUID,)
    assert (report.series_uid, report.study_uid, report.patient_id) == (
        written.SeriesInstanceUID, slices[0].StudyInstanceUID, "P1")
    assert report.findings == ()


def test_undefined_lengths_and_groups_without_template_or_tracking_are_read_alike(sr_file):
    def loosen(dataset):
        for element in dataset:
            if element.VR == "SQ":
                element.is_undefined_length = True
                for item in element.value:
                    item.is_undefined_length_sequence_item = True
                    loosen(item)

    def change(dataset, group):
        del group.ContentTemplateSequence
        group.ContentSequence = group.ContentSequence[2:]
        loosen(dataset)

    before = read_sr(sr_file)
    rewritten(sr_file, change)
    after = read_sr(sr_file)
    assert after.boxes[0].tracking_id == "" and len(after.boxes) == len(before.boxes)
    np.testing.assert_array_equal(after.boxes[0].corners, before.boxes[0].corners)


def test_a_report_without_boxes_is_refused(tmp_path, slices):
    make_sr(tmp_path / "empty.dcm", slices, [])
    assert "has no boxes" in problem(tmp_path / "empty.dcm")


def test_what_is_not_a_report_is_refused(tmp_path, slices):
    assert "no such file" in problem(tmp_path / "absent.dcm")
    (tmp_path / "text.dcm").write_text("hello " * 100)
    assert "is not a DICOM file" in problem(tmp_path / "text.dcm")
    assert "'CT Image Storage'" in problem(slices[0].filename)


def test_a_report_of_another_template_is_refused(sr_file):
    rewritten(sr_file, lambda dataset, group: setattr(dataset.ContentTemplateSequence[0], "TemplateIdentifier", "2000"))
    assert "is not a measurement report; expected content of TID 1500" in problem(sr_file)


def test_a_single_point_is_no_box(tmp_path, slices):
    path = tmp_path / "sr.dcm"
    make_sr(path, slices, [(1, np.array([[3, 4]], np.float32))], graphic_type="POINT")
    assert problem(path) == (": has no boxes (1 measurement group: its region is SCOORD POINT with 1 point); expected "
                             "measurement groups with an image region")


def region(group):
    return group.ContentSequence[-1]


@pytest.mark.parametrize("change, expected", [
    (lambda d, g: delattr(region(g), "ContentSequence"), "refers to 0 images"),
    (lambda d, g: setattr(region(g), "ContentSequence", list(region(g).ContentSequence) * 2), "refers to 2 images"),
    (lambda d, g: setattr(region(g), "GraphicData", [1, 2, 3, 5]), "POLYLINE with 2 points"),
    (lambda d, g: setattr(region(g), "GraphicType", "SPIRAL"), "SCOORD SPIRAL with 5 points"),
    (lambda d, g: delattr(region(g), "GraphicType"), "SCOORD (none) with 5 points"),
    (lambda d, g: delattr(region(g), "GraphicData"), "no numbers"),
    (lambda d, g: setattr(region(g), "GraphicData", [1, 2, 3, 2, 3, 2, 1, 2]), "encloses no finite area"),
    (lambda d, g: setattr(region(g), "GraphicData", [1, 2, 3, 2, float("nan"), 5, 1, 5]), "encloses no finite area"),
    (lambda d, g: setattr(region(g), "GraphicData", [1, 2, 3]), "not in groups of 2"),
    (lambda d, g: setattr(region(g).ContentSequence[0].ReferencedSOPSequence[0], "ReferencedFrameNumber", 2), "on frame 2"),
    (lambda d, g: setattr(region(g).ContentSequence[0].ReferencedSOPSequence[0], "ReferencedSOPInstanceUID", "../x"),
     "'../x' is not a DICOM UID")])
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_a_group_that_is_no_box_on_one_slice_is_told_and_takes_no_other_away(sr_file, change, expected):
    rewritten(sr_file, change)
    report = read_sr(sr_file)
    assert [box.tracking_id for box in report.boxes] == ["Bounding box #2"]
    (finding,) = report.findings
    assert finding.startswith("Ignored 1 measurement group of the report: ") and expected in finding


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "ContentSequence"])
def test_a_report_without_its_frame_is_refused(sr_file, keyword):
    rewritten(sr_file, lambda dataset, group: delattr(dataset, keyword))
    assert "damaged" in problem(sr_file)


def test_values_that_deidentification_blanked_are_named(tmp_path, slices):
    path = tmp_path / "sr.dcm"
    make_sr(path, slices, [(1, rectangle(3, 4, 9, 9))])

    def blank(dataset, group):
        region(group).GraphicData = None
        for item in group.ContentSequence:
            if item.ValueType == "TEXT":
                item.TextValue = ""

    rewritten(path, blank)
    assert "values are empty: blanked by de-identification" in problem(path)
    rewritten(path, lambda dataset, group: setattr(dataset, "ContentSequence", []))
    assert "blanked by de-identification: it has no content" in problem(path)


def under_numbers(group):
    """Hang a group's region under its measurements of area and mean, as OHIF and cornerstone do (TID 300)."""
    scoord = region(group)
    del scoord.ConceptNameCodeSequence
    scoord.RelationshipType = "INFERRED FROM"
    numbers = []
    for value, meaning in (("42798000", "Area"), ("373098007", "Mean")):
        number, name = pydicom.Dataset(), pydicom.Dataset()
        name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = value, "SCT", meaning
        number.RelationshipType, number.ValueType, number.ConceptNameCodeSequence = "CONTAINS", "NUM", [name]
        number.ContentSequence = [scoord]
        numbers.append(number)
    group.ContentSequence = [*group.ContentSequence[:-1], *numbers]


def test_a_rectangle_under_its_measurements_is_one_box(sr_file):
    rewritten(sr_file, lambda dataset, group: under_numbers(group))
    report = read_sr(sr_file)
    assert [box.tracking_id for box in report.boxes] == ["Bounding box #1", "Bounding box #2"] and report.findings == ()


def test_a_report_without_preamble_is_read(tmp_path, sr_file):
    dataset = pydicom.dcmread(sr_file)
    del dataset.file_meta
    dataset.preamble = None
    pydicom.dcmwrite(tmp_path / "bare.dcm", dataset, implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert len(read_sr(tmp_path / "bare.dcm").boxes) == 2


def test_a_folder_is_no_report(tmp_path):
    assert "is a folder where a file is expected" in problem(tmp_path)


def test_frame_one_of_a_single_frame_slice_is_that_slice(tmp_path, slices):
    make_sr(tmp_path / "sr.dcm", slices, [(2, rectangle(1, 1, 3, 3))], frames=[1])
    assert read_sr(tmp_path / "sr.dcm").boxes[0].sop_uid == slices[2].SOPInstanceUID


def test_a_group_without_a_region_is_left_out_and_told(sr_file):
    rewritten(sr_file, lambda dataset, group: setattr(group, "ContentSequence", group.ContentSequence[:-1]))
    report = read_sr(sr_file)
    assert [box.tracking_id for box in report.boxes] == ["Bounding box #2"]
    assert report.findings == ("Ignored 1 measurement group of the report: without an image region",)


def test_a_report_cut_off_anywhere_is_refused(sr_file):
    whole = sr_file.read_bytes()
    for end in range(0, len(whole), 61):
        sr_file.write_bytes(whole[:end])
        problem(sr_file)
    sr_file.write_bytes(whole[:-10])
    assert "the file is cut off" in problem(sr_file)


def test_mutated_reports_raise_nothing_but_input_errors(sr_file):
    whole = sr_file.read_bytes()
    rng = np.random.default_rng(7)
    refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        for place in rng.integers(128, len(whole), rng.integers(1, 20)):
            damaged[place] = rng.integers(256)
        sr_file.write_bytes(damaged)
        try:
            boxes = read_sr(sr_file).boxes
        except InputError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert boxes and all(np.isfinite(box.corners).all() for box in boxes)
    assert 30 < refused < 150
