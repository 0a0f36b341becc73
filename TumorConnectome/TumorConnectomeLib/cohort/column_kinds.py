"""Columns of a patient table that are no labels: row numbers, coordinates, UIDs, and times that are censored.

They stay in the table, and can be asked for by name. But by default nobody wants to know whether neighbors have similar row
numbers (in a file sorted by diagnosis they do), and a time until an event that most patients have not had yet can not be cut
into bins: who was followed for two years and who died after two years would be the same. See `evaluation.survival` for those.
"""
from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from .column_values import as_numbers, as_texts

if TYPE_CHECKING:
    import pandas as pd

_ROW_NUMBER = re.compile(r"(unnamed_?\d*|index|idx|row|row_?(number|num|no|nr|id|index)|number|num|nr|no|record|order|seq|"
                         r"record_?(id|no|number)|case_?(number|no|id)|sequence|level_0|id)$")
_COORDINATE = re.compile(
    r"((coords?|coordinates?|cent(er|re)|centroid|com|pos|position|loc|location|bbox|box|origin|voxel|seed|point|tumou?r|lesion|"
    r"nodule|world|image|img|start|end|min|max|lps|ras)_?)*([xyzijk]|(coord|coordinate|pos|position|index)_?[xyzijk])"
    r"_?((mm|px|pix|pixel|vox|voxel|lps|ras|world|min|max|start|end|center|index|idx|coord|coordinate|pos|position|[12])_?)*$"
    r"|(coords?|coordinates?|centroid|center|centre|bbox|box|bounding_box|position|origin|umap|t_?sne|phate)_?\d$"
    r"|slice_?(index|idx|number|num|no|nr|location|pos|position)$|instance_?number$")
_UID = re.compile(r"\d+(\.\d+){3,}$")
_TIME = {"time", "days", "day", "weeks", "months", "month", "years", "duration", "survival", "os", "pfs", "dfs", "rfs", "efs",
         "followup", "fup", "fu", "ttp", "tte", "ttd"}
_EVENT = {"event", "status", "death", "dead", "died", "deceased", "censor", "censored", "censoring", "vital", "progression",
          "progressed", "relapse", "recurrence", "recurred", "outcome", "observed"}
#: words that make another column of it
_ANOTHER = {"pack", "smoking", "smoked", "smoker", "smoke", "quit", "cigarette", "cigarettes", "age", "scan", "slice",
            "exposure", "acquisition", "exam", "sex", "node", "nodal"}
#: words of an event column -> whether the event happened
_HAPPENED = {"1": True, "0": False, "1.0": True, "0.0": False, "yes": True, "no": False, "true": True, "false": False,
             "y": True, "n": False, "dead": True, "alive": False, "deceased": True, "living": False, "died": True,
             "event": True, "censored": False, "none": False, "progressed": True, "stable": False, "relapse": True,
             "recurrence": True, "no event": False}
#: fewer different values in a row are not taken for a count of rows
_FEWEST_ROWS = 10


def words_of(name: str) -> list[str]:
    """The words of a column's name, in lower case: "coordX", "coord_x" and "Coord X" are the same."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.strip())
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]


def no_label(name: str, column: pd.Series, times: set[str] | frozenset[str] = frozenset()) -> str:
    """Why a column is no label by default: "row number", "coordinate", "UID", "censored time"; "" when it may be one.

    Parameters
    ----------
    name : str
    column : pandas.Series
    times : set of str
        Columns of censored times, see `survival_columns`.
    """
    if name in times:
        return "censored time"
    joined = "_".join(words_of(name))
    if joined.endswith("uid"):
        return "UID"
    if _COORDINATE.match(joined):
        return "coordinate"
    numbers = as_numbers(column)
    if numbers is not None:
        return "row number" if _ROW_NUMBER.match(joined) and _all_different(numbers) or _counts_rows(numbers) else ""
    texts = [text for text in as_texts(column) if text]
    return "UID" if texts and all(_UID.match(text) for text in texts) else ""


def _all_different(numbers):
    known = numbers[~np.isnan(numbers)]
    return len(known) > 1 and len(np.unique(known)) == len(known)


def _counts_rows(numbers):
    """Whether these are 0, 1, 2, ... (or from 1) in any order, without a gap."""
    return (len(numbers) >= _FEWEST_ROWS and not np.isnan(numbers).any() and numbers.min() in (0, 1)
            and np.array_equal(np.sort(numbers), numbers.min() + np.arange(len(numbers))))


def survival_columns(patients: pd.DataFrame) -> list[tuple[str, str]]:
    """(time, event) columns that belong together: a time of at least two positive values, and whether the event happened.

    They are recognized by the words of their names; where several event columns fit, the one that shares most words with the
    time's name is taken.
    """
    events = [(name, words) for name in map(str, patients) if (words := set(words_of(name))) & _EVENT and not words & _ANOTHER
              and events_of(patients[name]) is not None]
    found = []
    for name in map(str, patients):
        words = set(words_of(name))
        if not words & _TIME or words & _ANOTHER or any(name == event for event, _words in events):
            continue
        numbers = as_numbers(patients[name])
        if numbers is None or not events or (known := numbers[~np.isnan(numbers)]).min() < 0 or len(np.unique(known)) < 5:
            continue
        event = max(events, key=lambda one: len(one[1] & words))[0]
        found.append((name, event))
    return found


def events_of(column: pd.Series) -> np.ndarray | None:
    """Whether the event happened: float64 0, 1, NaN where missing, shape (N,); None when the column is not of that kind."""
    texts = [str(text).strip().lower() for text in as_texts(column)]
    known = {text for text in texts if text}
    if not known or not known <= set(_HAPPENED) or len({_HAPPENED[text] for text in known}) < 2:
        return None
    happened = np.array([float(_HAPPENED[text]) if text else np.nan for text in texts])
    if {"censor", "censored", "censoring"} & set(words_of(str(column.name))):
        return 1.0 - happened                           # 1 says that the time is censored
    return happened
