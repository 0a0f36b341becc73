"""Regions of a structured report as boxes: any shape of SCOORD on a slice and of SCOORD3D in space. Pure numpy."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError

#: coordinates beyond this are damaged [pixels or mm]
_LARGEST = 1e6
#: shapes in a plane -> fewest points
_OUTLINES = {"MULTIPOINT": 2, "POLYLINE": 3, "POLYGON": 3}


@dataclass(frozen=True, eq=False)
class PlanarBox:
    """One region drawn on one slice, as its bounding box.

    Parameters
    ----------
    sop_uid : str
        SOP Instance UID of the slice.
    corners : np.ndarray
        float64, shape (4, 2) or (5, 2) with the first point repeated: (column, row) in SCOORD pixel coordinates, where (0, 0)
        is the outer corner of the first pixel. As written when the report has a polyline of that many points.
    tracking_id, tracking_uid : str
        As in the report; empty when it has none.
    lesion : str
        Boxes with the same name that is not "" are one lesion: regions of one group, or of groups with one tracking UID.
    """

    sop_uid: str
    corners: np.ndarray
    tracking_id: str
    tracking_uid: str
    lesion: str = ""


@dataclass(frozen=True, eq=False)
class SpatialBox:
    """One region in patient coordinates.

    Parameters
    ----------
    frame_of_reference_uid : str
        What the coordinates are relative to.
    points_lps : np.ndarray
        float64, shape (n, 3) [mm, LPS]: of an outline; or, when `curved`, pairs of the ends of an ellipse's or
        ellipsoid's axes.
    curved : bool
    tracking_id, tracking_uid, lesion : str
        See PlanarBox.
    """

    frame_of_reference_uid: str
    points_lps: np.ndarray
    curved: bool
    tracking_id: str
    tracking_uid: str
    lesion: str = ""

    def extent(self, axes_lps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest coordinate along some unit vectors, given as rows of shape (k, 3): float64, shapes (k,) [mm]."""
        along = self.points_lps @ np.asarray(axes_lps).T
        if not self.curved:
            return along.min(axis=0), along.max(axis=0)
        middle = along.mean(axis=0)
        half = np.sqrt((((along[1::2] - along[::2]) / 2) ** 2).sum(axis=0))     # support function of an ellipsoid
        return middle - half, middle + half


def planar_corners(graphic_type: str, values, path, place: str) -> np.ndarray:
    """Corners of the bounding box of a SCOORD (PS3.3 C.18.6): float64, shape (4, 2) or (5, 2), read-only, see PlanarBox.

    Raises
    ------
    InputError
        Another graphic type, another number of points than it has, or a shape without area.
    """
    points = _points(values, 2, path, place)
    if graphic_type == "CIRCLE" and len(points) == 2:           # center, point on the line
        reach = np.full(2, np.hypot(*(points[1] - points[0])))
        corners = _rectangle(points[0] - reach, points[0] + reach)
    elif graphic_type == "ELLIPSE" and len(points) == 4:        # ends of the major, then of the minor axis
        middle = points.mean(axis=0)
        reach = np.hypot((points[1] - points[0]) / 2, (points[3] - points[2]) / 2)
        corners = _rectangle(middle - reach, middle + reach)
    elif len(points) >= _OUTLINES.get(graphic_type, np.inf):
        closed = len(points) == 5 and np.array_equal(points[0], points[-1])
        as_written = graphic_type == "POLYLINE" and (len(points) == 4 or closed)
        corners = points if as_written else _rectangle(points.min(axis=0), points.max(axis=0))
    else:
        raise _unknown_shape("SCOORD", graphic_type, len(points), path, place)
    if np.ptp(corners, axis=0).min() <= 0:
        raise InputError(f"its {graphic_type.lower()} encloses no finite area", source=path, row=place, expected="a box")
    corners.flags.writeable = False
    return corners


def spatial_points(graphic_type: str, values, path, place: str) -> tuple[np.ndarray, bool]:
    """Points of a SCOORD3D (PS3.3 C.18.9) and whether they are ends of axes, see SpatialBox; InputError as `planar_corners`."""
    points = _points(values, 3, path, place)
    curved = {"ELLIPSE": 4, "ELLIPSOID": 6}.get(graphic_type)
    if len(points) != curved and len(points) < _OUTLINES.get(graphic_type, np.inf):
        raise _unknown_shape("SCOORD3D", graphic_type, len(points), path, place)
    if np.sort(np.ptp(points, axis=0))[1] <= 0:
        raise InputError(f"its {graphic_type.lower()} encloses no finite area", source=path, row=place, expected="a box")
    points.flags.writeable = False
    return points, curved is not None


def _points(values, dimensions, path, place):
    try:
        points = np.array(values, np.float64).reshape(-1, dimensions)
    except (TypeError, ValueError):
        raise InputError("its coordinates are no numbers, or not in groups of " + str(dimensions), source=path,
                         row=place) from None
    if not (np.abs(points) <= _LARGEST).all():          # NaN is never <=
        raise InputError("its region encloses no finite area", source=path, row=place, expected="a box")
    return points


def _rectangle(low, high):
    return np.array([low, [high[0], low[1]], high, [low[0], high[1]]])


def _unknown_shape(kind, graphic_type, count, path, place):
    text = " ".join(str(graphic_type).split())[:20] or "(none)"
    return InputError(f"its region is {kind} {text} with {count} point{'s' * (count != 1)}", source=path, row=place,
                      expected="a polyline, polygon, circle, ellipse" + (", ellipsoid" * (kind == "SCOORD3D")) + " or points "
                               "with an area")
