"""What a group of patients has in common: composition by facet against the rest of the cohort."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .cohort import Cohort, Facet

#: probabilities that differ by less than this factor are the same table in exact arithmetic
_SAME = 1 + 1e-9


@dataclass(frozen=True)
class CategoryShare:
    """How often one category occurs in a group and in the cohort.

    Parameters
    ----------
    category : str
    in_group, in_cohort : int
        Patients of this category.
    group_share, cohort_share : float
        The same as shares of the group and of the cohort, 0..1; NaN for an empty group.
    p : float
        Two-sided p of Fisher's exact test of the group against the rest of the cohort, 0..1.
    q : float
        p after the correction of Benjamini & Hochberg (1995) for all categories of all facets: among all with q <= 0.05
        about 5 % are expected to be chance.
    """

    category: str
    in_group: int
    in_cohort: int
    group_share: float
    cohort_share: float
    p: float
    q: float


@dataclass(frozen=True)
class FacetComposition:
    """The categories of one facet in a group, in display order."""

    key: str
    title: str
    shares: tuple[CategoryShare, ...]


@dataclass(frozen=True)
class GroupSummary:
    """A group: its patients in the cohort's order, and its composition by every facet of the cohort."""

    patient_ids: tuple[str, ...]
    facets: tuple[FacetComposition, ...]

    @property
    def count(self) -> int:
        """Number of patients in the group."""
        return len(self.patient_ids)


def group_summary(cohort: Cohort, patient_ids: Iterable[str]) -> GroupSummary:
    """Composition of a group of patients.

    A group that was drawn by eye on a map was not chosen by chance, so p and q describe it; they prove nothing.

    Raises
    ------
    InputError
        An id is not in the cohort.
    """
    ids = cohort.patient_ids
    rows = np.array(sorted({cohort.row_of(patient) for patient in patient_ids}), np.int64)
    facets = list(cohort.facets.values())
    counted = [(_counts(facet, rows), facet.counts) for facet in facets]
    p = [fisher_p(inside, whole, len(rows), len(ids)) for inside, whole in counted]
    q = np.split(adjusted(np.concatenate(p)), np.cumsum([len(some) for some in p])[:-1]) if p else []
    size = len(rows) or np.nan
    return GroupSummary(
        tuple(ids[row] for row in rows),
        tuple(FacetComposition(facet.key, facet.title, tuple(
            CategoryShare(name, int(a), int(b), float(a / size), float(b / len(ids)), float(one_p), float(one_q))
            for name, a, b, one_p, one_q in zip(facet.categories, inside, whole, some_p, some_q)))
            for facet, (inside, whole), some_p, some_q in zip(facets, counted, p, q)))


def fisher_p(in_group: np.ndarray, in_cohort: np.ndarray, group_size: int, cohort_size: int) -> np.ndarray:
    """Two-sided p of Fisher's exact test, for C categories at once: float64, shape (C,).

    The probability that a random group of this size from this cohort has a count that is as improbable as, or more
    improbable than, the one seen.

    Parameters
    ----------
    in_group, in_cohort : np.ndarray
        int, shape (C,): patients of each category in the group, and in the cohort.
    group_size, cohort_size : int
    """
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, cohort_size + 1)))])

    def log_choose(n, k):
        return log_factorial[n] - log_factorial[k] - log_factorial[n - k]

    result = np.ones(len(in_group))
    for number, (seen, total) in enumerate(zip(np.asarray(in_group).tolist(), np.asarray(in_cohort).tolist())):
        counts = np.arange(max(0, group_size + total - cohort_size), min(group_size, total) + 1)
        probability = np.exp(log_choose(total, counts) + log_choose(cohort_size - total, group_size - counts)
                             - log_choose(cohort_size, group_size))
        observed = probability[seen - counts[0]]
        result[number] = min(1.0, float(probability[probability <= observed * _SAME].sum()))
    return result


def adjusted(p: np.ndarray) -> np.ndarray:
    """q values of Benjamini & Hochberg (1995), "Controlling the false discovery rate", J. R. Stat. Soc. B: shape (M,).

    Examples
    --------
    >>> adjusted(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(p, kind="stable")
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    result = np.empty(len(p))
    result[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return result


def _counts(facet: Facet, rows):
    return np.bincount(facet.codes[rows], minlength=len(facet.categories))
