"""The list of downloads in the panel, and what is fetched ahead: neighbors of the selected patient, or a group."""
from __future__ import annotations

import qt
import slicer.util
from slicer.i18n import tr as _

from ..base.errors import Cancelled, TumorConnectomeError
from ..imaging.sources import series_request
from ..imaging.transfer_errors import is_offline
from ..widgets.download_table import DownloadRow, DownloadTable
from ..work.awaitable import Listener
from ..work.queue import DownloadState
from .changes import GRAPH, SCENE
from .json_list import list_from_text
from .packages import require

#: milliseconds: who walks through the patients with the arrow keys does not want all their neighbors
_PREFETCH_AFTER = 800
#: milliseconds between two looks at the queue, which changes with every file
_REFRESH_AFTER = 150
#: a line of the list has two widgets of its own
_MOST_ROWS = 30
#: bytes above which downloading a group asks first, and of a series whose size is not known
_ASK_ABOVE, _TYPICAL_BYTES = 1e9, 85e6


class DownloadsController:
    """Shows the queue and feeds it.

    Parameters
    ----------
    ui : namespace
        Child widgets of the panel.
    queue : DownloadQueue
    sources : ImageSources
    state : Session
    """

    def __init__(self, ui, queue, sources, state):
        self._ui, self._queue, self._sources, self._state = ui, queue, sources, state
        self._table = DownloadTable(ui.downloadsTable, queue.cancel, _)
        self._parameters, self._prefetching, self._problem = None, False, ""
        self._refreshTimer, self._prefetchTimer = self._timer(self.refresh), self._timer(self._prefetch)
        queue.onChanged = self._refreshSoon
        ui.cancelDownloadsButton.connect("clicked(bool)", self._onCancelAll)
        ui.fetchGroupButton.connect("clicked(bool)", self._onFetchGroup)
        state.bind(self.offerGroup, "group", "selectedPatient", GRAPH, SCENE)
        state.bind(self.expectNeighbors, "prefetch", "selectedPatient", GRAPH, SCENE)
        self.refresh()

    def cleanup(self):
        """Stop the timers."""
        self._refreshTimer.stop()
        self._prefetchTimer.stop()

    def offerGroup(self, parameters):
        """Offer to download the group, or the neighbors of the query."""
        self._parameters = parameters
        group, grouped = self._group(), bool(parameters.group and list_from_text(parameters.group))
        self._ui.fetchGroupButton.enabled = bool(group)
        self._ui.fetchGroupButton.text = _("Download the group ({n})").format(n=len(group)) if grouped \
            else _("Download the neighbors ({n})").format(n=len(group))

    def expectNeighbors(self, parameters):
        """Fetch the query's neighbors ahead, if the user wants that; nothing any more if not."""
        if parameters.prefetch:
            self._prefetchTimer.start(_PREFETCH_AFTER)
        elif self._prefetching:
            self._prefetchTimer.start(0)

    def forget(self):
        """The scene is being closed: nothing is expected, and there is no group."""
        self._parameters = None
        self._ui.fetchGroupButton.enabled = False
        self._ui.fetchGroupButton.text = _("Download the neighbors ({n})").format(n=0)
        self._prefetchTimer.start(0)

    def refresh(self):
        """Show the queue as it is now."""
        downloads, total = self._queue.downloads, self._queue.total()
        self._table.setRows([_row(download) for download in downloads[:_MOST_ROWS]])
        counts = {state: sum(download.state is state for download in downloads) for state in DownloadState}
        text = _("Downloads: {running} running, {waiting} waiting").format(
            running=counts[DownloadState.RUNNING], waiting=counts[DownloadState.WAITING]) if self._queue.busy else ""
        if total is not None:
            text += ". " + total.text()
        if len(downloads) > _MOST_ROWS:
            text += ". " + _("The first {n} are listed.").format(n=_MOST_ROWS)
        self._ui.downloadsLabel.text = "\n".join(filter(None, (text, self._problem)))
        self._ui.downloadsWidget.setVisible(bool(downloads or self._problem))
        self._ui.cancelDownloadsButton.text = _("Cancel all") if self._queue.busy else _("Clear list")

    def _timer(self, slot):
        timer = qt.QTimer(self._ui.downloadsWidget)
        timer.setSingleShot(True)
        timer.connect("timeout()", slot)
        return timer

    def _refreshSoon(self):
        if not self._refreshTimer.isActive():
            self._refreshTimer.start(_REFRESH_AFTER)

    # What is fetched ahead

    def _neighbors(self):
        """The selected patient's neighbors that are shown, nearest first."""
        graph = self._state.connectome
        if graph is None or self._parameters.selectedPatient not in graph.nodes:
            return []
        edges = (graph.sources == graph.nodes[self._parameters.selectedPatient]).nonzero()[0]
        return [graph.patient_ids[graph.targets[edge]] for edge in sorted(edges, key=lambda edge: graph.ranks[edge])]

    def _group(self):
        """Patients that the button fetches."""
        if self._parameters is None or self._state.cohort is None:
            return []
        if not self._parameters.group:
            return self._neighbors()
        known = self._state.cohort.rows
        return [patient for patient in list_from_text(self._parameters.group) if patient in known] or self._neighbors()

    def _requests(self, patients):
        """Requests of those patients whose series are known."""
        requests = []
        for patient in patients:
            try:
                requests.append(series_request(self._state.cohort, patient))
            except TumorConnectomeError as error:
                self._problem = f"\N{WARNING SIGN} {error}"
        return requests

    def _prefetch(self):
        wanted = self._parameters is not None and self._parameters.prefetch and self._state.cohort is not None
        expected = self._neighbors() if wanted else []
        self._prefetching = bool(expected)
        try:
            if expected and not self._state.cohort.synthetic:
                require("s5cmd", _("Fetching images ahead"))
        except TumorConnectomeError as error:
            self._problem = f"\N{WARNING SIGN} {error}"
            self.refresh()
            return
        self._problem = ""
        requests = self._requests(expected)
        self._queue.prefetch(requests, self._places() if requests else [])

    def _places(self):
        return self._sources.of(self._state.cohort, self._parameters.imageFolder)

    def _onFetchGroup(self, checked=False):
        self._problem = ""
        requests, places = self._requests(self._group()), self._places()
        sizes = [size for request in requests if (size := self._sources.sizeOf(request, places)) != (0, 0)]
        total = sum(size[1] if size else _TYPICAL_BYTES for size in sizes)
        if total > _ASK_ABOVE and not self._state.cohort.synthetic and not slicer.util.confirmOkCancelDisplay(
                _("Download the CTs of {n} patients, about {gb:.1f} GB?").format(n=len(sizes), gb=total / 1e9)):
            return
        for request in requests:
            self._queue.fetch(request, places).begin(Listener(failed=self._onFailed))

    def _onFailed(self, error):
        """One line, however many failed for the same reason; the list names each."""
        if not isinstance(error, Cancelled):
            self._problem = f"\N{WARNING SIGN} {error}"
        self.refresh()

    def _onCancelAll(self, checked=False):
        self._problem = ""
        self._queue.cancelAll()
        self.refresh()


def _row(download):
    """The line of a Download."""
    part = download.transfer
    state = {DownloadState.WAITING: _("Waiting"), DownloadState.STOPPING: _("Stopping"),
             DownloadState.RUNNING: download.progress.message or _("Starting")}.get(download.state)
    if state is None:
        problem = _("Offline") if is_offline(download.problem) else str(download.problem)
        state = "\N{WARNING SIGN} " + problem.removeprefix(f"no images of patient {download.request.patient_id}: ")
    elif download.transferring:
        left = _("{left} left, ").format(left=part.time_left()) if part.bytes_per_second else ""
        state = _("{left}{speed:.1f} MB/s, {files} of {all} files").format(
            left=left, speed=part.bytes_per_second / 1e6, files=part.files, all=part.files_total)
    if download.prefetched and download.problem is None:
        state = _("Ahead: {state}").format(state=state)
    fraction = download.progress.fraction if part is None else part.fraction
    return DownloadRow(download.request.ct_uid, download.request.patient_id, state,
                       None if download.state is DownloadState.FAILED else fraction, download.state is DownloadState.RUNNING)
