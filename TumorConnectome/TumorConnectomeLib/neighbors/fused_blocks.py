"""The consensus of models as distances of all pairs, in blocks, so that it can be evaluated like a model."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from .consensus import RRF_CONSTANT

#: distances that differ by less are the same; they are rounded to 1e-12
_TIE = 1.5e-12


def fused_blocks(models: Sequence[Iterable[tuple[int, np.ndarray]]], depth: int) -> Iterator[tuple[int, np.ndarray]]:
    """Fuse the models' distances, block by block.

    Parameters
    ----------
    models : sequence of iterable of (int, np.ndarray)
        For each model the blocks of its distances, as `neighbors.distance_blocks` yields them; all cut alike.
    depth : int
        Neighbors of each list that `consensus.consensus_lists` would get.

    Yields
    ------
    first : int
    distances : np.ndarray
        float64, shape (rows, N), directed. Whoever is in a list is at most at distance 1, in the order of
        `consensus_lists`; the others follow up to distance 2, in the order of their reciprocal-rank fusion over whole
        rankings. Patients at the same distance in a model share their ranks there, as the mean over their orders, which a
        list that people read can not do: what goes with their order in the cohort is no agreement of models.
    """
    for parts in zip(*models, strict=True):
        if len({first for first, _block in parts}) > 1:
            raise ValueError("the blocks of the models begin at different rows")
        first, block = parts[0]
        listed, fused = np.zeros(block.shape), np.zeros(block.shape)
        for _first, block in parts:
            whole, part = _weights(block, first, depth)
            fused += whole
            listed += part
        largest = len(parts) / (RRF_CONSTANT + 1)
        # rounded, so that the same ranks in another order of models are a tie
        listed, fused = np.round(listed, 12), np.round(fused, 12)
        yield first, np.where(listed > 0, 1.0 - listed / largest, 2.0 - fused / largest)


def _weights(block, first, depth):
    """1 / (60 + rank) of every patient in the list of each row, and the same for ranks up to `depth` (else 0): float64.

    The row's own patient comes last.
    """
    own = np.arange(len(block))
    distances = block.copy()
    distances[own, first + own] = np.inf
    order = np.argsort(distances, axis=1, kind="stable")
    ordered = np.take_along_axis(distances, order, axis=1)
    new = np.ones(block.shape, bool)
    new[:, 1:-1] = ordered[:, 1:-1] > ordered[:, :-2] + _TIE
    ranks = np.arange(1, block.shape[1] + 1)
    weights = 1.0 / (RRF_CONSTANT + ranks)
    return tuple(_at_patients(values, order, new) for values in (weights, np.where(ranks <= depth, weights, 0.0)))


def _at_patients(values, order, new):
    """Values (N,) of the ranks at the patients who have them, their means over each group of ties: float64, (rows, N)."""
    placed, at_ranks = np.empty(order.shape), np.broadcast_to(values, order.shape)
    if not new.all():
        starts = np.flatnonzero(new)
        sizes = np.diff(np.append(starts, new.size))
        at_ranks = np.repeat(np.add.reduceat(at_ranks.ravel(), starts) / sizes, sizes).reshape(order.shape)
    np.put_along_axis(placed, order, at_ranks, axis=1)
    return placed
