"""Finds the classes of expressions: a small inference over the syntax trees of all files together.

A type is a string: ``module:qt``, ``class:QLabel``, ``instance:QLabel``, ``own:Panel`` (an instance of a class of the
extension), ``enum:Qt``, ``ui`` (the namespace of the panel's widgets), or None when it is not known.
"""
from __future__ import annotations

import ast
from dataclasses import dataclass, field

from . import known_names

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: functions of slicer.util that return a node, or several, of a class
_UTIL_RETURNS = {"loadVolume": "instance:vtkMRMLVolumeNode", "mainWindow": "instance:QMainWindow"}


@dataclass
class OwnClass:
    """A class of the extension: its bases as types, names of its methods and class attributes, types of its attributes."""

    name: str
    bases: list = field(default_factory=list)
    names: set = field(default_factory=set)
    types: dict = field(default_factory=dict)


class Types:
    """What is known about the names of a set of files.

    Parameters
    ----------
    trees : mapping of path to ast.Module
    widgets : mapping of str to str
        Name of each widget of the .ui files -> its class.
    """

    def __init__(self, trees, widgets):
        self.classes, self.widgets, self._globals, self._locals = {}, widgets, {}, {}
        for _round in range(3):                         # attributes of a class may get their type from another file
            for path, tree in trees.items():
                self._globals[path] = scope = {}
                self._collect(tree, scope)

    def scope(self, path):
        """Types of the names at file scope."""
        return self._globals[path]

    def function_scope(self, function, outer, self_type=None):
        """Types of the names inside a function, those outside of it included."""
        scope = dict(outer)
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs] \
            if isinstance(function, (*_FUNCTIONS, ast.Lambda)) else []
        for number, argument in enumerate(arguments):
            kind = self._annotated(argument.annotation, outer)
            scope[argument.arg] = self_type if self_type and number == 0 else kind or ("ui" if argument.arg == "ui" else None)
        found = {}
        body = [function.body] if isinstance(function, ast.Lambda) else function.body
        for _round in range(2):
            found = {}
            for name, value in _assigned(body):
                kind = value if isinstance(value, str) else self.of(value, scope)
                found[name] = kind if found.get(name, kind) == kind else None
            scope.update(found)
        return scope

    def _annotated(self, annotation, scope):
        if annotation is None:
            return None
        if isinstance(annotation, ast.BinOp):           # X | None
            return self._annotated(annotation.left, scope)
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = ast.parse(annotation.value, mode="eval").body
        kind = self.of(annotation, scope) or ""
        return kind.replace("class:", "instance:") if kind.startswith("class:") else f"own:{kind[9:]}" \
            if kind.startswith("ownclass:") else None

    def _collect(self, tree, scope):
        for node in tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    root = alias.name.partition(".")[0]
                    if known_names.module_names(root) is not None:
                        scope[alias.asname or root] = f"module:{alias.name if alias.asname else root}"
            elif isinstance(node, ast.ImportFrom):
                self._import_from(node, scope)
            elif isinstance(node, ast.ClassDef):
                scope[node.name] = f"ownclass:{node.name}"
            elif isinstance(node, ast.Assign):
                for name, value in _assigned([node]):
                    scope[name] = self.of(value, scope)
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                self._collect_class(node, scope)
                self._collect_set(node, tree)

    def _import_from(self, node, scope):
        for alias in node.names:
            name = alias.asname or alias.name
            if node.level:
                scope[name] = f"ownclass:{alias.name}" if alias.name in self.classes else None
            elif node.module in ("qt", "ctk", "slicer", "vtk") and known_names.is_class(alias.name):
                scope[name] = f"class:{alias.name}"
            elif node.module == "slicer" and known_names.module_names(f"slicer.{alias.name}") is not None:
                scope[name] = f"module:slicer.{alias.name}"

    def _collect_class(self, node, scope):
        own = self.classes.setdefault(node.name, OwnClass(node.name))
        own.bases = [self.of(base, scope) for base in node.bases]
        for item in node.body:
            if isinstance(item, _FUNCTIONS):
                own.names.add(item.name)
                decorators = {ast.unparse(decorator) for decorator in item.decorator_list}
                if decorators & {"property", "functools.cached_property"}:
                    own.types[item.name] = self._annotated(item.returns, scope)
                inner = self.function_scope(item, scope, None if "staticmethod" in decorators else f"own:{node.name}")
                self._collect_attributes(item, inner, own)
            elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                own.names.add(item.target.id)
                own.types[item.target.id] = self._annotated(item.annotation, scope)
            elif isinstance(item, ast.Assign):
                own.names |= {name for name, _value in _assigned([item])}
            elif isinstance(item, ast.ClassDef):
                own.names.add(item.name)

    def _collect_set(self, node, tree):
        """Attributes made with setattr(self, name, ...): the names stand as strings somewhere in the file."""
        if _once(node, _sets_attributes):
            self.classes[node.name].names |= {constant.value for constant in ast.walk(tree)
                                              if isinstance(constant, ast.Constant) and isinstance(constant.value, str)}

    def _collect_attributes(self, function, scope, own):
        seen = {}
        for target, value in _once(function, _pairs):
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                kind = self.of(value, scope) if value is not None else None
                if isinstance(value, ast.Constant) and value.value is None:
                    own.names.add(target.attr)          # None first, something later
                    continue
                seen.setdefault(target.attr, set()).add(kind)
        for name, kinds in seen.items():
            kinds |= {own.types[name]} if own.types.get(name) else set()
            own.names.add(name)
            own.types[name] = kinds.pop() if len(kinds) == 1 else None

    # The type of one expression

    def of(self, node, scope):
        """The type of an expression."""
        if isinstance(node, ast.Name):
            return scope.get(node.id)
        if isinstance(node, ast.Attribute):
            return self._of_attribute(node, scope)
        if isinstance(node, ast.Call):
            return self._of_call(node, scope)
        if isinstance(node, ast.NamedExpr):
            return self.of(node.value, scope)
        if isinstance(node, (ast.IfExp, ast.BoolOp)):
            parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
            kinds = {self.of(part, scope) for part in parts}
            return kinds.pop() if len(kinds) == 1 else None
        return None

    def _of_attribute(self, node, scope):
        base, name = self.of(node.value, scope), node.attr
        if base == "ui":
            return f"instance:{self.widgets[name]}" if name in self.widgets else None
        if base is None or base.startswith("own:"):
            found = self.attribute(base[4:], name) if base else None
            return found or ("ui" if name in ("ui", "_ui") else None)
        kind, _, of = base.partition(":")
        if kind == "class" and known_names.is_enum(of, name):
            return f"enum:{of}"
        if kind != "module":
            return None
        if of == "slicer" and name in known_names.SINGLE_OBJECTS:
            return f"instance:{known_names.SINGLE_OBJECTS[name]}"
        if of == "slicer" and known_names.module_names(f"slicer.{name}") is not None:
            return f"module:slicer.{name}"
        return f"class:{name}" if known_names.is_class(name) else None

    def _of_call(self, node, scope):
        callee = self.of(node.func, scope) or ""
        kind, _, name = callee.partition(":")
        if kind == "class":
            return f"instance:{name}"
        if kind == "ownclass":
            return f"own:{name}"
        if not isinstance(node.func, ast.Attribute):
            return None
        method, base = node.func.attr, self.of(node.func.value, scope) or ""
        if method in known_names.CLASS_ARGUMENT and len(node.args) > known_names.CLASS_ARGUMENT[method]:
            argument = node.args[known_names.CLASS_ARGUMENT[method]]
            if isinstance(argument, ast.Constant) and known_names.is_class(str(argument.value)):
                return f"instance:{argument.value}"
        if base == "module:slicer.util":
            return _UTIL_RETURNS.get(method)
        if base.startswith(("instance:", "own:")):
            name = base.partition(":")[2] if base.startswith("instance:") else self.qt_base(base[4:])
            if name and method in (known_names.members(name) or ()):
                result = known_names.returned(name, method)
                return f"instance:{result}" if result else None
        return None

    # Classes of the extension

    def attribute(self, cls, name):
        """Type of an attribute of a class of the extension or of its bases in the extension."""
        own = self.classes.get(cls)
        if own is None:
            return None
        if own.types.get(name):
            return own.types[name]
        return next((found for base in own.bases if base and base.startswith("ownclass:")
                     for found in [self.attribute(base[9:], name)] if found), None)

    def has(self, cls, name):
        """Whether the class or its bases in the extension define a name."""
        own = self.classes[cls]
        return name in own.names or any(self.has(base[9:], name) for base in own.bases
                                        if base and base.startswith("ownclass:") and base[9:] in self.classes)

    def qt_base(self, cls):
        """Class of Qt, CTK or Slicer that a class of the extension derives from; None if none, or if a base is not known."""
        own = self.classes.get(cls)
        if own is None or None in own.bases:
            return None
        for base in own.bases:
            kind, _, name = base.partition(":")
            found = name if kind == "class" else self.qt_base(name)
            if found:
                return found
        return None


def _once(node, look):
    """What `look` says about a node; kept in the node, which is looked at in several rounds."""
    if look.__name__ not in vars(node):
        setattr(node, look.__name__, look(node))
    return getattr(node, look.__name__)


def _sets_attributes(node):
    """Whether a class calls setattr(self, ...)."""
    return any(isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "setattr"
               and isinstance(call.args[0], ast.Name) and call.args[0].id == "self" for call in ast.walk(node))


def _pairs(function):
    """(target, value) of all assignments in a function; the value is None where it is taken apart or comes from a loop."""
    return [*_assignments(function)]


def _assignments(function):
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _taken_apart(target, node.value)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            yield node.target, node.value
        elif isinstance(node, ast.AugAssign):
            yield node.target, None
        elif isinstance(node, (ast.For, ast.comprehension)):
            yield from _taken_apart(node.target, _Element(node.iter))
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            yield from _taken_apart(node.optional_vars, None)


def _taken_apart(target, value):
    if not isinstance(target, (ast.Tuple, ast.List)):
        yield target, value
        return
    values = value.elts if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts) else [None] * 99
    for one, part in zip(target.elts, values):
        yield from _taken_apart(one, part)


class _Element:
    """What a loop takes from an iterable: known when that is slicer.util.getNodesByClass("...")."""

    def __init__(self, iterable):
        self.iterable = iterable

    def kind(self):
        node = self.iterable
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "slicer.util.getNodesByClass" and \
                node.args and isinstance(node.args[0], ast.Constant):
            return f"instance:{node.args[0].value}"
        return None


def _assigned(body):
    """(name, value) of assignments to plain names; the value is an expression, a type, or a None expression."""
    unknown = ast.Constant(None)
    for statement in body:
        for target, value in _once(statement, _pairs):
            if isinstance(target, ast.Name):
                yield target.id, (value.kind() or unknown) if isinstance(value, _Element) else value or unknown
