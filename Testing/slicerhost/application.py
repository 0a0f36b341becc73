"""Stand-in for slicer.app: the scene's logics, paths, settings, layout and managers."""
import atexit
import os
import pathlib
import shutil
import tempfile
import types

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from .io_manager import qSlicerCoreIOManager
from .layout import qSlicerLayoutManager
from .modules import add_core_modules, qSlicerModuleManager

_VERSION = (5, 13)


class qSlicerApplication(QtWidgets.QApplication):
    """slicer.app; in testing mode there are no modal dialogs, and the user's settings are not touched."""

    startupCompleted = QtCore.Signal()
    majorVersion, minorVersion, revision, repositoryRevision = *_VERSION, "host", "host"
    documentationBaseUrl = "https://slicer.readthedocs.io/en/latest/"

    def __init__(self, arguments, testing):
        super().__init__(arguments)
        self._testing, self._pauses, self._has_main_window = testing, 0, True
        self._temporary = tempfile.mkdtemp(prefix="slicerhost-")
        atexit.register(shutil.rmtree, self._temporary, ignore_errors=True)
        QtCore.QSettings.setDefaultFormat(QtCore.QSettings.Format.IniFormat)
        if testing:
            self.setCursorFlashTime(0)                  # a picture does not depend on when it is taken
            QtCore.QSettings.setPath(QtCore.QSettings.Format.IniFormat, QtCore.QSettings.Scope.UserScope, self._temporary)
        self.setOrganizationName("slicerhost")
        self.setApplicationName("Slicer")
        self.setApplicationVersion(".".join(map(str, _VERSION)))
        self._options = types.SimpleNamespace(runPythonAndExit=False)
        self._io, self._modules = qSlicerCoreIOManager(), qSlicerModuleManager()
        atexit.register(self._modules._unload_all)          # after the last window, before Qt itself ends

    def _start(self):
        """Set up the logics; the order matters: the application logic is known before the scene is filled."""
        self._logic = slicer.vtkSlicerApplicationLogic()
        self._add_crosshair()
        self._logic.SetMRMLScene(slicer.mrmlScene)
        self._add_colors()
        self._logic.SetSliceLogics(vtk.vtkCollection())
        self._logic.SetViewLogics(vtk.vtkCollection())
        slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance().SetMRMLApplicationLogic(self._logic)
        slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance().SetMRMLApplicationLogic(self._logic)
        self._add_scene_io()
        add_core_modules(self._logic)
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(slicer.mrmlScene, True)
        self._layout = qSlicerLayoutManager(slicer.mrmlScene, self._logic)
        self._layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)

    @staticmethod
    def _add_crosshair():
        crosshair = slicer.vtkMRMLCrosshairNode()
        crosshair.SetCrosshairName("default")
        slicer.mrmlScene.AddNode(crosshair)

    def _add_colors(self):
        (pathlib.Path(self._temporary) / "share" / "ColorFiles").mkdir(parents=True)
        self._logic.SetTemporaryPath(self._temporary)
        self._logic.SetHomeDirectory(self._temporary)
        self._logic.SetShareDirectory("share")
        self._logic.GetColorLogic().SetMRMLScene(slicer.mrmlScene)
        self._logic.GetColorLogic().AddDefaultColorNodes()

    def _add_scene_io(self):
        """Reading .mrb files needs the logics for remote files too."""
        self._remote, self._data_io = slicer.vtkMRMLRemoteIOLogic(), slicer.vtkDataIOManagerLogic()
        cache = self._remote.GetCacheManager()
        cache.CreateSentinelFileInDirectory(self._temporary)
        cache.SetRemoteCacheDirectory(self._temporary)
        self._data_io.SetMRMLApplicationLogic(self._logic)
        self._data_io.SetAndObserveDataIOManager(self._remote.GetDataIOManager())
        self._logic.SetMRMLSceneDataIO(slicer.mrmlScene, self._remote, self._data_io)

    def mrmlScene(self):
        return slicer.mrmlScene

    def applicationLogic(self):
        return self._logic

    def moduleLogic(self, name):
        return self._logic.GetModuleLogic(name)

    def layoutManager(self):
        """None without a main window, as in Slicer."""
        return self._layout if self._has_main_window else None

    def _run_at_start(self, script):
        """Call a function in the event loop; in testing mode that ends the application, unless slicer.util.exit() does."""
        self._options.runPythonAndExit = self._testing

        def run():
            script()
            if self._options.runPythonAndExit:
                self.exit(0)

        QtCore.QTimer.singleShot(0, run)

    def coreIOManager(self):
        return self._io

    def ioManager(self):
        return self._io

    def moduleManager(self):
        return self._modules

    def commandOptions(self):
        return self._options

    def settings(self):
        return QtCore.QSettings()

    def userSettings(self):
        return QtCore.QSettings()

    def testingEnabled(self):
        return self._testing

    def moduleDocumentationUrl(self, name):
        return self.documentationBaseUrl + "user_guide/modules/" + name.lower() + ".html"

    def translate(self, context, text):
        return text

    def pauseRender(self):
        self._pauses += 1
        self._layout.setRenderPaused(True)

    def resumeRender(self):
        self._pauses -= 1
        self._layout.setRenderPaused(self._pauses > 0)

    temporaryPath = property(lambda self: self._temporary)
    defaultTemporaryPath = property(lambda self: self._temporary)
    cachePath = property(lambda self: os.path.join(self._temporary, "cache"))
    slicerHome = property(lambda self: self._temporary)
