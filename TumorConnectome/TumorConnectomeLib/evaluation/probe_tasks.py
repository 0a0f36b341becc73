"""What probes are asked to tell: tasks made from facets, and the clinical data they are compared with."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort, Facet
from ..cohort.column_kinds import words_of
from ..cohort.column_values import as_numbers
from ..cohort.facets import UNKNOWN

#: task -> (facet, name of the positive class, its categories, name of the negative class, its categories)
STANDARD_TASKS = {
    "adenocarcinoma-vs-squamous": ("cancer_type", "Adenocarcinoma", ("Adenocarcinoma",), "Squamous cell", ("Squamous cell",)),
    "late-vs-early-stage": ("stage", "Stage III-IV", ("IIIA", "IIIB", "IV"), "Stage I-II", ("IA", "IB", "IIA", "IIB")),
}
#: task -> what the interface shows
STANDARD_TITLES = {key: f"{positive} vs. {negative}" for key, (_facet, positive, _names, negative, _others)
                   in STANDARD_TASKS.items()}
#: facets known before any diagnosis
CLINICAL_FACETS = ("sex", "race", "smoking")
_SIZE_WORDS = {"size", "diameter", "volume"}


@dataclass(frozen=True, eq=False)
class Task:
    """A question with two or more answers.

    Parameters
    ----------
    key, title : str
        Short name and what the interface shows.
    facet : str
        Key of the facet it is made from: never used as clinical data for it.
    classes : tuple of str
        Names of the answers; with two, the first is the positive one.
    labels : np.ndarray
        int16, shape (N,): index into `classes`, -1 for patients that are not asked (missing, or of another category).
    """

    key: str
    title: str
    facet: str
    classes: tuple[str, ...]
    labels: np.ndarray

    def problems(self) -> list[tuple[str, np.ndarray]]:
        """Binary problems as (positive class, bool labels of the patients that are asked): one, or one against the rest."""
        asked = self.labels[self.labels >= 0]
        if len(self.classes) == 2:
            return [(self.classes[0], asked == 0)]
        return [(name, asked == code) for code, name in enumerate(self.classes)]


def facet_task(facet: Facet) -> Task:
    """The task to tell a facet's categories apart; patients of category "Unknown" are not asked."""
    names = [name for name in facet.categories if name != UNKNOWN]
    place = np.array([names.index(name) if name in names else -1 for name in facet.categories], np.int16)
    return Task(facet.key, facet.title, facet.key, tuple(names), place[facet.codes])


def standard_task(key: str, cohort: Cohort) -> Task:
    """One of STANDARD_TASKS for a cohort, or the task of the facet of that name.

    Raises
    ------
    InputError
        The cohort has no such facet.
    """
    if key not in STANDARD_TASKS:
        if key not in cohort.facets:
            raise InputError(f"no task or facet {key!r}", source=cohort.name,
                             expected=f"one of {', '.join([*STANDARD_TASKS, *cohort.facets])}")
        return facet_task(cohort.facets[key])
    facet_key, positive, positive_names, negative, negative_names = STANDARD_TASKS[key]
    if facet_key not in cohort.facets:
        raise InputError(f"no facet {facet_key!r}, which task {key!r} needs", source=cohort.name,
                         expected="a patient table with it")
    facet = cohort.facets[facet_key]
    place = np.array([0 if name in positive_names else 1 if name in negative_names else -1 for name in facet.categories],
                     np.int16)
    return Task(key, STANDARD_TITLES[key], facet_key, (positive, negative), place[facet.codes])


def default_tasks(cohort: Cohort) -> list[Task]:
    """The standard tasks and sex, as far as the cohort has their facets and anybody with a known answer."""
    known = [key for key, (facet, *_) in STANDARD_TASKS.items() if facet in cohort.facets]
    tasks = [standard_task(key, cohort) for key in [*known, *(["sex"] if "sex" in cohort.facets else [])]]
    return [task for task in tasks if (task.labels >= 0).any()]


def tasks_of(cohort: Cohort, facets: Sequence[str]) -> list[str]:
    """Names of the tasks for some of a cohort's facets: the standard ones where a facet has one, else the facet itself."""
    standard = {facet: name for name, (facet, *_) in STANDARD_TASKS.items()}
    return [standard.get(key, key) for key in facets if key in cohort.facets]


def size_columns(cohort: Cohort) -> tuple[str, ...]:
    """Columns of the patient table that are a tumor's size: measured boxes, or numbers that are named so."""
    return tuple(name for name in map(str, cohort.patients)
                 if (name in ("box_longest_mm", "box_volume_ml") or set(words_of(name)) & _SIZE_WORDS)
                 and (numbers := as_numbers(cohort.patients[name])) is not None and not np.nanmin(numbers) < 0)


def clinical_features(cohort: Cohort, *, without: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """What is known without a model: age, sex, race, smoking, and the tumor's size where it was measured.

    A model that sees no more than the size should not be said to gain on clinical data.

    Parameters
    ----------
    cohort : Cohort
        The patients.
    without : str
        Facet key that is left out because it is asked for.

    Returns
    -------
    features : np.ndarray
        float64, shape (N, F): age in years (NaN when missing), the logarithm of sizes, then a column of 0 and 1 per category,
        "Unknown" included.
    names : tuple of str
        F column names such as ``sex=Male``.
    """
    columns, names = [], []
    if without != "age" and "age" in cohort.patients:
        columns.append(cohort.patients["age"].to_numpy(float))
        names.append("age")
    for name in size_columns(cohort):
        if name != without:
            columns.append(np.log(np.maximum(as_numbers(cohort.patients[name]), 1e-3)))
            names.append(f"log {name}")
    for key in CLINICAL_FACETS:
        if key != without and key in cohort.facets:
            facet = cohort.facets[key]
            columns += [(facet.codes == code).astype(float) for code in range(len(facet.categories))]
            names += [f"{key}={category}" for category in facet.categories]
    return np.column_stack(columns) if columns else np.empty((len(cohort.patients), 0)), tuple(names)
