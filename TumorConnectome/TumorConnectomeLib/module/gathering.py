"""Several series that are wanted together, as one task with one progress."""
from __future__ import annotations

from ..core.errors import Cancelled
from ..core.jobs import Transfer
from .download_queue import DownloadState


class Gathering:
    """Waits until all of some series are here; stands where a Task stands (`running`, `cancel`).

    Exactly one of `onDone` and `onError` is called, once, from the event loop.

    Parameters
    ----------
    queue : DownloadQueue
    requests : list of SeriesRequest
        At least one; two of them may be of one CT series.
    sources : list of Source
    onProgress : callable
        Called with the fraction done (0..1 or None) and a text.
    onDone : callable
        Called with a list of SeriesFiles in the order of the requests.
    onError : callable
        Called with the first TumorConnectomeError; the other series are given up.
    """

    def __init__(self, queue, requests, sources, onProgress, onDone, onError):
        self._onProgress, self._onDone, self._onError = onProgress, onDone, onError
        self._queue, self._files, self.running = queue, {}, True
        self._tickets = [queue.fetch(request, sources, lambda files, uid=request.ct_uid: self._onFiles(uid, files),
                                     self._onFailed, self._onMoved) for request in requests]

    def cancel(self, reason="Canceled"):
        """Give everything up; `onError` gets Cancelled(reason)."""
        self._onFailed(Cancelled(reason))

    def drop(self):
        """Give everything up without calling back."""
        self.running = False
        for ticket in self._tickets:
            ticket.cancel()

    def _onFiles(self, uid, files):
        self._files[uid] = files
        if self.running and all(ticket.download.request.ct_uid in self._files for ticket in self._tickets):
            self.running = False
            self._onDone([self._files[ticket.download.request.ct_uid] for ticket in self._tickets])

    def _onFailed(self, error):
        if self.running:
            self.drop()
            for ticket in self._tickets:
                if ticket.download.state is DownloadState.FAILED:       # told here, so that the list need not
                    self._queue.cancel(ticket.download.request.ct_uid)
            self._onError(error)

    def _onMoved(self):
        """Some series came further: tell about it, or about all together when several are fetched."""
        downloads = [ticket.download for ticket in self._tickets]
        parts = [download.transfer for download in downloads if download.transfer is not None]
        if len(parts) > 1:
            total = Transfer(*(sum(getattr(part, name) for part in parts) for name in Transfer.__dataclass_fields__))
            self._onProgress(total.fraction, total.text())
            return
        moving = [download for download in downloads if download.message and download.request.ct_uid not in self._files]
        if moving:
            self._onProgress(moving[0].fraction, moving[0].message)
