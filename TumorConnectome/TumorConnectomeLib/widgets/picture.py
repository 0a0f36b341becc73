"""A drawn frame kept as a pixmap, which can be shifted and scaled while the view moves."""
from __future__ import annotations

import qt


class Picture:
    """Pixmap with the state it was drawn for.

    Attributes
    ----------
    content, transform : object, tuple
        What was drawn (anything comparable) and the viewport's (scale, left, top) at that time; None before the first frame.
    """

    def __init__(self):
        self.content = self.transform = None
        self._pixmap, self._size = None, (0, 0)

    def render(self, draw, size: tuple[int, int], ratio: float, background: qt.QColor, content, transform):
        """Draw a new frame: `draw(painter)` paints `size` device-independent pixels at `ratio` device pixels each."""
        self._pixmap = qt.QPixmap(int(round(size[0] * ratio)), int(round(size[1] * ratio)))
        self._pixmap.setDevicePixelRatio(ratio)
        self._pixmap.fill(background)
        painter = qt.QPainter(self._pixmap)
        try:
            draw(painter)
        finally:
            painter.end()                       # a painter left open crashes Qt
        self._size, self.content, self.transform = size, content, transform

    def paint(self, painter: qt.QPainter, transform: tuple):
        """Draw the pixmap where the viewport's (scale, left, top) puts it now."""
        if transform == self.transform:
            painter.drawPixmap(qt.QPointF(0.0, 0.0), self._pixmap)
            return
        (scale, left, top), (old_scale, old_left, old_top) = transform, self.transform
        share = scale / old_scale
        target = qt.QRectF(left - share * old_left, top - share * old_top, self._size[0] * share, self._size[1] * share)
        source = qt.QRectF(0.0, 0.0, float(self._pixmap.width()), float(self._pixmap.height()))
        painter.drawPixmap(target, self._pixmap, source)
