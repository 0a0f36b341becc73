"""Thumbnails from a server on this machine that works, refuses, breaks off or sends nonsense."""
import json
import urllib.request

import picture_server
import pytest

from TumorConnectomeLib.base.errors import InputError, JobFailed, NotAvailable
from TumorConnectomeLib.imaging import thumbnail, thumbnail_store
from TumorConnectomeLib.imaging.picture_file import picture_suffix
from TumorConnectomeLib.imaging.thumbnail import ThumbnailFailed, thumbnail_command, thumbnail_sequence
from TumorConnectomeLib.imaging.thumbnail_store import ThumbnailStore
from TumorConnectomeLib.work.jobs import run_blocking

UIDS = ("1.2.3", "1.2.3.4", "1.2.3.4.5")


@pytest.fixture
def server(monkeypatch):
    server = picture_server.PictureServer()
    monkeypatch.setenv("TUMORCONNECTOME_THUMBNAIL_BASE", server.address)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield server
    server.close()


def command(cache, uids=UIDS):
    return thumbnail_command([*uids, str(cache)], lambda fraction, message: None)


def failure(cache, uids=UIDS):
    with pytest.raises(ThumbnailFailed) as caught:
        command(cache, uids)
    assert "\n" not in str(caught.value)
    return caught.value.kind, str(caught.value)


# ---- the way it should go

def test_a_picture_is_fetched_in_a_child_process_and_kept(server, tmp_path):
    path = run_blocking(thumbnail_sequence(*UIDS, tmp_path))
    assert path == tmp_path / "thumbnails" / "1.2.3.4.5.jpg" and path.read_bytes() == server.body
    assert server.requests == [("/dicomWeb/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.5/rendered", "image/jpeg, image/png")]
    assert list(path.parent.iterdir()) == [path]


def test_a_kept_picture_needs_neither_job_nor_server(server, tmp_path):
    first = command(tmp_path)["path"]
    server.close()
    assert list(thumbnail_sequence(*UIDS, tmp_path)) == []
    assert str(run_blocking(thumbnail_sequence(*UIDS, tmp_path))) == command(tmp_path)["path"] == first


def test_a_png_is_kept_as_one(server, tmp_path):
    server.body = picture_server.png()
    assert command(tmp_path)["path"].endswith("1.2.3.4.5.png")


def test_the_proxy_of_the_environment_is_used(server, tmp_path, monkeypatch):
    monkeypatch.setenv("TUMORCONNECTOME_THUMBNAIL_BASE", "http://pictures.example/dicomWeb/")
    monkeypatch.setenv("http_proxy", server.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setattr(urllib.request, "_opener", None)            # made once per process
    command(tmp_path)
    monkeypatch.setattr(urllib.request, "_opener", None)
    assert server.requests[0][0].startswith("http://pictures.example/dicomWeb/studies/1.2.3/")


def test_without_a_mirror_the_server_is_idc(monkeypatch):
    monkeypatch.delenv("TUMORCONNECTOME_THUMBNAIL_BASE", raising=False)
    assert thumbnail.server_address().startswith("https://proxy.imaging.datacommons.cancer.gov/")
    assert thumbnail.server_address().endswith("/dicomWeb")


# ---- faults

@pytest.mark.parametrize("fault, kind, text", [
    (403, "quota", "quota for today is used up (HTTP 403)"), (429, "quota", "quota for today is used up (HTTP 429)"),
    (404, "missing", "does not have this picture (HTTP 404)"), (500, "busy", "does not answer now (HTTP 500)"),
    (503, "busy", "does not answer now (HTTP 503)"), ("cut", "busy", "broke"), ("slam", "busy", "broke"),
    ("endless", "wrong", "more than 4 MB")])
def test_a_fault_is_told_in_one_line_and_leaves_no_picture(server, tmp_path, fault, kind, text):
    server.fault = fault
    found, message = failure(tmp_path)
    assert found == kind and text in message
    assert not [path for path in (tmp_path / "thumbnails").iterdir() if path.suffix != ".json"]


def test_a_refused_connection_is_told_as_offline(server, tmp_path):
    server.close()
    assert failure(tmp_path) == ("offline", "the picture server can not be reached; check the network connection")


def test_a_silent_server_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(thumbnail, "_SILENCE", 0.2)
    server.fault = "silent"
    assert failure(tmp_path) == ("offline", "the picture server does not answer")


def test_a_server_that_trickles_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(thumbnail, "_LONGEST", -1.0)
    assert failure(tmp_path)[0] == "busy"


@pytest.mark.parametrize("body, text", [
    (b"<html>Sign in</html>", "20 bytes that are no picture"), (b"", "0 bytes that are no picture"),
    (picture_server.jpeg()[:-30], "ends after"), (picture_server.png()[:-4], "ends after"),
    (picture_server.jpeg(9, 9), "9 x 9 pixels"),
    (picture_server.png(32, 60000)[:33] + picture_server.png()[-12:], "32 x 60000"),
    (b"\xff\xd8\xff\xd9", "0 x 0 pixels")])
def test_what_is_no_whole_picture_is_refused(server, tmp_path, body, text):
    server.body = body
    kind, message = failure(tmp_path)
    assert kind == "wrong" and text in message and message.startswith("the picture server sent")


def test_sizes_are_read_from_the_frame_header():
    assert (picture_suffix(picture_server.jpeg(512, 400)), picture_suffix(picture_server.png(512, 400))) == (".jpg", ".png")


# ---- trying again

class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(thumbnail_store.ThumbnailStore.__init__, "__defaults__", (clock,))
    return clock


def test_a_failure_is_remembered_for_a_while_and_then_tried_again(server, tmp_path, clock):
    server.fault = 404
    failure(tmp_path)
    with pytest.raises(NotAvailable, match="does not have this picture"):
        run_blocking(thumbnail_sequence(*UIDS, tmp_path))
    assert len(server.requests) == 1
    clock.now += thumbnail_store.RETRY_AFTER["missing"] + 1
    server.fault = None
    assert run_blocking(thumbnail_sequence(*UIDS, tmp_path)).exists()
    assert not list((tmp_path / "thumbnails").glob("*.json"))


def test_a_used_up_quota_stops_the_requests_for_all_pictures(server, tmp_path, clock):
    server.fault = 429
    failure(tmp_path)
    with pytest.raises(NotAvailable, match="quota"):
        run_blocking(thumbnail_sequence("1.2.3", "1.2.3.4", "9.9", tmp_path))
    clock.now += thumbnail_store.RETRY_AFTER["quota"] + 1
    server.fault = None
    assert run_blocking(thumbnail_sequence("1.2.3", "1.2.3.4", "9.9", tmp_path)).exists()


def test_a_missing_picture_does_not_stop_the_others(server, tmp_path):
    server.fault = 404
    failure(tmp_path)
    server.fault = None
    assert run_blocking(thumbnail_sequence("1.2.3", "1.2.3.4", "9.9", tmp_path)).exists()


@pytest.mark.parametrize("note", ["{", "[]", '{"kind":"quota"}', '{"kind":"never","time":0,"server":"","text":""}',
                                  '{"kind":"quota","time":"soon","server":"","text":"no"}'])
def test_a_damaged_note_is_no_reason_not_to_ask(server, tmp_path, note):
    folder = tmp_path / "thumbnails"
    folder.mkdir()
    (folder / "server.failed.json").write_text(note)
    assert run_blocking(thumbnail_sequence(*UIDS, tmp_path)).exists()


def test_a_note_from_the_future_or_of_another_server_is_ignored(server, tmp_path, clock):
    store = ThumbnailStore(tmp_path, clock)
    store.remember("1.2", "quota", "no", "http://other.example")
    assert store.recent_failure("1.2", server.address) == ""
    assert store.recent_failure("1.2", "http://other.example") == "no"
    clock.now -= 10
    assert store.recent_failure("1.2", "http://other.example") == ""


def test_a_failure_in_the_child_process_reaches_the_caller(server, tmp_path):
    server.fault = 503
    with pytest.raises(JobFailed, match=r"^the picture server does not answer now \(HTTP 503\)$"):
        run_blocking(thumbnail_sequence(*UIDS, tmp_path))
    note = json.loads((tmp_path / "thumbnails" / "server.failed.json").read_text())
    assert note["kind"] == "busy" and note["server"] == server.address


# ---- bad input

@pytest.mark.parametrize("uids", [("../1", "1.2", "1.2"), ("1.2", "1.2?x=1", "1.2"), ("1.2", "1.2", "a/b")])
def test_what_is_not_a_uid_becomes_neither_path_nor_address(server, tmp_path, uids):
    with pytest.raises(InputError, match="not a DICOM UID"):
        command(tmp_path, uids)
    assert server.requests == []


def test_arguments_and_the_address_of_a_mirror_are_checked(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="2 arguments; expected three UIDs and the cache folder"):
        thumbnail_command(["1", "2"], None)
    monkeypatch.setenv("TUMORCONNECTOME_THUMBNAIL_BASE", "file:///etc")
    with pytest.raises(InputError, match="THUMBNAIL_BASE: 'file:///etc'; expected an http or https address"):
        command(tmp_path)
