"""Slicer's DICOM database closed, missing, and opened later, as a user of the section Images sees it."""
import os
import sys

import pytest
from cohort_factory import write_model
from dicom_factory import make_ct, make_sr, rectangle
from gestures import click
from pydicom.uid import generate_uid
from PySide6 import QtWidgets


@pytest.fixture
def database(session, tmp_path, monkeypatch):
    """Slicer's DICOM module as in a fresh profile: the database is there, but closed, and its folder is missing."""
    from slicerhost import dicom_module

    made = dicom_module.make_module(str(tmp_path / "SlicerDICOMDatabase"))
    for (place, name), value in made.items():
        if place == "sys.modules":
            monkeypatch.setitem(sys.modules, name, value)
        else:
            monkeypatch.setattr(sys.modules[place], name, value, raising=False)
    session.panel.listing.cleanup()                     # tests before may have loaded images without a database
    session.panel.listing.pending = {}
    yield made["slicer", "dicomDatabase"]
    session.panel.listing.cleanup()                     # the next test has another database
    session.panel.listing.pending = {}
    made["slicer", "dicomDatabase"].closeDatabase()


class Images:
    """A cohort of three patients whose CTs lie in a local folder."""

    def __init__(self, session, folder):
        self.session, self.folder, self.uids = session, folder, {}
        for patient in ("A", "B", "C"):
            uid = self.uids[patient] = generate_uid()
            slices = make_ct(folder / "images" / patient, 5, series_uid=uid, patient_id=patient)
            make_sr(folder / "images" / patient / "sr.dcm", slices, [(1, rectangle(5, 5, 9, 9)), (2, rectangle(5, 5, 9, 9))])
        write_model(folder / "data", "M", list(self.uids), [uid.removeprefix("1.2.") for uid in self.uids.values()])
        session.load_cohort(folder / "data")
        session.panel.ui.imageFolderPathLineEdit.currentPath = str(folder / "images")

    def load(self, patient):
        """Select a patient and press Load; returns what the section says about the database."""
        panel = self.session.panel
        panel.select(patient)
        click(panel.ui.loadButton, 5, 5)
        self.session.wait(lambda: not panel.imaging.busy)
        assert {nodes.patient_id for nodes in panel.imaging.shown.values()} == {patient}, panel.ui.imageStatusLabel.text
        return self.said

    @property
    def said(self):
        label = self.session.panel.ui.databaseLabel
        assert label.isHidden() != bool(label.text), "an empty line would take room"
        return label.text

    def open(self, database):
        """What a user does in Slicer's DICOM module: Create new database."""
        os.makedirs(database.databaseDirectory, exist_ok=True)
        assert database.openDatabase(database.databaseFilename)

    def wait_until_listed(self, database, *patients):
        self.session.wait(lambda: all(len(database.filesForSeries(self.uids[patient])) == 5 for patient in patients)
                          and not self.session.panel.listing.busy)


@pytest.fixture
def images(demo, database, tmp_path):
    yield Images(demo, tmp_path)
    demo.panel.ui.imageFolderPathLineEdit.currentPath = ""


def test_a_fresh_profile_is_said_once_with_what_to_do_and_the_images_are_shown(images, database):
    assert not database.isOpen and not os.path.exists(database.databaseDirectory) and images.said == ""
    said = images.load("A")
    assert all(words in said for words in ("not open", database.databaseDirectory, "does not exist", "module DICOM",
                                           "Show DICOM database", "Create new database", "Select database folder"))
    assert "DICOM" not in images.session.panel.ui.imageStatusLabel.text
    assert images.load("B") == said
    labels = [label for label in images.session.window.findChildren(QtWidgets.QLabel) if label.text == said]
    assert len(labels) == 1, "said once"


def test_a_closed_database_is_said_without_naming_a_folder_as_missing(images, database):
    images.open(database)
    assert images.load("A") == ""
    database.closeDatabase()
    assert "it is closed" in images.load("B")


def test_opening_the_database_lists_what_was_loaded_meanwhile_and_only_that(images, database):
    images.load("A")
    images.load("B")
    images.open(database)
    images.wait_until_listed(database, "A", "B")
    assert set(database.patients()) == {"A", "B"}
    assert images.said == "Series that were loaded before and are in Slicer's DICOM database now: 2"
    assert images.load("C") == "" and len(database.filesForSeries(images.uids["C"])) == 5


def test_a_database_that_slicer_closes_again_at_once_gets_nothing_and_the_next_one_all(images, database, tmp_path):
    """Slicer opens a database of another version, and closes it when it has read the version."""
    images.load("A")
    images.open(database)
    database.closeDatabase()
    images.session.settle()
    assert "not open" in images.said and list(images.session.panel.listing.pending) == [images.uids["A"]]
    (tmp_path / "other").mkdir()
    database.openDatabase(str(tmp_path / "other" / "ctkDICOM.sql"))
    images.wait_until_listed(database, "A")


def test_files_that_are_gone_are_said_and_do_not_keep_the_others_from_being_listed(images, database):
    images.load("A")
    images.load("B")
    for file in images.session.panel.listing.pending[images.uids["A"]]:
        os.unlink(file)
    images.open(database)
    images.wait_until_listed(database, "B")
    assert "now: 1" in images.said and "not there any more: 1" in images.said and database.patients() == ("B",)


def test_a_slicer_without_a_dicom_module_says_that_nothing_is_to_be_done(images, database, monkeypatch):
    import slicer

    monkeypatch.delattr(slicer, "dicomDatabase")
    assert "has no DICOM database" in images.load("A")


def test_made_up_patients_are_not_meant_for_the_database(demo, database):
    demo.load_cohort()
    demo.show_images(demo.panel.state.cohort.patient_ids[0])
    assert demo.panel.ui.databaseLabel.text == "" and not demo.panel.listing.pending


def test_a_reload_lets_go_of_the_database(images, database, monkeypatch):
    import slicer

    from TumorConnectomeLib.panel import reloading

    monkeypatch.setattr(reloading, "forget_library", lambda: None)      # tests that follow have its classes in hand
    images.load("A")
    slicer.modules.TumorConnectomeWidget.onReload()
    slicer.util.selectModule("TumorConnectome")
    images.open(database)
    images.session.settle()
    assert database.patients() == ()


@pytest.mark.parametrize("was_open", [True, False])
def test_the_self_test_gives_the_database_back_whatever_happens_and_writes_no_setting(demo, database, tmp_path, was_open):
    import qt

    from TumorConnectomeLib.panel.self_tests.borrowed_database import BorrowedDatabase

    if was_open:
        os.makedirs(database.databaseDirectory)
        database.openDatabase(database.databaseFilename)
    file, listing = database.databaseFilename, demo.panel.listing
    listing.pending = {"1.2": ["waits for the user's database"]}
    settings = {key: qt.QSettings().value(key) for key in qt.QSettings().allKeys()}
    with pytest.raises(ZeroDivisionError), BorrowedDatabase(listing) as borrowed:
        assert not database.isOpen and not listing.pending
        borrowed.openIn(tmp_path / "temporary")
        assert database.isOpen and database.databaseDirectory == str(tmp_path / "temporary")
        listing.pending = {"1.3": ["of the story"]}
        raise ZeroDivisionError
    assert (database.isOpen, database.databaseFilename) == (was_open, file)
    assert listing.pending == {"1.2": ["waits for the user's database"]}
    assert {key: qt.QSettings().value(key) for key in qt.QSettings().allKeys()} == settings
