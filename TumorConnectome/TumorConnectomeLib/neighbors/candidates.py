"""Who can be among the k nearest or farthest of some patients, from distances with a known error.

With E the largest possible error of a distance (`leading_axes.error_bound`), whoever is among the k nearest has a float32
distance of at most the k-th smallest upper bound + E. All those are kept, few more than k, and are ranked exactly afterward:
nothing can be missed.
"""
from __future__ import annotations

import math

import numpy as np

from .leading_axes import Frame, Operand, error_bound

#: neighboring distances of which the smallest counts for the first limits
_CHUNK = 32
#: candidates (or 4 k if that is more) above which a patient is compared with everybody instead
_CROWD = 512


class Candidates:
    """Everybody who can be among the k nearest (or farthest) of up to 2^16 patients; grows with every tile of distances.

    Parameters
    ----------
    own : Operand
        The patients, R of them.
    every : Operand
        All whom they are compared with, by number; its `right` is not read.
    frame : Frame
        Of all patients.
    k : int
        Neighbors that are looked for.
    farthest : bool
        The k farthest instead of the k nearest.

    Attributes
    ----------
    limits : np.ndarray
        float32, shape (R,): distances in tiles beyond it (for the farthest: below) are out.
    """

    def __init__(self, own: Operand, every: Operand, frame: Frame, k: int, *, farthest: bool):
        self._own, self._every, self._frame, self._k = own, every, frame, k
        self._components = own.right.shape[1] - 2
        self._sign = -1.0 if farthest else 1.0
        self.limits = np.full(len(own.lengths), self._sign * np.inf, np.float32)
        self._found, self._size, self._kept = [], 0, 0

    def begin(self, strip: np.ndarray, rows: slice, columns: slice):
        """Lower the limits of some of the patients by their distances to others, which are not taken.

        Parameters
        ----------
        strip : np.ndarray
            float32, C-contiguous, shape (rows, columns); the distance of a patient to itself has to be infinite, for the
            farthest minus infinite.
        rows : slice
            Which of the patients.
        columns : slice
            The numbers of those they are compared with.
        """
        members = min(_CHUNK, strip.shape[1] // self._k)        # at least k chunks
        if not members:
            return
        extremes = _extremes(strip, members, np.minimum if self._sign > 0 else np.maximum)
        # k chunks have somebody at most this far, so the k nearest are not farther
        reach = np.partition(self._sign * extremes, self._k - 1, axis=1)[:, self._k - 1]
        others = self._every.part(columns)
        reach = reach + error_bound(self._components, self._own.lengths[rows], others.lengths.max(), self._own.rests[rows],
                                    others.rests.max())
        self._lower(rows, reach)

    def take(self, row: np.ndarray, column: np.ndarray, values: np.ndarray):
        """Keep candidates: places among the patients, numbers of the others, distances; any integers and float32, (H,) each."""
        if len(row):
            self._found.append((row.astype(np.uint16), column.astype(np.int32), values))
            self._size += len(row)

    def is_due(self) -> bool:
        """Whether so much was taken since that `tighten` pays."""
        return self._size > 2 * self._kept

    def tighten(self):
        """Lower the limits by what was found, drop who is beyond them, and give up patients that have far too many."""
        if not self._size:
            return
        row, column, values = (np.concatenate(parts) for parts in zip(*self._found))
        order = np.argsort(row, kind="stable")          # a radix sort, for it has 16 bits
        row, column, distances = row[order].astype(np.int64), column[order], self._sign * values[order]
        errors = error_bound(self._components, self._own.lengths[row], self._every.lengths[column], self._own.rests[row],
                             self._every.rests[column])
        reach = self._kth_upper(row, distances + errors)
        self._lower(slice(None), reach)
        kept = distances - errors <= reach[row]
        crowd = np.bincount(row[kept], minlength=len(self.limits)) > max(_CROWD, 4 * self._k)
        crowd[self.crowded] = True
        self.limits[crowd] = -self._sign * np.inf       # nobody else is taken
        kept &= ~crowd[row]
        self._found = [(row[kept].astype(np.uint16), column[kept], self._sign * distances[kept])]
        self._size = self._kept = len(self._found[0][0])

    def _kth_upper(self, row, upper):
        """The k-th smallest upper bound of every patient's distances, infinite if there are fewer; `row` ascends."""
        counts = np.bincount(row, minlength=len(self.limits))
        padded = np.full((len(counts), max(self._k, counts.max())), np.inf)
        padded[row, np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)] = upper
        padded.partition(self._k - 1, axis=1)
        return padded[:, self._k - 1]

    def _lower(self, rows, reach):
        """Lower the limits to what somebody within the true distance `reach`, where the k nearest are, can have in a tile.

        For the farthest, `reach` is a negative distance.
        """
        lengths, rests, longest = self._own.lengths[rows], self._own.rests[rows], self._frame.longest
        if self._sign > 0:                              # who is near has nearly the same length
            longest = np.minimum(lengths + np.sqrt(2.0 * np.maximum(reach, 0.0)), longest)
        limits = self._sign * (reach + error_bound(self._components, lengths, longest, rests, self._frame.longest_rest))
        limits = np.nextafter(limits.astype(np.float32), np.float32(self._sign * np.inf))
        self.limits[rows] = (np.minimum if self._sign > 0 else np.maximum)(self.limits[rows], limits)

    @property
    def crowded(self) -> np.ndarray:
        """Places of patients whose candidates were given up, because the tiles can not tell very many of them apart."""
        return np.flatnonzero(self.limits == -self._sign * np.inf)

    def by_row(self, names: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Candidates of all but the crowded: places of the patients and numbers of the others, ascending; int64, (C,) each.

        With `names` (N,), integers, the others get the names that stand at their numbers.
        """
        self.tighten()
        if not self._found:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        row, column, _values = self._found[0]
        column = column if names is None else names[column]
        order = np.lexsort((column, row))
        return row[order].astype(np.int64), column[order].astype(np.int64)


def _extremes(strip, members, reduce):
    """The extreme of each chunk of `members` distances: shape (rows, chunks)."""
    chunks, first = strip.shape[1] // members, math.gcd(4, members)
    # many short reductions cost more than few long ones
    some = reduce.reduce(strip[:, :chunks * members].reshape(len(strip), first, -1), axis=1)
    return reduce.reduce(some.reshape(len(strip), members // first, chunks), axis=1)
