"""Draws the module's icon: two lungs as a graph of patients, one of them selected. Writes a 128 x 128 PNG."""
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from PySide6 import QtCore, QtGui  # noqa: E402

#: x, y, radius in a 128 unit square; the last node of the right half is the selected one
LEFT = [(47, 30, 6), (33, 52, 8), (50, 60, 6), (26, 78, 7), (45, 88, 9), (28, 102, 6)]
RIGHT = [(81, 30, 6), (95, 52, 8), (78, 60, 6), (102, 78, 7), (100, 102, 6), (83, 88, 11)]
EDGES = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 4), (3, 4), (3, 5), (4, 5)]
EDGES_RIGHT = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 5), (3, 5), (3, 4), (4, 5)]


def draw():
    """The icon as a QImage."""
    image = QtGui.QImage(128, 128, QtGui.QImage.Format.Format_ARGB32)
    image.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(image)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(QtGui.QColor("#12324a"))
    painter.drawRoundedRect(2, 2, 124, 124, 26, 26)
    painter.setPen(QtGui.QPen(QtGui.QColor("#dfe9f0"), 7, QtCore.Qt.PenStyle.SolidLine, QtCore.Qt.PenCapStyle.RoundCap))
    painter.drawLine(64, 12, 64, 34)
    painter.drawLine(64, 34, 54, 44)
    painter.drawLine(64, 34, 74, 44)
    for nodes, edges, color in ((LEFT, EDGES, "#56b4e9"), (RIGHT, EDGES_RIGHT, "#f0a04b")):
        painter.setPen(QtGui.QPen(QtGui.QColor("#7f9db3"), 3.2))
        for a, b in edges:
            painter.drawLine(QtCore.QPointF(*nodes[a][:2]), QtCore.QPointF(*nodes[b][:2]))
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(QtGui.QColor(color))
        for x, y, radius in nodes:
            painter.drawEllipse(QtCore.QPointF(x, y), radius, radius)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.setPen(QtGui.QPen(QtGui.QColor("#ffe14d"), 4.5))
    painter.drawEllipse(QtCore.QPointF(*RIGHT[-1][:2]), 15, 15)
    painter.end()
    return image


if __name__ == "__main__":
    application = QtGui.QGuiApplication(sys.argv)
    if not draw().save(sys.argv[1]):
        sys.exit(f"{sys.argv[1]} can not be written")
