"""What chance gives when five of ten must be chosen, exactly: the null distribution of permutations within queries.

Under the null the model's five say nothing about the readers', and all 252 sets of five are equally likely in every query,
whatever the readers chose: shared tastes of readers stay as they are. Hits of one choice of five are then hypergeometric:
P(4 or more of 5) = .103, P(5) = .004, and a query's kappa has a standard deviation of 1/3. Ten independent images, the null
of textbook kappa, would give .316 for it. Scores of a study are whole numbers, so the distribution of their sum over all
``252 ** Q`` permutations is a convolution: p values need no random numbers, and no study is too small for them.
"""
from __future__ import annotations

import itertools

import numpy as np

from .readings import CANDIDATES, CHOSEN

#: all choices of five of ten: bool, shape (252, 10)
SUBSETS = np.array([[place in subset for place in range(CANDIDATES)]
                    for subset in itertools.combinations(range(CANDIDATES), CHOSEN)])
#: random studies for the null of the agreement between readers
FLEISS_PERMUTATIONS = 9999
#: sets of five looked up in one go
_LOOKED_UP = 1 << 18
_SAME = 1e-9


def subset_hits(chosen: np.ndarray) -> np.ndarray:
    """How many of the chosen candidates every set of five holds: int64, shape (..., 252), of any counts (..., 10)."""
    return np.asarray(chosen, np.int64) @ SUBSETS.T.astype(np.int64)


def exact_test(scores: np.ndarray, observed: int) -> tuple[float, float]:
    """Expected sum over the queries, and the probability of a sum at least as large, when any set may be the model's.

    Parameters
    ----------
    scores : np.ndarray
        Non-negative integers, shape (Q, 252): the query's score, were that set the model's.
    observed : int
        Sum of the scores of the sets that are the model's.

    Returns
    -------
    tuple of float
        Expected sum and one-sided p value, never 0.
    """
    distribution = np.ones(1)
    for row in scores:
        distribution = np.convolve(distribution, np.bincount(row) / len(row))
    return float(scores.mean(1).sum()), float(np.clip(distribution[observed:].sum(), np.finfo(float).tiny, 1.0))


def pair_overlap(votes: np.ndarray) -> np.ndarray:
    """Images that two readers share, summed over ordered pairs of different readers: shape (...,), of votes (..., 10)."""
    return (votes.astype(np.int64) * (votes.astype(np.int64) - 1)).sum(-1)


def fleiss_null(voters: np.ndarray, seed: int, permutations: int = FLEISS_PERMUTATIONS) -> np.ndarray:
    """Scores of studies whose readers choose any five of ten, see `fleiss_p`: float64, shape (permutations,).

    `voters`, shape (Q,), is the number of readers of each query; the null depends on nothing else.
    """
    random, sets, null = np.random.default_rng([seed, 5]), SUBSETS.astype(np.int16), np.zeros(permutations)
    for count in voters[voters >= 2].tolist():
        step = max(1, _LOOKED_UP // count)
        for start in range(0, permutations, step):
            rows = min(step, permutations - start)
            drawn = sets[random.integers(len(sets), size=(rows, count))].sum(1)
            null[start:start + rows] += pair_overlap(drawn) / count
    return null


def fleiss_p(votes: np.ndarray, voters: np.ndarray, null: np.ndarray) -> float:
    """One-sided p value of the agreement between readers: each reader's choices permuted within queries, independently.

    ``(1 + #{null >= observed}) / (1 + B)`` (Phipson & Smyth, 2010). The score is the part of Fleiss' kappa that permutations
    change: images that pairs of readers share, over the number of readers.

    Parameters
    ----------
    votes : np.ndarray
        Shape (Q, 10): readers who chose the candidate.
    voters : np.ndarray
        Shape (Q,): readers who answered the query.
    null : np.ndarray
        See `fleiss_null`.

    Returns
    -------
    float
        NaN without a query that two readers answered.
    """
    queries = voters >= 2
    if not queries.any():
        return float("nan")
    observed = (pair_overlap(votes[queries]) / voters[queries]).sum()
    return float((1 + np.count_nonzero(null >= observed - _SAME)) / (1 + len(null)))
