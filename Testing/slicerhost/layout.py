"""Stand-ins for Slicer's layout manager and the factory that puts one widget into a layout."""
import slicer
from PySide6 import QtCore, QtWidgets

from .slice_view import qMRMLSliceWidget
from .threed_view import qMRMLThreeDWidget

_VIEWS = {"vtkMRMLSliceNode": qMRMLSliceWidget, "vtkMRMLViewNode": qMRMLThreeDWidget}


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
            self._picture(widget).setRenderPaused(self._paused)
        return self._views[node.GetID()]

    @staticmethod
    def _picture(widget):
        return widget.sliceView() if isinstance(widget, qMRMLSliceWidget) else widget.threeDView()

    def _of(self, cls):
        return [widget for widget in self._views.values() if isinstance(widget, cls)]

    def viewport(self):
        return self._viewport

    def layoutLogic(self):
        return self._logic

    def mrmlScene(self):
        return self._logic.GetMRMLScene()

    def setLayout(self, number):
        self._logic.GetLayoutNode().SetViewArrangement(number)

    def registerViewFactory(self, factory):
        self._factories[factory.tagName()] = factory

    def sliceViewNames(self):
        return tuple(widget.sliceViewName for widget in self._of(qMRMLSliceWidget))

    def sliceWidget(self, name):
        return next((widget for widget in self._of(qMRMLSliceWidget) if widget.sliceViewName == name), None)

    def threeDWidget(self, index):
        widgets = self._of(qMRMLThreeDWidget)
        if isinstance(index, str):
            return next((widget for widget in widgets if widget.mrmlViewNode().GetName() == index), None)
        return widgets[index] if index < len(widgets) else None

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
            self._picture(widget).setRenderPaused(paused)

    layout = property(lambda self: self._logic.GetLayoutNode().GetViewArrangement(), setLayout)
    threeDViewCount = property(lambda self: len(self._of(qMRMLThreeDWidget)))
    tableViewCount = plotViewCount = property(lambda self: 0)


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
