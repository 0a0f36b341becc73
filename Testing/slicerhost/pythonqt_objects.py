"""PythonQt's rules for QObjects: reading, setting and missing attributes, constructors, Python subclasses."""
import builtins
import functools
import sys
import types

from PySide6 import QtCore

from . import pythonqt_members, pythonqt_signals, qt_names
from .caller import called_natively, is_native_class, see_through

_SignalInstance = QtCore.SignalInstance
_HARD_WIRED = {"connect": pythonqt_signals.connect, "disconnect": pythonqt_signals.disconnect, "exec": None}


def restrict_objects(modules):
    """Install the rules in all classes of these PySide6 modules."""
    for module in modules:
        for cls in pythonqt_members.classes_of(module):
            refuse_keywords(cls)
            if issubclass(cls, QtCore.QObject):
                if "__getattribute__" in cls.__dict__:
                    cls.__getattribute__ = _make_getattribute(cls.__getattribute__)
                cls.__setattr__ = _setattr              # every class has its own, so all are replaced
    base = QtCore.QObject
    base.__getattr__ = _missing
    base.__init_subclass__ = classmethod(_init_subclass)
    base.name = pythonqt_members.Property(_meta_property(base, "objectName"), _find_raw(base, "objectName"))
    base.className = lambda self: self.metaObject().className()
    base.delete = lambda self: self.deleteLater()


def refuse_keywords(cls):
    """PythonQt's constructors take no keywords."""
    if "__init__" not in cls.__dict__:
        return

    def __init__(self, *arguments, _init=cls.__init__, **keywords):
        if keywords and not called_natively():
            raise ValueError(f"{cls.__name__}() takes no keyword arguments in Slicer: {', '.join(keywords)}")
        _init(self, *arguments, **keywords)

    # without the docstring, which PySide6 would write for each class: a third of the start
    cls.__init__ = see_through(functools.wraps(cls.__init__, assigned=())(__init__))


@functools.cache
def names_of(cls):
    """Names that Slicer's Qt gives to the instances of a class (frozenset), by its nearest base that Slicer has."""
    return next((names for base in cls.__mro__ if is_native_class(base)
                 and (names := qt_names.of_class(base.__name__)) is not None), frozenset())


def _make_getattribute(get):
    """PySide6 hard-wires some names below the class dictionary (connect, disconnect, exec): get in front of it."""
    @see_through
    def __getattribute__(self, name, _get=get):
        if name in _HARD_WIRED and not called_natively():
            if name == "exec":
                raise AttributeError(f"{type(self).__name__} has no attribute named 'exec' in Slicer: use exec_()")
            return types.MethodType(_HARD_WIRED[name], self)
        value = _get(self, name)
        if type(value) is _SignalInstance and not called_natively():
            return pythonqt_signals.BoundSignal(self, name)
        if type(value) is pythonqt_members.Refusal:
            raise AttributeError(f"{type(self).__name__} has no attribute named '{name}' in Slicer")
        return value

    return __getattribute__


def _missing(self, name):
    """What PythonQt looks for last: dynamic properties, children by name; else the name is missing."""
    if not name.startswith("_") and not called_natively():
        value = self.property(name)
        if value is not None:
            return value
        for child in self.children():
            if child.objectName() == name:
                return child
        if name in names_of(type(self)):
            if name.endswith("_"):                      # exec_, raise_, ...
                return getattr(self, name[:-1])
            raise NotImplementedError(f"slicerhost has no stand-in for {type(self).__name__}.{name}")
    raise AttributeError(f"{type(self).__name__} has no attribute named '{name}'")


@see_through
def _setattr(self, name, value, _set=QtCore.QObject.__base__.__setattr__):
    # PySide6 keeps a signal that was asked for in the instance
    if type(value) is not _SignalInstance and not name.startswith("__") and not called_natively():
        if _is_dynamic_property(self, name):
            self.setProperty(name, value)
            return
        _check_settable(type(self), name)
    _set(self, name, value)


def _is_dynamic_property(obj, name):
    return not hasattr(type(obj), name) and name in (bytes(n).decode() for n in obj.dynamicPropertyNames())


@functools.lru_cache(maxsize=4096)
def _check_settable(cls, name):
    """AttributeError if PythonQt would not let an attribute of that name be set; remembered only if it would."""
    if any(hasattr(type(base.__dict__.get(name)), "__set__") for base in cls.__mro__):
        return                                          # a property
    if name in names_of(cls):
        raise AttributeError(f"Slot '{name}' can not be overwritten on {cls.__name__} object")
    if is_native_class(cls):
        raise AttributeError(f"'{name}' does not exist on {cls.__name__} and creating new attributes on C++ objects "
                             "is not allowed")


class _CheckedSuper(builtins.super):
    """super() that does not find Qt's methods: PythonQt's classes resolve them dynamically, out of super()'s sight."""

    def __getattribute__(self, name):
        value = builtins.super.__getattribute__(self, name)
        if not name.startswith("__"):
            mro = builtins.super.__getattribute__(self, "__self_class__").__mro__
            after = mro[mro.index(builtins.super.__getattribute__(self, "__thisclass__")) + 1:]
            owner = next((cls for cls in after if name in cls.__dict__), None)
            if owner is not None and is_native_class(owner):
                raise AttributeError(f"'super' object has no attribute '{name}' in Slicer: "
                                     f"use qt.{owner.__name__}.{name}(self, ...)")
        return value


def _init_subclass(cls, **keywords):
    builtins.super(QtCore.QObject, cls).__init_subclass__(**keywords)
    if is_native_class(cls):
        return
    vars(sys.modules[cls.__module__])["super"] = _CheckedSuper     # seen by the code of that module only
    for name, getter in (("sizeHint", "getSizeHint"), ("minimumSizeHint", "getMinimumSizeHint")):
        if hasattr(cls, getter):
            setattr(cls, name, lambda self, _getter=getter: getattr(self, _getter)())
        elif isinstance(cls.__dict__.get(name), types.FunctionType):
            setattr(cls, name, _NotAnOverride(cls.__dict__[name]))


class _NotAnOverride:
    """A method that Python code can call, but that shiboken does not take for an override (that wants a bound method)."""

    def __init__(self, function):
        self._function = function

    def __get__(self, obj, owner=None):
        return self._function if obj is None else functools.partial(self._function, obj)


def _meta_property(cls, name):
    meta_object = cls.staticMetaObject
    return meta_object.property(meta_object.indexOfProperty(name))


def _find_raw(cls, name):
    return cls.__dict__[name].raw
