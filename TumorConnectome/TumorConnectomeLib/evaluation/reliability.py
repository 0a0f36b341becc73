"""Reliability curves: predicted probability against the share that came true, with an interval for every bin.

The interval is Wilson's score interval (J Am Stat Assoc 1927;22:209) of the patients in a bin, each counted once however
often the cross-validation was repeated.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .probes import BOTH, CLINICAL, EMBEDDING

#: one row per probe, class and bin that has patients; `patients`: in the bin, mean over the repeats
COLUMNS = ("task", "model", "features", "probe", "class", "bin", "patients", "predicted", "observed", "observed_ci_low",
           "observed_ci_high")
_NORMAL_QUANTILE = 1.959963984540054


@dataclass(frozen=True)
class Curve:
    """A reliability curve.

    Parameters
    ----------
    name : str
        What it is of.
    points : tuple of (float, float, float, float, float)
        Mean prediction, observed share, its lower and upper limit (each 0..1), and patients, per bin from low to high.
    """

    name: str
    points: tuple[tuple[float, float, float, float, float], ...]


def wilson_interval(share: float, count: float) -> tuple[float, float]:
    """95 % score interval of a share of `count` > 0 observations."""
    squared = _NORMAL_QUANTILE ** 2
    center = (share + squared / (2 * count)) / (1 + squared / count)
    half = _NORMAL_QUANTILE * math.sqrt(share * (1 - share) / count + squared / (4 * count ** 2)) / (1 + squared / count)
    return max(0.0, center - half), min(1.0, center + half)


def reliability_rows(records: Sequence[Mapping], reliability: Sequence[Sequence[Mapping]]) -> list[tuple]:
    """Rows with the columns COLUMNS from what the worker ``probes`` returns: its table as records, and its bins."""
    rows = []
    for record, classes in zip(records, reliability):
        for one in classes:
            repeats = sum(one["counts"]) / record["n"]
            for number, (count, predicted, observed) in enumerate(zip(one["counts"], one["predicted"], one["observed"])):
                if count:
                    patients = count / repeats
                    rows.append((record["task"], record["model"], record["features"], record["probe"], one["class"], number,
                                 patients, predicted, observed, *wilson_interval(observed, patients)))
    return rows


def curves_of(records: Sequence[Mapping], task: str, model: str) -> tuple[str, tuple[Curve, ...]]:
    """The class, and its curves by the logistic probe: of a model's embedding, of clinical data alone, and of both.

    Parameters
    ----------
    records : sequence of mapping
        Rows with the columns COLUMNS.
    task, model : str
        Only the first class of a task with several is taken. Without a model there is the curve of clinical data only.
    """
    mine = [record for record in records if record["task"] == task and record["probe"] == "logistic"]
    name = mine[0]["class"] if mine else ""
    curves = []
    for title, features, of in ((model, EMBEDDING, model), ("Clinical data alone", CLINICAL, ""),
                                (f"{model} + clinical data", BOTH, model)):
        points = tuple((record["predicted"], record["observed"], record["observed_ci_low"], record["observed_ci_high"],
                        record["patients"]) for record in mine
                       if (record["features"], record["model"], record["class"]) == (features, of, name))
        if points:
            curves.append(Curve(title, points))
    return name, tuple(curves)
