"""Stories about evaluations: their results are tables of the scene and a heat map of the panel."""
import numpy as np
import slicer

from ...neighbors.repairs import Repair
from ...presentation.result_maps import ResultKind


class EvaluationStories:
    """Mixed into the self-test, which brings the helpers of StoryTest."""

    def story_an_evaluation_is_in_the_scene(self):
        """Hubs are evaluated: a heat map, a table and a plot; the graph can be repaired."""
        panel = self.loadDemo()
        self.delayDisplay("Evaluating the hubs of every model")
        panel.set(evaluation=ResultKind.HUBS)
        panel.evaluate.run()
        self.waitUntil(lambda: not panel.evaluate.busy, "the evaluation has ended")
        heatMap = panel.evaluate.heatMap.heatMap
        self.assertIsNotNone(heatMap, panel.ui.evaluateStatusLabel.text)
        self.assertTrue(np.isfinite(heatMap.values).any())
        tables = slicer.util.getNodesByClass("vtkMRMLTableNode")
        self.assertTrue(any(table.GetNumberOfRows() >= len(panel.state.cohort.models) for table in tables))
        panel.set(repair=Repair.CENTERED)
        self.waitUntil(lambda: not panel.derived.busy, "the graph is repaired")
        self.assertIs(panel.state.shown.repair, Repair.CENTERED)

    def story_models_are_compared(self):
        """Agreement of the models: one figure for each pair of models, 1 on the diagonal."""
        panel = self.loadDemo()
        self.delayDisplay("Comparing the models with each other")
        panel.set(evaluation=ResultKind.AGREEMENT)
        panel.evaluate.run()
        self.waitUntil(lambda: not panel.evaluate.busy, "the evaluation has ended")
        heatMap = panel.evaluate.heatMap.heatMap
        self.assertIsNotNone(heatMap, panel.ui.evaluateStatusLabel.text)
        count = len(panel.state.cohort.models)
        self.assertEqual(np.asarray(heatMap.values).shape, (count, count))
