"""The module's own self-test, in a process of its own as Slicer's ctest runs it."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
_SCRIPT = """
import sys
from module_session import ModuleSession
errors = []
sys.excepthook = lambda kind, error, trace: (errors.append(error), sys.__excepthook__(kind, error, trace))
session = ModuleSession()
import slicer
slicer.selfTests["TumorConnectome"](msec=0)
session.settle()
sys.exit(f"errors in slots: {errors}" if errors else 0)
"""


def test_self_test_passes():
    paths = os.pathsep.join([str(ROOT / "TumorConnectome"), str(ROOT / "Testing")])
    result = subprocess.run([sys.executable, "-X", "faulthandler", "-c", _SCRIPT], env={**os.environ, "PYTHONPATH": paths},
                            capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr[-3000:]
