"""Vectors made ready for float32 products: centered, seen along their leading principal axes, with proven error bounds.

Centered unit vectors c keep all differences, so ``|c_i - c_j|^2 / 2`` is the cosine distance, and what float32 loses is small
against it. The variances of embeddings fall steeply: of 512 axes the first 128 often hold 99.8 % of the squared length. With
y the components along such axes and r what is left, ``c_i . c_j = y_i . y_j + r_i . r_j``, and the last term is at most
``|r_i| |r_j|`` (Cauchy-Schwarz). So a product of a quarter of the length gives every distance within a bound that is known
beforehand, and the search stays exact; the axes, from a sample, decide only how much work it is.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .exact_cosine import unit_vectors

_HALF_ULP, _HALF_DOUBLE_ULP = 2.0 ** -24, 2.0 ** -53
#: fixed-point and final rounding of distances, for up to 2^14 components (see exact_cosine)
_ROUNDING = 4e-12
#: vectors whose principal axes are taken for those of all
_SAMPLED_ROWS = 4096
#: share of the squared length that the first choice of axes leaves out, and the step of their number
_LEFT_OUT, _STEP = 0.004, 32
#: more axes than this share of the components save too little
_MOST_AXES = 0.6
#: patients whose candidates are counted to tell whether the axes do
_TRIED_ROWS = 24
#: with fewer patients per component the axes cost more than they save
_PATIENTS_PER_COMPONENT = 16


@dataclass(frozen=True, eq=False)
class Frame:
    """What all patients have in common.

    Parameters
    ----------
    mean : np.ndarray
        Of their unit vectors, float64 (D,).
    longest, longest_rest : float
        The largest of `Operand.lengths`, and of `Operand.rests`.
    """

    mean: np.ndarray
    longest: float
    longest_rest: float = 0.0


class Operand(NamedTuple):
    """Patients as `distance_tile` and `error_bound` need them.

    ``right`` float32, shape (N, P + 2): components along the axes, ones, and half the squared lengths; ``lengths`` float64,
    shape (N,): of the centered vectors; ``rests`` float64, shape (N,): at least the length of what the axes leave out.
    """

    right: np.ndarray
    lengths: np.ndarray
    rests: np.ndarray

    def part(self, rows: slice) -> Operand:
        """Some of the patients, without a copy."""
        return Operand(*(array[rows] for array in self))

    def left(self) -> np.ndarray:
        """The left-hand factor of `distance_tile` for these patients."""
        left = -self.right
        left[:, -2], left[:, -1] = self.right[:, -1], 1.0
        return left


def centered_operand(embedding: np.ndarray, mean: np.ndarray, axes: np.ndarray | None = None) -> Operand:
    """The operand of rows of an embedding (N, D); `axes` as in `operand_of_units`."""
    return operand_of_units(unit_vectors(embedding), mean, axes)


def operand_of_units(units: np.ndarray, mean: np.ndarray, axes: np.ndarray | None = None) -> Operand:
    """The operand of unit vectors, rounded to `exact_cosine.fixed_point` form or not.

    Parameters
    ----------
    units : np.ndarray
        float64, shape (N, D).
    mean : np.ndarray
        Of all unit vectors, float64 (D,).
    axes : np.ndarray, optional
        Columns that are orthonormal but for rounding, float64 (D, P); the components themselves if None.

    Notes
    -----
    With Q the axes, ``Q^T Q = I + F`` and e the size of F, ``B = I - Q Q^T + e I`` is positive semi-definite, so what the
    product leaves out is at most ``sqrt(B_ii + e |c_i|^2) sqrt(B_jj + e |c_j|^2)``. Rounding of float64 in D components moves
    y by at most ``D^1.5 2^-53 |c|``. The rests hold both.
    """
    centered = units - mean
    squares = np.einsum("nd,nd->n", centered, centered)
    lengths = np.sqrt(squares) * (1 + 1e-6)
    if axes is None:
        along, rests = centered, np.zeros(len(centered))
    else:
        along = centered @ axes
        defect = 2.0 * np.linalg.norm(axes.T @ axes - np.eye(axes.shape[1])) + 4.0 * len(axes) ** 1.5 * _HALF_DOUBLE_ULP
        left_out = np.maximum(squares - np.einsum("nd,nd->n", along, along), 0.0)
        rests = np.sqrt(left_out + defect * squares)
    right = np.empty((len(along), along.shape[1] + 2), np.float32)
    right[:, :-2], right[:, -2], right[:, -1] = along, 1.0, squares / 2
    return Operand(right, lengths, rests)


def distance_tile(left: np.ndarray, right: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Distances of all pairs, within `error_bound` of the exact ones: float32, shape (rows, columns).

    Parameters
    ----------
    left, right : np.ndarray
        As `Operand` gives them.
    out : np.ndarray, optional
        Where to write them.
    """
    return np.matmul(left, right.T, out=out)


def error_bound(components: int, longer: np.ndarray, other: np.ndarray, rest: np.ndarray | float = 0.0,
                other_rest: np.ndarray | float = 0.0) -> np.ndarray:
    """Largest difference between a distance of a tile and the exact one.

    Summation of P + 2 products in any order loses at most gamma(P + 3) of the sum of their sizes (Higham, "Accuracy and
    Stability of Numerical Algorithms", 3.1), and the rounding of the vectors to float32 moves each by at most 2^-24 of its
    length.

    Parameters
    ----------
    components : int
        P, the width of an operand without its last two columns.
    longer, other : np.ndarray
        `Operand.lengths` of both patients.
    rest, other_rest : np.ndarray or float
        `Operand.rests` of both.
    """
    gamma = (components + 3) * _HALF_ULP / (1 - (components + 3) * _HALF_ULP)
    return (gamma / 2 + 2.5 * _HALF_ULP) * (longer + other) ** 2 + rest * other_rest + _ROUNDING


def choices_of_axes(units: np.ndarray, mean: np.ndarray) -> Iterator[np.ndarray | None]:
    """Principal axes of some of the vectors, as few as may do, then twice as many, and so on; at last None, for all components.

    Parameters
    ----------
    units : np.ndarray
        Unit vectors, float64 (N, D).
    mean : np.ndarray
        Of all of them.
    """
    count, length = units.shape
    if length * _PATIENTS_PER_COMPONENT <= count:
        some = units[::-(-count // _SAMPLED_ROWS)] - mean
        variances, axes = np.linalg.eigh(some.T @ some)          # ascending
        wanted = length - int((np.cumsum(variances) < _LEFT_OUT * variances.sum()).sum())
        wanted = -(-wanted // _STEP) * _STEP
        while wanted <= _MOST_AXES * length:
            yield np.ascontiguousarray(axes[:, :-wanted - 1:-1])
            wanted *= 2
    yield None


def candidates_left(every: Operand, k: int) -> float:
    """How many candidates for the k nearest and the k farthest the errors leave, both together: the mean of a few patients."""
    count, components = len(every.lengths), every.right.shape[1] - 2
    some = np.arange(0, count, -(-count // _TRIED_ROWS))
    own = Operand(*(array[some] for array in every))
    tile = distance_tile(own.left(), every.right)
    errors = error_bound(components, own.lengths[:, None], every.lengths, own.rests[:, None], every.rests)
    found = 0
    for keys in (tile, -tile):
        keys[np.arange(len(some)), some] = np.inf
        reach = np.partition(keys + errors, k - 1, axis=1)[:, k - 1]
        found += np.count_nonzero(keys - errors <= reach[:, None])
    return found / len(some)
