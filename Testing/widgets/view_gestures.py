"""Looks at the connectome view and uses it as a person does: real mouse, wheel and key events."""
import numpy as np
from at_rest import wait_until
from PySide6 import QtCore, QtGui, QtTest

NO_MODIFIER = QtCore.Qt.NoModifier
SHIFT = QtCore.Qt.ShiftModifier


def rgb_of(color):
    """Channels of "#rrggbb"."""
    return [int(color[i:i + 2], 16) for i in (1, 3, 5)]


def image_pixels(image):
    """float array (height, width, 3) of a QImage."""
    image = image.convertToFormat(QtGui.QImage.Format_RGB32)
    array = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return array[:, :image.width(), 2::-1].astype(float)


def pixels(view):
    """float array (height, width, 3) of what is on screen, in device-independent pixels."""
    return image_pixels(view.grab().toImage())


def pixel(view, point):
    """Channels of one pixel."""
    return pixels(view)[round(point[1]), round(point[0])]


def has_color(view, point, reach, color, tolerance=40):
    """Whether a pixel of about this color lies within `reach` of a point."""
    image, (x, y) = pixels(view), point
    rows, columns = np.ogrid[:image.shape[0], :image.shape[1]]
    near = (columns - x) ** 2 + (rows - y) ** 2 <= reach ** 2
    return bool((near & (np.abs(image - rgb_of(color)).max(-1) < tolerance)).any())


def at(point):
    return QtCore.QPoint(round(point[0]), round(point[1]))


def press(view, point, double=False, modifier=NO_MODIFIER):
    """Click, or the second half of a double click."""
    call = QtTest.QTest.mouseDClick if double else QtTest.QTest.mouseClick
    call(view, QtCore.Qt.LeftButton, modifier, at(point))


def move(view, point, pressed=False, modifier=NO_MODIFIER):
    position, qt = QtCore.QPointF(*map(float, point)), QtCore.Qt
    event = QtGui.QMouseEvent(QtCore.QEvent.MouseMove, position, view.mapToGlobal(position), qt.NoButton,
                              qt.LeftButton if pressed else qt.NoButton, modifier)
    QtCore.QCoreApplication.sendEvent(view, event)


def drag_along(view, points, modifier=NO_MODIFIER, release=True):
    """Press at the first of the points, move along the others, release at the last."""
    QtTest.QTest.mousePress(view, QtCore.Qt.LeftButton, modifier, at(points[0]))
    for point in points[1:]:
        move(view, point, pressed=True, modifier=modifier)
    if release:
        QtTest.QTest.mouseRelease(view, QtCore.Qt.LeftButton, modifier, at(points[-1]))


def drag(view, start, end):
    drag_along(view, [start, *([a + share * (b - a) for a, b in zip(start, end)] for share in (0.3, 0.7, 1.0))])


def lasso(view, corners, release=True):
    """Shift-drag around the corners."""
    drag_along(view, [*corners, corners[0]], SHIFT, release)


def box_around(point, reach):
    """Corners of a square around a point."""
    return [(point[0] + dx * reach, point[1] + dy * reach) for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def turn_wheel(view, point, steps):
    position = QtCore.QPointF(*map(float, point))
    event = QtGui.QWheelEvent(position, view.mapToGlobal(position), QtCore.QPoint(0, 0), QtCore.QPoint(0, 120 * steps),
                              QtCore.Qt.NoButton, QtCore.Qt.NoModifier, QtCore.Qt.NoScrollPhase, False)
    QtCore.QCoreApplication.sendEvent(view, event)


def key(view, name, modifier=NO_MODIFIER):
    QtTest.QTest.keyClick(view, getattr(QtCore.Qt, f"Key_{name}"), modifier)


def pass_time(milliseconds):
    """Let the view work for some time, as while a person looks at it."""
    QtTest.QTest.qWait(milliseconds)


class Clock:
    """Stands in for the time by which nodes glide: it goes on when the test says so, on a slow machine as on a fast one."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def advance(self, view, seconds):
        """Go on, and let the view show where the nodes are by then."""
        self.now += seconds
        before = view.canvas.geometry.points.copy()
        wait_until(lambda: not view.canvas.moving or (view.canvas.geometry.points != before).any(), "another frame")


def center_of(view):
    """Middle of the ring of 12 patients."""
    return np.mean([view.nodeCenter(f"P{i:03d}") for i in range(12)], axis=0)


def legend_entry(view, category):
    """Middle of a category's entry in the legend."""
    left, top, width, height = view.canvas.legend.entry_box(category)
    return left + width / 2, top + height / 2


def dark_palette():
    """A palette as dark applications have it."""
    palette = QtGui.QPalette(QtGui.QColor("#323232"))
    palette.setColor(QtGui.QPalette.Base, QtGui.QColor("#2b2b2b"))
    palette.setColor(QtGui.QPalette.Text, QtGui.QColor("#eeeeee"))
    return palette
