"""One CT series that holds more than one stack of slices: acquisitions, localizers, kernels; what is shown, what is told."""
import numpy as np
import pydicom
import pytest
from dicom_factory import CORONAL, edit, make_ct, save, sops

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.imaging.ct_series import read_series


def acquired(slices, numbers):
    for dataset, number in zip(slices, numbers):
        edit(dataset, AcquisitionNumber=number)


def interleaved(folder, first=5, second=7):
    """Two acquisitions of the same place in one series: the second at positions between those of the first."""
    one = make_ct(folder / "a", first)
    other = make_ct(folder / "b", second, origin=(-100.0, -80.0, 51.0), series_uid=one[0].SeriesInstanceUID,
                    study_uid=one[0].StudyInstanceUID, frame_uid=one[0].FrameOfReferenceUID)
    acquired(one, [1] * first)
    acquired(other, [2] * second)
    return one, other


def test_of_two_acquisitions_of_one_place_the_larger_is_shown_and_both_are_told(tmp_path):
    _, other = interleaved(tmp_path)
    series = read_series(tmp_path)
    assert series.sop_uids == sops(other)
    (finding,) = series.findings
    assert finding == ("2 acquisitions of the same place in one series (number 1 with 5 slices, number 2 with 7 slices): "
                       "number 2 is shown")


def test_the_acquisition_with_the_annotated_slices_is_shown(tmp_path):
    one, _ = interleaved(tmp_path)
    series = read_series(tmp_path, wanted={one[2].SOPInstanceUID})
    assert series.sop_uids == sops(one) and "number 1 is shown" in series.findings[0]


def test_an_annotation_on_the_other_acquisition_at_the_same_position_keeps_its_place(tmp_path):
    one = make_ct(tmp_path / "a", 5)
    other = make_ct(tmp_path / "b", 4, series_uid=one[0].SeriesInstanceUID, study_uid=one[0].StudyInstanceUID,
                    frame_uid=one[0].FrameOfReferenceUID)
    acquired(one, [1] * 5)
    acquired(other, [2] * 4)
    series = read_series(tmp_path)
    assert series.sop_uids == sops(one) and series.slice_indices[other[3].SOPInstanceUID] == 3


def test_acquisitions_that_follow_each_other_are_one_volume(tmp_path):
    slices = make_ct(tmp_path, 6)
    acquired(slices, [1, 1, 1, 2, 2, 2])
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices) and series.findings == ()
    acquired(slices, range(6))
    assert read_series(tmp_path).sop_uids == sops(slices)


def test_table_positions_that_share_a_slice_position_are_one_volume(tmp_path):
    slices = make_ct(tmp_path / "a", 6)
    again = make_ct(tmp_path / "b", 5, origin=slices[5].ImagePositionPatient, series_uid=slices[0].SeriesInstanceUID,
                    study_uid=slices[0].StudyInstanceUID, frame_uid=slices[0].FrameOfReferenceUID)
    acquired(slices, [1] * 6)
    acquired(again, [2] * 5)
    series = read_series(tmp_path, wanted={slices[2].SOPInstanceUID, again[3].SOPInstanceUID})
    assert len(series.files) == 10 and {slices[2].SOPInstanceUID, again[3].SOPInstanceUID} < set(series.sop_uids)
    assert series.findings[0].startswith("Slices at the position of another were left out of the volume (1)")


def phases(folder, offset, count=6, **tags):
    """Two phases of one place, InstanceNumber running through; `tags`: keyword to the values of both."""
    one = make_ct(folder / "a", count)
    other = make_ct(folder / "b", count, origin=(-100.0, -80.0, 50.0 + offset), series_uid=one[0].SeriesInstanceUID,
                    study_uid=one[0].StudyInstanceUID, frame_uid=one[0].FrameOfReferenceUID)
    for phase, slices in enumerate((one, other)):
        for number, dataset in enumerate(slices):
            edit(dataset, InstanceNumber=phase * count + number + 1, **{key: values[phase] for key, values in tags.items()})
    return one, other


@pytest.mark.parametrize("offset", [0.0, 1.25], ids=["same positions", "half a step apart"])
@pytest.mark.parametrize("tags, how", [
    ({}, "the order of InstanceNumber"), ({"AcquisitionTime": ("120000", "120100")}, "AcquisitionTime"),
    ({"ConvolutionKernel": ("B", "C")}, "ConvolutionKernel")], ids=["numbers", "times", "kernels"])
def test_phases_without_acquisition_number_are_told_apart_by_what_there_is(tmp_path, offset, tags, how):
    _, other = phases(tmp_path, offset, **tags)
    series = read_series(tmp_path, wanted={other[2].SOPInstanceUID})
    assert series.sop_uids == sops(other) and series.slice_step_mm == pytest.approx(2.5)
    assert series.findings[0].startswith("2 phases or reconstructions of the same place in one series, told apart by " + how)


def test_two_passes_of_thin_slices_that_fill_each_others_gaps_are_one_volume(tmp_path):
    one, other = phases(tmp_path, 1.25, SliceThickness=("1.25", "1.25"))
    series = read_series(tmp_path)
    assert len(series.files) == 12 and series.slice_step_mm == pytest.approx(1.25) and series.findings == ()
    acquired(one, [1] * 6)
    acquired(other, [2] * 6)
    assert len(read_series(tmp_path).files) == 12


def test_slices_in_any_order_of_numbers_are_no_phases(tmp_path):
    slices = make_ct(tmp_path, 30)                      # InstanceNumber at random
    assert read_series(tmp_path).sop_uids == sops(slices)
    for number, dataset in enumerate(slices):           # every rotation of the tube makes three
        edit(dataset, AcquisitionTime=f"1200{number // 3:02d}")
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices) and series.findings == ()


def test_localizers_in_the_series_are_left_out_and_told(tmp_path):
    slices = make_ct(tmp_path / "ct", 4)
    scout = make_ct(tmp_path / "scout", 1, orientation=CORONAL, size=(64, 64), series_uid=slices[0].SeriesInstanceUID,
                    study_uid=slices[0].StudyInstanceUID)
    edit(scout[0], ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices) and series.findings == ("Ignored 1 file beside the CT: localizer",)
    with pytest.raises(InputError, match="no CT slices found"):
        read_series(tmp_path / "scout")


def test_a_capture_or_dose_sheet_of_modality_ct_without_position_is_no_slice(tmp_path):
    slices = make_ct(tmp_path, 3)
    sheet = pydicom.dcmread(slices[0].filename)
    sheet.SOPClassUID, sheet.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3.4"
    del sheet.ImagePositionPatient
    save(sheet, tmp_path / "sheet.dcm")
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices) and series.findings == ("Ignored 1 file beside the CT: DICOM, but not CT",)


def test_slices_of_two_kernels_or_voltages_are_told(tmp_path):
    slices = make_ct(tmp_path, 4)
    for dataset, kernel, kvp in zip(slices, ("SOFT", "SOFT", "BONE", "BONE"), (120, 120, 120, 140)):
        edit(dataset, ConvolutionKernel=kernel, KVP=str(kvp))
    assert read_series(tmp_path).findings == ("The slices differ in kernel: BONE, SOFT",
                                              "The slices differ in tube voltage [kV]: 120.0, 140.0")


def color_page(path, like, z, number):
    """A page of text in the series of a CT, in color and with a place in space."""
    page = pydicom.dcmread(like.filename)
    page.SOPInstanceUID = page.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    page.ImagePositionPatient = [*like.ImagePositionPatient[:2], z]
    page.InstanceNumber, page.SamplesPerPixel, page.PhotometricInterpretation, page.PlanarConfiguration = number, 3, "RGB", 0
    page.save_as(path)
    return page.SOPInstanceUID


@pytest.mark.parametrize("steps", [0, 2, 2.3, 150], ids=["on the first", "on a slice", "between", "far away"])
def test_a_color_page_with_a_place_in_space_changes_nothing(tmp_path, steps):
    slices = make_ct(tmp_path, 6)
    low, next_low = (float(dataset.ImagePositionPatient[2]) for dataset in slices[:2])
    before = read_series(tmp_path)
    color_page(tmp_path / "page.dcm", slices[0], low + steps * (next_low - low), 0)
    series = read_series(tmp_path)
    assert series.sop_uids == before.sop_uids and series.slab_edges_mm.tolist() == before.slab_edges_mm.tolist()
    (finding,) = series.findings
    assert finding == ("Images that are no slices were left out where none is missing (1): "
                       "page.dcm: RGB with 3 samples a pixel")


@pytest.mark.parametrize("steps", [0, 2, 2.3, 150], ids=["on the first", "on a slice", "between", "far away"])
def test_a_gray_page_that_its_image_type_tells_changes_nothing(tmp_path, steps):
    slices = make_ct(tmp_path, 6)
    for dataset in slices:
        edit(dataset, ImageType=["ORIGINAL", "PRIMARY", "AXIAL"])
    low, next_low = (float(dataset.ImagePositionPatient[2]) for dataset in slices[:2])
    before = read_series(tmp_path)
    page = pydicom.dcmread(slices[0].filename)
    page.SOPInstanceUID = page.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    page.ImagePositionPatient = [*slices[0].ImagePositionPatient[:2], low + steps * (next_low - low)]
    page.InstanceNumber, page.ImageType = 0, ["DERIVED", "SECONDARY", "PATIENT_INFO"]
    page.save_as(tmp_path / "page.dcm")
    series = read_series(tmp_path)
    assert series.sop_uids == before.sop_uids and series.slab_edges_mm.tolist() == before.slab_edges_mm.tolist()
    (finding,) = series.findings
    assert finding == ("Images that are no slices were left out where none is missing (1): "
                       "page.dcm: DERIVED/SECONDARY/PATIENT_INFO")


def test_secondary_slices_that_make_the_stack_are_kept(tmp_path):
    slices = make_ct(tmp_path, 6)
    for dataset, kind in zip(slices, ["PRIMARY", "SECONDARY"] * 3):
        edit(dataset, ImageType=["DERIVED", kind, "AXIAL"])
    assert read_series(tmp_path).sop_uids == sops(slices)


def test_an_annotated_image_that_can_not_be_shown_keeps_its_place_and_hides_no_other(tmp_path):
    slices = make_ct(tmp_path, 6)
    page = color_page(tmp_path / "page.dcm", slices[2], slices[2].ImagePositionPatient[2], 0)
    series = read_series(tmp_path, wanted={page})
    assert series.sop_uids == sops(slices) and series.slice_indices[page] == 2


@pytest.mark.parametrize("keyword", ["PixelSpacing", "ImageOrientationPatient"])
def test_a_secondary_image_that_is_nowhere_is_ignored_and_told(tmp_path, keyword):
    slices = make_ct(tmp_path, 4)
    page = pydicom.dcmread(slices[0].filename)
    page.SOPInstanceUID = page.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    page.ImageType = ["DERIVED", "SECONDARY", "PATIENT_INFO"]
    del page[keyword]
    page.save_as(tmp_path / "page.dcm")
    series = read_series(tmp_path)
    assert series.sop_uids == sops(slices)
    assert series.findings == (f"Ignored 1 file beside the CT: secondary CT image without {keyword}",)


@pytest.mark.parametrize(("offset", "thickness", "told"), [
    (1.25, 2.5, ("The slices are 2.5 mm thick and 1.25 mm apart: a reconstruction that overlaps, or two phases half a step "
                "apart, which nothing in the headers tells apart")),
    (1.25, 1.25, None), (1.25, 5, None),
    (0.9, 2.5, ("The steps between slices repeat (0.90, 1.60 mm): this may be 2 phases or acquisitions of the same place, "
               "which nothing in the headers tells apart; all are shown as one stack")),
    (0.9, 0.9, None)])
def test_phases_that_nothing_tells_apart_are_told(tmp_path, offset, thickness, told):
    heights = sorted([2.5 * number + part for number in range(6) for part in (0, offset)])
    slices = make_ct(tmp_path, positions=np.array([[0, 0, height] for height in heights]))
    for number, dataset in enumerate(slices, start=1):
        edit(dataset, SliceThickness=str(thickness), InstanceNumber=number)
    findings = read_series(tmp_path).findings
    assert [finding for finding in findings if "tells apart" in finding] == [told][:told is not None]
