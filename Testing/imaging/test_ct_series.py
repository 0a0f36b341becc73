"""Reading CT series of any orientation, order and defect."""
import re
import shutil

import numpy as np
import pydicom
import pytest
from compressed_slices import hu_of
from dicom_factory import AXIAL, CORONAL, FEET_FIRST_PRONE, SAGITTAL, ds, edit, make_ct, random_orientation, save, sops

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.imaging.ct_series import read_series
from TumorConnectomeLib.imaging.file_header import read_header
from TumorConnectomeLib.imaging.slice_pixels import read_hu


def one_line(error):
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("orientation", [AXIAL, FEET_FIRST_PRONE, CORONAL, SAGITTAL, (-1, 0, 0, 0, 1, 0), (0, 1, 0, 1, 0, 0),
                                         random_orientation(np.random.default_rng(4))])
def test_slices_are_sorted_by_position_along_the_normal_whatever_their_number_and_name(tmp_path, orientation):
    slices = make_ct(tmp_path, 7, orientation=orientation)
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices)
    assert series.files == tuple(dataset.filename for dataset in slices)
    np.testing.assert_allclose(series.axes_lps[:2].ravel(), orientation, atol=1e-9)
    np.testing.assert_allclose(series.axes_lps[2], np.cross(orientation[:3], orientation[3:]), atol=1e-9)
    assert series.slice_step_mm == pytest.approx(2.5)
    assert series.findings == ()


def test_the_header_is_told_as_it_is(tmp_path):
    slices = make_ct(tmp_path, 3, spacing=(0.8, 0.7), size=(12, 20), patient_id="100012")
    series = read_series(str(tmp_path))
    assert (series.rows, series.columns, series.pixel_spacing_mm, series.patient_id) == (12, 20, (0.8, 0.7), "100012")
    assert (series.series_uid, series.study_uid, series.frame_of_reference_uid) == (
        slices[0].SeriesInstanceUID, slices[0].StudyInstanceUID, slices[0].FrameOfReferenceUID)
    np.testing.assert_allclose(series.positions_lps, [[-100, -80, 50], [-100, -80, 52.5], [-100, -80, 55]])


def test_the_center_of_the_first_pixel_stands_at_the_image_position(tmp_path):
    make_ct(tmp_path, 2)
    series = read_series(tmp_path)
    np.testing.assert_allclose(series.pixels_to_lps(1, [[0.5, 0.5], [1.5, 0.5], [0.5, 1.5]]),
                               [[-100, -80, 52.5], [-99.3, -80, 52.5], [-100, -79.2, 52.5]])


def test_cosines_written_with_few_digits_become_orthonormal_axes(tmp_path):
    make_ct(tmp_path, 3, orientation=(0.9998, 0.0175, 0, -0.0174, 0.9998, 0.0002))
    axes = read_series(tmp_path).axes_lps
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)


def test_an_explicit_list_of_files_is_read_as_such(tmp_path):
    slices = make_ct(tmp_path, 5)
    assert read_series([dataset.filename for dataset in slices[1:4]]).sop_uids == sops(slices[1:4])


def test_subfolders_are_searched_and_hidden_files_are_not(tmp_path):
    slices = make_ct(tmp_path / "a" / "b", 3)
    (tmp_path / ".x.dcm.part").write_bytes(b"half a download")
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices) and series.findings == ()


def test_missing_slices_are_told_and_the_geometry_stays(tmp_path):
    slices = make_ct(tmp_path, 10)
    for dataset in slices[4:6]:
        dataset.filename.unlink()
    series = read_series(tmp_path)
    assert series.findings == ("Missing slices along the slice normal: 2 between 57.50 and 65.00 mm",)
    assert series.sop_uids == sops(slices[:4] + slices[6:]) and series.slice_step_mm == pytest.approx(2.5)
    np.testing.assert_allclose(np.ptp(series.slab_edges_mm, axis=1), 2.5)


def test_copies_of_a_slice_are_left_out_and_told(tmp_path):
    slices = make_ct(tmp_path, 4)
    shutil.copy(slices[2].filename, tmp_path / "zz_copy.dcm")
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices)
    assert series.findings == ("Files that repeat a slice were left out (1): zz_copy.dcm",)


def test_one_sop_uid_at_two_positions_is_an_error(tmp_path):
    slices = make_ct(tmp_path, 4)
    edit(slices[2], SOPInstanceUID=slices[1].SOPInstanceUID)
    with pytest.raises(InputError, match="but another position") as error:
        read_series(tmp_path)
    assert any(str(dataset.filename) in one_line(error) for dataset in slices[1:3])


def test_of_two_slices_at_one_position_the_first_by_number_is_kept_and_the_other_keeps_its_place(tmp_path):
    slices = make_ct(tmp_path / "a", 5)
    (double,) = make_ct(tmp_path / "b", 1, origin=slices[3].ImagePositionPatient, series_uid=slices[0].SeriesInstanceUID)
    edit(double, FrameOfReferenceUID=slices[0].FrameOfReferenceUID, StudyInstanceUID=slices[0].StudyInstanceUID,
         InstanceNumber=99)
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices)
    assert series.slice_indices[double.SOPInstanceUID] == 3
    assert series.findings == (f"Slices at the position of another were left out of the volume (1): {double.SOPInstanceUID}",)
    edit(double, InstanceNumber=0)
    assert read_series(tmp_path).sop_uids[3] == double.SOPInstanceUID


def test_slices_side_by_side_in_one_plane_are_an_error(tmp_path):
    slices = make_ct(tmp_path, 5)
    edit(slices[3], ImagePositionPatient=ds(np.array(slices[2].ImagePositionPatient, float) + [5, 0, 0]))
    with pytest.raises(InputError, match="is shifted against it"):
        read_series(tmp_path)


def test_sheared_slices_are_told_and_keep_their_positions(tmp_path):
    positions = np.array([[0, k * 2.5 * np.tan(0.2), k * 2.5] for k in range(6)])
    make_ct(tmp_path, positions=positions)
    series = read_series(tmp_path)
    np.testing.assert_allclose(series.positions_lps, positions)
    assert "gantry tilt" in series.findings[0] and "11.5 degrees" in series.findings[0]


def test_a_jump_sideways_is_not_called_a_tilt(tmp_path):
    make_ct(tmp_path, positions=np.array([[6.0 * (k > 3), 0, k * 2.5] for k in range(8)]))
    assert read_series(tmp_path).findings == (
        "The slices are shifted in-plane by up to 6.0 mm, but not evenly: this is no gantry tilt",)


def test_varying_spacing_is_told(tmp_path):
    make_ct(tmp_path, positions=np.array([[0, 0, z] for z in (0, 2, 4, 6.3, 8.3)]))
    assert read_series(tmp_path).findings == ("The slice spacing varies from 2.000 to 2.300 mm (median 2.000 mm)",)


def test_a_lone_slice_takes_its_thickness_from_the_header(tmp_path):
    (only,) = make_ct(tmp_path, 1)
    assert read_series(tmp_path).slice_step_mm == pytest.approx(2.5)
    for nothing in ("-1", "0", None):
        edit(only, SliceThickness=nothing)
        with pytest.raises(InputError, match="SliceThickness"):
            read_series(tmp_path)


def test_two_series_need_a_choice(tmp_path):
    first, second = make_ct(tmp_path / "a", 3), make_ct(tmp_path / "b", 4)
    with pytest.raises(InputError, match="2 CT series found") as error:
        read_series(tmp_path)
    assert first[0].SeriesInstanceUID in one_line(error) and second[0].SeriesInstanceUID in str(error.value)
    assert read_series(tmp_path, second[0].SeriesInstanceUID).sop_uids == sops(second)
    with pytest.raises(InputError, match="CT series 1.2.3 not found"):
        read_series(tmp_path, "1.2.3")


def test_other_files_are_ignored_and_counted(tmp_path):
    slices = make_ct(tmp_path, 3)
    (tmp_path / "LICENSE").write_text("text")
    (tmp_path / "empty.dcm").write_bytes(b"")
    other = pydicom.dcmread(slices[0].filename)
    other.SOPClassUID, other.Modality = "1.2.840.10008.5.1.4.1.1.4", "MR"
    save(other, tmp_path / "mr.dcm")
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices)
    assert series.findings == ("Ignored 2 files beside the CT: not DICOM", "Ignored 1 file beside the CT: DICOM, but not CT")


def test_a_folder_without_ct_or_no_folder_is_an_error(tmp_path):
    (tmp_path / "notes.txt").write_text("text")
    with pytest.raises(InputError, match="no CT slices found"):
        read_series(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        read_series(tmp_path / "absent")


@pytest.mark.parametrize("tag", ["SOPInstanceUID", "StudyInstanceUID", "ImagePositionPatient",
                                 "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns"])
def test_a_missing_tag_is_named_with_its_file(tmp_path, tag):
    slices = make_ct(tmp_path, 3)
    edit(slices[1], **{tag: None})
    with pytest.raises(InputError, match=re.escape(f"{slices[1].filename}, {tag}: the tag is missing or empty")):
        read_series(tmp_path)


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize("tag, value", [
    ("ImagePositionPatient", ["1", "2"]), ("ImagePositionPatient", ["1", "2", "nan"]), ("PixelSpacing", ["0", "1"]),
    ("PixelSpacing", ["inf", "1"]), ("ImageOrientationPatient", ["1", "0", "0", "1", "0", "0"]),
    ("ImageOrientationPatient", ["0"] * 6), ("Rows", 0), ("FrameOfReferenceUID", "../../etc"), ("SOPInstanceUID", "a/b")])
def test_a_value_that_makes_no_sense_is_named_with_its_file(tmp_path, tag, value):
    slices = make_ct(tmp_path, 3)
    with pydicom.config.disable_value_validation():
        edit(slices[1], **{tag: value})
    with pytest.raises(InputError, match=re.escape(f"{slices[1].filename}, {tag}: ")) as error:
        read_series(tmp_path)
    one_line(error)


@pytest.mark.parametrize("orientation", [(0, 0, 0, 0, 1, 0), (1, 0, 0, 1, 0, 0), (1, 0, 0, 0.1, 1, 0), (2, 0, 0, 0, 1, 0)])
def test_what_is_no_pair_of_perpendicular_unit_vectors_is_no_orientation(tmp_path, orientation):
    make_ct(tmp_path, positions=np.array([[0, 0, z] for z in range(3)]), orientation=orientation)
    with pytest.raises(InputError, match="are no direction cosines; expected two perpendicular unit vectors"):
        read_series(tmp_path)


def test_an_image_that_names_no_series_is_left_out_and_told(tmp_path):
    slices = make_ct(tmp_path, 3)
    edit(slices[2], SeriesInstanceUID=None)
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices[:2])
    name = slices[2].filename.name
    assert series.findings == (f"Left out 1 damaged file: {name} (SeriesInstanceUID: the tag is missing or empty)",)


@pytest.mark.parametrize("tag, value", [
    ("FrameOfReferenceUID", "1.2.3"), ("PatientID", "P2"), ("StudyInstanceUID", "1.2.3")])
def test_a_slice_of_somebody_else_is_left_out_and_told_or_stops_all_when_it_is_annotated(tmp_path, tag, value):
    slices = make_ct(tmp_path, 4)
    edit(slices[0], **{tag: value})
    series = read_series(tmp_path, wanted=sops(slices[1:2]))
    assert sorted(series.sop_uids) == sorted(sops(slices[1:]))
    what = {"FrameOfReferenceUID": "frame of reference", "PatientID": "patient", "StudyInstanceUID": "study"}[tag]
    assert series.findings == (f"Images of another {what} were left out (1): {slices[0].filename.name}",)
    with pytest.raises(InputError, match=re.escape(f"{slices[0].filename}, {tag}: ")) as error:
        read_series(tmp_path, wanted=sops(slices[:1]))
    assert "as in the others" in one_line(error)
    edit(slices[1], **{tag: value})
    with pytest.raises(InputError, match=re.escape(f", {tag}: is ")):
        read_series(tmp_path)


@pytest.mark.parametrize("tag, field", [("FrameOfReferenceUID", "frame_of_reference_uid"), ("PatientID", "patient_id")])
def test_a_slice_that_leaves_an_identifier_empty_is_of_the_others(tmp_path, tag, field):
    slices = make_ct(tmp_path, 4)
    known = getattr(slices[0], tag)
    edit(slices[0], **{tag: ""})
    series = read_series(tmp_path)
    assert len(series.files) == 4 and not series.findings and getattr(series, field) == known


def test_a_slice_that_is_cut_off_leaves_a_gap_and_many_stop_the_series(tmp_path):
    slices = make_ct(tmp_path, 9)
    cut(slices[4].filename)
    series = read_series(tmp_path)
    assert sorted(series.sop_uids) == sorted(sops(slices[:4] + slices[5:]))
    name = slices[4].filename.name
    assert series.findings == (f"Left out 1 damaged file: {name} (the file is cut off, 200 bytes are missing)",
                               "Missing slices along the slice normal: 1 between 57.50 and 62.50 mm")
    for dataset in slices[6:8]:                         # three of nine: not what it was
        cut(dataset.filename)
    with pytest.raises(InputError, match="cut off"):
        read_series(tmp_path)


def test_a_slice_without_a_position_leaves_a_gap_in_a_long_series(tmp_path):
    slices = make_ct(tmp_path, 9)
    edit(slices[4], ImagePositionPatient=["0", "0"])
    series = read_series(tmp_path)
    assert sorted(series.sop_uids) == sorted(sops(slices[:4] + slices[5:]))
    assert series.findings[0].startswith("Left out 1 damaged file: ") and "ImagePositionPatient" in series.findings[0]


def cut(path):
    """Leave out the end of a file, as a copy that was interrupted does."""
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize("tag, value, kind", [
    ("ImageOrientationPatient", ["0", "1", "0", "0", "0", "1"], "1 sagittal of 32 x 40 pixels"),
    ("PixelSpacing", ["0.9", "0.9"], "1 axial of 32 x 40 pixels of 0.9 mm"), ("Rows", 16, "1 axial of 16 x 40 pixels")])
def test_an_image_of_another_kind_is_left_out_and_told(tmp_path, tag, value, kind):
    """A survey, say, that nothing labels as one."""
    slices = make_ct(tmp_path, 4)
    edit(slices[0], **{tag: value})
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices[1:])
    assert series.findings[0].startswith("Images of another orientation, size or pixel spacing were left out (1): " + kind)
    assert slices[0].filename.name in series.findings[0]


def test_of_as_many_images_of_two_kinds_those_with_the_annotation_are_read(tmp_path):
    slices = make_ct(tmp_path, 4)
    for dataset in slices[:2]:
        edit(dataset, ImageOrientationPatient=["0", "1", "0", "0", "0", "1"])
    with pytest.raises(InputError, match="the images are of 2 kinds .*2 sagittal of 32 x 40 pixels.*2 axial"):
        read_series(tmp_path)
    assert read_series(tmp_path, wanted={slices[3].SOPInstanceUID}).sop_uids == sops(slices[2:])


def test_rounding_of_cosines_between_slices_is_no_difference(tmp_path):
    slices = make_ct(tmp_path, 3)
    edit(slices[1], ImageOrientationPatient=["1", "0.00004", "0", "-0.00004", "1", "0"])
    assert read_series(tmp_path).sop_uids == sops(slices)


@pytest.mark.parametrize("tag, vr, text, told", [
    ("InstanceNumber", "IS", "IM 4", True), ("SliceThickness", "DS", "2,5", True), ("SliceThickness", "DS", "2.5\\2.5", True),
    ("SliceThickness", "DS", "2.5mm", True), ("AcquisitionNumber", "IS", "4.1", False), ("NumberOfFrames", "IS", "one", True)])
def test_malformed_values_that_nothing_depends_on_stop_nothing(tmp_path, tag, vr, text, told):
    slices = make_ct(tmp_path, 3)
    for dataset in slices:
        number = pydicom.tag.Tag(tag)
        raw = text.encode() + b" " * (len(text) % 2)
        dataset._dict[number] = pydicom.dataelem.RawDataElement(number, vr, len(raw), raw, 0, False, True)
        save(dataset, dataset.filename)
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices) and series.thickness_mm == 2.5
    assert series.findings == ((f"{tag} is malformed in 3 of 3 slices, which nothing depends on",) if told else ())


def test_a_malformed_thickness_of_the_only_slice_is_told_as_used(tmp_path):
    (dataset,) = make_ct(tmp_path, 1)
    number = pydicom.tag.Tag("SliceThickness")
    dataset._dict[number] = pydicom.dataelem.RawDataElement(number, "DS", 4, b"5,0 ", 0, False, True)
    save(dataset, dataset.filename)
    series = read_series(tmp_path)
    assert series.slice_step_mm == 5
    assert series.findings == ("SliceThickness of the only slice is malformed, read as 5 mm",)


def test_slices_with_file_meta_information_but_no_preamble_are_read(tmp_path):
    slices = make_ct(tmp_path, 3)
    for dataset in slices:
        path = dataset.filename
        path.write_bytes(path.read_bytes()[132:])
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices) and series.findings == ()
    assert read_header(slices[0].filename).series_uid == series.series_uid
    np.testing.assert_array_equal(read_hu(slices[0].filename), hu_of(slices)[0])


def test_slices_without_preamble_are_read(tmp_path):
    slices = make_ct(tmp_path, 4)
    for dataset in slices:
        path = dataset.filename
        del dataset.file_meta
        pydicom.dcmwrite(path, dataset, implicit_vr=True, little_endian=True, enforce_file_format=False)
        assert path.read_bytes()[:2] == b"\x08\x00"
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices) and series.findings == ()


@pytest.mark.parametrize("part", [0.2, 0.6])
def test_a_damaged_file_of_another_series_is_told(tmp_path, part):
    slices, others = make_ct(tmp_path / "a", 3), make_ct(tmp_path / "b", 1)
    path = others[0].filename
    path.write_bytes(path.read_bytes()[:int(part * path.stat().st_size)])
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices)
    assert series.findings[0].startswith(f"Left out 1 damaged file: {path.name} (")


def test_a_page_without_a_place_in_space_is_told(tmp_path):
    slices = make_ct(tmp_path / "a", 3)
    (page,) = make_ct(tmp_path / "b", 1, series_uid=slices[0].SeriesInstanceUID)
    edit(page, ImagePositionPatient=None, ImageOrientationPatient=None, PixelSpacing=None)
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices) and "without a place in space" in series.findings[0]


def test_messages_name_what_was_seen(tmp_path):
    def said(source=tmp_path):
        with pytest.raises(InputError) as error:
            read_series(source)
        return one_line(error)

    (tmp_path / "ct.zip").write_bytes(b"PK\x03\x04" + b"x" * 100)
    (tmp_path / "notes.txt").write_text("text")
    assert "no CT slices found (2 files: 1 zip archive, 1 not DICOM)" in said()
    assert "is a zip archive where a folder is expected" in said(tmp_path / "ct.zip")
    slices = make_ct(tmp_path, 4)
    assert "is a file where a folder is expected" in said(slices[0].filename)
    for dataset in slices:
        edit(dataset, FrameOfReferenceUID=pydicom.uid.generate_uid())
    assert "every slice has its own frame of reference" in said()
    for dataset in slices:
        edit(dataset, FrameOfReferenceUID="1.2.3", ImagePositionPatient=["0", "0", "0"], SliceThickness=None)
    assert "4 images at one position and no SliceThickness" in said()


def test_multi_frame_ct_is_refused(tmp_path):
    slices = make_ct(tmp_path, 2)
    edit(slices[0], NumberOfFrames=40)
    with pytest.raises(InputError, match="multi-frame CT is not supported"):
        read_series(tmp_path)


def test_enhanced_ct_is_named_as_such(tmp_path):
    dataset, = make_ct(tmp_path, 1)
    edit(dataset, SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1", NumberOfFrames=40, ImagePositionPatient=None,
         ImageOrientationPatient=None, PixelSpacing=None)
    with pytest.raises(InputError, match=r"no CT slices found \(1 file: 1 multi-frame \(enhanced\) CT, which is not supported"):
        read_series(tmp_path)


def test_a_file_that_is_cut_off_before_its_class_is_told_by_its_first_part(tmp_path):
    path = make_ct(tmp_path, 8)[3].filename
    data = path.read_bytes()
    path.write_bytes(data[:data.index(b"\x08\x00\x16\x00UI") + 12])
    assert f"Left out 1 damaged file: {path.name} (the file is cut off within its header)" in read_series(tmp_path).findings


@pytest.mark.parametrize("part", [0.3, 0.6, 0.98])
def test_a_file_that_is_cut_off_is_named(tmp_path, part):
    path = make_ct(tmp_path, 3)[1].filename
    path.write_bytes(path.read_bytes()[:int(part * path.stat().st_size)])
    with pytest.raises(InputError, match=re.escape(f"{path}: the file is cut off")):
        read_series(tmp_path)


def test_headers_without_pixels_are_enough(tmp_path):
    slices = make_ct(tmp_path, 3)
    for dataset in slices:
        edit(dataset, PixelData=None)
    assert read_series(tmp_path).sop_uids == sops(slices)


def test_damaged_headers_raise_nothing_but_input_errors(tmp_path):
    path = make_ct(tmp_path, 2, size=(2, 2))[0].filename
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    refused = 0
    for number in range(200):
        damaged = bytearray(whole)
        if number == 0:                                 # an unknown value representation, which pydicom notices when asked
            at = whole.index(b"\x20\x00\x32\x00DS")
            damaged[at + 5] = 0xF6
        for place in rng.integers(132, len(whole), rng.integers(1, 6) if number else 0):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged[:rng.integers(1, len(whole))] if rng.random() < 0.3 else damaged)
        try:
            read_series(tmp_path)
        except InputError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 20
