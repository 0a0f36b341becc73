"""Analyses made from those of a cohort: with repaired neighbors, and the consensus as one more model.

They have the form of `analysis.ModelAnalysis`, so that graph, lists and evaluation follow without knowing.
"""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..cohort.cohort import Cohort
from ..layout.layout import LAYOUT_NEIGHBORS, aligned, force_layout, layouts, neighbor_graph
from ..neighbors.consensus import consensus_lists
from ..neighbors.match import Match
from ..neighbors.repairs import Repair, repaired_lists
from .analysis import ModelAnalysis


def repaired_analysis(cohort: Cohort, analyses: Mapping[str, ModelAnalysis], repair: Repair,
                      report=lambda fraction, message="": None) -> dict[str, ModelAnalysis]:
    """Neighbors and layouts of every model after a repair, each layout turned to lie as the one before.

    Parameters
    ----------
    cohort : Cohort
        The patients and embeddings.
    analyses : mapping of str to ModelAnalysis
        As `analysis.analyze` made them from it.
    repair : Repair
        NONE gives the same analyses back.
    report : callable
        Called with the fraction done and a text.

    Raises
    ------
    InputError
        The cohort is too large for the repair.
    """
    if repair is Repair.NONE:
        return dict(analyses)
    lists = {}
    for number, model in enumerate(cohort.models):
        report(0.5 * number / len(cohort.models), f"{repair.label()}: neighbors by {model}")
        lists[model] = repaired_lists(cohort.embeddings[model], analyses[model].largest_k, repair, source=model)
    positions = layouts(cohort.embeddings, {model: both[Match.MOST].indices for model, both in lists.items()},
                        lambda fraction, message="": report(0.5 + 0.5 * fraction, message))
    return {model: ModelAnalysis(lists[model], aligned(positions[model], analyses[model].positions)) for model in cohort.models}


def consensus_analysis(analyses: Mapping[str, ModelAnalysis]) -> ModelAnalysis:
    """The consensus of all models by reciprocal-rank fusion, as if it were a model.

    Its layout starts from the mean of the models' layouts, which lie alike, and is aligned to it.
    """
    models = sorted(analyses)
    fused = consensus_lists({model: analyses[model].neighbors for model in models},
                            min(analyses[model].largest_k for model in models))
    start = np.mean([analyses[model].positions for model in models], axis=0)
    nearest = fused[Match.MOST].indices[:, :LAYOUT_NEIGHBORS]
    return ModelAnalysis(fused, aligned(force_layout(neighbor_graph(nearest), start, exaggerated=0), start))
