"""The module's self-test: user stories on the synthetic cohort, as Slicer's self-test and in pytest."""
import tempfile
import time

import numpy as np
import slicer

from ..core.connectome import Match
from ..core.image_views import MATCH, QUERY
from ..imaging.patient_nodes import find_patient


class SelfTest:
    """User stories, mixed into the module's ScriptedLoadableModuleTest. They need no network."""

    def stories(self):
        """The tests in order; each starts from an empty scene."""
        return (self.test_demo_cohort_is_shown, self.test_choices_change_the_graph, self.test_patients_side_by_side,
                self.test_state_survives_a_scene)

    @property
    def panel(self):
        """Panel of the module, opened."""
        slicer.util.selectModule("TumorConnectome")
        return slicer.modules.TumorConnectomeWidget.panel

    def waitUntil(self, done, what, seconds=120):
        """Let the application work until `done()` is true; fail after some time."""
        end = time.monotonic() + seconds
        while not done():
            self.assertLess(time.monotonic(), end, f"{what} within {seconds} s")
            slicer.app.processEvents()
            time.sleep(0.005)

    def loadDemo(self):
        """Open the module with the demo cohort; returns its panel."""
        panel = self.panel
        panel.cohort.loadDemo()
        self.waitUntil(lambda: not panel.cohort.loader.busy, "the demo cohort is loaded")
        self.assertIsNotNone(panel.state.cohort, panel.ui.cohortStatusLabel.text)
        return panel

    def test_demo_cohort_is_shown(self):
        """The demo cohort appears, says that it is synthetic, and every patient has its five neighbors."""
        self.delayDisplay("Loading the synthetic demo cohort")
        panel = self.loadDemo()
        self.assertTrue(panel.state.cohort.synthetic)
        self.assertIn("Synthetic", panel.ui.bannerLabel.text)
        count = len(panel.state.cohort.patients)
        self.assertGreaterEqual(count, 40)
        self.assertEqual(len(panel.state.connectome.sources), 5 * count)

    def test_choices_change_the_graph(self):
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

    def showPair(self):
        """Load a patient and its nearest neighbor side by side; returns the panel."""
        panel = self.loadDemo()
        patient = panel.state.cohort.patient_ids[0]
        panel.select(patient)
        panel.compareWith(panel.ui.neighborsTable.item(0, 1).text())
        self.waitUntil(lambda: not panel.imaging.busy, "two CTs are loaded")
        self.assertEqual(set(panel.imaging.shown), {QUERY, MATCH}, panel.ui.imageStatusLabel.text)
        for _ in range(5):
            slicer.app.processEvents()
        return panel

    def test_patients_side_by_side(self):
        """A patient and its match are loaded; both tumors are in the center of their views."""
        self.delayDisplay("Loading a patient and its nearest neighbor")
        panel = self.showPair()
        for place, nodes in panel.imaging.shown.items():
            self.assertEqual(len(nodes.lesions), 1)
            center = [0.0] * 3
            nodes.lesions[0].GetCenterWorld(center)
            np.testing.assert_allclose(center, 0, atol=1e-3)         # mm
            logic = slicer.app.layoutManager().sliceWidget(f"Tumor{place}Axial").sliceLogic()
            self.assertEqual(logic.GetSliceCompositeNode().GetBackgroundVolumeID(), nodes.volume.GetID())
            self.assertAlmostEqual(logic.GetSliceOffset(), 0.0, places=3)
            self.assertGreater(self.tumorContrast(nodes), 100)

    def tumorContrast(self, nodes):
        """Difference in HU between the brightest tenth inside the lesion box and the volume's median."""
        roi = nodes.lesions[0]
        center, half = np.array(roi.GetCenter()), np.array(roi.GetSize()) / 2
        matrix = slicer.util.arrayFromVTKMatrix(self.rasToIjk(nodes.volume))
        corners = np.array([(matrix @ np.append(center + sign * half, 1))[:3] for sign in (-1, 1)])
        low, high = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int) + 1
        voxels = slicer.util.arrayFromVolume(nodes.volume)
        inside = voxels[max(low[2], 0):high[2], max(low[1], 0):high[1], max(low[0], 0):high[0]]
        self.assertGreater(inside.size, 0)
        return float(np.percentile(inside, 90) - np.median(voxels))

    @staticmethod
    def rasToIjk(volume):
        """RAS to IJK matrix of a volume."""
        import vtk

        matrix = vtk.vtkMatrix4x4()
        volume.GetRASToIJKMatrix(matrix)
        return matrix

    def test_state_survives_a_scene(self):
        """State and images come back when a saved scene is loaded."""
        self.delayDisplay("Saving and loading the scene")
        panel = self.showPair()
        panel.parameters.facet = "stage"
        before = panel.parameters.selectedPatient, panel.parameters.comparedPatient
        with tempfile.TemporaryDirectory() as folder:
            self.assertTrue(slicer.util.saveScene(folder + "/scene.mrb"))
            slicer.mrmlScene.Clear()
            self.assertIsNone(find_patient(before[0]))
            slicer.util.loadScene(folder + "/scene.mrb")
            self.waitUntil(lambda: not panel.cohort.loader.busy and not panel.imaging.busy, "the scene is shown")
        parameters, shown = panel.parameters, panel.imaging.shown
        self.assertEqual((parameters.selectedPatient, parameters.comparedPatient, parameters.facet), (*before, "stage"))
        self.assertEqual(panel.view.selected, before[0])
        self.assertEqual({place: nodes.patient_id for place, nodes in shown.items()}, dict(zip((QUERY, MATCH), before)))
        self.delayDisplay("Test passed")
