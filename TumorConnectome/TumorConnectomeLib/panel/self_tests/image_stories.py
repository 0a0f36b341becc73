"""Stories about images: two patients side by side, measurements, nine directions, a saved scene."""
import numpy as np
import slicer

from ...scene.image_views import MATCH, QUERY
from ...scene.patient_nodes import find_patient
from .as_found import can_write_transforms


class ImageStories:
    """Mixed into the self-test, which brings the helpers of StoryTest."""

    def story_patients_side_by_side(self):
        """A patient and its nearest neighbor are loaded; both tumors are in the center of their views, and are measured."""
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
        self.readMeasurements(panel)

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

    def story_state_survives_a_scene(self):
        """State and images come back when a saved scene is loaded."""
        if not can_write_transforms(self.folder):
            self.skipTest("this application can not write transforms (HDF5), so that scenes with images can not be saved")
        panel = self.showPair()
        self.delayDisplay("Saving and loading the scene")
        panel.parameters.facet = "stage"
        before = panel.parameters.selectedPatient, panel.parameters.comparedPatient
        self.assertTrue(slicer.util.saveScene(str(self.folder / "scene.mrb")))
        slicer.mrmlScene.Clear()
        self.assertIsNone(find_patient(before[0]))
        slicer.util.loadScene(str(self.folder / "scene.mrb"))
        self.waitUntil(lambda: not panel.cohort.loader.busy and not panel.imaging.busy, "the scene is shown")
        parameters, shown = panel.parameters, panel.imaging.shown
        self.assertEqual((parameters.selectedPatient, parameters.comparedPatient, parameters.facet), (*before, "stage"))
        self.assertEqual(panel.view.selected, before[0])
        self.assertEqual({place: nodes.patient_id for place, nodes in shown.items()}, dict(zip((QUERY, MATCH), before)))

    def readMeasurements(self, panel):
        """A shown patient has its measurements in the panel."""
        self.delayDisplay("Reading the measurements")
        table = panel.ui.measurementsTable
        self.assertEqual(table.horizontalHeaderItem(1).text(), panel.parameters.selectedPatient)
        texts = [table.item(row, 1).text() for row in range(table.rowCount)]
        self.assertTrue(any("mm" in text for text in texts), texts)

    def story_nine_directions_and_unloading(self):
        """Both tumors are cut in nine directions; what is unloaded leaves the scene."""
        panel = self.showPair()
        self.delayDisplay("Nine directions, unloading")
        query, match = (panel.imaging.shown[place].patient_id for place in (QUERY, MATCH))
        panel.compare.nine.show()
        panel.compare.nine.save(str(self.folder / "nine.png"))
        self.assertGreater((self.folder / "nine.png").stat().st_size, 10000, panel.compare.nine.statusText)
        panel.compare.nine.cleanup()
        panel.compare.unload([query, match])
        self.assertIsNone(find_patient(query))
        self.assertIsNone(find_patient(match))
