"""Stand-ins for the qMRML widgets that module code and .ui files name."""
import slicer
import slicer.util
from PySide6 import QtCore, QtWidgets

Signal = QtCore.Signal


class qMRMLWidget(QtWidgets.QWidget):
    """A widget that hands its scene on to the widgets inside (a .ui file's connections can not be made in PySide6)."""

    mrmlSceneChanged = Signal(object)

    def setMRMLScene(self, scene):
        self._scene = scene
        for child in self.findChildren(QtWidgets.QWidget):
            if hasattr(child, "setMRMLScene"):
                child.setMRMLScene(scene)
        self.mrmlSceneChanged.emit(scene)

    def mrmlScene(self):
        return getattr(self, "_scene", None)


class qSlicerWidget(qMRMLWidget):
    """The same for Slicer's own widgets."""


class qMRMLNodeComboBox(QtWidgets.QComboBox):
    """Selects a node of the scene; without the menu to create, rename and delete nodes."""

    currentNodeChanged, currentNodeIDChanged, nodeAddedByUser = Signal(object), Signal(str), Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene, self._tags, self._attributes = None, [], []
        self._options = {"nodeTypes": (), "noneEnabled": False, "noneDisplay": "None", "showHidden": False,
                         "showChildNodeTypes": True, "addEnabled": True, "removeEnabled": True, "renameEnabled": False,
                         "editEnabled": False, "selectNodeUponCreation": True}
        self.currentIndexChanged.connect(self._emit)

    def setMRMLScene(self, scene):
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene = scene
        self._tags = [scene.AddObserver(event, self._fill) for event in (
            scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndImportEvent, scene.EndCloseEvent,
            scene.EndBatchProcessEvent)] if scene else []
        self._fill()

    def mrmlScene(self):
        return self._scene

    def _fill(self, *_):
        wanted, options = self.currentData(), self._options
        self.blockSignals(True)
        self.clear()
        if options["noneEnabled"]:
            self.addItem(options["noneDisplay"], "")
        for kind in options["nodeTypes"] if self._scene else ():
            for node in slicer.util.getNodesByClass(kind, self._scene):
                if self._accepts(node, kind):
                    self.addItem(node.GetName() or node.GetID(), node.GetID())
        self.setCurrentIndex(max(0, self.findData(wanted)))
        self.blockSignals(False)
        if self.currentData() != wanted:
            self._emit()

    def _accepts(self, node, kind):
        return ((self._options["showHidden"] or not node.GetHideFromEditors())
                and (self._options["showChildNodeTypes"] or node.GetClassName() == kind)
                and all(node.GetAttribute(name) == value for name, value in self._attributes))

    def _emit(self, *_):
        self.currentNodeChanged.emit(self.currentNode())
        self.currentNodeIDChanged.emit(self.currentNodeID)

    def addAttribute(self, node_type, name, value=None):
        self._attributes.append((name, value))
        self._fill()

    def currentNode(self):
        return self._scene.GetNodeByID(self.currentData()) if self._scene and self.currentData() else None

    def setCurrentNode(self, node):
        self.setCurrentNodeID(node.GetID() if node else "")

    def setCurrentNodeID(self, node_id):
        self.setCurrentIndex(self.findData(node_id or ""))

    def addNode(self, kind=None):
        node = self._scene.AddNewNodeByClass(kind or self._options["nodeTypes"][0])
        self.setCurrentNode(node)
        return node

    def nodeCount(self):
        return self.count() - int(self._options["noneEnabled"])

    currentNodeID = property(lambda self: self.currentData() or "", setCurrentNodeID)


def _option(name):
    def put(self, value):
        self._options[name] = value
        self._fill()

    return property(lambda self: self._options[name], put)


for _name in ("nodeTypes", "noneEnabled", "noneDisplay", "showHidden", "showChildNodeTypes", "addEnabled", "removeEnabled",
              "renameEnabled", "editEnabled", "selectNodeUponCreation"):
    setattr(qMRMLNodeComboBox, _name, _option(_name))

QMRML = {cls.__name__: cls for cls in (qMRMLWidget, qSlicerWidget, qMRMLNodeComboBox)}
