"""Nine directions and sampling on planes."""
import itertools

import numpy as np
import pytest

from TumorConnectomeLib.scene.image_views import CTWindow, window_of
from TumorConnectomeLib.scene.oblique import NINE_DIRECTIONS, gray, inside_box, letters, outline, sample


def normal(direction):
    return np.cross(direction.right, direction.up)


def test_three_planes_are_orthogonal_and_six_are_diagonals_of_a_cube():
    normals = [normal(direction) for direction in NINE_DIRECTIONS]
    for direction, axis in zip(NINE_DIRECTIONS, normals):
        np.testing.assert_allclose([np.linalg.norm(direction.right), np.linalg.norm(direction.up), np.linalg.norm(axis)], 1)
    assert [int(np.argmax(np.abs(axis))) for axis in normals[:3]] == [2, 1, 0]
    for axis in normals[3:]:
        np.testing.assert_allclose(sorted(np.abs(axis)), [0, np.sqrt(0.5), np.sqrt(0.5)], atol=1e-12)
    for a, b in itertools.combinations(normals, 2):
        assert abs(a @ b) < 0.75, "two directions show the same plane"


@pytest.mark.parametrize("direction", NINE_DIRECTIONS, ids=lambda direction: direction.name)
def test_a_bright_spot_appears_at_the_edge_that_is_named(direction):
    """Spots to the patient's right, left, front, back, head and feet lie on the side that has their letter."""
    center, field, pixels = np.array([10.0, -20.0, 30.0]), 50.0, 101
    points = direction.points(center, field, pixels)
    for letter, vector in zip("RLAPSI", np.concatenate([np.eye(3)[[0]], -np.eye(3)[[0]], np.eye(3)[[1]], -np.eye(3)[[1]],
                                                        np.eye(3)[[2]], -np.eye(3)[[2]]])):
        heights = (points - center) @ vector
        edges = heights[50, 0], heights[50, -1], heights[0, 50], heights[-1, 50]
        for name, height in zip(direction.edges, edges):
            assert (letter in name) == (height > 10), (letter, name, height)
    np.testing.assert_allclose(points[50, 50], center, atol=1e-9)
    assert np.linalg.norm(points[0, 100] - points[0, 0]) == pytest.approx(field * 100 / 101)


def test_samples_of_a_linear_function_are_exact_in_any_orientation():
    q, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))
    ijk_to_ras = np.eye(4)
    ijk_to_ras[:3, :3], ijk_to_ras[:3, 3] = q * (0.7, 0.8, 2.5), (-30, 20, 7)
    k, j, i = np.meshgrid(*map(np.arange, (20, 30, 40)), indexing="ij")
    ras = np.stack([i, j, k], axis=-1) @ ijk_to_ras[:3, :3].T + ijk_to_ras[:3, 3]
    voxels = 3 * ras[..., 0] - 2 * ras[..., 1] + 5 * ras[..., 2]
    points = NINE_DIRECTIONS[5].points(ras[10, 15, 20], 12.0, 33)
    expected = 3 * points[..., 0] - 2 * points[..., 1] + 5 * points[..., 2]
    np.testing.assert_allclose(sample(voxels, np.linalg.inv(ijk_to_ras), points), expected, atol=1e-9)


def test_outside_of_the_volume_is_black():
    voxels = np.full((4, 4, 4), 1000, np.int16)
    values = sample(voxels, np.eye(4), np.array([[1.0, 1, 1], [3.4, 3.4, 3.4], [3.6, 1, 1], [-0.6, 1, 1]]))
    assert values.tolist() == [1000, 1000, -np.inf, -np.inf]
    assert gray(values[None], CTWindow("", 2000, 0))[0, :, 0].tolist() == [255, 255, 0, 0]


def test_a_single_slice_can_be_sampled():
    voxels = np.arange(12.0).reshape(1, 3, 4)
    assert sample(voxels, np.eye(4), np.array([[1.5, 1.0, 0.0]])).tolist() == [5.5]


def test_between_the_ends_of_a_data_type_nothing_overflows():
    voxels = np.array([-32768, 32767], np.int16).reshape(1, 1, 2)
    assert sample(voxels, np.eye(4), np.array([[0.5, 0.0, 0.0]])).tolist() == [-0.5]


def test_the_outline_lies_around_the_box():
    points = NINE_DIRECTIONS[0].points(np.zeros(3), 20.0, 40)
    inside = inside_box(np.eye(4), (10, 6, 4), points)
    line = outline(inside)
    assert inside.sum() == 20 * 12 and not (line & inside).any()
    assert line.sum() == 22 * 14 - 20 * 12


def test_letters_leave_small_parts_out():
    assert letters((0.98, 0.2, 0.0)) == "R" and letters((-0.7, 0.7, 0)) == "LA" and letters((0, 0, -1)) == "I"


def test_a_window_is_named_by_its_values():
    assert window_of(1500, -600).name == "Lung" and window_of(1501, -600).name == ""
    assert str(window_of(1500, -600)) == "W 1500 L \N{MINUS SIGN}600 HU"
