"""A new patient's vector among the patients of a cohort: its neighbors, its place in the layout, and how unusual it is."""
from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from ..base.errors import InputError
from ..layout.layout import LAYOUT_NEIGHBORS
from ..layout.out_of_sample import place_of
from ..neighbors.distance_scale import DistanceScale, sampled_scale, scale_of_pairs
from ..neighbors.exact_cosine import exact_distances, fixed_point, unit_vectors
from ..neighbors.match import Match
from ..neighbors.neighbors import BLOCKED_COUNT, distance_blocks, smallest_columns
from .analysis import ModelAnalysis

_BLOCK_ROWS = 4096


@dataclass(frozen=True)
class QueryNeighbor:
    """One patient of the cohort beside a query.

    Parameters
    ----------
    match : str
        Value of a Match.
    rank : int
        1 for the nearest (or farthest).
    patient_id : str
    distance : float
        Cosine distance, 0..2.
    percentile : float
        Percent of the model's patient pairs that are farther apart.
    """

    match: str
    rank: int
    patient_id: str
    distance: float
    percentile: float


@dataclass(frozen=True)
class QueryResult:
    """What a query found.

    Parameters
    ----------
    label : str
        Name of the query.
    model : str
    neighbors : tuple of QueryNeighbor
        The k nearest, then the k farthest.
    place : tuple of float or None
        Layout coordinates (x, y); None when no layout was asked for.
    kept : int
        How many of its `LAYOUT_NEIGHBORS` nearest patients are among as many nearest ones in the picture.
    nearer : float
        Percent of the patients whose own nearest patient is closer than the query's: near 100 the cohort has hardly anybody
        like it.
    """

    label: str
    model: str
    neighbors: tuple[QueryNeighbor, ...]
    place: tuple[float, float] | None
    kept: int
    nearer: float

    def of(self, match: Match) -> list[QueryNeighbor]:
        """One end of the list."""
        return [one for one in self.neighbors if one.match == match.value]

    def to_json(self) -> dict:
        """As what json can write."""
        return asdict(self)

    @classmethod
    def from_json(cls, value) -> QueryResult:
        """The inverse of `to_json`."""
        return cls(value["label"], value["model"], tuple(QueryNeighbor(**one) for one in value["neighbors"]),
                   tuple(value["place"]) if value["place"] else None, value["kept"], value["nearer"])


def distances_to(vector: np.ndarray, embedding: np.ndarray, *, source: str) -> np.ndarray:
    """Exact cosine distance of a vector (D,) to each row of an embedding (N, D): float64, shape (N,), as in neighbor lists.

    Raises
    ------
    InputError
        Another number of dimensions, or a vector without direction.
    """
    vector = np.asarray(vector, float)
    if vector.shape != embedding.shape[1:]:
        raise InputError(f"the vector has {vector.size} numbers", source=source,
                         expected=f"{embedding.shape[1]}, as the embeddings of the model")
    own = fixed_point(unit_vectors(vector[None], source="query"))
    return np.concatenate([exact_distances(own, fixed_point(unit_vectors(embedding[first:first + _BLOCK_ROWS])))[0]
                           for first in range(0, len(embedding), _BLOCK_ROWS)])


def scale_of_embedding(embedding: np.ndarray) -> DistanceScale:
    """What distances mean among the patients themselves: of all pairs, or of a sample of them in a large cohort."""
    count = len(embedding)
    if count > BLOCKED_COUNT:
        return sampled_scale(count, lambda rows: fixed_point(unit_vectors(embedding[rows])))
    blocks = distance_blocks(unit_vectors(embedding))
    return scale_of_pairs(np.concatenate([block[first + np.arange(len(block))[:, None] < np.arange(count)]
                                          for first, block in blocks]))


def query(vector: np.ndarray, embedding: np.ndarray, patient_ids, k: int, *, label: str, model: str,
          analysis: ModelAnalysis | None = None) -> QueryResult:
    """Find a vector's nearest and farthest patients and, with an analysis of the cohort, its place in the layout.

    Parameters
    ----------
    vector : np.ndarray
        Shape (D,): finite, not zero.
    embedding : np.ndarray
        Shape (N, D): the vectors of the patients by the same model.
    patient_ids : sequence of str
        N ids.
    k : int
        1..N patients of each end; ties go to the smaller row, as in the neighbor lists.
    label, model : str
        Names of the query and the model.
    analysis : ModelAnalysis, optional
        Neighbor lists and layout of the cohort by this model.

    Raises
    ------
    InputError
        The vector does not fit the model, or k the cohort.
    """
    if not 1 <= k <= len(embedding):
        raise InputError(f"k = {k} neighbors", source=model, expected=f"1 to {len(embedding)}")
    distances = distances_to(vector, embedding, source=model)
    percentiles = scale_of_embedding(embedding).percentile(distances)
    found = []
    for match, sign in ((Match.MOST, 1.0), (Match.LEAST, -1.0)):
        for rank, row in enumerate(smallest_columns(sign * distances[None], k)[0].tolist(), start=1):
            found.append(QueryNeighbor(match.value, rank, patient_ids[row], float(distances[row]), float(percentiles[row])))
    if analysis is None or not analysis.largest_k:
        place = None if analysis is None else tuple(analysis.positions[0].tolist())
        return QueryResult(label, model, tuple(found), place, 0, 0.0)
    lists = analysis.neighbors[Match.MOST]
    place = place_of(distances, analysis.positions, lists.indices, lists.distances)
    nearer = 100.0 * float((lists.distances[:, 0] < distances.min()).mean())
    return QueryResult(label, model, tuple(found), tuple(place.tolist()), _kept(distances, analysis.positions, place), nearer)


def _kept(distances, positions, place):
    """Of the nearest patients, how many are among the nearest ones in the picture."""
    shown = ((positions - place) ** 2).sum(axis=1)
    near, drawn = (set(smallest_columns(values[None], min(LAYOUT_NEIGHBORS, len(values)))[0].tolist())
                   for values in (distances, shown))
    return len(near & drawn)
