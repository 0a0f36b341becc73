"""Stories about images with Slicer's DICOM database open, and without one; the user's own database is never touched."""
import csv
import shutil

import numpy as np
import slicer

from ...scene.image_views import QUERY
from ...synthetic.study import stored_study
from ...synthetic.study_ids import StudyIds
from ..database_listing import dicom_database
from .borrowed_database import BorrowedDatabase
from .hands import click

_PATIENTS = 12


class DatabaseStories:
    """Mixed into the self-test, which brings the helpers of StoryTest."""

    def story_images_with_the_dicom_database_open(self):
        """A CT of a local folder is listed in the database, and loaded by Slicer's DICOM module."""
        panel, uid, count = self._openFolder("with")
        with self._borrow(panel) as borrowed:
            borrowed.openIn(self.folder / "with" / "database")
            self.assertTrue(borrowed.database.isOpen)
            self._load(panel)
            self.assertEqual(len(borrowed.database.filesForSeries(uid)), count)
            self.assertFalse([line for line in panel.imaging.shown[QUERY].findings if "DICOM module" in line])
            self.assertEqual(panel.ui.databaseLabel.text, "")
            self._forget(panel)

    def story_images_without_a_dicom_database(self):
        """The CT is shown, the section says once what to do, and a database that is opened later lists it."""
        panel, uid, count = self._openFolder("without")
        with self._borrow(panel) as borrowed:
            self._load(panel)
            self.assertIn("Create new database", panel.ui.databaseLabel.text)
            borrowed.openIn(self.folder / "without" / "database")
            self.waitUntil(lambda: len(borrowed.database.filesForSeries(uid)) == count and not panel.listing.busy,
                           "the series is listed")
            self._forget(panel)

    def _borrow(self, panel):
        return BorrowedDatabase(panel.listing)

    def _openFolder(self, name):
        """A cohort of one's own whose first patient has a CT in a local folder; returns panel, CT series, number of files."""
        if dicom_database() is None:
            self.skipTest("this Slicer has no DICOM module")
        panel = self.loadDemo()
        patient = panel.state.cohort.patient_ids[0]
        panel.load(patient)                             # makes the study
        self.waitForImages(panel)
        study = stored_study(patient, panel.sources.cache_folder / "synthetic" / patient)
        self.assertIsNotNone(study, panel.ui.imageStatusLabel.text)
        panel.compare.unload([patient])
        data, images = self.folder / name / "data", self.folder / name / "images"
        shutil.copytree(study[0], images / "ct")
        shutil.copy(study[1], images)
        self._writeVectors(data, patient)
        panel.ui.dataFolderPathLineEdit.currentPath = str(data)
        panel.cohort.load()
        self.waitUntil(lambda: not panel.cohort.loader.busy, "the cohort is loaded")
        self.assertEqual(len(panel.state.cohort.patients), _PATIENTS, panel.ui.cohortStatusLabel.text)
        panel.ui.imageFolderPathLineEdit.currentPath = str(images)
        panel.select(patient)
        self.letViewsDraw()
        return panel, StudyIds(patient).ct_series, len(list((images / "ct").glob("*.dcm")))

    @staticmethod
    def _writeVectors(folder, patient):
        folder.mkdir(parents=True)
        vectors, ids = np.random.default_rng(0).standard_normal((_PATIENTS, 8)), StudyIds(patient)
        with open(folder / "mine.csv", "w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(["PatientID", "StudyInstanceUID", "SeriesInstanceUID", *(f"feature_{n}" for n in range(8))])
            for row, vector in enumerate(vectors):
                writer.writerow([f"P{row:02}", f"1.2.3.{row}", f"1.2.4.{row}", *vector] if row else
                                [patient, ids.study, ids.ct_series, *vector])

    def _load(self, panel):
        """Press Load and wait for the images."""
        click(panel.ui.loadButton)
        self.waitForImages(panel)
        self.assertEqual(set(panel.imaging.shown), {QUERY}, panel.ui.imageStatusLabel.text)
        self.assertEqual(len(panel.imaging.shown[QUERY].lesions), 1)

    @staticmethod
    def _forget(panel):
        """Nothing of the temporary folder stays in the scene or in the panel."""
        panel.compare.unload([panel.parameters.selectedPatient])
        panel.ui.imageFolderPathLineEdit.currentPath = ""
        slicer.app.processEvents()
