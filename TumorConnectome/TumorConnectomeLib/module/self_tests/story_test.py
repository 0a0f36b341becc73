"""What every story of the self-test needs: the panel, patience, and the scene and settings as they were found."""
import pathlib
import tempfile
import time

import slicer

from ...core.image_views import MATCH, QUERY


class StoryTest:
    """Helpers of the stories; mixed into the module's ScriptedLoadableModuleTest."""

    @property
    def panel(self):
        """Panel of the module, opened."""
        slicer.util.selectModule("TumorConnectome")
        return slicer.modules.TumorConnectomeWidget.panel

    def runStories(self, stories):
        """Run stories, each from an empty scene; the user's scene and layout are there again afterwards."""
        layout, scene = slicer.app.layoutManager(), slicer.mrmlScene
        before = layout.layout if layout else None
        with tempfile.TemporaryDirectory() as folder:
            self.folder, kept = pathlib.Path(folder), pathlib.Path(folder) / "found.mrb"
            # nodes that can be stored are what a user may lose
            found = any(node.GetClassName() != "vtkMRMLColorTableStorageNode"
                        for node in slicer.util.getNodesByClass("vtkMRMLStorageNode"))
            if found:
                slicer.util.saveScene(str(kept))
            try:
                for story in stories:
                    scene.Clear()
                    story()
            finally:
                scene.Clear()
                if found:
                    slicer.util.loadScene(str(kept))
                if before is not None:
                    layout.setLayout(before)
        self.delayDisplay("Test passed")

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

    def showPair(self):
        """Load a patient and its nearest neighbor side by side; returns the panel."""
        panel = self.loadDemo()
        patient = panel.state.cohort.patient_ids[0]
        panel.select(patient)
        panel.compareWith(panel.ui.neighborsTable.item(0, 1).text())
        self.waitForImages(panel)
        self.assertEqual(set(panel.imaging.shown), {QUERY, MATCH}, panel.ui.imageStatusLabel.text)
        return panel

    def waitForImages(self, panel):
        """Wait until the asked images are shown, and a few turns of the event loop for the views."""
        self.waitUntil(lambda: not panel.imaging.busy, "the CTs are loaded")
        for _turn in range(5):
            slicer.app.processEvents()
