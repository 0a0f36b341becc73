"""A heat map of figures: colors around a neutral value, every figure printed, cells that can be clicked."""
from __future__ import annotations

import math
from html import escape

import qt

from ..presentation.heat_map import HeatMap
from .theme import Theme, bold_font, no_pen, pen

_CELL_WIDTH, _CELL_HEIGHT, _PAD = 37, 28, 5
#: cells become so narrow before the map has to be scrolled: eight labels fit into the panel of a laptop
_NARROWEST = 31
#: distance of the controls from the other columns; height of the interval's line from the lower edge of its cell
_GAP, _SPAN = 12, 5
#: legend: height of all of it and of the bar, width of the bar
_LEGEND, _BAR_HEIGHT, _BAR_WIDTH = 34, 8, 150
_LONGEST_COLUMN, _LONGEST_ROW = 150, 130
#: blue and orange are told apart with every kind of color blindness
_BLUE, _ORANGE = qt.QColor("#2c7fb8"), qt.QColor("#e66101")
#: share of the color that the deepest shade takes over the background
_DEEPEST = 0.8


class HeatMapWidget(qt.QWidget):
    """Shows a presentation.heat_map.HeatMap; arrow keys move from cell to cell, Enter and the space bar click.

    Parameters
    ----------
    translate : callable
        Translates interface text.

    Attributes
    ----------
    onCell : callable
        Called with the row key and the column key of a cell that was clicked.
    """

    def __init__(self, translate=lambda text: text, parent=None):
        super().__init__(parent)
        self.onCell = lambda row, column: None
        self._translate, self._map, self._current, self._pressed = translate, None, (0, 0), None
        self._left = self._top = self._apart = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(qt.Qt.StrongFocus)
        self.setHeatMap(None)

    @property
    def heatMap(self) -> HeatMap | None:
        """What is shown."""
        return self._map

    def setHeatMap(self, heatMap: HeatMap | None):
        """Show another heat map, or nothing."""
        self._map, self._current = heatMap, (0, 0)
        self.setVisible(bool(heatMap and heatMap.row_keys and heatMap.column_keys))
        metrics = qt.QFontMetrics(self.font)
        if heatMap is not None:
            widest = [max([metrics.horizontalAdvance(text) for text in texts], default=0) + 2
                      for texts in (heatMap.rows, heatMap.columns)]
            self._left = min(widest[0], _LONGEST_ROW) + 2 * _PAD
            self._top = min(widest[1], _LONGEST_COLUMN) + 2 * _PAD + (metrics.height() if heatMap.controls else 0)
            self._apart = len(heatMap.column_keys) - len(heatMap.controls)
            self.setMinimumSize(self._left + _NARROWEST * len(heatMap.column_keys) + self._gap() + 1,
                                self._top + _CELL_HEIGHT * len(heatMap.row_keys) + 1 + (_LEGEND if heatMap.scale else 0))
            self.setMaximumHeight(self.minimumHeight)
        self._describe()
        self.update()

    def cellCenter(self, row: str, column: str) -> tuple[float, float]:
        """Pixel in the middle of the cell with these keys."""
        x, y, width, height = self._rect(self._map.row_keys.index(row), self._map.column_keys.index(column))
        return x + width / 2, y + height / 2

    # Geometry

    def _rect(self, row, column):
        """x, y, width and height of a cell."""
        width = min((self.width - self._left - self._gap() - 1) / len(self._map.column_keys), 2.0 * _CELL_WIDTH)
        gap = self._gap() if column >= self._apart else 0
        return self._left + gap + column * width, float(self._top + row * _CELL_HEIGHT), width, float(_CELL_HEIGHT)

    def _gap(self):
        """Pixels between results and controls."""
        return _GAP if self._map.controls and self._apart else 0

    def _columnAt(self, x):
        """Number of the column at a pixel, or None."""
        for column in range(len(self._map.column_keys)):
            left, _y, width, _height = self._rect(0, column)
            if left <= x < left + width:
                return column
        return None

    def _cellAt(self, x, y):
        """(row, column) of the cell at a pixel, or None."""
        if self._map is None or x < self._left or y < self._top:
            return None
        column, row = self._columnAt(x), int((y - self._top) // _CELL_HEIGHT)
        return (row, column) if row < len(self._map.row_keys) and column is not None else None

    def _nameAt(self, x, y):
        """Full name of the row or column whose name is at a pixel: there may not have been room for it."""
        if self._map is None or (x < self._left) == (y < self._top):
            return ""
        names = self._map.rows if x < self._left else self._map.columns
        place = int((y - self._top) // _CELL_HEIGHT) if x < self._left else self._columnAt(x)
        return names[place] if place is not None and place < len(names) else ""

    # Painting

    def paintEvent(self, event):
        painter = qt.QPainter(self)
        try:
            if self._map is not None:
                self._paint(painter, Theme.of_palette(self.palette))
        finally:
            painter.end()

    def _paint(self, painter, theme):
        heat_map, metrics = self._map, qt.QFontMetrics(self.font)
        # the names lie on the window, the cells on colors of their own
        names = self.palette.color(qt.QPalette.WindowText)
        painter.setPen(pen(names, 1.0))
        for row, name in enumerate(heat_map.rows):
            text = metrics.elidedText(name, qt.Qt.ElideRight, self._left - 2 * _PAD)
            baseline = self._rect(row, 0)[1] + (_CELL_HEIGHT + metrics.ascent() - metrics.descent()) / 2
            painter.drawText(qt.QPointF(float(_PAD), float(baseline)), text)
        room = self._top - 2 * _PAD - (metrics.height() if heat_map.controls else 0)
        if heat_map.controls:
            x = self._rect(0, self._apart)[0]
            painter.drawText(qt.QPointF(min(x, float(self.width - metrics.horizontalAdvance(self._controls()) - 2)),
                                        float(metrics.ascent() + 1)), self._controls())
        for column, name in enumerate(heat_map.columns):
            text = metrics.elidedText(name, qt.Qt.ElideRight, room)
            x, _y, width, _height = self._rect(0, column)
            painter.save()
            painter.translate(float(x + (width + metrics.ascent() - metrics.descent()) / 2), float(self._top - _PAD))
            painter.rotate(-90.0)
            painter.drawText(qt.QPointF(0.0, 0.0), text)
            painter.restore()
        for row in range(len(heat_map.row_keys)):
            for column in range(len(heat_map.column_keys)):
                self._paintCell(painter, theme, row, column)
        if heat_map.scale:
            self._paintLegend(painter, theme, names)
        if self.hasFocus():
            x, y, width, height = self._rect(*self._current)
            painter.setBrush(qt.QBrush())
            painter.setPen(pen(theme.text, 2.0))
            painter.drawRect(qt.QRectF(x + 1.5, y + 1.5, width - 3.0, height - 3.0))

    def _paintCell(self, painter, theme, row, column):
        x, y, width, height = self._rect(row, column)
        shade, marked = float(self._map.shades[row, column]), bool(self._map.marks[row, column])
        color = self._color(theme, shade)
        painter.setPen(no_pen())
        painter.setBrush(qt.QBrush(color))
        painter.drawRect(qt.QRectF(x, y, width - 1.0, height - 1.0))
        text = self._map.text(row, column)
        font = self._fontFor(text, width - 2, marked)
        metrics, ink = qt.QFontMetricsF(font), qt.QColor("#ffffff" if _luminance(color) < 0.179 else "#000000")
        painter.setFont(font)
        painter.setPen(pen(ink, 1.0))
        low, high = map(float, self._map.spans[row, column])
        lifted = 0 if math.isnan(low) else _SPAN
        painter.drawText(qt.QPointF(x + (width - metrics.horizontalAdvance(text)) / 2,
                                    y + (height - lifted + metrics.ascent() - metrics.descent()) / 2), text)
        if lifted:
            self._paintSpan(painter, ink, x, y + height - _SPAN, width - 1.0, low, high)

    def _fontFor(self, text, room, marked):
        """The font of a figure: bold if it is marked, not bold where that is too wide, condensed where that is, too."""
        for font in (bold_font(self.font), self.font)[0 if marked else 1:]:
            advance = qt.QFontMetricsF(font).horizontalAdvance(text)
            if advance <= room:
                return font
        font = qt.QFont(self.font)
        font.setStretch(max(50, int(100 * room / advance)))
        return font

    def _paintSpan(self, painter, ink, x, y, width, low, high):
        """The interval of a figure as a line; the scale runs over the width of the cell, its middle has a tick."""
        middle, half = x + width / 2, width / 2 - 2
        painter.drawLine(qt.QPointF(middle, y - 2.5), qt.QPointF(middle, y + 2.5))
        painter.setPen(pen(ink, 2.0))
        painter.drawLine(qt.QPointF(middle + half * low, y), qt.QPointF(middle + half * high, y))

    def _paintLegend(self, painter, theme, ink):
        """What the colors stand for: a bar with its ends and its neutral value named."""
        low, middle, high = self._map.scale
        metrics, steps = qt.QFontMetrics(self.font), 15
        room = self.width - self._left - _PAD - metrics.horizontalAdvance(high) - 4
        first, width = (-steps if low else 0), float(min(_BAR_WIDTH, max(room, _BAR_WIDTH / 3)))
        x, y = float(self._left), float(self._top + _CELL_HEIGHT * len(self._map.row_keys) + 2 * _PAD)
        step = width / (steps - first + 1)
        painter.setPen(no_pen())
        for number, shade in enumerate(range(first, steps + 1)):
            painter.setBrush(qt.QBrush(self._color(theme, shade / steps)))
            painter.drawRect(qt.QRectF(x + number * step, y, step + 0.5, float(_BAR_HEIGHT)))
        painter.setPen(pen(ink, 1.0))
        painter.setFont(self.font)
        baseline = y + _BAR_HEIGHT + metrics.ascent() + 1
        ends = [(low, -metrics.horizontalAdvance(low) - 4.0, y + _BAR_HEIGHT)] if low else []
        centered = x + (width - metrics.horizontalAdvance(middle)) / 2 if low else x
        painter.drawText(qt.QPointF(centered, baseline), middle)
        for text, shift, level in [*ends, (high, width + 4.0, y + _BAR_HEIGHT)]:
            painter.drawText(qt.QPointF(max(0.0, x + shift), level), text)

    def _controls(self):
        return self._translate("Controls")

    @staticmethod
    def _color(theme, shade):
        """Color of a shade -1..1; NaN has the background's."""
        return theme.background if math.isnan(shade) else theme.mix(_ORANGE if shade > 0 else _BLUE, _DEEPEST * abs(shade))

    # Events

    def mouseMoveEvent(self, event):
        cell = self._cellAt(event.x(), event.y())
        text = self._map.words[cell[0]][cell[1]] if cell else self._nameAt(event.x(), event.y())
        self.setToolTip("<br>".join(escape(line) for line in text.splitlines()))

    def mousePressEvent(self, event):
        self._pressed = self._cellAt(event.x(), event.y()) if event.button() == qt.Qt.LeftButton else None
        if self._pressed:
            self._moveTo(*self._pressed)

    def mouseReleaseEvent(self, event):
        pressed, self._pressed = self._pressed, None
        if pressed and pressed == self._cellAt(event.x(), event.y()):
            self._click()

    def keyPressEvent(self, event):
        step = {int(qt.Qt.Key_Up): (-1, 0), int(qt.Qt.Key_Down): (1, 0), int(qt.Qt.Key_Left): (0, -1),
                int(qt.Qt.Key_Right): (0, 1)}.get(int(event.key()))
        if self._map is None:
            event.ignore()
        elif step is not None:
            self._moveTo(self._current[0] + step[0], self._current[1] + step[1])
        elif int(event.key()) in (int(qt.Qt.Key_Return), int(qt.Qt.Key_Enter), int(qt.Qt.Key_Space)):
            self._click()
        else:
            event.ignore()

    def focusInEvent(self, event):
        self.update()

    def focusOutEvent(self, event):
        self.update()

    def _moveTo(self, row, column):
        self._current = (min(max(row, 0), len(self._map.row_keys) - 1), min(max(column, 0), len(self._map.column_keys) - 1))
        self._describe()
        self.update()

    def _click(self):
        row, column = self._current
        self.onCell(self._map.row_keys[row], self._map.column_keys[column])

    def _describe(self):
        """Tell screen readers what is shown, and the current cell."""
        if self._map is None or not self._map.row_keys or not self._map.column_keys:
            self.setAccessibleName(self._translate("Heat map: nothing is shown"))
            self.setAccessibleDescription("")
            return
        row, column = self._current
        self.setAccessibleName(self._translate("Heat map: {title}").format(title=self._map.title))
        self.setAccessibleDescription("; ".join(self._map.words[row][column].splitlines()))


def _luminance(color):
    """Relative luminance 0..1 (WCAG 2)."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
             for part in (color.redF(), color.greenF(), color.blueF())]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
