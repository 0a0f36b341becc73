"""The module ``qt`` of Slicer-style code: PySide6's classes under PythonQt's rules."""
import types

from PySide6 import QtCore, QtGui, QtNetwork, QtPrintSupport, QtUiTools, QtWidgets

from . import pythonqt_members, pythonqt_objects, pythonqt_painter, qt_names

MODULES = (QtCore, QtGui, QtWidgets, QtUiTools, QtNetwork, QtPrintSupport)


class QFileDialog(QtWidgets.QFileDialog):
    """PythonQt returns the path or paths alone, PySide6 a pair (path, filter)."""

    @staticmethod
    def getOpenFileName(*arguments):
        return QtWidgets.QFileDialog.getOpenFileName(*arguments)[0]

    @staticmethod
    def getOpenFileNames(*arguments):
        return tuple(QtWidgets.QFileDialog.getOpenFileNames(*arguments)[0])

    @staticmethod
    def getSaveFileName(*arguments):
        return QtWidgets.QFileDialog.getSaveFileName(*arguments)[0]


def install(ui_loader):
    """Put PythonQt's rules on PySide6's classes and return the module to be called ``qt``."""
    pythonqt_members.restrict_qt(MODULES)
    pythonqt_painter.restrict_painting()
    pythonqt_objects.restrict_objects(MODULES)
    pythonqt_members.restrict_stand_in(QFileDialog, qt_names.of_class("QFileDialog"))
    qt = types.ModuleType("qt", "Qt for Slicer-style code, on PySide6")
    own = {"QFileDialog": QFileDialog, "QUiLoader": ui_loader}

    def __getattr__(name):
        if name.startswith("__") or name not in qt_names.of_module("qt"):
            raise AttributeError(f"module 'qt' has no attribute '{name}' in Slicer")
        for module in MODULES:
            if hasattr(module, name):
                value = own.get(name, getattr(module, name))
                setattr(qt, name, value)
                return value
        raise NotImplementedError(f"slicerhost has no stand-in for qt.{name}")

    qt.__getattr__ = __getattr__
    return qt
