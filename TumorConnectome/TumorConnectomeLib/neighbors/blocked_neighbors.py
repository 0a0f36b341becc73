"""Exact neighbors of very many patients: candidates from tiles of float32 products, ranked in exact arithmetic.

Never holds all pairs. The lists equal those of the full float64 method bit for bit (see `neighbors.neighbor_lists`).
"""
from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .blas_threads import one_thread_per_product
from .candidates import Candidates
from .exact_cosine import candidate_distances, exact_distances, fixed_point, unit_vectors
from .leading_axes import Frame, Operand, candidates_left, choices_of_axes, operand_of_units
from .match import Match
from .neighbor_search import Block, begin, look_at_tile, rounds_of_tiles, sample_of, take_tile, tile_edges

_BLOCK_ROWS = 512
#: candidates per neighbor, and more, of which a float64 product each costs less than twice as many axes for all pairs
_FEW, _FEW_MORE = 1.5, 16
#: crowded patients that are compared with everybody at once, and their distances: 64 MB
_CROWDED_ROWS, _CROWDED_DISTANCES = 256, 1 << 23

#: (index array (M,)) -> vectors in `exact_cosine.fixed_point` form, float64, shape (M, D)
FixedOf = Callable[[np.ndarray], np.ndarray]


def blocked_neighbors(embedding: np.ndarray, k: int, *, source: str = "embedding",
                      report=lambda fraction, message="": None) -> tuple[dict[Match, tuple[np.ndarray, np.ndarray]], FixedOf]:
    """The k nearest and the k farthest of every patient.

    Parameters
    ----------
    embedding : np.ndarray
        Shape (N, D), any float type, in memory or memory-mapped.
    k : int
        1..N-1; much smaller than N to be of use.
    source : str
        Name used in error messages.
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    lists : dict of Match to (np.ndarray, np.ndarray)
        Row numbers, int32, shape (N, k), and cosine distances, float64, shape (N, k); ties go to the smaller row.
    fixed_of : callable
        The vectors in the form of `exact_cosine.fixed_point`, by row number.

    Raises
    ------
    InputError
        A vector has no direction.
    """
    with one_thread_per_product() as threads, ThreadPoolExecutor(threads) as pool:
        fixed = np.empty(embedding.shape)
        for rows in _parts(len(fixed)):
            fixed_point(unit_vectors(embedding[rows], source=source, first_row=rows.start), out=fixed[rows])
        mean = fixed.mean(axis=0)
        every = _operand(fixed, mean, k)
        order = np.argsort(-every.lengths, kind="stable")       # the far ones of all are among the long ones
        every = Operand(*(array[order] for array in every))
        frame = Frame(mean, every.lengths[0], every.rests.max())
        blocks = _search(every, frame, k, pool, lambda fraction: report(0.9 * fraction, "Comparing all pairs"))
        report(0.9, "Ranking the candidates exactly")

        def fixed_of(numbers):
            return fixed.take(numbers, axis=0)          # quicker than by index

        def rank(block, match):
            return ranked(block.sides[match], order[block.numbers], len(fixed), k, fixed_of, names=order,
                          farthest=match is Match.LEAST)

        back = np.argsort(order)
        lists = {match: tuple(np.concatenate(parts)[back] for parts in zip(*pool.map(rank, blocks, [match] * len(blocks))))
                 for match in Match}
    return lists, fixed_of


def _parts(count):
    """Slices of rows that are made ready at once."""
    return [slice(first, first + _BLOCK_ROWS) for first in range(0, count, _BLOCK_ROWS)]


def _operand(fixed, mean, k):
    """All patients along as few axes as leave few candidates."""
    for axes in choices_of_axes(fixed, mean):
        every = Operand(*(np.concatenate(arrays) for arrays in zip(*(
            operand_of_units(fixed[rows], mean, axes) for rows in _parts(len(fixed))))))
        if axes is None or candidates_left(every, k) <= _FEW * 2 * k + _FEW_MORE:
            break
    return every


def _search(every, frame, k, pool, report):
    """The blocks of all patients with their candidates; the patients are sorted by length, the longest first."""
    edges = tile_edges(len(every.lengths))
    blocks = [Block(slice(*ends), {match: Candidates(every.part(slice(*ends)), every, frame, k,
                                                     farthest=match is Match.LEAST) for match in Match})
              for ends in zip(edges, edges[1:])]
    done, left = 0, every.left()

    def look(pair):
        first, second = (blocks[number] for number in pair)
        return look_at_tile(first, left[first.numbers], second, every.right[second.numbers], both=first is not second,
                            far=second is blocks[0])

    some = sample_of(len(left), k)
    sample = np.ascontiguousarray(every.right[some])
    list(pool.map(lambda block: begin(block, left[block.numbers], sample, some), blocks))
    for pairs in rounds_of_tiles(len(blocks)):
        for pair, found in zip(pairs, pool.map(look, pairs)):
            take_tile(found, *(blocks[number] for number in pair))
            done += 1
            report(2.0 * done / (len(blocks) * (len(blocks) + 1)))
        list(pool.map(Candidates.tighten, [side for block in blocks for side in block.sides.values() if side.is_due()]))
    return blocks


def ranked(side: Candidates, rows: np.ndarray, count: int, k: int, fixed_of: FixedOf, *,
           farthest: bool, names: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The k first of the candidates of every patient by exact distance; ties go to the smaller row.

    Parameters
    ----------
    side : Candidates
        All tiles have been offered to it.
    rows : np.ndarray
        Numbers of its patients among all.
    count : int
        N patients in all.
    k : int
        As `side` was made with.
    fixed_of : callable
        Vectors by number.
    farthest : bool
        As `side` was made with.
    names : np.ndarray, optional
        Integers (N,): the numbers of those whom the candidates call by their places here.

    Returns
    -------
    indices, distances : np.ndarray
        int32 and float64, shape (len(rows), k).
    """
    sign = -1.0 if farthest else 1.0
    indices, distances = np.empty((len(rows), k), np.int32), np.empty((len(rows), k))
    row, column = side.by_row(names)
    starts = np.searchsorted(row, np.arange(len(rows) + 1))
    widths = np.diff(starts)
    for width in np.unique(widths[widths > 0]):         # patients with equally many candidates at once
        own = np.flatnonzero(widths == width)
        candidates = column[starts[own][:, None] + np.arange(width)]
        found = candidate_distances(fixed_of(rows[own]), candidates, fixed_of)
        order = np.argsort(sign * found, axis=1, kind="stable")[:, :k]
        indices[own], distances[own] = (np.take_along_axis(part, order, axis=1) for part in (candidates, found))
    crowded, some = side.crowded, max(1, min(_CROWDED_ROWS, _CROWDED_DISTANCES // count))
    for first in range(0, len(crowded), some):
        own = crowded[first:first + some]
        keys = sign * _distances_to_all(rows[own], count, fixed_of)
        keys[np.arange(len(own)), rows[own]] = np.inf
        order = np.argsort(keys, axis=1, kind="stable")[:, :k]
        indices[own], distances[own] = order, sign * np.take_along_axis(keys, order, axis=1)
    return indices, distances


def _distances_to_all(rows, count, fixed_of):
    own, edges = fixed_of(rows), tile_edges(count)
    return np.concatenate([exact_distances(own, fixed_of(np.arange(first, last))) for first, last in zip(edges, edges[1:])],
                          axis=1)
