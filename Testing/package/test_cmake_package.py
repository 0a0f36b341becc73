"""CMake configures the extension, and what it installs is the whole module."""
import re
import shutil

import pytest
from slicer_package import ROOT, SOURCE, configure, run_python
from test_extension_description import cmake_metadata


def recorded(build, name):
    return (build / "recorded" / name).read_text(encoding="utf-8")


def files_below(folder):
    """Relative paths of all files, without compiled Python."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts}


def test_slicer_is_told_what_the_extension_is(package_build):
    for name, value in cmake_metadata().items():
        assert recorded(package_build, f"EXTENSION_{name}") == value
    assert recorded(package_build, "module") == "TumorConnectome"
    assert recorded(package_build, "included").split() == ["GenerateConfig", "ExtensionCPack"]


def test_self_test_and_generic_tests_are_registered(package_build):
    tests = recorded(package_build, "tests").split()
    assert tests == ["nomainwindow_qSlicerTumorConnectomeModuleGenericTest", "TumorConnectome"]


def test_every_file_of_the_module_is_listed_once(package_build):
    scripts, resources = (recorded(package_build, name).split(";") for name in ("scripts", "resources"))
    listed = scripts + resources
    assert len(set(listed)) == len(listed)
    assert set(listed) == files_below(SOURCE) - {"CMakeLists.txt"}
    assert [name for name in scripts if not name.endswith(".py")] == []


def test_installed_module_is_complete_and_the_same(installed_package):
    assert files_below(installed_package) == files_below(SOURCE) - {"CMakeLists.txt"}
    for name in files_below(installed_package):
        assert (installed_package / name).read_bytes() == (SOURCE / name).read_bytes(), name


def test_installed_library_is_imported_without_the_source_tree(installed_package):
    process = run_python("""
import pkgutil, sys, TumorConnectomeLib
from slicerhost import app
app.start()
names = [info.name for info in pkgutil.walk_packages(TumorConnectomeLib.__path__, "TumorConnectomeLib.")
         if not info.name.endswith("__main__")]
for name in names:
    __import__(name)
print(len(names), [module.__file__ for name, module in sys.modules.items() if name.startswith("TumorConnectome")
                   and not module.__file__.startswith(sys.argv[1])])
""", installed_package, module_folder=installed_package)
    assert process.returncode == 0, process.stderr[-2000:]
    count, _, foreign = process.stdout.strip().splitlines()[-1].partition(" ")
    assert int(count) > 150 and foreign == "[]"


@pytest.fixture
def copied_source(tmp_path):
    """A copy of the extension's sources that a test may damage."""
    shutil.copytree(SOURCE, tmp_path / "source/TumorConnectome", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "CMakeLists.txt", tmp_path / "source")
    return tmp_path / "source"


def test_a_listed_file_that_does_not_exist_is_refused(copied_source, tmp_path):
    (copied_source / "TumorConnectome/TumorConnectomeLib/base/errors.py").unlink()
    process = configure(copied_source, tmp_path / "build")
    assert process.returncode != 0
    assert "nonexistent file 'TumorConnectomeLib/base/errors.py'" in re.sub(r"\s+", " ", process.stderr)


def test_a_missing_description_is_refused(copied_source, tmp_path):
    path = copied_source / "CMakeLists.txt"
    path.write_text(re.sub(r"set\(EXTENSION_HOMEPAGE .*\n", "", path.read_text(encoding="utf-8")), encoding="utf-8")
    process = configure(copied_source, tmp_path / "build")
    assert process.returncode != 0 and "EXTENSION_HOMEPAGE is not set" in process.stderr
