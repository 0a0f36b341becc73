"""The queue in which series are brought here: two at a time, each once, what was asked for before what is only expected."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from enum import Enum
from typing import TYPE_CHECKING

import qt

from ..base.errors import Cancelled, NotAvailable, TumorConnectomeError
from .awaitable import Awaitable, Listener
from .jobs import Progress, Transfer
from .runner import JobRunner

if TYPE_CHECKING:
    from ..imaging.sources import SeriesFiles, SeriesRequest, Source

#: the queue itself bounds how many run: a download that is being stopped must not hold up the next one
_RUNNER_SLOTS = 64
#: seconds without prefetching after IDC could not be reached
_OFFLINE_PAUSE = 60.0


class DownloadState(Enum):
    """What a download in the queue is doing."""

    RUNNING = "running"
    #: it waits again afterwards if somebody wants it still
    STOPPING = "stopping"
    WAITING = "waiting"
    FAILED = "failed"


class Download:
    """One series on its way, for everybody who asked for it; made by `DownloadQueue`.

    Attributes
    ----------
    request : SeriesRequest
    size : tuple of (int, int) or None
        Files and bytes to fetch, as far as known before it starts.
    state : DownloadState
    progress : Progress
        As it reports it.
    transfer : Transfer or None
        How much is here.
    problem : TumorConnectomeError or None
        Why it failed.
    """

    def __init__(self, request: SeriesRequest, sources: list[Source], size: tuple[int, int] | None, expected: bool = False):
        self.request, self.sources, self.size, self.expected = request, sources, size, expected
        self.state, self.progress = DownloadState.WAITING, Progress(None, "")
        self.transfer, self.problem, self.tickets, self.task = None, None, [], None

    @property
    def prefetched(self) -> bool:
        """Whether nobody has asked for it."""
        return not self.tickets

    @property
    def transferring(self) -> bool:
        """Whether files arrive just now; before and after that other jobs run."""
        return self.state is DownloadState.RUNNING and self.progress.transfer is not None

    @property
    def wanted(self) -> bool:
        """Whether there is any reason to go on."""
        return bool(self.tickets) or self.expected


class Ticket(Awaitable):
    """Somebody's wish for a series; its result is the SeriesFiles. Made by `DownloadQueue.fetch`, it counts from then on.

    Parameters
    ----------
    queue : DownloadQueue
    download : Download
    listed : bool
        Whether the download stays in the list when it fails, so that the user sees why.
    """

    def __init__(self, queue: DownloadQueue, download: Download, listed: bool):
        super().__init__()
        self.download, self.listed = download, listed
        self._queue, self._begun, self._outcome = queue, False, None

    def begin(self, listener):
        super().begin(listener)
        self._begun = True
        if self._outcome is not None:                   # it came before anybody waited for it
            qt.QTimer.singleShot(0, self._conclude)

    def cancel(self, reason="Canceled"):
        """Give it up: the download is stopped unless others want it, too."""
        self._queue.release(self)
        self.settle(Cancelled(reason))

    def moved(self, progress: Progress):
        """The download has come further."""
        self._tellProgress(progress)

    def settle(self, outcome: SeriesFiles | TumorConnectomeError):
        """The files are here, or will not come; told from the event loop, for whoever hears it may ask for the next series."""
        if self._outcome is None:
            self._outcome = outcome
            if self._begun:
                qt.QTimer.singleShot(0, self._conclude)

    def _conclude(self):
        if isinstance(self._outcome, TumorConnectomeError):
            self._fail(self._outcome)
        else:
            self._succeed(self._outcome)


class DownloadQueue:
    """Brings series here, at most `parallel` at a time.

    A request for a series that is under way joins it. Prefetches wait for what somebody asked for, and give their place to
    it. What was fetched when a download is stopped is kept by its source and continued later.

    Parameters
    ----------
    acquire : callable
        Called with a SeriesRequest and the list of Sources; gives the sequence that returns its SeriesFiles.
    isOffline : callable
        Whether an error says that there is no network.
    parallel : int
        Downloads at a time.
    sizeOf : callable
        Called with a SeriesRequest and the list of Sources: files and bytes that are to be fetched, None if that is not known.
    clock : callable
        Seconds.

    Attributes
    ----------
    onChanged : callable
        Called when anything in `downloads` changed.
    onFetched : callable
        Called with the SeriesRequest and its SeriesFiles, before those who asked for it.
    """

    def __init__(self, acquire: Callable, isOffline: Callable[[TumorConnectomeError], bool], parallel: int = 2,
                 sizeOf: Callable[[SeriesRequest, list[Source]], tuple[int, int] | None] = lambda request, sources: None,
                 clock: Callable[[], float] = time.monotonic):
        self._acquire, self._isOffline = acquire, isOffline
        self._parallel, self._sizeOf, self._clock = parallel, sizeOf, clock
        self._runner, self._downloads, self._pumping = JobRunner(_RUNNER_SLOTS), {}, False
        self._finished, self._offlineUntil = (0, 0), 0.0
        self.onChanged, self.onFetched = lambda: None, lambda request, files: None

    @property
    def downloads(self) -> list[Download]:
        """What runs, waits or has failed, in the order in which it will be done."""
        order = list(DownloadState)
        return sorted(self._downloads.values(), key=lambda download: (order.index(download.state), download.prefetched))

    @property
    def busy(self) -> bool:
        """Whether anything runs or waits."""
        return any(download.state is not DownloadState.FAILED for download in self._downloads.values())

    def uidsUnderWay(self) -> set[str]:
        """SeriesInstanceUIDs of CTs that are being fetched or about to be."""
        return {uid for uid, download in self._downloads.items() if download.state is not DownloadState.FAILED}

    def fetch(self, request: SeriesRequest, sources: list[Source], listed: bool = True) -> Ticket:
        """Ask for a series; see Ticket."""
        download = self._downloads.get(request.ct_uid)
        if download is None or download.state is DownloadState.FAILED:
            download = self._downloads[request.ct_uid] = Download(request, sources, self._sizeOf(request, sources))
        ticket = Ticket(self, download, listed)
        download.tickets.append(ticket)
        self._pumpSoon()
        return ticket

    def prefetch(self, requests: Iterable[SeriesRequest], sources: list[Source]) -> None:
        """Expect these series, in this order, instead of those expected before."""
        expected = {request.ct_uid: request for request in requests} if self._clock() >= self._offlineUntil else {}
        for uid, download in self._downloads.items():
            download.expected = uid in expected
        for uid, request in expected.items():
            if uid not in self._downloads:
                self._downloads[uid] = Download(request, sources, self._sizeOf(request, sources), expected=True)
        self._dropUnwanted()

    def release(self, ticket: Ticket) -> None:
        """Give up one wish; called by the ticket."""
        if ticket in ticket.download.tickets:
            ticket.download.tickets.remove(ticket)
            self._dropUnwanted()

    def cancel(self, ct_uid: str) -> None:
        """Stop one download for everybody, or take a failed one off the list."""
        download = self._downloads.get(ct_uid)
        if download is None:
            return
        download.expected = False
        self._settle(download, Cancelled())
        if download.state is DownloadState.FAILED:
            del self._downloads[ct_uid]
        self._dropUnwanted()

    def cancelAll(self) -> None:
        """Stop everything and empty the list."""
        for uid in list(self._downloads):
            self.cancel(uid)

    def cleanup(self) -> None:
        """Kill everything at the end of the application; nobody is called back."""
        for ticket in [ticket for download in self._downloads.values() for ticket in download.tickets]:
            ticket.running = False
        self._downloads, self.onChanged = {}, lambda: None
        self._runner.cleanup()

    def total(self) -> Transfer | None:
        """Everything since the queue was last empty, with the speed of all downloads together; None if nothing is known."""
        files, size = files_total, size_total = self._finished
        speed = 0.0
        for download in self._downloads.values():
            part, known = download.transfer, download.size
            if download.state is DownloadState.FAILED:
                continue
            if part is not None:
                files, size = files + part.files, size + part.bytes
                known = part.files_total, part.bytes_total
            if download.state is DownloadState.RUNNING and part is not None:
                speed += part.bytes_per_second
            if known:
                files_total, size_total = files_total + known[0], size_total + known[1]
        return Transfer(files, files_total, size, size_total, speed) if size_total else None

    # What runs

    def _pumpSoon(self):
        """Go on from the event loop: tasks may end while they are being stopped."""
        if not self._pumping:
            self._pumping = True
            qt.QTimer.singleShot(0, self._pump)

    def _pump(self):
        """Start what may start; a prefetch gives its place to what somebody asked for."""
        self._pumping = False
        running = [d for d in self.downloads if d.state is DownloadState.RUNNING]
        for download in [d for d in self.downloads if d.state is DownloadState.WAITING]:
            if len(running) >= self._parallel:
                lenders = [d for d in running if d.prefetched]
                if download.prefetched or not lenders:
                    break
                running.remove(lenders[-1])
                self._stop(lenders[-1])
            running.append(download)
            self._start(download)
        if not self.busy:
            self._finished = 0, 0
        self.onChanged()

    def _start(self, download):
        download.state, download.progress = DownloadState.RUNNING, Progress(None, "")
        download.task = self._runner.listen(self._acquire(download.request, download.sources), Listener(
            lambda progress: self._onProgress(download, progress), lambda files: self._onDone(download, files),
            lambda error: self._onError(download, error)))

    def _stop(self, download):
        download.state = DownloadState.STOPPING
        download.task.cancel()

    def _dropUnwanted(self):
        for uid, download in list(self._downloads.items()):
            if download.wanted or download.state is DownloadState.FAILED:
                continue
            if download.state is DownloadState.RUNNING:
                self._stop(download)
            elif download.state is DownloadState.WAITING:
                del self._downloads[uid]
        self._pumpSoon()

    def _onProgress(self, download, progress):
        download.progress, download.transfer = progress, progress.transfer or download.transfer
        for ticket in list(download.tickets):
            ticket.moved(progress)
        self.onChanged()

    def _onDone(self, download, files):
        del self._downloads[download.request.ct_uid]
        if (part := download.transfer) is not None:
            self._finished = self._finished[0] + part.files_total, self._finished[1] + part.bytes_total
        self.onFetched(download.request, files)
        self._settle(download, files)
        self._pumpSoon()

    def _onError(self, download, error):
        if download.state is DownloadState.STOPPING and isinstance(error, Cancelled):
            download.state = DownloadState.WAITING
            self._dropUnwanted()
            return
        if self._isOffline(error) and download.problem is None:
            self._goOffline(error)
        if isinstance(error, NotAvailable) and download.problem is not None:
            error = download.problem
        self._fail(download, error)
        self._pumpSoon()

    def _goOffline(self, error):
        """What waits would find out the same, seconds later and one after the other: it tries only what needs no network."""
        self._offlineUntil = self._clock() + _OFFLINE_PAUSE
        for download in self._downloads.values():
            if download.state is DownloadState.WAITING and any(source.remote for source in download.sources):
                download.problem, download.sources = error, [s for s in download.sources if not s.remote]

    def _fail(self, download, error):
        download.state, download.problem = DownloadState.FAILED, error
        if not any(ticket.listed for ticket in download.tickets):       # nobody asked, or those who did say it themselves
            del self._downloads[download.request.ct_uid]
        self._settle(download, error)

    def _settle(self, download, outcome):
        """Tell everybody who asked."""
        tickets, download.tickets = download.tickets, []
        for ticket in tickets:
            ticket.settle(outcome)
