"""Stand-in for the bar above Slicer's views, which makes a view wider than its picture has to be."""
from PySide6 import QtCore, QtGui, QtWidgets

#: height of a bar: a slice or 3D view with its bar is at least 81 pixels high, without it 50
_HEIGHT = 31


class ControllerBar(QtWidgets.QWidget):
    """Base of the bars; as in Slicer, a bar that is too narrow cuts the view's name at both ends.

    Parameters
    ----------
    narrowest : int
        Minimum width in pixels, measured in Slicer 5.13: 318 for slice views, 125 for 3D views; those of plots and tables
        have as many buttons as those of 3D views or one less (Libs/MRML/Widgets/qMRMLPlotViewControllerWidget.cxx).
    """

    def __init__(self, narrowest, parent=None):
        super().__init__(parent)
        self.setMinimumWidth(narrowest)
        self.setFixedHeight(_HEIGHT)
        self.setStyleSheet("QLabel { color: black }")
        self._name, self._color = QtWidgets.QLabel(), QtGui.QColor()
        self._name.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self._name.setMinimumWidth(self._name.fontMetrics().horizontalAdvance("XX"))
        self._row = QtWidgets.QHBoxLayout(self)
        self._row.setContentsMargins(6, 1, 6, 1)
        self._row.addWidget(self._name)

    def viewLabel(self):
        return self._name

    def _show_node(self, node):
        """Show the name and the color of a view node."""
        self._name.setText(node.GetLayoutLabel() or node.GetName())
        color = QtGui.QColor.fromRgbF(*node.GetLayoutColor())
        if color != self._color:                        # drawn below: a style sheet would be parsed anew for each color
            self._color = color
            self.update()

    def paintEvent(self, event):
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), self._color)
        painter.end()
