"""The side of the body: against the truth of synthetic patients, and where it has to be uncertain."""
import numpy as np
import pytest

from TumorConnectomeLib.imaging.body_side import MARGIN_MM, Midline, midline_of, side_of
from TumorConnectomeLib.synthetic.lesion_boxes import lesion_box_lps
from TumorConnectomeLib.synthetic.patients import synthetic_patients
from TumorConnectomeLib.synthetic.phantom import Phantom
from TumorConnectomeLib.synthetic.voxels import VoxelBox

SIZE, SPACING = 100, 4.0
CENTERS = (np.arange(SIZE) - (SIZE - 1) / 2) * SPACING                  # mm, of columns and of rows
X = np.broadcast_to(CENTERS, (1, SIZE, SIZE))


def chest(middle=0.0, half_width=150.0, couch_x=None, slices=1):
    """HU of an elliptic body with two lungs, its middle at `middle` mm, with a couch below it."""
    x, y = np.meshgrid(CENTERS - middle, CENTERS)
    hu = np.where((x / half_width) ** 2 + (y / 100) ** 2 < 1, 40.0, -1000)
    for side in (-1, 1):
        hu[((x - side * 70) / 50) ** 2 + (y / 70) ** 2 < 1] = -850
    if couch_x is not None:
        hu[(np.abs(CENTERS - 112) < 4)[:, None] & (np.abs(CENTERS - couch_x) < 180)[None, :]] = 100
    return np.repeat(hu[None], slices, axis=0)


@pytest.mark.parametrize("patient", synthetic_patients()[::12], ids=lambda patient: patient.patient_id)
def test_synthetic_patients_have_the_side_and_midline_they_were_made_with(patient):
    phantom = Phantom(patient)
    grid, center = phantom.grid, lesion_box_lps(phantom).mean(axis=0)
    middle = round((center[2] - grid.origin[0]) / grid.spacing[0])
    places = np.clip([middle - 8, middle, middle + 8], 0, grid.shape[0] - 1).tolist()
    hu = np.concatenate([phantom.hounsfield(VoxelBox((k, 0, 0), (k + 1, *grid.shape[1:]))) for k in places])
    midline = midline_of(hu, grid.origin[2] + grid.spacing[2] * np.arange(grid.shape[2]), grid.spacing[1:])
    assert midline.x_mm == pytest.approx(grid.body[2], abs=2.0)
    assert side_of(center[0], midline).side.lower() == patient.tumor.side


@pytest.mark.parametrize("middle", [-60.0, 0.0, 45.0])
def test_a_patient_off_the_middle_of_the_image_keeps_its_sides(middle):
    midline = midline_of(chest(middle, half_width=120), X, (SPACING, SPACING))
    assert midline.x_mm == pytest.approx(middle, abs=1.0) and midline.note == ""
    assert side_of(middle + 25, midline).side == "Left" and side_of(middle - 25, midline).side == "Right"


@pytest.mark.parametrize("value", [0.0, 3071.0])
@pytest.mark.parametrize("radius_mm", [150.0, 195.0])
def test_what_stands_outside_a_round_field_of_view_without_a_tag_is_not_body(value, radius_mm):
    hu = chest(40.0, half_width=90, slices=2)
    hu[:, CENTERS[:, None] ** 2 + CENTERS ** 2 > radius_mm ** 2] = value
    midline = midline_of(hu, X, (SPACING, SPACING))
    assert midline.x_mm == pytest.approx(40, abs=1.0) and side_of(20.0, midline).side == "Right"


def test_the_couch_does_not_move_the_midline():
    assert midline_of(chest(30, half_width=120, couch_x=-60), X, (SPACING, SPACING)).x_mm == pytest.approx(30, abs=1.5)


def test_near_the_midline_the_side_is_uncertain_and_the_distance_is_told():
    side = side_of(4.0, Midline(1.0, MARGIN_MM))
    assert (side.side, side.midline_mm) == ("Uncertain", 3.0) and "3 mm from the midline, less than 10 mm" in side.note


def test_slices_that_disagree_widen_the_margin():
    hu = np.concatenate([chest(-40, 100), chest(0, 100), chest(40, 100)])
    midline = midline_of(hu, X, (SPACING, SPACING))
    assert midline.x_mm == pytest.approx(0, abs=1) and midline.margin_mm > 60
    assert side_of(50, midline).side == "Uncertain"


def test_a_body_that_is_cut_off_on_one_side_is_told():
    little, much = (midline_of(chest(middle), X, (SPACING, SPACING)) for middle in (60, 120))
    assert "cut off on one side" in little.note and "cut off on one side" in much.note
    assert abs(little.x_mm - 60) < little.margin_mm <= 30 and abs(much.x_mm - 120) < much.margin_mm


def test_a_body_that_is_cut_off_on_both_sides_alike_is_fine():
    midline = midline_of(chest(0, half_width=260), X, (SPACING, SPACING))
    assert midline.note == "" and midline.x_mm == pytest.approx(0, abs=1)


def test_columns_that_run_to_the_right_are_no_matter():
    midline = midline_of(chest(40, 120)[:, :, ::-1], X[:, :, ::-1], (SPACING, SPACING))
    assert midline.x_mm == pytest.approx(40, abs=1)


def test_a_sagittal_stack_is_judged_as_a_whole():
    axial = chest(30, 120)[0]
    hu = np.repeat(axial.T[:, :, None], 40, axis=2)                     # slices along x: rows are y, columns along the body
    midline = midline_of(hu, CENTERS[:, None, None], (SPACING, SPACING), across_slices=True)
    assert midline.x_mm == pytest.approx(30, abs=6) and "across" in midline.note


def test_without_a_body_there_is_no_midline():
    assert midline_of(np.full((2, SIZE, SIZE), -1000.0), X, (SPACING, SPACING)) is None
