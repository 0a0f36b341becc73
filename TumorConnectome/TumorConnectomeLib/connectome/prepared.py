"""A cohort with its analysis in one cache file, so that the second start is instant."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.arrays_file import read_arrays, write_arrays
from ..base.errors import InputError
from ..cohort.cohort import Cohort, Facet, MissingVectors
from ..cohort.row_rules import RowRule
from ..neighbors.match import Match
from ..neighbors.neighbors import NeighborLists
from .analysis import ModelAnalysis

_KIND = "TumorConnectome prepared cohort"
#: part of the cache key: raise it when the file's form or any algorithm behind its content changes
VERSION = 7
_PARTS = ("indices", "distances", "percentiles")


@dataclass(frozen=True, eq=False)
class PreparedCohort:
    """A cohort and, for each of its models, neighbors and layout."""

    cohort: Cohort
    analyses: dict[str, ModelAnalysis]


def write_prepared(path, prepared: PreparedCohort) -> None:
    """Write a prepared cohort as ``.npz`` without pickle, in one step."""
    cohort = prepared.cohort
    arrays = {"patient_ids": np.array(cohort.patient_ids)}
    for number, name in enumerate(cohort.patients):
        column = cohort.patients[name]
        arrays[f"column_{number}"] = column.to_numpy(float) if column.dtype == float else np.array([str(v) for v in column])
    for number, facet in enumerate(cohort.facets.values()):
        arrays[f"facet_{number}"] = facet.codes
        if facet.numbers is not None:
            arrays[f"facet_numbers_{number}"] = facet.numbers
    for number, model in enumerate(cohort.models):
        if cohort.has_vectors:
            arrays[f"embedding_{number}"] = cohort.embeddings[model]
        arrays |= analysis_arrays(prepared.analyses[model], number)
    facets = [{"key": f.key, "title": f.title, "categories": list(f.categories), "ordered": f.ordered, "note": f.note,
               "edges": list(f.edges), "logarithmic": f.logarithmic, "joined": f.joined}
              for f in cohort.facets.values()]
    header = {"version": VERSION, "name": cohort.name, "models": list(cohort.models), "facets": facets,
              "columns": [str(name) for name in cohort.patients], "vectors": cohort.has_vectors,
              "provenance": dict(cohort.provenance), "state": cohort_state(cohort)}
    write_arrays(path, _KIND, header, arrays)


def read_prepared(path) -> PreparedCohort:
    """Read a file of `write_prepared`; InputError when it is damaged, incomplete or of another version."""
    header, arrays = read_arrays(path, _KIND)
    if header.get("version") != VERSION:
        raise InputError(f"version {header.get('version')}", source=path, expected=f"version {VERSION}")
    try:
        return _from_arrays(header, arrays)
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise InputError(f"incomplete or inconsistent ({error})", source=path, expected=f"a {_KIND} file") from None


def _from_arrays(header, arrays):
    import pandas as pd

    columns = {}
    for number, name in enumerate(header["columns"]):
        values = arrays[f"column_{number}"]
        if values.shape != arrays["patient_ids"].shape:
            raise ValueError(f"column {name!r} does not fit the patients")
        columns[name] = values if values.dtype == float else pd.Series(values.tolist(), dtype=object)
    patients = pd.DataFrame(columns, index=range(len(arrays["patient_ids"])))
    patients.index = pd.Index(arrays["patient_ids"].tolist(), name="PatientID", dtype=object)
    facets = {f["key"]: Facet(f["key"], f["title"], tuple(f["categories"]), arrays[f"facet_{number}"], f["ordered"], f["note"],
                              arrays.get(f"facet_numbers_{number}"), tuple(f["edges"]), f["logarithmic"], f["joined"])
              for number, f in enumerate(header["facets"])}
    analyses = {model: analysis_of_arrays(arrays, number, len(patients)) for number, model in enumerate(header["models"])}
    embeddings = MissingVectors(header["models"])
    if header["vectors"]:
        embeddings = {model: arrays[f"embedding_{number}"] for number, model in enumerate(header["models"])}
    return PreparedCohort(Cohort(header["name"], patients, embeddings, facets, header["provenance"],
                                 **state_of_record(header["state"])), analyses)


def cohort_state(cohort: Cohort) -> dict:
    """What a cohort is besides its arrays and its provenance, as JSON can hold it; `state_of_record` is the inverse."""
    return {"synthetic": cohort.synthetic, "row_rule": cohort.row_rule.value, "clinical": cohort.clinical,
            "column_notes": {name: list(told) for name, told in cohort.column_notes.items()}}


def state_of_record(record: dict) -> dict:
    """Arguments of Cohort from what `cohort_state` wrote; KeyError, TypeError or ValueError if it is something else."""
    return {"synthetic": bool(record["synthetic"]), "row_rule": RowRule(record["row_rule"]),
            "clinical": str(record["clinical"]),
            "column_notes": {str(name): (str(title), str(note)) for name, (title, note) in record["column_notes"].items()}}


def analysis_arrays(analysis: ModelAnalysis, number: int) -> dict[str, np.ndarray]:
    """The arrays of an analysis, by names that end in its number in the file."""
    arrays = {f"positions_{number}": analysis.positions}
    for match, lists in analysis.neighbors.items():
        for part in _PARTS:
            arrays[f"{match.value}_{part}_{number}"] = getattr(lists, part)
    return arrays


def analysis_of_arrays(arrays: dict[str, np.ndarray], number: int, count: int) -> ModelAnalysis:
    """The analysis of `count` patients that `analysis_arrays` wrote; KeyError or ValueError if the arrays do not fit."""
    lists = {match: NeighborLists(*(arrays[f"{match.value}_{part}_{number}"] for part in _PARTS)) for match in Match}
    return checked_analysis(ModelAnalysis(lists, arrays[f"positions_{number}"]), count)


def checked_analysis(analysis: ModelAnalysis, count: int) -> ModelAnalysis:
    """The analysis of `count` patients, if its shapes and indices fit together (else ValueError): nobody checks again."""
    width = analysis.largest_k
    for lists in analysis.neighbors.values():
        shapes = {lists.indices.shape, lists.distances.shape, lists.percentiles.shape}
        if shapes != {(count, width)} or not ((lists.indices >= 0) & (lists.indices < count)).all():
            raise ValueError("neighbor lists do not fit the patients")
    if analysis.positions.shape != (count, 2) or not np.isfinite(analysis.positions).all():
        raise ValueError("positions do not fit the patients")
    return analysis
