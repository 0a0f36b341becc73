"""Stand-ins for Slicer's layout manager and the factory that puts one widget into a layout."""
import slicer
from PySide6 import QtCore, QtWidgets

from .plot_view import qMRMLPlotWidget
from .slice_view import qMRMLSliceWidget
from .table_view import qMRMLTableWidget
from .threed_view import qMRMLThreeDWidget

_VIEWS = {"vtkMRMLSliceNode": qMRMLSliceWidget, "vtkMRMLViewNode": qMRMLThreeDWidget,
          "vtkMRMLPlotViewNode": qMRMLPlotWidget, "vtkMRMLTableViewNode": qMRMLTableWidget}


class qSlicerSingletonViewFactory(QtCore.QObject):
    """Puts one widget at <tagName/> of a layout description."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._tag, self._widget = "", None

    def setTagName(self, tag):
        self._tag = tag

    def setWidget(self, widget):
        self._widget = widget

    def tagName(self):
        return self._tag

    def widget(self):
        return self._widget


class qSlicerLayoutManager(QtCore.QObject):
    """Builds the view widgets that the layout node describes."""

    layoutChanged = QtCore.Signal(int)

    def __init__(self, scene, app_logic):
        super().__init__()
        self._app_logic, self._views, self._factories = app_logic, {}, {}
        self._viewport, self._shown, self._paused = QtWidgets.QWidget(), None, False
        QtWidgets.QVBoxLayout(self._viewport).setContentsMargins(0, 0, 0, 0)
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLScene(scene)
        self._logic.GetLayoutNode().AddObserver("ModifiedEvent", self._rebuild)

    def _rebuild(self, *_):
        node = self._logic.GetLayoutNode()
        key = node.GetViewArrangement(), node.GetCurrentLayoutDescription()
        if key == self._shown or node.GetLayoutRootElement() is None:
            return
        self._shown = key
        for view in [*self._views.values(), *(factory.widget() for factory in self._factories.values())]:
            view.setParent(None)
        item = self._viewport.layout().takeAt(0)
        if item:
            item.widget().deleteLater()
        self._viewport.layout().addWidget(self._build(node.GetLayoutRootElement()))
        self.layoutChanged.emit(node.GetViewArrangement())

    def _build(self, element):
        kind = element.GetName()
        if kind == "view":
            return self._view(self._logic.GetViewFromElement(element))
        if kind != "layout":
            return self._factories[kind].widget() if kind in self._factories else QtWidgets.QLabel(f"no view <{kind}>")
        items = [element.GetNestedElement(i) for i in range(element.GetNumberOfNestedElements())]
        built = [(item, self._build(item.GetNestedElement(0))) for item in items if item.GetNumberOfNestedElements()]
        box = {"tab": _tabs, "grid": _grid}.get(element.GetAttribute("type"), _row)(element, built)
        for _, widget in built:
            widget.show()
        return box

    def _view(self, node):
        if node.GetID() not in self._views:
            cls = _VIEWS.get(node.GetClassName())
            if cls is None:
                return QtWidgets.QLabel(node.GetClassName() + " has no stand-in")
            widget = self._views[node.GetID()] = cls(node, self._app_logic)
            self._pause(widget)
        return self._views[node.GetID()]

    def _pause(self, widget):
        """Pause or go on as the other views do; tables and plots never pause."""
        if isinstance(widget, (qMRMLSliceWidget, qMRMLThreeDWidget)):
            picture = widget.sliceView() if isinstance(widget, qMRMLSliceWidget) else widget.threeDView()
            picture.setRenderPaused(self._paused)

    def _of(self, cls):
        return [widget for widget in self._views.values() if isinstance(widget, cls)]

    def viewport(self):
        return self._viewport

    def layoutLogic(self):
        return self._logic

    def mrmlScene(self):
        return self._logic.GetMRMLScene()

    def setLayout(self, number):
        """A number without a description stands for the conventional layout, as in qMRMLLayoutManager::setLayout."""
        node = self._logic.GetLayoutNode()
        if node.GetViewArrangement() != number:
            known = node.IsLayoutDescription(number)
            node.SetViewArrangement(number if known else slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView)

    def registerViewFactory(self, factory):
        self._factories[factory.tagName()] = factory

    def sliceViewNames(self):
        return tuple(widget.mrmlSliceNode().GetName() for widget in self._of(qMRMLSliceWidget))

    def sliceWidget(self, name):
        """By the name of the slice node, which the layout logic makes equal to its layout name."""
        return next((widget for widget in self._of(qMRMLSliceWidget) if widget.mrmlSliceNode().GetName() == name), None)

    def threeDWidget(self, name_or_index):
        """By the name of the view node, which is not its layout name: "View1" and "1"; or by its place among the 3D views."""
        widgets = self._of(qMRMLThreeDWidget)
        if isinstance(name_or_index, str):
            return next((widget for widget in widgets if widget.mrmlViewNode().GetName() == name_or_index), None)
        return widgets[name_or_index] if 0 <= name_or_index < len(widgets) else None

    def viewWidget(self, node):
        return self._views.get(node.GetID()) if node is not None else None

    def plotWidget(self, index):
        return next(iter(self._of(qMRMLPlotWidget)[index:index + 1]), None)

    def tableWidget(self, index):
        return next(iter(self._of(qMRMLTableWidget)[index:index + 1]), None)

    def mrmlSliceLogics(self):
        return self._app_logic.GetSliceLogics()

    def resetSliceViews(self):
        for widget in self._of(qMRMLSliceWidget):
            widget.fitSliceToBackground()

    def resetThreeDViews(self):
        for widget in self._of(qMRMLThreeDWidget):
            widget.threeDView().resetFocalPoint()

    def setRenderPaused(self, paused):
        self._paused = paused
        for widget in self._views.values():
            self._pause(widget)

    layout = property(lambda self: self._logic.GetLayoutNode().GetViewArrangement(), setLayout)
    threeDViewCount = property(lambda self: len(self._of(qMRMLThreeDWidget)))
    plotViewCount = property(lambda self: len(self._of(qMRMLPlotWidget)))
    tableViewCount = property(lambda self: len(self._of(qMRMLTableWidget)))


def _tabs(element, built):
    box = QtWidgets.QTabWidget()
    for item, widget in built:
        box.addTab(widget, item.GetAttribute("name") or "")
    return box


def _grid(element, built):
    box = QtWidgets.QWidget()
    grid = QtWidgets.QGridLayout(box)
    grid.setContentsMargins(0, 0, 0, 0)
    for item, widget in built:
        grid.addWidget(widget, *(int(item.GetAttribute(name) or default) for name, default in (
            ("row", 0), ("column", 0), ("rowspan", 1), ("colspan", 1))))
    return box


def _row(element, built):
    """Items beside or above each other, with handles between them if the description says split="true".

    As ctkLayoutManager does it: the sizes of the parts are set only if one is given, and then they are proportions.
    """
    vertical = element.GetAttribute("type") == "vertical"
    if element.GetAttribute("split") != "true":
        box = QtWidgets.QWidget()
        row = QtWidgets.QVBoxLayout(box) if vertical else QtWidgets.QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for _, widget in built:
            row.addWidget(widget)
        return box
    box = QtWidgets.QSplitter(QtCore.Qt.Orientation.Vertical if vertical else QtCore.Qt.Orientation.Horizontal)
    for _, widget in built:
        box.addWidget(widget)
    sizes = [int(item.GetAttribute("splitSize") or 0) for item, _ in built]
    if any(sizes):
        box.setSizes(sizes)
    return box
