"""The library's structure: rooms that depend one way, light imports, and files and functions of readable size."""
import ast
import functools
import pathlib
import re
import sys
from dataclasses import dataclass

import pytest

from TumorConnectomeLib.commands.worker import WORKERS

MODULE_FOLDER = pathlib.Path(__file__).resolve().parents[2] / "TumorConnectome"
LIBRARY = "TumorConnectomeLib"
FILES = sorted(path for path in MODULE_FOLDER.rglob("*.py") if "__pycache__" not in path.parts)
LONGEST_FILE, LONGEST_FUNCTION = 600, 60

#: room -> rooms it may import besides itself; a room stands below all that may import it
MAY_IMPORT = {
    "base": set(),
    "work": {"base"},
    "cohort": {"base"},
    "readers": {"base", "cohort"},
    "neighbors": {"base"},
    "layout": {"base", "neighbors"},
    "connectome": {"base", "cohort", "neighbors", "layout"},
    "evaluation": {"base", "cohort", "neighbors", "connectome"},
    "presentation": {"base", "cohort", "neighbors", "connectome", "evaluation"},
    "imaging": {"base", "work", "cohort", "connectome"},
    "embedding": {"base", "work", "readers", "imaging"},
    "synthetic": {"base", "work", "cohort", "readers", "imaging", "embedding"},
    "study": {"base", "cohort", "readers", "neighbors"},
    "scene": {"base", "work", "imaging"},
    "widgets": {"base", "cohort", "readers", "neighbors", "connectome", "evaluation", "presentation"},
    "commands": {"base", "work", "cohort", "readers", "neighbors", "layout", "connectome", "evaluation", "imaging",
                 "embedding", "synthetic", "study"},
    "panel": {"base", "work", "cohort", "readers", "neighbors", "layout", "connectome", "evaluation", "presentation", "imaging",
              "embedding", "synthetic", "study", "scene", "widgets"},
}
ROOMS = tuple(MAY_IMPORT)
_GUI = {"qt", "ctk"}
_SLICER = {"slicer", "vtk"}
_DICOM = {"pydicom", "highdicom", "DICOMLib", "DICOMPlugin"}
_NETWORK = {"socket", "urllib", "http", "requests", "ftplib", "ssl", "boto3", "idc_index"}
_COMPUTING = _GUI | _SLICER | _DICOM | _NETWORK
#: room -> packages it may not import, not even inside a function
NEVER = {
    **dict.fromkeys(("base", "cohort", "readers", "neighbors", "layout", "connectome", "evaluation", "presentation", "study"),
                    _COMPUTING),
    "work": _SLICER | _DICOM | _NETWORK,
    "imaging": _GUI | _SLICER,
    "embedding": _GUI | _SLICER | _NETWORK,
    "synthetic": _GUI | {"slicer"} | _NETWORK,
    "scene": _GUI | _NETWORK,
    "widgets": _SLICER | _DICOM | _NETWORK,
    "commands": _GUI | {"slicer"},
    "panel": set(),
}
#: all that widgets are made of, besides the rooms below
WIDGETS_NEED = set(sys.stdlib_module_names) | {"numpy", "qt", "ctk", "TumorConnectomeLib"}
#: packages that every file may import when it is imported itself; any other only inside a function that needs it
AT_FILE_SCOPE = set(sys.stdlib_module_names) | {"numpy", "slicer", "vtk", "qt", "ctk", LIBRARY}


@dataclass(frozen=True)
class Import:
    """One imported module: full dotted name, line, and whether it happens when the file is imported."""

    name: str
    line: int
    at_file_scope: bool


def dotted(path):
    parts = path.relative_to(MODULE_FOLDER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(name):
    parts = name.split(".")
    return parts[1] if parts[0] == LIBRARY and len(parts) > 1 and parts[1] in ROOMS else None


NAMES = {dotted(path) for path in FILES}


class _ImportFinder(ast.NodeVisitor):
    def __init__(self, package):
        self.found, self._inside, self._package = [], 0, package.split(".")

    def visit_FunctionDef(self, node):
        self._inside += 1
        self.generic_visit(node)
        self._inside -= 1

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef

    def visit_If(self, node):
        if "TYPE_CHECKING" in ast.unparse(node.test):      # for readers and type checkers only, never run
            for statement in node.orelse:
                self.visit(statement)
        else:
            self.generic_visit(node)

    def visit_Import(self, node):
        for alias in node.names:
            self._add(alias.name, node)

    def visit_ImportFrom(self, node):
        base = self._package[:len(self._package) - node.level + 1] if node.level else []
        base = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            inner = f"{base}.{alias.name}"
            self._add(inner if inner in NAMES else base, node)

    def _add(self, name, node):
        self.found.append(Import(name, node.lineno, not self._inside))


def imports_in(tree, package):
    finder = _ImportFinder(package)
    finder.visit(tree)
    return finder.found


@dataclass(frozen=True)
class Outline:
    """What the tests ask of a file: its functions as (name, first line, last line), its ``from`` as (line, level, module)."""

    docstring: str
    imports: list
    functions: list
    imports_of_names: list


@functools.cache
def outline(path):
    """Each file is parsed once, when a test first asks, not in each process that collects tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions, names = [], []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            functions.append((node.name, node.lineno, node.end_lineno))
        elif isinstance(node, ast.ImportFrom):
            names.append((node.lineno, node.level, node.module or ""))
    package = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
    return Outline(ast.get_docstring(tree) or "", imports_in(tree, package), functions, names)


def all_imports():
    """File -> its imports."""
    return {path: outline(path).imports for path in FILES}


def where(path, line):
    return f"{path.relative_to(MODULE_FOLDER.parent)}:{line}"


def violations(allowed, room=None):
    """Places and names of imports of which `allowed(import)` is false."""
    return [f"{where(path, found.line)} imports {found.name}" for path, imports in all_imports().items()
            if room in (None, room_of(dotted(path))) for found in imports if not allowed(found)]


def test_the_checks_see_every_room_and_every_form_of_import():
    assert {room_of(name) for name in NAMES} >= set(ROOMS)
    assert imports_in(ast.parse("""import os.path, qt
from ..base.errors import InputError
from ..base import files
from . import nothing
if TYPE_CHECKING:
    import pandas
class Widget:
    import vtk
    def method(self):
        from pydicom import dcmread
try:
    import ctk
except ImportError:
    from TumorConnectomeLib.base.errors import NotAvailable
"""), "TumorConnectomeLib.widgets") == [
        Import("os.path", 1, True), Import("qt", 1, True), Import("TumorConnectomeLib.base.errors", 2, True),
        Import("TumorConnectomeLib.base.files", 3, True), Import("TumorConnectomeLib.widgets", 4, True), Import("vtk", 8, True),
        Import("pydicom", 10, False), Import("ctk", 12, True), Import("TumorConnectomeLib.base.errors", 14, True)]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room):
    allowed = MAY_IMPORT[room] | {room, None}
    assert violations(lambda found: room_of(found.name) in allowed, room) == []


def test_the_order_of_the_rooms_is_the_order_of_their_dependencies():
    assert [room for number, room in enumerate(ROOMS) if MAY_IMPORT[room] - set(ROOMS[:number])] == []


def test_every_allowed_way_between_rooms_is_gone():
    ways = {(room_of(dotted(path)), room_of(found.name)) for path, imports in all_imports().items() for found in imports}
    assert [(room, other) for room in ROOMS for other in sorted(MAY_IMPORT[room]) if (room, other) not in ways] == []


def test_imaging_runs_without_slicer_vtk_and_qt():
    needed, waiting = set(), [name for name in NAMES if room_of(name) == "imaging"]
    by_name = {dotted(path): imports for path, imports in all_imports().items()}
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [found.name for found in by_name[name] if found.name in NAMES]
    assert sorted((name, found.name) for name in needed for found in by_name[name]
                  if found.name.split(".")[0] in _SLICER | _GUI) == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_keeps_away_from_the_packages_of_others(room):
    assert violations(lambda found: found.name.split(".")[0] not in NEVER[room], room) == []


def test_widgets_are_made_of_qt_numpy_and_the_standard_library():
    assert violations(lambda found: found.name.split(".")[0] in WIDGETS_NEED, "widgets") == []


def test_worker_commands_exist():
    for target in WORKERS.values():
        module, _, function = target.partition(":")
        tree = ast.parse((MODULE_FOLDER / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8"))
        found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
        assert [[argument.arg for argument in node.args.args] for node in found] == [["arguments", "report"]], target


def test_inside_the_library_imports_are_relative():
    absolute = [where(path, line) for path in FILES if dotted(path).startswith(LIBRARY)
                for line, level, module in outline(path).imports_of_names if not level and module.startswith(LIBRARY)]
    assert absolute == []


def test_importing_a_file_needs_nothing_that_slicer_does_not_bring():
    assert violations(lambda found: not found.at_file_scope or found.name.split(".")[0] in AT_FILE_SCOPE) == []


def test_widgets_read_and_write_no_files():
    found = []
    for path in FILES:
        if room_of(dotted(path)) != "widgets":
            continue
        found += [f"{where(path, i.line)} imports {i.name}" for i in all_imports()[path]
                  if i.name.split(".")[0] in {"pathlib", "os", "io", "shutil", "tempfile", "subprocess", "sqlite3", "zipfile"}]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called == "open" or called.rpartition(".")[2] in {"QFile", "QSaveFile", "QTemporaryFile", "QDir", "QSettings"}:
                found.append(f"{where(path, node.lineno)} calls {called}")
    assert found == []


def test_nothing_is_unpickled():
    names = {"pickle", "_pickle", "cPickle", "shelve", "marshal", "joblib", "dill"}
    assert violations(lambda found: found.name.split(".")[0] not in names) == []
    loads = re.compile(r"allow_pickle\s*=\s*True|read_pickle")
    assert [where(path, 1) for path in FILES if loads.search(path.read_text(encoding="utf-8"))] == []


def test_there_are_no_import_cycles():
    graph = {dotted(path): {found.name for found in imports if found.name in NAMES} - {dotted(path)}
             for path, imports in all_imports().items()}
    finished, path = set(), []

    def visit(name):
        assert name not in path, " -> ".join([*path[path.index(name):], name])
        if name not in finished:
            path.append(name)
            for other in sorted(graph[name]):
                visit(other)
            finished.add(path.pop())

    for name in sorted(graph):
        visit(name)
    assert finished == NAMES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(MODULE_FOLDER)))
def test_a_file_says_what_it_is_for_and_stays_readable(path):
    text, found = path.read_text(encoding="utf-8"), outline(path)
    assert text.startswith('"""'), "the docstring is not on the first line"
    assert len(found.docstring.splitlines()[0]) > 10
    assert text.count("\n") <= LONGEST_FILE
    long = [f"{where(path, first)} {name}: {last - first + 1} lines" for name, first, last in found.functions
            if last - first >= LONGEST_FUNCTION]
    assert long == []


def test_no_file_names_a_folder_of_one_machine():
    pattern = re.compile(r"""["'\s(=](/(?:home|root|Users|mnt|media|work|tmp|scratch|data)/[\w.]|[A-Z]:\\\\Users)""")
    found = [f"{where(path, number)}: {line.strip()}" for path in FILES
             for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1) if pattern.search(line)]
    assert found == []
