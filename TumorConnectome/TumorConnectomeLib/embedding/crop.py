"""The cube of a CT around a point, resampled and scaled exactly as for the published vectors. numpy only.

The published chain (TumorImagingBench on MONAI up to 1.5.2): orientation to the nearest axes, resampling to the model's spacing
with zeros outside, a cube around the point, orientation to the model's axes, HU to the network's range, padding with 0. Its
habits decide values and are kept: geometry is rounded to float32, as NIfTI files keep it; sampling is stretched, up to 0.9 mm
off at the edges of the volume; the point's index is cut toward zero. The whole volume is never resampled: a plan says which box
of voxels is needed, and only that is read.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from .models import EncoderModel

#: spacing this close to the model's is left as it is [mm] (as MONAI does)
_SPACING_TOLERANCE_MM = 1e-3
#: letter of a direction -> axis of RAS, and the sign along it
_LETTERS = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
_RAS_OF_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
#: an index this close to a whole number is that number
_WHOLE = 1e-9
#: no voxel is larger, no scanner reaches further [mm]
_LARGEST_MM = 1e5
#: a volume in HU has something below water, and more contrast than this [HU]
_LEAST_CONTRAST_HU = 50
#: names of the ends of the patient's axes (LPS), lower end first
DIRECTIONS = (("right", "left"), ("anterior", "posterior"), ("inferior", "superior"))


@dataclass(frozen=True, eq=False)
class Crop:
    """What a network sees of a CT, and where that lies.

    Parameters
    ----------
    values : np.ndarray
        float32, shape (1, a, b, c): axes and range as the model wants them.
    corners_lps_mm : np.ndarray
        float64, shape (8, 3): corners of the box that was seen, outer edges of its voxels [mm, LPS].
    cut_mm : np.ndarray
        float64, shape (3, 2): what the border of the CT cut off at the ends `DIRECTIONS` of the patient's axes [mm], 0 where
        nothing. The point is then not in the middle of the box.
    findings : tuple of str
        What is unusual, one line each.
    """

    values: np.ndarray
    corners_lps_mm: np.ndarray
    cut_mm: np.ndarray
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class CropPlan:
    """Which voxels of a volume a crop needs, and how they are mixed; made by `plan_crop`.

    Parameters
    ----------
    model : EncoderModel
    box : tuple of slice
        The part of the volume that is needed; its axes are (K, J, I).
    corners_lps_mm, cut_mm : np.ndarray
        See `Crop`.
    """

    model: EncoderModel
    box: tuple[slice, slice, slice]
    corners_lps_mm: np.ndarray
    cut_mm: np.ndarray
    _sampler: _Sampler

    def crop(self, box_hu: np.ndarray, findings=()) -> Crop:
        """Make the crop of the voxels in `box`: HU, any numeric type."""
        sampled = self._sampler.sample(np.asarray(box_hu).transpose(2, 1, 0), [part.start for part in self.box[::-1]])
        seen = _turned(sampled.astype(np.float32), self.model.axes)
        low, high = (np.float32(value) for value in self.model.hu_window)
        first, last = (np.float32(value) for value in self.model.value_range)
        values = (seen - low) / (high - low) * (last - first) + first
        lacking = [max(size - have, 0) for size, have in zip(self.model.size, seen.shape)]
        padded = np.pad(np.clip(values, first, last), [(lack // 2, lack - lack // 2) for lack in lacking])
        return Crop(np.ascontiguousarray(padded[None]), self.corners_lps_mm, self.cut_mm,
                    (*findings, *_cut_findings(self.cut_mm)))


def crop_around(voxels_hu: np.ndarray, ijk_to_lps_mm: np.ndarray, point_lps_mm, model: EncoderModel) -> Crop:
    """Crop a volume around a point as the model's published vectors were made.

    Parameters
    ----------
    voxels_hu : np.ndarray
        HU, shape (K, J, I), as `slicer.util.arrayFromVolume` gives it.
    ijk_to_lps_mm : np.ndarray
        float, shape (4, 4): center of voxel (i, j, k) [mm, LPS].
    point_lps_mm : sequence of float
        The tumor's center [mm, LPS].
    model : EncoderModel

    Raises
    ------
    InputError
        The point lies outside the volume, the matrix is no geometry, or the voxels are no HU.
    """
    voxels = np.asarray(voxels_hu)
    if voxels.ndim != 3 or voxels.dtype.kind not in "iuf":
        raise InputError(f"an array of shape {voxels.shape} and type {voxels.dtype}",
                         expected="a volume in HU, shape (K, J, I)")
    plan = plan_crop(voxels.shape, ijk_to_lps_mm, point_lps_mm, model)
    refuse_other_than_hu(voxels[::4, ::4, ::4])
    box = voxels[plan.box]
    if not np.isfinite(box).all():
        raise InputError("voxels around the point are NaN or infinite", expected="HU")
    return plan.crop(box)


def refuse_other_than_hu(voxels, source=None):
    """Raise InputError for voxels that can be no HU of a CT: nothing below 0, or hardly any contrast.

    Parameters
    ----------
    voxels : np.ndarray
        Enough of the volume to have air or fat in it.
    source : path, optional
        Named in the error.
    """
    low, high = (float(np.min(voxels)), float(np.max(voxels))) if voxels.size else (0.0, 0.0)
    if low >= 0 or high - low < _LEAST_CONTRAST_HU:
        raise InputError(f"the voxels lie between {low:g} and {high:g}, so they are no HU", source=source,
                         expected="a CT in Hounsfield units (air -1000, water 0)")


def plan_crop(shape_kji, ijk_to_lps_mm, point_lps_mm, model: EncoderModel, plane_of_slice=None) -> CropPlan:
    """Plan the crop of a volume that need not be in memory.

    Parameters
    ----------
    shape_kji : tuple of int
        Planes, rows, columns.
    ijk_to_lps_mm, point_lps_mm, model
        See `crop_around`.
    plane_of_slice : np.ndarray, optional
        float, ascending, shape (S,): at which (fractional) plane each slice lies, when slices do not lie on the planes; the
        first axis of `box` then counts slices.

    Raises
    ------
    InputError
        The point lies outside the volume, or the matrix is no geometry.
    """
    shape = np.array(shape_kji[::-1])
    affine, point_ras = _checked_geometry(shape, ijk_to_lps_mm, point_lps_mm)
    turn = _nearest_axes_turn(affine, shape)
    turned = affine @ turn
    turned_shape = np.abs(np.linalg.inv(turn[:3, :3])).round().astype(int) @ shape
    spacing, grid_shape, origin = _target_grid(turned, turned_shape, model.spacing_mm)
    grid = _diagonal(spacing, origin)
    # as MONAI stores it: the rounding of this product decides the voxel of points that lie between two
    stored = turned @ np.linalg.solve(turned, grid)
    center = np.trunc((np.linalg.inv(stored) @ np.append(point_ras, 1.0))[:3]).astype(int)
    size = np.array(model.size)
    first, last = np.maximum(center - size // 2, 0), np.minimum(center + size // 2, grid_shape)
    if (first >= last).any():
        raise InputError(_outside(point_lps_mm), expected="a point in the CT")
    cut = np.stack([first - (center - size // 2), center + size // 2 - last], axis=1) * spacing[:, None]
    sampler = _sampler_of(turned, turned_shape, turn, grid, grid_shape, (first, last), plane_of_slice)
    limits = shape if plane_of_slice is None else np.array([*shape[:2], len(plane_of_slice)])
    box = sampler.box(limits)
    edges = np.stack([origin + (first - 0.5) * spacing, origin + (last - 0.5) * spacing])
    corners_ras = np.array([[edges[x, 0], edges[y, 1], edges[z, 2]] for x, y, z in np.ndindex(2, 2, 2)])
    cut_lps = np.stack([cut[0, ::-1], cut[1, ::-1], cut[2]])
    return CropPlan(model, box[::-1], corners_ras * _RAS_OF_LPS.diagonal()[:3], cut_lps, sampler)


def _outside(point_lps_mm):
    return f"the point {', '.join(f'{value:.1f}' for value in point_lps_mm)} (LPS mm) lies outside the volume"


def _checked_geometry(shape, ijk_to_lps_mm, point_lps_mm):
    """Index to RAS as a NIfTI file would keep it, and the point in RAS."""
    matrix, point = np.asarray(ijk_to_lps_mm, float), np.asarray(point_lps_mm, float)
    if point.shape != (3,) or not (np.abs(point) < _LARGEST_MM).all():
        raise InputError(f"the point {point_lps_mm}", expected="three finite numbers, LPS mm")
    if matrix.shape != (4, 4) or not (np.abs(matrix) < _LARGEST_MM).all() or (matrix[3] != [0, 0, 0, 1]).any():
        raise InputError("the volume has no valid IJK to LPS matrix", expected="4 x 4 finite numbers, last row 0 0 0 1")
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    if not (spacing > 0).all() or abs(np.linalg.det(matrix[:3, :3] / spacing)) < 1e-3:
        raise InputError("the spacing of the volume is unknown, or its axes lie in one plane",
                         expected="three spacings above 0 mm")
    index = np.linalg.solve(matrix, np.append(point, 1.0))[:3]
    if (index < -0.5 - _WHOLE).any() or (index > shape - 0.5 + _WHOLE).any():
        raise InputError(_outside(point), expected="a point in the CT")
    affine = _RAS_OF_LPS @ matrix
    affine[:3, :3] *= spacing.astype(np.float32).astype(float) / spacing
    affine[:3, 3] = affine[:3, 3].astype(np.float32)
    return affine, point * _RAS_OF_LPS.diagonal()[:3]


def _nearest_axes_turn(affine, shape):
    """Index of the volume turned to LPS axes -> index of the volume: permutation and flips, shape (4, 4)."""
    cosines = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    left, _, right = np.linalg.svd(cosines)
    rotation = left @ right                             # the nearest rotation, as nibabel's io_orientation
    turn = np.zeros((4, 4))
    turn[3, 3] = 1
    for axis in range(3):
        world = int(np.abs(rotation[:, axis]).argmax())
        wanted = -1 if world < 2 else 1                 # L, P, S in RAS
        if rotation[world, axis] * wanted >= 0:
            turn[axis, world] = 1
        else:
            turn[axis, world], turn[axis, 3] = -1, shape[axis] - 1
        rotation[world, :] = 0
    return turn


def _target_grid(affine, shape, spacing_mm):
    """Spacing, shape and origin (RAS) of the resampled volume: MONAI's Spacing with diagonal=True, scale_extent=False."""
    own, wanted = np.linalg.norm(affine[:3, :3], axis=0), np.array(spacing_mm, float)
    spacing = np.where(np.abs(own - wanted) <= _SPACING_TOLERANCE_MM, own, wanted)
    corners = np.array(np.meshgrid(*[(0.0, length - 1.0) for length in shape], indexing="ij")).reshape(3, -1)
    world = affine[:3, :3] @ corners + affine[:3, 3:]
    steps = world / spacing[:, None]
    grid_shape = np.round(np.ptp(steps, axis=1) + 1).astype(int)
    for corner in range(8):
        if np.allclose((steps - steps[:, corner:corner + 1]).min(axis=1), 0, rtol=_SPACING_TOLERANCE_MM):
            return spacing, grid_shape, world[:, corner]
    return spacing, grid_shape, affine[:3, :3] @ (shape / 2) + affine[:3, 3] - spacing * (grid_shape / 2)


def _diagonal(spacing, origin):
    affine = np.diag(np.append(spacing, 1.0))
    affine[:3, 3] = origin
    return affine


@dataclass(frozen=True, eq=False)
class _Sampler:
    """Where the crop's voxels lie in the volume, as index (i, j, k): along three axes each, or one by one.

    `lines` has, for each axis of the volume, indices of shape (n,), which run along the crop's axis `order[axis]`; `points` has
    shape (a, b, c, 3) where the volume is oblique to the crop.
    """

    lines: tuple[np.ndarray, ...] | None = None
    order: tuple[int, ...] = (0, 1, 2)
    points: np.ndarray | None = None

    def box(self, limits):
        """The voxels needed along i, j, k: a slice each, never empty."""
        axes = self.lines if self.lines is not None else [self.points[..., axis] for axis in range(3)]
        parts = []
        for values, limit in zip(axes, limits):
            start = int(np.clip(np.floor(values.min()), 0, limit - 1))
            parts.append(slice(start, int(np.clip(np.floor(values.max()) + 2, start + 1, limit))))
        return tuple(parts)

    def sample(self, box, start):
        """Linear between voxels, zeros outside: float64, axes R, A, S."""
        if self.lines is None:
            return _trilinear(box, self.points - start)
        values = box
        for axis in np.argsort([len(line) / length for line, length in zip(self.lines, box.shape)]):
            values = _linear_along(values, int(axis), self.lines[axis] - start[axis])
        return values.transpose([self.order.index(axis) for axis in range(3)])


def _sampler_of(turned, turned_shape, turn, grid, grid_shape, ends, plane_of_slice):
    """The sampler of the voxels from `ends[0]` up to `ends[1]` of the resampled grid."""
    stretch = np.where(grid_shape > 1, grid_shape / np.maximum(grid_shape - 1.0, 1), 1.0)
    shrink = np.where(turned_shape > 1, (turned_shape - 1.0) / turned_shape, 1.0)
    # theta is normalized with align_corners=False, the grid with True: MONAI <= 1.5.2, AffineTransform
    lines = [np.arange(first, last) * factor - 0.5 for first, last, factor in zip(*ends, stretch)]
    step = np.linalg.solve(turned, grid)
    turned_of_grid = np.diag(np.append(shrink, 1.0)) @ step
    turned_of_grid[:3, 3] += 0.5 * shrink
    index = turn @ turned_of_grid
    linear = index[:3, :3]
    order = np.abs(linear).argmax(axis=1)
    rest = linear.copy()
    rest[np.arange(3), order] = 0
    if sorted(order) == [0, 1, 2] and np.abs(rest).max() * grid_shape.max() < _WHOLE:
        found = [_whole(linear[axis, order[axis]] * lines[order[axis]] + index[axis, 3]) for axis in range(3)]
        if plane_of_slice is not None:
            found[2] = _slices_at(found[2], plane_of_slice)
        return _Sampler(tuple(found), tuple(int(axis) for axis in order))
    points = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1) @ linear.T + index[:3, 3]
    if plane_of_slice is not None:
        points[..., 2] = _slices_at(points[..., 2], plane_of_slice)
    return _Sampler(points=_whole(points))


def _whole(indices):
    whole = np.round(indices)
    return np.where(np.abs(indices - whole) < _WHOLE, whole, indices)


def _slices_at(planes, plane_of_slice):
    """Fractional number of the slice at fractional planes; one plane beyond either end it is one number beyond."""
    known = np.concatenate([[plane_of_slice[0] - 1], plane_of_slice, [plane_of_slice[-1] + 1]])
    return np.interp(planes, known, np.arange(-1.0, len(plane_of_slice) + 1))


def _linear_along(values, axis, positions):
    """Values at fractional positions along an axis, zeros outside: float64."""
    length = values.shape[axis]
    lower = np.floor(positions).astype(np.int64)
    share = positions - lower
    form = [-1 if other == axis else 1 for other in range(values.ndim)]
    mixed = 0.0
    for indices, weights in ((lower, 1 - share), (lower + 1, share)):
        weights = np.where((indices >= 0) & (indices < length), weights, 0.0).reshape(form)
        mixed = mixed + values.take(np.clip(indices, 0, length - 1), axis=axis) * weights
    return mixed


def _trilinear(values, points):
    """Values at fractional points (..., 3), zeros outside: float64."""
    lower = np.floor(points).astype(np.int64)
    share, limits = points - lower, np.array(values.shape)
    mixed = np.zeros(points.shape[:-1])
    for corner in np.ndindex(2, 2, 2):
        indices = lower + corner
        inside = ((indices >= 0) & (indices < limits)).all(axis=-1)
        indices = np.clip(indices, 0, limits - 1)
        weights = np.prod(np.where(np.array(corner) == 1, share, 1 - share), axis=-1)
        mixed += np.where(inside, weights, 0.0) * values[indices[..., 0], indices[..., 1], indices[..., 2]]
    return mixed


def _turned(values, axes):
    """From axes R, A, S to the axes of these letters."""
    wanted = [_LETTERS[letter] for letter in axes]
    turned = values.transpose([world for world, _ in wanted])
    return turned[tuple(slice(None, None, sign) for _, sign in wanted)]


def _cut_findings(cut_mm):
    cut = [f"{mm:.1f} mm {name}" for ends, row in zip(DIRECTIONS, cut_mm) for name, mm in zip(ends, row) if mm > 0.05]
    return (f"The border of the CT cuts the box: {', '.join(cut)}",) if cut else ()
