"""How many models agree on a pair of patients."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..neighbors.match import Match
from .analysis import ModelAnalysis
from .connectome import Connectome


def pair_votes(analyses: Mapping[str, ModelAnalysis], match: Match, k: int, sources: np.ndarray,
               targets: np.ndarray) -> np.ndarray:
    """Number of models that list a target among the k most (or least) similar patients of a source.

    Parameters
    ----------
    analyses : mapping of str to ModelAnalysis
        As in `prepared.PreparedCohort`.
    match : Match
        Which end of the lists.
    k : int
        How far down the lists; at most what they hold.
    sources, targets : np.ndarray
        int, shape (E,): rows of the patients.

    Returns
    -------
    np.ndarray
        int64, shape (E,): 0 to the number of models.
    """
    sources, targets = np.asarray(sources, np.intp), np.asarray(targets)
    votes = np.zeros(len(sources), np.int64)
    for analysis in analyses.values():
        lists = analysis.neighbors[match].indices[:, :k]
        listed = np.zeros(len(sources), bool)
        for column in lists.T:                          # column by column: no (E, k) array in memory
            listed |= column[sources] == targets
        votes += listed
    return votes


def edge_votes(analyses: Mapping[str, ModelAnalysis], connectome: Connectome, edges=slice(None)) -> np.ndarray:
    """`pair_votes` of some edges of a connectome, with its own match mode and k: int64, at least 1 each."""
    k = int(connectome.ranks.max(initial=0))
    return pair_votes(analyses, connectome.match, k, connectome.sources[edges], connectome.targets[edges])
