"""A cohort from files of which a person names the id column, the feature columns and the categories."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from ..cohort.row_rules import RowRule
from .own_cohort import previews, undecided
from .recognition import ROW_NUMBER, ImportChoice
from .sources import published_folder, read_data


def read_named(paths, report=lambda fraction, message="": None, rule: RowRule = RowRule.SINGLE, *, id_column: str | None = None,
               feature_prefix: str | None = None, categories: Sequence[str] = ()) -> Cohort:
    """Read a folder of published files, or a user's own files with the columns that are named.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        See `sources.read_data`.
    report : callable
        Called with the fraction done and a text.
    rule : RowRule
        What becomes of patients with several rows.
    id_column, feature_prefix : str, optional
        Column of the patient ids, and what stands before the numbers of the feature columns, where these are not clear.
    categories : sequence of str
        Columns whose numbers are names of classes, not amounts.

    Raises
    ------
    InputError
        No file has a column of that name, or there is nothing to be named; else as `sources.read_data`.
    """
    if published_folder(paths) is None:
        return read_data(paths, report, rule, chosen_by_name(paths, id_column, feature_prefix, categories))
    # published files have no columns that anybody could choose
    for what, value in (("the id column", id_column), ("the feature prefix", feature_prefix), ("categories in", categories)):
        if value and value != "PatientID":
            raise InputError(f"{what} {value if isinstance(value, str) else value[0]!r} is named", source=paths[0],
                             expected="files of one's own; in published files nothing is to be chosen")
    return read_data(paths, report, rule)


def chosen_by_name(paths, id_column: str | None, prefix: str | None, categories: Sequence[str]) -> Mapping[str, ImportChoice]:
    """How files are read with these names of columns, by path; InputError for a name that no file has."""
    if not id_column and prefix is None and not categories:
        return {}
    found = previews(paths)
    id_column = next((named for one in found if (named := one.named(id_column)) in one.columns), id_column)
    categories = [next((named for one in found if (named := one.named(name)) in one.columns), name) for name in categories]
    _refuse_unknown("column", id_column, [name for one in found for name in one.columns], paths)
    groups = [group.prefix for one in found for group in one.recognition.groups]
    _refuse_unknown("feature columns", prefix, groups, paths)
    for name in categories:
        _refuse_unknown("column", name, [name for one in found for name in one.columns if name != ROW_NUMBER], paths)
    for one in found:
        for question in one.undecided(id_column, prefix):
            raise undecided(one, question)
    return {one.path: one.chosen_by_name(id_column, prefix, categories) for one in found}


def _refuse_unknown(what, name, possible, paths):
    if name is not None and name not in possible:
        some = ", ".join(map(repr, dict.fromkeys(possible)))
        raise InputError(f"no file has {'the' if what == 'feature columns' else 'a'} {what} {name!r}", source=paths[0],
                         expected=f"one of {some[:300]}" if some else "a file with columns")
