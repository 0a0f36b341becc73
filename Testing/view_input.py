"""Mouse and pixels of the host's views, for tests: real Qt events in, RGB arrays out."""
import numpy as np
from PySide6 import QtCore, QtGui, QtTest, QtWidgets

_NONE = QtCore.Qt.KeyboardModifier.NoModifier


def wheel(view, steps, x=None, y=None, modifiers=_NONE):
    """Turn the wheel over a view, at its center or at x, y in logical pixels."""
    point = QtCore.QPointF(view.width / 2 if x is None else x, view.height / 2 if y is None else y)
    QtTest.QTest.mouseMove(view, point.toPoint())
    for _ in range(abs(steps)):
        QtWidgets.QApplication.sendEvent(view, QtGui.QWheelEvent(
            point, point, QtCore.QPoint(), QtCore.QPoint(0, 120 if steps > 0 else -120), QtCore.Qt.MouseButton.NoButton,
            modifiers, QtCore.Qt.ScrollPhase.NoScrollPhase, False))


def drag(view, start, end, button=QtCore.Qt.MouseButton.LeftButton, modifiers=_NONE):
    """Press at start, move to end in small steps, release."""
    QtTest.QTest.mouseMove(view, QtCore.QPoint(*start))
    QtTest.QTest.mousePress(view, button, modifiers, QtCore.QPoint(*start))
    for step in np.linspace(start, end, 8)[1:]:
        point = QtCore.QPointF(*step.round())
        QtWidgets.QApplication.sendEvent(view, QtGui.QMouseEvent(
            QtCore.QEvent.Type.MouseMove, point, point, QtCore.Qt.MouseButton.NoButton, button, modifiers))
    QtTest.QTest.mouseRelease(view, button, modifiers, QtCore.QPoint(*end))


def pixels(widget):
    """What a widget shows: uint8 array, height x width x 3, RGB, in device pixels."""
    image = widget.grab().toImage().convertToFormat(QtGui.QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, :3 * image.width()].reshape(image.height(), image.width(), 3).copy()
