"""One window with the module for all tests of this folder."""
import pathlib

import pytest
from idc_fixtures import gate, study  # noqa: F401
from idc_session import opened  # noqa: F401


@pytest.fixture(scope="session")
def session(host):
    from module_session import ModuleSession

    session = ModuleSession()
    with pytest.MonkeyPatch.context() as patch:
        prepare_demo_cohort_once(patch)
        yield session
    session.window.close()


def prepare_demo_cohort_once(patch):
    """The worker prepares the demo cohort for the first test; the others read its file without starting it again."""
    from TumorConnectomeLib.panel import cohort_controller

    made = {}

    def prepare_sequence(data_folder, rule, *choices, prepare=cohort_controller.prepare_sequence):
        if data_folder:
            return (yield from prepare(data_folder, rule, *choices))
        if rule not in made or not pathlib.Path(made[rule]["path"]).exists():
            made[rule] = yield from prepare(data_folder, rule, *choices)
        return dict(made[rule])

    patch.setattr(cohort_controller, "prepare_sequence", prepare_sequence)


@pytest.fixture(scope="module", autouse=True)
def short_glides(host):
    """Nodes take a few frames to their new places, not the thirty that each test would wait for."""
    from TumorConnectomeLib.widgets import movement

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(movement, "_GLIDE_SECONDS", 0.05)
        yield


@pytest.fixture
def demo(session):
    """The session with the demo cohort on an empty scene and nothing selected."""
    import slicer

    slicer.util.selectModule("TumorConnectome")         # tests before may have shown another module, in another size
    session.window.resize(1600, 950)
    session.activate()                                  # keys reach the shortcuts of the active window only
    slicer.mrmlScene.Clear()
    session.load_cohort()
    return session


@pytest.fixture
def panel(demo):
    """The panel with the Evaluate section open, few permutations, and all models and labels ticked."""
    from evaluation_hands import PERMUTATIONS, kinds

    from TumorConnectomeLib.neighbors.match import Match
    from TumorConnectomeLib.neighbors.repairs import Repair

    panel = demo.panel
    panel.ui.evaluateCollapsibleButton.collapsed = False
    panel.set(permutations=PERMUTATIONS, repair=Repair.NONE, model="", neighborCount=5, match=Match.MOST,
              evaluation=kinds().RETRIEVAL, evaluatedModels="", evaluatedFacets="", evaluatedCount=5, confounds=False)
    demo.settle()
    panel.ui.evaluateMetricComboBox.setCurrentIndex(0)  # a test before may have chosen another figure
    panel.ui.evaluateMetricComboBox.activated.emit(0)
    yield panel
    panel.evaluate.cancel()
    panel.derived.cancel()
