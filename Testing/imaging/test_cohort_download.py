"""The published cohort over a faulty network: never a half file as a whole one, and the next try completes."""
import functools
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest
from published_on_loopback import PublishedOnLoopback

from TumorConnectomeLib.base.errors import InputError, JobFailed
from TumorConnectomeLib.cohort.nlst import git_blob_id, published_cohort, verification
from TumorConnectomeLib.imaging.cohort_download import (
    download_sequence,
    downloaded_bytes,
    fetch_cohort_command,
    remove_downloads,
)
from TumorConnectomeLib.imaging.http_file import Part, Patience, RemoteFile, fetch_file
from TumorConnectomeLib.imaging.transfer_errors import TransferFailed
from TumorConnectomeLib.work.jobs import PythonJob, run_blocking

MODELS, SIZE = ("CTFM", "Merlin", "Voco"), 300_000


@functools.cache
def content_of(model):
    return b"".join(f"{model} {number};".encode() for number in range(SIZE // 12))


class Published(PublishedOnLoopback):
    """A cohort of three files, and a folder to download them to."""

    def __init__(self, folder, list_file):
        super().__init__({f"{model}_features.pkl": content_of(model) for model in MODELS}, list_file)
        self.folder = folder

    def fetch(self, *, silence=0.5, tries=2, report=lambda fraction, message="": None):
        return fetch_cohort_command(["--to", str(self.folder), "--silence", str(silence), "--tries", str(tries)], report)

    def here(self):
        return super().here(self.folder)

    def assert_complete(self):
        self.server.behave = None
        self.fetch()
        assert self.here() == set(self.contents)
        assert {path.name for path in self.folder.iterdir()} == {*self.contents, ".lock"}


@pytest.fixture
def published(tmp_path, monkeypatch):
    monkeypatch.setattr("TumorConnectomeLib.imaging.cohort_download.Patience", Impatience)
    monkeypatch.setenv("TUMORCONNECTOME_COHORT_LIST", str(tmp_path / "list.json"))
    made = Published(tmp_path / "cache" / "published" / "NLST-Sybil", tmp_path / "list.json")
    yield made
    made.server.close()


@dataclass(frozen=True)
class Impatience(Patience):
    """Asks again at once."""

    wait: float = 0.01


def test_all_files_arrive_and_are_not_fetched_again(published):
    messages = []
    result = published.fetch(report=lambda fraction, message="": messages.append((fraction, message)))
    assert result == {"folder": str(published.folder), "fetched": 3, "found": 0}
    published.assert_complete()
    asked = len(published.server.requests)
    assert published.fetch()["found"] == 3
    assert len(published.server.requests) == asked
    fractions = [fraction for fraction, _message in messages]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert any(message.startswith("File 2 of 3, Merlin: 0.3 of 0.3 MB") for _fraction, message in messages)


def test_nothing_but_get_requests_for_the_listed_files_is_sent(published):
    published.fetch()
    assert [path for path, _headers in published.server.requests] == [f"embeddings/{name}" for name in published.contents]
    for _path, headers in published.server.requests:
        assert set(headers) <= {"Host", "User-Agent", "Accept-Encoding", "Connection"}


@pytest.mark.parametrize(("status", "text"), [
    (403, "refuses access"), (404, "does not have the file"), (503, "is overloaded"), (429, "is overloaded"),
    (418, "answers HTTP")])
def test_a_server_that_refuses_is_named_and_the_next_try_completes(published, status, text):
    published.server.behave = lambda path, number: status if "Merlin" in path else None
    with pytest.raises(TransferFailed, match=rf"^Merlin: 127.0.0.1:\d+ {text} \(?(HTTP )?{status}\)?. 1 of 3 files are here"):
        published.fetch()
    assert published.here() == {"CTFM_features.pkl"}
    assert sum("Merlin" in path for path, _headers in published.server.requests) == (2 if status in (503, 429) else 1)
    published.assert_complete()


def test_a_server_that_is_overloaded_for_a_moment_is_asked_again(published):
    published.server.behave = lambda path, number: 503 if number == 1 else None
    published.fetch()
    assert published.here() == set(published.contents)


def test_a_refused_connection_is_one_line_in_seconds(published, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("TUMORCONNECTOME_COHORT_BASE", address)
    with pytest.raises(TransferFailed, match="CTFM: 127.0.0.1:.* can not be reached; check the network connection. 0 of 3"):
        published.fetch()
    monkeypatch.delenv("TUMORCONNECTOME_COHORT_BASE")
    published.assert_complete()


def test_a_stalled_server_is_given_up_and_the_next_try_continues_there(published):
    published.server.behave = lambda path, number: ("stall", 100_000) if number == 1 else ("stall", 0) if number > 1 else None
    with pytest.raises(TransferFailed, match="Merlin: 127.0.0.1:.* stopped sending. 1 of 3"):
        published.fetch(silence=0.2)
    assert published.here() == {"CTFM_features.pkl"}
    sent = published.server.sent
    published.assert_complete()
    wanted = sum(len(published.contents[f"{model}_features.pkl"]) for model in MODELS[1:])
    assert published.server.sent - sent == wanted - 100_000


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("cut", [0, 1, 65_536, 262_143, len(content_of("Merlin")) - 1])
def test_a_cut_file_is_never_taken_for_a_whole_one(published, cut, ranges):
    published.server.ranges = ranges
    published.server.behave = lambda path, number: ("cut", cut) if "Merlin" in path else None
    if ranges and cut > 65_536:
        published.fetch()                               # each request brings a part, together they are the whole
    else:
        with pytest.raises(TransferFailed, match="Merlin: the connection to 127.0.0.1:.* broke. 1 of 3 files are here"):
            published.fetch()
        assert published.here() == {"CTFM_features.pkl"}
    published.assert_complete()


def test_a_part_of_another_version_is_not_continued(published):
    part = Part(published.folder / "CTFM_features.pkl")
    part.begin(published.server.url + "embeddings/CTFM_features.pkl", '"old"')
    part.path.write_bytes(b"x" * 1000)
    published.assert_complete()
    assert published.server.requests[0][1]["If-Range"] == '"old"'


def test_a_file_without_version_is_begun_anew(published):
    published.server.versions = False
    published.server.behave = lambda path, number: ("cut", 100_000) if number < 2 else None
    published.fetch(tries=3)
    assert not any("Range" in headers for _path, headers in published.server.requests)
    assert published.here() == set(published.contents)


def test_a_damaged_part_is_found_out_and_fetched_anew(published):
    published.server.behave = lambda path, number: 403 if number else ("cut", 100_000)
    with pytest.raises(TransferFailed):
        published.fetch()
    part = Part(published.folder / "CTFM_features.pkl").path
    part.write_bytes(b"?" + part.read_bytes()[1:])
    published.assert_complete()


@pytest.mark.parametrize("wrong", [b"", b"<html>captive portal</html>", content_of("CTFM")[::-1], content_of("CTFM") + b"!"])
def test_wrong_bytes_are_removed_and_told(published, wrong):
    published.server.behave = lambda path, number: ("wrong", wrong) if "CTFM" in path else None
    with pytest.raises(TransferFailed, match="CTFM: .* 0 of 3 files are here"):
        published.fetch()
    assert published.here() == set()
    published.assert_complete()


def test_an_endless_answer_is_stopped(published):
    published.server.behave = lambda path, number: ("endless", None) if "CTFM" in path else None
    with pytest.raises(TransferFailed, match="CTFM: more bytes came for CTFM_features.pkl than it has"):
        published.fetch()
    published.assert_complete()


def test_a_changed_file_in_the_cache_is_replaced(published):
    published.fetch()
    (published.folder / "Voco_features.pkl").write_bytes(b"edited")
    assert published.fetch()["fetched"] == 1
    assert published.here() == set(published.contents)


def test_only_http_addresses_are_asked(tmp_path):
    for address in ("file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x"):
        with pytest.raises(InputError, match="expected an http or https address"):
            fetch_file(RemoteFile(address, tmp_path / "x", lambda path: ""))


def test_two_requests_at_once_leave_one_whole_copy(published):
    started, others = [], []

    def report(fraction, message=""):
        if "Merlin" in message and not started:
            started.append(message)
            with pytest.raises(Exception, match="the NLST-Sybil cohort is being fetched by another request"):
                published.fetch()
            others.append("refused")

    published.fetch(report=report)
    assert others == ["refused"]
    published.assert_complete()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_is_ended_half_way_leaves_no_half_file_and_is_continued(published, end):
    published.server.behave = lambda path, number: ("stall", 200_000)
    job = PythonJob("Downloading", "fetch-cohort", "--to", published.folder)
    process = subprocess.Popen(job.command(), stdout=subprocess.PIPE, env={**os.environ, **job.environment()})
    part = Part(published.folder / "CTFM_features.pkl")
    try:
        while part.size() < 200_000:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(end)
        process.wait(10)
        process.stdout.read()                           # until all that it had started are gone
    finally:
        process.kill()
        process.stdout.close()
    assert published.here() == set()
    published.assert_complete()                         # the lock of the dead process is no hindrance
    assert published.server.requests[1][1]["Range"] == "bytes=200000-"


def test_the_worker_says_in_one_line_what_is_wrong(published):
    published.server.behave = lambda path, number: 404
    with pytest.raises(JobFailed, match=r"^CTFM: 127.0.0.1:\d+ does not have the file \(HTTP 404\). 0 of 3"):
        run_blocking(download_sequence())


def test_downloads_are_counted_and_can_be_removed(published, tmp_path):
    published.fetch()
    cache = tmp_path / "cache"
    assert downloaded_bytes(cache) == sum(map(len, published.contents.values()))
    remove_downloads(cache)
    assert downloaded_bytes(cache) == 0
    assert downloaded_bytes(tmp_path / "nowhere") == 0


def test_the_shipped_list_names_nine_files_and_the_commit_in_its_address():
    cohort = published_cohort()
    assert len({file.blob for file in cohort.files}) == 9
    assert all(len(file.blob) == 40 for file in cohort.files)
    assert cohort.base.startswith("https://") and cohort.commit in cohort.base and cohort.license == "Apache-2.0"
    assert [file.model for file in cohort.files] == ["CTClipVit", "CTFM", "FMCIB", "Merlin", "ModelsGen", "PASTA", "SUPREME",
                                                     "VISTA3D", "Voco"]


def test_the_place_of_another_computer_is_found_here(monkeypatch, tmp_path):
    monkeypatch.setenv("TUMORCONNECTOME_CACHE", str(tmp_path))
    cohort = published_cohort()
    here = str(cohort.folder())
    other = "/".join(("", "home", "someone", ".cache", "TumorConnectome", *cohort.place.parts))
    assert cohort.local(other) == cohort.local(other.replace("/", "\\")) == cohort.local(here) == here
    assert cohort.local(str(tmp_path)) == str(tmp_path)
    assert cohort.local("") == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "../x", "files": []}', '{"files": [{"path": "a/..", "blob": ""}]}'])
def test_a_damaged_list_is_named(tmp_path, monkeypatch, text):
    (tmp_path / "list.json").write_text(text)
    monkeypatch.setenv("TUMORCONNECTOME_COHORT_LIST", str(tmp_path / "list.json"))
    with pytest.raises(InputError, match="list.json"):
        published_cohort()


def test_real_files_are_verified_and_changed_ones_named(real_data, tmp_path):
    cohort = published_cohort()
    paths = sorted((real_data / "embeddings").glob("*_features.pkl"))
    for path in paths:
        known = next(file for file in cohort.files if file.name == path.name)
        assert git_blob_id(path) == known.blob and path.stat().st_size == known.size
    assert verification(paths, cohort) == "Verified: 6 of the 9 published files, byte for byte (commit 61e327f)."
    changed = tmp_path / "Voco_features.pkl"
    changed.write_bytes(b"x")
    assert verification([*paths, changed], cohort).endswith("Not the published content: Voco_features.pkl.")
    assert verification([changed], cohort) == ""
