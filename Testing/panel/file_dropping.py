"""Drags a file over a widget and drops it, as Qt does when somebody drags it from the file manager."""
from PySide6 import QtCore, QtGui, QtWidgets


def drop_files(widget, *paths, text=None):
    """Send the events of a drag and drop; returns whether the widget took the files."""
    data = QtCore.QMimeData()
    if text is None:
        data.setUrls([QtCore.QUrl.fromLocalFile(str(path)) for path in paths])
    else:
        data.setText(text)
    point, action = widget.rect.center(), QtCore.Qt.DropAction.CopyAction
    button, key = QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier
    enter = QtGui.QDragEnterEvent(point, action, data, button, key)
    QtWidgets.QApplication.sendEvent(widget, enter)
    drop = QtGui.QDropEvent(QtCore.QPointF(point), action, data, button, key)
    QtWidgets.QApplication.sendEvent(widget, drop)
    return enter.isAccepted() and drop.isAccepted()
