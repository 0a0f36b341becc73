"""The module's own self-test, from the installed package, in a process of its own as Slicer's ctest runs it."""
from slicer_package import run_python

_SCRIPT = """
import sys
from module_session import ModuleSession
errors = []
sys.excepthook = lambda kind, error, trace: (errors.append(error), sys.__excepthook__(kind, error, trace))
session = ModuleSession(module=sys.argv[1])
import qt, slicer
mine = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Mine")
mine.AddControlPoint(1, 2, 3)
mine.AddDefaultStorageNode()

def found():
    settings = qt.QSettings()
    return {key: settings.value(key) for key in settings.allKeys()}, slicer.app.layoutManager().layout

before = found()
slicer.selfTests["TumorConnectome"](msec=0)
session.settle()
assert found() == before, (found(), before)
mine = slicer.util.getNode("Mine")
assert list(mine.GetNthControlPointPosition(0)) == [1, 2, 3]
assert not slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
sys.exit(f"errors in slots: {errors}" if errors else 0)
"""


def test_self_test_passes_and_leaves_scene_and_settings_as_found(installed_package):
    result = run_python(_SCRIPT, installed_package / "TumorConnectome.py", module_folder=installed_package, timeout=500)
    assert result.returncode == 0, result.stderr[-3000:]
