"""Which nodes get a label, and drawing the labels and the rings around the selected and the compared patient."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import qt

from .graph_geometry import GraphGeometry
from .graph_state import GraphState
from .labels import Discs, keep_labels, place_labels
from .surface import Surface
from .theme import Theme, bold_font

_MOST_LABELS = 60
#: in a crowd larger than this every place covers some node
_AVOIDED_NODES = 2000
#: how bad it is to cover a node of the neighborhood in focus, in ordinary nodes
_FOCUS_COST = 6.0
#: a quiet label is left out if it would cover more than one ordinary node
_QUIET_LIMIT = 1.5
#: room between two labels side by side, in pixels
_PAD = 5.0
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
    """Labels by importance: patients in focus, neighbors with rank, a query's, then (unless hovered) `hub_limit` hubs."""
    geometry = state.geometry
    ids = geometry.connectome.patient_ids
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
            labels.setdefault(node, Label(node, f"{rank} \u00b7 {patient}"))
    if hovered is None:
        hubs = geometry.hubs
        for node in hubs[state.lit[hubs]][:hub_limit].tolist():
            labels.setdefault(node, Label(node, ids[node], quiet=focus is not None))
    return list(labels.values())[:_MOST_LABELS]


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
