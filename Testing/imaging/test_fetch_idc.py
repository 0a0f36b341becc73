"""Fetching a patient from IDC: download, progress, cancel, continue, kill, two requests at once."""
import dataclasses
import os
import subprocess
import sys

import pytest
from idc_on_loopback import SLICES, Fetcher, interrupted

from TumorConnectomeLib.base.errors import Cancelled, InputError, JobFailed, NotAvailable, TumorConnectomeError
from TumorConnectomeLib.imaging import idc_source, s5cmd_job
from TumorConnectomeLib.imaging.acquisition import acquire
from TumorConnectomeLib.imaging.file_lock import Busy, exclusive
from TumorConnectomeLib.imaging.folder_source import FolderSource
from TumorConnectomeLib.imaging.s5cmd_job import Endpoint, S5cmdJob, Target
from TumorConnectomeLib.imaging.sources import SeriesRequest
from TumorConnectomeLib.imaging.transfer_errors import TransferFailed
from TumorConnectomeLib.work.jobs import run_blocking


def hang_from(gate, number):
    gate.behave = lambda key, n: "hang" if n >= number else None


def cancel_after(files):
    """A progress listener that cancels at the given number of files."""
    def report(progress):
        if progress.message.startswith(f"{files} of"):
            raise Cancelled()
    return report


def test_a_patient_arrives_byte_for_byte_and_is_cached(fetcher, gate):
    seen = []
    files = fetcher.fetch(seen.append)
    fetcher.assert_whole(files)
    assert (files.source, files.note) == ("IDC", "")
    assert sorted(gate.downloads)[0].endswith(".dcm") and len(gate.downloads) == SLICES + 1
    downloading = [progress for progress in seen if " MB/s" in progress.message]
    assert [progress.message.split()[0] for progress in downloading] == [str(n) for n in range(1, SLICES + 2)]
    assert downloading[-1].fraction == 1.0 and "0 s left" in downloading[-1].message
    assert not fetcher.cache.staging(fetcher.study.request.ct_uid).exists()

    gate.reset()
    again = fetcher.fetch()
    assert again.source == "Cache" and again.ct_folder == files.ct_folder
    assert gate.requests == []


def test_a_cancelled_download_leaves_nothing_that_counts_and_is_continued(fetcher, gate, study):
    hang_from(gate, 24)
    with pytest.raises(Cancelled):
        fetcher.fetch(cancel_after(20))
    fetcher.assert_nothing_stored()
    staged = fetcher.staged()
    assert 20 <= len(staged) <= 24 and all(name.endswith(".dcm") for name in staged)

    gate.reset()
    first = []
    files = fetcher.fetch(first.append)
    fetcher.assert_whole(files)
    fetched = {key.rpartition("/")[2] for key in gate.downloads}
    assert len(gate.downloads) == len(fetched) == SLICES + 1 - len(staged)
    assert not fetched & staged
    assert first[0].message.startswith(f"{len(staged) + 1} of {SLICES + 1} files")


def test_a_killed_s5cmd_is_told_and_the_next_try_continues(fetcher, gate):
    hang_from(gate, 24)
    with pytest.raises(TransferFailed, match=r"ended early \(s5cmd, status -9\).* are here and kept for the next try"):
        interrupted(fetcher.idc.fetch(fetcher.study.request), 20, lambda process: process.kill())
    fetcher.assert_nothing_stored()
    staged = len(fetcher.staged())
    gate.reset()
    fetcher.assert_whole(fetcher.fetch())
    assert len(gate.downloads) == SLICES + 1 - staged


def test_leftovers_of_a_killed_s5cmd_are_removed(study, tmp_path):
    target = Target(study.study.ct, tmp_path / "files")
    target.folder.mkdir()
    for name in ("a.dcm", "b.dcm1304047366", "c.part"):
        (target.folder / name).write_bytes(b"1234")
    assert target.sizes() == [4]
    S5cmdJob("s5cmd", Endpoint("Amazon", "http://127.0.0.1"), [target], tmp_path / "run.txt").stopped()
    assert [path.name for path in target.folder.iterdir()] == ["a.dcm"]


def test_a_server_that_stops_sending_is_left_for_the_other(study, gate, tmp_path):
    other = study.server.gate()
    fetcher = Fetcher(study, tmp_path / "cache", gate, other)
    hang_from(gate, 20)

    def give_up(process):
        process.kill()
        return JobFailed("no answer for 45 s")
    files = interrupted(fetcher.sequence(), 20, give_up)
    fetcher.assert_whole(files)
    assert len(gate.downloads) + len(other.downloads) == SLICES + 1
    other.die()


def test_a_server_that_dies_half_way_is_replaced_by_the_other(study, gate, tmp_path):
    other = study.server.gate()
    fetcher = Fetcher(study, tmp_path / "cache", gate, other)
    gate.behave = lambda key, n: "die" if n == 20 else None
    fetcher.assert_whole(fetcher.fetch())
    arrived = 20 - 7                                    # eight were under way when it died
    assert arrived <= len(gate.downloads) < SLICES
    assert SLICES + 1 - len(gate.downloads) <= len(other.downloads) <= SLICES + 1 - arrived
    other.die()


def test_a_second_request_for_the_same_series_is_told_and_works_later(fetcher, gate):
    first = fetcher.sequence()
    assert next(first).title == "Looking for IDC"
    assert isinstance(first.send({}), S5cmdJob)
    with pytest.raises(Busy, match="being fetched by another request"):
        fetcher.fetch()
    assert gate.requests == []
    first.close()                                       # cancelled: the lock is free
    fetcher.assert_whole(fetcher.fetch())


def test_a_lock_ends_with_its_process(tmp_path):
    lock = tmp_path / "1.2.lock"
    program = ("import sys; from TumorConnectomeLib.imaging.file_lock import exclusive\n"
               "with exclusive(sys.argv[1], 'x'):\n    print('locked', flush=True); sys.stdin.read()")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", program, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env=environment, text=True)
    assert process.stdout.readline() == "locked\n"
    with pytest.raises(Busy), exclusive(lock, "x"):
        pytest.fail("two owners")
    process.kill()
    process.communicate()
    with exclusive(lock, "x"):
        assert lock.exists()


def test_only_the_report_is_fetched_when_the_ct_is_stored(fetcher, gate, study):
    files = fetcher.fetch()
    fetcher.cache.drop(study.request.sr_uid)
    gate.reset()
    fetcher.assert_whole(fetcher.fetch())
    assert len(gate.downloads) == 1 and files.sr_file.exists()


def test_a_ct_that_is_here_without_its_report_gets_the_report_alone(fetcher, gate, study, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for number, content in enumerate(study.contents.values()):
        (folder / f"{number}.dcm").write_bytes(content)
    local = FolderSource(folder, fetcher.cache.folder)
    files = run_blocking(acquire(study.request, [*fetcher.sources[:1], local, fetcher.idc]))
    assert files.ct_folder == folder and files.sr_file.read_bytes() == study.sr_bytes
    assert files.source == local.name and files.note == "the report is from IDC"
    assert len(gate.downloads) == 1 and not fetcher.cache.entry(study.request.ct_uid).exists()

    gate.reset()
    again = run_blocking(acquire(study.request, [local, fetcher.idc]))
    assert again.sr_file == files.sr_file and gate.requests == []
    fetcher.cache.drop(study.request.sr_uid)
    gate.refuse = 403
    files = run_blocking(acquire(study.request, [local, fetcher.idc]))
    assert files.sr_file is None and "has no report that refers to the CT" in files.note and "HTTP 403" in files.note
    unknown = dataclasses.replace(study.request, ct_uid="1.2.3", sr_uid="", report_only=True)
    assert not fetcher.idc.find(unknown)


def test_without_a_report_uid_the_report_of_the_manifest_is_taken(fetcher, study):
    request = SeriesRequest("100158", study.request.study_uid, study.request.ct_uid)
    files = fetcher.fetch(request=request)
    fetcher.assert_whole(files)
    assert fetcher.fetch(request=request).sr_file == files.sr_file


def test_of_two_reports_the_one_that_refers_to_the_ct_is_taken(fetcher, study, tmp_path):
    from dicom_factory import make_ct, make_sr, rectangle
    other_slices = make_ct(tmp_path / "other", 1, size=(8, 8), study_uid=study.request.study_uid)
    other = make_sr(tmp_path / "other.dcm", other_slices, [(0, rectangle(1, 1, 2, 2))])
    content = (tmp_path / "other.dcm").read_bytes()
    series = study.study.to_json()["reports"][0] | {"uid": str(other.SeriesInstanceUID), "bytes": len(content)}
    series["uuid"] = "00000000-0000-4000-8000-000000000001"
    study.server.put(series["uuid"], [content])
    located = study.study.to_json()
    located["reports"] = [series, *located["reports"]]

    # a request that is not in the manifest: the first job is the look-up, answered here
    fetcher.idc = idc_source.IdcSource(fetcher.cache, idc_source.SHIPPED_MANIFEST, fetcher.idc._endpoints)
    request = SeriesRequest("100158", study.request.study_uid, study.request.ct_uid)
    files = run_blocking(_with_first_answer(fetcher.idc.fetch(request), {"study": located}))
    assert files.sr_file.read_bytes() == study.sr_bytes


def test_a_series_that_idc_does_not_have_is_not_available(fetcher):
    request = SeriesRequest("1", "1.2", "1.2.3")
    with pytest.raises(NotAvailable, match="no such series"):
        run_blocking(_with_first_answer(fetcher.idc.fetch(request), {"missing": "no such series"}))


def _with_first_answer(sequence, answer):
    """The sequence with its first job answered."""
    assert next(sequence).title == "Looking up the series in IDC"
    step = lambda: sequence.send(answer)
    while True:
        try:
            job = step()
        except StopIteration as end:
            return end.value
        value = yield job
        step = lambda value=value: sequence.send(value)


def test_credentials_of_the_user_are_not_sent(fetcher, gate, monkeypatch):
    for name, value in {"AWS_ACCESS_KEY_ID": "AKIASECRET", "AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_PROFILE": "missing"}.items():
        monkeypatch.setenv(name, value)
    fetcher.assert_whole(fetcher.fetch())
    assert gate.requests
    assert not any(name.lower() == "authorization" or "SECRET" in value
                   for _, headers in gate.requests for name, value in headers.items())


def test_the_environment_can_name_a_mirror(monkeypatch):
    assert [endpoint.name for endpoint in idc_source.default_endpoints()] == ["Amazon", "Google"]
    monkeypatch.setenv("TUMORCONNECTOME_S3_ENDPOINT", "http://127.0.0.1:9000")
    endpoint, = idc_source.default_endpoints()
    assert endpoint.url == "http://127.0.0.1:9000" and not endpoint.google


def test_the_google_address_has_the_google_bucket(study):
    series = s5cmd_job.IdcSeries("1.2", study.study.ct.uuid, "idc-open-data-two", 1, 1)
    assert Endpoint("Google", "https://x", google=True).address(series) == f"s3://idc-open-idc1/{series.uuid}/*"
    assert Endpoint("Amazon", "https://x").address(series) == f"s3://idc-open-data-two/{series.uuid}/*"


def test_a_missing_s5cmd_is_told(fetcher, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(s5cmd_job.importlib.metadata, "distribution", _no_package)
    with pytest.raises(TumorConnectomeError, match="the program s5cmd is needed, which is not installed"):
        fetcher.fetch()


def _no_package(name):
    raise s5cmd_job.importlib.metadata.PackageNotFoundError(name)


def test_a_cache_folder_that_s5cmd_can_not_address_is_refused(study, gate, tmp_path):
    fetcher = Fetcher(study, tmp_path / "what?", gate)
    with pytest.raises(TumorConnectomeError, match="without '\\*', '\\?' and line breaks"):
        fetcher.fetch()


def test_quotes_and_blanks_in_the_cache_folder_are_no_problem(study, gate, tmp_path):
    fetcher = Fetcher(study, tmp_path / "it's \"my\" $HOME cache\\", gate)
    fetcher.assert_whole(fetcher.fetch())


@pytest.mark.parametrize("field", ["uuid", "bucket", "files", "bytes", "uid"])
def test_malformed_places_are_refused(study, field):
    values = vars(study.study.ct) | {field: "../x; rm" if field in ("uuid", "bucket", "uid") else -1}
    with pytest.raises(InputError):
        s5cmd_job.IdcSeries(**values)
