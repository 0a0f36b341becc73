"""Slicer's DICOM database when it is closed: says once what to do, and lists later what was loaded meanwhile."""
from __future__ import annotations

import os

import qt
import slicer
from slicer.i18n import tr as _

from ..work.awaitable import Listener
from .dicom_import import DicomImport


def dicom_database():
    """Slicer's DICOM database (a ctkDICOMDatabase, one for the life of the application), None in a Slicer without DICOM."""
    return getattr(slicer, "dicomDatabase", None)


class DatabaseListing:
    """What was loaded while Slicer's DICOM database was closed waits here, and is listed as soon as the database is opened.

    In a fresh profile the database is there but closed, and its folder is missing. Whoever opens one, in whatever folder,
    calls ``openDatabase`` of the same object, which emits ``opened()`` (CTK, Libs/DICOM/Core/ctkDICOMDatabase.cpp); Slicer
    may close it again at once if its version is another, so it is asked in the next turn of the event loop.

    Parameters
    ----------
    label : QLabel
        Of the section *Images*; there only while there is something to say.

    Attributes
    ----------
    pending : dict of str to list of str
        Files by SeriesInstanceUID that are to be listed.
    """

    def __init__(self, label):
        self._label, self._database, self._task, self.pending = label, None, None, {}
        self._say("")

    @property
    def busy(self) -> bool:
        """Whether files are being listed."""
        return self._task is not None

    def onSeries(self, inspections: list[dict]):
        """Series are being loaded (see `imaging.inspection.inspect`): remember them if the database could not list them."""
        if not inspections:
            return
        database = dicom_database()
        if database is not None and database.isOpen:
            if not self.busy:
                self._say("")
            return
        self.pending.update({inspection["series_uid"]: list(inspection["files"]) for inspection in inspections})
        self._watch(database)
        self._say(self._advice(database))

    def cleanup(self):
        """Stop, and let go of the database."""
        if self._task is not None:
            self._task.drop()
            self._task = None
        if self._database is not None:
            self._database.disconnect("opened()", self._onOpened)
            self._database = None
        self._say("")

    @staticmethod
    def _advice(database):
        if database is None:
            return _("This Slicer has no DICOM database, so these patients do not appear in a DICOM browser. Their images are "
                     "shown all the same.")
        # with exists() rather than from the reason of the failure, which CTK does not give
        folder = database.databaseDirectory
        reason = _("its folder {folder} does not exist").format(folder=folder) if folder and not os.path.isdir(folder) \
            else _("it is closed")
        return _("Slicer's DICOM database is not open ({reason}), so these patients do not appear in Slicer's DICOM browser. "
                 "Their images are shown all the same. To have them listed, open the module DICOM, press Show DICOM database, "
                 "then Create new database or Select database folder: what was loaded meanwhile is listed then.").format(
                     reason=reason)

    def _watch(self, database):
        if database is not None and self._database is None:
            self._database = database
            database.connect("opened()", self._onOpened)

    def _onOpened(self):
        qt.QTimer.singleShot(0, self._list)

    def _list(self):
        """List what waits, if the database is still open."""
        database = self._database
        if database is None or not database.isOpen or not self.pending or self.busy:
            return
        series = {uid: [file for file in files if os.path.isfile(file)] for uid, files in self.pending.items()}
        new = [file for uid, files in series.items() if len(database.filesForSeries(uid)) < len(files) for file in files]
        gone = sum(not files for files in series.values())
        self.pending = {}
        if not new:
            self._onListed(len(series), gone)
            return
        self._task = DicomImport(database, new)
        self._task.begin(Listener(lambda progress: self._say(f"{progress.message} ({progress.fraction:.0%})"),
                                  lambda result: self._onListed(len(series), gone), self._onStopped))

    def _onListed(self, count, gone=0):
        self._task = None
        text = _("Series that were loaded before and are in Slicer's DICOM database now: {n}").format(n=count - gone)
        if gone:
            text += "\n" + _("Series whose files are not there any more: {n}").format(n=gone)
        self._say(text)
        self._list()                                    # what came in the meantime

    def _onStopped(self, error):
        self._task = None
        self._say(str(error))

    def _say(self, text):
        self._label.text = text
        self._label.setVisible(bool(text))
