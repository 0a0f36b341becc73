"""Every name of Qt, CTK, Slicer, VTK and MRML in the extension is one that a running Slicer offers; see Testing/apicheck."""
import ast
import functools
import os
import re
import subprocess
import sys

import pytest
from slicer_package import ROOT, SOURCE
from studies import warm_workers

#: wrong line -> what is said about it. Each is right for PySide6, for another version, or nearly right.
WRONG = {
    "qt.QVector2DD": "qt has no QVector2DD",
    "qt.QChart()": "qt has no QChart",
    "qt.Qt.AlignMiddle": "Qt has no AlignMiddle",
    "qt.Qt.AlignmentFlag.AlignLeft": "PythonQt has the values of enumerations in the class: qt.Qt.AlignLeft",
    "ctk.ctkRangeSliders()": "ctk has no ctkRangeSliders",
    "slicer.utils": "slicer has no utils",
    "slicer.util.getNodeByClass('x')": "slicer.util has no getNodeByClass",
    "slicer.util.loadUI('a', 'b', 'c')": "slicer.util.loadUI takes 1 arguments",
    "slicer.util.saveScene(path='x')": "slicer.util.saveScene has no argument path",
    "slicer.packaging.pip_ensure([], title='x')": "slicer.packaging.pip_ensure has no argument title",
    "slicer.app.layoutManager().sliceWidget('Red').sliceLogics()": "sliceWidget has no sliceLogics",
    "slicer.app.layoutManager().sliceWidget('Red').sliceLogic().SetOffset(1)": "has no SetOffset",
    "slicer.mrmlScene.AddNodeByClass('vtkMRMLTextNode')": "vtkMRMLScene has no AddNodeByClass",
    "slicer.mrmlScene.AddNewNodeByClass('vtkMRMLBoxNode')": "there is no class vtkMRMLBoxNode",
    "slicer.mrmlScene.AddNewNodeByClass('vtkMRMLMarkupsROINode').SetRadius(1)": "vtkMRMLMarkupsROINode has no SetRadius",
    "slicer.mrmlScene.AddNewNodeByClass('vtkMRMLMarkupsROINode').GetDisplayNode().SetFillOpaque(1)": "has no SetFillOpaque",
    "vtk.vtkTensorflow()": "vtk has no vtkTensorflow",
    "something().GetVolumeThing()": "no class of VTK or MRML has a method GetVolumeThing",
    "qt.QPushButton('x').clicks": "QPushButton has no clicks",
    "qt.QPushButton('x').text()": "QPushButton.text is a property in PythonQt: write it without ()",
    "qt.QPushButton(text='x')": "QPushButton() takes no keywords in PythonQt",
    "qt.QPushButton('x').connect('clicks(bool)', print)": "QPushButton has no signal clicks(bool)",
    "qt.QPushButton('x').connect('clicked(int)', print)": "QPushButton has no signal clicked(int)",
    "qt.QComboBox().connect('currentIndexChanged(QString)', print)": "QComboBox has no signal currentIndexChanged(QString)",
    "something().connect('pressedTwice()', print)": "no class has a signal pressedTwice()",
    "qt.QWidget().setLayouts(1)": "QWidget has no setLayouts",
    "qt.QTableWidget().horizontalHeader().setSectionSize(1)": "QHeaderView+ has no setSectionSize",
    "button = qt.QPushButton('x'); button.caption = 'y'": "QPushButton has no caption",
    "timer = qt.QTimer(); timer.singleShot = True": "QTimer.singleShot is no property, it can not be assigned",
    "self.ui.nosuchButton.click()": "no .ui file has a widget nosuchButton",
    "self.ui.loadButton.press()": "QPushButton has no press",
    "self.field.setTexts('x')": "QLineEdit has no setTexts",
    "self.chart.zoomIn2()": "QWidget has no zoomIn2",
    "from slicer.i18n import translated": "slicer.i18n has no translated",
    "from slicer.extensions import x": "Slicer has no module slicer.extensions",
}
RIGHT = """
        button, timer = qt.QPushButton("x"), qt.QTimer()
        button.text = "y"
        button.enabled = not button.enabled
        button.connect("clicked(bool)", self.chart.zoom)
        button.clicked.connect(print)
        timer.setSingleShot(True)
        qt.QTimer.singleShot(0, print)
        self.chart.onPicked = print
        self.chart.mouseTracking = True
        self.ui.loadButton.connect("clicked(bool)", print)
        layout = self.ui.loadButton.parent().layout()
        for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
            node.GetImageData().GetDimensions()
        table = qt.QTableWidget()
        table.horizontalHeader().setSectionResizeMode(1, qt.QHeaderView.Stretch)
        slicer.app.layoutManager().sliceWidget("Red").sliceLogic().GetSliceNode().GetFieldOfView()
"""
_FILE = """import ctk
import qt
import slicer
import slicer.packaging
import vtk


class Chart(qt.QWidget):
    def __init__(self):
        qt.QWidget.__init__(self)
        self.onPicked = None

    def zoom(self):
        self.update()


class Panel:
    def __init__(self, ui):
        self.ui, self.chart = ui, Chart()
        self.field = qt.QLineEdit()

    def run(self):
{lines}
"""


def check(folder):
    """(exit status, lines, number of names looked up) of the check of a folder."""
    paths = os.pathsep.join([str(ROOT / "Testing"), os.environ["PYTHONPATH"]])
    process = subprocess.run([sys.executable, "-m", "apicheck", str(folder)], capture_output=True, text=True, check=False,
                             env={**os.environ, **warm_workers.from_server(), "PYTHONPATH": paths})
    count = re.search(r"(\d+) names looked up", process.stderr)
    assert count, process.stderr
    return process.returncode, process.stdout.splitlines(), int(count[1])


def test_every_name_is_one_of_slicers():
    status, lines, count = check(SOURCE)
    assert lines == [] and status == 0
    assert count > 1200, "the check has become blind"


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """What is said about each wrong line, and about the right ones: one folder, one run."""
    folder = tmp_path_factory.mktemp("wrong")
    for number, line in enumerate([*WRONG, RIGHT]):
        text = line if line is RIGHT else f"        {line}"
        (folder / f"line{number:02}.py").write_text(_FILE.format(lines=text), encoding="utf-8")
    (folder / "right.ui").write_text((SOURCE / "Resources/UI/SectionPatient.ui").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "wrong.ui").write_text("""<ui version="4.0"><widget class="QFancyBox" name="a"/>
        <widget class="QLabel" name="b"><property name="words"><string>x</string></property></widget></ui>""", encoding="utf-8")
    said = {}
    for line in check(folder)[1]:
        file, _line, text = line.split(":", 2)
        said.setdefault(file, []).append(text.strip())
    return said


@pytest.mark.parametrize("number, line", list(enumerate(WRONG)), ids=list(WRONG))
def test_a_name_that_slicer_has_not_is_found(judged, number, line):
    said = judged.get(f"line{number:02}.py", [])
    assert len(said) == 1 and WRONG[line] in said[0], said


def test_names_that_slicer_has_are_accepted(judged):
    assert judged.get(f"line{len(WRONG):02}.py", []) == []


def test_classes_and_properties_of_ui_files_are_checked(judged):
    assert judged["wrong.ui"] == ["Slicer has no class QFancyBox", "QLabel has no property words"]
    assert "right.ui" not in judged


@functools.cache
def calls_in_the_extension():
    """(file, line, what is called, whether with arguments by place) of each call."""
    return [(path.relative_to(SOURCE), node.lineno, ast.unparse(node.func), bool(node.args))
            for path in SOURCE.rglob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)]


def test_no_message_boxes_besides_those_of_slicer():
    boxes = re.compile(r"QMessageBox|QInputDialog|(info|warning|error)Display$")
    assert [call for call in calls_in_the_extension() if boxes.search(call[2])] == []


def test_no_style_sheets():
    assert [call for call in calls_in_the_extension() if call[2].endswith("setStyleSheet")] == []
    assert [path.name for path in SOURCE.rglob("*.ui") if "styleSheet" in path.read_text(encoding="utf-8")] == []


def test_timers_and_completers_have_a_parent():
    """Without one, what they are connected to is kept for ever: neither Python's collector nor Qt sees the circle."""
    orphans = [(path, line) for path, line, called, given in calls_in_the_extension()
               if called in ("qt.QTimer", "qt.QCompleter", "qt.QMenu", "qt.QShortcut") and not given]
    assert [(path, line) for path, line in orphans
            if '.disconnect("timeout()"' not in (SOURCE / path).read_text(encoding="utf-8")] == []
