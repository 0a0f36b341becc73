"""Draws the module's icon: two lungs as graphs of patients, and a pair of tumors that look alike. Writes a 128 x 128 PNG."""
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from PySide6 import QtCore, QtGui  # noqa: E402

#: outline of the lung on the left of the picture in a 128 unit square: start, then three points of each Bezier curve
LUNG = [(53, 30), (34, 26), (15, 62), (13, 100), (12, 116), (28, 116), (40, 107), (49, 101), (58, 101), (58, 88), (58, 66),
        (61, 33), (53, 30)]
#: other patients in that lung, x, y, radius; and its tumor
NODES = [(45, 44, 7), (26, 94, 7), (47, 87, 6)]
TUMOR = (36, 67, 13)
BACKGROUND, TISSUE, PATIENT, ALIKE = "#12324a", "#cfe3f0", "#2f6f9f", "#f08a24"


def lung():
    """Outline of one lung."""
    points = [QtCore.QPointF(*point) for point in LUNG]
    path = QtGui.QPainterPath(points[0])
    for first in range(1, len(points), 3):
        path.cubicTo(*points[first:first + 3])
    return path


def draw_half(painter):
    """One lung with its patients."""
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(QtGui.QColor(TISSUE))
    painter.drawPath(lung())
    painter.setPen(QtGui.QPen(QtGui.QColor(PATIENT), 3.5))
    for x, y, _radius in NODES:
        painter.drawLine(QtCore.QPointF(x, y), QtCore.QPointF(*TUMOR[:2]))
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(QtGui.QColor(PATIENT))
    for x, y, radius in NODES:
        painter.drawEllipse(QtCore.QPointF(x, y), radius, radius)


def draw():
    """The icon as a QImage."""
    image = QtGui.QImage(128, 128, QtGui.QImage.Format.Format_ARGB32)
    image.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(image)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(QtGui.QColor(BACKGROUND))
    painter.drawRoundedRect(0, 0, 128, 128, 24, 24)
    painter.setPen(QtGui.QPen(QtGui.QColor(TISSUE), 9, QtCore.Qt.PenStyle.SolidLine, QtCore.Qt.PenCapStyle.RoundCap))
    painter.drawLine(64, 13, 64, 40)
    for mirrored in (False, True):
        painter.save()
        if mirrored:
            painter.setTransform(QtGui.QTransform(-1, 0, 0, 1, 128, 0))
        draw_half(painter)
        painter.restore()
    painter.setPen(QtGui.QPen(QtGui.QColor(ALIKE), 7))
    x, y, radius = TUMOR
    painter.drawLine(QtCore.QPointF(x, y), QtCore.QPointF(128 - x, y))
    painter.setPen(QtGui.QPen(QtGui.QColor(BACKGROUND), 3))
    painter.setBrush(QtGui.QColor(ALIKE))
    for center in (x, 128 - x):
        painter.drawEllipse(QtCore.QPointF(center, y), radius, radius)
    painter.end()
    return image


if __name__ == "__main__":
    application = QtGui.QGuiApplication(sys.argv)
    if not draw().save(sys.argv[1]):
        sys.exit(f"{sys.argv[1]} can not be written")
