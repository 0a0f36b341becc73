"""Draws nodes, edges, labels, rings and the group of a graph in a handful of bulk shapes."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import qt

from ..base.text import elided
from ..neighbors.match import Match
from .graph_geometry import GraphGeometry
from .graph_state import GraphState
from .labels import Discs, keep_labels, place_labels
from .path_marks import paths_of_patient
from .surface import Surface
from .theme import Theme, bold_font

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


_MOST_LABELS = 60
#: in a crowd larger than this every place covers some node
_AVOIDED_NODES = 2000
#: how bad it is to cover a node of the neighborhood in focus, in ordinary nodes
_FOCUS_COST = 6.0
#: a quiet label is left out if it would cover more than one ordinary node
_QUIET_LIMIT = 1.5
#: room between two labels side by side, in pixels
_PAD = 5.0
#: characters of a PatientID in a label
_LONGEST_ID = 28
_RING_GAP, _RING_THICKNESS = 3.5, 3.0
_GROUP_GAP, _GROUP_THICKNESS = 1.2, 2.2


@dataclass(frozen=True)
class Label:
    """Text beside a node; a quiet one is of less interest than the others."""

    node: int
    text: str
    bold: bool = False
    quiet: bool = False


def wanted_labels(state: GraphState, hub_limit: int) -> list[Label]:
    """Labels by importance: patients in focus, neighbors with rank, a query's, scans, then (not hovered) `hub_limit` hubs."""
    geometry = state.geometry
    ids = _ShownIds(geometry.connectome.patient_ids)
    selected, compared, hovered = map(state.node_of, (state.selected, state.compared, state.hovered))
    labels = {node: Label(node, ids[node], True) for node in (hovered, selected, compared) if node is not None}
    focus = selected if hovered is None else hovered
    if focus is not None:
        for rank, node in enumerate(geometry.neighbors_by_rank(focus).tolist(), start=1):
            labels[node] = Label(node, f"{rank} \u00b7 {ids[node]}", node in labels)
        for node in geometry.connectome.neighborhood(focus).tolist():
            labels.setdefault(node, Label(node, ids[node]))
    for rank, patient in enumerate(state.query.neighbors if state.query is not None else (), start=1):
        node = geometry.index_of(patient)
        if node is not None:
            labels.setdefault(node, Label(node, f"{rank} \u00b7 {elided(patient, _LONGEST_ID)}"))
    for path in paths_of_patient(state.paths, state.selected) if state.paths else ():
        for name, node in zip(path.names, map(geometry.index_of, path.nodes)):
            if node is not None:
                text = labels[node].text if node in labels else ids[node]
                labels[node] = Label(node, f"{text} \u00b7 {name}", True)
    if hovered is None:
        hubs = geometry.hubs
        for node in hubs[state.lit[hubs]][:hub_limit].tolist():
            labels.setdefault(node, Label(node, ids[node], quiet=focus is not None))
    return list(labels.values())[:_MOST_LABELS]


class _ShownIds:
    """PatientIDs by node, as labels show them: without the middle of a long one."""

    def __init__(self, ids):
        self._ids = ids

    def __getitem__(self, node):
        return elided(self._ids[node], _LONGEST_ID)


class LabelPlaces:
    """Finds room for labels; while the graph moves they keep their place beside the node."""

    def __init__(self):
        self._offsets: dict[str, np.ndarray] = {}

    def place(self, geometry: GraphGeometry, labels: list[Label], font: qt.QFont, bounds: tuple, obstacles: list,
              moving: bool) -> list:
        """(label, rectangle) of those that have room inside `bounds` and beside the `obstacles` (x, y, width, height)."""
        if moving:
            labels = [label for label in labels if label.text in self._offsets]
        if not labels:
            return []
        sizes = _sizes(labels, font)
        nodes = np.array([label.node for label in labels])
        anchors = geometry.points[nodes]
        if moving:
            offsets = np.array([self._offsets[label.text] for label in labels])
            rects = keep_labels(anchors, offsets, sizes, bounds, obstacles)
        else:
            rects = _find_places(geometry, labels, nodes, sizes, bounds, obstacles)
            self._offsets = {label.text: rect[:2] - anchor for label, anchor, rect in zip(labels, anchors, rects)
                             if rect is not None}
        return [(label, rect) for label, rect in zip(labels, rects) if rect is not None]


def _sizes(labels, font):
    plain, bold = qt.QFontMetricsF(font), qt.QFontMetricsF(bold_font(font))
    return np.array([(m.horizontalAdvance(label.text) + _PAD, m.height())
                     for label, m in ((label, bold if label.bold else plain) for label in labels)])


def _find_places(geometry, labels, nodes, sizes, bounds, obstacles):
    quiet, discs = np.array([label.quiet for label in labels]), None
    if len(geometry.points) <= _AVOIDED_NODES:
        costs = np.ones(len(geometry.points))
        if quiet.any():                                 # there is a focus, and all other labels belong to it
            costs[nodes[~quiet]] = _FOCUS_COST
        discs = Discs(geometry.points, geometry.radii, costs)
    return place_labels(geometry.points[nodes], geometry.radii[nodes] + _RING_GAP, sizes, bounds, obstacles, discs,
                        may_be_far=~quiet, limit=_QUIET_LIMIT)


def paint_labels(surface: Surface, geometry: GraphGeometry, placed: list, font: qt.QFont, theme: Theme):
    """Text with a halo in the background's color, readable over edges and nodes; a line leads to one that stands away."""
    bold, ascent = bold_font(font), qt.QFontMetricsF(font).ascent()
    leaders = [_leader(geometry, label.node, rect) for label, rect in placed if not label.quiet]
    leaders = np.array([line for line in leaders if line is not None])
    if len(leaders):
        surface.lines(leaders[:, 0], leaders[:, 1], theme.outline, 1.0)
    for label, (x, y, _, _) in placed:
        surface.text(x + _PAD / 2, y + ascent, label.text, bold if label.bold else font,
                     theme.quiet if label.quiet else theme.text, theme.background)


def _leader(geometry, node, rect):
    """Both ends of the line from a node's rim to its label, None if they are side by side."""
    center, (x, y, width, height) = geometry.points[node], rect
    end = np.clip(center, (x, y), (x + width, y + height))
    length = float(np.hypot(*(end - center)))
    if length < geometry.radii[node] + 3 * _RING_GAP:
        return None
    return center + (end - center) * (geometry.radii[node] + 1) / length, end


def ring_box(geometry: GraphGeometry, node: int) -> tuple[float, float, float, float]:
    """x, y, width and height of a node with its ring."""
    (x, y), reach = geometry.points[node].tolist(), float(geometry.radii[node]) + _RING_GAP + _RING_THICKNESS / 2
    return x - reach, y - reach, 2 * reach, 2 * reach


def paint_ring(surface: Surface, geometry: GraphGeometry, node: int, color: qt.QColor, theme: Theme):
    """Ring around a node, apart from its rim by a gap in the background's color, so that it stands out beside any color."""
    center, radius = tuple(geometry.points[node].tolist()), float(geometry.radii[node]) + _RING_GAP
    surface.circle(center, radius, None, theme.background, 2 * _RING_GAP + _RING_THICKNESS)
    surface.circle(center, radius, None, color, _RING_THICKNESS)


def paint_group(surface: Surface, geometry: GraphGeometry, nodes: np.ndarray, theme: Theme):
    """Rings in the color of the text below the nodes (int, shape (M,)) of a group; in a crowd they join to an outline."""
    centers, radii = geometry.points[nodes], geometry.radii[nodes] + _GROUP_GAP
    surface.discs(centers, radii + _GROUP_THICKNESS, theme.text)
    surface.discs(centers, radii, theme.background)
