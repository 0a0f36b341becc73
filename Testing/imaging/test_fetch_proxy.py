"""Downloads go through the proxy that the environment names, and not through it where the environment says so."""
import pytest
from idc_on_loopback import SLICES, Fetcher
from loopback_s3 import refused_port

from TumorConnectomeLib.base.errors import TumorConnectomeError

#: nobody can resolve it: whoever gets files from there has asked the proxy. This machine itself is never asked by proxy.
SERVER = "http://idc.example.invalid"


@pytest.fixture
def environment(monkeypatch):
    """The environment without any proxy."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_every_request_goes_through_the_proxy(study, gate, environment, tmp_path, name):
    environment.setenv(name, gate.url)
    fetcher = Fetcher(study, tmp_path / "cache", SERVER)
    fetcher.assert_whole(fetcher.fetch())
    assert len(gate.downloads) == SLICES + 1
    assert {headers["Host"] for _, headers in gate.requests} == {"idc.example.invalid"}


def test_hosts_that_need_no_proxy_are_asked_directly(study, gate, environment, tmp_path):
    environment.setenv("HTTP_PROXY", gate.url)
    environment.setenv("NO_PROXY", "example.invalid")
    with pytest.raises(TumorConnectomeError, match="IDC can not be reached"):
        Fetcher(study, tmp_path / "cache", SERVER).fetch()
    assert not gate.requests


def test_a_proxy_that_is_not_there_is_named(study, environment, tmp_path):
    environment.setenv("HTTP_PROXY", refused_port())
    with pytest.raises(TumorConnectomeError, match="connection refused by the proxy 127.0.0.1:"):
        Fetcher(study, tmp_path / "cache", SERVER).fetch()


def test_a_proxy_that_refuses_is_told(study, gate, environment, tmp_path):
    environment.setenv("HTTP_PROXY", gate.url)
    gate.refuse = 403
    with pytest.raises(TumorConnectomeError, match="Amazon refuses access"):
        Fetcher(study, tmp_path / "cache", SERVER).fetch()
