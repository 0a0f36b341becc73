"""The planes of a volume for stacks of slices of any steps: the half-voxel rule as a property, and limits."""
import numpy as np
import pytest
from random_stacks import random_stack

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.imaging.slice_stack import missing_slices
from TumorConnectomeLib.imaging.stack_planes import plan_planes


def planned(heights, aside=None):
    positions = np.zeros((len(heights), 3))
    positions[:, 2] = heights
    if aside is not None:
        positions[:, :2] = aside
    return plan_planes(positions, np.eye(3), (0.8, 0.7), 10, 20, 2.5)


@pytest.mark.parametrize("seed", range(60))
def test_every_slice_of_any_stack_lies_within_half_a_voxel_of_the_plane_that_shows_it(seed):
    stack = random_stack(np.random.default_rng(seed))
    planes = plan_planes(stack.positions_lps, stack.axes_lps, stack.pixel_spacing_mm, 10, 20, 2.5)
    heights = stack.positions_lps @ stack.axes_lps[2]
    assert (planes.plane_of() >= 0).all(), "every slice is shown, unchanged"
    sides = np.linalg.norm(planes.ijk_to_lps[:3, :3], axis=0)
    shown = np.column_stack([planes.shifts, planes.plane_of()]) @ planes.ijk_to_lps[:3, :3].T + planes.ijk_to_lps[:3, 3]
    off = np.linalg.solve(planes.ijk_to_lps[:3, :3], (shown - stack.positions_lps).T).T
    assert np.abs(off).max() <= 0.5 + 1e-6, sides
    if len(heights) > 1:
        normal_mm = abs(planes.ijk_to_lps[:3, 2] @ stack.axes_lps[2])
        assert np.abs(off[:, 2]).max() * normal_mm <= np.diff(heights).min() / 2 + 1e-6
        for lower in np.flatnonzero(missing_slices(heights) > 1):
            between = slice(planes.plane_of()[lower] + 1, planes.plane_of()[lower + 1])
            assert (planes.below[between] < 0).all(), "no picture is invented across a hole"


def test_a_regular_stack_keeps_its_planes():
    planes = planned(2.5 * np.arange(7))
    assert planes.is_plain and planes.size == (20, 10, 7) and planes.findings == () and planes.off_mm.max() == 0
    np.testing.assert_allclose(np.diag(planes.ijk_to_lps), [0.7, 0.8, 2.5, 1])


def test_rounded_positions_are_no_reason_to_resample():
    assert planned(np.round(1.25 * np.arange(50), 1)).is_plain


def test_two_slices_nearly_at_one_position_make_no_volume_of_thousands_of_planes():
    planes = planned([0, 2.5, 2.52, 5, 7.5])
    assert planes.size[2] <= 5 and "1 slices lie too close to others to be shown as well" in planes.findings


def test_a_volume_that_would_not_fit_is_made_coarser():
    planes = planned([0, 0.05, 0.1, 0.15, 2000])
    assert planes.size[2] <= 2048 and any("too close" in line for line in planes.findings)


def test_slices_far_beside_each_other_are_refused():
    with pytest.raises(InputError, match="shifted against each other in their planes"):
        planned(2.5 * np.arange(6), np.where(np.arange(6)[:, None] < 3, 0, [[500.0, 0]]))
