"""Types of parameters of a parameterNodeWrapper: how Slicer writes their values into a vtkMRMLScriptedModuleNode.

A scene saved by Slicer opens here and the other way round: bool is "True" or "False", numbers and paths are str(value),
an enumerator is its name, and a node is a node reference next to an empty parameter of the same name.
"""
import enum
import pathlib
import types
import typing

import slicer


class Default:
    """Annotation: the default value, or what makes one."""

    def __init__(self, value=None, *, generator=None):
        self._value, self._generator = value, generator

    value = property(lambda self: self._generator() if self._generator else self._value)


class Validator:
    """Base of the annotations that restrict values."""

    def validate(self, value):
        raise NotImplementedError("validate is not implemented")


class NotNone(Validator):
    """Refuses None."""

    def validate(self, value):
        if value is None:
            raise ValueError("Value must not be None")


class IsInstance(Validator):
    """Restricts to instances of a type, or None."""

    def __init__(self, classtype):
        self.classtype = classtype

    def validate(self, value):
        if value is not None and not isinstance(value, self.classtype):
            raise TypeError(f"Value must be of type '{self.classtype}', is type '{type(value)}' value '{value}'")


class WithinRange(Validator):
    """Restricts to a closed range."""

    def __init__(self, minimum, maximum):
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value):
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], is {value}")


class Minimum(Validator):
    """Restricts to values not below."""

    def __init__(self, minimum):
        self.minimum = minimum

    def validate(self, value):
        if value < self.minimum:
            raise ValueError(f"Value must be at least {self.minimum}, is {value}")


class Maximum(Validator):
    """Restricts to values not above."""

    def __init__(self, maximum):
        self.maximum = maximum

    def validate(self, value):
        if value > self.maximum:
            raise ValueError(f"Value must be at most {self.maximum}, is {value}")


class Choice(Validator):
    """Restricts to the values of a list."""

    def __init__(self, choices):
        self.choices = choices

    def validate(self, value):
        if value not in self.choices:
            raise ValueError(f"Value is {value}, but must be one of: {self.choices}")


class Exclude(Validator):
    """Refuses the values of a list."""

    def __init__(self, excludedValues):
        self.excludedValues = excludedValues

    def validate(self, value):
        if value in self.excludedValues:
            raise ValueError(f"Value is {value}, which is excluded")


class Decimals:
    """Annotation for connectGui: digits after the point."""

    def __init__(self, value):
        self.value = value


class SingleStep:
    """Annotation for connectGui: the step of a spin box or slider."""

    def __init__(self, value):
        self.value = value


class Parameter:
    """One member of a wrapper class: its type, annotations, default, and how its value is stored."""

    def __init__(self, name, hint, assigned=None):
        self.name, self.hint = name, hint
        self.type, self.annotations = split_annotations(hint)
        self.is_node = isinstance(self.type, type) and issubclass(self.type, slicer.vtkMRMLNode)
        self._read, self._write, first, validators = _storage(name, self.type, self.is_node)
        self.validators = [*validators, *(a for a in self.annotations if isinstance(a, Validator))]
        annotated = next((a for a in self.annotations if isinstance(a, Default)), None)
        self.default = assigned or annotated or Default(first)

    def annotation(self, kind):
        """The first annotation of a class, or None."""
        return next((a for a in self.annotations if isinstance(a, kind)), None)

    def is_in(self, node):
        return bool(node.HasParameter(self.name))

    def read(self, node):
        if not self.is_in(node):
            self.write(node, self.default.value)
        return node.GetNodeReference(self.name) if self.is_node else self._read(node.GetParameter(self.name))

    def write(self, node, value):
        """Store a value; TypeError or ValueError if the parameter does not allow it."""
        for validator in self.validators:
            validator.validate(value)
        modified = node.StartModify()
        try:
            node.SetParameter(self.name, self._write(value))
            if self.is_node:
                node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
        finally:
            node.EndModify(modified)


def split_annotations(hint):
    """(type, annotations) of a type hint."""
    if typing.get_origin(hint) is typing.Annotated:
        return typing.get_args(hint)[0], typing.get_args(hint)[1:]
    return hint, ()


def _storage(name, kind, is_node):
    """How to read and write a type, its default, its own validators."""
    if is_node:
        return str, lambda value: "", None, [IsInstance(kind)]
    if kind is bool:
        return "True".__eq__, lambda value: "True" if value else "False", False, [NotNone(), IsInstance(bool)]
    if kind in (int, float):
        return kind, str, 0, [NotNone(), IsInstance((int, float) if kind is float else int)]
    if kind is str or (isinstance(kind, type) and issubclass(kind, pathlib.PurePath)):
        return kind, str, kind(), [NotNone(), IsInstance(kind)]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _enum_reader(kind), lambda value: value.name, next(iter(kind)), [NotNone(), IsInstance(kind)]
    union = " (a node may be None without Optional)" if typing.get_origin(kind) in (typing.Union, types.UnionType) else ""
    raise NotImplementedError(f"slicerhost's parameterNodeWrapper has no type {kind} (member '{name}'){union}")


def _enum_reader(kind):
    def read(text):
        if text not in kind.__members__:
            raise ValueError(f"Found {text!r} in parameter node but it is not a name in {kind!r}")
        return kind[text]

    return read
