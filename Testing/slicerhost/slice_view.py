"""Stand-ins for Slicer's slice view, its bar and the widget that holds both."""
import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets

from .controller_bar import ControllerBar
from .render_view import RenderView

_TICKS_PER_MM, _NARROWEST = 100, 318
#: not that of models: when a scene is closed each slice view makes its own model anew, and each would be told to all views;
#: nor those of tensors and of color legends, which no CT has: each is told of every node that comes and goes
_MANAGERS = ("vtkMRMLCrosshairDisplayableManager", "vtkMRMLOrientationMarkerDisplayableManager",
             "vtkMRMLRulerDisplayableManager", "vtkMRMLSegmentationsDisplayableManager2D", "vtkMRMLMarkupsDisplayableManager")


class qMRMLSliceView(RenderView):
    """The picture of one slice, with its slice logic."""

    def __init__(self, node, app_logic, parent=None):
        super().__init__(parent)
        self._renderer.GetActiveCamera().ParallelProjectionOn()
        overlay = vtk.vtkRenderer()
        overlay.SetLayer(1)
        overlay.GetActiveCamera().ParallelProjectionOn()
        self._window.SetNumberOfLayers(2)
        self._window.SetAlphaBitPlanes(1)
        self._window.AddRenderer(overlay)
        self._add_picture()
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        self._add_managers(factory, [name for name in _MANAGERS if hasattr(slicer, name)])
        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLApplicationLogic(app_logic)
        self._logic.SetMRMLScene(node.GetScene())
        self._logic.SetSliceNode(node)
        self._logic.SetDisplayableManagerGroup(self._managers)
        app_logic.GetSliceLogics().AddItem(self._logic)
        self._managers.SetMRMLDisplayableNode(node)
        self._logic.AddObserver("ModifiedEvent", self._on_logic)
        self._style = slicer.vtkMRMLSliceViewInteractorStyle()
        self._style.SetSliceLogic(self._logic)
        self._style.SetDisplayableManagers(self._managers)
        self._interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())
        self._interactor.Initialize()
        self._style.SetInteractor(self._interactor)

    def _add_picture(self):
        """The picture goes in before any displayable manager adds its actors: else markups blend against black."""
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        self._actor = vtk.vtkActor2D()
        self._actor.SetMapper(self._mapper)
        self._actor.GetProperty().SetDisplayLocationToBackground()
        self._actor.VisibilityOff()
        self._renderer.AddViewProp(self._actor)

    def _on_logic(self, *_):
        connection = self._logic.GetImageDataConnection()
        if connection is None:
            self._mapper.RemoveAllInputConnections(0)
        else:
            self._mapper.SetInputConnection(connection)
        self._actor.SetVisibility(connection is not None)
        self.scheduleRender()

    def mrmlSliceNode(self):
        return self._logic.GetSliceNode()

    def sliceViewInteractorStyle(self):
        return self._style

    def _resize_window(self):
        super()._resize_window()
        self._logic.ResizeSliceNode(*self._window.GetSize())


class _ElidedLabel(QtWidgets.QLabel):
    """A label that ends in an ellipsis when there is no room for all of its text."""

    def paintEvent(self, event):
        painter = QtGui.QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), QtCore.Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), QtCore.Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()


class qMRMLSliceControllerWidget(ControllerBar):
    """The colored bar above a slice view: name, offset slider, offset, volume."""

    def __init__(self, node, logic, parent=None):
        super().__init__(_NARROWEST, parent)
        self._node, self._logic = node, logic
        self._slider, self._text = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal), _ElidedLabel()
        self._slider.setMinimumWidth(_NARROWEST // 2)
        for widget in (self._slider, self._text):
            self._row.addWidget(widget, 1)
        self._text.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        self._slider.valueChanged.connect(lambda value: self.setSliceOffsetValue(value / _TICKS_PER_MM))
        node.AddObserver("ModifiedEvent", self._update)
        logic.AddObserver("ModifiedEvent", self._update)

    def showEvent(self, event):
        self._update()

    def mrmlSliceNode(self):
        return self._node

    def sliceLogic(self):
        return self._logic

    def fitSliceToBackground(self):
        self._logic.StartSliceNodeInteraction(slicer.vtkMRMLSliceNode.ResetFieldOfViewFlag)
        self._logic.FitSliceToBackground()
        self._logic.EndSliceNodeInteraction()

    def setSliceLink(self, linked):
        """Link or unlink all slice views, as Slicer's button does."""
        for node in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
            node.SetLinkedControl(linked)

    def setSliceOffsetValue(self, offset):
        self._logic.StartSliceOffsetInteraction()
        self._logic.SetSliceOffset(offset)
        self._logic.EndSliceOffsetInteraction()

    def _update(self, *_):
        if not self.isVisible():                        # told of every change of the node and of the logic
            return
        bounds, step = [0.0, 0.0], vtk.reference(1.0)
        self._logic.GetSliceOffsetRangeResolution(bounds, step)
        offset = self._logic.GetSliceOffset()
        self._slider.blockSignals(True)
        self._slider.setRange(round(bounds[0] * _TICKS_PER_MM), round(bounds[1] * _TICKS_PER_MM))
        self._slider.setSingleStep(max(1, round(float(step) * _TICKS_PER_MM)))
        self._slider.setValue(round(offset * _TICKS_PER_MM))
        self._slider.blockSignals(False)
        volume = self._node.GetScene().GetNodeByID(self._logic.GetSliceCompositeNode().GetBackgroundVolumeID() or "")
        self._text.setText(f"{self._node.GetOrientation()[:1]}: {offset:.1f} mm  {volume.GetName() if volume else ''}")
        self._show_node(self._node)


class qMRMLSliceWidget(QtWidgets.QWidget):
    """A slice view under its bar."""

    def __init__(self, node, app_logic, parent=None):
        super().__init__(parent)
        self.setObjectName("qMRMLSliceWidget" + node.GetLayoutName())
        self._view = qMRMLSliceView(node, app_logic, self)
        self._controller = qMRMLSliceControllerWidget(node, self._view._logic, self)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._controller)
        column.addWidget(self._view, 1)

    def sliceView(self):
        return self._view

    def sliceController(self):
        return self._controller

    def sliceLogic(self):
        return self._view._logic

    def mrmlSliceNode(self):
        return self._view.mrmlSliceNode()

    def mrmlSliceCompositeNode(self):
        return self._view._logic.GetSliceCompositeNode()

    def interactorStyle(self):
        return self._view._style

    def fitSliceToBackground(self):
        self._controller.fitSliceToBackground()

    sliceViewName = property(lambda self: self.mrmlSliceNode().GetLayoutName())
