"""A small scripted module in the template's style, by which the host is tested."""
import enum
from typing import Annotated

import slicer
import vtk
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import *  # noqa: F403
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin


class Direction(enum.Enum):
    """A parameter with two values."""

    MOST = "most"
    LEAST = "least"


@parameterNodeWrapper
class HostExampleParameterNode:
    """State of the module."""

    count: Annotated[int, WithinRange(1, 20)] = 5
    direction: Direction = Direction.MOST
    search: str = "P-1"
    shown: bool = True
    volume: slicer.vtkMRMLScalarVolumeNode


class HostExample(ScriptedLoadableModule):
    """Describes the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = "Host example"
        self.parent.categories = ["Testing"]


class HostExampleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel, with a record of what was called."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.calls = []

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/HostExample.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.ui.applyButton.connect("clicked(bool)", self.onApply)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneClosed)
        self.parameters = HostExampleParameterNode(HostExampleLogic().getParameterNode())
        self.guiTag = self.parameters.connectGui(self.ui)

    def cleanup(self):
        self.calls.append("cleanup")
        self.parameters.disconnectGui(self.guiTag)
        self.removeObservers()

    def enter(self):
        self.calls.append("enter")

    def exit(self):
        self.calls.append("exit")

    def onApply(self):
        self.calls.append("apply")

    def onSceneClosed(self, caller, event):
        self.calls.append("closed")


class HostExampleLogic(ScriptedLoadableModuleLogic):
    """Makes a volume."""

    def makeVolume(self, array, name="Volume"):
        volume = slicer.util.addVolumeFromArray(array, vtk.vtkMatrix4x4(), name)
        volume.CreateDefaultDisplayNodes()
        return volume


class HostExampleTest(ScriptedLoadableModuleTest):
    """The module's self-test."""

    def test_parameter_node(self):
        self.assertEqual(HostExampleLogic().getParameterNode().GetAttribute("ModuleName"), "HostExample")
