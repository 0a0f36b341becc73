"""Bulk QPainterPaths: many shapes of one look in one Qt call, made from numpy arrays through the path's stream format."""
from __future__ import annotations

import numpy as np
import qt

_ELEMENT = np.dtype([("type", ">i4"), ("x", ">f8"), ("y", ">f8")])
_MOVE, _LINE, _CURVE, _CURVE_DATA = range(4)
#: distance of the control points of a quarter circle drawn as one cubic Bezier curve
_K = 0.5522847498
_CIRCLE = np.array([[1, 0], [1, _K], [_K, 1], [0, 1], [-_K, 1], [-1, _K], [-1, 0],
                    [-1, -_K], [-_K, -1], [0, -1], [_K, -1], [1, -_K], [1, 0]])
_CIRCLE_TYPES = np.array([_MOVE] + [_CURVE, _CURVE_DATA, _CURVE_DATA] * 4)
_SQUARE = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])
#: Qt fills one path in time that grows faster than the number of shapes per scan line: fill few shapes at a time
_SHAPES_PER_PATH = 16


def painter_path(types: np.ndarray, points: np.ndarray) -> qt.QPainterPath:
    """Path of the given elements.

    Parameters
    ----------
    types : np.ndarray
        int, shape (M,): 0 move to, 1 line to, 2 first and 3 second and third point of a cubic curve.
    points : np.ndarray
        float, shape (M, 2): finite pixels; Qt refuses a path with a NaN.
    """
    elements = np.empty(len(types), _ELEMENT)
    elements["type"], elements["x"], elements["y"] = types, points[:, 0], points[:, 1]
    # QDataStream format of QPainterPath: element count, elements, start of the last subpath, fill rule (1: winding)
    head, tail = len(elements).to_bytes(4, "big"), (0).to_bytes(4, "big") + (1).to_bytes(4, "big")
    stream, path = qt.QDataStream(qt.QByteArray(head + elements.tobytes() + tail)), qt.QPainterPath()
    if hasattr(path, "readFrom"):
        path.readFrom(stream)                   # PythonQt's name for the operator
    else:
        stream >> path
    return path


def line_path(starts: np.ndarray, ends: np.ndarray) -> qt.QPainterPath:
    """One path of E line segments; both arrays have shape (E, 2)."""
    points = np.empty((2 * len(starts), 2))
    points[0::2], points[1::2] = starts, ends
    return painter_path(np.tile([_MOVE, _LINE], len(starts)), points)


def circle_paths(centers: np.ndarray, radii: np.ndarray) -> list:
    """Paths that hold N circles together, in this order; `centers` (N, 2), `radii` (N,) in pixels."""
    return _shape_paths(centers[:, None] + _CIRCLE[None] * radii[:, None, None], _CIRCLE_TYPES)


def square_paths(centers: np.ndarray, radii: np.ndarray) -> list:
    """As `circle_paths`, but squares of the circles' area: half the time, and the same look below 3 pixels."""
    sides = radii * (np.sqrt(np.pi) / 2)
    return _shape_paths(centers[:, None] + _SQUARE[None] * sides[:, None, None], np.array([_MOVE] + [_LINE] * 4))


def triangle_paths(first: np.ndarray, second: np.ndarray, third: np.ndarray) -> list:
    """Paths that hold N triangles together; each array has shape (N, 2)."""
    return _shape_paths(np.stack([first, second, third, first], axis=1), np.array([_MOVE] + [_LINE] * 3))


def _shape_paths(shapes, types):
    return [painter_path(np.tile(types, len(part)), part.reshape(-1, 2))
            for part in (shapes[i:i + _SHAPES_PER_PATH] for i in range(0, len(shapes), _SHAPES_PER_PATH))]
