"""The queue of downloads: two at a time, each series once, requests before prefetches, offline said once."""
import pathlib

import pytest
from at_rest import wait_until
from held_source import HeldSource

from TumorConnectomeLib.base.errors import Cancelled, NotAvailable, TumorConnectomeError
from TumorConnectomeLib.imaging.sources import SeriesFiles, SeriesRequest
from TumorConnectomeLib.work.jobs import Transfer


class LocalSource:
    """Has one series, or none."""

    name, remote = "Folder", False

    def __init__(self, *numbers):
        self.numbers = numbers

    def find(self, wanted):
        return True

    def fetch(self, wanted):
        if wanted not in [request(number) for number in self.numbers]:
            raise NotAvailable("not here")
        return SeriesFiles(pathlib.Path("local"), None, self.name)
        yield


def request(number):
    return SeriesRequest(f"patient {number}", "1.2", f"1.2.{number}", "")


class Wishes:
    """Asks the queue and remembers what it was told."""

    def __init__(self, queue, source, wait):
        self.queue, self.source, self.wait, self.now = queue, source, wait, 0.0
        self.files, self.errors, self.tickets = [], [], []

    def ask(self, *numbers, sources=None):
        from TumorConnectomeLib.work.awaitable import Listener

        for number in numbers:
            self.tickets.append(self.queue.fetch(request(number), sources or [self.source]))
            self.tickets[-1].begin(Listener(
                done=lambda files, number=number: self.files.append((number, files.source)),
                failed=lambda error, number=number: self.errors.append((number, error))))

    def expect(self, *numbers):
        self.queue.prefetch([request(number) for number in numbers], [self.source])

    def release(self, number, outcome="20"):
        self.source.release(request(number).ct_uid, outcome)

    def started(self, *numbers):
        self.wait(lambda: self.source.started() == list(numbers))

    def states(self):
        return {int(d.request.ct_uid.rpartition(".")[2]): d.state.value for d in self.queue.downloads}


@pytest.fixture
def wishes(host, tmp_path):
    from TumorConnectomeLib.imaging.acquisition import acquire
    from TumorConnectomeLib.imaging.transfer_errors import is_offline
    from TumorConnectomeLib.work.queue import DownloadQueue

    wishes = Wishes(None, HeldSource(tmp_path), wait_until)
    wishes.queue = DownloadQueue(acquire, is_offline, sizeOf=lambda request, sources: (20, 2_000_000), clock=lambda: wishes.now)
    yield wishes
    wishes.queue.cleanup()


def test_two_run_at_a_time_and_the_others_wait_their_turn(wishes):
    wishes.ask(1, 2, 3, 4)
    wishes.started(1, 2)
    assert wishes.states() == {1: "running", 2: "running", 3: "waiting", 4: "waiting"}
    wishes.release(2)
    wishes.started(1, 2, 3)
    for number in (1, 3):
        wishes.release(number)
    wishes.started(1, 2, 3, 4)
    wishes.release(4)
    wishes.wait(lambda: len(wishes.files) == 4)
    assert sorted(wishes.files) == [(number, "IDC") for number in (1, 2, 3, 4)] and not wishes.errors
    assert not wishes.queue.downloads and not wishes.queue.busy


def test_a_request_for_a_series_under_way_joins_it(wishes):
    wishes.ask(1, 1)
    wishes.started(1)
    wishes.ask(1)
    wishes.release(1)
    wishes.wait(lambda: len(wishes.files) == 3)
    assert len(wishes.source.jobs) == 1


def test_who_gives_up_does_not_stop_it_for_the_others(wishes):
    wishes.ask(1, 1)
    wishes.started(1)
    wishes.tickets[0].drop()
    wishes.release(1)
    wishes.wait(lambda: not wishes.queue.busy)
    wishes.wait(lambda: wishes.files)
    assert wishes.files == [(1, "IDC")] and not wishes.errors


def test_when_all_give_up_it_is_stopped_and_nobody_is_called_back(wishes):
    wishes.ask(1, 2, 3)
    wishes.started(1, 2)
    for ticket in wishes.tickets:
        ticket.drop()
    wishes.wait(lambda: not wishes.queue.downloads)
    assert all(job.was_stopped for job in wishes.source.jobs) and len(wishes.source.jobs) == 2
    assert not wishes.files and not wishes.errors


def test_a_new_request_for_a_series_that_is_being_stopped_starts_by_itself(wishes):
    wishes.ask(1)
    wishes.started(1)
    wishes.tickets[0].drop()
    assert wishes.states() == {1: "stopping"}
    wishes.ask(1)
    wishes.started(1, 1)
    assert wishes.source.jobs[0].was_stopped
    wishes.release(1)
    wishes.wait(lambda: wishes.files)
    assert wishes.files == [(1, "IDC")] and not wishes.errors


def test_what_is_being_stopped_does_not_hold_up_the_next_one(wishes):
    wishes.ask(1, 2)
    wishes.started(1, 2)
    wishes.tickets[0].drop()
    wishes.ask(3)
    wishes.started(1, 2, 3)


def test_a_request_takes_the_place_of_a_prefetch_which_goes_on_later(wishes):
    wishes.expect(1, 2, 3)
    wishes.started(1, 2)
    wishes.ask(4)
    wishes.started(1, 2, 4)
    assert {wishes.states()[number] for number in (1, 4)} == {"running"} and wishes.source.jobs[1].was_stopped
    wishes.release(4)
    wishes.started(1, 2, 4, 2)
    for number in (1, 2):
        wishes.release(number)
    wishes.started(1, 2, 4, 2, 3)
    assert wishes.files == [(4, "IDC")]


def test_a_prefetch_that_is_asked_for_goes_on_and_is_not_started_again(wishes):
    wishes.expect(1, 2)
    wishes.started(1, 2)
    wishes.ask(2)
    wishes.expect()
    wishes.wait(lambda: wishes.states() == {2: "running"})
    wishes.release(2)
    wishes.wait(lambda: wishes.files)
    assert len(wishes.source.jobs) == 2


def test_other_expectations_replace_the_earlier_ones(wishes):
    wishes.expect(1, 2, 3)
    wishes.started(1, 2)
    wishes.expect(2, 4)
    wishes.started(1, 2, 4)
    assert wishes.source.jobs[0].was_stopped and not wishes.source.jobs[1].was_stopped
    wishes.wait(lambda: set(wishes.states()) == {2, 4})


def test_cancel_one_and_cancel_all(wishes):
    wishes.ask(1, 2, 3)
    wishes.started(1, 2)
    wishes.queue.cancel("1.2.1")
    wishes.started(1, 2, 3)
    assert [(number, type(error)) for number, error in wishes.errors] == [(1, Cancelled)]
    wishes.queue.cancelAll()
    wishes.wait(lambda: not wishes.queue.downloads)
    assert sorted(number for number, _ in wishes.errors) == [1, 2, 3] and not wishes.files


def test_a_failed_download_is_listed_with_its_reason_until_it_is_asked_for_again(wishes):
    wishes.ask(1)
    wishes.started(1)
    wishes.release(1, "broken")
    wishes.wait(lambda: wishes.errors)
    failed, = wishes.queue.downloads
    assert "broken" in str(failed.problem) and wishes.states() == {1: "failed"} and not wishes.queue.busy
    wishes.ask(1)
    wishes.started(1, 1)
    wishes.release(1, "broken")
    wishes.wait(lambda: len(wishes.errors) == 2)
    wishes.queue.cancel("1.2.1")
    assert not wishes.queue.downloads


def test_offline_is_found_out_once_and_local_folders_are_asked_all_the_same(wishes):
    sources = [LocalSource(4), wishes.source]
    wishes.ask(1, 2, 3, 4, sources=sources)
    wishes.started(1, 2)
    wishes.release(2, "offline")
    wishes.wait(lambda: len(wishes.errors) == 2 and wishes.files)
    assert wishes.files == [(4, "Folder")]
    errors = {number: str(error) for number, error in wishes.errors}
    assert set(errors) == {2, 3} and len(set(errors.values())) == 1 and "IDC can not be reached" in errors[2]
    assert wishes.source.started() == [1, 2]            # nobody asked the network for the third

    wishes.expect(5)
    wishes.wait(lambda: 5 not in wishes.states())       # no prefetching for a minute
    wishes.now = 61.0
    wishes.release(1)
    wishes.expect(5)
    wishes.started(1, 2, 5)


def test_a_failed_prefetch_is_not_reported(wishes):
    wishes.expect(1)
    wishes.started(1)
    wishes.release(1, "broken")
    wishes.wait(lambda: not wishes.queue.downloads)


def test_the_total_counts_what_is_done_runs_and_waits(wishes):
    assert wishes.queue.total() is None
    wishes.ask(1, 2, 3)
    wishes.started(1, 2)
    wishes.wait(lambda: wishes.queue.total().files == 20)
    assert wishes.queue.total() == Transfer(20, 60, 2_000_000, 6_000_000, 1_000_000.0)
    assert wishes.queue.total().text() == "20 of 60 files, 2.0 of 6.0 MB, 1.0 MB/s, 4 s left"
    wishes.release(1)
    wishes.started(1, 2, 3)
    assert (wishes.queue.total().files, wishes.queue.total().files_total) == (40, 60)
    wishes.queue.cancelAll()
    wishes.wait(lambda: wishes.queue.total() is None)


def test_cleanup_ends_the_processes_and_calls_nobody(wishes, host):
    wishes.ask(1, 2, 3)
    wishes.started(1, 2)
    wishes.queue.cleanup()
    for _ in range(10):
        host.processEvents()
    assert not wishes.files and not wishes.errors and all(job.was_stopped for job in wishes.source.jobs)


def together(wishes, *numbers):
    """One task that waits for several series; returns it and what it calls back with."""
    from TumorConnectomeLib.work.awaitable import Together
    from TumorConnectomeLib.work.runner import JobRunner

    def sequence():
        return (yield Together([wishes.queue.fetch(request(number), [wishes.source], listed=False) for number in numbers]))

    seen, done, errors = [], [], []
    return JobRunner().start(sequence(), lambda *p: seen.append(p), done.append, errors.append), seen, done, errors


def test_several_series_are_one_task_with_one_progress(wishes):
    task, seen, done, errors = together(wishes, 1, 2)
    wishes.started(1, 2)
    wishes.wait(lambda: (0.5, "20 of 40 files, 2.0 of 4.0 MB, 1.0 MB/s, 2 s left") in seen)
    for number in (2, 1):
        wishes.release(number)
    wishes.wait(lambda: done)
    assert [files.ct_folder.name for files in done[0]] == ["1.2.1", "1.2.2"] and not task.running and not errors


def test_one_failure_ends_all_and_gives_up_the_rest(wishes):
    _task, _seen, done, errors = together(wishes, 1, 2)
    wishes.started(1, 2)
    wishes.release(2, "broken")
    wishes.wait(lambda: errors and not wishes.states())
    assert len(errors) == 1 and isinstance(errors[0], TumorConnectomeError) and wishes.source.jobs[0].was_stopped and not done


def test_cancel_gives_up_all_series_and_is_told_once(wishes):
    task, _seen, done, errors = together(wishes, 1, 2)
    wishes.started(1, 2)
    task.cancel()
    assert not errors, "told from the event loop only"
    wishes.wait(lambda: errors and not wishes.states())
    assert [type(error) for error in errors] == [Cancelled] and not done and not task.running
    assert all(job.was_stopped for job in wishes.source.jobs)


def test_files_that_came_before_anybody_waited_are_not_lost(wishes):
    from TumorConnectomeLib.work.awaitable import Listener

    heard, ticket = [], wishes.queue.fetch(request(1), [wishes.source])
    wishes.started(1)
    wishes.release(1)
    wishes.wait(lambda: not wishes.queue.busy)
    ticket.begin(Listener(done=heard.append))
    wishes.wait(lambda: heard)
