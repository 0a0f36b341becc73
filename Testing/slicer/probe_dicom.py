"""Probes of CTK's DICOM database and indexer and of DICOMUtils, on a database of their own in a temporary folder."""
import pathlib
import time

import ctk
import slicer
from probe_tools import NO_EFFECT, NotHere, folder, refused

_SERIES, _STUDY, _NOBODY = "1.2.826.0.1.3680043.8.498.1.1", "1.2.826.0.1.3680043.8.498.1", "1.2.826.0.1.3680043.8.498.9"
_SECONDS = 30


def _database(cleaning):
    """An open database that is nobody's but the probe's."""
    if not hasattr(ctk, "ctkDICOMDatabase"):
        raise NotHere("this application is built without DICOM")
    database = ctk.ctkDICOMDatabase()
    database.openDatabase(str(pathlib.Path(folder(cleaning)) / "ctkDICOM.sql"))
    cleaning.callback(database.closeDatabase)
    return database


def _report(path, number):
    """A small DICOM file without pixels."""
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian

    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = "1.2.840.10008.5.1.4.1.1.88.33", ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = f"{_SERIES}.{number}"
    data = pydicom.dataset.FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID, data.Modality = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, "SR"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.SeriesNumber = _STUDY, _SERIES, 7
    data.PatientID, data.PatientName, data.StudyDate, data.StudyID = "PROBE", "Probe", "20000101", "1"
    data.SeriesDescription = "Probe"
    pydicom.dcmwrite(str(path), data, **_as_a_file(pydicom))
    return str(path)


def _as_a_file(pydicom):
    return {"enforce_file_format": True} if int(pydicom.__version__.partition(".")[0]) >= 3 else {"write_like_original": False}


def _listed(cleaning, wait=True, cancel=False):
    """A database that lists two files by the indexer, and what the indexer said: its last progress, and whether it ended."""
    database, place, heard = _database(cleaning), pathlib.Path(folder(cleaning)), {"progress": 0, "complete": False}
    (place / "no.txt").write_text("no DICOM")
    indexer = ctk.ctkDICOMIndexer()
    indexer.setDatabase(database)
    indexer.backgroundImportEnabled = wait

    def on_progress(percent):
        heard["progress"] = percent

    def on_complete(*_added):
        heard["complete"] = True

    indexer.connect("progress(int)", on_progress)
    indexer.connect("indexingComplete(int,int,int,int)", on_complete)
    indexer.addListOfFiles([*(_report(place / f"{number}.dcm", number) for number in (1, 2)), str(place / "no.txt")])
    heard["at once"] = heard["complete"]
    if cancel:
        indexer.cancel()
    end = time.monotonic() + _SECONDS
    while not heard["complete"] and time.monotonic() < end:
        slicer.app.processEvents()
        time.sleep(0.01)
    indexer.disconnect("progress(int)", on_progress)
    indexer.disconnect("indexingComplete(int,int,int,int)", on_complete)
    return database, heard


def _files(cleaning):
    database, _heard = _listed(cleaning)
    right = len(database.filesForSeries(_SERIES)) == 2 and len(database.filesForSeries(_SERIES, 1)) == 1
    return right, database.filesForSeries(_NOBODY)


def _study(cleaning):
    database, _heard = _listed(cleaning)
    return database.studyForSeries(_SERIES) == _STUDY, database.studyForSeries(_NOBODY)


def _series(cleaning):
    database, _heard = _listed(cleaning)
    return list(database.seriesForStudy(_STUDY)) == [_SERIES], database.seriesForStudy(_SERIES)


def _field(cleaning):
    database, _heard = _listed(cleaning)
    return database.fieldForSeries("Modality", _SERIES) == "SR", database.fieldForSeries("Modality", _NOBODY)


def _open(cleaning):
    database = _database(cleaning)
    before = database.isOpen
    database.closeDatabase()
    return before is True, database.isOpen


def _opening(cleaning):
    """Another file with the same object, without closed(); a file in a folder that is not there is only remembered."""
    database, place, heard = _database(cleaning), pathlib.Path(folder(cleaning)), []

    def on_opened():
        heard.append("opened")

    def on_closed():
        heard.append("closed")

    database.connect("opened()", on_opened)
    database.connect("closed()", on_closed)
    opened = database.openDatabase(str(place / "ctkDICOM.sql"))
    after_opening = list(heard)
    database.closeDatabase()
    database.closeDatabase()
    after_closing = list(heard)
    missing = database.openDatabase(str(place / "missing" / "ctkDICOM.sql"))
    database.disconnect("opened()", on_opened)
    database.disconnect("closed()", on_closed)
    database.openDatabase(str(place / "ctkDICOM.sql"))
    silent, remembered = len(heard) == 2, pathlib.Path(database.databaseFilename).parent == place
    as_said = bool(opened) and after_opening == ["opened"] and after_closing == ["opened", "closed"]
    return as_said and silent and remembered, missing


def _file_of_the_database(what):
    def probe(cleaning):
        database, missing = _database(cleaning), pathlib.Path(folder(cleaning)) / "missing" / "ctkDICOM.sql"
        before = getattr(ctk.ctkDICOMDatabase(), what)
        database.openDatabase(str(missing))
        wanted = missing if what == "databaseFilename" else missing.parent
        return not database.isOpen and pathlib.Path(getattr(database, what)) == wanted, before

    return probe


def _foreground(cleaning):
    _database_, heard = _listed(cleaning, wait=False)
    return heard["at once"] and not _listed(cleaning)[1]["at once"]


def _no_dicom(cleaning):
    """A file that is none is passed over: two of three are listed."""
    database, heard = _listed(cleaning)
    return heard["complete"] and len(database.filesForSeries(_SERIES)) == 2, NO_EFFECT


def _load(cleaning):
    """Of a series without pixels nothing is loaded, and nothing is said in the list of messages."""
    if not hasattr(slicer, "dicomDatabase"):
        raise NotHere("Slicer's DICOM module is not there")
    from DICOMLib import DICOMUtils

    database, messages = _listed(cleaning)[0], []
    cleaning.callback(setattr, slicer, "dicomDatabase", slicer.dicomDatabase)
    slicer.dicomDatabase = database
    found = DICOMUtils.loadSeriesByUID([_SERIES], messages, None, ["DICOMScalarVolumePlugin"])
    wrong = refused(DICOMUtils.loadSeriesByUID, _SERIES)
    database.closeDatabase()
    closed = refused(DICOMUtils.loadSeriesByUID, [_SERIES])
    return not found and messages == [] and isinstance(closed, OSError), wrong


PROBES = {
    "dicomDatabase.openDatabase": _opening, "dicomDatabase.closeDatabase": lambda cleaning: _opening(cleaning)[0],
    "dicomDatabase.connect": lambda cleaning: (_opening(cleaning)[0], NO_EFFECT),
    "dicomDatabase.disconnect": lambda cleaning: (_opening(cleaning)[0], NO_EFFECT),
    "dicomDatabase.databaseFilename": _file_of_the_database("databaseFilename"),
    "dicomDatabase.databaseDirectory": _file_of_the_database("databaseDirectory"),
    "dicomDatabase.isOpen": _open, "dicomDatabase.filesForSeries": _files, "dicomDatabase.studyForSeries": _study,
    "dicomDatabase.seriesForStudy": _series, "dicomDatabase.fieldForSeries": _field,
    "ctkDICOMIndexer.setDatabase": lambda cleaning: len(_listed(cleaning)[0].filesForSeries(_SERIES)) == 2,
    "ctkDICOMIndexer.backgroundImportEnabled": _foreground, "ctkDICOMIndexer.addListOfFiles": _no_dicom,
    "ctkDICOMIndexer.cancel": lambda cleaning: _listed(cleaning, cancel=True)[1]["complete"],
    "ctkDICOMIndexer.connect": lambda cleaning: (_listed(cleaning)[1]["progress"] == 100, NO_EFFECT),
    "ctkDICOMIndexer.disconnect": lambda cleaning: (_listed(cleaning)[1]["complete"], NO_EFFECT),
    "DICOMUtils.loadSeriesByUID": _load,
}
