"""The few kinds of shapes that the view is made of, drawn in bulk on a QPainter as paths made from numpy arrays."""
from __future__ import annotations

import math

import numpy as np
import qt

from .graph_geometry import overlap_layers
from .theme import no_pen, pen

#: from this number on discs of one color are drawn without regard to overlaps, and as squares if all are tiny
_MANY_DISCS, _TINY_RADIUS = 500, 2.5
#: the text drawn at these places in the background's color makes a halo twenty times faster than a stroked outline
HALO_WIDTH = 1.3
_HALO = tuple((dx * HALO_WIDTH, dy * HALO_WIDTH) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy)


class Surface:
    """Draws on a painter that the caller begins and ends.

    `svg_surface.SvgSurface` has the same methods, so that the same code draws the view and writes its picture. Boxes are
    (x, y, width, height), colors are QColors; None stands for "not drawn".
    """

    def __init__(self, painter: qt.QPainter):
        self._painter = painter
        painter.setRenderHint(qt.QPainter.Antialiasing, True)

    def set_smooth(self, smooth: bool):
        """Whether lines and rims are antialiased from now on."""
        self._painter.setRenderHint(qt.QPainter.Antialiasing, smooth)

    def fill(self, box: tuple, color: qt.QColor):
        """Fill a rectangle."""
        self._painter.fillRect(qt.QRectF(*map(float, box)), qt.QBrush(color))

    def panel(self, box: tuple, color: qt.QColor | None, edge: qt.QColor | None = None, radius: float = 4.0):
        """A rectangle with rounded corners."""
        x, y, width, height = map(float, box)
        if edge is not None:                            # a thin edge is crisp along the middle of pixels
            x, y, width, height = math.floor(x) + 0.5, math.floor(y) + 0.5, round(width) - 1.0, round(height) - 1.0
        self._use(color, edge, 1.0)
        self._painter.drawRoundedRect(qt.QRectF(x, y, width, height), float(radius), float(radius))

    def lines(self, starts: np.ndarray, ends: np.ndarray, color: qt.QColor, thickness: float, dashed: bool = False):
        """E separate lines; both arrays have shape (E, 2)."""
        self._painter.setPen(pen(color, thickness, dashed))
        self._painter.setBrush(qt.QBrush())
        self._painter.drawPath(line_path(np.asarray(starts, float), np.asarray(ends, float)))

    def triangles(self, first: np.ndarray, second: np.ndarray, third: np.ndarray, color: qt.QColor):
        """N filled triangles; each array has shape (N, 2)."""
        self._use(color, None, 0.0)
        for path in triangle_paths(first, second, third):
            self._painter.drawPath(path)

    def polygon(self, points: np.ndarray, color: qt.QColor | None, edge: qt.QColor | None, thickness: float = 1.0,
                dashed: bool = False):
        """A closed polygon of shape (P, 2)."""
        self._use(color, edge, thickness, dashed)
        self._painter.drawPolygon(qt.QPolygonF([qt.QPointF(float(x), float(y)) for x, y in points]))

    def discs(self, centers: np.ndarray, radii: np.ndarray, color: qt.QColor, edge: qt.QColor | None = None):
        """N discs, later ones above earlier ones; `centers` (N, 2), `radii` (N,)."""
        if not len(centers):
            return
        many = len(centers) > _MANY_DISCS
        tiny = many and radii.max() < _TINY_RADIUS
        self._use(color, None if tiny else edge, 1.0)
        if many or edge is None:
            for path in (square_paths if tiny else circle_paths)(centers, radii):
                self._painter.drawPath(path)
            return
        layers = overlap_layers(centers, radii)
        for layer in range(layers.max() + 1):
            for path in circle_paths(centers[layers == layer], radii[layers == layer]):
                self._painter.drawPath(path)

    def circle(self, center: tuple[float, float], radius: float, color: qt.QColor | None, edge: qt.QColor | None,
               thickness: float = 1.0):
        """One disc or ring."""
        self._use(color, edge, thickness)
        self._painter.drawEllipse(qt.QPointF(*map(float, center)), float(radius), float(radius))

    def text(self, x: float, baseline: float, text: str, font: qt.QFont, color: qt.QColor, halo: qt.QColor | None = None):
        """One line of text, with a rim in the color `halo`."""
        self._painter.setFont(font)
        if halo is not None:
            self._painter.setPen(pen(halo, 1.0))
            for dx, dy in _HALO:
                self._painter.drawText(qt.QPointF(x + dx, baseline + dy), text)
        self._painter.setPen(pen(color, 1.0))
        self._painter.drawText(qt.QPointF(float(x), float(baseline)), text)

    def _use(self, color, edge, thickness, dashed=False):
        self._painter.setBrush(qt.QBrush() if color is None else qt.QBrush(color))
        self._painter.setPen(no_pen() if edge is None else pen(edge, thickness, dashed))


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
