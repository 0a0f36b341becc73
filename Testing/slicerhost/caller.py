"""Tells code written for PySide6 from code written for Slicer by the module of the calling frame.

Qt classes exist once in a process, and two kinds of Python code meet them: native code (this package, vtk, pytest's
plugins), which keeps PySide6's semantics, and Slicer-style code, which gets those of PythonQt.
"""
import dis
import sys

#: top-level packages that are written for PySide6
NATIVE_PACKAGES = frozenset({"slicerhost", "apicheck", "PySide6", "shiboken6", "shibokensupport", "vtkmodules", "matplotlib",
                             "pytestqt"})

_PYSIDE_MODULES = frozenset({"QtCore", "QtGui", "QtWidgets", "QtTest"})

_LOADS = frozenset(dis.opmap[name] for name in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR") if name in dis.opmap)

_frame = sys._getframe


class _KnownModules(dict):
    """Module name -> is it native; asked at every attribute access, therefore a dictionary."""

    def __missing__(self, name):
        self[name] = native = str(name).partition(".")[0] in NATIVE_PACKAGES
        return native


_known, _transparent = _KnownModules(), set()


def see_through(function):
    """Decorator: the calls that function makes count as its caller's."""
    _transparent.add(function.__code__)
    return function


def _seen(frame):
    """The frame that counts: the one given, or the caller of functions to see through; None if C++ called them."""
    while frame is not None and frame.f_code in _transparent:
        frame = frame.f_back
    return frame


def is_native_frame(frame):
    """Whether the code of this frame, or of the caller of a function to see through, is native; None stands for C++."""
    frame = _seen(frame)
    return frame is None or _known[frame.f_globals.get("__name__")]


# `_frame(1).f_back`, not `_frame(2)`: Qt's event loop asks for attributes with no Python code below, and the error that
# `_frame` raises for that is printed since Python 3.13 (PyObject_HasAttr kept it to itself before).

def called_natively():
    """Whether the caller of the function that asks is native; written out, for this is asked millions of times."""
    frame = _frame(1).f_back
    while frame is not None and frame.f_code in _transparent:
        frame = frame.f_back
    return frame is None or _known[frame.f_globals.get("__name__")]


def caller_names_pyside():
    """Whether the calling code is native, or a part of a test that takes classes from PySide6's modules by name."""
    frame = _frame(1).f_back
    return is_native_frame(frame) or not _PYSIDE_MODULES.isdisjoint(frame.f_code.co_names)


def reads_attribute(name):
    """Whether the calling code itself reads an attribute of that name, in contrast to calling C++ that looks it up."""
    frame = _seen(_frame(1).f_back)
    if frame is None:
        return False
    code = frame.f_code
    if code.co_code[frame.f_lasti] in _LOADS and name in code.co_names:
        return True
    # getattr(thing, "name") and getattr(thing, variable)
    return any(type(value) is str and value == name for value in (*code.co_consts, *frame.f_locals.values()))


def is_native_class(cls):
    """Whether a class is Qt's own or a stand-in of this package, not a Python subclass made by Slicer-style code."""
    return _known[cls.__module__]
