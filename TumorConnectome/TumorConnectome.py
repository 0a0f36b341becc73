"""TumorConnectome: which lung tumors look alike, and are they? A 3D Slicer scripted module."""
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import *
from slicer.util import VTKObservationMixin

from TumorConnectomeLib.panel.panel import Panel
from TumorConnectomeLib.panel.parameters import TumorConnectomeParameterNode
from TumorConnectomeLib.panel.sample_data import register_sample_data
from TumorConnectomeLib.panel.sections import load_sections
from TumorConnectomeLib.panel.self_tests.arrangement_stories import ArrangementStories
from TumorConnectomeLib.panel.self_tests.database_stories import DatabaseStories
from TumorConnectomeLib.panel.self_tests.embedding_stories import EmbeddingStories
from TumorConnectomeLib.panel.self_tests.evaluation_stories import EvaluationStories
from TumorConnectomeLib.panel.self_tests.graph_stories import GraphStories
from TumorConnectomeLib.panel.self_tests.image_stories import ImageStories
from TumorConnectomeLib.panel.self_tests.story_test import StoryTest
from TumorConnectomeLib.panel.self_tests.study_stories import StudyStories
from TumorConnectomeLib.scene.view_layouts import register_layouts

#
# TumorConnectome
#


class TumorConnectome(ScriptedLoadableModule):
    """Name, place and help of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("Tumor Connectome")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Informatics")]
        self.parent.dependencies = []
        self.parent.contributors = ["TumorConnectome developers"]
        self.parent.helpText = _(
            "Shows which lung tumors are alike according to foundation-model embeddings of CT, as a graph of patients, and "
            "loads the CT and the annotated tumor of a patient and of a neighbor side by side. "
            "For research and teaching; not for diagnostic use.")
        self.parent.helpText += self.getDefaultModuleDocumentationLink()
        self.parent.acknowledgementText = _(
            "Embeddings: NLST-Sybil tumor connectome. Images and annotations: National Lung Screening Trial and NLST-Sybil, "
            "from NCI Imaging Data Commons (CC BY 4.0).")
        slicer.app.connect("startupCompleted()", self.registerSampleData)

    def registerSampleData(self):
        """Offer the cohorts in the module Sample Data, as soon as Slicer has started."""
        register_sample_data(self.resourcePath)


#
# TumorConnectomeWidget
#


class TumorConnectomeWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Life cycle of the panel and its parameter node; what the panel does is in TumorConnectomeLib.panel."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.panel = None
        self.uiWidget = None
        self._parameterNode = None
        self._parameterNodeGuiTag = None

    def setup(self):
        """Build the panel when the module is opened the first time."""
        ScriptedLoadableModuleWidget.setup(self)
        self.uiWidget = slicer.util.loadUI(self.resourcePath("UI/TumorConnectome.ui"))
        load_sections(self.uiWidget, self.resourcePath)
        self.layout.addWidget(self.uiWidget)
        self.ui = slicer.util.childWidgetVariables(self.uiWidget)
        self.uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = TumorConnectomeLogic()
        register_layouts(self.resourcePath("Layouts"))
        self.panel = Panel(self.ui, self.resourcePath)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        if self.parent.isEntered:                       # a reload does not enter the module again
            self.initializeParameterNode()

    def cleanup(self):
        """Called before the module is unloaded or reloaded, and when the application closes."""
        if self.panel is not None:                      # None when the setup failed
            self.panel.cleanup()
            self.setParameterNode(None)
        self.removeObservers()

    def enter(self):
        """Called each time the user opens the module."""
        self.initializeParameterNode()
        self.panel.compare.display.showLayout()

    def exit(self):
        """Called each time the user opens another module, and before the application saves how its window looks."""
        if self.panel is not None:                      # None when the setup failed
            self.panel.study.display.leave(atOnce=True)

    def onReload(self):
        """Developer mode: reload the library together with this file."""
        from TumorConnectomeLib.panel.reloading import forget_library

        forget_library()
        ScriptedLoadableModuleWidget.onReload(self)
        self.uiWidget.deleteLater()                     # Slicer only hides it

    def onSceneStartClose(self, caller, event):
        """The parameter node is about to be reset."""
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        """A new, empty scene: the window belongs to the connectome again."""
        register_layouts(self.resourcePath("Layouts"))
        if self.parent.isEntered:
            self.initializeParameterNode()
            self.panel.compare.display.showLayout()

    def onSceneEndImport(self, caller, event):
        """A scene was loaded: its state replaces ours."""
        register_layouts(self.resourcePath("Layouts"))
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self):
        """Make sure that the parameter node exists and is observed."""
        self.setParameterNode(self.logic.getParameterNode())

    def setParameterNode(self, parameterNode):
        """Observe another parameter node, or none."""
        if self._parameterNode is not None:
            self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self.removeObserver(self._parameterNode.parameterNode, vtk.vtkCommand.ModifiedEvent, self.panel.changes.onModified)
        self._parameterNode = parameterNode
        if parameterNode is not None:
            self._parameterNodeGuiTag = parameterNode.connectGui(self.ui)
            self.addObserver(parameterNode.parameterNode, vtk.vtkCommand.ModifiedEvent, self.panel.changes.onModified)
        self.panel.setParameters(parameterNode)


#
# TumorConnectomeLogic
#


class TumorConnectomeLogic(ScriptedLoadableModuleLogic):
    """State of the module in the scene; the computations are in TumorConnectomeLib.core and TumorConnectomeLib.imaging."""

    def getParameterNode(self):
        """The state, created in the scene when it is not there yet: TumorConnectomeParameterNode."""
        return TumorConnectomeParameterNode(super().getParameterNode())


#
# TumorConnectomeTest
#


class TumorConnectomeTest(GraphStories, ArrangementStories, ImageStories, DatabaseStories, EmbeddingStories, EvaluationStories,
                          StudyStories, StoryTest, ScriptedLoadableModuleTest):
    """The module's self-test: `slicer.selfTests`, ctest and pytest run it. The stories are in module/self_tests/.

    They are not named test_...: ctest's loader would run each for itself, without what runTest keeps for the user.
    """

    def runTest(self, names=()):
        """Run every story, or those of some names; the application is afterwards as it was before."""
        stories = {name: getattr(self, name) for name in dir(self) if name.startswith("story_")}
        self.runStories([story for name, story in stories.items() if not names or name.removeprefix("story_") in names])
