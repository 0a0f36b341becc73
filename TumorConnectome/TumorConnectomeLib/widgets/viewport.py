"""The map from layout coordinates to widget pixels: fit, pan and zoom. Pure numpy."""
from __future__ import annotations

import numpy as np

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
