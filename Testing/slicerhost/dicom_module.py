"""Stand-ins for Slicer's DICOM module: its database, CTK's indexer and the part of DICOMLib that loads a series.

A fresh profile of Slicer has a database object that is closed and whose folder is missing; `make_module` plays that, and
opening, closing and a folder that disappears as CTK does (Libs/DICOM/Core/ctkDICOMDatabase.cpp, ctkDICOMIndexer.cpp).
"""
import os
import sqlite3
import sys
import types

import slicer
import vtk
from PySide6 import QtCore

#: Slicer's plugin for CT series
_PLUGIN = "DICOMScalarVolumePlugin"
_SCHEMA = "CREATE TABLE IF NOT EXISTS Images (Filename TEXT PRIMARY KEY, Series TEXT, Study TEXT, Patient TEXT, Modality TEXT)"
#: names of ctkDICOMDatabase.fieldForSeries -> column
_FIELDS = {"Modality": "Modality", "SeriesInstanceUID": "Series", "StudyInstanceUID": "Study"}


class ctkDICOMDatabase(QtCore.QObject):
    """A list of DICOM files in SQLite; there is one, which is opened on one file after another."""

    opened, closed, databaseChanged = QtCore.Signal(), QtCore.Signal(), QtCore.Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._file, self._connection, self._error = "", None, ""

    def openDatabase(self, databaseFile, connectionName=""):
        """Open a file, or make it; its folder must be there. Returns whether it worked."""
        was_open, self._file = self.isOpen, databaseFile
        self._release()
        try:
            self._connection = sqlite3.connect(self._file)
            self._connection.execute(_SCHEMA)
        except sqlite3.Error as error:
            self._error = str(error)
            self._release()
            if was_open:
                self.closed.emit()
            return False
        self.opened.emit()
        return True

    def closeDatabase(self):
        was_open = self.isOpen
        self._release()
        if was_open:
            self.closed.emit()

    def initializeDatabase(self, schemaFile=None):
        """Forget everything."""
        self._connection.execute("DELETE FROM Images")
        self._connection.commit()
        self.databaseChanged.emit()
        return True

    def schemaVersion(self):
        return "0.8.1"

    schemaVersionLoaded = schemaVersion

    def patients(self):
        return self._column("SELECT DISTINCT Patient FROM Images")

    def studiesForPatient(self, patient):
        return self._column("SELECT DISTINCT Study FROM Images WHERE Patient = ?", patient)

    def seriesForStudy(self, study):
        return self._column("SELECT DISTINCT Series FROM Images WHERE Study = ?", study)

    def studyForSeries(self, series):
        return next(iter(self._column("SELECT Study FROM Images WHERE Series = ?", series)), "")

    def filesForSeries(self, series, hits=-1):
        return self._column("SELECT Filename FROM Images WHERE Series = ? ORDER BY Filename LIMIT ?", series, hits)

    def fieldForSeries(self, field, series):
        column = _FIELDS.get(field)
        found = self._column(f"SELECT {column} FROM Images WHERE Series = ?", series) if column else ()
        return next(iter(found), "")

    def _insert(self, path):
        """List a file; returns whether it is DICOM."""
        import pydicom

        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
        except (OSError, pydicom.errors.InvalidDicomError):
            return False
        row = [str(path), *(str(header.get(name, "")) for name in (
            "SeriesInstanceUID", "StudyInstanceUID", "PatientID", "Modality"))]
        self._connection.execute("INSERT OR REPLACE INTO Images VALUES (?, ?, ?, ?, ?)", row)
        return True

    def _commit(self):
        self._connection.commit()
        self.databaseChanged.emit()

    def _column(self, statement, *values):
        """A closed database has nothing, without an error."""
        return tuple(row[0] for row in self._connection.execute(statement, values)) if self.isOpen else ()

    def _release(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    isOpen = property(lambda self: self._connection is not None)
    databaseFilename = property(lambda self: self._file)
    databaseDirectory = property(lambda self: os.path.dirname(os.path.abspath(self._file)) if self._file else "")
    lastError = property(lambda self: self._error)


class ctkDICOMIndexer(QtCore.QObject):
    """Lists files in a database, some in each turn of the event loop."""

    progress, indexingComplete = QtCore.Signal(int), QtCore.Signal(int, int, int, int)
    _AT_ONCE = 16

    def __init__(self, parent=None):
        super().__init__(parent)
        self._background, self._database, self._files, self._count, self._added = False, None, [], 0, 0

    def setDatabase(self, database):
        self._database = database

    def addListOfFiles(self, files, copyFile=False):
        if copyFile:
            raise NotImplementedError("the host's indexer leaves the files where they are")
        self._files, self._count, self._added = list(files), len(files), 0
        if self._background:
            QtCore.QTimer.singleShot(0, self._work)
        else:
            self._work()

    def cancel(self):
        self._files = []

    def _set_background(self, enabled):
        self._background = enabled

    backgroundImportEnabled = property(lambda self: self._background, _set_background)

    def _work(self):
        if self._database.isOpen:                       # it can be closed in the meantime
            now, self._files = self._files[:self._AT_ONCE], self._files[self._AT_ONCE:]
            self._added += sum(self._database._insert(path) for path in now)
            self._database._commit()
        else:
            self._files = []
        self.progress.emit(100 - 100 * len(self._files) // max(self._count, 1))
        if self._files and self._background:
            QtCore.QTimer.singleShot(0, self._work)
        elif self._files:
            self._work()
        else:
            self.indexingComplete.emit(1, 1, 1, self._added)


def load_series_by_uid(seriesUIDs, messages=None, progressCallback=None, enabledPluginClassNames=None):
    """DICOMUtils.loadSeriesByUID() with the scalar volume plugin; returns the IDs of the new volumes."""
    if not isinstance(seriesUIDs, list):
        raise ValueError("SeriesUIDs must contain a list")
    if not seriesUIDs:
        raise ValueError("No series UIDs given")
    if not slicer.dicomDatabase.isOpen:
        raise OSError("DICOM module or database cannot be accessed")
    loaded = [_load(files) for files in map(slicer.dicomDatabase.filesForSeries, seriesUIDs)]
    return [volume.GetID() for volume in loaded if volume is not None]      # empty messages stay empty, as in Slicer


def _load(files):
    import numpy as np
    import pydicom

    headers = {file: pydicom.dcmread(file, stop_before_pixels=True) for file in files}
    files = [file for file in files if "ImagePositionPatient" in headers[file]]
    if not files:
        return None                                     # nothing that the plugin for scalar volumes reads
    normal = np.cross(*np.array(headers[files[0]].ImageOrientationPatient, float).reshape(2, 3))
    ordered = sorted(files, key=lambda file: float(normal @ np.array(headers[file].ImagePositionPatient, float)))
    first, names = headers[ordered[0]], vtk.vtkStringArray()
    for file in ordered:
        names.InsertNextValue(file)
    title = f"{first.get('SeriesNumber', '')}: {first.get('SeriesDescription', '')}"
    return slicer.modules.volumes.logic().AddArchetypeScalarVolume(ordered[0], title, 0, names)


def make_module(folder):
    """Names and values of Slicer's DICOM module, as its start leaves them: the database is opened if its folder is there.

    Returns
    -------
    dict
        ("slicer", "slicer.modules" or "sys.modules", name) -> value; `install` sets them, a test may set and unset them.
    """
    database = ctkDICOMDatabase()
    database.openDatabase(os.path.join(folder, "ctkDICOM.sql"))
    library = types.ModuleType("DICOMLib")
    library.DICOMUtils = types.SimpleNamespace(loadSeriesByUID=load_series_by_uid)
    return {("slicer", "dicomDatabase"): database, ("slicer.modules", "dicomPlugins"): {_PLUGIN: object},
            ("sys.modules", "DICOMLib"): library}


def install(folder):
    """Give the host a DICOM module whose database lies in a folder; a folder that is missing leaves the database closed."""
    for (place, name), value in make_module(folder).items():
        if place == "sys.modules":
            sys.modules[name] = value
        else:
            setattr(sys.modules[place], name, value)
