"""Listing files in Slicer's DICOM database in the background: progress, cancel, what is listed already."""
import pytest


@pytest.fixture
def indexers(host, monkeypatch):
    """Made-up ctkDICOMIndexer objects, with the members of the real one that are used; their signals are fired by hand."""
    import ctk

    made = []

    class FakeIndexer:
        def __init__(self, parent=None):
            self.backgroundImportEnabled, self.files, self.canceled, self.slots = False, None, False, {}
            made.append(self)

        def setDatabase(self, database):
            self.database = database

        def connect(self, signal, slot):
            assert signal in ("progress(int)", "indexingComplete(int,int,int,int)")
            self.slots[signal] = slot

        def disconnect(self, signal, slot):
            assert self.slots.pop(signal) == slot

        def addListOfFiles(self, listOfFiles, copyFile=False):
            assert self.backgroundImportEnabled and not copyFile, "would block, or copy the images"
            self.files = listOfFiles

        def cancel(self):
            self.canceled = True

        def fire(self, signal, *arguments):
            self.slots[signal](*arguments)

    monkeypatch.setattr(ctk, "ctkDICOMIndexer", FakeIndexer, raising=False)
    return made


@pytest.fixture
def started(indexers):
    from TumorConnectomeLib.panel.dicom_import import DicomImport
    from TumorConnectomeLib.work.awaitable import Listener

    heard, database = [], object()
    task = DicomImport(database, ["a", "b"])
    task.begin(Listener(lambda progress: heard.append(("progress", progress.fraction)), lambda result: heard.append(("done",)),
                        lambda error: heard.append(("error", str(error)))))
    return task, indexers[0], heard


def test_files_are_listed_with_progress(started, host):
    task, indexer, heard = started
    assert indexer.files == ["a", "b"] and indexer.database is not None and task.running
    indexer.fire("progress(int)", 40)
    indexer.fire("indexingComplete(int,int,int,int)", 1, 1, 1, 2)
    assert task.running, "goes on from the event loop only"
    host.processEvents()
    assert heard == [("progress", 0.0), ("progress", 0.4), ("done",)] and not task.running
    assert indexer.slots == {}


def test_cancel_waits_for_the_indexer_and_says_canceled(started, host):
    task, indexer, heard = started
    task.cancel()
    assert indexer.canceled and task.running
    indexer.fire("indexingComplete(int,int,int,int)", 0, 0, 0, 0)
    host.processEvents()
    assert heard[-1] == ("error", "Canceled") and not task.running


def test_a_dropped_import_calls_nobody_back(started, host):
    task, indexer, heard = started
    task.drop()
    indexer.fire("progress(int)", 90)
    indexer.fire("indexingComplete(int,int,int,int)", 0, 0, 0, 0)
    host.processEvents()
    assert indexer.canceled and heard == [("progress", 0.0)]
