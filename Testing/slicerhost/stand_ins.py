"""The tables of stand-in classes: the modules ctk and slicer look them up here, and so does the loader of .ui files."""
import functools
import re

from PySide6 import QtCore, QtUiTools, QtWidgets

from . import pythonqt_members, pythonqt_objects, qt_names
from .ctk_widgets import CTK
from .qmrml_widgets import QMRML

#: class name -> stand-in
STAND_INS = {**CTK, **QMRML}

# stand-ins have no C++ slots with MRML arguments; qMRMLWidget.setMRMLScene() makes up for it
_MRML_CONNECTION = re.compile(rb"<connection>(?:(?!</connection>).)*vtkMRML.*?</connection>", re.DOTALL)


def register(*classes):
    """Add stand-ins, named as the classes they stand for; what those do not have is refused to Slicer-style code."""
    for cls in classes:
        pythonqt_members.restrict_stand_in(cls, qt_names.of_class(cls.__name__))
        pythonqt_objects.refuse_keywords(cls)
        STAND_INS[cls.__name__] = cls


@functools.cache
def missing(name):
    """A class for one that has no stand-in: it can be named, subclassed and tested against, not made."""
    def __init__(self, *_):
        raise NotImplementedError(f"slicerhost has no stand-in for {name}")

    return type(name, (QtWidgets.QWidget,), {"__init__": __init__})


def module_getattr(module):
    """The __getattr__ of the module ctk or slicer: stand-ins, missing classes, and AttributeError for unknown names."""
    def __getattr__(name):
        if name.startswith("__") or name not in qt_names.of_module(module):
            raise AttributeError(f"module '{module}' has no attribute '{name}' in Slicer")
        if name in qt_names.table()[module]["classes"]:
            return STAND_INS.get(name) or missing(name)
        raise NotImplementedError(f"slicerhost has no stand-in for {module}.{name}")

    return __getattr__


class UiLoader(QtUiTools.QUiLoader):
    """qt.QUiLoader that makes stand-ins for CTK's and Slicer's widgets."""

    def createWidget(self, class_name, parent=None, name=""):
        cls = STAND_INS.get(class_name)
        if cls is None and class_name.startswith(("ctk", "qMRML", "qSlicer")):
            cls = missing(class_name)
        if cls is None:
            return super().createWidget(class_name, parent, name)
        widget = cls(parent)
        widget.setObjectName(name)
        return widget

    def load(self, device, parent=None):
        if not isinstance(device, QtCore.QIODevice):
            raise ValueError("QUiLoader.load() takes a QIODevice in Slicer: use slicer.util.loadUI(path)")
        buffer = QtCore.QBuffer()
        buffer.setData(_MRML_CONNECTION.sub(b"", bytes(device.readAll())))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        root = super().load(buffer, parent)
        for widget in [root, *root.findChildren(QtWidgets.QWidget)] if root else []:
            if type(widget).__name__ in STAND_INS:
                _take_properties(widget)
        return root


def _take_properties(widget):
    """Properties of a .ui file reach a stand-in as dynamic properties: set those that it has itself."""
    for name in [bytes(name).decode() for name in widget.dynamicPropertyNames()]:
        if hasattr(type(widget), name):
            setattr(widget, name, widget.property(name))
