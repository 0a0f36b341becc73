"""A story of a reader study on the demo cohort: designed, read with mouse and keys, left, gone on with, analyzed."""
import numpy as np
import qt
import slicer

from ...scene.view_layouts import READING_LAYOUT
from ...study.answers import read_answers
from ...study.readings import CHOSEN
from ...study.study import read_study
from ..json_list import list_to_text
from ..parameters import StudyQueries
from ..study_results import figures_in_scene
from .hands import click, press

#: with this seed the first reader begins with a patient whose CT other stories need, too
_QUERIES, _SEED, _READERS = 3, 4, ("reader-1", "reader-2", "reader-3")
#: the simulated reader at the board takes one of this many choices at random
_NOISE = 5
_KEYS = (qt.Qt.Key_1, qt.Qt.Key_2, qt.Qt.Key_3, qt.Qt.Key_4, qt.Qt.Key_5, qt.Qt.Key_6, qt.Qt.Key_7, qt.Qt.Key_8, qt.Qt.Key_9,
         qt.Qt.Key_0)


class StudyStories:
    """Mixed into the self-test, which brings the helpers of StoryTest."""

    def story_a_reader_study(self):
        """Three simulated readers: one at the board with clicks and keys, two by the button; figures and plot in the scene."""
        panel = self.loadDemo()
        self.delayDisplay("A reader study, from the design to the plot")
        ui, path = panel.ui, self.folder / "STUDY.json"
        ui.studyCollapsibleButton.collapsed = False
        ui.studyTabs.currentIndex = 0
        ui.studyPathLineEdit.currentPath = str(path)
        panel.set(studyQueries=StudyQueries.GROUP, group=list_to_text(panel.state.cohort.patient_ids[:_QUERIES]),
                  studyReaders=", ".join(_READERS), studyReader="", studySeed=_SEED)
        self.letViewsDraw()
        self._clickAndWait(ui.designButton)
        study = read_study(path)
        self._readStudy(panel, study)
        ui.studyTabs.currentIndex = 2
        self.letViewsDraw()
        self._clickAndWait(ui.simulateButton)
        self._clickAndWait(ui.analyzeButton)
        node, records, facts = figures_in_scene()
        self.assertIsNotNone(node, ui.studyStatusLabel.text)
        self.assertTrue(facts["synthetic"])
        found = {(record["statistic"], record["reader"]): record["value"] for record in records}
        answers = read_answers(self.folder / "ANSWERS-reader-1.json", study)
        keys = {query.key: self._followed(query, key) for query, key in zip(study.queries, study.keys)}
        share = np.mean([len(keys[one.query] & set(one.chosen)) / CHOSEN for one in answers.answers])
        self.assertAlmostEqual(found["agreement_with_model", "reader-1"], share, places=5)
        self.assertTrue(np.isfinite(found["fleiss_kappa", "all"]))
        self._clickAndWait(ui.showStudyButton)
        charts = [chart for chart in slicer.util.getNodesByClass("vtkMRMLPlotChartNode") if "reader study" in chart.GetName()]
        self.assertEqual(len(charts), 1)
        panel.showConnectome()
        ui.studyPathLineEdit.currentPath = ""
        ui.studyCollapsibleButton.collapsed = True

    def _clickAndWait(self, button):
        """Press a button of the section and wait for what it starts."""
        panel = self.panel
        click(button)
        self.waitUntil(lambda: not panel.study.busy, f"{button.text} has ended")
        self.letViewsDraw()

    def _readStudy(self, panel, study):
        """Read all queries; another layout comes in the middle of the second one."""
        display, board, ui = panel.study.display, panel.study.display.board, panel.ui
        with self.arrangement("reader study"):
            self._clickAndWait(ui.readButton)
            self.assertEqual(slicer.app.layoutManager().layout, READING_LAYOUT, ui.studyStatusLabel.text)
            self.waitUntil(lambda: "loading" not in board.queryTile.accessibleName, "the query's slices are there")
            self.assertNotIn("SYN-", board.progressText + board.queryTile.accessibleName + board.queryTile.toolTip)
            order, random = study.readers["reader-1"], np.random.default_rng(1)
            self._chooseTiles(board, study, order[0], random)
            press(board, qt.Qt.Key_Return)
            press(board, _KEYS[7])
        self.assertFalse(display.active)
        ui.studyTabs.currentIndex = 1
        self.letViewsDraw()
        self._clickAndWait(ui.readButton)
        self.assertEqual([tile.isChosen for tile in board.tiles], [place == 7 for place in range(10)])
        press(board, _KEYS[7])
        for one in order[1:]:
            self._chooseTiles(board, study, one, random)
            click(board.confirmButton)
        click(board.finishButton)
        click(board.leaveButton)
        self.assertTrue(read_answers(self.folder / "ANSWERS-reader-1.json", study).finished, ui.studyStatusLabel.text)

    def _chooseTiles(self, board, study, shown, random):
        """What the model chooses, one of five by chance; by keys, the last by a click."""
        place = [query.key for query in study.queries].index(shown.query)
        followed = self._followed(study.queries[place], study.keys[place])
        tiles = [tile for tile, patient in enumerate(shown.candidates) if patient in followed]
        others = [tile for tile in range(10) if tile not in tiles]
        tiles[random.integers(_NOISE)] = others[random.integers(_NOISE)]
        for tile in tiles[:-1]:
            press(board, _KEYS[tile])
        click(board.tiles[tiles[-1]])
        self.assertEqual([tile for tile in range(10) if board.tiles[tile].isChosen], sorted(tiles))

    @staticmethod
    def _followed(query, key):
        """The model's five."""
        return {patient for patient, place in zip(query.candidates, key.places) if place <= CHOSEN}
