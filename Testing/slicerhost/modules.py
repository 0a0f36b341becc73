"""slicer.modules: the logics of slicer-core as modules, and scripted modules loaded from their .py file."""
import importlib
import os
import sys
import types

import slicer
from PySide6 import QtCore, QtGui, QtWidgets

from .qmrml_widgets import qMRMLWidget

#: modules of slicer-core that have a logic: name in Slicer -> class
LOGICS = {"Cameras": "vtkSlicerCamerasModuleLogic", "Colors": "vtkSlicerColorLogic", "CropVolume": "vtkSlicerCropVolumeLogic",
          "Markups": "vtkSlicerMarkupsLogic", "Models": "vtkSlicerModelsLogic", "Plots": "vtkSlicerPlotsLogic",
          "Segmentations": "vtkSlicerSegmentationsModuleLogic", "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
          "Tables": "vtkSlicerTablesLogic", "Texts": "vtkSlicerTextsLogic", "Transforms": "vtkSlicerTransformLogic",
          "VolumeRendering": "vtkSlicerVolumeRenderingLogic", "Volumes": "vtkSlicerVolumesLogic"}

_loaded = {}


def _stored(name, default):
    return property(lambda self: getattr(self, "_" + name, default), lambda self, value: setattr(self, "_" + name, value))


class qSlicerLoadableModule(QtCore.QObject):
    """slicer.modules.<name> of a module of slicer-core: only its logic."""

    def __init__(self, name, logic=None, path=""):
        super().__init__()
        self._name, self._logic, self._path, self._panel = name, logic, path, None
        _loaded[name] = self
        setattr(slicer.modules, name.lower(), self)
        setattr(slicer.moduleNames, name, name)

    def logic(self):
        return self._logic

    def widgetRepresentation(self):
        raise NotImplementedError(f"slicerhost has no GUI of the module {self._name}")

    name = property(lambda self: self._name)
    path = property(lambda self: self._path)


class qSlicerScriptedLoadableModule(qSlicerLoadableModule):
    """slicer.modules.<name> of a scripted module, which its Python class fills in."""

    def widgetRepresentation(self):
        if self._panel is None:
            self._panel = qSlicerScriptedLoadableModuleWidget(self)
            self._panel._create()
        return self._panel


for _name, _default in (("title", ""), ("helpText", ""), ("acknowledgementText", ""), ("categories", ()), ("dependencies", ()),
                        ("contributors", ()), ("hidden", False), ("associatedNodeTypes", ()), ("icon", QtGui.QIcon())):
    setattr(qSlicerLoadableModule, _name, _stored(_name, _default))


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The place of a scripted module's GUI: self.parent of its widget class."""

    def __init__(self, module):
        super().__init__()
        QtWidgets.QVBoxLayout(self)
        self._module, self._widget, self._entered = module, None, False

    def _create(self):
        source = sys.modules[self._module.name]
        self._widget = getattr(source, self._module.name + "Widget")(self)
        setattr(slicer.modules, self._module.name + "Widget", self._widget)
        self._widget.setup()
        self.setMRMLScene(slicer.mrmlScene)

    def self(self):
        return self._widget

    def module(self):
        return self._module

    def reload(self):
        """Make the widget anew from the module's present source, for slicer.util.reloadScriptedModule()."""
        self._create()

    def enter(self):
        if not self._entered:
            self._entered = True
            self._widget.enter()

    def exit(self):
        if self._entered:
            self._entered = False
            self._widget.exit()

    isEntered = property(lambda self: self._entered)
    moduleName = property(lambda self: self._module.name)


class qSlicerModuleManager(QtCore.QObject):
    """slicer.app.moduleManager()"""

    moduleAboutToBeUnloaded, moduleLoaded = QtCore.Signal(str), QtCore.Signal(str)

    def module(self, name):
        return _loaded.get(name)

    def modulesNames(self):
        return tuple(_loaded)

    def factoryManager(self):
        return types.SimpleNamespace(
            loadedModuleNames=self.modulesNames, registerModule=self._register, isRegistered=lambda name: name in self._files(),
            loadModules=self._load)

    def _files(self):
        return self.__dict__.setdefault("_registered", {})

    def _register(self, file):
        """A file that is not there is not registered, and nothing is said, as in Slicer."""
        if file.isFile():
            self._files()[file.completeBaseName()] = file.absoluteFilePath()

    def _load(self, names):
        for name in names:
            load_module(self._files()[name])
        return True

    def _unload_all(self):
        for name in _loaded:
            self.moduleAboutToBeUnloaded.emit(name)


def add_core_modules(app_logic):
    """Fill slicer.modules with the logics of slicer-core."""
    for name, cls in LOGICS.items():
        logic = getattr(slicer, cls)()
        logic.SetMRMLApplicationLogic(app_logic)
        logic.SetMRMLScene(slicer.mrmlScene)
        app_logic.SetModuleLogic(name, logic)
        qSlicerLoadableModule(name, logic)


def load_module(path):
    """Load a scripted module from its .py file; returns slicer.modules.<name>. Loading it again returns the same."""
    path = os.path.abspath(path)
    folder, name = os.path.dirname(path), os.path.basename(path).removesuffix(".py")
    if name in _loaded:
        return _loaded[name]
    if folder not in sys.path:
        sys.path.insert(0, folder)
    source = importlib.import_module(name)
    module = qSlicerScriptedLoadableModule(name, path=path)
    setattr(slicer.modules, name + "Instance", getattr(source, name)(module))
    slicer.app.moduleManager().moduleLoaded.emit(name)
    return module


def select_module(name):
    """Make a module the current one, with the enter() and exit() calls of Slicer; returns its panel."""
    if name not in _loaded:
        raise RuntimeError(f"there is no module {name}; loaded are {', '.join(_loaded)}")
    panel = _loaded[name].widgetRepresentation()
    for other in _loaded.values():
        if other._panel is not None and other._panel is not panel:
            other._panel.exit()
    panel.enter()
    return panel
