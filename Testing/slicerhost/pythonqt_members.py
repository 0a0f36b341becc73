"""What Slicer-style code sees of the members of Qt's classes: descriptors that replace PySide6's own.

Native code gets PySide6's member from each of them. Slicer-style code gets properties as values, lists as tuples,
enumerators without their enum, and an AttributeError for every name that Slicer's Qt 5.15 does not have.
"""
import enum
import pathlib
import re

import PySide6
from PySide6 import QtCore

from . import qt_names
from .caller import called_natively, caller_names_pyside, reads_attribute

_METHOD = type(QtCore.QObject.deleteLater)
_LIST_METHODS = re.compile(
    r"^class (\w+)|^    def (\w+)\(.*\) -> (?:typing\.|collections\.abc\.)?(?:List|list|Sequence|Iterable)\[", re.MULTILINE)


def plain(value):
    """The form in which PythonQt hands over a value: lists as tuples, enum values as int."""
    if isinstance(value, list):
        return tuple(value)
    return int(value.value) if isinstance(value, enum.Enum) and isinstance(value.value, int) else value


class Property:
    """A Q_PROPERTY: its value for Slicer-style code, the method of that name for native code."""

    __slots__ = ("meta", "name", "raw")

    def __init__(self, meta, raw):
        self.meta, self.name, self.raw = meta, meta.name(), raw

    def __get__(self, obj, owner=None):
        if self.raw is not None and (obj is None or called_natively()):
            return self.raw.__get__(obj, owner)
        if obj is None:
            return self
        # the PySide6 getter, not QMetaProperty.read: it does not re-enter a
        # virtual getter such as sizeHint() through shiboken's override look-up
        return plain(self.raw.__get__(obj, owner)() if self.raw is not None else self.meta.read(obj))

    def __set__(self, obj, value):
        if not self.meta.isWritable():
            raise AttributeError(f"Property '{self.name}' of {type(obj).__name__} object is not writable")
        if not self.meta.write(obj, value):
            raise AttributeError(f"Property '{self.name}' of type '{self.meta.typeName()}' does not accept "
                                 f"an object of type {type(value).__name__} ({value!r})")


class Member:
    """Base of the descriptors for what is not a property."""

    __slots__ = ("name", "raw")

    def __init__(self, name, raw):
        self.name, self.raw = name, raw

    def bind(self, obj, owner):
        return self.raw.__get__(obj, owner) if hasattr(self.raw, "__get__") else self.raw


class Slot(Member):
    """An ordinary method."""

    __slots__ = ()

    def __get__(self, obj, owner=None):
        if obj is None:
            return self.raw if called_natively() else UnboundSlot(self.name, self.raw)
        return self.raw.__get__(obj, owner)


class ListSlot(Member):
    """A method that returns a list: a tuple in PythonQt."""

    __slots__ = ()

    def __get__(self, obj, owner=None):
        bound = self.bind(obj, owner)
        return bound if called_natively() else lambda *arguments: plain(bound(*arguments))


class InstanceSlot(Member):
    """A static method that PythonQt offers on instances only."""

    __slots__ = ()

    def __get__(self, obj, owner=None):
        if obj is None and not called_natively():
            raise AttributeError(f"{owner.__name__}.{self.name} needs an instance in Slicer")
        return self.bind(obj, owner)


class ExecSlot(Member):
    """exec_(), which PySide6 has too, but warns of."""

    __slots__ = ()

    def __get__(self, obj, owner=None):
        return self.bind(obj, owner) if obj is None else obj.exec


class ScopedEnum(Member):
    """An enum type: PythonQt has its enumerators in the class around it, and of the type only the call."""

    __slots__ = ()

    def __get__(self, obj, owner=None):
        return self.raw if caller_names_pyside() else EnumType(self.raw)


class Refused(Member):
    """A name that PySide6 has and Slicer has not."""

    __slots__ = ()

    def __get__(self, obj, owner=None):
        if called_natively():
            return self.bind(obj, owner)
        # virtual methods are looked up by C++ too, in search of overrides: an error would surface somewhere else
        if obj is not None and isinstance(self.raw, _METHOD) and not reads_attribute(self.name):
            return self.bind(obj, owner)
        if isinstance(obj, QtCore.QObject):
            return Refusal(self.name)                   # an error here would be lost in PySide6's own look-up
        raise AttributeError(f"{owner.__name__} has no attribute named '{self.name}' in Slicer")


class Refusal:
    """What the look-up of a refused name finds; QObject.__getattribute__ turns it into an AttributeError."""

    def __init__(self, name):
        self.name = name


_SPECIAL = {"quit": InstanceSlot, "exec_": ExecSlot}


class UnboundSlot:
    """A method taken from a class: it can be called with an instance, but not printed (PythonQt crashes)."""

    def __init__(self, name, raw):
        self._name, self._raw = name, raw

    def __call__(self, *arguments):
        return self._raw(*arguments)

    def __repr__(self):
        raise RuntimeError(f"repr() of the unbound slot {self._name} crashes in Slicer")


class EnumType:
    """An enum type seen from Slicer-style code."""

    def __init__(self, raw):
        self._raw = raw

    def __call__(self, *arguments):
        return self._raw(*arguments)


def classes_of(module):
    """The classes of a PySide6 module that Slicer has too; PySide6 creates them when they are first asked for."""
    for name in dir(module):
        if qt_names.of_class(name) is not None and isinstance(getattr(module, name), type):
            yield getattr(module, name)


def restrict_qt(modules):
    """Replace the members of all Qt classes of these PySide6 modules that exist in Slicer too."""
    classes = {cls for module in modules for cls in classes_of(module)}
    lists = _list_methods(modules)
    for cls in sorted(classes, key=lambda cls: (len(cls.__mro__), cls.__name__)):      # bases come first
        names = qt_names.of_class(cls.__name__)
        if hasattr(cls, "staticMetaObject"):
            _add_properties(cls, names)
        for name in dir(cls):
            if not name.startswith("_") or name == "__enter__":
                _replace(cls, name, names, lists)


def restrict_stand_in(cls, names):
    """Refuse what a stand-in class of this package has, and the class of Slicer that it stands for has not."""
    for name in dir(cls):
        found, owner = _find(cls, name)
        if not name.startswith("_") and name not in names and owner is not object and not isinstance(found, Refused):
            setattr(cls, name, Refused(name, _unwrapped(found)))


def _list_methods(modules):
    """(class, method) of all that return a list, from the type hints that PySide6 comes with."""
    found, folder = set(), pathlib.Path(PySide6.__file__).parent
    for module in modules:
        current = None
        for match in _LIST_METHODS.finditer((folder / (module.__name__.rpartition(".")[2] + ".pyi")).read_text("utf-8")):
            current = match[1] or current
            if match[2]:
                found.add((current, match[2]))
    return found


def _find(cls, name):
    """The member that a class has under a name, without calling it, and the class that defines it."""
    return next(((base.__dict__[name], base) for base in cls.__mro__ if name in base.__dict__), (None, None))


def _unwrapped(member):
    return member.raw if isinstance(member, (Member, Property)) else member


def _add_properties(cls, names):
    meta_object = cls.staticMetaObject
    if meta_object.className() != cls.__name__:
        return
    for index in range(meta_object.propertyCount()):
        meta = meta_object.property(index)
        name = meta.name()
        if name not in names or (name == "singleShot" and issubclass(cls, QtCore.QTimer)):
            continue                                    # PythonQt leaves singleShot a method
        if index >= meta_object.propertyOffset() or name in cls.__dict__:
            setattr(cls, name, Property(meta, _unwrapped(_find(cls, name)[0])))


def _replace(cls, name, names, lists):
    found, owner = _find(cls, name)
    raw = _unwrapped(found)
    inherited = owner is not cls
    if isinstance(found, Property) or owner in (None, object):
        return
    if isinstance(raw, enum.EnumMeta) and not inherited:
        for enumerator, value in raw.__members__.items():
            if _find(cls, enumerator)[1] is None:
                setattr(cls, enumerator, value if enumerator in names else Refused(enumerator, value))
    if name not in names:
        if not (inherited and isinstance(found, Refused)):
            setattr(cls, name, Refused(name, raw))
    elif inherited and not isinstance(found, Refused):
        return
    elif isinstance(raw, enum.EnumMeta):
        setattr(cls, name, ScopedEnum(name, raw))
    elif (owner.__name__, name) in lists:
        setattr(cls, name, ListSlot(name, raw))
    elif name in _SPECIAL:
        setattr(cls, name, _SPECIAL[name](name, raw))
    elif isinstance(raw, _METHOD):
        setattr(cls, name, Slot(name, raw))
    elif inherited:
        setattr(cls, name, raw)
