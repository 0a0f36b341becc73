"""The share of one worker in a search that is spread over machines: neighbors of some patients among all.

The vectors are an array of which only a block of rows is in memory at a time, such as a memory-mapped file.
"""
from __future__ import annotations

import numpy as np

from .blocked_neighbors import ranked
from .distance_scale import EXACT_PAIRS, DistanceScale, sampled_scale
from .exact_cosine import exact_distances, fixed_point, unit_vectors
from .match import Match
from .neighbor_search import TILE, Candidates, Frame, centered_operand, distance_tile, left_operand, tile_edges


def part_of_mean(vectors: np.ndarray, rows: slice, *, source: str) -> np.ndarray:
    """Sum of the unit vectors of some rows, float64 (D,); InputError names a row without direction."""
    return sum(unit_vectors(vectors[part], source=source, first_row=part.start).sum(axis=0) for part in _parts(rows))


def longest_centered(vectors: np.ndarray, rows: slice, mean: np.ndarray) -> float:
    """Length of the longest centered unit vector of some rows."""
    return max(float(centered_operand(vectors[part], mean)[1].max()) for part in _parts(rows))


def row_block_neighbors(vectors: np.ndarray, rows: slice, k: int, frame: Frame,
                        report=lambda fraction: None) -> dict[Match, tuple[np.ndarray, np.ndarray]]:
    """The k nearest and the k farthest among all, of some patients.

    Parameters
    ----------
    vectors : np.ndarray
        Shape (N, D), any float type; all patients.
    rows : slice
        Which patients, a few thousand for speed.
    k : int
        1..N-1.
    frame : Frame
        Of all patients.
    report : callable
        Called with the fraction done.

    Returns
    -------
    dict of Match to (np.ndarray, np.ndarray)
        As `blocked_neighbors.blocked_neighbors` gives them for these rows, bit for bit.
    """
    count, components = vectors.shape
    operand, lengths = centered_operand(vectors[rows], frame.mean)
    left, own = left_operand(operand), range(rows.start, rows.stop)
    sides = {match: Candidates(lengths, components, frame.longest, k, farthest=match is Match.LEAST) for match in Match}
    edges = tile_edges(count)
    for first, last in zip(edges, edges[1:]):
        report(0.9 * first / count)
        columns = slice(first, last)
        right, column_lengths = centered_operand(vectors[columns], frame.mean)
        for part in _parts(slice(0, len(lengths))):
            tile = distance_tile(left[part], right)
            mine = np.arange(max(first, own[part.start]), min(last, own[part.stop - 1] + 1))
            for match, side in sides.items():           # a patient is not its own neighbor, at either end
                tile[mine - own[part.start], mine - first] = np.inf if match is Match.MOST else -np.inf
                side.offer(tile, part, columns, column_lengths)
    every = np.arange(rows.start, rows.stop)
    return {match: ranked(side, every, count, k, fixed_rows(vectors), farthest=match is Match.LEAST)
            for match, side in sides.items()}


def fixed_rows(vectors: np.ndarray):
    """Gives vectors by number in the form of `exact_cosine.fixed_point`, each read when it is asked for."""
    def fixed_of(numbers):
        order = np.argsort(numbers, kind="stable")      # files are read forward
        found = fixed_point(unit_vectors(vectors[numbers[order]]))
        back = np.empty_like(found)
        back[order] = found
        return back
    return fixed_of


def scale_of(vectors: np.ndarray) -> DistanceScale:
    """What a distance means, from all pairs of few patients and else from a sample (see `distance_scale.sampled_scale`)."""
    count, fixed_of = len(vectors), fixed_rows(vectors)
    if count * (count - 1) // 2 > EXACT_PAIRS:
        return sampled_scale(count, fixed_of)
    fixed = fixed_of(np.arange(count))
    return DistanceScale(exact_distances(fixed, fixed)[np.triu_indices(count, 1)])


def _parts(rows):
    return [slice(first, min(first + TILE, rows.stop)) for first in range(rows.start, rows.stop, TILE)]
