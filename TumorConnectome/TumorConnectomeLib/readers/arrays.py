"""Reads files of arrays, with ids in them or beside a table: ``.npz``, ``.npy``, ``.safetensors``, and texts of numbers.

Nothing is unpickled, and nobody needs a package for it: the header of safetensors is JSON
(https://huggingface.co/docs/safetensors), and its values are little-endian.
"""
from __future__ import annotations

import json
import math
import pathlib
import zipfile
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from ..base.errors import InputError
from ..base.files import visible_files
from ..cohort.words import as_text
from .delimited import beside, read_beside, read_matrix
from .delimited_form import form_of, starts_with_numbers
from .embedding_file import EmbeddingFile, checked_ids, checked_size, refuse_pointer, with_vectors
from .recognition import (
    ROW_NUMBER,
    FeatureGroup,
    ImportChoice,
    Recognition,
    chosen_groups,
    cohort_columns,
    ids_of_texts,
    recognize,
    row_numbers,
)

_EXPECTED = "plain numbers or texts; save it again without Python objects"
TABLES = (".csv", ".tsv", ".txt")
SAFETENSORS = ".safetensors"
#: id "column" of a file with one array for each patient
ARRAY_NAME = "array name"
_BESIDE = ("", "_ids", "_patients", "_table", "_metadata", "_meta", "_labels", "_index")
#: what the Embedding Projector's pairs are called (https://projector.tensorflow.org)
_METADATA = ("metadata.tsv", "meta.tsv")
#: what lists of ids beside arrays are called
_ID_LISTS = ("ids", "patient_ids", "patients", "case_ids", "cases", "subject_ids", "subjects", "filenames", "names")
_TENSOR_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
                 "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?"}
_LONGEST_HEADER = 100_000_000


@dataclass(frozen=True)
class ArrayHeader:
    """What an array says about itself.

    Parameters
    ----------
    name : str
    shape : tuple of int
    dtype : np.dtype
        As it is stored; bfloat16 as its 16 bits.
    start : int
        Where its bytes begin in a file of tensors.
    bfloat16 : bool
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    start: int = 0
    bfloat16: bool = False

    @property
    def is_embedding(self) -> bool:
        """Whether it can be one vector per row."""
        return len(self.shape) == 2 and self.dtype.kind in "fiu" and self.shape[1] > 0

    @property
    def is_vector(self) -> bool:
        """Whether it can be the vector of one patient."""
        return self.dtype.kind in "fiu" and math.prod(self.shape) > 1 and math.prod(self.shape) == max(self.shape)


def headers_of(path) -> dict[str, ArrayHeader]:
    """The arrays of a file, read from their headers alone; a text of numbers is one array.

    Raises
    ------
    InputError
        The file is damaged, an array holds Python objects (they could run code), or declares another size than it has.
    """
    path = pathlib.Path(path)
    try:
        with open(path, "rb") as stream:
            refuse_pointer(stream.read(64), path)
        if path.suffix.lower() in TABLES:
            form = form_of(path)
            return {path.stem: ArrayHeader(path.stem, (_count_rows(path, form), len(form.header)), np.dtype(np.float64))}
        if path.suffix.lower() == SAFETENSORS:
            return _tensor_headers(path)
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
        written = "safetensors" if path.suffix.lower() == SAFETENSORS else "numpy.save or numpy.savez"
        raise InputError(f"not readable ({type(error).__name__}: {str(error)[:120]})", source=path,
                         expected=f"a file that {written} has written") from None


def _count_rows(path, form):
    return len(read_matrix(path, form))


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


def _tensor_headers(path):
    """The tensors of a file of safetensors, and lists of texts of its metadata as arrays."""
    size = path.stat().st_size
    with open(path, "rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, _LONGEST_HEADER):
            raise InputError("its header is longer than the file", source=path, expected="a complete safetensors file")
        header = json.loads(stream.read(length))
    found = {}
    for name, said in header.items():
        if name == "__metadata__":
            continue
        if said["dtype"] not in _TENSOR_TYPES:
            raise InputError(f"tensor {name[:60]!r} has the type {str(said['dtype'])[:20]}", source=path,
                             expected="float64, float32, float16, bfloat16 or integers")
        shape, dtype = tuple(int(number) for number in said["shape"]), np.dtype(_TENSOR_TYPES[said["dtype"]])
        start, end = said["data_offsets"]
        fits = end - start == math.prod(shape) * dtype.itemsize and 0 <= start <= end <= size - 8 - length
        if min(shape, default=0) < 0 or not fits:
            raise InputError(f"tensor {name[:60]!r} claims the shape {shape}, which does not fit its bytes", source=path,
                             expected="a complete file")
        found[name] = ArrayHeader(name, shape, dtype, 8 + length + start, said["dtype"] == "BF16")
    for name, values in _metadata_lists(header).items():
        found.setdefault(name, ArrayHeader(name, (len(values),), np.array(values).dtype))
    return found


def _metadata_lists(header):
    """Lists of texts or whole numbers among the metadata, which holds texts only: {"ids": '["A", "B"]'}."""
    found = {}
    for name, text in (header.get("__metadata__") or {}).items():
        try:
            values = json.loads(text)
        except (ValueError, TypeError):
            continue
        if isinstance(values, list) and values and all(type(value) in (str, int) for value in values):
            found[name] = [as_text(value) for value in values]
    return found


def load_arrays(path, headers: dict[str, ArrayHeader], names) -> dict[str, np.ndarray]:
    """Some arrays of a file, `headers_of` which are known; vectors as float32 where they are bfloat16."""
    path = pathlib.Path(path)
    if path.suffix.lower() in TABLES:
        return {path.stem: read_matrix(path, form_of(path))}
    if path.suffix.lower() == ".npy":
        return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False)}
    if path.suffix.lower() != SAFETENSORS:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in names}
    with open(path, "rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        lists = _metadata_lists(json.loads(stream.read(length)))
        found = {}
        for name in names:
            header = headers[name]
            if not header.start:
                found[name] = np.array(lists[name])
                continue
            stream.seek(header.start)
            values = np.fromfile(stream, header.dtype, math.prod(header.shape)).reshape(header.shape)
            found[name] = (values.astype("<u4") << 16).view("<f4") if header.bfloat16 else values
    return found


def companion_table(path) -> pathlib.Path | None:
    """The table of an array file's rows: of the same name, of a name for lists of ids, or the only CSV or TSV in the folder."""
    path = pathlib.Path(path)
    for name in (path.stem + end for end in _BESIDE):
        for ending in TABLES:
            if (found := path.with_name(name + ending)) != path and found.is_file():
                return found
    for name in (*_METADATA, *(name + ending for name in _ID_LISTS for ending in TABLES)):
        if (found := path.with_name(name)) != path and found.is_file():
            return found
    found = [other for ending in TABLES[:2] for other in visible_files(path.parent, "*" + ending)
             if other != path and not starts_with_numbers(other)]
    return found[0] if len(found) == 1 else None


def has_ids(path) -> bool:
    """Whether a file of arrays says itself whose vectors it has."""
    headers = headers_of(path)
    counts = {header.shape[0] for header in headers.values() if header.is_embedding}
    return _one_each(headers) > 0 or any(len(header.shape) == 1 and header.shape[0] in counts for header in headers.values())


def _one_each(headers):
    """Length of the vectors in a file with one array for each patient, 0 if it is none."""
    vectors = [header for header in headers.values() if header.is_vector]
    rows = [header for header in headers.values() if header.is_embedding and header.shape[0] > 1]
    lengths = {math.prod(header.shape) for header in vectors}
    return lengths.pop() if len(vectors) > 1 and len(lengths) == 1 and not rows and len(vectors) == len(headers) else 0


def recognize_arrays(path) -> tuple[Recognition, dict[str, list[str]]]:
    """What the arrays (and the columns of the table beside them) are taken for, and some values of each column."""
    headers = headers_of(path)
    if length := _one_each(headers):
        group = FeatureGroup("features", ("features",), size=length)
        return Recognition(ARRAY_NAME, (group,), (), together=True, lists=("features",)), {ARRAY_NAME: list(headers)[:60]}
    embeddings = [name for name, header in headers.items() if header.is_embedding]
    if not embeddings:
        problem, expected = _no_embedding(headers)
        raise InputError(problem, source=path, expected=expected)
    table = None if has_ids(path) else companion_table(path)
    count = _row_count(headers, embeddings)
    embeddings = {name: headers[name].shape[1] for name in embeddings if headers[name].shape[0] == count}
    if table is not None:
        form, inner = beside(table, count)
        sample = {name: [as_text(record[i]) for record in form.sample] for i, name in enumerate(form.header)}
        own = recognize([], {}, embeddings)
        return replace(inner, groups=own.groups, group_questions=(), together=True, lists=own.lists, small=own.small), sample
    texts = [name for name, header in headers.items() if header.shape == (count,) and header.dtype.kind in "fiuUSb"]
    loaded = load_arrays(path, headers, texts)
    sample = {name: [as_text(_plain(value)) for value in values[:60]] for name, values in loaded.items() if name in texts}
    if not sample:
        own = recognize([], {}, embeddings)
        question = ("It does not say whose vectors these are (an array of ids in it would, or a table "
                    f"{pathlib.Path(path).stem}.csv with one row per vector).")
        return Recognition(ROW_NUMBER, own.groups, (), (question,), together=True, lists=own.lists, small=own.small), {
            ROW_NUMBER: row_numbers(min(count, 60))}
    return recognize(list(sample), sample, embeddings, []), sample


def _row_count(headers, embeddings):
    """Rows of the embeddings: as many as there are ids where arrays differ, else as in the first one."""
    counts = Counter(headers[name].shape[0] for name in embeddings)
    single = {header.shape[0] for header in headers.values() if len(header.shape) == 1}
    return next((rows for rows in counts if rows in single), counts.most_common(1)[0][0])


def _no_embedding(headers):
    """Problem and expectation of a file without a usable array."""
    for header in headers.values():
        if header.dtype.kind == "V" and header.dtype.itemsize == 2:
            return (f"array {header.name[:60]!r} has lost its type: numpy saves bfloat16 as 2 bytes without meaning",
                    "float32, as array.astype(numpy.float32) makes it, or bfloat16 in a .safetensors file")
    found = ", ".join(f"{header.name} {header.shape}" for header in headers.values())
    return f"no array has one vector per row (found {found[:160] or 'none'})", "numbers of shape (patients, dimensions)"


def _plain(value):
    value = value.item() if isinstance(value, np.generic) else value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def read_arrays_file(path, choice: ImportChoice, report=lambda fraction, message="": None) -> EmbeddingFile:
    """Read the chosen arrays; InputError for arrays of different length, and for ids that are missing."""
    path = pathlib.Path(path)
    headers = headers_of(path)
    report(0.0, f"Reading {path.name}")
    if choice.id_column == ARRAY_NAME and _one_each(headers):
        return _read_one_each(path, headers, choice)
    recognition, _sample = recognize_arrays(path)
    chosen_groups(recognition, choice, path)
    table = None if choice.id_column in headers or choice.id_column == ROW_NUMBER else companion_table(path)
    arrays = load_arrays(path, headers, [*choice.prefixes, *(() if table else [
        name for name in (choice.id_column, *choice.facets) if name in headers])])
    count = headers[choice.prefixes[0]].shape[0]
    if table is None:
        values = row_numbers(count) if choice.id_column not in headers else arrays[choice.id_column]
        ids, notes = ids_of_texts([_plain(value) for value in values], choice.id_column)
        ids = checked_ids(ids, path, range(1, count + 1), choice.id_column)
        columns = {ours: _column(arrays[name]) for name, ours in cohort_columns(choice.facets).items()}
        columns |= choice.links(list(map(_plain, values)))
    else:
        side = read_beside(table, count, choice, path.name)
        ids, columns, notes = side.ids, side.columns, side.notes
    models = {choice.model_of(name): arrays[name] for name in choice.prefixes}
    small = [f"{name} {headers[name].shape}" for name in recognition.small if name not in choice.prefixes]
    notes = [*notes, *([f"Not used as models, because they are places or small: {', '.join(small)}."] if small else [])]
    return with_vectors(path, ids, models, columns, range(1, count + 1), choice.id_column,
                        {choice.model_of(name): lambda i, name=name: f"{name}[{i}]" for name in choice.prefixes},
                        notes=notes, categories=choice.cohort_categories)


def _read_one_each(path, headers, choice):
    arrays = load_arrays(path, headers, list(headers))
    ids = checked_ids([as_text(name) for name in headers], path, range(1, len(headers) + 1), ARRAY_NAME)
    vectors = np.stack([arrays[name].ravel() for name in headers])
    return with_vectors(path, ids, {choice.model: vectors}, {}, range(1, len(ids) + 1), ARRAY_NAME,
                        {choice.model: lambda i: f"[{i}]"})


def _column(values):
    """A property: float64, or texts."""
    if values.dtype.kind in "fiu":
        return values.astype(np.float64)
    return np.array([as_text(_plain(value)) for value in values], object)
