"""Draws nodes and edges as a handful of painter paths."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import qt

from ..core.coloring import Coloring
from ..core.connectome import Match
from .graph_geometry import GraphGeometry, overlap_layers
from .painter_paths import circle_paths, line_path, square_paths, triangle_paths
from .theme import Theme, no_pen, pen

#: above this number of nodes the view draws less while things move
LARGE = 1000
_WEIGHT_BINS = 5
_MANY_NODES, _TINY_RADIUS = 500, 2.5
#: share of their strength that other edges keep beside those of the selection
_BESIDE_SELECTION = 0.3


@dataclass(frozen=True)
class Detail:
    """How much is drawn: everything at rest, if it fits into the time of a frame; less while things move."""

    edge_limit: int = 20_000
    arrow_limit: int = 20_000
    thickest: float = 10.0
    smooth: bool = True

    @classmethod
    def of(cls, node_count: int, moving: bool, ratio: float = 1.0) -> Detail:
        """Detail for a graph of `node_count` nodes at rest, or while it moves; `ratio` device pixels are one pixel."""
        hairline = 1.0 / ratio                                  # Qt draws lines up to 1 device pixel four times faster
        if node_count <= LARGE:
            return cls(thickest=hairline) if moving else cls()
        return cls(2_000, 0, hairline, False) if moving else cls(20_000, 3_000, hairline)


class GraphPainter:
    """Draws one frame of a graph."""

    def __init__(self, geometry: GraphGeometry, coloring: Coloring, theme: Theme):
        self._geometry, self._coloring, self._theme = geometry, coloring, theme
        least = geometry.connectome.match is Match.LEAST
        self._edge_color, self._dashed = (theme.dissimilar, True) if least else (theme.similar, False)

    def paint(self, painter: qt.QPainter, width: float, height: float, detail: Detail, selected: int | None = None):
        """Draw into the rectangle (0, 0, width, height); the edges of a selected node stand out."""
        painter.setRenderHint(qt.QPainter.Antialiasing, detail.smooth)
        edges = self._geometry.visible_edges(width, height, detail.edge_limit)
        if selected is None:
            self._paint_edges(painter, edges, 1.0, detail)
        else:
            own = self._geometry.edges_of(selected)
            self._paint_edges(painter, edges[~np.isin(edges, own)], _BESIDE_SELECTION, detail)
            self._paint_own_edges(painter, own, selected)
        self.paint_nodes(painter, self._geometry.visible_nodes(width, height))

    def paint_neighborhood(self, painter: qt.QPainter, node: int):
        """Draw a node, its neighbors and the edges between it and them."""
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        self._paint_own_edges(painter, self._geometry.edges_of(node), node)
        self.paint_nodes(painter, np.append(self._geometry.connectome.neighborhood(node), node))

    def paint_nodes(self, painter: qt.QPainter, nodes: np.ndarray):
        """Draw the given nodes (int, shape (M,)), the large ones first, so that a small one is never hidden."""
        radii, codes = self._geometry.radii, self._coloring.codes
        nodes = nodes[np.argsort(-radii[nodes], kind="stable")]
        for tier in np.array_split(nodes, 3 if len(nodes) <= LARGE else 1):
            tier = tier[np.argsort(self._geometry.points[tier, 1])]     # neighbors on screen share a path: quicker to fill
            for code, color in enumerate(self._coloring.colors(self._theme.dark)):
                self._draw_nodes(painter, tier[codes[tier] == code], qt.QColor(color))

    def _paint_edges(self, painter, edges, share, detail):
        """Wider, stronger lines for larger weights."""
        bins = np.minimum((self._geometry.connectome.weights[edges] * _WEIGHT_BINS).astype(int), _WEIGHT_BINS - 1)
        arrows = len(edges) <= detail.arrow_limit
        for level in range(_WEIGHT_BINS):
            strength = (level + 0.5) / _WEIGHT_BINS
            color = self._theme.mix(self._edge_color, (0.15 + 0.65 * strength) * share)
            head = 3.5 + 2.5 * strength if arrows else 0.0
            self._draw_arrows(painter, edges[bins == level], color, min(0.6 + 1.4 * strength, detail.thickest), head)

    def _paint_own_edges(self, painter, edges, node):
        """Those that arrive lighter and below, those that leave (the node's own list) on top."""
        leaving = self._geometry.connectome.sources[edges] == node
        for part, share, thickness in ((edges[~leaving], 0.55, 1.3), (edges[leaving], 1.0, 2.2)):
            self._draw_arrows(painter, part, self._theme.mix(self._edge_color, share), thickness, 6 + thickness)

    def _draw_arrows(self, painter, edges, color, thickness, head):
        if not len(edges):
            return
        starts, bases, tips, normals = self._geometry.arrows(edges, head)
        painter.setPen(pen(color, thickness, self._dashed))
        painter.setBrush(qt.QBrush())
        painter.drawPath(line_path(starts, bases))
        if head:
            painter.setPen(no_pen())
            painter.setBrush(qt.QBrush(color))
            for path in triangle_paths(tips, bases + normals * head * 0.45, bases - normals * head * 0.45):
                painter.drawPath(path)

    def _draw_nodes(self, painter, nodes, color):
        if not len(nodes):
            return
        centers, radii = self._geometry.points[nodes], self._geometry.radii[nodes]
        tiny = len(nodes) > _MANY_NODES and radii.max() < _TINY_RADIUS
        painter.setBrush(qt.QBrush(color))
        painter.setPen(no_pen() if tiny else pen(self._theme.outline, 1.0))
        if tiny or len(nodes) > _MANY_NODES:
            for path in (square_paths if tiny else circle_paths)(centers, radii):
                painter.drawPath(path)
            return
        layers = overlap_layers(centers, radii)
        for layer in range(layers.max() + 1):
            for path in circle_paths(centers[layers == layer], radii[layers == layer]):
                painter.drawPath(path)
