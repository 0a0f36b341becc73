"""Stand-ins for CTK's DICOM database and its indexer, on SQLite and pydicom, and for what Slicer's DICOM module adds."""
import os
import sqlite3
import sys
import types

import slicer
import vtk
from PySide6 import QtCore

_SCHEMA = """CREATE TABLE IF NOT EXISTS Series
    (SeriesInstanceUID PRIMARY KEY, StudyInstanceUID, Modality, SeriesDescription, SeriesNumber);
CREATE TABLE IF NOT EXISTS Images (SOPInstanceUID PRIMARY KEY, Filename, SeriesInstanceUID);"""
_FIELDS = ("SeriesInstanceUID", "StudyInstanceUID", "Modality", "SeriesDescription", "SeriesNumber")
#: files that are read in one turn of the event loop
_BATCH = 20


class ctkDICOMDatabase(QtCore.QObject):
    """Lists files by series and study; whatever is not listed, also in a closed database, is an empty answer."""

    databaseChanged, opened = QtCore.Signal(), QtCore.Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._connection, self._file = None, ""

    def openDatabase(self, file):
        self.closeDatabase()
        try:
            connection = sqlite3.connect(file)
            connection.executescript(_SCHEMA)
        except sqlite3.Error:
            return False
        self._connection, self._file = connection, file
        self.opened.emit()
        return True

    def closeDatabase(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _column(self, query, *values):
        if self._connection is None:
            return ()
        try:
            return tuple("" if row[0] is None else str(row[0]) for row in self._connection.execute(query, values))
        except sqlite3.Error:
            return ()

    def filesForSeries(self, series_uid, hits=-1):
        files = self._column("SELECT Filename FROM Images WHERE SeriesInstanceUID = ?", series_uid)
        return files[:hits] if hits > 0 else files

    def studyForSeries(self, series_uid):
        return next(iter(self._column("SELECT StudyInstanceUID FROM Series WHERE SeriesInstanceUID = ?", series_uid)), "")

    def seriesForStudy(self, study_uid):
        return self._column("SELECT SeriesInstanceUID FROM Series WHERE StudyInstanceUID = ?", study_uid)

    def fieldForSeries(self, field, series_uid):
        column = field if field in _FIELDS else "NoSuchColumn"
        return next(iter(self._column(f"SELECT {column} FROM Series WHERE SeriesInstanceUID = ?", series_uid)), "")

    def _insert(self, path):
        """List a file; False if it is no DICOM file."""
        import pydicom
        from pydicom.errors import InvalidDicomError

        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
            values = [str(header.get(name, "")) for name in _FIELDS]
            with self._connection as rows:
                rows.execute("INSERT OR IGNORE INTO Series VALUES (?, ?, ?, ?, ?)", values)
                rows.execute("INSERT OR REPLACE INTO Images VALUES (?, ?, ?)", (header.SOPInstanceUID, path, values[0]))
        except (OSError, InvalidDicomError, AttributeError):
            return False
        return True

    isOpen = property(lambda self: self._connection is not None)
    databaseFilename = property(lambda self: self._file)
    databaseDirectory = property(lambda self: os.path.dirname(self._file))


class ctkDICOMIndexer(QtCore.QObject):
    """Lists files in a database, some in each turn of the event loop; without background import before it returns."""

    progress, indexingComplete = QtCore.Signal(int), QtCore.Signal(int, int, int, int)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._database, self._background, self._stop, self._files, self._done = None, False, False, [], 0
        self._timer = QtCore.QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._work)

    def setDatabase(self, database):
        self._database = database

    def addListOfFiles(self, files, copy=False):
        if copy:
            raise NotImplementedError("slicerhost does not copy files into a DICOM database")
        self._files, self._done, self._stop = list(files), 0, False
        if self._background:
            self._timer.start()
            return
        while self._files:
            self._work()

    def cancel(self):
        self._stop = True

    def _work(self):
        batch, self._files = self._files[:_BATCH], [] if self._stop else self._files[_BATCH:]
        if not self._stop:
            self._done += sum(self._database._insert(path) for path in batch)
        if self._files:
            self.progress.emit(round(95 * self._done / (self._done + len(self._files))))
            if self._background:
                self._timer.start()
            return
        self.progress.emit(100)
        self.indexingComplete.emit(0, 0, 0, self._done)

    def _set_background(self, on):
        self._background = bool(on)

    backgroundImportEnabled = property(lambda self: self._background, _set_background)


def install_dicom_module(database):
    """Make `database` Slicer's own, as its DICOM module does, and DICOMLib importable; returns what takes it back."""
    slicer.dicomDatabase, slicer.modules.dicomPlugins = database, {"DICOMScalarVolumePlugin": object}
    library = types.ModuleType("DICOMLib")
    library.DICOMUtils = types.SimpleNamespace(loadSeriesByUID=_load_series)
    sys.modules["DICOMLib"] = library

    def remove():
        sys.modules.pop("DICOMLib", None)
        for holder, name in ((slicer, "dicomDatabase"), (slicer.modules, "dicomPlugins")):
            if name in vars(holder):
                delattr(holder, name)
    return remove


def _load_series(series_uids, messages=None, progress=None, plugins=None):
    """DICOMUtils.loadSeriesByUID with Slicer's plugin for scalar volumes. As there, an empty list of messages stays empty."""
    if not isinstance(series_uids, list):
        raise ValueError("SeriesUIDs must contain a list")
    if not series_uids:
        raise ValueError("No series UIDs given")
    if not slicer.dicomDatabase.isOpen:
        raise OSError("DICOM module or database cannot be accessed")
    found = [_load_volume(slicer.dicomDatabase.filesForSeries(uid)) for uid in series_uids]
    return [volume.GetID() for volume in found if volume is not None]


def _load_volume(files):
    """The files in the order of their positions along the normal, read by the image reader."""
    import numpy as np
    import pydicom

    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in files]
    images = [(header, path) for header, path in zip(headers, files) if "ImagePositionPatient" in header]
    if not images:
        return None
    cosines = np.array(images[0][0].ImageOrientationPatient, float)
    normal, names = np.cross(cosines[:3], cosines[3:]), vtk.vtkStringArray()
    ordered = sorted(images, key=lambda image: float(np.dot(normal, np.array(image[0].ImagePositionPatient, float))))
    for _header, path in ordered:
        names.InsertNextValue(path)
    title = f"{ordered[0][0].get('SeriesNumber', '')}: {ordered[0][0].get('SeriesDescription', '')}"
    return slicer.modules.volumes.logic().AddArchetypeScalarVolume(ordered[0][1], title, 0, names)
