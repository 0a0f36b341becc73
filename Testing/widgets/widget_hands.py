"""A person's eyes and hands for the tests of widgets."""
import numpy as np
from PySide6 import QtCore, QtGui, QtTest


def pixels(widget, ratio=1):
    """What a widget shows: uint8 array, shape (height, width, 3), RGB, `ratio` device pixels per pixel."""
    image = QtGui.QImage(widget.size * ratio, QtGui.QImage.Format_RGB888)
    image.setDevicePixelRatio(ratio)
    image.fill(QtCore.Qt.white)
    widget.render(image)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return flat[:, :3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def click(widget, point=None):
    """Click the left mouse button at a point, or in the middle."""
    where = widget.rect.center() if point is None else QtCore.QPoint(*map(round, point))
    QtTest.QTest.mouseClick(widget, QtCore.Qt.LeftButton, QtCore.Qt.NoModifier, where)


def key(widget, name):
    """Press a key by its name in Qt ("Return")."""
    QtTest.QTest.keyClick(widget, getattr(QtCore.Qt, f"Key_{name}"))


def write(widget, text):
    """Type text."""
    QtTest.QTest.keyClicks(widget, text)


def dark_palette():
    """A dark palette as Slicer's dark style has it."""
    palette, colors = QtGui.QPalette(), {
        "Window": "#323232", "WindowText": "#eeeeee", "Base": "#2b2b2b", "Text": "#eeeeee", "Button": "#404040",
        "ButtonText": "#eeeeee", "Highlight": "#2a82da", "HighlightedText": "#ffffff", "Link": "#6db3ff"}
    for role, color in colors.items():
        palette.setColor(getattr(QtGui.QPalette, role), QtGui.QColor(color))
    return palette


def has_color(image, color, tolerance=12):
    """Whether pixels of about this color are in an image of `pixels`."""
    return bool((np.abs(image.astype(int) - color).max(axis=-1) <= tolerance).any())
