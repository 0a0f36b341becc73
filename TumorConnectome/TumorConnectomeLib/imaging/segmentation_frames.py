"""The frames of a DICOM segmentation: where each lies by its own position, how thick it is, which voxels are set."""
from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from .stack_planes import in_plane

_LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
#: Segmentation Storage and Label Map Segmentation Storage; pydicom 3.0.2 has no name for the second
SEG_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", _LABEL_MAP)
#: share of a fractional segment from which a voxel counts as inside
_INSIDE = 0.5
#: distances of frames are multiples of one step when none is further from it [mm]
_ROUNDING_MM = 0.1
#: no frame has more pixels, no file more frames: a header that says so is damaged
_MOST_PIXELS, _MOST_FRAMES = 4096 * 4096, 100_000
_LARGEST_MM = 1e6


@dataclass(frozen=True, eq=False)
class Frames:
    """Geometry of the P frames that have a position.

    Parameters
    ----------
    rows, columns : int
    axes_lps : np.ndarray
        float64, shape (3, 3): row direction, column direction, normal, as rows.
    spacing_mm : np.ndarray
        float64, shape (2,): of columns, of rows.
    numbers : np.ndarray
        int64, shape (P,): which of the file's frames they are, from 0.
    heights_mm : np.ndarray
        float64, shape (P,): position of each frame along the normal.
    shear, place : np.ndarray
        float64, shape (2,): see `stack_planes.in_plane`.
    shifts : np.ndarray
        int64, shape (P, 2): whole pixels by which a frame is shifted, column and row.
    thickness_mm : float
        Of every frame.
    thickness_is_guessed : bool
        Whether the file does not say it.
    """

    rows: int
    columns: int
    axes_lps: np.ndarray
    spacing_mm: np.ndarray
    numbers: np.ndarray
    heights_mm: np.ndarray
    shear: np.ndarray
    place: np.ndarray
    shifts: np.ndarray
    thickness_mm: float
    thickness_is_guessed: bool = False

    def to_lps(self, height_mm: float, step_mm: float) -> np.ndarray:
        """From (column, row, plane) to LPS, plane 0 at a height: float64, shape (4, 4)."""
        matrix = np.eye(4)
        matrix[:3, 0], matrix[:3, 1] = self.axes_lps[0] * self.spacing_mm[0], self.axes_lps[1] * self.spacing_mm[1]
        matrix[:3, 2] = step_mm * (self.axes_lps[2] + (self.shear * self.spacing_mm) @ self.axes_lps[:2])
        aside = (self.place + self.shear * height_mm) * self.spacing_mm
        matrix[:3, 3] = height_mm * self.axes_lps[2] + aside @ self.axes_lps[:2]
        return matrix


def read_frames(dataset, path) -> Frames:
    """Where the frames of a segmentation lie; InputError when none says so, or they have several orientations."""
    rows, columns, count = int(dataset.Rows), int(dataset.Columns), int(dataset.get("NumberOfFrames") or 1)
    if not (0 < rows * columns <= _MOST_PIXELS and 0 < count <= _MOST_FRAMES):
        raise InputError(f"{count} frames of {rows} x {columns} pixels", source=path, expected="a segmentation")
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [{}])[0]
    own = list(dataset.get("PerFrameFunctionalGroupsSequence") or [{}] * count)
    if len(own) != count:
        raise InputError(f"{len(own)} descriptions of {count} frames", source=path, row="PerFrameFunctionalGroupsSequence")
    orientations = np.array([_numbers(groups, shared, "PlaneOrientationSequence", "ImageOrientationPatient", 6, path)
                             for groups in own])
    spacings = np.array([_numbers(groups, shared, "PixelMeasuresSequence", "PixelSpacing", 2, path) for groups in own])
    numbers, positions = _positions(own, shared, path)
    for values, what in ((orientations, "orientation"), (spacings, "pixel spacing")):
        if np.ptp(values, axis=0).max() > 1e-4:
            raise InputError(f"its frames differ in {what}", source=path, expected="frames that make a volume")
    axes = _axes(orientations[0], path)
    if min(spacings[0]) <= 0:
        raise InputError(f"is {spacings[0].tolist()}", source=path, row="PixelSpacing", expected="two numbers above 0")
    spacing, heights = spacings[0][::-1], positions @ axes[2]
    shear, place, shifts = in_plane(positions @ axes[:2].T / spacing, heights)
    return Frames(rows, columns, axes, spacing, numbers, heights, shear, place, shifts,
                  *thickness_of(own, shared, heights, path, _is_of_one_image(dataset)))


def _is_of_one_image(dataset):
    """Whether a segmentation was drawn on one image, by the images that it refers to."""
    return sum(len(series.get("ReferencedInstanceSequence") or ())
               for series in dataset.get("ReferencedSeriesSequence") or ()) == 1


def _positions(own, shared, path):
    """Numbers and positions (P,), (P, 3) of the frames that have one; the error of the first frame when none has."""
    found, problems = {}, []
    for number, groups in enumerate(own):
        try:
            found[number] = _numbers(groups, shared, "PlanePositionSequence", "ImagePositionPatient", 3, path)
        except InputError as error:
            problems.append(error)
    if not found:
        raise problems[0]
    return np.array(list(found), np.int64), np.array(list(found.values()))


def thickness_of(own, shared, heights_mm, path, of_one_image: bool = False) -> tuple[float, bool]:
    """Thickness of the frames [mm], and whether it is guessed from their distances.

    SpacingBetweenSlices where it is given, and there are slices between which it can be: highdicom 0.28.2 writes 1.0 for a
    segmentation of one image. Else SliceThickness, but no more than the step of the frames: slices may overlap.
    A reader that takes the distance of the nearest frames makes two frames with a gap between them twice as thick.
    """
    step = _common_step(np.unique(heights_mm))
    keywords = ("SpacingBetweenSlices", "SliceThickness")
    for keyword in keywords[::-1] if of_one_image and not step else keywords:
        found = {_measure(groups, shared, keyword) for groups in own} - {None}
        if found:
            return (min(min(found), step) if step else min(found)), False
    if not step:
        raise InputError("the only frame has neither SpacingBetweenSlices nor SliceThickness, so its extent is unknown",
                         source=path)
    return step, True


def _common_step(heights):
    """The smallest distance of frames; where all distances are about multiples of it, the mean step; None for one frame."""
    distances = np.diff(heights)
    distances = distances[distances > 0.01]
    if not distances.size:
        return None
    counts = np.rint(distances / distances.min())
    even = float(distances.sum() / counts.sum())
    return even if np.abs(distances - counts * even).max() <= _ROUNDING_MM else float(distances.min())


def frame_masks(dataset, index: int, frames: Frames) -> Iterator[tuple[int, np.ndarray]]:
    """Number and voxels (bool, shape (rows, columns)) of each segment on a frame."""
    pixels = _pixels(dataset, index, frames)
    if dataset.SOPClassUID == _LABEL_MAP or dataset.get("SegmentationType") == "LABELMAP":
        for number in np.unique(pixels):
            yield int(number), pixels == number
        return
    groups = (dataset.get("PerFrameFunctionalGroupsSequence") or [{}])
    item = _item(groups[index], (dataset.get("SharedFunctionalGroupsSequence") or [{}])[0], "SegmentIdentificationSequence")
    number = int(item.ReferencedSegmentNumber)
    if dataset.get("SegmentationType") == "FRACTIONAL":
        yield number, pixels >= _INSIDE * float(dataset.get("MaximumFractionalValue") or 255)
    else:
        yield number, pixels > 0


def _pixels(dataset, index, frames):
    """Pixels of one frame, without decoding the others: shape (rows, columns)."""
    count, shape = frames.rows * frames.columns, (frames.rows, frames.columns)
    if dataset["PixelData"].is_undefined_length:        # compressed
        from pydicom.pixels import pixel_array
        return pixel_array(dataset, index=index)
    bits, data = int(dataset.BitsAllocated), dataset.PixelData
    needed = math.ceil((index + 1) * count * bits / 8)
    if len(data) < needed:
        raise ValueError(f"{len(data)} bytes of pixels, frame {index + 1} ends at {needed}")
    if bits == 1:
        first, last = index * count, (index + 1) * count
        packed = np.frombuffer(data, np.uint8)[first // 8:math.ceil(last / 8)]
        values = np.unpackbits(packed, bitorder="little")[first % 8:first % 8 + count]
    else:
        dtype = np.dtype(f"{'<' if dataset.original_encoding[1] else '>'}u{bits // 8}")
        values = np.frombuffer(data, dtype, count, index * count * dtype.itemsize)
    return values.reshape(shape)


def _axes(orientation, path):
    row, column = orientation[:3], orientation[3:]
    if max(abs(np.linalg.norm(row) - 1), abs(np.linalg.norm(column) - 1), abs(row @ column)) > 1e-3:
        raise InputError(f"{orientation.tolist()} are no direction cosines", source=path, row="ImageOrientationPatient",
                         expected="two perpendicular unit vectors")
    row = row / np.linalg.norm(row)
    column = column - row * (row @ column)
    column /= np.linalg.norm(column)
    return np.stack([row, column, np.cross(row, column)])


def _item(own, shared, sequence):
    """The functional group of a frame, its own before that of all; None without."""
    return next((groups[sequence].value[0] if hasattr(groups[sequence], "value") else groups[sequence][0]
                 for groups in (own, shared) if groups and sequence in groups and len(groups.get(sequence) or ())), None)


def _numbers(own, shared, sequence, keyword, count, path):
    item = _item(own, shared, sequence)
    try:
        values = [float(value) for value in (item.get(keyword) or () if item is not None else ())]
    except (TypeError, ValueError):
        values = []
    if len(values) != count or not all(abs(value) <= _LARGEST_MM for value in values):          # NaN is never <=
        raise InputError(f"{len(values)} usable numbers in a frame", source=path, row=keyword,
                         expected=f"{count} finite numbers")
    return values


def _measure(own, shared, keyword):
    item = _item(own, shared, "PixelMeasuresSequence")
    try:
        value = float(item.get(keyword))
    except (AttributeError, TypeError, ValueError):
        return None
    return abs(value) if 0 < abs(value) <= _LARGEST_MM else None
