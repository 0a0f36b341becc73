"""A reliability diagram: predicted probability against observed share, with intervals; the diagonal is perfect."""
from __future__ import annotations

from collections.abc import Sequence

import qt

from ..evaluation.reliability import Curve
from .theme import Theme, no_pen, pen

_HEIGHT, _PAD, _TICKS = 250, 6, (0.0, 0.5, 1.0)
_SMALLEST, _LARGEST = 2.5, 7.0
#: told apart with every kind of color blindness, and by their lines
_COLORS = ("#e66101", "#7a7a7a", "#2c7fb8")


class ReliabilityPlot(qt.QWidget):
    """Draws some Curves; the area of a point is its number of patients.

    Parameters
    ----------
    translate : callable
        Translates interface text.
    """

    def __init__(self, translate=lambda text: text, parent=None):
        super().__init__(parent)
        self._translate, self._title, self._curves = translate, "", ()
        self.setFixedHeight(_HEIGHT)
        self.setVisible(False)

    @property
    def curves(self) -> tuple[Curve, ...]:
        """What is shown."""
        return self._curves

    def setCurves(self, title: str, curves: Sequence[Curve]):
        """Show curves, or nothing."""
        self._title, self._curves = title, tuple(curves)
        self.setVisible(bool(curves))
        self.setAccessibleName(self._translate("Reliability curves: {title}").format(title=title))
        lines = [f"{curve.name}: " + ", ".join(f"{predicted:.2f} \N{RIGHTWARDS ARROW} {observed:.2f}"
                                               for predicted, observed, *_rest in curve.points) for curve in self._curves]
        self.setAccessibleDescription("; ".join(lines))
        self.setToolTip("\n".join(lines))
        self.update()

    def pointAt(self, predicted: float, observed: float) -> tuple[float, float]:
        """Pixel of a pair of probabilities."""
        left, top, side = self._frame()
        return left + predicted * side, top + (1 - observed) * side

    def _frame(self):
        """Left, top and side of the square of the diagram."""
        metrics = qt.QFontMetrics(self.font)
        left = metrics.horizontalAdvance("0.5") + metrics.height() + 3 * _PAD
        top = metrics.height() + 2 * _PAD
        side = min(self.width - left - _PAD, self.height - top - 2 * metrics.height() - 2 * _PAD)
        return float(left), float(top), float(max(side, 10))

    def paintEvent(self, event):
        painter = qt.QPainter(self)
        try:
            if self._curves:
                painter.setRenderHint(qt.QPainter.Antialiasing, True)
                self._paint(painter, Theme.of_palette(self.palette), self.palette.color(qt.QPalette.WindowText))
        finally:
            painter.end()

    def _paint(self, painter, theme, ink):
        metrics = qt.QFontMetrics(self.font)
        left, top, side = self._frame()
        painter.setPen(pen(theme.quiet, 1.0))
        painter.setBrush(qt.QBrush(theme.background))
        painter.drawRect(qt.QRectF(left, top, side, side))
        painter.setPen(pen(theme.quiet, 1.0, dashed=True))
        painter.drawLine(qt.QPointF(*self.pointAt(0.0, 0.0)), qt.QPointF(*self.pointAt(1.0, 1.0)))
        painter.setPen(pen(ink, 1.0))
        painter.drawText(qt.QPointF(float(_PAD), float(_PAD + metrics.ascent())), self._title)
        for tick in _TICKS:
            x, y = self.pointAt(tick, tick)
            text = f"{tick:g}"
            width = metrics.horizontalAdvance(text)
            painter.drawText(qt.QPointF(x - width / 2, top + side + metrics.ascent() + 2), text)
            painter.drawText(qt.QPointF(left - width - 4, y + metrics.ascent() / 2), text)
        painter.drawText(qt.QPointF(left, top + side + metrics.height() + metrics.ascent() + 2),
                         self._translate("Predicted probability"))
        painter.save()
        painter.translate(float(_PAD + metrics.ascent()), float(top + side))
        painter.rotate(-90.0)
        painter.drawText(qt.QPointF(0.0, 0.0), self._translate("Observed share"))
        painter.restore()
        for number, (curve, name) in enumerate(zip(self._curves, _COLORS)):
            self._paintCurve(painter, curve, qt.QColor(name))
            self._paintKey(painter, curve, qt.QColor(name), ink, left + side + 2 * _PAD,
                           top + number * 1.6 * metrics.height(), metrics)

    def _paintCurve(self, painter, curve, color):
        most = max(patients for *_values, patients in curve.points)
        places = [qt.QPointF(*self.pointAt(predicted, observed)) for predicted, observed, *_rest in curve.points]
        painter.setBrush(qt.QBrush())
        painter.setPen(pen(color, 1.0))
        for predicted, _observed, low, high, _patients in curve.points:
            painter.drawLine(qt.QPointF(*self.pointAt(predicted, low)), qt.QPointF(*self.pointAt(predicted, high)))
        painter.setPen(pen(color, 1.8))
        painter.drawPolyline(qt.QPolygonF(places))
        painter.setPen(no_pen())
        painter.setBrush(qt.QBrush(color))
        for place, (*_values, patients) in zip(places, curve.points):
            radius = max(_SMALLEST, _LARGEST * (patients / most) ** 0.5)
            painter.drawEllipse(place, float(radius), float(radius))

    def _paintKey(self, painter, curve, color, ink, x, y, metrics):
        """Name of a curve at the right, if there is room."""
        room = self.width - x - 20
        if room < 30:
            return
        painter.setPen(pen(color, 3.0))
        painter.drawLine(qt.QPointF(x, y + metrics.height() / 2), qt.QPointF(x + 12, y + metrics.height() / 2))
        painter.setPen(pen(ink, 1.0))
        painter.drawText(qt.QPointF(x + 16, y + metrics.ascent()), metrics.elidedText(curve.name, qt.Qt.ElideRight, int(room)))
