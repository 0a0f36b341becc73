"""Derived analyses (see `derived`) in a cache file: a worker process makes them, the module reads them."""
from __future__ import annotations

from collections.abc import Mapping

from ..base.arrays_file import read_arrays, write_arrays
from ..base.errors import InputError
from .analysis import ModelAnalysis
from .prepared import analysis_arrays, analysis_of_arrays

_KIND = "TumorConnectome derived analyses"
#: part of the cache key: raise it when the file's form or any algorithm behind its content changes
VERSION = 1


def write_derived(path, analyses: Mapping[str, ModelAnalysis]) -> None:
    """Write the analyses of one cohort by name as ``.npz`` without pickle, in one step."""
    arrays = {}
    for number, analysis in enumerate(analyses.values()):
        arrays |= analysis_arrays(analysis, number)
    write_arrays(path, _KIND, {"version": VERSION, "models": list(analyses)}, arrays)


def read_derived(path, count: int) -> dict[str, ModelAnalysis]:
    """Read the analyses of `count` patients from a file of `write_derived`.

    Raises
    ------
    InputError
        The file is missing, damaged, incomplete, of another version, or of another number of patients.
    """
    header, arrays = read_arrays(path, _KIND)
    if header.get("version") != VERSION:
        raise InputError(f"version {header.get('version')}", source=path, expected=f"version {VERSION}")
    try:
        return {str(model): analysis_of_arrays(arrays, number, count) for number, model in enumerate(header["models"])}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"incomplete or inconsistent ({error})", source=path, expected=f"a {_KIND} file") from None
