"""The result of a neighbor search as a folder of Parquet files: neighbors, layout and quantiles, without the vectors.

``manifest.json`` names the models and has the SHA-256 of every file; nothing else in the folder is read.
"""
from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable, Mapping

import numpy as np

from ..base.errors import InputError
from ..base.files import atomic_file, checked_name, sha256_of_file
from ..cohort.cohort import Cohort, MissingVectors
from ..cohort.facets import standard_facets
from ..cohort.row_rules import RowRule
from ..neighbors.distance_scale import DistanceScale
from ..neighbors.match import Match
from ..neighbors.neighbors import NeighborLists
from .analysis import ModelAnalysis
from .prepared import PreparedCohort, checked_analysis, cohort_state, state_of_record

MANIFEST = "manifest.json"
PATIENTS = "patients.parquet"
KIND, VERSION = "TumorConnectome neighbor result", 2
#: versions that can be read: the first has the cohort's state among the provenance
_READABLE = (1, VERSION)
_COLUMNS = {Match.MOST: ("nearest", "nearest_distance"), Match.LEAST: ("farthest", "farthest_distance")}


def is_result(path) -> bool:
    """Whether a path is a folder with the manifest of a result."""
    path = pathlib.Path(path)
    if not (path / MANIFEST).is_file():
        return False
    try:
        return json.loads((path / MANIFEST).read_text(encoding="utf-8")).get("kind") == KIND
    except (OSError, ValueError, AttributeError):
        return False


def write_lists(path, lists: Mapping[Match, tuple[np.ndarray, np.ndarray]]) -> None:
    """Write neighbors of consecutive patients: one row each, row numbers and distances as lists of k, nearest first."""
    import pyarrow

    columns = {}
    for match, names in _COLUMNS.items():
        for name, values, kind in zip(names, lists[match], (pyarrow.int32(), pyarrow.float64())):
            columns[name] = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(values.ravel(), kind), values.shape[1])
    _write(path, columns)


def write_layout(path, positions: np.ndarray) -> None:
    """Write the places (N, 2) of the patients."""
    _write(path, {"x": positions[:, 0], "y": positions[:, 1]})


def write_scale(path, scale: DistanceScale) -> None:
    """Write the quantiles of the distances."""
    shares, distances = scale.quantiles()
    _write(path, {"share": shares, "distance": distances})


def write_patients(path, patients) -> None:
    """Write the patient table (pandas.DataFrame with the PatientID as its index)."""
    texts = {str(name): column.to_numpy(float) if column.dtype == float else [str(value) for value in column]
             for name, column in patients.items()}
    _write(path, {"PatientID": [str(patient) for patient in patients.index], **texts})


def _write(path, columns):
    import pyarrow
    import pyarrow.parquet

    with atomic_file(path) as stream:
        pyarrow.parquet.write_table(pyarrow.table(columns), stream, compression="zstd")


def write_manifest(folder, cohort: Cohort, k: int, models: Mapping[str, Mapping[str, object]],
                   provenance: Mapping[str, object] | None = None):
    """Finish a result.

    Parameters
    ----------
    folder : path
        Where the other files are.
    cohort : Cohort
        Its name, state and provenance are kept.
    k : int
        Neighbors per patient and direction.
    models : mapping of str to mapping
        Model name to ``neighbors`` (file names in the order of the patients), ``layout`` and ``quantiles`` (a file name each;
        ``layout`` may be None).
    provenance : mapping, optional
        Instead of that of the cohort.
    """
    folder = pathlib.Path(folder)
    names = [PATIENTS, *(file for model in models.values() for file in _files_of(model))]
    manifest = {"kind": KIND, "version": VERSION, "name": cohort.name, "k": k, "models": models,
                "provenance": dict(cohort.provenance if provenance is None else provenance), "state": cohort_state(cohort),
                "sha256": {file: sha256_of_file(folder / file) for file in names}}
    with atomic_file(folder / MANIFEST, "w", encoding="utf-8") as stream:
        json.dump(manifest, stream, indent=1)


def _files_of(model) -> Iterable[str]:
    return [*model["neighbors"], *([model["layout"]] if model["layout"] is not None else []), model["quantiles"]]


def read_result(folder, report=lambda fraction, message="": None) -> PreparedCohort:
    """Read a result as a cohort with its analyses; every file is checked against the manifest.

    Raises
    ------
    InputError
        A file is missing, was changed, or does not fit the others; or the result is of another version.
    """
    folder = pathlib.Path(folder)
    manifest = _manifest(folder)
    try:
        files = [PATIENTS, *(file for model in manifest["models"].values() for file in _files_of(model))]
        for number, file in enumerate(files):
            report(0.5 * number / len(files), f"Checking {file}")
            if sha256_of_file(folder / checked_name(file, source=folder)) != manifest["sha256"][file]:
                raise InputError("the file was changed after it was written", source=folder / file,
                                 expected=f"the SHA-256 in {MANIFEST}")
        report(0.5, "Reading the neighbors")
        patients = _patients(folder)
        analyses = {str(model): _analysis(folder, entry, len(patients)) for model, entry in manifest["models"].items()}
        return PreparedCohort(Cohort(str(manifest["name"]), patients, MissingVectors(analyses), standard_facets(patients),
                                     provenance=manifest["provenance"], **_state(manifest)), analyses)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError("the file is missing", source=error.filename, expected=f"all files that {MANIFEST} names") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OSError) as error:
        raise InputError(f"incomplete or inconsistent ({str(error)[:120]})", source=folder, expected=f"a {KIND}") from None


def read_indices(folder, names: Iterable[str], match: Match) -> np.ndarray:
    """Only the row numbers of neighbors, from files of `write_lists`: int32, shape (N, k)."""
    return np.concatenate([_lists(_read(pathlib.Path(folder) / name), _COLUMNS[match][0]) for name in names])


def _manifest(folder):
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError("not readable", source=path, expected=f"the JSON file of a {KIND}") from None
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise InputError("another kind of file", source=path, expected=f"the JSON file of a {KIND}")
    if manifest.get("version") not in _READABLE:
        raise InputError(f"version {manifest.get('version')}", source=path, expected=f"version {VERSION}")
    return manifest


def _state(manifest):
    if manifest["version"] == VERSION:
        return state_of_record(manifest["state"])
    told = manifest["provenance"]
    return {"synthetic": bool(told.get("synthetic", False)), "row_rule": RowRule(told.get("row_rule", RowRule.SINGLE.value)),
            "clinical": str(told.get("clinical", ""))}


def _read(path):
    import pyarrow
    import pyarrow.parquet

    try:
        return pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"not readable as Parquet ({str(error).splitlines()[0][:120]})", source=path) from None


def _patients(folder):
    import pandas as pd

    table = _read(folder / PATIENTS)
    columns = {name: table.column(name).to_numpy() for name in table.column_names if name != "PatientID"}
    index = pd.Index(table.column("PatientID").to_pylist(), name="PatientID", dtype=object)
    return pd.DataFrame({name: values if values.dtype == float else pd.Series(values, index, dtype=object)
                         for name, values in columns.items()}, index=index)


def _analysis(folder, entry, count):
    if entry["layout"] is None:
        raise InputError("the result has no layout", source=folder, expected="one written without --no-layout")
    shares, distances = (_read(folder / entry["quantiles"]).column(name).to_numpy() for name in ("share", "distance"))
    if not (np.isfinite(distances).all() and (np.diff(shares) > 0).all() and (np.diff(distances) >= 0).all()):
        raise ValueError("the quantiles do not ascend")
    scale = DistanceScale(distances, shares)
    tables = [_read(folder / file) for file in entry["neighbors"]]
    lists = {}
    for match, names in _COLUMNS.items():
        indices, found = (np.concatenate([_lists(table, name) for table in tables]) for name in names)
        if not np.isfinite(found).all():
            raise ValueError("a distance is not finite")
        lists[match] = NeighborLists(indices, found, scale.percentile(found))
    layout = _read(folder / entry["layout"])
    positions = np.column_stack([layout.column(name).to_numpy() for name in ("x", "y")])
    return checked_analysis(ModelAnalysis(lists, positions), count)


def _lists(table, name):
    column = table.column(name).combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), column.type.list_size)
