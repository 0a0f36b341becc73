"""Requests for series, and the search through several sources."""
import pathlib

import pytest

from TumorConnectomeLib.base.errors import Cancelled, InputError, NotAvailable, TumorConnectomeError
from TumorConnectomeLib.imaging.acquisition import acquire
from TumorConnectomeLib.imaging.file_lock import Busy
from TumorConnectomeLib.imaging.sources import SeriesFiles, SeriesRequest
from TumorConnectomeLib.work.jobs import run_blocking

REQUEST = SeriesRequest("100158", "1.2", "1.2.3", "1.2.4")


class FakeSource:
    """Delivers the answer, or raises it."""

    remote = False

    def __init__(self, name, answer, has=True):
        self.name, self.answer, self.has, self.asked = name, answer, has, 0

    def find(self, request):
        return self.has

    def fetch(self, request):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return SeriesFiles(pathlib.Path("ct"), None, self.name, self.answer)
        yield                                           # a generator


def test_the_first_source_that_delivers_ends_the_search():
    sources = [FakeSource("a", "", has=False), FakeSource("b", NotAvailable("not here")),
               FakeSource("c", ""), FakeSource("d", "")]
    files = run_blocking(acquire(REQUEST, sources))
    assert (files.source, files.note) == ("c", "")
    assert [source.asked for source in sources] == [0, 1, 1, 0]


@pytest.mark.parametrize("problem", [TumorConnectomeError("damaged"), OSError(28, "No space left on device", "/x")])
def test_a_source_that_failed_is_told_though_another_delivers(problem):
    files = run_blocking(acquire(REQUEST, [FakeSource("a", problem), FakeSource("b", "no report")]))
    assert files.note in ("damaged; no report", "No space left on device: /x; no report")


def test_when_all_fail_each_is_named_with_its_reason():
    sources = [FakeSource("Cache", NotAvailable("not stored")), FakeSource("IDC", TumorConnectomeError("offline"))]
    with pytest.raises(TumorConnectomeError) as caught:
        run_blocking(acquire(REQUEST, sources))
    assert str(caught.value) == "no images of patient 100158: Cache: not stored; IDC: offline"
    assert not isinstance(caught.value, NotAvailable)


def test_when_no_source_has_it_that_is_said():
    with pytest.raises(NotAvailable, match="Cache: not stored"):
        run_blocking(acquire(REQUEST, [FakeSource("Cache", NotAvailable("not stored"))]))
    with pytest.raises(NotAvailable, match="no source has the CT series 1.2.3 of patient 100158"):
        run_blocking(acquire(REQUEST, [FakeSource("Cache", "", has=False)]))


@pytest.mark.parametrize("stop", [Cancelled(), Busy("another request")])
def test_cancel_and_busy_end_the_search(stop):
    last = FakeSource("b", "")
    with pytest.raises(type(stop)):
        run_blocking(acquire(REQUEST, [FakeSource("a", stop), last]))
    assert last.asked == 0


@pytest.mark.parametrize("uids", [("../..", "1.2", ""), ("1.2", "", ""), ("1.2", "1.2", "a/b"), ("1" * 65, "1.2", "")])
def test_uids_of_a_request_are_checked(uids):
    with pytest.raises(InputError, match="patient 7, .*_uid: .* is not a DICOM UID"):
        SeriesRequest("7", *uids)


def test_the_padding_of_dicom_uids_is_dropped():
    assert SeriesRequest("7", "1.2\0", "1.3 ").ct_uid == "1.3"
