"""Where nodes and edges of a connectome are on screen: fit, pan, zoom, glide, and what lies under the pointer. Pure numpy."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..connectome.connectome import Connectome, node_diameters

#: share of the area that nodes may cover at zoom 1: with the diameters of 12 to 60 pixels 289 nodes would cover half of it
_COVER = 0.12
#: the smallest nodes are this large, unless they alone would then cover more than their share of the area
_SMALLEST_RADIUS, _SMALLEST_COVER = 3.0, 0.03
#: radius within which a smaller node is still hit
_EASY_RADIUS = 6.0


class GraphGeometry:
    """Screen geometry of one connectome.

    Attributes
    ----------
    positions : np.ndarray
        float64, shape (N, 2): layout coordinates as shown now (during an animation, or after somebody dragged a node).
    points : np.ndarray
        float64, shape (N, 2): node centers in pixels.
    radii : np.ndarray
        float64, shape (N,): node radii in pixels.
    diameters : np.ndarray
        float64, shape (N,): node diameters in pixels before they are scaled to the area (see `project`).
    """

    def __init__(self, connectome: Connectome):
        self.connectome = connectome
        self.positions = np.array(connectome.positions, float)
        self.degree = connectome.degree
        self.points, self.radii = np.zeros((len(self.degree), 2)), np.zeros(len(self.degree))
        self.diameters = node_diameters(self.degree)
        # many weights may be equal: a hash of the edge's number then spreads those drawn over the whole graph
        spread = (np.arange(len(connectome.weights), dtype=np.uint64) * np.uint64(2654435761)) % np.uint64(1 << 32)
        self._weak_first = np.lexsort((spread, connectome.weights))

    def index_of(self, patient_id: str | None) -> int | None:
        """Node of a patient; None when the patient is not shown."""
        return self.connectome.nodes.get(patient_id)

    @cached_property
    def hubs(self) -> np.ndarray:
        """Nodes with at least half the largest degree, largest first: int64."""
        largest = self.degree.max(initial=0)
        order = np.argsort(-self.degree, kind="stable")
        return order[2 * self.degree[order] >= largest] if largest else order[:0]

    def edges_of(self, node: int) -> np.ndarray:
        """Edges that leave or reach a node: int64."""
        return np.flatnonzero((self.connectome.sources == node) | (self.connectome.targets == node))

    def neighbors_by_rank(self, node: int) -> np.ndarray:
        """The node's own neighbor list, rank 1 first: int, shape (k,)."""
        leaving = np.flatnonzero(self.connectome.sources == node)
        return self.connectome.targets[leaving[np.argsort(self.connectome.ranks[leaving], kind="stable")]]

    def project(self, viewport: Viewport):
        """Compute pixels from layout coordinates; nodes grow with the square root of the zoom, so that crowds loosen."""
        self.points = viewport.to_pixels(self.positions)
        _, _, width, height = viewport.area
        wanted = np.pi / 4 * (self.diameters ** 2).sum()
        share = min(1.0, (_COVER * width * height / wanted) ** 0.5) if wanted else 1.0
        smallest = min(_SMALLEST_RADIUS, (_SMALLEST_COVER * width * height / (np.pi * max(len(self.points), 1))) ** 0.5)
        self.radii = np.maximum(self.diameters / 2 * share, max(smallest, 1.0)) * viewport.zoom ** 0.5

    def node_at(self, x: float, y: float) -> int | None:
        """Node under a pixel; of several that overlap there, the one whose center is nearest in radii."""
        if not len(self.points):
            return None
        distance = np.hypot(*(self.points - (x, y)).T) / np.maximum(self.radii, _EASY_RADIUS)
        nearest = int(np.argmin(distance))
        return nearest if distance[nearest] <= 1 else None

    def edge_at(self, x: float, y: float, edges: np.ndarray, reach: float = 4.0) -> int | None:
        """The one of `edges` (int, shape (M,)) that passes nearest to a pixel, within `reach` pixels."""
        if not len(edges):
            return None
        start, end = self.points[self.connectome.sources[edges]], self.points[self.connectome.targets[edges]]
        along, point = end - start, np.array([x, y], float)
        share = ((point - start) * along).sum(1) / np.maximum((along ** 2).sum(1), 1e-12)
        distance = np.hypot(*(start + np.clip(share, 0, 1)[:, None] * along - point).T)
        nearest = int(np.argmin(distance))
        return int(edges[nearest]) if distance[nearest] <= reach else None

    def visible_nodes(self, width: float, height: float) -> np.ndarray:
        """Nodes that reach into the widget: int64."""
        low, high = self.points + self.radii[:, None], self.points - self.radii[:, None]
        return np.flatnonzero((low >= 0).all(1) & (high <= (width, height)).all(1))

    def nodes_inside(self, polygon: np.ndarray) -> np.ndarray:
        """Nodes whose center lies inside a polygon of pixels, shape (P, 2), by the even-odd rule: int64."""
        return np.flatnonzero(inside(self.points, polygon))

    def visible_edges(self, width: float, height: float, limit: int, lit: np.ndarray | None = None) -> np.ndarray:
        """At most `limit` edges whose bounding box reaches into the widget: the strongest ones, weakest first; int64.

        Edges between nodes of `lit` (bool, shape (N,)) count as stronger than all others.
        """
        ordered = self._weak_first
        if lit is not None and not lit.all():
            both = (lit[self.connectome.sources] & lit[self.connectome.targets])[ordered]
            ordered = np.concatenate([ordered[~both], ordered[both]])
        start, end = self.points[self.connectome.sources[ordered]], self.points[self.connectome.targets[ordered]]
        seen = (np.maximum(start, end) >= 0).all(1) & (np.minimum(start, end) <= (width, height)).all(1)
        visible = ordered[seen]
        return visible[max(len(visible) - limit, 0):]

    def arrows(self, edges: np.ndarray, head: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Lines from rim to rim with room for an arrow head at the target.

        Parameters
        ----------
        edges : np.ndarray
            int, shape (M,).
        head : float
            Length of the heads in pixels.

        Returns
        -------
        starts, bases, tips, normals : np.ndarray
            Shape (V, 2) each, V <= M: an edge between nodes that touch has no line. The line ends at the head's base;
            normals are unit vectors across the line.
        """
        return self.arrows_between(self.connectome.sources[edges], self.connectome.targets[edges], head)

    def arrows_between(self, sources: np.ndarray, targets: np.ndarray, head: float) -> tuple[np.ndarray, ...]:
        """As `arrows`, between any nodes (int, shape (M,) each)."""
        along = self.points[targets] - self.points[sources]
        length = np.hypot(*along.T)
        room = length - self.radii[sources] - self.radii[targets]
        kept = room > 1
        sources, targets, room = sources[kept], targets[kept], room[kept]
        unit = along[kept] / length[kept, None]
        starts = self.points[sources] + unit * self.radii[sources, None]
        tips = self.points[targets] - unit * self.radii[targets, None]
        bases = tips - unit * np.minimum(head, room)[:, None]
        return starts, bases, tips, unit[:, ::-1] * (-1, 1)


def overlap_layers(centers: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Layer of each of N discs, so that no two of a layer overlap and a later disc is above an earlier one: int64, (N,).

    In one painter path overlapping discs would show their outlines through each other.
    """
    distance = np.hypot(*(centers[:, None] - centers[None]).transpose(2, 0, 1))
    touching = np.tril(distance < radii[:, None] + radii[None], -1)
    layers = np.zeros(len(radii), int)
    for disc in np.flatnonzero(touching.any(1)):
        layers[disc] = layers[touching[disc]].max() + 1
    return layers


def inside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Whether each of N points lies inside a closed polygon of P corners, by the even-odd rule: bool, shape (N,)."""
    within = np.zeros(len(points), bool)
    x, y = np.asarray(points, float).T
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0)):
        if y0 != y1:
            within ^= ((y0 > y) != (y1 > y)) & (x < x0 + (x1 - x0) * (y - y0) / (y1 - y0))
    return within


SMALLEST_ZOOM, LARGEST_ZOOM = 0.15, 6.0
#: the zoom limits hold for this many nodes; bigger graphs may be enlarged until as much room is left per node
_REFERENCE_NODES = 300


class Viewport:
    """Shows the home box (the whole layout) in the given area at zoom 1; layout y points up, pixel y down.

    Attributes
    ----------
    zoom : float
        1 fits the home box into the area.
    offset : np.ndarray
        Shift of the view's center from the home box's center in home box sizes, so that it keeps its meaning while
        the home box changes during an animation.
    """

    def __init__(self):
        self.zoom, self.offset = 1.0, np.zeros(2)
        self._area, self._home = (0.0, 0.0, 1.0, 1.0), np.array([[-1.0, -1.0], [1.0, 1.0]])
        self._largest_zoom = LARGEST_ZOOM

    @property
    def area(self) -> tuple[float, float, float, float]:
        """x, y, width and height in pixels of the part of the widget into which the graph is fitted."""
        return self._area

    @property
    def home(self) -> np.ndarray:
        """The box seen at zoom 1: shape (2, 2), lower then upper corner."""
        return self._home

    @property
    def scale(self) -> float:
        """Pixels per layout unit."""
        size = self._home[1] - self._home[0]
        fits = [pixels / extent for pixels, extent in zip(self._area[2:], size.tolist()) if extent > 0]
        return min(fits, default=1.0) * self.zoom

    @property
    def transform(self) -> tuple[float, float, float]:
        """(scale, left, top): a layout point (x, y) is at pixel (left + scale x, top - scale y)."""
        x, y = (self._home.mean(0) + self.offset * self._size()).tolist()
        left, top, width, height = self._area
        return self.scale, left + width / 2 - self.scale * x, top + height / 2 + self.scale * y

    def set_area(self, x: float, y: float, width: float, height: float):
        """Set the pixels to fit into; at least 1 x 1."""
        self._area = (float(x), float(y), max(float(width), 1.0), max(float(height), 1.0))

    def set_home(self, home: np.ndarray):
        """Set the box of layout coordinates seen at zoom 1: shape (2, 2), lower then upper corner."""
        self._home = np.array(home, float)

    def set_node_count(self, count: int):
        """Widen the zoom limit for big graphs."""
        self._largest_zoom = LARGEST_ZOOM * max(1.0, (count / _REFERENCE_NODES) ** 0.5)

    def follow(self, other: Viewport):
        """Show what another viewport shows; the area stays."""
        self.zoom, self.offset, self._home = other.zoom, other.offset.copy(), other.home.copy()
        self._largest_zoom = other._largest_zoom

    def fit(self):
        """Show the whole layout."""
        self.zoom, self.offset = 1.0, np.zeros(2)

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Pixels of layout points, shape (..., 2)."""
        scale, left, top = self.transform
        return np.asarray(points, float) * (scale, -scale) + (left, top)

    def to_layout(self, pixels: np.ndarray) -> np.ndarray:
        """Layout points of pixels, shape (..., 2)."""
        scale, left, top = self.transform
        return (np.asarray(pixels, float) - (left, top)) / (scale, -scale)

    def pan(self, dx: float, dy: float):
        """Move the picture by pixels."""
        self.offset = self.offset - np.array([dx, -dy]) / (self.scale * self._size())

    def zoom_at(self, x: float, y: float, factor: float):
        """Enlarge by a factor, within the limits, around the pixel (x, y): what is there stays there."""
        before = self.to_layout((x, y))
        self.zoom = min(max(self.zoom * factor, SMALLEST_ZOOM), self._largest_zoom)
        self.offset = self.offset + (before - self.to_layout((x, y))) / self._size()

    def _size(self):
        return float((self._home[1] - self._home[0]).max()) or 1.0


def home_of(positions: np.ndarray) -> np.ndarray:
    """Box around N layout points: shape (2, 2); around the origin when there are none."""
    return np.stack([positions.min(0), positions.max(0)]) if len(positions) else np.zeros((2, 2))


@dataclass(frozen=True, eq=False)
class Pose:
    """Where the nodes are and how large.

    Parameters
    ----------
    positions : np.ndarray
        float64, shape (N, 2): layout coordinates.
    diameters : np.ndarray
        float64, shape (N,): see `GraphGeometry.diameters`.
    home : np.ndarray
        float64, shape (2, 2): the viewport's home box.
    """

    positions: np.ndarray
    diameters: np.ndarray
    home: np.ndarray

    def __eq__(self, other):
        return all(map(np.array_equal, vars(self).values(), vars(other).values()))


class Tween:
    """A pose on its way from `start` to `end`, with cubic ease in and out.

    Times are seconds of one monotonic clock; they are given by the caller, so that the motion is testable.
    """

    def __init__(self, start: Pose, end: Pose, began: float, duration: float):
        self._start, self._end = (Pose(pose.positions.copy(), pose.diameters, pose.home) for pose in (start, end))
        self._began, self._duration = began, duration

    def finished(self, now: float) -> bool:
        """Whether the nodes have arrived."""
        return now >= self._began + self._duration

    def at(self, now: float) -> Pose:
        """The pose at a time."""
        share = min(max((now - self._began) / self._duration, 0.0), 1.0) if self._duration > 0 else 1.0
        eased = 4 * share ** 3 if share < 0.5 else 1 - (2 - 2 * share) ** 3 / 2
        return Pose(*(first + (last - first) * eased
                      for first, last in zip(vars(self._start).values(), vars(self._end).values())))

    def hold(self, node: int, position: np.ndarray):
        """Keep one node where somebody drags it."""
        self._start.positions[node] = self._end.positions[node] = position
