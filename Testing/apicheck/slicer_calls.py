"""Finds every call into Slicer whose argument or answer has to be understood: names, IDs, tags, numbers, what is not there."""
from __future__ import annotations

import ast
import functools
import pathlib
import re

from . import known_names
from .checks import FileCheck
from .types_of_names import Types
from .ui_files import widgets_of

#: types whose every used member counts -> how the table calls them
_OWNERS = {
    "instance:slicer.app": "slicer.app", "instance:slicer.app.layoutManager()": "layoutManager",
    "instance:sliceWidget": "sliceWidget", "instance:sliceView": "sliceView", "instance:sliceController": "sliceController",
    "instance:threeDWidget": "threeDWidget", "instance:threeDView": "threeDView", "module:slicer.util": "slicer.util",
    "module:slicer.packaging": "slicer.packaging", "instance:vtkMRMLScene": "mrmlScene", "instance:QSettings": "QSettings",
    "instance:qSlicerSingletonViewFactory": "qSlicerSingletonViewFactory", "instance:ctkDICOMIndexer": "ctkDICOMIndexer",
    "module:slicer.modules": "slicer.modules", "instance:vtkMRMLLayoutNode": "vtkMRMLLayoutNode"}
#: the end of an expression of unknown type -> the same
_BY_NAME = {"database": "dicomDatabase", "dicomDatabase": "dicomDatabase", "indexer": "ctkDICOMIndexer",
            "DICOMUtils": "DICOMUtils", "ioManager()": "ioManager", "coreIOManager()": "ioManager",
            "moduleManager()": "moduleManager", "settings()": "QSettings", "userSettings()": "QSettings"}
#: methods of MRML and VTK that take or give a name, an ID, a tag, a place
_MRML = re.compile(r"[A-Z]\w*(IDs?|Name|Attribute|LayoutDescription|Orientation|ByDataNode|ItemParent|RemoveItem|ByClass|ByID|"
                   r"SingletonNode|ActiveCameraNode|ItemAsObject|FromBinaryLabelmapRepresentation|Archetype\w*Volume)|GetNth\w+")
#: they only give what an object itself is called
_PLAIN = {"GetID", "GetName", "GetClassName"}
_VIEWS = ("sliceWidget", "sliceView", "sliceController", "threeDWidget", "threeDView")
#: the same for plots and tables, from the members of their classes
_RESULT_VIEWS = ("qMRMLPlotWidget", "qMRMLPlotView", "qMRMLTableWidget", "qMRMLTableView")


@functools.cache
def _view_names():
    """Members of Slicer's views that no other widget has: in unknown objects, too, they are those of a view."""
    others = known_names.members("qMRMLWidget") | {"roll"}        # numpy's
    results = frozenset().union(*map(known_names.members, _RESULT_VIEWS)) - known_names.members("QTableView")
    return (frozenset().union(*map(known_names.members, _VIEWS)) | results - {"title", "format"}) - others


class _Calls(FileCheck):
    """Collects (owner, member) of one file; the owner is "" where only the member's name is known."""

    def __init__(self, types, scope):
        super().__init__(types, scope)
        self.calls = set()

    def visit_Attribute(self, node):
        self.generic_visit(node)
        kind = self._types.of(node.value, self._scope)
        by_name = kind is None and not (isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name))
        owner = _OWNERS.get((kind or "").removesuffix("+")) or (_BY_NAME.get(_end_of(node.value)) if by_name else None)
        if owner and not node.attr.endswith("Event"):
            self.calls.add((owner, node.attr))
        elif kind is None and node.attr in _view_names():
            self.calls.add(("", node.attr))

    def visit_Call(self, node):
        super().visit_Call(node)
        if isinstance(node.func, ast.Attribute) and node.args and _MRML.fullmatch(node.func.attr):
            kind = self._types.of(node.func.value, self._scope) or ""
            if node.func.attr not in _PLAIN and not kind.startswith(("own", "ui", "module:qt", "instance:Q")) and \
                    (kind.removesuffix("+") not in _OWNERS):
                self.calls.add(("", node.func.attr))


def _end_of(expression):
    """The last name of an expression, without the underscore of a private one."""
    return ast.unparse(expression).rpartition(".")[2].lstrip("_")


def calls_of(folder: pathlib.Path) -> set[tuple[str, str]]:
    """All (owner, member) below a folder that the table has to explain; the owner is "" where it is not known."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}
    types, found = Types(trees, widgets_of(sorted(folder.rglob("*.ui")))), set()
    for path, tree in trees.items():
        calls = _Calls(types, types.scope(path))
        calls.visit(tree)
        found |= calls.calls
    return found


def not_explained(calls, explained) -> list[str]:
    """Calls that no row of the table is about.

    Parameters
    ----------
    calls : set of (str, str)
    explained : set of str
        "owner.member" of the rows.
    """
    members = {name.rpartition(".")[2] for name in explained}
    return sorted(f"{owner}.{name}".lstrip(".") for owner, name in calls
                  if (f"{owner}.{name}" not in explained if owner else name not in members))
