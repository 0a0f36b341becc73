"""Servers that can not be reached are known within seconds; the environment's proxy is where a connection begins."""
import socket
import time

import pytest
from loopback_s3 import refused_port

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.imaging.reachability import meeting_point, unreachable


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_who_answers_is_not_in_the_list(listening):
    refused = refused_port()
    assert unreachable([f"http://127.0.0.1:{listening}", refused]) == {refused: "connection refused"}


def test_a_name_that_nobody_knows():
    assert unreachable(["https://nowhere.invalid"], timeout=4) in (
        {"https://nowhere.invalid": "the name nowhere.invalid is not known"},
        {"https://nowhere.invalid": "no answer within 4 s"})                # a resolver that does not answer either


def test_a_server_that_does_not_answer_is_given_up_in_time(monkeypatch):
    from TumorConnectomeLib.imaging import reachability

    def hang(*arguments):
        time.sleep(0.4)
        raise TimeoutError
    monkeypatch.setattr(reachability.socket, "create_connection", hang)
    assert unreachable(["http://192.0.2.1", "http://192.0.2.2"], timeout=0.1) == dict.fromkeys(
        ["http://192.0.2.1", "http://192.0.2.2"], "no answer within 0.1 s")


def test_the_proxy_of_the_environment_is_asked_for(no_proxy, listening):
    no_proxy.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listening}")
    assert meeting_point("https://s3.amazonaws.com") == ("127.0.0.1", listening, True)
    assert meeting_point("http://s3.amazonaws.com") == ("s3.amazonaws.com", 80, False)
    assert meeting_point("https://127.0.0.1:9000") == ("127.0.0.1", 9000, False)
    assert unreachable(["https://nowhere.invalid"]) == {}
    no_proxy.setenv("NO_PROXY", "example.org,.amazonaws.com")
    assert meeting_point("https://s3.amazonaws.com") == ("s3.amazonaws.com", 443, False)
    assert meeting_point("https://storage.googleapis.com")[2]


def test_a_proxy_that_is_not_there_is_named(no_proxy):
    no_proxy.setenv("HTTPS_PROXY", refused_port().removeprefix("http://"))
    problem, = unreachable(["https://nowhere.invalid"]).values()
    assert problem.startswith("connection refused by the proxy 127.0.0.1:")


@pytest.mark.parametrize("url", ["", "s3.amazonaws.com", "ftp://x", "http://", "http://x:port", "http://[x"])
def test_malformed_addresses_are_refused(url):
    with pytest.raises(InputError, match="an http or https address"):
        meeting_point(url)
