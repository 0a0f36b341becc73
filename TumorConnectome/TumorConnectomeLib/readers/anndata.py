"""Reads AnnData files (``.h5ad``): `obs` has the patients, `obsm` and `X` their vectors; h5py is needed only then.

The form: https://anndata.readthedocs.io/en/latest/fileformat-prose.html
"""
from __future__ import annotations

import contextlib
import pathlib
from dataclasses import replace

import numpy as np

from ..base.errors import InputError, PackageMissing
from ..cohort.words import as_text
from .embedding_file import EmbeddingFile, checked_ids, checked_size, empty_vectors, refuse_pointer, with_vectors
from .recognition import (
    ROW_NUMBER,
    ImportChoice,
    Recognition,
    chosen_groups,
    cohort_columns,
    ids_of_texts,
    recognize,
    row_numbers,
)

H5AD = ".h5ad"
#: name of the matrix that is no part of `obsm`
MATRIX = "X"


@contextlib.contextmanager
def _opened(path):
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise PackageMissing(f"{pathlib.Path(path).name}: AnnData files need the Python package h5py, which is not installed",
                             "h5py") from error
    try:
        with open(path, "rb") as stream:
            refuse_pointer(stream.read(64), path)
        with h5py.File(path, "r") as file:
            _refuse_other_files(file, path)
            if "obs" not in file:
                raise InputError("it has no 'obs'", source=path, expected="an AnnData file")
            if not isinstance(file["obs"], h5py.Group):
                raise InputError("its 'obs' is one table, as before anndata 0.7", source=path,
                                 expected="a file that a later anndata has written")
            yield file
    except InputError:
        raise
    except Exception as error:                          # a damaged file can raise nearly any type
        raise InputError(f"not readable ({type(error).__name__}: {str(error)[:120]})", source=path,
                         expected="a file that anndata has written") from None


def _refuse_other_files(file, path):
    """InputError when a part of the file stands in another one: HDF5 would open whatever path it names."""
    import h5py

    def check(name, node):
        elsewhere = isinstance(node, h5py.Dataset) and (node.external or node.is_virtual)
        links = [node.get(inner, getlink=True) for inner in node] if isinstance(node, h5py.Group) else []
        if elsewhere or any(isinstance(link, h5py.ExternalLink) for link in links):
            raise InputError(f"its part {name[:60]!r} stands in another file", source=path, expected="all in one file")

    check("/", file)
    file.visititems(check)


def _vectors(file):
    """Name -> node of every matrix with one row per patient, and its shape."""
    found = dict(file["obsm"].items()) if "obsm" in file else {}
    if "X" in file:
        found.setdefault(MATRIX, file["X"])
    shapes = {}
    for name, node in found.items():
        shape = tuple(int(number) for number in (node.attrs["shape"] if "shape" in node.attrs else getattr(node, "shape", ())))
        if hasattr(node, "keys") and "_index" in node.attrs:    # a data frame
            index, names = _columns(node)
            shape = (len(_values(node, index)), len(names))
        if len(shape) == 2 and shape[1] > 1:
            shapes[name] = node, shape
    return shapes


def _index_name(obs):
    name = obs.attrs.get("_index", "_index")
    return name.decode() if isinstance(name, bytes) else str(name)


def _columns(obs):
    """Names of the index ("" without one) and of the other columns of `obs`, in order."""
    index = _index_name(obs)
    index = index if index in obs else ""
    order = [name.decode() if isinstance(name, bytes) else str(name) for name in obs.attrs.get("column-order", ())]
    return index, [name for name in (order or obs) if name != index and name in obs and _is_column(obs[name])]


def _is_column(node):
    """Whether a part of `obs` has one value in each row, in a form that is known."""
    return bool({"codes", "mask"} & set(node)) if hasattr(node, "keys") else len(node.shape) == 1 and node.dtype.names is None


def _unknown(obs):
    """Names of parts of `obs` that are no columns."""
    return [name for name in obs if name != "__categories" and not _is_column(obs[name])]


def _values(obs, name, stop=None):
    """A column: float64 with NaN for missing, or texts with "" for missing."""
    node, part = obs[name], slice(None, stop)
    if hasattr(node, "keys") and "codes" in node:       # categorical
        categories = [as_text(value) for value in _decoded(node["categories"][:])]
        return np.array([categories[code] if 0 <= code < len(categories) else "" for code in node["codes"][part]], object)
    if hasattr(node, "keys") and "mask" in node:        # nullable numbers, booleans or texts
        values, missing = node["values"][part], node["mask"][part].astype(bool)
        if values.dtype.kind in "fiu":
            return np.where(missing, np.nan, values.astype(np.float64))
        return np.array(["" if gone else as_text(value) for value, gone in zip(_decoded(values), missing)], object)
    values = node[part]
    if "__categories" in obs and name in obs["__categories"]:           # anndata before 0.8
        categories = [as_text(value) for value in _decoded(obs["__categories"][name][:])]
        return np.array([categories[code] if 0 <= code < len(categories) else "" for code in values], object)
    if values.dtype.kind in "fiu":
        return values.astype(np.float64)
    return np.array([as_text(value) for value in _decoded(values)], object)


def _decoded(values):
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in values.tolist()]


def recognize_anndata(path) -> tuple[Recognition, dict[str, list[str]]]:
    """What is in a file, and some values of each column of `obs`."""
    with _opened(path) as file:
        shapes = {name: shape[1] for name, (_node, shape) in _vectors(file).items()}
        if not shapes:
            raise InputError("neither 'obsm' nor 'X' has vectors", source=path, expected="one row per patient")
        index, names = _columns(file["obs"])
        named = [name for name in (index, *names) if name]
        sample = {name: [as_text(value) for value in _values(file["obs"], name, 60)] for name in named}
    found = recognize(named, sample, shapes, [])
    running = not index or sample[index] == [str(number) for number in range(len(sample[index]))]
    if not running and (found.questions or found.id_column != index):   # the index names the observations
        found = replace(found, id_column=index, others=tuple(names), id_questions=())
    return found, sample


def read_anndata(path, choice: ImportChoice, report=lambda fraction, message="": None) -> EmbeddingFile:
    """Read the chosen matrices and columns of an AnnData file."""
    path = pathlib.Path(path)
    recognition, _sample = recognize_anndata(path)
    chosen_groups(recognition, choice, path)
    report(0.0, f"Reading {path.name}")
    with _opened(path) as file:
        matrices = _vectors(file)
        models = {choice.model_of(name): _dense(*matrices[name], path) for name in choice.prefixes}
        count = len(next(iter(models.values())))
        values = row_numbers(count) if choice.id_column == ROW_NUMBER else _values(file["obs"], choice.id_column)
        columns = {ours: _values(file["obs"], name) for name, ours in cohort_columns(choice.facets).items()}
        unknown = _unknown(file["obs"])
    ids, notes = ids_of_texts(values, choice.id_column)
    ids = checked_ids(ids, path, range(1, count + 1), choice.id_column)
    if any(len(found) != len(ids) for found in (*models.values(), *columns.values())):
        raise InputError("its parts have different numbers of rows", source=path, expected=f"{len(ids)}, as 'obs' has")
    notes += [f"Not used of 'obs', because they are no columns: {', '.join(unknown)[:300]}."] if unknown else []
    left = [name for name in recognition.small if name not in choice.prefixes]
    notes += [f"Not used as models, because they are places or small: {', '.join(left)}."] if left else []
    return with_vectors(path, ids, models, {**columns, **choice.links(values)}, range(1, count + 1), choice.id_column,
                        {choice.model_of(name): lambda i, name=name: f"{name}[{i}]" for name in choice.prefixes},
                        notes=notes, categories=choice.cohort_categories)


def _dense(node, shape, path):
    """A matrix as an array; a sparse one (rows or columns compressed) is filled up with zeros."""
    if not hasattr(node, "keys"):
        return node[:]
    if not {"data", "indices", "indptr"} <= set(node):  # a data frame in obsm
        return np.column_stack([node[name][:] for name in _columns(node)[1]])
    data, indices, bounds = node["data"][:], node["indices"][:], node["indptr"][:]
    kind = node.attrs.get("encoding-type", "csr_matrix")
    by_row = (kind.decode() if isinstance(kind, bytes) else kind) != "csc_matrix"
    checked_size(shape[0] * shape[1] * data.itemsize, 100 * data.nbytes, path)
    made = empty_vectors(shape, data.dtype if data.dtype.kind == "f" else np.float64, path)
    made[:] = 0
    major = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    made[(major, indices) if by_row else (indices, major)] = data
    return made
