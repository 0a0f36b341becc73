"""One picture of tumors cut in several directions: a grid for each patient, edges named, with a scale bar and a caption."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import qt

from .pixel_image import image_of_array

_CELL, _GAP, _MARGIN, _COLUMNS = 190, 3, 14, 3
_SCALE_BAR_MM = 10.0
_BACKGROUND, _TEXT, _BRIGHT = qt.QColor("#000000"), qt.QColor("#e6e6e6"), qt.QColor("#fff5cc")


@dataclass(frozen=True, eq=False)
class DirectionCell:
    """One picture of the grid.

    Parameters
    ----------
    title : str
    edges : tuple of str
        What stands at the left, right, upper and lower edge.
    pixels : np.ndarray
        uint8, shape (P, P, 3), RGB.
    field_mm : float
        Side of the picture.
    """

    title: str
    edges: tuple[str, str, str, str]
    pixels: np.ndarray
    field_mm: float


@dataclass(frozen=True, eq=False)
class DirectionPanel:
    """The grid of one patient: title above, caption lines below."""

    title: str
    caption: tuple[str, ...]
    cells: tuple[DirectionCell, ...]


class DirectionsSheet(qt.QWidget):
    """Shows panels side by side, as large as they fit, and draws them for a file."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._panels, self._image = (), None
        self.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Expanding)

    def setPanels(self, panels: tuple[DirectionPanel, ...]):
        """Show other panels."""
        self._panels = tuple(panels)
        self._image = self.drawn(2.0) if panels else None
        self.setMinimumSize(*(round(0.55 * side) for side in self.sheetSize()))
        self.update()

    def getSizeHint(self):
        """The sheet at its natural size."""
        return qt.QSize(*self.sheetSize())

    def sheetSize(self) -> tuple[int, int]:
        """Natural width and height in pixels."""
        line = qt.QFontMetrics(self.font).height()
        rows = max((-(-len(panel.cells) // _COLUMNS) for panel in self._panels), default=1)
        captions = max((len(panel.caption) for panel in self._panels), default=0)
        grid = _COLUMNS * _CELL + (_COLUMNS - 1) * _GAP
        return (max(1, len(self._panels)) * (grid + _MARGIN) + _MARGIN,
                3 * _MARGIN + line * (1 + captions) + rows * _CELL + (rows - 1) * _GAP)

    def drawn(self, scale: float) -> qt.QImage:
        """The sheet as an image, `scale` times its natural size."""
        width, height = self.sheetSize()
        image = qt.QImage(int(round(width * scale)), int(round(height * scale)), qt.QImage.Format_RGB32)
        image.fill(_BACKGROUND)
        painter = qt.QPainter(image)
        try:
            painter.scale(scale, scale)
            painter.setRenderHint(qt.QPainter.Antialiasing, True)
            painter.setRenderHint(qt.QPainter.SmoothPixmapTransform, True)
            painter.setFont(self.font)
            for number, panel in enumerate(self._panels):
                self._drawPanel(painter, panel, _MARGIN + number * (_COLUMNS * _CELL + (_COLUMNS - 1) * _GAP + _MARGIN))
        finally:
            painter.end()                               # a painter left open crashes Qt
        return image

    def paintEvent(self, event):
        """Draw the sheet in the middle, in its own proportions."""
        painter = qt.QPainter(self)
        try:
            painter.fillRect(self.rect, qt.QBrush(_BACKGROUND))
            if self._image is not None:
                painter.setRenderHint(qt.QPainter.SmoothPixmapTransform, True)
                share = min(self.width / self._image.width(), self.height / self._image.height())
                width, height = share * self._image.width(), share * self._image.height()
                painter.drawImage(qt.QRectF((self.width - width) / 2, (self.height - height) / 2, width, height), self._image,
                                  qt.QRectF(0.0, 0.0, float(self._image.width()), float(self._image.height())))
        finally:
            painter.end()

    def _drawPanel(self, painter, panel, left):
        line, width = qt.QFontMetrics(self.font).height(), _COLUMNS * _CELL + (_COLUMNS - 1) * _GAP
        bold = qt.QFont(self.font)
        bold.setBold(True)
        painter.setFont(bold)
        painter.setPen(_BRIGHT)
        _text(painter, qt.QRectF(left, _MARGIN / 2, width, line), qt.Qt.AlignLeft, panel.title)
        painter.setFont(self.font)
        top = _MARGIN + line
        for number, cell in enumerate(panel.cells):
            row, column = divmod(number, _COLUMNS)
            self._drawCell(painter, cell, left + column * (_CELL + _GAP), top + row * (_CELL + _GAP), number == 0)
        top += -(-len(panel.cells) // _COLUMNS) * (_CELL + _GAP) + _MARGIN / 2
        painter.setPen(_TEXT)
        for number, text in enumerate(panel.caption):
            shown = qt.QFontMetrics(self.font).elidedText(text, qt.Qt.ElideMiddle, width)
            _text(painter, qt.QRectF(left, top + number * line, width, line), qt.Qt.AlignLeft, shown)

    def _drawCell(self, painter, cell, left, top, scaled):
        picture = image_of_array(cell.pixels)
        painter.drawImage(qt.QRectF(left, top, _CELL, _CELL), picture,
                          qt.QRectF(0.0, 0.0, float(picture.width()), float(picture.height())))
        line = qt.QFontMetrics(self.font).height()
        inner = qt.QRectF(left + 4, top + 2, _CELL - 8, _CELL - 4)
        painter.setPen(_BRIGHT)
        _text(painter, inner, qt.Qt.AlignLeft | qt.Qt.AlignTop, cell.title)
        middle = qt.QRectF(left + 4, top, _CELL - 8, _CELL)
        below = qt.QRectF(left + 4, top + line, _CELL - 8, _CELL - line - 2)
        for area, place, text in ((middle, qt.Qt.AlignLeft | qt.Qt.AlignVCenter, cell.edges[0]),
                                  (middle, qt.Qt.AlignRight | qt.Qt.AlignVCenter, cell.edges[1]),
                                  (below, qt.Qt.AlignHCenter | qt.Qt.AlignTop, cell.edges[2]),
                                  (below, qt.Qt.AlignHCenter | qt.Qt.AlignBottom, cell.edges[3])):
            _text(painter, area, place, text)
        if scaled:
            self._drawScale(painter, cell, left + 6, top + _CELL - 8)

    @staticmethod
    def _drawScale(painter, cell, left, bottom):
        length = _SCALE_BAR_MM * _CELL / cell.field_mm
        for color, thickness in ((_BACKGROUND, 4.0), (_BRIGHT, 2.0)):
            painter.setPen(qt.QPen(qt.QBrush(color), thickness))
            painter.drawLine(qt.QPointF(left, bottom), qt.QPointF(left + length, bottom))
            for end in (left, left + length):
                painter.drawLine(qt.QPointF(end, bottom - 4), qt.QPointF(end, bottom + 1))
        _text(painter, qt.QRectF(left, bottom - 24, 80, 18), qt.Qt.AlignLeft, f"{_SCALE_BAR_MM:.0f} mm")


def _text(painter, area, alignment, text):
    """Text with a dark copy below it, so that it can be read on any gray."""
    color = painter.pen().color()
    painter.setPen(_BACKGROUND)
    for shift in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (-1.0, 0.0), (0.0, -1.0)):
        painter.drawText(area.translated(*shift), int(alignment), text)
    painter.setPen(color)
    painter.drawText(area, int(alignment), text)
