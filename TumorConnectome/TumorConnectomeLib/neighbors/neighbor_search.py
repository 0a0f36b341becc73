"""Candidates for the nearest and farthest neighbors of many patients, from float32 products with a proven error bound.

Centered unit vectors v keep all differences, so ``|v_i - v_j|^2 / 2`` is the cosine distance, and what float32 loses is
small against it. One product of matrices per tile of patients gives the distances of both ends and, since they are
symmetric, of both sides. With E the largest possible error (Higham, "Accuracy and Stability of Numerical Algorithms", 3.1),
whoever is among the k nearest has a float32 distance of at most the k-th smallest upper bound + E. All those are kept,
few more than k, and are ranked exactly afterward: nothing can be missed.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .exact_cosine import unit_vectors

#: patients per side of a tile of distances: 4 MB, which stays in the cache of the processor
TILE = 1024
#: neighboring distances of which first the smallest is looked at
_CHUNK = 32
#: candidates (or 4 k if that is more) above which a patient is compared with everybody instead
_CROWD = 512
_HALF_ULP = 2.0 ** -24
#: fixed-point and final rounding of distances, for up to 2^14 components (see exact_cosine)
_ROUNDING = 4e-12


@dataclass(frozen=True, eq=False)
class Frame:
    """What all patients have in common: ``mean`` of their unit vectors, float64 (D,), and ``longest`` centered vector."""

    mean: np.ndarray
    longest: float


def centered_operand(embedding: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The right-hand factor of `distance_tile` for rows of an embedding, and the lengths of the centered vectors.

    Returns
    -------
    operand, lengths : np.ndarray
        As `operand_of_units` gives them.
    """
    return operand_of_units(unit_vectors(embedding), mean)


def operand_of_units(units: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `centered_operand`, from unit vectors, rounded to `exact_cosine.fixed_point` form or not.

    Returns
    -------
    operand : np.ndarray
        float32, shape (N, D + 2): centered unit vectors, ones, and half their squared lengths.
    lengths : np.ndarray
        float64, shape (N,).
    """
    centered = (units - mean).astype(np.float32)
    squares = np.einsum("nd,nd->n", centered, centered, dtype=np.float64)
    operand = np.empty((len(centered), centered.shape[1] + 2), np.float32)
    operand[:, :-2], operand[:, -2], operand[:, -1] = centered, 1.0, squares / 2
    return operand, np.sqrt(squares)


def left_operand(operand: np.ndarray) -> np.ndarray:
    """The left-hand factor of `distance_tile` for patients whose right-hand one is `operand`."""
    left = -operand
    left[:, -2], left[:, -1] = operand[:, -1], 1.0
    return left


def distance_tile(left: np.ndarray, right: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Distances of all pairs from two operands, within `error_bound` of the exact ones: float32, shape (rows, columns)."""
    return np.matmul(left, right.T, out=out)


def error_bound(components: int, longer: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Largest difference between a distance of a tile and the exact one, for centered vectors of these lengths.

    Summation of D + 2 products in any order loses at most gamma(D + 3) of the sum of their sizes, and the rounding of the
    vectors to float32 moves each by at most 2^-24 of its length.
    """
    gamma = (components + 3) * _HALF_ULP / (1 - (components + 3) * _HALF_ULP)
    return (gamma / 2 + 2.5 * _HALF_ULP) * (longer + other) ** 2 + _ROUNDING


class Candidates:
    """Everybody who can be among the k nearest (or farthest) of some patients; grows with every tile that is offered.

    Parameters
    ----------
    lengths : np.ndarray
        float64, shape (R,): lengths of the patients' centered vectors.
    components : int
        D of the embedding.
    longest : float
        Length of the longest centered vector of all.
    k : int
        Neighbors that are looked for.
    farthest : bool
        The k farthest instead of the k nearest.

    Attributes
    ----------
    limits : np.ndarray
        float32, shape (R,): float32 distances beyond it (for the farthest: their negatives) are out.
    """

    def __init__(self, lengths, components, longest, k, *, farthest):
        self._lengths, self._components, self._longest, self._k = lengths, components, longest, k
        self._sign, self._reduce = (-1.0, np.maximum) if farthest else (1.0, np.minimum)
        self.limits = np.full(len(lengths), np.inf, np.float32)
        self._best = np.full((len(lengths), k), np.inf)
        self._most = max(_CROWD, 4 * k)
        self._found, self._size, self._kept = [], 0, 0

    def offer(self, tile: np.ndarray, rows: slice, columns: slice, column_lengths: np.ndarray, *, transposed: bool = False):
        """Take a tile of distances.

        Parameters
        ----------
        tile : np.ndarray
            float32, C-contiguous, shape (rows, columns), or with `transposed` (columns, rows); a patient's distance to
            itself must be infinite, or minus infinite for the farthest.
        rows : slice
            Which of the patients.
        columns : slice
            The numbers of those they are compared with.
        column_lengths : np.ndarray
            Lengths of the centered vectors of those, shape (columns,).
        """
        chunks = _chunks(tile, transposed, self._k)
        extremes = _extremes(tile, transposed, chunks.shape[2], self._reduce)
        if self._sign < 0:
            np.negative(extremes, out=extremes)
        limits = self.limits[rows]
        if extremes.shape[1] >= self._k and np.isposinf(limits).any():
            # k chunks have somebody at most this far, so the k nearest are not farther
            bound = error_bound(self._components, self._lengths[rows], column_lengths.max())
            reach = np.partition(extremes, self._k - 1, axis=1)[:, self._k - 1] + bound
            limits = np.minimum(limits, self._limit(reach, self._lengths[rows]))
        row, chunk = np.nonzero(extremes <= limits[:, None])
        values = chunks[row, chunk]
        if self._sign < 0:
            np.negative(values, out=values)
        hit, place = np.nonzero((values <= limits[row][:, None]) & (values < np.inf))
        row, values = row[hit], values[hit, place]
        column = (place * extremes.shape[1] + chunk[hit]) if not transposed else chunk[hit] * chunks.shape[2] + place
        if len(row):
            self._tighten(rows, row, values, column_lengths[column])
            self._keep((row + rows.start).astype(np.int32), (column + columns.start).astype(np.int64), values)

    def _limit(self, reach, lengths):
        """Float32 distances that somebody within the true distance `reach` can have, for patients of these lengths."""
        if self._sign > 0:                              # who is near has nearly the same length
            other = np.minimum(lengths + np.sqrt(2.0 * np.maximum(reach, 0.0)), self._longest)
        else:
            other = self._longest
        limit = reach + error_bound(self._components, lengths, other)
        return np.nextafter(limit.astype(np.float32), np.float32(np.inf))

    def _tighten(self, rows, row, values, lengths):
        """Lower the limits by what was found; `row` ascends."""
        upper = values + error_bound(self._components, self._lengths[rows][row], lengths)
        some, starts, counts = np.unique(row, return_index=True, return_counts=True)
        padded = np.full((len(some), self._k + counts.max()), np.inf)
        own = some + rows.start
        padded[:, :self._k] = self._best[own]
        padded[np.repeat(np.arange(len(some)), counts), self._k + np.arange(len(row)) - np.repeat(starts, counts)] = upper
        padded.partition(self._k - 1, axis=1)
        self._best[own] = padded[:, :self._k]
        reach = padded[:, self._k - 1]
        known = np.isfinite(reach)
        own, reach = own[known], reach[known]
        self.limits[own] = np.minimum(self.limits[own], self._limit(reach, self._lengths[own]))

    def _keep(self, row, column, values):
        self._found.append((row, column, values))
        self._size += len(row)
        if self._size > 2 * self._kept + (1 << 20):
            self._compress()

    def _compress(self):
        """Drop who has fallen beyond the limit since, and all candidates of patients that have far too many."""
        row, column, values = (np.concatenate(parts) for parts in zip(*self._found))
        kept = values <= self.limits[row]
        crowded = np.bincount(row[kept], minlength=len(self.limits)) > self._most
        if crowded.any():
            self.limits[crowded] = -np.inf              # nobody else is taken
            kept &= ~crowded[row]
        self._found = [(row[kept], column[kept], values[kept])]
        self._size = self._kept = int(kept.sum())

    @property
    def crowded(self) -> np.ndarray:
        """Row numbers of patients whose candidates were given up, because float32 can not tell very many of them apart."""
        return np.flatnonzero(np.isneginf(self.limits))

    def by_row(self) -> tuple[np.ndarray, np.ndarray]:
        """Candidates of all but the crowded: row numbers and whom they are compared with, ascending; int64, (C,) each."""
        if not self._found:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        self._compress()
        row, column, _values = self._found[0]
        order = np.lexsort((column, row))
        return row[order].astype(np.int64), column[order]


def _chunks(tile, transposed, k):
    """The tile as (rows, chunks, members) without a copy: at least k chunks if it is wide enough."""
    columns, rows = tile.shape if transposed else tile.shape[::-1]
    members = _CHUNK
    while columns % members or (members > 1 and columns < k * members):
        members //= 2
    if transposed:
        return tile.reshape(columns // members, members, rows).transpose(2, 0, 1)
    return tile.reshape(rows, members, columns // members).transpose(0, 2, 1)


def _extremes(tile, transposed, members, reduce):
    """The extreme of each chunk: shape (rows, chunks), C-contiguous. Many short reductions cost more than few long ones."""
    columns, rows = tile.shape if transposed else tile.shape[::-1]
    if transposed:
        return np.ascontiguousarray(reduce.reduce(tile.reshape(columns // members, members, rows), axis=1).T)
    first = min(4, members)
    some = reduce.reduce(tile.reshape(rows, first, columns // first), axis=1)
    return reduce.reduce(some.reshape(rows, members // first, columns // members), axis=1)


def tile_edges(count: int) -> list[int]:
    """Where tiles begin and end: multiples of TILE, and a last one for what does not fill a chunk."""
    whole = count - count % _CHUNK
    return sorted({*range(0, whole, TILE), whole, count})


def tiles(count: int) -> Iterator[tuple[slice, slice]]:
    """Slices of rows and columns of all tiles on and above the diagonal, row by row."""
    edges = tile_edges(count)
    parts = [slice(first, last) for first, last in zip(edges, edges[1:])]
    for number, rows in enumerate(parts):
        for columns in parts[number:]:
            yield rows, columns
