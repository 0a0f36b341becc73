"""Cross-validation folds that never tear a patient apart and keep the classes in proportion."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def stratified_group_folds(labels: np.ndarray, groups: np.ndarray, folds: int,
                           seed: int | Sequence[int]) -> np.ndarray:
    """Fold of every row.

    Parameters
    ----------
    labels : np.ndarray
        bool, shape (n,). A group with both labels counts as true when at least half of its rows are.
    groups : np.ndarray
        Integers, shape (n,): the patient of each row.
    folds : int
        How many folds; at least 1.
    seed : int or sequence of int
        The folds depend on it and on the arguments above only.

    Returns
    -------
    np.ndarray
        int64, shape (n,), 0..folds-1: all rows of a group are in one fold; every class is dealt out evenly.
    """
    names, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    positive = np.bincount(inverse, labels, len(names)) * 2 >= sizes
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-sizes[order], kind="stable")]     # the large ones first, to end with even folds
    fold_of_group = np.empty(len(names), np.int64)
    load = np.zeros(folds, np.int64)
    for kind in (True, False):
        members = order[positive[order] == kind]
        of_kind = np.zeros(folds, np.int64)
        for group in members:
            # as many rows of this kind as elsewhere, then as few rows at all
            fold = np.lexsort((np.arange(folds), load, of_kind))[0]
            fold_of_group[group] = fold
            of_kind[fold] += sizes[group]
            load[fold] += sizes[group]
    return fold_of_group[inverse]


def smallest_class(labels: np.ndarray, groups: np.ndarray) -> int:
    """Patients in the smaller of the two classes, by the same rule."""
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    positive = np.bincount(inverse, labels, len(sizes)) * 2 >= sizes
    return int(min(positive.sum(), (~positive).sum()))
