"""docs/slicer-api-semantics.md explains every call of the module into Slicer, and the host behaves as it says."""
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "Testing" / "slicer"))

from semantics_table import assumed_wrongly, read_rows  # noqa: E402


@pytest.fixture(scope="module")
def found(host, tmp_path_factory):
    """What the probes see in the host, with an open DICOM database, by call."""
    import slicer
    from probe_semantics import probe_rows

    from slicerhost import app
    from slicerhost.dicom_module import make_module

    app.MainWindow(app.load_module(ROOT / "TumorConnectome" / "TumorConnectome.py")).show()
    slicer.util.selectModule("TumorConnectome")
    for number in (slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalPlotView, slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView):
        slicer.app.layoutManager().setLayout(number)
    host.processEvents()
    with pytest.MonkeyPatch.context() as patch:
        for (place, name), value in make_module(tmp_path_factory.mktemp("database")).items():
            if place == "sys.modules":
                patch.setitem(sys.modules, name, value)
            else:
                patch.setattr(sys.modules[place], name, value, raising=False)
        before = state(slicer)
        rows = {row["call"]: row for row in probe_rows()}
        after = state(slicer)
    return rows, before, after


def state(slicer):
    """What the probes have to leave as it was."""
    import qt

    manager = slicer.app.layoutManager()
    items = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene).GetNumberOfItems()
    nodes = [node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode")]
    return manager.layout, sorted(manager.sliceViewNames()), nodes, items, sorted(qt.QSettings().allKeys()), \
        slicer.util.selectedModule(), id(slicer.dicomDatabase)


@pytest.mark.parametrize("call", [row.call for row in read_rows()])
def test_the_host_behaves_as_the_table_says(found, call):
    row = found[0][call]
    assert row["as_said"], f"{call}: expected {row['expected']}, seen {row['seen']}"


def test_the_probes_leave_scene_layout_and_settings_as_they_were(found):
    _rows, before, after = found
    assert after == before


def test_every_call_into_slicer_has_a_row(host):
    from apicheck.slicer_calls import calls_of, not_explained

    assert not_explained(calls_of(ROOT / "TumorConnectome"), {row.call for row in read_rows()}) == []


CALLS = """
import qt, slicer
class Thing:
    def __init__(self, database):
        self._database = database
    def run(self, node, widget):
        manager = slicer.app.layoutManager()
        manager.tableWidget(0)
        widget.tableView()
        widget.sliceController().setVisible(False)
        self._database.patientForStudy("1.2")
        node.SetNodeReferenceID("role", node.GetID())
        slicer.util.getNode("x*")
        slicer.mrmlScene.GetNodesByName("x")
        qt.QSettings().contains("key")
"""


def test_a_call_without_a_row_is_found(host, tmp_path):
    from apicheck.slicer_calls import calls_of, not_explained

    (tmp_path / "thing.py").write_text(CALLS)
    missing = not_explained(calls_of(tmp_path), {row.call for row in read_rows()})
    assert missing == ["QSettings.contains", "SetNodeReferenceID", "dicomDatabase.patientForStudy", "layoutManager.tableWidget",
                       "mrmlScene.GetNodesByName", "slicer.util.getNode", "tableView"]


def test_the_table_names_each_call_once_and_the_sources_of_all(host):
    rows = read_rows()
    assert len({row.call for row in rows}) == len(rows) > 80
    assert all(row.source.startswith(("Slicer `", "CTK `", "VTK `", "Qt `")) and row.argument for row in rows)
    assert set(assumed_wrongly()) <= {row.call for row in rows} and len(assumed_wrongly()) >= 7


def test_a_line_of_the_table_that_can_not_be_read_is_an_error():
    with pytest.raises(ValueError, match="2 lines of the table, 1 of them"):
        read_rows("| `a.b(c)` | what | `None` | Slicer `x` |\n| `a.b(c) | what |\n")


def test_the_probes_import_nothing_of_the_module():
    """They run in any Slicer, also where the extension is not installed."""
    program = ("import ast, pathlib, sys\n"
               "for path in pathlib.Path(sys.argv[1]).glob('*probe*.py'):\n"
               "    for node in ast.walk(ast.parse(path.read_text())):\n"
               "        names = [a.name for a in node.names] if isinstance(node, ast.Import) else "
               "[node.module or ''] if isinstance(node, ast.ImportFrom) else []\n"
               "        print(*[n for n in names if n.startswith(('TumorConnectome', 'slicerhost', 'PySide6'))], sep='')\n")
    done = subprocess.run([sys.executable, "-c", program, str(ROOT / "Testing" / "slicer")], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip() == "", done.stdout + done.stderr
