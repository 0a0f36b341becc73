"""Exact neighbors of very many patients: candidates from tiles of float32 products, ranked in exact arithmetic.

Never holds all pairs. The lists equal those of the full float64 method bit for bit (see `neighbors.neighbor_lists`).
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .exact_cosine import candidate_distances, exact_distances, fixed_point, unit_vectors
from .match import Match
from .neighbor_search import TILE, Candidates, distance_tile, left_operand, operand_of_units, tile_edges, tiles

_BLOCK_ROWS = 4096
#: crowded patients that are compared with everybody at once
_CROWDED_ROWS = 256

#: (index array (M,)) -> vectors in `exact_cosine.fixed_point` form, float64, shape (M, D)
FixedOf = Callable[[np.ndarray], np.ndarray]


def in_blocks(embedding: np.ndarray, make: Callable[[np.ndarray], np.ndarray], like: np.ndarray) -> np.ndarray:
    """Apply `make` to blocks of rows of an embedding; `like` (1, ...) gives type and width of the result."""
    made = np.empty((len(embedding), *like.shape[1:]), like.dtype)
    for first in range(0, len(embedding), _BLOCK_ROWS):
        made[first:first + _BLOCK_ROWS] = make(embedding[first:first + _BLOCK_ROWS])
    return made


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
    fixed = np.empty(embedding.shape)
    for first in range(0, len(embedding), _BLOCK_ROWS):
        fixed[first:first + _BLOCK_ROWS] = fixed_point(
            unit_vectors(embedding[first:first + _BLOCK_ROWS], source=source, first_row=first))
    mean = fixed.mean(axis=0)
    operand = in_blocks(fixed, lambda some: operand_of_units(some, mean)[0], np.empty((1, embedding.shape[1] + 2), np.float32))
    lengths = np.sqrt(2.0 * operand[:, -1].astype(float)) * (1 + 1e-6)
    sides = {match: Candidates(lengths, embedding.shape[1], lengths.max(), k, farthest=match is Match.LEAST)
             for match in Match}
    count, done = len(embedding), 0
    for rows, columns, tile in _products(operand):
        for match, side in sides.items():
            if rows == columns:                         # a patient is not its own neighbor, at either end
                np.fill_diagonal(tile, np.inf if match is Match.MOST else -np.inf)
            else:
                side.offer(tile, columns, rows, lengths[rows], transposed=True)
            side.offer(tile, rows, columns, lengths[columns])
        done += tile.size * (1 if rows == columns else 2)
        report(0.9 * done / count ** 2, "Comparing all pairs")
    del operand
    report(0.9, "Ranking the candidates exactly")
    every = np.arange(count)
    return {match: ranked(side, every, count, k, fixed.__getitem__, farthest=match is Match.LEAST)
            for match, side in sides.items()}, fixed.__getitem__


def _products(operand: np.ndarray) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """All tiles on and above the diagonal; the next one is computed while the last one is looked at."""
    memory = [np.empty(TILE * TILE, np.float32) for _ in range(2)]
    left = None, None

    def product(rows, columns, place):
        nonlocal left
        if left[0] != rows:
            left = rows, left_operand(operand[rows])
        height, width = rows.stop - rows.start, columns.stop - columns.start
        return distance_tile(left[1], operand[columns], memory[place][:height * width].reshape(height, width))

    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for number, (rows, columns) in enumerate(tiles(len(operand))):
            coming = rows, columns, pool.submit(product, rows, columns, number % 2)
            if waiting:
                yield waiting[0], waiting[1], waiting[2].result()
            waiting = coming
        if waiting:
            yield waiting[0], waiting[1], waiting[2].result()


def ranked(side: Candidates, rows: np.ndarray, count: int, k: int, fixed_of: FixedOf, *,
           farthest: bool) -> tuple[np.ndarray, np.ndarray]:
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

    Returns
    -------
    indices, distances : np.ndarray
        int32 and float64, shape (len(rows), k).
    """
    sign = -1.0 if farthest else 1.0
    indices, distances = np.empty((len(rows), k), np.int32), np.empty((len(rows), k))
    row, column = side.by_row()
    starts = np.searchsorted(row, np.arange(len(rows) + 1))
    widths = np.diff(starts)
    for width in np.unique(widths[widths > 0]):         # patients with equally many candidates at once
        own = np.flatnonzero(widths == width)
        candidates = column[starts[own][:, None] + np.arange(width)]
        found = candidate_distances(fixed_of(rows[own]), candidates, fixed_of)
        order = np.argsort(sign * found, axis=1, kind="stable")[:, :k]
        indices[own], distances[own] = (np.take_along_axis(part, order, axis=1) for part in (candidates, found))
    crowded = side.crowded
    for first in range(0, len(crowded), _CROWDED_ROWS):
        own = crowded[first:first + _CROWDED_ROWS]
        keys = sign * _distances_to_all(rows[own], count, fixed_of)
        keys[np.arange(len(own)), rows[own]] = np.inf
        order = np.argsort(keys, axis=1, kind="stable")[:, :k]
        indices[own], distances[own] = order, sign * np.take_along_axis(keys, order, axis=1)
    return indices, distances


def _distances_to_all(rows, count, fixed_of):
    own, edges = fixed_of(rows), tile_edges(count)
    return np.concatenate([exact_distances(own, fixed_of(np.arange(first, last))) for first, last in zip(edges, edges[1:])],
                          axis=1)
