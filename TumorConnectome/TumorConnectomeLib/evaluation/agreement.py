"""Agreement of models about the same patients, as one table and as matrices for heat maps."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..neighbors.neighbors import NeighborLists
from .overlap import (
    RBO_PERSISTENCE,
    jaccard,
    jaccard_by_chance,
    overlaps,
    rank_biased_overlap,
    rank_biased_overlap_by_chance,
)
from .similarity import alignment, centered_features, correlation, dependence, sampled_rows, standardized_distance_ranks

#: measure -> what a heat map's title says
MEASURES = {"jaccard": "Jaccard index of the k nearest", "rbo": f"Rank-biased overlap (p = {RBO_PERSISTENCE:g}, extrapolated)",
            "spearman": "Spearman correlation of distances", "cka": "Linear CKA", "cka_debiased": "Linear CKA, debiased"}
#: depth of the rankings that rank-biased overlap sees; the weight of all deeper ranks together is below 0.1 %
RBO_DEPTH = 50
COLUMNS = ("model_a", "model_b", "k", "n", "jaccard", "jaccard_chance", "rbo", "rbo_chance", "rbo_p", "spearman", "spearman_n",
           "cka", "cka_debiased")


@dataclass(frozen=True, eq=False)
class Agreement:
    """Agreement of every pair of models.

    Parameters
    ----------
    models : tuple of str
        M names, the order of rows and columns.
    matrices : mapping of str to np.ndarray
        Key of MEASURES to float64, shape (M, M), symmetric; NaN where undefined.
    chance : mapping of str to float
        What two unrelated rankings would reach in ``jaccard`` and ``rbo``. Chance of the correlation and of the debiased
        CKA is 0; the plain CKA has no single chance level (it grows with dimensions over patients).
    k, patients, spearman_patients : int
        Neighbors compared by the Jaccard index, patients, and patients whose pairs the correlation ranks.
    """

    models: tuple[str, ...]
    matrices: Mapping[str, np.ndarray]
    chance: Mapping[str, float]
    k: int
    patients: int
    spearman_patients: int

    def rows(self) -> list[tuple]:
        """One row per pair of different models, with the columns COLUMNS."""
        pairs = [(a, b) for a in range(len(self.models)) for b in range(a + 1, len(self.models))]
        value = {name: [float(matrix[pair]) for pair in pairs] for name, matrix in self.matrices.items()}
        return [(self.models[a], self.models[b], self.k, self.patients, value["jaccard"][i], self.chance["jaccard"],
                 value["rbo"][i], self.chance["rbo"], RBO_PERSISTENCE, value["spearman"][i], self.spearman_patients,
                 value["cka"][i], value["cka_debiased"][i]) for i, (a, b) in enumerate(pairs)]


def agreement(embeddings: Mapping[str, np.ndarray], nearest: Mapping[str, NeighborLists], k: int, *, seed: int = 0,
              report=lambda fraction, message="": None) -> Agreement:
    """Compare every pair of models.

    Parameters
    ----------
    embeddings : mapping of str to np.ndarray
        Model name to (N, D); rows are the same patients. Correlation and CKA are of these.
    nearest : mapping of str to NeighborLists
        The same models' nearest neighbors, all of one length of at least k: the models' own or repaired ones. Jaccard
        index (the first k) and rank-biased overlap (the first RBO_DEPTH) are of these.
    k : int
        Neighbors that the Jaccard index compares.
    seed : int
        Of the sample of patients for the correlation when there are more than `similarity.SPEARMAN_PATIENTS`.
    report : callable
        Called with the fraction done and a text.

    Raises
    ------
    InputError
        The models of both differ, their patients differ, or k does not fit the lists.
    """
    models = tuple(sorted(embeddings, key=str.lower))
    if set(models) != set(nearest) or not models:
        raise InputError(f"lists of {', '.join(sorted(nearest)) or 'no model'}", expected=f"lists of {', '.join(models)}")
    counts = {len(embedding) for embedding in embeddings.values()} | {len(one.indices) for one in nearest.values()}
    depths = {one.indices.shape[1] for one in nearest.values()}
    if len(counts) > 1 or len(depths) > 1:
        raise InputError(f"embeddings and lists of {sorted(counts)} patients and depths {sorted(depths)}", expected="one")
    (count,), (depth,) = counts, depths
    if not 1 <= k <= depth:
        raise InputError(f"k = {k} neighbors", expected=f"1 to {depth}" if depth else "at least two patients")
    depth = min(depth, max(RBO_DEPTH, k))
    sample = sampled_rows(count, seed)
    ranks = {model: standardized_distance_ranks(embeddings[model][sample]) for model in models}
    own = {}
    for model in models:
        features = centered_features(embeddings[model])
        own[model] = dependence(features, features)
    matrices = {measure: np.empty((len(models), len(models))) for measure in MEASURES}
    for a, one in enumerate(models):
        features = centered_features(embeddings[one])
        for b, other in enumerate(models[a:], start=a):
            report((a + (b - a) / len(models)) / len(models), f"Agreement of {one} and {other}")
            common = overlaps(nearest[one].indices[:, :depth], nearest[other].indices[:, :depth])
            cross = dependence(features, centered_features(embeddings[other]))
            cka, debiased = (alignment(*values) for values in zip(cross, own[one], own[other]))
            values = {"jaccard": jaccard(common, k), "rbo": rank_biased_overlap(common),
                      "spearman": correlation(ranks[one], ranks[other]), "cka": cka, "cka_debiased": debiased}
            for measure, value in values.items():
                matrices[measure][a, b] = matrices[measure][b, a] = value
    chance = {"jaccard": jaccard_by_chance(k, count - 1), "rbo": rank_biased_overlap_by_chance(depth, count - 1)}
    return Agreement(models, matrices, chance, k, count, len(sample))
