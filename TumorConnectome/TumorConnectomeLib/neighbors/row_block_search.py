"""The share of one worker in a search that is spread over machines: neighbors of some patients among all.

The vectors are an array of which only a block of rows is in memory at a time, such as a memory-mapped file.
"""
from __future__ import annotations

import numpy as np

from .blocked_neighbors import ranked
from .candidates import Candidates
from .distance_scale import EXACT_PAIRS, DistanceScale, sampled_scale
from .exact_cosine import exact_distances, fixed_point, unit_vectors
from .leading_axes import Frame, Operand, centered_operand
from .match import Match
from .neighbor_search import TILE, Block, begin, look_at_tile, sample_of, take_tile, tile_edges


def part_of_mean(vectors: np.ndarray, rows: slice, *, source: str) -> np.ndarray:
    """Sum of the unit vectors of some rows, float64 (D,); InputError names a row without direction."""
    return sum(unit_vectors(vectors[part], source=source, first_row=part.start).sum(axis=0) for part in _parts(rows))


def longest_centered(vectors: np.ndarray, rows: slice, mean: np.ndarray) -> float:
    """Length of the longest centered unit vector of some rows."""
    return max(float(centered_operand(vectors[part], mean).lengths.max()) for part in _parts(rows))


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
    count = len(vectors)
    own = centered_operand(vectors[rows], frame.mean)
    left, fixed_of = own.left(), fixed_rows(vectors)
    # all count as the longest, for no worker keeps the lengths of all
    every = Operand(own.right, np.broadcast_to(frame.longest, count), np.broadcast_to(frame.longest_rest, count))
    parts = _parts(slice(0, len(left)))
    blocks = [Block(slice(rows.start + part.start, rows.start + part.stop),
                    {match: Candidates(own.part(part), every, frame, k, farthest=match is Match.LEAST) for match in Match})
              for part in parts]
    some = sample_of(count, k)
    sample = centered_operand(vectors[some], frame.mean).right
    for block, part in zip(blocks, parts):
        begin(block, left[part], sample, some)
    edges = tile_edges(count)
    for ends in zip(edges, edges[1:]):
        report(0.9 * ends[0] / count)
        columns, right = Block(slice(*ends), {}), centered_operand(vectors[slice(*ends)], frame.mean).right
        for block, part in zip(blocks, parts):
            take_tile(look_at_tile(block, left[part], columns, right, both=False), block, columns)
            for side in block.sides.values():
                if side.is_due():
                    side.tighten()
    return {match: tuple(np.concatenate(lists) for lists in zip(*(
        ranked(block.sides[match], np.arange(block.numbers.start, block.numbers.stop), count, k, fixed_of,
               farthest=match is Match.LEAST) for block in blocks))) for match in Match}


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
