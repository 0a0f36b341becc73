"""What several models agree on: consensus neighbors by reciprocal-rank fusion, and votes for pairs of patients.

Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods", SIGIR
2009: ``score(x, y) = sum over models of 1 / (60 + rank of y in x's list)``; who is not in a list gets nothing from it.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..base.errors import InputError
from .match import Match
from .neighbors import NeighborLists

#: the constant of the paper: the larger, the less the first ranks count
RRF_CONSTANT = 60
#: how the consensus is called beside the models
CONSENSUS = "Consensus"
#: what its distances are, in words
CONSENSUS_DISTANCE = "rank-fusion distance"
#: list entries that are fused at once
_BLOCK_ENTRIES = 1 << 22


def with_consensus(models: Sequence[str]) -> tuple[str, ...]:
    """The models of a cohort, and the consensus as one more when there are several."""
    return (*models, *((CONSENSUS,) if len(models) > 1 and CONSENSUS not in models else ()))


def consensus_lists(lists: Mapping[str, Mapping[Match, NeighborLists]], k: int) -> dict[Match, NeighborLists]:
    """Neighbor lists by reciprocal-rank fusion of the models' lists, for both directions.

    Parameters
    ----------
    lists : mapping of str to mapping of Match to NeighborLists
        Model name to its lists (its own, or repaired ones), all of the same patients. Their whole length is fused.
    k : int
        Neighbors per patient and direction to return, at most the length of the shortest list.

    Returns
    -------
    dict of Match to NeighborLists
        `distances` run as cosine distances do: MOST ``1 - score / largest possible score``, so 0 is "the nearest in
        every model" and 1 "in no list"; LEAST ``1 + score / largest``, so 2 is "the farthest in every model". Other than
        a distance they are directed: x may be nearer to y than y to x. `percentiles`: percent of the N (N - 1) ordered
        pairs with a larger distance. Ties go to the smaller row.

    Raises
    ------
    InputError
        There is no model, the models have different patients, or k does not fit.
    """
    fused = {}
    for match in Match:
        indices = _same_patients({model: both[match].indices for model, both in lists.items()})
        shortest = min(one.shape[1] for one in indices)
        if not 0 <= k <= shortest:
            raise InputError(f"k = {k} neighbors", source=CONSENSUS, expected=f"0 to {shortest}")
        fused[match] = _fused(indices, k, match)
    return fused


def _same_patients(indices):
    """The index arrays in alphabetical order of their models; InputError when there are none or they do not fit together."""
    counts = {model: len(one) for model, one in sorted(indices.items())}
    if not counts:
        raise InputError("no model to compare", expected="at least one")
    if len(set(counts.values())) > 1:
        raise InputError("the models have different numbers of patients: "
                         + ", ".join(f"{model} {count}" for model, count in counts.items()), expected="the same patients")
    return [indices[model] for model in counts]


def _fused(indices, k, match):
    """Fuse the lists of one direction."""
    count, width = len(indices[0]), sum(one.shape[1] for one in indices)
    weights = np.concatenate([1.0 / (RRF_CONSTANT + np.arange(1, one.shape[1] + 1)) for one in indices])
    targets, scores, every_score = np.empty((count, k), np.int32), np.empty((count, k)), []
    rows = max(1, _BLOCK_ENTRIES // max(1, width))
    for first in range(0, count if width else 0, rows):
        block = np.concatenate([one[first:first + rows] for one in indices], axis=1)
        source, target, score = _summed(block, weights)
        every_score.append(score)
        order = np.lexsort((target, -score, source))
        source, target, score = source[order], target[order], score[order]
        place = np.arange(len(source)) - np.searchsorted(source, source)        # rank in the own list, from 0
        kept = place < k
        targets[first + source[kept], place[kept]] = target[kept]
        scores[first + source[kept], place[kept]] = score[kept]
    largest = len(indices) / (RRF_CONSTANT + 1)
    everything = np.sort(np.concatenate(every_score)) if every_score else np.empty(0)
    pairs = count * (count - 1)
    if match is Match.MOST:                             # larger distance: smaller score, and all pairs that are in no list
        farther = pairs - len(everything) + np.searchsorted(everything, scores, side="left")
        distances = 1.0 - scores / largest
    else:
        farther = len(everything) - np.searchsorted(everything, scores, side="right")
        distances = 1.0 + scores / largest
    return NeighborLists(targets, np.clip(np.round(distances, 9), 0.0, 2.0) + 0.0, 100.0 * farther / max(1, pairs))


def _summed(block, weights):
    """Score of every pair in a block of joined lists (rows, width): source rows, target rows and scores, each (P,)."""
    order = np.argsort(block, axis=1, kind="stable")    # equal targets side by side, in the order of the models
    target = np.take_along_axis(block, order, axis=1)
    new = np.ones(target.shape, bool)
    new[:, 1:] = target[:, 1:] != target[:, :-1]
    starts = np.flatnonzero(new)
    # rounded, so that the same ranks in another order of models are a tie
    score = np.round(np.add.reduceat(weights[order].ravel(), starts), 12)
    return starts // block.shape[1], target.ravel()[starts].astype(np.int64), score


def votes(lists: Mapping[str, NeighborLists], k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many models have a patient among the k neighbors of another.

    Parameters
    ----------
    lists : mapping of str to NeighborLists
        Model name to its lists of one direction, at least k long.
    k : int
        Neighbors that count.

    Returns
    -------
    sources, targets : np.ndarray
        int64, shape (P,): every ordered pair that is in at least one list, sorted.
    counts : np.ndarray
        int64, shape (P,): number of models, 1..M.

    Raises
    ------
    InputError
        There is no model, the models have different patients, or k does not fit.
    """
    first = _first_of_each(lists, k)
    count = len(first[0])
    keys = np.concatenate([(np.arange(count)[:, None] * count + one).ravel() for one in first])
    pairs, counts = np.unique(keys, return_counts=True)
    return pairs // max(1, count), pairs % max(1, count), counts


def _first_of_each(lists, k):
    indices = _same_patients({model: one.indices for model, one in lists.items()})
    shortest = min(one.shape[1] for one in indices)
    if not 0 <= k <= shortest:
        raise InputError(f"k = {k} neighbors", expected=f"0 to {shortest}")
    return [one[:, :k] for one in indices]
