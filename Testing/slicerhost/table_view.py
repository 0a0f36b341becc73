"""Stand-ins for Slicer's table view and the widget that holds it, with the texts that Slicer writes into the cells.

What a table node's columns become follows Libs/MRML/Widgets/qMRMLTableModel.cxx, `updateModelFromMRML`.
"""
from PySide6 import QtCore, QtGui, QtWidgets

from .controller_bar import ControllerBar

#: the bar has a button less than that of a 3D view, which is 125 pixels wide: pin, name, button to maximize
_NARROWEST = 100


class qMRMLTableView(QtWidgets.QTableView):
    """The table of one table view node; without editing, copying and transposing."""

    def __init__(self, view_node=None, parent=None):
        super().__init__(parent)
        self._view_node, self._node, self._tag = view_node, None, None
        self._model = QtGui.QStandardItemModel(self)
        proxy = QtCore.QSortFilterProxyModel(self)
        proxy.setSourceModel(self._model)
        self.setModel(proxy)
        self.horizontalHeader().setStretchLastSection(False)
        if view_node is not None:
            view_node.AddObserver("ModifiedEvent", self._on_view_node)
            view_node.AddObserver(view_node.ReferenceModifiedEvent, self._on_view_node)
            view_node.AddObserver(view_node.ReferenceAddedEvent, self._on_view_node)
            self._on_view_node()

    def mrmlTableNode(self):
        return self._node

    def setMRMLTableNode(self, node):
        if self._node is not None:
            self._node.RemoveObserver(self._tag)
        self._node = node
        self._tag = node and node.AddObserver("ModifiedEvent", self._fill)
        self._fill()
        self.horizontalHeader().setMinimumSectionSize(60)
        self.resizeColumnsToContents()

    def _on_view_node(self, *_):
        if self._view_node.GetTableNode() is not self._node:
            self.setMRMLTableNode(self._view_node.GetTableNode())

    def _fill(self, *_):
        """Replace the cells; as in Slicer columns keep their widths while the same node is shown."""
        table = self._node.GetTable() if self._node else None
        first = int(bool(table) and self._node.GetUseFirstColumnAsRowHeader())
        offset = 0 if table and self._node.GetUseColumnTitleAsColumnHeader() else 1
        rows, columns = (table.GetNumberOfRows(), table.GetNumberOfColumns()) if table else (0, 0)
        self._model.setRowCount(rows + offset if columns else 0)
        self._model.setColumnCount(max(0, columns - first))
        for place in range(first, columns):
            name = table.GetColumnName(place)
            if offset:
                self._model.setItem(0, place - first, QtGui.QStandardItem(name))
            for row in range(rows):
                self._model.setItem(row + offset, place - first, self._item(table, row, place))
            self._model.setHeaderData(place - first, QtCore.Qt.Orientation.Horizontal,
                                      chr(ord("A") + (place - first) % 26) if offset else self._header(name))
        for row in range(rows if columns else 0):
            label = table.GetValue(row, 0).ToString() if first else str(row + offset + 1)
            self._model.setHeaderData(row + offset, QtCore.Qt.Orientation.Vertical, label)

    def _item(self, table, row, place):
        value, column = table.GetValue(row, place), table.GetColumn(place)
        item = QtGui.QStandardItem("" if column.IsA("vtkBitArray") else value.ToString())
        if column.IsA("vtkBitArray"):
            item.setCheckable(True)
            item.setCheckState(QtCore.Qt.CheckState.Checked if value.ToInt() else QtCore.Qt.CheckState.Unchecked)
        item.setToolTip(self._tool_tip(column.GetName()))
        if self._node.GetLocked():
            item.setFlags(item.flags() & ~QtCore.Qt.ItemFlag.ItemIsEditable & ~QtCore.Qt.ItemFlag.ItemIsUserCheckable)
        return item

    def _header(self, name):
        unit = self._node.GetColumnUnitLabel(name)
        return (self._node.GetColumnTitle(name) or name) + (f" [{unit}]" if unit else "")

    def _tool_tip(self, name):
        node, title, unit = self._node, self._node.GetColumnTitle(name), self._node.GetColumnUnitLabel(name)
        lines = [f"<b>{name}</b>" if title in ("", name) else f"<b>{title}</b> <code>&lt;{name}&gt;</code>"]
        lines += [f"Unit: {unit}"] if unit else []
        lines += [node.GetColumnDescription(name)] if node.GetColumnDescription(name) else []
        return "<p>".join(lines)


class qMRMLTableViewControllerWidget(ControllerBar):
    """The bar above a table view: its name."""

    def __init__(self, node, parent=None):
        super().__init__(_NARROWEST, parent)
        self._node = node
        self._row.addStretch(1)
        self._show_node(node)

    def mrmlTableViewNode(self):
        return self._node


class qMRMLTableWidget(QtWidgets.QWidget):
    """A table view under its bar."""

    def __init__(self, node, _app_logic, parent=None):
        super().__init__(parent)
        self.setObjectName("qMRMLTableWidget" + node.GetLayoutName())
        self._node, self._view = node, qMRMLTableView(node, self)
        column = QtWidgets.QVBoxLayout(self)
        self._controller = qMRMLTableViewControllerWidget(node, self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._controller)
        column.addWidget(self._view, 1)

    def tableController(self):
        return self._controller

    def tableView(self):
        return self._view

    def viewWidget(self):
        return self._view

    def mrmlTableViewNode(self):
        return self._node
