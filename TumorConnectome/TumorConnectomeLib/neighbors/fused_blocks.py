"""The consensus of models as distances of all pairs, in blocks, so that it can be evaluated like a model."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from .consensus import RRF_CONSTANT


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
        `consensus_lists`, ties included; the others follow up to distance 2, in the order of their reciprocal-rank
        fusion over whole rankings.
    """
    for parts in zip(*models, strict=True):
        if len({first for first, _block in parts}) > 1:
            raise ValueError("the blocks of the models begin at different rows")
        first, block = parts[0]
        listed, fused = np.zeros(block.shape), np.zeros(block.shape)
        for _first, block in parts:
            ranks = _ranks(block, first)
            weights = 1.0 / (RRF_CONSTANT + ranks)
            fused += weights
            listed += np.where(ranks <= depth, weights, 0.0)
        largest = len(parts) / (RRF_CONSTANT + 1)
        # rounded, so that the same ranks in another order of models are a tie
        listed, fused = np.round(listed, 12), np.round(fused, 12)
        yield first, np.where(listed > 0, 1.0 - listed / largest, 2.0 - fused / largest)


def _ranks(block, first):
    """Rank of every patient in the list of each row, from 1, ties by row; the row's own patient comes last: int32."""
    own = np.arange(len(block))
    distances = block.copy()
    distances[own, first + own] = np.inf
    ranks = np.empty(block.shape, np.int32)
    order = np.argsort(distances, axis=1, kind="stable")
    np.put_along_axis(ranks, order, np.arange(1, block.shape[1] + 1, dtype=np.int32)[None], axis=1)
    return ranks
