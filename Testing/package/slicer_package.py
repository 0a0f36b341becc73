"""CMake and processes for the tests of the package: configure, install, run what is installed."""
import os
import pathlib
import subprocess
import sys

from studies import warm_workers

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "TumorConnectome"
#: where Slicer looks for scripted modules below its own folder
MODULES = "lib/Slicer-5.12/qt-scripted-modules"


def cmake(*arguments):
    """Run the CMake of requirements.txt; returns the finished process."""
    program = "import cmake, sys; sys.exit(cmake.cmake())"
    return subprocess.run([sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, check=False)


def configure(source, build):
    """Configure an extension against the stand-in for Slicer. It has nothing to compile: no compiler is looked for."""
    compilers = [f"-DCMAKE_{language}_COMPILER{more}" for language in ("C", "CXX")
                 for more in (f"={sys.executable}", "_FORCED=1", "_ID_RUN=1")]
    return cmake("-S", source, "-B", build, "-G", "Unix Makefiles", f"-DCMAKE_MAKE_PROGRAM={sys.executable}", *compilers,
                 f"-DSlicer_DIR={ROOT / 'Testing/cmake'}")


def run_python(code, *arguments, module_folder=SOURCE, environment=(), more_paths=(), timeout=300):
    """Run Python code in a process that finds the module in `module_folder` and the host; returns the finished process."""
    paths = os.pathsep.join(filter(None, map(str, [*more_paths, module_folder, ROOT / "Testing",
                                                   os.environ.get("PYTHONPATH", "")])))
    return subprocess.run([sys.executable, "-X", "faulthandler", "-c", code, *map(str, arguments)], capture_output=True,
                          text=True, check=False, timeout=timeout,
                          env={**os.environ, **warm_workers.from_server(), "PYTHONPATH": paths, **dict(environment)})
