"""The module's own self-test, from the installed package, in a process of its own as Slicer's ctest runs it."""
from slicer_package import run_python

_SCRIPT = """
import sys
from module_session import ModuleSession
errors = []
sys.excepthook = lambda kind, error, trace: (errors.append(error), sys.__excepthook__(kind, error, trace))
session = ModuleSession(module=sys.argv[1])
import slicer
slicer.selfTests["TumorConnectome"](msec=0)
session.settle()
sys.exit(f"errors in slots: {errors}" if errors else 0)
"""


def test_self_test_passes(installed_package):
    result = run_python(_SCRIPT, installed_package / "TumorConnectome.py", module_folder=installed_package)
    assert result.returncode == 0, result.stderr[-3000:]
