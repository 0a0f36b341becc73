"""Looks at widgets and clicks on them as a person does."""
import numpy as np
from PySide6 import QtCore, QtGui, QtTest


def pixels(widget):
    """What a widget shows: uint8 array, shape (height, width, 3), RGB."""
    image = widget.grab().toImage().convertToFormat(QtGui.QImage.Format.Format_RGB888)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return flat[:, :3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def click(widget, x, y, double=False):
    """Press and release the left mouse button at a point of a widget."""
    press = QtTest.QTest.mouseDClick if double else QtTest.QTest.mouseClick
    press(widget, QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier, QtCore.QPoint(round(x), round(y)))


def click_row(table, row, column=1, double=False):
    """Click a cell of a QTableWidget; a person's double click begins with a click."""
    center = table.visualItemRect(table.item(row, column)).center()
    click(table.viewport(), center.x(), center.y())
    if double:
        click(table.viewport(), center.x(), center.y(), double=True)
