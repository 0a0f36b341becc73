"""Fixtures of all tests that fetch from a loopback IDC: the study on its server, a gate before it, a cache behind it."""
import pytest
from idc_on_loopback import Fetcher, LoopbackStudy


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """A patient's CT and report on a loopback server; whoever changes its files puts them back."""
    study = LoopbackStudy(tmp_path_factory.mktemp("study"))
    yield study
    study.server.close()


@pytest.fixture
def gate(study):
    """A gate of the test's own before the server."""
    gate = study.server.gate()
    yield gate
    gate.die()


@pytest.fixture
def fetcher(study, gate, tmp_path):
    """The sources of the module on an empty cache; IDC is behind the gate."""
    return Fetcher(study, tmp_path / "cache", gate)
