"""Fixtures of the host's own tests: the module qt, and a main window with a small scripted module."""
import pathlib

import pytest

EXAMPLE = pathlib.Path(__file__).parent / "example" / "HostExample.py"


@pytest.fixture(scope="session")
def qt(host):
    """The module qt of Slicer-style code."""
    import qt
    return qt


@pytest.fixture(scope="session")
def window(host):
    """The main window, showing the example module."""
    from slicerhost import app
    window = app.MainWindow(app.load_module(EXAMPLE))
    window.resize(1200, 800)
    window.show()
    host.processEvents()
    yield window
    window.close()


@pytest.fixture
def scene(window):
    """The scene, empty; views in the conventional layout."""
    import slicer
    slicer.mrmlScene.Clear()
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    slicer.app.processEvents()
    return slicer.mrmlScene
