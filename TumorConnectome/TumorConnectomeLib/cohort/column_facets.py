"""Facets from any column of a patient table: numbers as ordered bins, few-valued columns as categories."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .cohort import UNKNOWN, Facet
from .column_titles import note_of, title_of
from .column_values import as_numbers, as_texts, natural_order
from .numeric_bins import MOST_BINS, bin_names, bin_of, is_logarithmic, quantile_edges, round_edges

if TYPE_CHECKING:
    import pandas as pd

#: of more different texts than this the rare ones are joined
MOST_VALUES = 20
#: so many different whole numbers are a category each
MOST_WHOLE = 10
#: so many of the most frequent values are categories when others are joined, see `column_facet`
_KEPT_VALUES = 11
_OTHER = "Other values"


def column_facets(patients: pd.DataFrame, covered: Collection[str] = (), fewest: int = 2) -> dict[str, Facet]:
    """Facets of all columns of a patient table that make one, keyed by column.

    Parameters
    ----------
    patients : pandas.DataFrame
    covered : collection of str
        Columns that have a facet of their own already. UIDs never make one.
    fewest : int
        Different known values that a column needs; one value alone tells nobody apart.
    """
    made = {}
    for name in map(str, patients):
        if name not in covered and not name.endswith("UID"):
            facet = column_facet(name, patients[name], fewest=fewest)
            if facet is not None:
                made[name] = facet
    return made


def column_facet(name: str, column: pd.Series, *, fewest: int = 2, join_rare: bool = False) -> Facet | None:
    """The facet of one column, or None if it makes none.

    More than MOST_BINS different numbers (MOST_WHOLE whole ones) become bins at round numbers; fewer are ordered categories.
    Texts are categories in natural order; of more than MOST_VALUES the rare ones are joined.

    Parameters
    ----------
    name : str
        Column: the key of the facet.
    column : pandas.Series
        float64, NaN for missing; or texts with "" for missing, which are categories even if they are digits.
    fewest : int
        See `column_facets`.
    join_rare : bool
        Whether of more than MOST_VALUES texts the rare ones are joined even where nearly every patient has one of its own.
    """
    numbers = as_numbers(column) if column.dtype == float else None
    if numbers is not None:
        different = np.unique(numbers[~np.isnan(numbers)])
        if len(different) > (MOST_BINS if (different % 1 > 0).any() else MOST_WHOLE):
            return numeric_facet(name, title_of(name), numbers, note=note_of(name))
    texts = as_texts(column)
    values, counts = np.unique(np.array([text for text in texts if text], str), return_counts=True)
    if len(values) < fewest:
        return None
    note, joined = note_of(name), False
    if len(values) > MOST_VALUES:
        if not join_rare and _tells_everyone_apart(counts):
            return None
        kept = set(values[np.argsort(-counts, kind="stable")][:_KEPT_VALUES].tolist())
        rare, joined = len(values) - len(kept), True
        texts = np.array([text if not text or text in kept else _OTHER for text in texts], object)
        note = f"{note} The {rare} rarest of its {len(values)} values are joined.".strip()
    categories = sorted({text for text in texts if text}, key=lambda text: (text == _OTHER, natural_order(text)))
    facet = _categorical(name, texts, tuple(categories), ordered=numbers is not None)
    return replace(facet, note=note, joined=joined)


def why_no_facet(column: pd.Series) -> str:
    """Why a column makes no facet, to be read after its name."""
    known = [text for text in as_texts(column) if text]
    different = len(set(known))
    if different < 2:
        return "can not color: " + (f"all have the value {known[0][:40]!r}" if different else "it has no values")
    return f"can not color: it has {different} different values in {len(known)} patients"


def _tells_everyone_apart(counts):
    """Whether a column of many texts is a name or a date rather than a group: hardly a value occurs twice."""
    return 10 * int((counts > 1).sum()) < len(counts)


def numeric_facet(key: str, title: str, numbers: np.ndarray, note: str = "") -> Facet:
    """A facet of ordered bins at round numbers.

    Parameters
    ----------
    key, title, note : str
        See Facet.
    numbers : np.ndarray
        float64, shape (N,), NaN for missing; at least one known.
    """
    known = numbers[~np.isnan(numbers)]
    logarithmic = is_logarithmic(known)
    return _binned(key, title, numbers, round_edges(known, logarithmic), logarithmic, note)


def quantile_facet(facet: Facet) -> Facet:
    """The same numbers in four bins of about as many patients each; a facet without numbers as it is."""
    if facet.numbers is None:
        return facet
    edges = quantile_edges(facet.numbers[~np.isnan(facet.numbers)])
    binned = _binned(facet.key, facet.title, facet.numbers, edges, facet.logarithmic, facet.note)
    return replace(binned, title=f"{facet.title}, quartiles")


def _binned(key, title, numbers, edges, logarithmic, note):
    names, bins = bin_names(edges), bin_of(numbers, edges)
    categories = (*names, *((UNKNOWN,) if (bins < 0).any() else ()))
    codes = np.where(bins < 0, len(names), bins)
    rule = "A lower limit belongs to its bin, an upper one to the next; the last bin holds both."
    return Facet(key, title, categories, codes, True, f"{note} {rule}".strip(), numbers, edges, logarithmic)


def _categorical(key, texts, categories, ordered):
    missing = (texts == "").any()
    names = (*categories, *((UNKNOWN,) if missing and UNKNOWN not in categories else ()))
    place = {name: code for code, name in enumerate(names)}
    return Facet(key, title_of(key), names, [place[text or UNKNOWN] for text in texts], ordered, note_of(key))
