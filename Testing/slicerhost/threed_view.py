"""Stand-ins for Slicer's 3D view and the widget that holds it."""
import slicer
import vtk
from PySide6 import QtWidgets

from .controller_bar import ControllerBar
from .render_view import RenderView

_NARROWEST = 125
_MANAGERS = ("vtkMRMLCameraDisplayableManager", "vtkMRMLViewDisplayableManager", "vtkMRMLModelDisplayableManager",
             "vtkMRMLCrosshairDisplayableManager3D", "vtkMRMLOrientationMarkerDisplayableManager",
             "vtkMRMLRulerDisplayableManager", "vtkMRMLSegmentationsDisplayableManager3D", "vtkMRMLMarkupsDisplayableManager")


class qMRMLThreeDView(RenderView):
    """The picture of one 3D view, with its view logic."""

    def __init__(self, node, app_logic, parent=None):
        super().__init__(parent)
        self._renderer.SetUseDepthPeeling(True)
        self._renderer.GradientBackgroundOn()
        self._add_managers(slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance(), _MANAGERS)
        self._style = slicer.vtkMRMLThreeDViewInteractorStyle()
        self._style.SetDisplayableManagers(self._managers)
        self._interactor.SetInteractorStyle(vtk.vtkInteractorStyle3D())
        self._interactor.Initialize()
        self._style.SetInteractor(self._interactor)
        self._logic = slicer.vtkMRMLViewLogic()
        self._logic.SetMRMLApplicationLogic(app_logic)
        self._logic.SetMRMLScene(node.GetScene())
        self._logic.AddViewNode(node.GetLayoutName())
        app_logic.GetViewLogics().AddItem(self._logic)
        self._node = node
        self._managers.SetMRMLDisplayableNode(node)
        self._show_models_at_once(node.GetScene())

    def _show_models_at_once(self, scene):
        """After a scene was closed every slice view makes its model anew: show them together, not all again after each."""
        models = self.displayableManagerByClassName("vtkMRMLModelDisplayableManager")
        scene.AddObserver(scene.EndCloseEvent, lambda *_: models.SetMRMLScene(None), 1.0)              # before any other
        scene.AddObserver(scene.EndBatchProcessEvent, lambda *_: models.SetMRMLScene(scene), -1.0)     # after all others

    def mrmlViewNode(self):
        return self._node

    def cameraNode(self):
        return self.displayableManagerByClassName("vtkMRMLCameraDisplayableManager").GetCameraNode()

    def resetFocalPoint(self):
        """Center and fit what is shown, without the view's own box and axis labels."""
        bounds, node = [0.0] * 6, self._node
        box, labels = node.GetBoxVisible(), node.GetAxisLabelsVisible()
        node.SetBoxVisible(0)
        node.SetAxisLabelsVisible(0)
        self._renderer.ComputeVisiblePropBounds(bounds)
        node.SetBoxVisible(box)
        node.SetAxisLabelsVisible(labels)
        node.InvokeEvent(slicer.vtkMRMLViewNode.ResetFocalPointRequestedEvent)
        if bounds[0] <= bounds[1]:
            self._renderer.ResetCamera(bounds)
        self.scheduleRender()

    def rotateToViewAxis(self, axis):
        self.cameraNode().RotateTo(axis)
        self.scheduleRender()


class qMRMLThreeDViewControllerWidget(ControllerBar):
    """The colored bar above a 3D view: its name."""

    def __init__(self, node, parent=None):
        super().__init__(_NARROWEST, parent)
        self._node = node
        self._row.addStretch(1)
        node.AddObserver("ModifiedEvent", self._update)
        self._update()

    def mrmlThreeDViewNode(self):
        return self._node

    def _update(self, *_):
        self._show_node(self._node)


class qMRMLThreeDWidget(QtWidgets.QWidget):
    """A 3D view under its bar."""

    def __init__(self, node, app_logic, parent=None):
        super().__init__(parent)
        self.setObjectName("qMRMLThreeDWidget" + node.GetLayoutName())
        self._view = qMRMLThreeDView(node, app_logic, self)
        self._controller = qMRMLThreeDViewControllerWidget(node, self)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._controller)
        column.addWidget(self._view, 1)

    def threeDView(self):
        return self._view

    def threeDController(self):
        return self._controller

    def viewLogic(self):
        return self._view._logic

    def mrmlViewNode(self):
        return self._view.mrmlViewNode()
