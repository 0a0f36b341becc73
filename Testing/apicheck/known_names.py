"""What Slicer offers to Python: classes, their members, what methods return, properties, signals.

Names of qt, ctk and slicer come from the table that a running Slicer wrote (slicerhost/slicer-names.json.gz), those of VTK
and MRML from slicer-core. Types of results come from the signatures in VTK's docstrings and from PySide6's type hints:
they only help to find the class of an object; whether a name exists is always asked of the table.
"""
import ast
import enum
import functools
import pathlib
import re

import PySide6
import shiboken6
import vtk
from PySide6 import QtCore, QtGui, QtNetwork, QtPrintSupport, QtWidgets

from slicerhost import qt_names
from slicerhost.slicer_import import slicer

_QT = (QtCore, QtGui, QtWidgets, QtNetwork, QtPrintSupport)
#: modules that the table does not have, from Slicer's source
_MODULES = {
    "slicer.i18n": {"tr", "translate", "getContext"},
    "slicer.parameterNodeWrapper": {
        "parameterNodeWrapper", "parameterPack", "Default", "WithinRange", "Minimum", "Maximum", "Choice", "Exclude",
        "Validator", "NotNone", "IsInstance", "RangeBounds", "FloatRange", "findChildWidgetForParameter"},
    "slicer.ScriptedLoadableModule": {"ScriptedLoadableModule", "ScriptedLoadableModuleWidget", "ScriptedLoadableModuleLogic",
                                      "ScriptedLoadableModuleTest", "*"},
}
#: a class, or a method and what it returns, in PySide6's type hints
_HINT = re.compile(r"^class (?P<cls>\w+)|^    def (?P<method>\w+)\(.*\) -> (?P<result>[^:\n]*):", re.MULTILINE)
#: attributes of the module slicer that are objects or modules
SINGLE_OBJECTS = {"app": "slicer.app", "mrmlScene": "vtkMRMLScene"}
#: what methods of single objects return
_OBJECT_RETURNS = {
    ("slicer.app", "layoutManager"): "slicer.app.layoutManager()",
    ("slicer.app", "applicationLogic"): "vtkSlicerApplicationLogic",
    ("slicer.app.layoutManager()", "sliceWidget"): "sliceWidget",
    ("slicer.app.layoutManager()", "threeDWidget"): "threeDWidget",
    ("slicer.app.layoutManager()", "layoutLogic"): "vtkMRMLLayoutLogic", ("sliceWidget", "sliceView"): "sliceView",
    ("sliceWidget", "sliceController"): "sliceController", ("sliceWidget", "sliceLogic"): "vtkMRMLSliceLogic",
    ("sliceWidget", "mrmlSliceNode"): "vtkMRMLSliceNode", ("threeDWidget", "threeDView"): "threeDView",
    ("threeDWidget", "mrmlViewNode"): "vtkMRMLViewNode",
}
#: signals of ctkDICOMDatabase, from its header: objects of it are never made by a module
_CTK_SIGNALS = frozenset({"opened()", "closed()", "databaseChanged()"})
#: functions whose result is a node of the class that one of their arguments names
CLASS_ARGUMENT = {"AddNewNodeByClass": 0, "AddNewNodeByClassWithID": 0, "CreateNodeByClass": 0, "GetFirstNodeByClass": 0,
                  "GetNthNodeByClass": 1, "GetSingletonNode": 1}


def module_names(module):
    """Names of qt, ctk, slicer, slicer.util, slicer.packaging, slicer.i18n, ... ; None if the module is not known."""
    if module in _MODULES:
        return frozenset(_MODULES[module])
    if module in ("slicer.util", "slicer.packaging", "slicer.modules"):
        return qt_names.of_object(module)
    if module in ("qt", "ctk", "slicer"):
        return qt_names.of_module(module)
    return frozenset(dir(vtk)) if module == "vtk" else None


def in_slicer(name):
    """Whether the module slicer has this name: from the table, a submodule, or a class of slicer-core."""
    return name in module_names("slicer") or f"slicer.{name}" in _MODULES or name == "packaging" or \
        name.startswith("vtk") and hasattr(slicer, name)


def is_class(name):
    """Whether this is a class of Qt, CTK, Slicer, VTK or MRML."""
    return members(name) is not None


@functools.cache
def members(name):
    """Names that instances of a class have, or of a single object such as "slicer.app"; None if there is none such.

    ``name+`` stands for an object of the class or of one derived from it.
    """
    if name.endswith("+"):
        return members(name[:-1]) | frozenset().union(*(members(derived) or () for derived in _derived(name[:-1])))
    if name.startswith("vtk"):
        cls = _vtk_class(name)
        return None if cls is None else frozenset(dir(cls))
    if name in qt_names.table() and name not in ("qt", "ctk", "slicer"):
        return qt_names.of_object(name)
    return qt_names.of_class(name)


def _derived(name):
    """Names of the classes that derive from a class of VTK, MRML or Qt."""
    base, modules = (_vtk_class(name), (slicer, vtk)) if name.startswith("vtk") else (_qt_class(name), _QT)
    things = (getattr(module, other) for module in modules for other in dir(module) if other[:1] in "vQ")
    return {thing.__name__ for thing in things if isinstance(thing, type) and base is not None and issubclass(thing, base)}


def _vtk_class(name):
    found = getattr(slicer, name, None) or getattr(vtk, name, None)
    return found if isinstance(found, type) else None


@functools.cache
def every_vtk_name():
    """Members of all VTK and MRML classes together."""
    classes = {thing for module in (slicer, vtk) for name in dir(module) if name.startswith("vtk")
               for thing in [getattr(module, name)] if isinstance(thing, type)}
    return frozenset(name for cls in classes for name in dir(cls))


@functools.cache
def returned(name, method):
    """Class of what a method returns, with a "+" because it may be of a derived class; or None."""
    if (name, method) in _OBJECT_RETURNS:
        return _OBJECT_RETURNS[name, method]
    name = name.removesuffix("+")
    if name.startswith("vtk"):
        found = re.search(r"\) -> (vtk\w+)", getattr(getattr(_vtk_class(name), method, None), "__doc__", None) or "")
        return f"{found[1]}+" if found and is_class(found[1]) else None
    for cls in _bases(name):
        if (cls, method) in _hints():
            return f"{_hints()[cls, method]}+"
    return None


def _bases(name):
    cls = _qt_class(name)
    return [] if cls is None else [base.__name__ for base in cls.__mro__]


@functools.cache
def _hints():
    """(class, method) -> class of Qt that the method returns, by PySide6's type hints."""
    found = {}
    for module in _QT:
        path, cls = pathlib.Path(PySide6.__file__).parent / f"{module.__name__.rpartition('.')[2]}.pyi", None
        for match in _HINT.finditer(path.read_text("utf-8")):
            cls = match["cls"] or cls
            result = (match["result"] or "").removesuffix(" | None").rpartition(".")[2]
            if result.startswith("Q") and is_class(result):
                found[cls, match["method"]] = result
    return found


@functools.cache
def _qt_class(name):
    found = next((getattr(module, name) for module in _QT if hasattr(module, name)), None)
    return found if isinstance(found, type) else None


def is_enum(name, member):
    """Whether a member of a Qt class is the type of an enumeration, whose values stand in the class itself in PythonQt."""
    return isinstance(getattr(_qt_class(name), member, None), enum.EnumMeta)


def _meta_object(name):
    """A Qt class's own description; None if it has none, or if PySide6 deleted it, as it may in a running application."""
    meta = getattr(_qt_class(name), "staticMetaObject", None)
    return meta if meta is not None and shiboken6.isValid(meta) else None


@functools.cache
def properties(name):
    """Names that are properties (values, not methods) of a Qt class."""
    meta = _meta_object(name.removesuffix("+"))
    if meta is None:
        return frozenset()
    names = {meta.property(index).name() for index in range(meta.propertyCount())}
    return frozenset(names & members(name)) - ({"singleShot"} if name.startswith("QTimer") else set())


@functools.cache
def signals(name):
    """Normalized signatures of the signals of a Qt class; None if only their names are known (CTK, Slicer)."""
    meta = _meta_object(name)
    if meta is None or name.endswith("+"):
        return None
    methods = [meta.method(index) for index in range(meta.methodCount())]
    return frozenset(bytes(method.methodSignature()).decode() for method in methods
                     if method.methodType() == QtCore.QMetaMethod.MethodType.Signal)


@functools.cache
def every_signal():
    """Signatures of the signals of all Qt classes and of Slicer's DICOM database together."""
    classes = {name for module in _QT for name in dir(module) if isinstance(getattr(module, name), type)}
    return _CTK_SIGNALS.union(*(signals(name) or () for name in classes if qt_names.of_class(name) is not None))


def normalized(signature):
    """A signal's signature in Qt's own form."""
    return bytes(QtCore.QMetaObject.normalizedSignature(signature).data()).decode()


@functools.cache
def parameters(module, function):
    """ast.arguments of a function of slicer.util or slicer.packaging; None if they are not known."""
    signature = qt_names.table().get(module, {}).get(function)
    if not isinstance(signature, str) or not signature.startswith("("):
        return None
    try:
        return ast.parse(f"def f{re.sub(r'<[^<>]*>', 'None', signature)}: ...").body[0].args
    except SyntaxError:
        return None
