"""The connectome view on screen, for all tests of it."""
import pytest
from connectome_samples import coloring, ring
from view_gestures import Clock

CALLBACKS = {"onClicked": "clicked", "onDoubleClicked": "double", "onHovered": "hovered", "onCompared": "compared",
             "onGroup": "group", "onCategoriesChanged": "categories", "onKeyAction": "key"}


@pytest.fixture
def view(host):
    """A shown view of 12 patients on a circle, with the calls it makes in `view.calls`."""
    from TumorConnectomeLib.widgets.connectome_view import ConnectomeView
    view = ConnectomeView()
    view.calls = []
    for callback, name in CALLBACKS.items():
        setattr(view, callback, lambda value, name=name: view.calls.append((name, value)))
    view.resize(520, 500)
    view.setConnectome(ring(12), coloring(12))
    view.show()
    host.processEvents()
    yield view
    view.cleanup()
    view.deleteLater()


@pytest.fixture
def clock(view, monkeypatch):
    """The time by which the nodes of `view` glide."""
    from TumorConnectomeLib.widgets import movement
    clock = Clock()
    monkeypatch.setattr(movement, "time", clock)
    return clock
