"""Lists the files of CT series in Slicer's DICOM database, in the background, so that they appear in its DICOM browser."""
from __future__ import annotations

import ctk
import qt
from slicer.i18n import tr as _

from ..base.errors import Cancelled
from ..work.awaitable import Awaitable
from ..work.jobs import Progress


class DicomImport(Awaitable):
    """Lists files in Slicer's DICOM database with CTK's indexer, in the background, so that they appear in its DICOM browser.

    Files that could not be listed are no error: whoever loads them then reads them another way. What is listed when it is
    canceled stays listed.

    Parameters
    ----------
    database : ctkDICOMDatabase
    files : list of str
        The files stay where they are.
    """

    def __init__(self, database, files):
        super().__init__()
        self._database, self._files, self._indexer, self._error = database, files, None, None

    def begin(self, listener):
        super().begin(listener)
        self._indexer = indexer = ctk.ctkDICOMIndexer()
        indexer.setDatabase(self._database)
        indexer.backgroundImportEnabled = True
        indexer.connect("progress(int)", self._onIndexed)
        indexer.connect("indexingComplete(int,int,int,int)", self._onComplete)
        self._tellProgress(Progress(0.0, _("Listing {n} files in Slicer's DICOM database").format(n=len(self._files))))
        indexer.addListOfFiles(self._files)

    def cancel(self, reason="Canceled"):
        if self.running and self._error is None:
            self._error = Cancelled(reason)
            self._indexer.cancel()

    def _onIndexed(self, percent):
        self._tellProgress(Progress(percent / 100, _("Listing the files in Slicer's DICOM database")))

    def _onComplete(self, patients=0, studies=0, series=0, images=0):
        """Go on from the event loop: the indexer must not be deleted inside its own signal."""
        qt.QTimer.singleShot(0, self._finish)

    def _finish(self):
        if self._indexer is None:
            return
        self._indexer.disconnect("progress(int)", self._onIndexed)
        self._indexer.disconnect("indexingComplete(int,int,int,int)", self._onComplete)
        self._indexer = None
        if self._error is None:
            self._succeed(None)
        else:
            self._fail(self._error)
