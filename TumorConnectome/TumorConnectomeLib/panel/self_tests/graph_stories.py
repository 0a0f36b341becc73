"""Stories about the graph: the demo cohort, choices, filters and groups, a cohort of one's own, export."""
import csv
import json

import numpy as np

from ...connectome.prepared import read_prepared
from ...neighbors.match import Match


class GraphStories:
    """Mixed into the self-test, which brings the helpers of StoryTest."""

    def story_demo_cohort_is_shown(self):
        """The demo cohort appears, says that it is synthetic, and every patient has its five neighbors."""
        self.delayDisplay("Loading the synthetic demo cohort")
        panel = self.loadDemo()
        self.assertTrue(panel.state.cohort.synthetic)
        self.assertIn("Synthetic", panel.ui.bannerLabel.text)
        count = len(panel.state.cohort.patients)
        self.assertGreaterEqual(count, 40)
        self.assertEqual(len(panel.state.connectome.sources), 5 * count)

    def story_choices_change_the_graph(self):
        """Model, match mode and number of neighbors change the graph and keep the selected patient."""
        panel = self.loadDemo()
        self.delayDisplay("Changing model, match mode and number of neighbors")
        patient = panel.state.cohort.patient_ids[3]
        panel.select(patient)
        first = panel.state.connectome
        panel.parameters.model = panel.state.cohort.models[1]
        panel.parameters.match = Match.LEAST
        panel.parameters.neighborCount = 3
        second = panel.state.connectome
        self.assertEqual((second.model, second.match, len(second.sources)),
                         (panel.state.cohort.models[1], Match.LEAST, 3 * len(second.patient_ids)))
        self.assertNotEqual(first.model, second.model)
        self.assertEqual(panel.view.selected, patient)
        self.assertEqual(panel.ui.neighborsTable.rowCount, 3)

    def story_a_group_is_compared_with_the_cohort(self):
        """A group of patients gets its composition, a wrong one does no harm."""
        panel = self.loadDemo()
        self.delayDisplay("Selecting a group of patients")
        group = list(panel.state.cohort.patient_ids[:4])
        panel.set(group=json.dumps(group))
        self.assertEqual(set(panel.view.group), set(group))
        panel.ui.clearGroupButton.click()
        self.assertEqual(len(panel.view.group), 0)

    def story_a_cohort_of_ones_own(self):
        """A CSV file of vectors is a cohort; a folder without embeddings is one clear line, and the cohort stays."""
        self.delayDisplay("Loading vectors from a CSV file")
        panel = self.loadDemo()
        folder, empty = self.folder / "own", self.folder / "empty"
        folder.mkdir(exist_ok=True)
        empty.mkdir(exist_ok=True)
        vectors = np.random.default_rng(0).standard_normal((12, 8))
        with open(folder / "mine.csv", "w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(["PatientID", *(f"feature_{number}" for number in range(8))])
            writer.writerows([f"P{row:02}", *vector] for row, vector in enumerate(vectors))
        for path in (folder, empty):
            panel.ui.dataFolderPathLineEdit.currentPath = str(path)
            panel.cohort.load()
            self.waitUntil(lambda: not panel.cohort.loader.busy, "the cohort is loaded")
            self.assertEqual(len(panel.state.cohort.patients), 12, panel.ui.cohortStatusLabel.text)
        self.assertIn(str(empty), panel.ui.cohortStatusLabel.text)
        row = int(np.argmax(np.delete(vectors @ vectors[0] / np.linalg.norm(vectors, axis=1), 0))) + 1
        panel.select("P00")
        self.assertEqual(panel.ui.neighborsTable.item(0, 1).text(), f"P{row:02}")

    def story_a_new_patients_vector(self):
        """The vector of a patient, pasted, finds that patient at distance 0 first."""
        panel = self.loadDemo()
        self.delayDisplay("Looking for the neighbors of a pasted vector")
        cohort = panel.state.cohort
        vector = read_prepared(panel.cohort.loader.path).cohort.embeddings[panel.state.modelOf(panel.parameters)][5]
        panel.ui.queryVectorEdit.setPlainText(", ".join(map(repr, vector.astype(float).tolist())))
        panel.query.find()
        self.waitUntil(lambda: not panel.query.busy, "the vector is compared")
        self.assertEqual(panel.ui.queryTable.item(0, 1).text(), cohort.patient_ids[5], panel.ui.queryStatusLabel.text)
        panel.query.clear()

    def story_export(self):
        """The picture and the neighbor lists are written."""
        panel = self.loadDemo()
        self.delayDisplay("Exporting the picture and the lists")
        for kind, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("neighbors", b"model,"), ("graphml", b"<?xml")):
            path = self.folder / f"export.{kind}"
            panel.exporter.export(kind, path)
            self.assertTrue(path.read_bytes().startswith(start), kind)
