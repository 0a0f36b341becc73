"""What goes wrong while fetching: one clear message each, nothing lost, and the next try completes."""
import hashlib
import json
import os
import shutil
import stat

import pytest
from idc_on_loopback import SLICES, Fetcher
from loopback_s3 import refused_port

from TumorConnectomeLib.base.errors import TumorConnectomeError
from TumorConnectomeLib.imaging import idc_source, s5cmd_job
from TumorConnectomeLib.imaging.transfer_errors import TransferFailed, classify


def failure(fetcher):
    """The one-line message of a failed fetch."""
    with pytest.raises(TumorConnectomeError) as caught:
        fetcher.fetch()
    assert "\n" not in str(caught.value)
    fetcher.assert_nothing_stored()
    return str(caught.value)


@pytest.mark.parametrize(("status", "words"), [(403, "Amazon refuses access (HTTP 403)"),
                                               (404, "Amazon does not have the files (HTTP 404)"),
                                               (503, "Amazon is overloaded (HTTP 503)")])
def test_a_server_that_refuses_everything(fetcher, gate, status, words):
    gate.refuse = status
    assert words in failure(fetcher)
    gate.reset()
    fetcher.assert_whole(fetcher.fetch())


@pytest.mark.parametrize(("fate", "words"), [(403, "refuses access (HTTP 403)"),
                                             (("cut", 0.5), "the connection to Amazon broke")])
def test_what_arrived_before_the_failure_is_kept(fetcher, gate, fate, words):
    gate.behave = lambda key, n: fate if n >= 20 else None
    message = failure(fetcher)
    assert words in message and f"20 of {SLICES + 1} files are here and kept for the next try" in message
    gate.reset()
    fetcher.assert_whole(fetcher.fetch())
    assert len(gate.downloads) == SLICES + 1 - 20


def test_both_servers_out_of_reach_means_offline(study, gate, tmp_path):
    message = failure(Fetcher(study, tmp_path / "cache", refused_port(), refused_port()))
    assert message.count("IDC can not be reached; check the network connection") == 1
    fetcher = Fetcher(study, tmp_path / "cache", gate)
    fetcher.assert_whole(fetcher.fetch())


def test_a_name_that_can_not_be_resolved_means_offline(study, tmp_path):
    assert "check the network connection" in failure(Fetcher(study, tmp_path / "cache", "http://nowhere.invalid"))


def test_the_second_server_is_asked_when_the_first_has_not_got_it(study, gate, tmp_path):
    other = study.server.gate()
    gate.refuse = 404
    fetcher = Fetcher(study, tmp_path / "cache", gate, other)
    fetcher.assert_whole(fetcher.fetch())
    other.die()


def test_files_of_another_series_are_refused_and_fetched_again(fetcher, gate, study, tmp_path):
    key, right = next(iter(study.contents.items()))
    wrong = right.replace(study.request.ct_uid.encode(), study.request.ct_uid[:-1].encode() + b"0")
    if wrong == right:
        wrong = right.replace(study.request.ct_uid.encode(), study.request.ct_uid[:-1].encode() + b"1")
    study.server.replace(key, wrong)
    try:
        message = failure(fetcher)
    finally:
        study.server.replace(key, right)
    assert f"1 of {SLICES} files of series {study.request.ct_uid} came wrong" in message and "belongs to series" in message
    gate.reset()
    fetcher.assert_whole(fetcher.fetch())
    assert gate.downloads == [key]


@pytest.mark.parametrize("share", [0.0, 0.31, 0.72, 1.0])
def test_a_single_wrong_byte_is_noticed_and_the_file_fetched_from_the_other_server(study, gate, tmp_path, share):
    other = study.server.gate()
    fetcher = Fetcher(study, tmp_path / "cache", gate, other)
    chosen = list(study.contents)[7]
    gate.behave = lambda key, n: ("wrong", share) if key == chosen else None
    fetcher.assert_whole(fetcher.fetch())
    assert other.downloads == [chosen]
    other.die()


@pytest.mark.parametrize("of_the_report", [False, True])
def test_a_wrong_byte_from_the_only_server_is_told_and_only_that_file_is_fetched_again(fetcher, gate, study, of_the_report):
    series = study.study.reports[0] if of_the_report else study.study.ct
    chosen = f"{series.uuid}/" if of_the_report else list(study.contents)[7]
    gate.behave = lambda key, n: ("wrong", 0.9) if key.startswith(chosen) else None
    message = failure(fetcher)
    assert f"1 of {series.files} files of series {series.uid} came wrong" in message
    assert "its MD5 is not the one that the server lists" in message
    gate.reset()
    fetcher.assert_whole(fetcher.fetch())
    assert len(gate.downloads) == 1 and gate.downloads[0].startswith(chosen)


def test_etags_of_several_parts_say_nothing(study, tmp_path):
    from TumorConnectomeLib.imaging.series_check import verify_job
    from TumorConnectomeLib.work.jobs import run_blocking

    def answer(etags):
        (tmp_path / "etags.json").write_text(json.dumps(etags))
        job = verify_job((tmp_path / "ct", study.request.ct_uid), etags=tmp_path / "etags.json")
        return run_blocking(_single(job))[0]["bad"]

    (tmp_path / "ct").mkdir()
    names = [f"{number}.dcm" for number in range(3)]
    for name, content in zip(names, study.contents.values()):
        (tmp_path / "ct" / name).write_bytes(content)
    right = hashlib.md5((tmp_path / "ct" / names[0]).read_bytes()).hexdigest()
    assert answer(dict.fromkeys(names, f"{right}-2")) == answer({}) == answer({names[0]: right}) == []
    assert [name for name, _ in answer({names[0]: right, names[1]: "0" * 32})] == [names[1]]
    assert len(answer(dict.fromkeys(names, "0" * 32))) == len(names)


def test_a_server_that_changes_every_file_is_left_for_the_other(study, gate, tmp_path):
    other = study.server.gate()
    fetcher = Fetcher(study, tmp_path / "cache", gate, other)
    gate.behave = lambda key, n: ("wrong", 0.8)
    fetcher.assert_whole(fetcher.fetch())
    assert len(other.downloads) == SLICES + 1
    other.die()


def _single(job):
    """A sequence of one job."""
    return (yield job)


@pytest.mark.parametrize("share", [0.0, 0.17, 0.5, 0.93])
def test_a_connection_cut_anywhere_in_a_file_leaves_no_part_of_it(fetcher, gate, share):
    gate.behave = lambda key, n: ("cut", share) if n >= 11 else None
    failure(fetcher)
    assert all(name.endswith(".dcm") for name in fetcher.staged())
    gate.reset()
    fetcher.assert_whole(fetcher.fetch())


def test_a_server_that_stalls_in_the_middle_of_a_file_is_left_for_the_other(study, gate, tmp_path):
    other = study.server.gate()
    fetcher = Fetcher(study, tmp_path / "cache", gate, other, silence_limit=1.0)
    gate.behave = lambda key, n: ("stall", 0.4) if n >= 20 else None
    fetcher.assert_whole(fetcher.fetch())
    assert len(other.downloads) >= SLICES + 1 - 20      # more where this machine itself was silent for a second
    other.die()


def test_space_that_other_downloads_need_is_not_promised_twice(fetcher, gate, monkeypatch):
    usage = shutil.disk_usage(fetcher.cache.folder.parent)
    monkeypatch.setattr(s5cmd_job.shutil, "disk_usage", lambda path: usage._replace(free=300_000_000))
    with fetcher.cache.promised("1.2.3", 250_000_000):
        assert "besides 250 MB for other downloads, 300 MB are free" in failure(fetcher)
    fetcher.assert_whole(fetcher.fetch())


def test_files_that_are_no_dicom_are_refused(fetcher, study):
    key, right = next(iter(study.contents.items()))
    study.server.replace(key, b"<html>Please log in</html>".ljust(len(right)))
    try:
        assert "not a readable DICOM file" in failure(fetcher)
    finally:
        study.server.replace(key, right)
    fetcher.assert_whole(fetcher.fetch())


def test_files_of_another_size_than_listed_are_refused(fetcher, study):
    key, right = next(iter(study.contents.items()))
    study.server.replace(key, right + b"\0\0")
    try:
        assert f"but IDC lists {SLICES} files of {study.study.ct.bytes} bytes; they were removed" in failure(fetcher)
    finally:
        study.server.replace(key, right)
    fetcher.assert_whole(fetcher.fetch())


def test_files_that_do_not_belong_to_the_unfinished_download_are_removed(fetcher, study):
    ct = study.study.ct
    strange = fetcher.cache.staging(ct.uid) / ct.uuid[:8] / "files" / "strange.dcm"
    strange.parent.mkdir(parents=True)
    strange.write_bytes(b"1234")
    assert f"sent {SLICES + 1} files of {ct.bytes + 4} bytes" in failure(fetcher)
    fetcher.assert_whole(fetcher.fetch())


def test_a_full_disk_is_noticed_before_the_download(fetcher, gate, monkeypatch):
    usage = shutil.disk_usage(fetcher.cache.folder.parent)
    monkeypatch.setattr(s5cmd_job.shutil, "disk_usage", lambda path: usage._replace(free=50_000_000))
    assert "MB are needed, 50 MB are free" in failure(fetcher)
    assert gate.requests == []
    monkeypatch.undo()
    fetcher.assert_whole(fetcher.fetch())


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_a_disk_that_fills_up_during_the_download_stops_it(study, gate, tmp_path, monkeypatch):
    line = json.dumps({"operation": "cp", "command": "cp s3://b/u/i.dcm /c/i.dcm",
                       "error": "write /c/i.dcm1304047366: no space left on device"})
    script = tmp_path / "s5cmd"
    script.write_text(f"#!/bin/sh\necho run >> {tmp_path}/runs\necho '{line}' >&2\nexit 1\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    fetcher = Fetcher(study, tmp_path / "cache", refused_port(), gate)
    monkeypatch.setattr(idc_source, "find_s5cmd", lambda: script)
    assert "the disk is full" in failure(fetcher)
    assert (tmp_path / "runs").read_text() == "run\n"    # the other server could not help
    monkeypatch.undo()
    fetcher.assert_whole(fetcher.fetch())


def test_a_cache_that_can_not_be_written_is_told(study, tmp_path):
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    with pytest.raises(TumorConnectomeError, match=r"IDC: (Not a directory|File exists).*cache"):
        Fetcher(study, tmp_path / "cache", refused_port()).fetch()


ERROR_LINES = {
    # as s5cmd 2.3.0 prints them
    "RequestError: send request failed caused by: Get \"http://h/\": dial tcp 127.0.0.1:1: connect: connection refused":
        "offline",
    "RequestError: send request failed caused by: Get \"https://s3.amazonaws.com/\": dial tcp: lookup s3.amazonaws.com on "
    "10.0.0.1:53: no such host": "offline",
    "RequestError: send request failed caused by: Get \"https://h/\": proxyconnect tcp: dial tcp 10.0.0.2:3128: i/o timeout":
        "proxy",
    "RequestError: send request failed caused by: Get \"https://h/\": x509: certificate signed by unknown authority":
        "certificate",
    "SlowDown: SlowDown status code: 503, request id: , host id:": "overloaded",
    "AccessDenied: AccessDenied status code: 403, request id: , host id:": "forbidden",
    "NotFound: Not Found status code: 404, request id: , host id:": "missing",
    "no object found": "missing",
    "unexpected EOF": "cut",
    "read tcp 10.0.0.3:5->10.0.0.4:443: read: connection reset by peer": "cut",
    "write /c/i.dcm13: no space left on device": "disk full",
    "mkdir /c: permission denied": "disk",
    "something new": "other",
}


@pytest.mark.parametrize(("line", "kind"), ERROR_LINES.items())
def test_every_error_line_has_its_cause(line, kind):
    tail = 'cut off at the front"}\n' + json.dumps({"operation": "cp", "command": "cp a b", "error": line})
    problem = classify(tail, "Amazon", 1)
    assert isinstance(problem, TransferFailed) and problem.kind == kind
    assert problem.elsewhere is not kind.startswith("disk")
    assert "{" not in str(problem)
