"""Stories about the arrangements of views, each brought about with mouse and keys as a person does."""
import numpy as np
import qt
import slicer

from ...presentation.result_maps import ResultKind
from ...scene.image_views import MATCH, NEIGHBORS, QUERY, ImageViews
from ...scene.patient_views import slice_widget
from ...scene.view_layouts import CONNECTOME_LAYOUT, RESULTS_LAYOUT
from .hands import click, drag, hover, press


class ArrangementStories:
    """Mixed into the self-test, which brings the helpers of StoryTest."""

    def story_mouse_and_keys_in_the_connectome(self):
        """Pointing, clicking, arrow keys, a letter and a lasso do what the help sheet says."""
        panel = self._openConnectome("connectome alone")
        view, (first, second) = panel.view, panel.state.cohort.patient_ids[:2]
        hover(view, *view.nodeCenter(second))
        click(view, *view.nodeCenter(first))
        self.assertEqual(panel.parameters.selectedPatient, first)
        for row in (0, 1):
            press(view, qt.Qt.Key_Down)
            self.assertEqual(panel.parameters.comparedPatient, panel.ui.neighborsTable.item(row, 1).text())
        model = panel.state.connectome.model
        press(view, qt.Qt.Key_M)
        self.assertNotEqual(panel.state.connectome.model, model)
        x, y = view.nodeCenter(second)
        drag(view, self._around(view, x, y), qt.Qt.ShiftModifier)
        self.assertIn(second, panel.view.group)

    def story_arrangement_one_patient(self):
        """A click on a patient and Enter: its tumor is in the middle of three slice views."""
        panel = self._openConnectome()
        patient = self._clickPatient(panel)
        with self.arrangement("one patient"):
            press(panel.view, qt.Qt.Key_Return)
            self.waitForImages(panel)
            self.assertEqual(self._shown(panel), {QUERY: patient}, panel.ui.imageStatusLabel.text)
            self._checkViews(panel)

    def story_arrangement_side_by_side(self):
        """Arrow down and C: the patient and its nearest neighbor, then S: they change places."""
        panel = self._openConnectome()
        patient = self._clickPatient(panel)
        press(panel.view, qt.Qt.Key_Down)
        match = panel.parameters.comparedPatient
        with self.arrangement("side by side"):
            press(panel.view, qt.Qt.Key_C)
            self.waitForImages(panel)
            self.assertEqual(self._shown(panel), {QUERY: patient, MATCH: match}, panel.ui.imageStatusLabel.text)
            self._checkViews(panel)
            press(panel.view, qt.Qt.Key_S)
            self.waitForImages(panel)
            self.assertEqual(self._shown(panel), {QUERY: match, MATCH: patient}, panel.ui.imageStatusLabel.text)

    def story_arrangement_side_by_side_without_the_connectome(self):
        """The box that makes the connectome step aside gives its place to the images."""
        panel = self._openConnectome()
        self._clickPatient(panel)
        press(panel.view, qt.Qt.Key_Down)
        self._openSection(panel, "compareCollapsibleButton")
        with self.arrangement("side by side without the connectome"):
            press(panel.view, qt.Qt.Key_C)
            self.waitForImages(panel)
            click(panel.ui.connectomeBesideCheckBox, 8)
            self.waitForImages(panel)
            self.assertFalse(panel.view.visible)
            self._checkViews(panel)
        panel.set(connectomeBeside=True)

    def story_arrangement_six_patients(self):
        """The list of arrangements, by keys: the patient and its five nearest neighbors, one axial view each."""
        panel = self._openConnectome()
        self._clickPatient(panel)
        press(panel.view, qt.Qt.Key_Return)
        self.waitForImages(panel)
        with self.arrangement("six patients"):
            self._choose(panel, ImageViews.SIX)
            self.assertEqual(set(self._shown(panel)), {QUERY, *NEIGHBORS}, panel.ui.imageStatusLabel.text)
            self._checkViews(panel)

    def story_arrangement_taking_turns(self):
        """The list of arrangements, by keys, and the button: the neighbor takes the query's place in its views."""
        panel = self._openConnectome()
        self._clickPatient(panel)
        press(panel.view, qt.Qt.Key_Return)
        self.waitForImages(panel)
        with self.arrangement("taking turns"):
            self._choose(panel, ImageViews.FLICKER)
            self._checkViews(panel)
            for front in (MATCH, QUERY):
                click(panel.ui.turnButton)
                self.assertEqual(panel.compare.display.front, front)
                composite = slice_widget(QUERY, "Axial").sliceLogic().GetSliceCompositeNode()
                self.assertEqual(composite.GetBackgroundVolumeID(), panel.imaging.shown[front].volume.GetID())

    def story_arrangement_results(self):
        """An evaluation's plot and table in Slicer's own views beside the connectome."""
        panel = self._openConnectome()
        panel.set(evaluation=ResultKind.HUBS)
        self._openSection(panel, "evaluateCollapsibleButton")
        click(panel.ui.evaluateButton)
        self.waitUntil(lambda: not panel.evaluate.busy, "the evaluation has ended")
        with self.arrangement("connectome with plot and table"):
            click(panel.ui.showResultsButton)
            self.letViewsDraw()
            self.assertEqual(slicer.app.layoutManager().layout, RESULTS_LAYOUT)
            self.assertTrue(panel.view.visible)

    def _openConnectome(self, measured=""):
        """The demo cohort with the connectome alone, which is measured under a name; returns the panel."""
        panel = self.loadDemo()
        if measured:
            with self.arrangement(measured):
                panel.showConnectome()
        panel.showConnectome()
        self.letViewsDraw()
        self.assertEqual(slicer.app.layoutManager().layout, CONNECTOME_LAYOUT)
        self.assertTrue(panel.view.visible)
        return panel

    def _clickPatient(self, panel):
        """Click the first patient whose node no other covers; returns its PatientID."""
        for patient in panel.state.cohort.patient_ids:
            click(panel.view, *panel.view.nodeCenter(patient))
            if panel.parameters.selectedPatient == patient:
                return patient
        return self.fail("no patient can be selected with the mouse")

    def _choose(self, panel, views):
        """Choose an arrangement in the list with keys, and wait for its images."""
        self._openSection(panel, "compareCollapsibleButton")
        combo, wanted = panel.ui.viewsComboBox, list(ImageViews).index(views)
        steps = wanted - combo.currentIndex
        for _step in range(abs(steps)):
            press(combo, qt.Qt.Key_Down if steps > 0 else qt.Qt.Key_Up)
        self.assertIs(panel.parameters.views, views)
        self.waitUntil(lambda: panel.compare.display.views is views and not panel.imaging.busy, f"{views.value} is shown")
        self.letViewsDraw()

    @staticmethod
    def _openSection(panel, name):
        getattr(panel.ui, name).collapsed = False
        slicer.app.processEvents()

    @staticmethod
    def _shown(panel):
        return {place: nodes.patient_id for place, nodes in panel.imaging.shown.items()}

    def _checkViews(self, panel):
        """Each view can be seen and shows its own patient, whose tumor is in the middle."""
        display = panel.compare.display
        for place in display.views.framed_places:
            nodes = panel.imaging.shown[place]
            center = [0.0] * 3
            nodes.lesions[0].GetCenterWorld(center)
            np.testing.assert_allclose(center, 0, atol=1e-3)            # mm
            for orientation in display.views.orientations:
                widget = slice_widget(place, orientation)
                self.assertTrue(widget.visible, f"{place} {orientation}")
                logic = widget.sliceLogic()
                self.assertEqual(logic.GetSliceCompositeNode().GetBackgroundVolumeID(), nodes.volume.GetID())
                self.assertAlmostEqual(logic.GetSliceOffset(), 0.0, places=3)

    @staticmethod
    def _around(view, x, y, reach=25.0):
        """Corners of a square around a point, inside of the view."""
        right, bottom = view.width - 1.0, view.height - 1.0
        corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
        return [(min(max(x + reach * a, 0.0), right), min(max(y + reach * b, 0.0), bottom)) for a, b in corners]
