"""Slicer's DICOM database, borrowed for a story: closed, or opened in a temporary folder, and given back as it was."""
from __future__ import annotations

import os
import pathlib

import slicer

from ..database_listing import dicom_database


class BorrowedDatabase:
    """Context manager that closes Slicer's DICOM database and gives it back in the end, whatever happens.

    Slicer's own ``DICOMUtils.TemporaryDICOMDatabase`` writes the temporary folder into the settings: when Slicer is killed
    inside, that folder is the user's database at the next start. Here nothing is written into the settings, so that Slicer
    opens the user's database at the next start in any case.

    Parameters
    ----------
    listing : DatabaseListing
        What waits there for the user's database is put aside meanwhile.
    """

    def __init__(self, listing):
        self._listing, self.database = listing, dicom_database()

    def __enter__(self):
        self._file, self._wasOpen = self.database.databaseFilename, self.database.isOpen
        self._pending, self._listing.pending = self._listing.pending, {}
        self.database.closeDatabase()
        return self

    def openIn(self, folder) -> None:
        """Open a new database in a folder, as Slicer's DICOM module does."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.database.openDatabase(str(folder / "ctkDICOM.sql"))

    def __exit__(self, *_error):
        self._listing.pending = {}
        self.database.closeDatabase()
        slicer.app.processEvents()                      # who was told that it was opened asks in the next turn
        if self._wasOpen:
            self.database.openDatabase(self._file)
        elif self._file and not os.path.isdir(os.path.dirname(self._file)):
            self.database.openDatabase(self._file)      # fails, as at Slicer's start, and has the user's folder again
        self._listing.pending = self._pending
