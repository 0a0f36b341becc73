"""Rankings of a cohort's models, each made once for all that is evaluated from it."""
from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np

from ..cohort.cohort import Cohort
from .distances import Blocks, cosine_blocks, model_blocks
from .permutation import Labelings, NullMeans
from .ranking import FULL_RANKINGS, Ranking, rankings, sampled_rows
from .relevance import Relevance
from .searched_rankings import searched_rankings

#: lists of up to this part of the patients are searched for, in a large cohort
_SEARCHED_SHARE = 32


class CohortRankings:
    """Rankings among the patients of known category of each facet.

    The rankings of small cohorts are kept for all models, those of larger ones (past `ranking.FULL_RANKINGS` patients) for
    the last model asked for: several of them may not fit into memory.

    Parameters
    ----------
    cohort : Cohort
    judged : mapping of str to Relevance
        By facet key.
    k : int
        Length of the lists.
    seed : int
        Of the sample of queries that have a whole ranking in a large cohort, and of the permutations.
    blocks : callable
        Distances of a model.
    """

    def __init__(self, cohort: Cohort, judged: Mapping[str, Relevance], k: int, seed: int, blocks: Blocks):
        self.cohort, self.judged, self.k, self.seed, self.blocks = cohort, judged, k, seed, blocks
        self._found: dict[str, tuple[dict[bytes, Ranking], dict[str, NullMeans]]] = {}
        self._labelings: dict[str, Labelings] = {}
        self._distances: dict[str, list] = {}
        #: p of P@k by (model, facet), where it is known already
        self.p_values: dict[tuple[str, str], float] = {}

    def _blocks(self, model, embedding):
        """Distances of a model; those of small cohorts are kept, for the consensus needs them again."""
        if len(self.cohort.patients) > FULL_RANKINGS:
            return self.blocks(model, embedding)
        if model not in self._distances:
            self._distances[model] = list(self.blocks(model, embedding))
        return self._distances[model]

    def _of(self, model):
        if model not in self._found:
            count = len(self.cohort.patients)
            if count > FULL_RANKINGS:
                self._found.clear()
            everybody = np.arange(count)
            groups = {rows.tobytes(): rows for rows in (everybody, *(
                relevance.rows for relevance in self.judged.values() if relevance.targets))}
            sampled = sampled_rows(count, self.seed)
            if self._searched(model):
                made = searched_rankings(self.cohort.embeddings[model], list(groups.values()), self.k, sampled, source=model)
            else:
                made = rankings(model_blocks(self.cohort, model, self._blocks, self.k), list(groups.values()), self.k, sampled)
            self._found[model] = dict(zip(groups, made)), {}
        return self._found[model]

    def _searched(self, model):
        """Whether the lists of a model are found faster without all distances."""
        count = len(self.cohort.patients)
        return (self.blocks is cosine_blocks and model in self.cohort.models and count > FULL_RANKINGS
                and self.k * _SEARCHED_SHARE <= count)

    def ranking(self, model: str, key: str) -> Ranking | None:
        """Ranking of one model among the patients whose category of a facet is known; None with fewer than two of them."""
        relevance = self.judged[key]
        return self._of(model)[0][relevance.rows.tobytes()] if relevance.targets else None

    def everybody(self, model: str) -> Ranking:
        """Ranking of one model among all patients."""
        return self._of(model)[0][np.arange(len(self.cohort.patients)).tobytes()]

    def null(self, model: str, key: str) -> NullMeans:
        """What evaluates a model's ranking under permuted labels of a facet."""
        nulls = self._of(model)[1]
        if key not in nulls:
            nulls[key] = NullMeans(self.judged[key], self.ranking(model, key))
        return nulls[key]

    def labelings(self, key: str) -> Labelings:
        """Permutations of a facet's labels, the same ones for all models."""
        if key not in self._labelings:
            self._labelings[key] = Labelings(self.judged[key].labels, [*facet_seed(self.seed, key), 0])
        return self._labelings[key]


def facet_seed(seed: int, key: str) -> list[int]:
    """Seed of everything random about one facet, whatever other facets and models are looked at."""
    return [seed, zlib.crc32(key.encode())]
