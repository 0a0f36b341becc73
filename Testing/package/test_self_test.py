"""What the self-test leaves behind: the scene, settings, layout and DICOM database of the user, whatever a story does."""
from slicer_package import run_python

#: a story that needs neither images nor a worker
_QUICK = "a_group_is_compared_with_the_cohort"

_START = """
import json, os, sys
from module_session import ModuleSession
errors = []
sys.excepthook = lambda kind, error, trace: (errors.append(error), sys.__excepthook__(kind, error, trace))
session = ModuleSession(module=sys.argv[1])
import qt, slicer
from slicerhost import dicom_module
test = sys.modules["TumorConnectome"].TumorConnectomeTest
every = test.runTest

def run(*names):
    "As the button Reload and Test, and ctest, with some of the stories only."
    test.runTest = lambda self: every(self, names)
    slicer.selfTests["TumorConnectome"](msec=0)

def found():
    settings = qt.QSettings()
    return {key: settings.value(key) for key in settings.allKeys()}, slicer.app.layoutManager().layout

def untidy(self):
    "A story that changes everything, and fails."
    qt.QSettings().setValue("TumorConnectome/Untidy", 1)
    qt.QSettings().setValue("DICOM/Kept", "changed")
    qt.QSettings().remove("DICOM/Removed")
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    slicer.util.mainWindow().resize(900, 700)
    self.fail("on purpose")

test.story_untidy = untidy
"""

_USER = """
qt.QSettings().setValue("DICOM/Kept", "as it was")
qt.QSettings().setValue("DICOM/Removed", "as it was")
slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView)
mine = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Mine")      # never saved: it has no storage node
mine.AddControlPoint(1, 2, 3)
saved = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Saved")
saved.AddDefaultStorageNode()
saved.GetStorageNode().SetFileName(os.path.join(sys.argv[2], "saved.mrk.json"))
slicer.mrmlScene.SetURL(os.path.join(sys.argv[2], "user.mrml"))
session.window.resize(1500, 800)       # three slice views with bars beside the panel need 1438 pixels
before, size = found(), (session.window.width, session.window.height)
try:
    run("untidy", QUICK)
except AssertionError as error:
    assert "on purpose" in str(error), error
else:
    sys.exit("a failing story fails the test")
session.settle()
assert found() == before, (found(), before)
assert (session.window.width, session.window.height) == size
assert list(slicer.util.getNode("Mine").GetNthControlPointPosition(0)) == [1, 2, 3]
assert slicer.util.getNode("Mine").GetModifiedSinceRead(), "it still has to be saved"
assert slicer.util.getNode("Saved").GetStorageNode().GetFileName() == os.path.join(sys.argv[2], "saved.mrk.json")
assert slicer.mrmlScene.GetURL() == os.path.join(sys.argv[2], "user.mrml")
sys.exit(f"errors in slots: {errors}" if errors else 0)
"""

_NOT_SAVABLE = """
mine = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Mine")
from slicerhost import io_manager
io_manager.write_scene = lambda path: False
run(QUICK)
assert slicer.util.getNode("Mine") is mine
"""

_NO_HDF5 = """
class CanNotWrite(slicer.vtkMRMLTransformStorageNode):
    "As in a Slicer that was built without HDF5."
    def WriteData(self, node):
        return 0

slicer.vtkMRMLTransformStorageNode = CanNotWrite
run("state_survives_a_scene")
"""


_CTEST = """
import unittest
test.runTest = lambda self: every(self, [QUICK])
suite = unittest.TestLoader().loadTestsFromTestCase(test)       # as slicer.testing.runUnitTest does
assert suite.countTestCases() == 1, suite
result = unittest.TextTestRunner().run(suite)
assert result.wasSuccessful(), result
"""


def run(code, package, *arguments):
    """Run code in a process with the installed package; returns the finished process."""
    code = (_START + code).replace("QUICK", repr(_QUICK))
    return run_python(code, package / "TumorConnectome.py", *arguments, module_folder=package, timeout=500)


def test_everything_is_as_it_was_found_even_when_a_story_fails(installed_package, tmp_path):
    result = run(_USER, installed_package, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    lines = [line.split(" (")[0] for line in result.stdout.splitlines() if line.startswith("Story ")]
    assert lines == [f"Story {_QUICK} passed", "Story untidy failed", "Story everything_is_as_it_was_found passed"]


def test_ctest_runs_the_stories_together(installed_package):
    result = run(_CTEST, installed_package)
    assert result.returncode == 0, result.stderr[-3000:]
    assert [line.split(" (")[0] for line in result.stdout.splitlines() if line.startswith("Story ")] == [
        f"Story {_QUICK} passed", "Story everything_is_as_it_was_found passed"]


def test_a_scene_that_can_not_be_kept_is_left_alone(installed_package):
    result = run(_NOT_SAVABLE, installed_package)
    assert result.returncode == 0, result.stderr[-3000:]
    assert f"Story {_QUICK} skipped (0.0 s): the open scene can not be kept" in result.stdout


def test_a_slicer_that_can_not_write_transforms_skips_the_saved_scene_and_says_so(installed_package):
    result = run(_NO_HDF5, installed_package)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "Story state_survives_a_scene skipped" in result.stdout and "HDF5" in result.stdout
