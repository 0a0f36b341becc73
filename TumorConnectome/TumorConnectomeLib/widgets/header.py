"""Title, subtitle and banner of the view."""
from __future__ import annotations

import qt

from .legend import bold_font
from .theme import Theme, no_pen, pen

_MARGIN, _PAD = 10.0, 8.0


class Header:
    """Two lines of text at the top left and a banner ("SYNTHETIC") at the top right; texts are elided, never cut."""

    def __init__(self):
        self.title = self.subtitle = self.banner = ""

    def tall(self, font: qt.QFont) -> float:
        """Height in pixels that the header takes."""
        lines = bool(self.title or self.banner) + bool(self.subtitle)
        return lines * (qt.QFontMetricsF(font).height() + 2) + (_MARGIN + 4 if lines else 0)

    def paint(self, painter: qt.QPainter, font: qt.QFont, theme: Theme, width: float):
        """Draw into the top `width` pixels, over the graph."""
        painter.fillRect(qt.QRectF(0.0, 0.0, float(width), self.tall(font)), qt.QBrush(theme.background))
        bold = bold_font(font)
        plain_metrics, bold_metrics = qt.QFontMetricsF(font), qt.QFontMetricsF(bold)
        line, y = plain_metrics.height() + 2, _MARGIN - 2
        room = width - 2 * _MARGIN
        painter.setFont(bold)
        if self.banner:
            size = bold_metrics.horizontalAdvance(self.banner) + 2 * _PAD
            painter.setPen(no_pen())
            painter.setBrush(qt.QBrush(theme.banner))
            painter.drawRoundedRect(qt.QRectF(width - _MARGIN - size, y, size, line + 2), 4.0, 4.0)
            painter.setPen(pen(theme.banner_text, 1.0))
            painter.drawText(qt.QPointF(width - _MARGIN - size + _PAD, y + 2 + plain_metrics.ascent()), self.banner)
            room -= size + _PAD
        painter.setPen(pen(theme.text, 1.0))
        title = bold_metrics.elidedText(self.title, qt.Qt.ElideRight, room)
        painter.drawText(qt.QPointF(_MARGIN, y + plain_metrics.ascent()), title)
        painter.setFont(font)
        painter.setPen(pen(theme.quiet, 1.0))
        below = line if self.title or self.banner else 0.0
        subtitle = plain_metrics.elidedText(self.subtitle, qt.Qt.ElideRight, width - 2 * _MARGIN)
        painter.drawText(qt.QPointF(_MARGIN, y + below + plain_metrics.ascent()), subtitle)
