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
def example(host):
    """The example module, loaded."""
    from slicerhost import app
    return app.load_module(EXAMPLE)


@pytest.fixture
def window(host, example):
    """The main window, showing the example module; tests of another folder may have shown their own in it."""
    from slicerhost import app
    window = app.MainWindow(example)
    window.resize(1200, 800)
    window.show()
    host.processEvents()
    return window


@pytest.fixture
def scene(window):
    """The scene, empty; views in the conventional layout."""
    import slicer
    slicer.mrmlScene.Clear()
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    slicer.app.processEvents()
    return slicer.mrmlScene
