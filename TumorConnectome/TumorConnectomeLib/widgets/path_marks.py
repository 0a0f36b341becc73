"""Paths of patients through the connectome: arrows from each scan to the next."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .graph_geometry import GraphGeometry
from .surface import Surface
from .theme import Theme

_HEAD, _THICKNESS = 6.0, 1.4
_STRONG_HEAD, _STRONG_THICKNESS = 10.0, 3.0
#: share of their strength that paths keep beside that of the selected patient
_BESIDE_STRONG = 0.25


@dataclass(frozen=True)
class PathMark:
    """Scans of a patient in order of time.

    Parameters
    ----------
    names : tuple of str
        Of the scans: "T0", "T1", ...
    nodes : tuple of str
        Id of the node at which each of them is.
    others : tuple of str
        Ids of further nodes of the same patient.
    """

    names: tuple[str, ...]
    nodes: tuple[str, ...]
    others: tuple[str, ...] = ()


def paths_of_patient(paths: tuple[PathMark, ...], node: str | None) -> list[PathMark]:
    """The paths of the patient whose node it is."""
    return [path for path in paths if node in path.nodes or node in path.others]


def paint_paths(surface: Surface, geometry: GraphGeometry, paths: tuple[PathMark, ...], selected: str | None,
                theme: Theme) -> np.ndarray:
    """Draw all paths, that of the selected node's patient strongest; returns its nodes (int64), to be drawn above it."""
    mine = paths_of_patient(paths, selected)
    _draw(surface, geometry, [path for path in paths if path not in mine],
          theme.mix(theme.query, _BESIDE_STRONG if mine else 0.8), _THICKNESS, _HEAD)
    _draw(surface, geometry, mine, theme.query, _STRONG_THICKNESS, _STRONG_HEAD)
    ends = [geometry.index_of(node) for path in mine for node in path.nodes]
    return np.array([node for node in ends if node is not None], np.int64)


def _draw(surface, geometry, paths, color, thickness, head):
    steps = [step for path in paths for step in zip(path.nodes, path.nodes[1:])]
    pairs = [(one, other) for one, other in (map(geometry.index_of, step) for step in steps) if None not in (one, other)]
    if not pairs:
        return
    sources, targets = np.array(pairs, np.int64).T
    starts, bases, tips, normals = geometry.arrows_between(sources, targets, head)
    if len(starts):
        surface.lines(starts, bases, color, thickness)
        surface.triangles(tips, bases + normals * head * 0.45, bases - normals * head * 0.45, color)
