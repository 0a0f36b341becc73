"""Reads numpy files: ``.npz`` with ids in it, or ``.npz`` and ``.npy`` beside a table of the same rows. Never pickles."""
from __future__ import annotations

import math
import pathlib
import zipfile
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..base.files import visible_files
from .delimited import read_delimited, recognize_delimited
from .delimited_form import form_of
from .embedding_file import EmbeddingFile, checked_ids, checked_size, checked_vectors
from .patient_table import as_text
from .recognition import FeatureGroup, ImportChoice, Recognition, cohort_column, recognize

_EXPECTED = "plain numbers or texts; save it again without Python objects"
TABLES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class ArrayHeader:
    """What an array says about itself."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def is_embedding(self) -> bool:
        """Whether it can be one vector per row."""
        return len(self.shape) == 2 and self.dtype.kind in "fiu" and self.shape[1] > 0


def headers_of(path) -> dict[str, ArrayHeader]:
    """The arrays of a ``.npz`` or ``.npy`` file, read from their headers alone.

    Raises
    ------
    InputError
        The file is damaged, an array holds Python objects (they could run code), or declares another size than it has.
    """
    path = pathlib.Path(path)
    try:
        if path.suffix.lower() == ".npy":
            with open(path, "rb") as stream:
                return {path.stem: _header(stream, path.stem, path.stat().st_size, path)}
        with zipfile.ZipFile(path) as archive:
            headers = {}
            for info in archive.infolist():
                name = info.filename.removesuffix(".npy")
                if name in headers:
                    raise InputError(f"array {name[:60]!r} stands in it twice", source=path, expected="different names")
                checked_size(info.file_size, info.compress_size, path)
                with archive.open(info) as stream:
                    headers[name] = _header(stream, name, info.file_size, path)
            return headers
    except InputError:
        raise
    except Exception as error:                          # a damaged archive can raise nearly any type
        raise InputError(f"not readable ({type(error).__name__}: {str(error)[:120]})", source=path,
                         expected="a file that numpy.save or numpy.savez has written") from None


def _header(stream, name, size, path):
    version = np.lib.format.read_magic(stream)
    reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if reader is None:
        raise InputError(f"array {name[:60]!r} is in version {version} of numpy's format", source=path,
                         expected="version 1.0 or 2.0")
    shape, _fortran, dtype = reader(stream)
    if dtype.hasobject or dtype.fields is not None:
        raise InputError(f"array {name[:60]!r} holds {'Python objects' if dtype.hasobject else 'records'}", source=path,
                         expected=_EXPECTED)
    if stream.tell() + math.prod(shape) * dtype.itemsize != size:
        raise InputError(f"array {name[:60]!r} claims the shape {shape}, which does not fit its {size:,} bytes", source=path,
                         expected="a complete file")
    return ArrayHeader(name, tuple(shape), dtype)


def companion_table(path) -> pathlib.Path | None:
    """The table of a numpy file's rows: of the same name, or the only CSV or TSV file in the folder."""
    path = pathlib.Path(path)
    for name in (path.stem, f"{path.stem}_ids", f"{path.stem}_patients", f"{path.stem}_table"):
        for ending in TABLES:
            if (found := path.with_name(name + ending)).is_file():
                return found
    found = [other for ending in TABLES[:2] for other in visible_files(path.parent, "*" + ending)]
    return found[0] if len(found) == 1 else None


def recognize_arrays(path) -> tuple[Recognition, dict[str, list[str]]]:
    """What the arrays (and the columns of the table beside them) are taken for, and some values of each column."""
    headers = headers_of(path)
    embeddings = [name for name, header in headers.items() if header.is_embedding]
    if not embeddings:
        found = ", ".join(f"{header.name} {header.shape}" for header in headers.values())
        raise InputError(f"no array has one vector per row (found {found[:160] or 'none'})", source=path,
                         expected="numbers of shape (patients, dimensions)")
    count = headers[embeddings[0]].shape[0]
    embeddings = [name for name in embeddings if headers[name].shape[0] == count]
    texts = {name: header for name, header in headers.items() if header.shape == (count,) and header.dtype.kind in "fiuUSb"}
    if texts:
        with np.load(path, allow_pickle=False) as archive:
            sample = {name: [as_text(_plain(value)) for value in archive[name][:60]] for name in texts}
    else:
        form = form_of(_required_table(path))
        sample = {name: [as_text(record[i]) for record in form.sample] for i, name in enumerate(form.header)}
        inner = recognize_delimited(form)
        groups = tuple(FeatureGroup(name, (name,)) for name in embeddings)
        return Recognition(inner.id_column, groups, inner.others, inner.questions, together=True), sample
    return recognize(list(sample), sample, embeddings, []), sample


def _required_table(path):
    found = companion_table(path)
    if found is None:
        raise InputError("it does not say whose vectors these are", source=path,
                         expected=f"an array of ids in it, or a table {pathlib.Path(path).stem}.csv with one row per vector")
    return found


def _plain(value):
    value = value.item() if isinstance(value, np.generic) else value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def read_arrays_file(path, choice: ImportChoice, report=lambda fraction, message="": None) -> EmbeddingFile:
    """Read the chosen arrays; every array of another length, NaN or zero vector is an InputError that names the row."""
    path = pathlib.Path(path)
    headers, arrays = headers_of(path), {}
    report(0.0, f"Reading {path.name}")
    table = None if choice.id_column in headers else _required_table(path)
    wanted = [*choice.prefixes, *([] if table else [choice.id_column, *choice.facets])]
    missing = [name for name in wanted if name not in headers]
    if missing:
        raise InputError(f"there is no array {missing[0]!r}", source=path, expected=f"one of {', '.join(headers)[:160]}")
    loaded = np.load(path, allow_pickle=False, mmap_mode="r" if path.suffix.lower() == ".npy" else None)
    if isinstance(loaded, np.ndarray):
        arrays[path.stem] = loaded
    else:
        with loaded:
            arrays = {name: loaded[name] for name in wanted}
    count = headers[choice.prefixes[0]].shape[0]
    if table is None:
        rows = range(1, count + 1)
        ids = checked_ids([as_text(_plain(value)) for value in arrays[choice.id_column]], path, rows, choice.id_column)
        columns = {cohort_column(name): [as_text(_plain(value)) for value in arrays[name]] for name in choice.facets}
        notes = ()
    else:
        side = read_delimited(table, ImportChoice(choice.id_column, (), choice.facets, ""))
        if len(side.ids) != count:
            raise InputError(f"it has {len(side.ids)} rows", source=table,
                             expected=f"{count}, one for each vector of {path.name}")
        rows, ids, columns, notes = range(1, count + 1), side.ids, side.columns, side.notes
    models = {choice.model_of(name): checked_vectors(_native(arrays[name]), path, rows, lambda i, name=name: f"{name}[{i}]")
              for name in choice.prefixes}
    return EmbeddingFile(path, ids, models, columns, rows, choice.id_column, notes)


def _native(values):
    """In this machine's byte order."""
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))
