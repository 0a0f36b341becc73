"""What the Evaluate section evaluates: the models and labels that are ticked there."""
from __future__ import annotations

from slicer.i18n import tr as _

from ..core.result_maps import ResultKind
from ..core.structure.consensus import with_consensus
from ..widgets.check_list import CheckList
from .json_list import choice_from_text, choice_to_text


class EvaluateChoices:
    """Connects the two lists of the Evaluate section with the state.

    Parameters
    ----------
    panel : Panel
        Its `set` writes the state.
    """

    def __init__(self, panel):
        self._panel = panel
        self.models = CheckList(_("Models to evaluate"), _(
            "Models that are evaluated; the consensus is the rank fusion of all models."))
        self.facets = CheckList(_("Labels to evaluate"), _(
            "What the models are asked for. The controls (random groups, body side) are always added. Probes ask the standard "
            "questions (cancer type, late stage, sex) when all are ticked."))
        panel.ui.evaluatedModelsPlace.layout().addWidget(self.models.widget)
        panel.ui.evaluatedFacetsPlace.layout().addWidget(self.facets.widget)
        self.models.onChanged = lambda keys: panel.set(
            evaluatedModels=choice_to_text(keys, with_consensus(panel.state.cohort.models)))
        self.facets.onChanged = lambda keys: panel.set(evaluatedFacets=choice_to_text(keys, panel.state.cohort.facets))

    def cleanup(self):
        """Let go of the callbacks."""
        self.models.onChanged = self.facets.onChanged = lambda keys: None

    def show(self, parameters):
        """Show the state; only what the chosen evaluation depends on can be changed."""
        cohort, ui, kind = self._panel.state.cohort, self._panel.ui, parameters.evaluation
        models, facets = with_consensus(cohort.models), cohort.facets
        self.models.show(models, models, choice_from_text(parameters.evaluatedModels, models))
        self.facets.show(list(facets), [facet.title for facet in facets.values()],
                         choice_from_text(parameters.evaluatedFacets, facets))
        retrieval = kind is ResultKind.RETRIEVAL
        self.facets.widget.enabled = retrieval or kind is ResultKind.PROBES
        ui.evaluatedCountSpinBox.enabled = kind is not ResultKind.PROBES
        ui.permutationsSpinBox.enabled = ui.confoundsCheckBox.enabled = retrieval
