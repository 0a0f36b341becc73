"""A map of one model with its quality in a cache file: a worker process makes it, the module reads it."""
from __future__ import annotations

import hashlib
import pathlib

import numpy as np

from ..base.arrays_file import read_arrays, write_arrays
from ..base.errors import InputError
from .map_quality import MapQuality

_KIND = "TumorConnectome map"
#: part of the cache key: raise it when the file's form or any algorithm behind its content changes
VERSION = 1


def map_path(cache, prepared, repair: str, model: str, kind: str) -> pathlib.Path:
    """Where the cache has the map of a model of a prepared cohort's file: repair, model and kind of map by name."""
    name = hashlib.sha256("\0".join((pathlib.Path(prepared).stem, repair, model, kind)).encode()).hexdigest()
    return pathlib.Path(cache) / "maps" / f"{name}-v{VERSION}.npz"


def write_map(path, positions: np.ndarray, quality: MapQuality) -> None:
    """Write positions (N, 2) and their quality as ``.npz`` without pickle, in one step."""
    figures = np.array([quality.trustworthiness, quality.continuity, quality.recall])
    write_arrays(path, _KIND, {"version": VERSION, "k": quality.k}, {"positions": positions, "quality": figures})


def read_map(path, count: int) -> tuple[np.ndarray, MapQuality]:
    """Read positions of `count` patients and their quality from a file of `write_map`.

    Raises
    ------
    InputError
        The file is missing, damaged, incomplete, of another version, or of another number of patients.
    """
    header, arrays = read_arrays(path, _KIND)
    try:
        positions, quality = np.asarray(arrays["positions"], float), MapQuality(int(header["k"]), *arrays["quality"].tolist())
        if header["version"] != VERSION or positions.shape != (count, 2) or not np.isfinite(positions).all():
            raise ValueError(f"version {header['version']}, positions of shape {positions.shape}")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"incomplete or inconsistent ({error})", source=path, expected=f"a {_KIND} file") from None
    return positions, quality
