"""The extension configured and installed with CMake, as Slicer's build does it, into an empty folder."""
import pytest
from slicer_package import MODULES, ROOT, cmake, configure


@pytest.fixture(scope="session")
def package_build(tmp_path_factory):
    """Build folder of the configured extension."""
    build = tmp_path_factory.mktemp("build")
    process = configure(ROOT, build)
    assert process.returncode == 0, process.stderr
    return build


@pytest.fixture(scope="session")
def installed_package(package_build, tmp_path_factory):
    """Folder with the module as Slicer installs it: TumorConnectome.py, TumorConnectomeLib, Resources."""
    prefix = tmp_path_factory.mktemp("Slicer")
    process = cmake("--install", package_build, "--prefix", prefix)
    assert process.returncode == 0, process.stderr
    return prefix / MODULES
