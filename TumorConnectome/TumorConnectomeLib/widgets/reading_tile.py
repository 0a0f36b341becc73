"""One picture of a reading: a crop of a CT that can be scrolled through, at the same size in mm as all others."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import qt

from .pixel_image import image_of_array
from .theme import bold_font, no_pen, pen

#: window presets, those of the slice views: key letter, name, center and width in HU
WINDOWS = (("L", "Lung", -600.0, 1500.0), ("M", "Mediastinum", 50.0, 350.0), ("B", "Bone", 400.0, 1800.0))
_CHOSEN, _FRAME, _BADGE, _BADGE_TEXT = "#ffc61a", "#606060", "#202020", "#f4f4f4"
_EDGE = 4.0


@dataclass(frozen=True, eq=False)
class TileImage:
    """What a tile shows.

    Parameters
    ----------
    slices : np.ndarray
        HU, shape (S, H, W), the tumor in the middle; or a thumbnail, uint8, shape (1, H, W).
    mm_per_pixel : float or None
        Size of a pixel; None for a thumbnail of a whole slice, whose scale is not known.
    """

    slices: np.ndarray
    mm_per_pixel: float | None = None


class ReadingTile(qt.QWidget):
    """Shows a crop around a tumor; clicks choose it, the wheel scrolls through the slices.

    Parameters
    ----------
    name : str
        The key that chooses it; "" for the query, which can not be chosen.
    onToggled : callable
        Called when it is clicked.
    onZoomed : callable
        Called with the steps (1 or -1) of the wheel with Ctrl.
    translate : callable
        Translates interface text.
    """

    def __init__(self, name, onToggled, onZoomed, translate, parent=None):
        super().__init__(parent)
        self._name, self._onToggled, self._onZoomed, self._translate = name, onToggled, onZoomed, translate
        self._content, self._problem, self._isChosen, self._covered = None, "", False, False
        self._slice, self._fieldMm, self._level, self._picture = 0, 60.0, WINDOWS[0][2:], None
        self.setMinimumSize(90, 90)
        self.setFocusPolicy(qt.Qt.NoFocus)
        self._tell()

    def setContent(self, content, problem=""):
        """Show a TileImage, or None: then it is loading, or there is none because of `problem`."""
        self._content, self._problem = content, problem
        self._slice = 0 if content is None else len(content.slices) // 2
        self._redraw()

    def setChosen(self, chosen):
        """Whether the reader chose it."""
        if chosen != self._isChosen:
            self._isChosen = chosen
            self._redraw()

    def setCovered(self, covered):
        """Show nothing, as in a pause."""
        self._covered = covered
        self._redraw()

    def setView(self, fieldMm, center, breadth):
        """Width of what is shown in mm, and the window in HU."""
        self._fieldMm, self._level = float(fieldMm), (float(center), float(breadth))
        self._redraw()

    @property
    def isChosen(self):
        """Whether the reader chose it."""
        return self._isChosen

    @property
    def sliceNumber(self):
        """Which slice is shown, from 0."""
        return self._slice

    def stepSlices(self, steps):
        """Go some slices up or down, as far as there are any."""
        if self._content is not None:
            self._slice = min(max(self._slice + steps, 0), len(self._content.slices) - 1)
            self._redraw()

    def _redraw(self):
        self._picture = None
        self._tell()
        self.update()

    def _tell(self):
        _ = self._translate
        state = _("hidden") if self._covered else self._problem or _("loading") if self._content is None else ""
        kind = _("candidate {key}").format(key=self._name) if self._name else _("query")
        self.accessibleName = ", ".join(filter(None, (kind, _("chosen") if self._isChosen else "", state)))
        self.toolTip = self._problem

    # Events

    def mousePressEvent(self, event):
        """Qt: a click chooses or releases."""
        if event.button() == qt.Qt.LeftButton and not self._covered:
            self._onToggled()

    def wheelEvent(self, event):
        """Qt: slices, or with Ctrl the zoom of all tiles."""
        steps = 1 if event.angleDelta().y() > 0 else -1
        if event.modifiers() & qt.Qt.ControlModifier:
            self._onZoomed(steps)
        else:
            self.stepSlices(steps)
        event.accept()

    def paintEvent(self, event):
        """Qt: draw the tile."""
        painter = qt.QPainter(self)
        try:
            painter.setRenderHint(qt.QPainter.SmoothPixmapTransform)
            self._paint(painter, float(self.width), float(self.height))
        finally:
            painter.end()

    def _paint(self, painter, wide, high):
        painter.setPen(no_pen())
        painter.setBrush(qt.QBrush(qt.QColor("#000000")))
        painter.drawRect(qt.QRectF(0.0, 0.0, wide, high))
        _, side = self._translate, min(wide, high) - 2 * _EDGE
        area = qt.QRectF((wide - side) / 2, (high - side) / 2, side, side)
        if self._content is not None and not self._covered:
            self._paintSlice(painter, area)
            if len(self._content.slices) > 1:
                self._badge(painter, area, f"{self._slice + 1}/{len(self._content.slices)}", right=True)
            if self._content.mm_per_pixel is None:
                self._badge(painter, area, _("whole slice"), right=True)
        else:
            painter.setPen(qt.QColor(_BADGE_TEXT))
            text = "" if self._covered else _("no picture") if self._problem else _("loading")
            painter.drawText(area, int(qt.Qt.AlignCenter), text)
        name = self._name or _("Query")
        self._badge(painter, area, f"{name} \N{CHECK MARK}" if self._isChosen else name, right=False)
        strong = self._isChosen
        painter.setBrush(qt.QBrush())
        painter.setPen(pen(qt.QColor(_CHOSEN if strong else _FRAME), _EDGE if strong else 1.0))
        inset = _EDGE / 2 if strong else 0.5
        painter.drawRect(qt.QRectF(inset, inset, wide - 2 * inset, high - 2 * inset))

    def _paintSlice(self, painter, area):
        """The part of the slice that lies in the field, where it belongs in the area."""
        if self._picture is None:
            self._picture = image_of_array(_gray(self._content.slices[self._slice], *self._level))
        wide, high, size = float(self._picture.width()), float(self._picture.height()), self._content.mm_per_pixel
        field = self._fieldMm / size if size else max(wide, high)
        whole = qt.QRectF((wide - field) / 2, (high - field) / 2, field, field)
        there = whole.intersected(qt.QRectF(0.0, 0.0, wide, high))
        scale = area.width() / field
        left, top = (there.left() - whole.left()) * scale, (there.top() - whole.top()) * scale
        target = qt.QRectF(area.left() + left, area.top() + top, there.width() * scale, there.height() * scale)
        painter.drawImage(target, self._picture, there)

    def _badge(self, painter, area, text, right):
        """A text in the upper left or lower right corner."""
        font = bold_font(self.font)
        metrics = qt.QFontMetricsF(font)
        wide, high = metrics.horizontalAdvance(text) + 10, metrics.height() + 2
        corner = qt.QRectF(area.right() - wide, area.bottom() - high, wide, high) if right else \
            qt.QRectF(area.left(), area.top(), wide, high)
        painter.setPen(no_pen())
        painter.setBrush(qt.QBrush(qt.QColor(_BADGE)))
        painter.drawRect(corner)
        painter.setFont(font)
        painter.setPen(qt.QColor(_BADGE_TEXT))
        painter.drawText(corner, int(qt.Qt.AlignCenter), text)


def _gray(values, center, breadth):
    """HU (H, W) as gray values by a window; uint8 as it is."""
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    shares = (np.asarray(values, float) - (center - breadth / 2)) / breadth
    return np.rint(255 * np.clip(shares, 0.0, 1.0)).astype(np.uint8)
