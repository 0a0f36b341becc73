"""Which nodes get a label, and drawing the labels and the rings around the selected and the compared patient."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import qt

from .graph_geometry import GraphGeometry
from .labels import place_labels
from .legend import bold_font
from .theme import Theme, pen

_MOST_LABELS = 60
#: in a crowd larger than this every place covers some node
_AVOIDED_NODES = 2000
_RING_GAP, _RING_THICKNESS = 3.5, 3.0
#: the text drawn at these places in the background's color makes a halo twenty times faster than a stroked outline
_HALO = tuple((dx, dy) for dx in (-1.3, 0.0, 1.3) for dy in (-1.3, 0.0, 1.3) if dx or dy)


@dataclass(frozen=True)
class Label:
    """Text beside a node; a quiet one is of less interest than the others."""

    node: int
    text: str
    bold: bool = False
    quiet: bool = False


def wanted_labels(geometry: GraphGeometry, selected: int | None, compared: int | None, hovered: int | None,
                  hub_limit: int) -> list[Label]:
    """Labels in order of importance: patients in focus, neighbors with rank, then (unless hovered) at most `hub_limit` hubs."""
    ids = geometry.connectome.patient_ids
    labels = {node: Label(node, ids[node], True) for node in (hovered, selected, compared) if node is not None}
    focus = selected if hovered is None else hovered
    if focus is not None:
        edges = geometry.connectome
        leaving = np.flatnonzero(edges.sources == focus)
        for edge in leaving[np.argsort(edges.ranks[leaving], kind="stable")]:
            node, rank = int(edges.targets[edge]), int(edges.ranks[edge])
            labels[node] = Label(node, f"{rank} \u00b7 {ids[node]}", node in labels)
        for node in edges.neighborhood(focus).tolist():
            labels.setdefault(node, Label(node, ids[node]))
    if hovered is None:
        for node in geometry.hubs()[:hub_limit].tolist():
            labels.setdefault(node, Label(node, ids[node], quiet=focus is not None))
    return list(labels.values())[:_MOST_LABELS]


def place(geometry: GraphGeometry, labels: list[Label], font: qt.QFont, bounds: tuple, obstacles: list) -> list:
    """(label, rectangle) of those labels that have room inside `bounds` and beside the `obstacles` (x, y, width, height)."""
    if not labels:
        return []
    plain, bold = qt.QFontMetricsF(font), qt.QFontMetricsF(bold_font(font))
    sizes = np.array([(m.horizontalAdvance(label.text) + 2, m.height())
                      for label, m in ((label, bold if label.bold else plain) for label in labels)])
    nodes = [label.node for label in labels]
    others = geometry.points if len(geometry.points) <= _AVOIDED_NODES else None
    rects = place_labels(geometry.points[nodes], geometry.radii[nodes] + _RING_GAP, sizes, bounds, obstacles, others)
    return [(label, rect) for label, rect in zip(labels, rects) if rect is not None]


def paint_labels(painter: qt.QPainter, placed: list, font: qt.QFont, theme: Theme):
    """Text with a halo in the background's color, readable over edges and nodes."""
    bold = bold_font(font)
    ascent = qt.QFontMetricsF(font).ascent()
    for shifts, color in ((_HALO, theme.background), (((0.0, 0.0),), None)):
        for label, (x, y, _, _) in placed:
            painter.setFont(bold if label.bold else font)
            painter.setPen(pen(color or (theme.quiet if label.quiet else theme.text), 1.0))
            for dx, dy in shifts:
                painter.drawText(qt.QPointF(x + 1 + dx, y + ascent + dy), label.text)


def ring_box(geometry: GraphGeometry, node: int) -> tuple[float, float, float, float]:
    """x, y, width and height of a node with its ring."""
    (x, y), reach = geometry.points[node].tolist(), float(geometry.radii[node]) + _RING_GAP + _RING_THICKNESS / 2
    return x - reach, y - reach, 2 * reach, 2 * reach


def paint_ring(painter: qt.QPainter, geometry: GraphGeometry, node: int, color: qt.QColor, theme: Theme):
    """Ring around a node, apart from its rim by a gap in the background's color, so that it stands out beside any color."""
    center, radius = qt.QPointF(*geometry.points[node].tolist()), float(geometry.radii[node]) + _RING_GAP
    painter.setBrush(qt.QBrush())
    painter.setPen(pen(theme.background, 2 * _RING_GAP + _RING_THICKNESS))
    painter.drawEllipse(center, radius, radius)
    painter.setPen(pen(color, _RING_THICKNESS))
    painter.drawEllipse(center, radius, radius)
