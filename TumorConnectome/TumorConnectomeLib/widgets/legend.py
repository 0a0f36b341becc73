"""Legend of the view: facet title, categories with counts, and what a line means."""
from __future__ import annotations

import qt

from ..core.coloring import Coloring
from ..core.connectome import Match
from .theme import Theme, no_pen, pen

_PAD, _GAP, _DOT, _SAMPLE, _MARGIN = 8.0, 6.0, 10.0, 26.0, 8.0
_EDGE_TEXTS = {Match.MOST: "most similar", Match.LEAST: "least similar"}
#: the legend may take this share of the widget before it is left out
_LARGEST_SHARE = 0.45


class Legend:
    """Stands beside the graph or below it, whichever leaves the graph more room.

    Attributes
    ----------
    rect : tuple or None
        x, y, width, height in pixels; None when the widget is too small for a legend.
    """

    def __init__(self):
        self.rect = None
        self._entries, self._title, self._places = [], "", []

    def set_content(self, coloring: Coloring, match: Match):
        """Take titles, names, counts and colors from a coloring; the line sample from the match mode."""
        self._title, self._match = coloring.title, match
        counts = [str(int(count)) for count in coloring.counts]
        self._entries = list(zip(coloring.categories, counts, range(len(counts))))
        self._entries.append((_EDGE_TEXTS[match], "", None))
        self._coloring = coloring

    def arrange(self, font: qt.QFont, width: float, height: float, top: float) -> tuple:
        """Choose the place below `top`; returns x, y, width and height of what is left for the graph."""
        metrics, bold = qt.QFontMetricsF(font), qt.QFontMetricsF(bold_font(font))
        self._line, self._ascent = metrics.height() + 4, metrics.ascent() + 2
        self._widths = [(_SAMPLE if category is None else _DOT, _wide(metrics, name), _wide(metrics, count))
                        for name, count, category in self._entries]
        self._title_width = _wide(bold, self._title)
        whole = (0.0, float(top), float(width), float(height - top))
        options = [option for option in (self._beside(*whole), self._below(*whole)) if option is not None]
        if not options:
            self.rect = None
            return whole
        self.rect, self._places, area = max(options, key=lambda option: min(option[2][2:]))
        return area

    def _beside(self, left, top, width, height):
        rows = [mark + _GAP + name + (2 * _GAP + count if count else 0) for mark, name, count in self._widths]
        inner = max([self._title_width, *rows])
        panel = inner + 2 * _PAD
        tall = self._line * (len(self._entries) + 1) + 2 * _PAD
        if panel > _LARGEST_SHARE * width or tall > height - 2 * _MARGIN:
            return None
        x, y = left + width - panel - _MARGIN, top + _MARGIN
        places = [(x + _PAD, y + _PAD + self._line * (n + 1), inner) for n in range(len(self._entries))]
        return (x, y, panel, tall), places, (left, top, width - panel - _MARGIN, height)

    def _below(self, left, top, width, height):
        inner = width - 2 * (_PAD + _MARGIN)
        places, x, row = [], self._title_width + 3 * _GAP, 0
        for mark, name, count in self._widths:
            size = mark + _GAP + name + (_GAP + count if count else 0)
            if x + size > inner and x > 0:
                x, row = 0.0, row + 1
            if size > inner:
                return None
            places.append((x, row, size))
            x += size + 3 * _GAP
        tall = self._line * (row + 1) + _PAD
        if tall > _LARGEST_SHARE * height or self._title_width > inner:
            return None
        corner = left + _MARGIN, top + height - tall - _MARGIN
        places = [(corner[0] + _PAD + x, corner[1] + _PAD / 2 + self._line * row, size) for x, row, size in places]
        return (*corner, width - 2 * _MARGIN, tall), places, (left, top, width, height - tall - _MARGIN)

    def paint(self, painter: qt.QPainter, font: qt.QFont, theme: Theme):
        """Draw at the place found by `arrange`."""
        if self.rect is None:
            return
        painter.setPen(pen(theme.panel_edge, 1.0))
        painter.setBrush(qt.QBrush(theme.background))
        painter.drawRoundedRect(qt.QRectF(*self.rect), 4.0, 4.0)
        below = self._places[0][1] < self.rect[1] + self._line      # the title shares its line with the first entries
        painter.setFont(bold_font(font))
        painter.setPen(pen(theme.text, 1.0))
        base = self.rect[1] + (_PAD / 2 if below else _PAD) + self._ascent
        painter.drawText(qt.QPointF(self.rect[0] + _PAD, base), self._title)
        painter.setFont(font)
        colors = self._coloring.colors(theme.dark)
        for (name, count, category), (mark, _, count_width), (x, y, size) in zip(self._entries, self._widths, self._places):
            middle = y + self._line / 2
            if category is None:
                self._paint_line(painter, theme, x, middle)
            else:
                painter.setPen(pen(theme.outline, 1.0))
                painter.setBrush(qt.QBrush(qt.QColor(colors[category])))
                painter.drawEllipse(qt.QPointF(x + _DOT / 2, middle), _DOT / 2, _DOT / 2)
            painter.setPen(pen(theme.text, 1.0))
            painter.drawText(qt.QPointF(x + mark + _GAP, y + self._ascent), name)
            painter.setPen(pen(theme.quiet, 1.0))
            painter.drawText(qt.QPointF(x + size - count_width, y + self._ascent), count)

    def _paint_line(self, painter, theme, x, y):
        least = self._match is Match.LEAST
        color = theme.dissimilar if least else theme.similar
        painter.setPen(pen(color, 2.0, dashed=least))
        painter.drawLine(qt.QPointF(x, y), qt.QPointF(x + _SAMPLE - 6, y))
        painter.setPen(no_pen())
        painter.setBrush(qt.QBrush(color))
        tip = x + _SAMPLE
        corners = ((tip, y), (tip - 6, y - 3.5), (tip - 6, y + 3.5))
        painter.drawPolygon(qt.QPolygonF([qt.QPointF(*corner) for corner in corners]))


def bold_font(font: qt.QFont) -> qt.QFont:
    """The same font in bold."""
    result = qt.QFont(font)
    result.setBold(True)
    return result


def _wide(metrics, text):
    return metrics.horizontalAdvance(text) if text else 0.0
