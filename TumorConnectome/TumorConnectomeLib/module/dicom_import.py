"""Lists the files of CT series in Slicer's DICOM database, in the background, so that they appear in its DICOM browser."""
from __future__ import annotations

import ctk
import qt
from slicer.i18n import tr as _

from ..core.errors import Cancelled


class DicomImport:
    """Runs CTK's indexer over some files; stands where a Task stands (`running`, `cancel`).

    Exactly one of `onDone` and `onError` is called, once, from the event loop, unless it is dropped. Files that could not be
    listed are no error: whoever loads them then reads them another way.

    Parameters
    ----------
    database : ctkDICOMDatabase
    files : list of str
        The files stay where they are.
    uids : set of str
        SeriesInstanceUIDs of the series that are on their way.
    onProgress : callable
        Called with the fraction done (0..1) and a text.
    onDone : callable
        Called without arguments.
    onError : callable
        Called with Cancelled.
    """

    def __init__(self, database, files, uids, onProgress, onDone, onError):
        self._onProgress, self._onDone, self._onError = onProgress, onDone, onError
        self.running, self._error, self.uids = True, None, uids
        self._indexer = indexer = ctk.ctkDICOMIndexer()
        indexer.setDatabase(database)
        indexer.backgroundImportEnabled = True
        indexer.connect("progress(int)", self._onIndexed)
        indexer.connect("indexingComplete(int,int,int,int)", self._onComplete)
        onProgress(0.0, _("Listing {n} files in Slicer's DICOM database").format(n=len(files)))
        indexer.addListOfFiles(files)

    def cancel(self, reason="Canceled"):
        """Stop; what is listed stays listed, and `onError` gets Cancelled(reason)."""
        if self.running and self._error is None:
            self._error = Cancelled(reason)
            self._indexer.cancel()

    def drop(self):
        """Stop without calling back: another request takes its place."""
        self.running = False
        if self._indexer is not None:
            self._indexer.cancel()

    def _onIndexed(self, percent):
        if self.running:
            self._onProgress(percent / 100, _("Listing the files in Slicer's DICOM database"))

    def _onComplete(self, patients=0, studies=0, series=0, images=0):
        """Go on from the event loop: the indexer must not be deleted inside its own signal."""
        qt.QTimer.singleShot(0, self._finish)

    def _finish(self):
        if self._indexer is None:
            return
        self._indexer.disconnect("progress(int)", self._onIndexed)
        self._indexer.disconnect("indexingComplete(int,int,int,int)", self._onComplete)
        self._indexer = None
        if not self.running:
            return
        self.running = False
        if self._error is None:
            self._onDone()
        else:
            self._onError(self._error)
