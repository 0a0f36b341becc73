"""Clicks on widgets as a person does."""
from PySide6 import QtCore, QtTest


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
