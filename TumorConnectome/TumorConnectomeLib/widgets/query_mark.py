"""The mark of a query in the connectome: a diamond at its place, and lines to the patients that it is most like."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import qt

from .graph_geometry import GraphGeometry, Viewport
from .surface import Surface
from .theme import Theme, bold_font

_RADIUS, _RIM, _GAP = 9.0, 2.0, 5.0
#: thickness of the line to the first and to the last neighbor
_THICKEST, _THINNEST = 3.0, 1.2


@dataclass(frozen=True)
class QueryMark:
    """Where a query is drawn.

    Parameters
    ----------
    label : str
    place : tuple of float
        Layout coordinates.
    neighbors : tuple of str
        Ids of the patients that lines lead to, the first rank first.
    dashed : bool
        Whether they are the least similar ones.
    """

    label: str
    place: tuple[float, float]
    neighbors: tuple[str, ...]
    dashed: bool = False


def paint_query(surface: Surface, geometry: GraphGeometry, viewport: Viewport, mark: QueryMark, font: qt.QFont, theme: Theme,
                width: float) -> np.ndarray:
    """Draw the lines, the diamond and the label; returns the nodes at the ends of the lines (int64), to be drawn above them."""
    center = viewport.to_pixels(np.array([mark.place], float))[0]
    nodes = [node for node in map(geometry.index_of, mark.neighbors) if node is not None]
    for rank, node in enumerate(nodes):
        share = rank / max(len(nodes) - 1, 1)
        surface.lines(center[None], geometry.points[node][None], theme.query, _THICKEST + (_THINNEST - _THICKEST) * share,
                      mark.dashed)
    surface.polygon(_diamond(center, _RADIUS + _RIM), theme.background, None)
    surface.polygon(_diamond(center, _RADIUS), theme.query, theme.text, 1.4)
    bold = bold_font(font)
    _diamond_box, (x, y, _wide, _high) = query_boxes(viewport, mark, font, width)
    surface.text(x, y + qt.QFontMetricsF(bold).ascent(), mark.label, bold, theme.text, theme.background)
    return np.array(nodes, np.int64)


def query_boxes(viewport: Viewport, mark: QueryMark, font: qt.QFont, width: float) -> list[tuple[float, float, float, float]]:
    """x, y, width and height of the diamond and of its label, in pixels: other labels keep clear of them."""
    x, y = viewport.to_pixels(np.array([mark.place], float))[0].tolist()
    text, reach = qt.QFontMetricsF(bold_font(font)), _RADIUS + _RIM
    length = text.horizontalAdvance(mark.label)
    left = x + _RADIUS + _GAP
    left = left if left + length <= width - _GAP else x - _RADIUS - _GAP - length
    return [(x - reach, y - reach, 2 * reach, 2 * reach), (left, y - text.ascent() / 2 - 1, length, text.height())]


def _diamond(center, radius):
    return center + radius * np.array([[0, -1], [1, 0], [0, 1], [-1, 0]], float)
