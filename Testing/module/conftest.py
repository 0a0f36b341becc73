"""One window with the module for all tests of this folder."""
import pytest
from idc_fixtures import gate, study  # noqa: F401


@pytest.fixture(scope="session")
def session(host):
    from module_session import ModuleSession

    session = ModuleSession()
    yield session
    session.window.close()


@pytest.fixture
def demo(session):
    """The session with the demo cohort on an empty scene and nothing selected."""
    import slicer

    slicer.mrmlScene.Clear()
    session.load_cohort()
    return session
