"""Segmentations of CTs of any steps: frames by their own positions, thickness, label maps, tilt, surfaces of small segments."""
import numpy as np
import pydicom
import pytest
from dicom_factory import make_ct
from seg_factory import write_seg

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.imaging.segmentation_file import read_segmentation

#: mm2 of a pixel and pixels of the squares that are drawn here
PIXEL_MM2, PIXELS = 0.8 * 0.7, 100


def squares(count, frames):
    """A square of 10 x 10 pixels on some frames: bool, shape (count, 32, 40, 1)."""
    masks = np.zeros((count, 32, 40, 1), bool)
    masks[frames, 10:20, 12:22] = True
    return masks


def series(folder, heights, thickness, shear=0.0):
    positions = np.column_stack([np.zeros(len(heights)), np.multiply(heights, shear), heights])
    return make_ct(folder / "ct", positions=positions, step=thickness)


def one_segment(folder, slices, frames, **tags):
    """What is read of a segmentation of some frames whose shared pixel measures were changed (None deletes)."""
    write_seg(folder / "seg.dcm", slices, squares(len(slices), frames))
    dataset = pydicom.dcmread(folder / "seg.dcm")
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    for keyword, value in tags.items():
        if value is None:
            measures.pop(keyword, None)
        else:
            setattr(measures, keyword, value)
    dataset.save_as(folder / "seg.dcm")
    (segment,) = read_segmentation(folder / "seg.dcm")["segments"]
    return segment


def heights_of(segment):
    """Lowest and highest edge of a segment along z [mm]."""
    planes = np.flatnonzero(segment.mask.any(axis=(1, 2)))
    step = segment.ijk_to_lps[2, 2]
    return segment.ijk_to_lps[2, 3] + (planes[0] - 0.5) * step, segment.ijk_to_lps[2, 3] + (planes[-1] + 0.5) * step


CASES = {
    "one frame of an irregular series": ([0, 2, 4, 9, 14], [1], 2.0, 1, (1, 3)),
    "two frames with a gap": ([0, 2, 4, 6, 8], [1, 3], 2.0, 2, (1, 7)),
    "across a change of spacing": ([0, 2.5, 5, 7.5, 12.5, 17.5], [2, 3, 4], 2.5, 3, (3.75, 13.75)),
    "thickness below the step": ([0, 5, 10, 15], [1, 2], 3.0, 2, (3.5, 11.5)),
    "overlapping slices": ([0, 1.25, 2.5, 3.75], [1, 2], 1.25, 2, (0.625, 3.125)),
}


@pytest.mark.parametrize("heights, frames, thickness, count, extent", CASES.values(), ids=CASES)
def test_frames_stand_where_they_are_and_are_as_thick_as_the_header_says(tmp_path, heights, frames, thickness, count, extent):
    header = 2.5 if thickness == 1.25 else thickness
    segment = one_segment(tmp_path, series(tmp_path, heights, header), frames, SpacingBetweenSlices=None)
    assert segment.volume_mm3 == pytest.approx(count * PIXELS * PIXEL_MM2 * thickness, rel=1e-6)
    np.testing.assert_allclose(heights_of(segment), extent, atol=0.3)


def test_rounded_positions_make_a_volume(tmp_path):
    slices = series(tmp_path, [0, 1.3, 2.5, 3.8, 5.0, 6.3], 1.25)
    segment = one_segment(tmp_path, slices, [1, 2, 3, 4], SpacingBetweenSlices=None)
    assert segment.volume_mm3 == pytest.approx(4 * PIXELS * PIXEL_MM2 * 1.25, rel=0.03)


def test_spacing_between_slices_counts_before_thickness(tmp_path):
    segment = one_segment(tmp_path, series(tmp_path, [0, 2, 4, 6], 2.0), [2], SpacingBetweenSlices=1.5)
    assert segment.volume_mm3 == pytest.approx(PIXELS * PIXEL_MM2 * 1.5)


def test_a_lone_frame_of_unknown_thickness_is_refused(tmp_path):
    with pytest.raises(InputError, match="neither SpacingBetweenSlices nor SliceThickness"):
        one_segment(tmp_path, series(tmp_path, [0, 2, 4], 2.0), [1], SpacingBetweenSlices=None, SliceThickness=None)


def test_a_tilted_gantry_is_followed(tmp_path):
    heights = 2.5 * np.arange(8)
    segment = one_segment(tmp_path, series(tmp_path, heights, 2.5, shear=0.3), range(2, 6), SpacingBetweenSlices=None)
    for plane, height in enumerate(heights[2:6]):
        first = segment.ijk_to_lps @ [0, 0, plane, 1]
        np.testing.assert_allclose(first[:3], [12 * 0.7, 10 * 0.8 + height * 0.3, height], atol=0.02)
    assert segment.mask.shape == (4, 10, 10)


@pytest.mark.parametrize("kind", ["LABELMAP", "FRACTIONAL", "BINARY"])
def test_every_kind_of_segmentation_is_read_alike(tmp_path, kind):
    import highdicom as hd
    from pydicom.sr.codedict import codes

    slices = make_ct(tmp_path / "ct", 6)
    mask = np.zeros((6, 32, 40), np.uint8)
    mask[2:4, 10:20, 12:22] = 1
    description = hd.seg.SegmentDescription(1, "Nodule", codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Lesion,
                                            hd.seg.SegmentAlgorithmTypeValues.MANUAL)
    hd.seg.Segmentation(slices, mask, hd.seg.SegmentationTypeValues[kind], [description], hd.UID(), 5, hd.UID(), 1, "maker",
                        "model", "1", "serial").save_as(tmp_path / "seg.dcm")
    (segment,) = read_segmentation(tmp_path / "seg.dcm")["segments"]
    assert segment.label == "Nodule" and segment.mask.shape == (2, 10, 10) and segment.mask.all()
    assert segment.volume_mm3 == pytest.approx(2 * PIXELS * PIXEL_MM2 * 2.5)
    np.testing.assert_allclose(segment.ijk_to_lps @ [0, 0, 0, 1],
                               [-100 + 12 * 0.7, -80 + 10 * 0.8, float(slices[2].ImagePositionPatient[2]), 1])


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 3, 3), (2, 5, 5), (3, 2, 7), (12, 16, 16)])
def test_the_surface_of_every_segment_is_as_large_as_its_voxels(host, tmp_path, shape):
    import slicer

    from TumorConnectomeLib.imaging.inspection import inspect
    from TumorConnectomeLib.scene.patient_nodes import load_patient
    from TumorConnectomeLib.scene.segmentation_nodes import add_segmentation, surface_volume_mm3
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    slicer.mrmlScene.Clear()
    slices = make_ct(tmp_path / "ct", 14)
    mask = np.zeros((14, 32, 40), bool)
    mask[1:1 + shape[0], 8:8 + shape[1], 9:9 + shape[2]] = True
    write_seg(tmp_path / "seg.dcm", slices, mask[..., None])
    (segment,) = read_segmentation(tmp_path / "seg.dcm")["segments"]
    node = add_segmentation(load_patient("P1", inspect(tmp_path / "ct"), ArchetypeReader()), [segment])
    surface = node.GetSegmentation().GetNthSegment(0).GetRepresentation("Closed surface")
    assert segment.volume_mm3 == pytest.approx(np.prod(shape) * PIXEL_MM2 * 2.5)
    assert surface_volume_mm3(surface) == pytest.approx(segment.volume_mm3, rel=0.1)
    bounds = np.array(surface.GetBounds()).reshape(3, 2).mean(axis=1) * [-1, -1, 1]
    middle = segment.ijk_to_lps @ np.append((np.array(segment.mask.shape)[::-1] - 1) / 2, 1)
    np.testing.assert_allclose(bounds, middle[:3], atol=0.3)
    slicer.mrmlScene.Clear()


def test_a_thickness_that_the_file_does_not_say_is_told_as_guessed(tmp_path):
    slices = series(tmp_path, [0, 2, 4, 6, 8], 2.0)
    segment = one_segment(tmp_path, slices, [1, 3], SpacingBetweenSlices=None, SliceThickness=None)
    assert heights_of(segment) == pytest.approx((0, 8))
    (finding,) = read_segmentation(tmp_path / "seg.dcm")["findings"]
    assert finding == ("Neither SpacingBetweenSlices nor SliceThickness: the segments are 4 mm thick on each frame, "
                       "the smallest distance of frames")


def test_what_can_not_be_read_is_named_by_what_it_is(tmp_path):
    slices = series(tmp_path, [0, 2, 4], 2.0)
    write_seg(tmp_path / "seg.dcm", slices, squares(3, [0, 1]))
    dataset = pydicom.dcmread(tmp_path / "seg.dcm")
    dataset.PixelData = dataset.PixelData[:200]
    dataset.save_as(tmp_path / "seg.dcm")
    (tmp_path / "text.dcm").write_text("nothing")
    for name, what in (("seg.dcm", "200 bytes of pixels, frame 2 ends at 320"), ("text.dcm", "is not a DICOM file"),
                       ("none.dcm", "no such file"), ("ct", "is a folder where a file is expected")):
        with pytest.raises(InputError, match=what) as error:
            read_segmentation(tmp_path / name)
        assert name in str(error.value)


def test_a_segmentation_of_the_only_slice_is_as_thick_as_the_slice(tmp_path):
    slices = series(tmp_path, [0], 2.5)
    segment = one_segment(tmp_path, slices, [0])        # highdicom writes a spacing of 1.0 mm between its slices
    assert np.ptp(heights_of(segment)) == pytest.approx(2.5)
