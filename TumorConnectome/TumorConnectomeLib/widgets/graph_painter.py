"""Draws nodes and edges in a handful of bulk shapes."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import qt

from ..core.connectome import Match
from .graph_labels import paint_group
from .graph_state import GraphState
from .surface import Surface
from .theme import Theme

#: above this number of nodes the view draws less while things move
LARGE = 1000
_WEIGHT_BINS = 5
#: share of their strength that edges keep beside those that stand out, and at grayed nodes
_BESIDE_STRONG, _AT_GREYED = 0.3, 0.2


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
    """Draws one frame of what a state says."""

    def __init__(self, state: GraphState, theme: Theme):
        self._state, self._theme = state, theme
        self._geometry, self._coloring = state.geometry, state.coloring
        least = self._geometry.connectome.match is Match.LEAST
        self._edge_color, self._dashed = (theme.dissimilar, True) if least else (theme.similar, False)

    def paint(self, surface: Surface, width: float, height: float, detail: Detail):
        """Draw into the rectangle (0, 0, width, height); edges of the selection and inside the group stand out."""
        surface.set_smooth(detail.smooth)
        strong = self._state.strong_edges()
        if self._state.edge_mode == "all":
            edges = self._geometry.visible_edges(width, height, detail.edge_limit, self._state.lit)
            self._paint_weighted(surface, edges[~np.isin(edges, strong)], self.share_beside_strong(), detail)
        self.paint_strong(surface, detail)
        self.paint_nodes(surface, self._geometry.visible_nodes(width, height))

    def paint_background_edges(self, surface: Surface, width: float, height: float, detail: Detail):
        """Draw the edges as if nobody were selected."""
        surface.set_smooth(detail.smooth)
        if self._state.edge_mode == "all":
            edges = self._geometry.visible_edges(width, height, detail.edge_limit, self._state.lit)
            self._paint_weighted(surface, edges, 1.0, detail)

    def share_beside_strong(self) -> float:
        """Share of their strength that edges keep, 0..1: less beside those that stand out."""
        return _BESIDE_STRONG if len(self._state.strong_edges()) else 1.0

    def paint_strong(self, surface: Surface, detail: Detail):
        """Draw what stands out below the nodes: edges of the selection and inside the group, rings around the group."""
        surface.set_smooth(detail.smooth)
        if self._state.edge_mode != "none":
            selected, strong = self._state.node_of(self._state.selected), self._state.strong_edges()
            own = strong[:0] if selected is None else self._geometry.edges_of(selected)
            self._paint_weighted(surface, strong[~np.isin(strong, own)], 1.0, detail)
            if selected is not None:
                self._paint_own_edges(surface, own, selected)
        if self._state.group:
            paint_group(surface, self._geometry, self._state.group_nodes(), self._theme)

    def paint_visible_nodes(self, surface: Surface, width: float, height: float, detail: Detail):
        """Draw all nodes that reach into the rectangle."""
        surface.set_smooth(detail.smooth)
        self.paint_nodes(surface, self._geometry.visible_nodes(width, height))

    def paint_neighborhood(self, surface: Surface, node: int):
        """Draw a node, its neighbors and the edges between it and them."""
        surface.set_smooth(True)
        if self._state.edge_mode != "none":
            self._paint_own_edges(surface, self._geometry.edges_of(node), node)
        self.paint_nodes(surface, np.append(self._geometry.connectome.neighborhood(node), node))

    def paint_nodes(self, surface: Surface, nodes: np.ndarray):
        """Draw the given nodes (int, shape (M,)): grayed ones first, then by size, so that no small one is hidden."""
        radii, (codes, colors) = self._geometry.radii, self._coloring.patient_colors(self._theme.dark)
        nodes = nodes[np.argsort(-radii[nodes], kind="stable")]
        lit = self._state.lit[nodes]
        grayed = nodes[~lit]
        surface.discs(self._geometry.points[grayed], radii[grayed], self._theme.grayed, self._theme.grayed_edge)
        nodes = nodes[lit]
        for tier in np.array_split(nodes, 3 if len(nodes) <= LARGE else 1):
            tier = tier[np.argsort(self._geometry.points[tier, 1])]     # neighbors on screen share a path: quicker to fill
            for code in np.unique(codes[tier]).tolist():
                same = tier[codes[tier] == code]
                surface.discs(self._geometry.points[same], radii[same], qt.QColor(colors[code]), self._theme.outline)

    def drawn_edges(self, width: float, height: float, detail: Detail) -> np.ndarray:
        """Edges that `paint` draws, the ones that stand out last: int64."""
        if self._state.edge_mode == "none":
            return np.zeros(0, np.int64)
        strong = self._state.strong_edges()
        if self._state.edge_mode == "selection":
            return strong
        edges = self._geometry.visible_edges(width, height, detail.edge_limit, self._state.lit)
        return np.append(edges[~np.isin(edges, strong)], strong)

    def _paint_weighted(self, surface, edges, share, detail):
        """Wider, stronger lines for larger weights; those at grayed nodes faded, and below the others."""
        graph, lit = self._geometry.connectome, self._state.lit
        bright = lit[graph.sources[edges]] & lit[graph.targets[edges]]
        bins = np.minimum((graph.weights[edges] * _WEIGHT_BINS).astype(int), _WEIGHT_BINS - 1)
        arrows = len(edges) <= detail.arrow_limit
        for some, part in ((~bright, share * _AT_GREYED), (bright, share)):
            for level in range(_WEIGHT_BINS):
                strength = (level + 0.5) / _WEIGHT_BINS
                color = self._theme.mix(self._edge_color, (0.15 + 0.65 * strength) * part)
                thickness, head = min(0.6 + 1.4 * strength, detail.thickest), 3.5 + 2.5 * strength if arrows else 0.0
                self._draw_arrows(surface, edges[some & (bins == level)], color, thickness, head)

    def _paint_own_edges(self, surface, edges, node):
        """Those that arrive lighter and below, those that leave (the node's own list) on top."""
        leaving = self._geometry.connectome.sources[edges] == node
        for part, share, thickness in ((edges[~leaving], 0.55, 1.3), (edges[leaving], 1.0, 2.2)):
            self._draw_arrows(surface, part, self._theme.mix(self._edge_color, share), thickness, 6 + thickness)

    def _draw_arrows(self, surface, edges, color, thickness, head):
        if not len(edges):
            return
        starts, bases, tips, normals = self._geometry.arrows(edges, head)
        if not len(starts):
            return
        surface.lines(starts, bases, color, thickness, self._dashed)
        if head:
            surface.triangles(tips, bases + normals * head * 0.45, bases - normals * head * 0.45, color)
