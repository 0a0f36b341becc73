"""The checks of one file: every name it takes from Qt, CTK, Slicer, VTK or MRML is one that Slicer offers."""
from __future__ import annotations

import ast
import re

from . import known_names

#: looks like a method of VTK: where the object's class is not known, some class must have it
_LIKE_VTK = re.compile("(Get|Set|Add|Remove|Is|Has|Start|End|Update|Create|Copy|Insert|Clear|Reset|Fit|Invoke|Observe)"
                       r"[A-Z]\w*")


class FileCheck(ast.NodeVisitor):
    """Walks one syntax tree; `found` gets (line, complaint).

    Parameters
    ----------
    types : Types
    scope : mapping
        Types of the names at file scope.
    """

    def __init__(self, types, scope):
        self._types, self._scope, self._class, self._imported = types, scope, None, set()
        self.found, self.resolved = [], 0

    def _say(self, node, text):
        self.found.append((node.lineno, text))

    # Scopes

    def visit_ClassDef(self, node):
        outer, self._class = self._class, node.name
        self.generic_visit(node)
        self._class = outer

    def _visit_function(self, node):
        static = any(ast.unparse(decorator) == "staticmethod" for decorator in getattr(node, "decorator_list", ()))
        outer_scope, outer_class = self._scope, self._class
        self_type = f"own:{self._class}" if self._class and not static and not isinstance(node, ast.Lambda) else None
        self._scope, self._class = self._types.function_scope(node, self._scope, self_type), None
        self.generic_visit(node)
        self._scope, self._class = outer_scope, outer_class

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _visit_function

    # Imports

    def visit_Import(self, node):
        self._imported |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}

    def visit_ImportFrom(self, node):
        if not node.level and (node.module or "").partition(".")[0] in ("qt", "ctk", "slicer"):
            names = known_names.module_names(node.module)
            for alias in node.names:
                if names is None:
                    self._say(node, f"Slicer has no module {node.module}")
                elif alias.name not in names and not (node.module == "slicer" and known_names.in_slicer(alias.name)):
                    self._say(node, f"{node.module} has no {alias.name}")

    # Members

    def visit_Attribute(self, node):
        self.generic_visit(node)
        base, name = self._types.of(node.value, self._scope), node.attr
        if base is None:
            self._check_unknown(node)
            return
        kind, _, of = base.partition(":")
        if kind == "ui":
            if name not in self._types.widgets:
                self._say(node, f"no .ui file has a widget {name}")
        elif kind == "module":
            self._check_module(node, of, name)
        elif kind in ("instance", "class"):
            self._check_member(node, of, name)
        elif kind == "enum":
            self._say(node, f"PythonQt has the values of enumerations in the class: qt.{of}.{name}")
        elif kind == "own" and of in self._types.classes and not self._types.has(of, name) and isinstance(node.ctx, ast.Load):
            qt_base = self._types.qt_base(of)
            if qt_base:
                self._check_member(node, qt_base, name)
        self.resolved += kind != "own"

    def _check_module(self, node, module, name):
        names = known_names.module_names(module)
        fine = known_names.in_slicer(name) if module == "slicer" else names is None or name in names
        if module == "slicer.modules":
            fine = True                                 # every module of the extension is there, too
        if not fine:
            self._say(node, f"{module} has no {name}")

    def _check_member(self, node, cls, name):
        names = known_names.members(cls)
        if names is not None and name not in names and not name.startswith("__"):
            self._say(node, f"{cls} has no {name}")
        elif isinstance(node.ctx, ast.Store) and not cls.startswith("vtk") and known_names.properties(cls) and \
                name not in known_names.properties(cls):
            self._say(node, f"{cls}.{name} is no property, it can not be assigned")

    def _check_unknown(self, node):
        module = isinstance(node.value, ast.Name) and node.value.id in self._imported
        if not module and _LIKE_VTK.fullmatch(node.attr) and self._imported & {"slicer", "vtk"} and \
                node.attr not in known_names.every_vtk_name() and not self._is_own(node.attr):
            self._say(node, f"no class of VTK or MRML has a method {node.attr}")

    def _is_own(self, name):
        return name in self._types.classes or any(name in own.names for own in self._types.classes.values())

    # Calls

    def visit_Call(self, node):
        if isinstance(node.func, ast.Attribute):
            self._check_call(node, node.func)
        callee = self._types.of(node.func, self._scope) or ""
        if callee.startswith("class:") and callee[6:7] in "Qcq" and callee[6:9] != "vtk" and node.keywords:
            self._say(node, f"{callee[6:]}() takes no keywords in PythonQt")
        self.generic_visit(node)

    def _check_call(self, node, function):
        base, name = self._types.of(function.value, self._scope) or "", function.attr
        kind, _, cls = base.partition(":")
        own = kind == "own" and cls in self._types.classes
        if own and self._types.has(cls, name):
            return
        cls = self._types.qt_base(cls) if own else cls if kind == "instance" else None
        if cls and name in known_names.properties(cls):
            self._say(node, f"{cls}.{name} is a property in PythonQt: write it without ()")
        if name in ("connect", "disconnect") and node.args and isinstance(node.args[0], ast.Constant) and \
                isinstance(node.args[0].value, str):
            self._check_signal(node, cls, node.args[0].value)
        if name in known_names.CLASS_ARGUMENT and len(node.args) > known_names.CLASS_ARGUMENT[name]:
            self._check_class_argument(node, node.args[known_names.CLASS_ARGUMENT[name]])
        if kind == "module":
            self._check_arguments(node, base[7:], name)

    def _check_class_argument(self, node, argument):
        if isinstance(argument, ast.Constant) and not known_names.is_class(str(argument.value)):
            self._say(node, f"there is no class {argument.value}")

    def _check_signal(self, node, cls, signature):
        normal, name = known_names.normalized(signature), signature.partition("(")[0]
        if cls is None:
            if normal not in known_names.every_signal() and not self._is_ctk_signal(name):
                self._say(node, f"no class has a signal {signature}")
            return
        signals = known_names.signals(cls)
        if name not in (known_names.members(cls) or {name}) or signals is not None and normal not in signals:
            self._say(node, f"{cls} has no signal {signature}")

    def _is_ctk_signal(self, name):
        classes = {cls for cls in self._types.widgets.values() if cls.startswith(("ctk", "q"))}
        return any(name in (known_names.members(cls) or ()) for cls in classes)

    def _check_arguments(self, node, module, name):
        wanted = known_names.parameters(module, name)
        if wanted is None or any(isinstance(argument, ast.Starred) for argument in node.args):
            return
        names = [argument.arg for argument in (*wanted.posonlyargs, *wanted.args)]
        if len(node.args) > len(names) and wanted.vararg is None:
            self._say(node, f"{module}.{name} takes {len(names)} arguments")
        for keyword in node.keywords:
            if keyword.arg and wanted.kwarg is None and keyword.arg not in names + [one.arg for one in wanted.kwonlyargs]:
                self._say(node, f"{module}.{name} has no argument {keyword.arg}")
