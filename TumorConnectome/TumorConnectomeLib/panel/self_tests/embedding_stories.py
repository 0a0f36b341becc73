"""The story of a foreign CT: open it, mark the nodule, find whom it is most like, and compare."""
import numpy as np
import slicer
import vtk

from ...imaging.inspection import inspect
from ...imaging.lesions import lps_to_ras
from ...neighbors.match import Match
from ...scene.crop_box import find_crop_box
from ...scene.image_views import MATCH, QUERY
from ...scene.patient_views import slice_widget
from ...scene.volume_readers import ArchetypeReader
from ...synthetic.random_features import ENCODER
from ...synthetic.study import stored_study
from .hands import click

#: the CT that is foreign: that of a patient who is alone enough for a point a millimeter off
_OWNER = 14
_NAME = "Foreign chest CT"


class EmbeddingStories:
    """Mixed into the self-test, which brings the helpers of StoryTest."""

    def story_a_foreign_ct_is_marked_found_and_compared(self):
        """A CT that belongs to nobody: a click marks its nodule, which finds its own patient first and stands beside it."""
        panel, volume, center_ras = self.openForeign()
        owner = panel.state.cohort.patient_ids[_OWNER]
        self.delayDisplay("Marking the nodule in a CT of one's own")
        self.markAt(panel, volume, center_ras)
        box = find_crop_box()
        self.assertIsNotNone(box, panel.ui.embedBoxLabel.text)
        middle = [0.0, 0.0, 0.0]
        box.GetCenterWorld(middle)
        np.testing.assert_allclose(middle, center_ras, atol=4.0)     # mm: a pixel of the view, a voxel of the model's grid
        click(panel.ui.embedButton)
        self.waitUntil(lambda: not panel.embed.busy and not panel.query.busy, "the nodule is embedded and looked for")
        self.assertIsNotNone(panel.embed.tumor, panel.ui.embedStatusLabel.text)
        found = panel.query.neighborIds()
        self.assertEqual(len(found), panel.parameters.neighborCount, panel.ui.queryStatusLabel.text)
        self.assertEqual(found[0], owner, panel.ui.querySummaryLabel.text)
        self.delayDisplay("Comparing it with its neighbor")
        click(panel.ui.embedCompareButton)
        self.waitForImages(panel)
        shown = {place: nodes.patient_id for place, nodes in panel.imaging.shown.items()}
        self.assertEqual(shown, {QUERY: _NAME, MATCH: owner}, panel.ui.imageStatusLabel.text)
        self.assertIs(panel.imaging.shown[QUERY].volume.GetImageData(), volume.GetImageData())
        self.assertIsNone(volume.GetParentTransformNode())           # the user's own node stays as it was
        click(panel.ui.nextButton)
        self.waitForImages(panel)
        self.assertEqual(panel.imaging.shown[MATCH].patient_id, found[1])
        panel.compare.unload([_NAME])
        self.assertIsNotNone(slicer.mrmlScene.GetNodeByID(volume.GetID()))

    def openForeign(self):
        """The demo cohort, the section open, and the CT of one of its patients as if it were nobody's.

        Returns
        -------
        panel : Panel
        volume : vtkMRMLScalarVolumeNode
        center_ras : np.ndarray
            Of its nodule, mm.
        """
        panel = self.loadDemo()
        self.delayDisplay("Opening a CT of one's own")
        patient = panel.state.cohort.patient_ids[_OWNER]
        panel.load(patient)                             # makes the study
        self.waitForImages(panel)
        study = stored_study(patient, panel.sources.cache_folder / "synthetic" / patient)
        self.assertIsNotNone(study, panel.ui.imageStatusLabel.text)
        panel.compare.unload([patient])
        inspection = inspect(*study)
        volume, _findings = ArchetypeReader().read(inspection)
        volume.SetName(_NAME)
        volume.CreateDefaultDisplayNodes()
        volume.GetDisplayNode().AutoWindowLevelOff()
        volume.GetDisplayNode().SetWindowLevel(1500, -600)
        panel.set(embedVolume="", embedMark="", embedModel=ENCODER, match=Match.MOST, query="", embedding="",
                  selectedPatient="", comparedPatient="")
        panel.ui.embedCollapsibleButton.collapsed = False
        self.letViewsDraw()
        return panel, volume, lps_to_ras(np.array(inspection["lesions"][0]["center_lps"]))

    def markAt(self, panel, volume, point_ras):
        """Press *Mark...* and click a point of the axial view."""
        click(panel.ui.embedMarkButton)
        self.letViewsDraw()
        widget = slice_widget(QUERY, "Axial")
        node, view = widget.mrmlSliceNode(), widget.sliceView()
        self.assertEqual(widget.sliceLogic().GetSliceCompositeNode().GetBackgroundVolumeID(), volume.GetID())
        node.JumpSliceByOffsetting(*point_ras)
        self.letViewsDraw()
        to_pixel = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(node.GetXYToRAS(), to_pixel)
        x, y = to_pixel.MultiplyPoint((*map(float, point_ras), 1.0))[:2]
        ratio = max(view.devicePixelRatioF(), 1.0)
        x, y = x / ratio, view.height - 1 - y / ratio
        click(view.childAt(int(x), int(y)) or view, x, y)
        self.letViewsDraw()
        self.waitUntil(lambda: find_crop_box() is not None, "the box is drawn around the point", 30)
