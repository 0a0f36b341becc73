"""A user who does anything at any time breaks nothing and leaves nothing behind; the long form is a benchmark."""
import os
import re
import subprocess
import sys

from slicer_package import ROOT
from studies import warm_workers

BENCHMARK = ROOT / "Testing/benchmarks/stress_random_user.py"


def run_user(*options, script=BENCHMARK, left_out=()):
    """Run it without some variables of the environment."""
    environment = {name: value for name, value in os.environ.items() if name not in left_out} | warm_workers.from_server()
    return subprocess.run([sys.executable, "-X", "faulthandler", str(script), *map(str, options)], capture_output=True,
                          text=True, check=False, timeout=300, env=environment)


def test_random_actions_end_without_an_exception_and_leave_nothing_behind():
    result = run_user("--actions", 250, "--seed", 7)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-3000:]
    assert re.search(r"^250 actions", result.stdout, flags=re.M)


def test_what_is_left_behind_is_found(tmp_path):
    text = BENCHMARK.read_text(encoding="utf-8")
    text = text.replace("pathlib.Path(__file__).resolve().parents[2]", f"pathlib.Path({str(ROOT)!r})")
    after = "        name = user.act() if number < actions else \"end\"\n"
    assert after in text
    damage = """        if number == actions - 1:
            import qt, slicer
            slicer.modules.kept = [type(session.panel.runner)() for _ in range(3)]
            tempfile.mkstemp(prefix="left-")
            qt.QTimer.singleShot(0, lambda: 1 / 0)
            session.settle()
"""
    (tmp_path / "stress.py").write_text(text.replace(after, after + damage), encoding="utf-8")
    # its workers are started as in Slicer
    result = run_user("--actions", 4, script=tmp_path / "stress.py", left_out=(warm_workers.ADDRESS, warm_workers.SERVER))
    assert result.returncode == 1
    for complaint in ("object JobRunner", "temporary file left-", "exception: ZeroDivisionError"):
        assert complaint in result.stdout, result.stdout + result.stderr[-2000:]
