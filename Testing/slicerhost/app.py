"""Starts the host: the parts of Slicer that slicer-core lacks, so that Slicer-style modules can be imported and run."""
import os
import sys
import types

from .slicer_import import slicer  # before any other import of it

__all__ = ["MainWindow", "load_module", "select_module", "start"]


def start(testing=True, arguments=()):
    """Start the application; returns slicer.app. Call it before any Slicer-style import.

    With testing there are no modal dialogs, and the settings lie in a temporary folder.
    """
    if "app" in vars(slicer):                           # hasattr() would ask the stand-ins
        return slicer.app
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")    # spares the failed try with X
    prepare()
    from .application import qSlicerApplication
    slicer.mrmlScene = slicer.vtkMRMLScene()
    slicer.app = qSlicerApplication([*arguments] or ["slicerhost"], testing)
    slicer.app._start()
    return slicer.app


def prepare():
    """Fill in qt, ctk and the missing parts of slicer: what needs neither an application nor its options."""
    if "modules" in vars(slicer):
        return
    from . import alive, qt_module, stand_ins  # noqa: F401, the order matters
    sys.modules["qt"] = qt_module.install(stand_ins.UiLoader)
    slicer.modules = sys.modules["slicer.modules"] = types.ModuleType("slicer.modules")
    slicer.moduleNames = types.SimpleNamespace()
    _register_stand_ins(stand_ins)
    ctk = sys.modules["ctk"] = types.ModuleType("ctk")
    ctk.__getattr__ = stand_ins.module_getattr("ctk")
    slicer.__getattr__ = stand_ins.module_getattr("slicer")
    from . import slicer_modules
    slicer_modules.install()


def _register_stand_ins(stand_ins):
    from . import application, dicom_module, io_manager, layout, main_window, modules, slice_view, threed_view
    stand_ins.register(
        *list(stand_ins.STAND_INS.values()), application.qSlicerApplication, dicom_module.ctkDICOMDatabase,
        dicom_module.ctkDICOMIndexer, io_manager.qSlicerCoreIOManager,
        layout.qSlicerLayoutManager, layout.qSlicerSingletonViewFactory, main_window.qSlicerMainWindow,
        main_window.qSlicerModuleSelectorToolBar, modules.qSlicerLoadableModule, modules.qSlicerModuleManager,
        modules.qSlicerScriptedLoadableModule, modules.qSlicerScriptedLoadableModuleWidget,
        slice_view.qMRMLSliceControllerWidget, slice_view.qMRMLSliceView, slice_view.qMRMLSliceWidget,
        threed_view.qMRMLThreeDView, threed_view.qMRMLThreeDViewControllerWidget, threed_view.qMRMLThreeDWidget)


def load_module(path):
    """Load a scripted module from its .py file; returns slicer.modules.<name>."""
    from . import modules
    return modules.load_module(path)


def select_module(name):
    """Make a module the current one; returns its panel. With a main window, slicer.util.selectModule() shows it there."""
    from . import modules
    return modules.select_module(name)


def MainWindow(module=None):
    """The main window, showing this module (as load_module() returns it); there is one, as in Slicer: it holds the views."""
    from .main_window import qSlicerMainWindow
    window = getattr(slicer.app, "_window", None)
    if window is None:
        return qSlicerMainWindow(module)
    if module is not None:
        window.moduleSelector().selectModule(module.name)
    return window
