"""Spacing of slice stacks: holes, changes of spacing, ends."""
import numpy as np
import pytest

from TumorConnectomeLib.imaging.slice_stack import listed, missing_slices, slab_edges, stack_findings


def heights_of(*steps):
    return np.cumsum([10.0, *steps])


def axial(heights):
    return np.stack([np.zeros_like(heights), np.zeros_like(heights), heights], axis=1)


def test_a_regular_stack_has_slabs_that_touch_and_no_findings():
    heights = heights_of(*[2.5] * 5)
    edges = slab_edges(heights)
    assert edges[0, 0] == 8.75 and edges[-1, 1] == heights[-1] + 1.25
    np.testing.assert_allclose(edges[1:, 0], edges[:-1, 1])
    assert stack_findings(axial(heights), np.array([0, 0, 1.0])) == []


def test_a_hole_is_counted_and_does_not_thicken_its_neighbors():
    heights = heights_of(2, 2, 6, 2, 2)
    assert missing_slices(heights).tolist() == [0, 0, 2, 0, 0]
    np.testing.assert_allclose(np.ptp(slab_edges(heights), axis=1), 2)
    assert stack_findings(axial(heights), np.array([0, 0, 1.0])) == [
        "Missing slices along the slice normal: 2 between 14.00 and 20.00 mm"]


def test_a_slice_between_two_holes_has_the_usual_thickness():
    heights = heights_of(1, 1, 2, 2, 1, 1, 1)
    assert missing_slices(heights).tolist() == [0, 0, 1, 1, 0, 0, 0]
    np.testing.assert_allclose(slab_edges(heights)[3], [13.5, 14.5])


def test_a_lasting_larger_spacing_is_no_hole_and_counts_locally():
    heights = heights_of(1, 1, 1, 1, 1, 5, 5, 5, 5)
    assert not missing_slices(heights).any()
    edges = slab_edges(heights)
    np.testing.assert_allclose(edges[7], heights[7] + [-2.5, 2.5])
    np.testing.assert_allclose(edges[5], heights[5] + [-0.5, 2.5])
    np.testing.assert_allclose(edges[9], heights[9] + [-2.5, 2.5])
    (finding,) = stack_findings(axial(heights), np.array([0, 0, 1.0]))
    assert "varies from 1.000 to 5.000 mm" in finding


def test_a_hole_inside_a_stretch_of_larger_spacing_is_counted_in_that_spacing():
    heights = heights_of(*[1] * 12, 5, 5, 5, 10, 5, 5, 5)
    assert missing_slices(heights).tolist() == [0] * 15 + [1] + [0] * 3


def test_a_lone_slice_has_the_thickness_given():
    np.testing.assert_allclose(slab_edges(np.array([7.0]), 3.0), [[5.5, 8.5]])
    assert missing_slices(np.array([7.0])).size == 0


def test_two_slices_define_their_step():
    np.testing.assert_allclose(slab_edges(np.array([0.0, 4.0])), [[-2, 2], [2, 6]])


def test_gantry_tilt_is_told_in_degrees():
    positions = axial(np.arange(11) * 2.0)
    positions[:, 1] = positions[:, 2] * np.tan(np.radians(12))
    (finding,) = stack_findings(positions, np.array([0, 0, 1.0]))
    assert "gantry tilt" in finding and "12.0 degrees" in finding


@pytest.mark.parametrize("count, text", [(2, "0, 1"), (3, "0, 1, 2"), (5, "0, 1, 2 and 2 more")])
def test_long_lists_are_shortened(count, text):
    assert listed(range(count)) == text
