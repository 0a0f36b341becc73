"""Kappa of images that are chosen or not: Fleiss' between any number of readers, Cohen's between two judgments.

Both are 1 for perfect agreement and 0 for the agreement that the shares of chosen images alone would give. They are undefined
(NaN), not 1 and not 0, when everybody puts every image in the same category: there is nothing to agree about then.
"""
from __future__ import annotations

import numpy as np


def fleiss_kappa(votes: np.ndarray, readers: np.ndarray) -> float:
    """Agreement of several readers about images, each chosen or not; readers may have judged different images.

    ``1 - sum(n p (1 - p)) / (sum(n - 1) P (1 - P))`` with n readers of an image, the share p of them who chose it and the
    share P of all judgments that are a choice: Fleiss & Cuzick, "The reliability of dichotomous judgments: unequal numbers of
    judges per subject", Appl Psychol Meas 1979;3:537. With as many readers for every image it is the kappa of Fleiss,
    "Measuring nominal scale agreement among many raters", Psychol Bull 1971;76:378. A missing judgment is missing; it is no
    category.

    Parameters
    ----------
    votes : np.ndarray
        Integer, shape (S,): readers who chose the image.
    readers : np.ndarray
        Integer, shape (S,): readers who judged it. Images with fewer than two tell nothing about agreement and are left out.

    Returns
    -------
    float
        NaN without an image that two readers judged, or when all or none of them were chosen by everybody.

    Examples
    --------
    >>> fleiss_kappa(np.array([2, 0, 2, 0]), np.array([2, 2, 2, 2])), fleiss_kappa(np.array([1, 1]), np.array([2, 2]))
    (1.0, -1.0)
    """
    votes, readers = np.asarray(votes, float).ravel(), np.asarray(readers, float).ravel()
    votes, readers = votes[readers >= 2], readers[readers >= 2]
    if not len(votes):
        return float("nan")
    share = votes.sum() / readers.sum()
    disagreement = (votes * (readers - votes) / readers).sum() / (readers - 1).sum()
    return float(1 - disagreement / (share * (1 - share))) if 0 < share < 1 else float("nan")


def cohen_kappa(one: np.ndarray, other: np.ndarray) -> float:
    """Agreement of two judgments of the same images: Cohen, "A coefficient of agreement for nominal scales", 1960;20:37.

    Parameters
    ----------
    one, other : np.ndarray
        bool, same shape: which images are chosen.

    Returns
    -------
    float
        NaN without images, or when both choose all or both choose none.
    """
    one, other = np.asarray(one, bool).ravel(), np.asarray(other, bool).ravel()
    if not len(one):
        return float("nan")
    first, second = one.mean(), other.mean()
    expected = first * second + (1 - first) * (1 - second)
    return float(1 - (one != other).mean() / (1 - expected)) if expected < 1 else float("nan")
