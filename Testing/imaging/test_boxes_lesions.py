"""From boxes to lesions: geometry against highdicom's transformer, grouping, and that report and CT belong together."""
import numpy as np
import pydicom
import pytest
from dicom_factory import AXIAL, CORONAL, FEET_FIRST_PRONE, SAGITTAL, ds, edit, make_ct, make_sr, random_orientation, rectangle
from highdicom.spatial import ImageToReferenceTransformer

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.imaging.ct_series import read_series
from TumorConnectomeLib.imaging.lesions import find_lesions, group_boxes, lps_to_ras
from TumorConnectomeLib.imaging.sr_boxes import read_sr
from TumorConnectomeLib.imaging.sr_regions import PlanarBox

ORIENTATIONS = {"axial": AXIAL, "feet first prone": FEET_FIRST_PRONE, "coronal": CORONAL, "sagittal": SAGITTAL,
                "mirrored": (-1, 0, 0, 0, 1, 0), **{f"oblique {seed}": random_orientation(np.random.default_rng(seed))
                                                    for seed in range(3)}}


def boxes_on(slices, *placed):
    """PlanarBoxes named A, B, ... from (slice index, x0, y0, x1, y1)."""
    return [PlanarBox(slices[index].SOPInstanceUID, rectangle(*corners).astype(float), chr(65 + number), "")
            for number, (index, *corners) in enumerate(placed)]


def transformed(dataset, points):
    """Pixel coordinates to LPS by highdicom, from the file's own tags."""
    written = pydicom.dcmread(dataset.filename)
    to_lps = ImageToReferenceTransformer(written.ImagePositionPatient, written.ImageOrientationPatient, written.PixelSpacing)
    return to_lps(np.asarray(points, float))


def corners_of(lesion):
    """The eight corners in the order of (row, column, normal) signs --- to +++: float64, shape (8, 3)."""
    signs = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1], indexing="ij"), axis=-1).reshape(8, 3)
    return lesion.center_lps + signs * lesion.size_mm / 2 @ lesion.axes_lps


def brute_force_corners(slices, placed, step):
    """The same corners from each box's pixel extremes on the two end slices, half a step further along the stack."""
    first, last = min(index for index, *_ in placed), max(index for index, *_ in placed)
    extremes = np.array([corners for _, *corners in placed])
    (x0, y0), (x1, y1) = extremes[:, :2].min(axis=0), extremes[:, 2:].max(axis=0)
    along = transformed(slices[1], [[0, 0]])[0] - transformed(slices[0], [[0, 0]])[0]
    half = along / np.linalg.norm(along) * step / 2
    return np.array([transformed(slices[end], [[x, y]])[0] + (half if end == last and upper else -half)
                     for x in (x0, x1) for y in (y0, y1) for upper, end in ((False, first), (True, last))])


def tracking(lesions):
    return ["".join(lesion.tracking_ids) for lesion in lesions]


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_pixels_map_to_lps_as_highdicom_maps_them(tmp_path, orientation):
    slices = make_ct(tmp_path, 5, orientation=orientation, spacing=(0.9, 0.6))
    series = read_series(tmp_path)
    points = np.random.default_rng(0).uniform(0, 32, (20, 2))
    for index, dataset in enumerate(slices):
        np.testing.assert_allclose(series.pixels_to_lps(index, points), transformed(dataset, points), atol=1e-9)


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_a_box_on_one_slice_is_one_slice_step_thick(tmp_path, orientation):
    slices = make_ct(tmp_path, 6, orientation=orientation, spacing=(0.9, 0.6), step=3.0)
    (lesion,) = group_boxes(boxes_on(slices, (2, 4, 6, 14, 11)), read_series(tmp_path))
    np.testing.assert_allclose(lesion.size_mm, [10 * 0.6, 5 * 0.9, 3.0], atol=1e-9)
    np.testing.assert_allclose(lesion.center_lps, transformed(slices[2], [[9, 8.5]])[0], atol=1e-9)
    np.testing.assert_allclose(lesion.axes_lps[:2].ravel(), orientation, atol=1e-9)
    np.testing.assert_allclose(np.cross(*lesion.axes_lps[:2]), lesion.axes_lps[2], atol=1e-9)


@pytest.mark.parametrize("seed", range(60))
def test_lesions_of_random_geometries_equal_a_brute_force_computation(tmp_path, seed):
    rng = np.random.default_rng(seed)
    count, step = int(rng.integers(4, 16)), rng.uniform(0.4, 6)
    orientation = random_orientation(rng) if seed % 3 else rng.permutation(np.eye(3))[:2].ravel() * np.repeat(
        rng.choice([-1, 1], 2), 3)
    slices = make_ct(tmp_path, count, orientation=orientation, spacing=rng.uniform(0.3, 1.5, 2), step=step,
                     origin=rng.uniform(-300, 300, 3), size=(64, 64), seed=seed)
    expected, placed = [], []
    for column in range(rng.integers(1, 4)):            # one lesion in each strip of 20 columns
        first, last = np.sort(rng.integers(0, count, 2))
        center = np.array([column * 20 + 10, rng.uniform(10, 54)])
        own = []
        for index in range(first, last + 1):
            if index in (first, last) or (index - first) % 3 == 0 or rng.random() < 0.6:
                low, high = center - rng.uniform(1, 9, 2), center + rng.uniform(1, 9, 2)
                own.append((index, *low.astype(np.float32).tolist(), *high.astype(np.float32).tolist()))
        placed.append(own)
        expected.append(brute_force_corners(slices, own, step))
    flat = [box for own in placed for box in own]
    boxes = boxes_on(slices, *flat)
    lesions = group_boxes([boxes[i] for i in rng.permutation(len(boxes))], read_series(tmp_path))
    assert len(lesions) == len(expected)
    for lesion in lesions:
        distances = [np.abs(corners_of(lesion) - corners).max() for corners in expected]
        found = int(np.argmin(distances))
        assert distances[found] < 1e-6
        assert lesion.slices == tuple(slices[index].SOPInstanceUID for index, *_ in placed[found])
    heights = [lesion.center_lps @ lesion.axes_lps[2] for lesion in lesions]
    assert np.diff(heights).min(initial=0) > -1e-6


def test_sheared_slices_bound_the_boxes_where_they_are(tmp_path):
    positions = np.array([[0, k * 1.5, k * 2.0] for k in range(4)])
    slices = make_ct(tmp_path, positions=positions, spacing=(1, 1))
    (lesion,) = group_boxes(boxes_on(slices, (0, 5, 5, 15, 15), (3, 5, 5, 15, 15)), read_series(tmp_path))
    np.testing.assert_allclose(lesion.size_mm, [10, 10 + 4.5, 8])
    np.testing.assert_allclose(lesion.center_lps, [9.5, 9.5 + 2.25, 3])


def test_ends_beside_a_missing_slice_keep_the_usual_thickness(tmp_path):
    slices = make_ct(tmp_path, 9, step=2.0)
    slices[4].filename.unlink()
    (lesion,) = group_boxes(boxes_on(slices, (2, 5, 5, 9, 9), (3, 5, 5, 9, 9)), read_series(tmp_path))
    assert lesion.size_mm[2] == pytest.approx(4)


@pytest.mark.parametrize("placed, groups", [
    ([(0, 5, 5, 9, 9), (1, 8, 8, 12, 12), (2, 11, 11, 15, 15)], ["ABC"]),                   # a chain
    ([(0, 5, 5, 9, 9), (1, 9, 5, 12, 9)], ["A", "B"]),                                      # they touch, no more
    ([(0, 5, 5, 9, 9), (2, 5, 5, 9, 9)], ["AB"]),                                           # one slice not annotated
    ([(0, 5, 5, 9, 9), (3, 5, 5, 9, 9)], ["AB"]),                                           # two
    ([(0, 5, 5, 9, 9), (4, 5, 5, 9, 9)], ["A", "B"]),                                       # three
    ([(3, 5, 5, 9, 9), (3, 8, 5, 12, 9)], ["AB"]),                                          # overlap on one slice
    ([(3, 20, 5, 24, 9), (3, 5, 5, 9, 9)], ["B", "A"]),                                     # two lesions on one slice
    ([(0, 5, 5, 9, 9), (0, 20, 5, 24, 9), (1, 8, 5, 21, 9)], ["ABC"]),                      # joined by a third
    ([(1, 5, 5, 9, 9), (2, 5, 20, 9, 24), (3, 5, 5, 9, 9)], ["AC", "B"]),                   # another lesion between
])
def test_boxes_that_overlap_in_plane_on_near_slices_are_one_lesion(tmp_path, placed, groups):
    slices = make_ct(tmp_path, 6)
    assert tracking(group_boxes(boxes_on(slices, *placed), read_series(tmp_path))) == groups


def test_slices_and_tracking_ids_follow_the_position_not_the_report(tmp_path):
    slices = make_ct(tmp_path, 6, orientation=FEET_FIRST_PRONE)
    placed = [(4, 5, 5, 9, 9), (2, 5, 5, 9, 9), (3, 5, 5, 9, 9), (3, 6, 6, 10, 10)]
    (lesion,) = group_boxes(boxes_on(slices, *placed), read_series(tmp_path))
    assert lesion.slices == tuple(slices[index].SOPInstanceUID for index in (2, 3, 4))
    assert "".join(lesion.tracking_ids) == "BCDA"


def test_ras_negates_x_and_y(tmp_path):
    slices = make_ct(tmp_path, 3, orientation=CORONAL)
    (lesion,) = group_boxes(boxes_on(slices, (1, 5, 5, 9, 9)), read_series(tmp_path))
    np.testing.assert_array_equal(lesion.center_ras, lesion.center_lps * [-1, -1, 1])
    np.testing.assert_array_equal(lesion.axes_ras, [[-1, 0, 0], [0, 0, -1], [0, -1, 0]])
    np.testing.assert_array_equal(lps_to_ras(lps_to_ras([1, 2, 3])), [1, 2, 3])


def test_no_boxes_make_no_lesions(tmp_path):
    make_ct(tmp_path, 2)
    assert group_boxes([], read_series(tmp_path)) == []


@pytest.fixture
def study(tmp_path):
    """Six slices and a report with boxes on slices 1, 2 (one lesion) and 5."""
    slices = make_ct(tmp_path / "ct", 6)
    make_sr(tmp_path / "sr.dcm", slices, [(1, rectangle(5, 5, 9, 9)), (2, rectangle(5, 5, 9, 9)), (5, rectangle(20, 5, 24, 9))])
    return tmp_path, slices


def test_a_report_of_this_ct_has_its_lesions_and_no_findings(study):
    folder, _ = study
    lesions, findings = find_lesions(read_sr(folder / "sr.dcm"), read_series(folder / "ct"))
    assert [lesion.tracking_ids for lesion in lesions] == [("Bounding box #1", "Bounding box #2"), ("Bounding box #3",)]
    assert findings == []


def test_a_report_of_another_series_is_refused_with_both_series_named(study):
    folder, slices = study
    make_ct(folder / "other", 6)
    other = read_series(folder / "other")
    with pytest.raises(InputError) as error:
        find_lesions(read_sr(folder / "sr.dcm"), other)
    assert f"refers to series {slices[0].SeriesInstanceUID}, not to the given CT series {other.series_uid}" in str(error.value)


def test_a_report_whose_evidence_names_another_series_is_refused_though_its_slices_are_there(study):
    folder, _ = study
    written = pydicom.dcmread(folder / "sr.dcm")
    written.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.3"
    written.save_as(folder / "sr.dcm")
    with pytest.raises(InputError, match="refers to series 1.2.3"):
        find_lesions(read_sr(folder / "sr.dcm"), read_series(folder / "ct"))


def test_boxes_on_slices_that_the_ct_lacks_are_left_out_and_told(study):
    folder, slices = study
    slices[2].filename.unlink()
    lesions, findings = find_lesions(read_sr(folder / "sr.dcm"), read_series(folder / "ct"))
    assert [lesion.slices for lesion in lesions] == [(slices[1].SOPInstanceUID,), (slices[5].SOPInstanceUID,)]
    assert findings == ["Boxes left out because their slice is missing from the CT (1): Bounding box #2"]


def test_a_ct_without_any_annotated_slice_is_refused(study):
    folder, slices = study
    for index in (1, 2, 5):
        slices[index].filename.unlink()
    with pytest.raises(InputError, match="none of its 3 boxes is on a slice of the given CT series"):
        find_lesions(read_sr(folder / "sr.dcm"), read_series(folder / "ct"))


def test_without_evidence_the_slices_alone_decide(study):
    folder, _ = study
    written = pydicom.dcmread(folder / "sr.dcm")
    del written.CurrentRequestedProcedureEvidenceSequence
    written.save_as(folder / "sr.dcm")
    make_ct(folder / "other", 6)
    report = read_sr(folder / "sr.dcm")
    assert len(find_lesions(report, read_series(folder / "ct"))[0]) == 2
    with pytest.raises(InputError, match=r"refers to series \(none\)"):
        find_lesions(report, read_series(folder / "other"))


def test_a_box_on_a_slice_that_was_left_out_for_its_position_keeps_its_place(study):
    folder, slices = study
    (double,) = make_ct(folder / "ct" / "b", 1, origin=slices[1].ImagePositionPatient, series_uid=slices[0].SeriesInstanceUID)
    edit(double, FrameOfReferenceUID=slices[0].FrameOfReferenceUID, StudyInstanceUID=slices[0].StudyInstanceUID,
         InstanceNumber=99)
    make_sr(folder / "sr.dcm", [*slices, double], [(6, rectangle(5, 5, 9, 9)), (2, rectangle(5, 5, 9, 9))])
    series = read_series(folder / "ct")
    assert double.SOPInstanceUID not in series.sop_uids
    (lesion,), _ = find_lesions(read_sr(folder / "sr.dcm"), series)
    assert lesion.slices == (double.SOPInstanceUID, slices[2].SOPInstanceUID)
    np.testing.assert_allclose(lesion.center_lps[2], 50 + 1.5 * 2.5)


def test_another_patient_and_boxes_beyond_the_image_are_told(study):
    folder, slices = study
    make_sr(folder / "sr.dcm", slices, [(1, rectangle(5, 5, 9, 33))], PatientID="P2")
    _, findings = find_lesions(read_sr(folder / "sr.dcm"), read_series(folder / "ct"))
    assert findings == ["Boxes reach out of the image (1): Bounding box #1",
                        "The report is of patient 'P2', the CT of patient 'P1'"]


def test_only_the_sop_instance_uid_links_a_box_to_its_slice(study):
    folder, slices = study
    edit(slices[1], InstanceNumber=500)
    edit(slices[5], ImagePositionPatient=ds(np.array(slices[5].ImagePositionPatient, float) + [0, 0, 100]))
    lesions, _ = find_lesions(read_sr(folder / "sr.dcm"), read_series(folder / "ct"))
    np.testing.assert_allclose([lesion.center_lps[2] for lesion in lesions], [50 + 1.5 * 2.5, 50 + 5 * 2.5 + 100])
