"""Reads files of arrays, with ids in them or beside a table: ``.npz``, ``.npy``, ``.safetensors``, and texts of numbers.

Nothing is unpickled, and nobody needs a package for it: the header of safetensors is JSON
(https://huggingface.co/docs/safetensors), and its values are little-endian.
"""
from __future__ import annotations

import io
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
from .embedding_file import EmbeddingFile, checked_ids, checked_size, other_length, refuse_pointer, with_vectors
from .embedding_pickle import texts_of_pickled_array
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
from .text_stream import TEXT as TABLES
from .text_stream import kind_of, stem_of

_EXPECTED = "plain numbers or texts; save it again without Python objects"
SAFETENSORS = ".safetensors"
#: id "column" of a file with one array for each patient
ARRAY_NAME = "array name"
_BESIDE = ("", "_ids", "_patients", "_table", "_metadata", "_meta", "_labels", "_index")
#: what the Embedding Projector's pairs are called (https://projector.tensorflow.org)
_METADATA = ("metadata.tsv", "meta.tsv")
#: what lists of ids beside arrays are called
_ID_LISTS = ("ids", "patient_ids", "patients", "case_ids", "cases", "subject_ids", "subjects", "filenames", "names",
             "patientids", "patient_id", "pids", "id", "index", "keys", "file_names", "files", "paths")
#: in what a list of ids, or labels, stand beside arrays
_LISTS = (".npy", ".json")
_TENSOR_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
                 "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?"}
#: that share of the arrays of a file with one for each patient has the usual length
_MOST = 0.8
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
    path : pathlib.Path, optional
        The file beside that has it.
    problem : InputError, optional
        Why it can not be used.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    start: int = 0
    bfloat16: bool = False
    path: pathlib.Path | None = None
    problem: InputError | None = None

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return math.prod(self.shape[1:])

    @property
    def is_embedding(self) -> bool:
        """Whether it can be one vector per row; what pooling leaves, (N, D, 1, 1), is one, too."""
        return (len(self.shape) >= 2 and self.dtype.kind in "fiu" and not self.problem
                and self.width == max(self.shape[1:]) > 0)

    @property
    def is_column(self) -> bool:
        """Whether it can be one id or property per row."""
        return len(self.shape) == 1 and not self.problem and self.dtype.kind in "fiuUSbOM"

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
        if kind_of(path) in TABLES:
            form, name = form_of(path), stem_of(path)
            return {name: ArrayHeader(name, (_count_rows(path, form), len(form.header)), np.dtype(np.float64))}
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
    shape = tuple(shape)
    if dtype.hasobject and dtype.fields is None and len(shape) == 1:
        return ArrayHeader(name, shape, dtype)          # texts, maybe: ids are often saved so
    if dtype.hasobject or dtype.fields is not None:
        what = "Python objects" if dtype.hasobject else "records"
        return ArrayHeader(name, shape, dtype, problem=InputError(f"array {name[:60]!r} holds {what}", source=path,
                                                                  expected=_EXPECTED))
    if stream.tell() + math.prod(shape) * dtype.itemsize != size:
        raise InputError(f"array {name[:60]!r} claims the shape {shape}, which does not fit its {size:,} bytes", source=path,
                         expected="a complete file")
    return ArrayHeader(name, shape, dtype)


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
            problem = InputError(f"tensor {name[:60]!r} has the type {str(said['dtype'])[:20]}", source=path,
                                 expected="float64, float32, float16, bfloat16 or integers")
            found[name] = ArrayHeader(name, tuple(int(number) for number in said["shape"]), np.dtype("V1"), problem=problem)
            continue
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
    """Lists of texts or whole numbers among the metadata, which holds texts only: {"ids": '["A", "B"]'}, or a line for each."""
    found = {}
    for name, text in (header.get("__metadata__") or {}).items():
        try:
            values = json.loads(text)
        except (ValueError, TypeError):
            values = text.splitlines() if isinstance(text, str) else ()
            if len(values) == 1 and name.lower() in _ID_LISTS:
                values = [part.strip() for part in text.split(",")]
        if isinstance(values, list) and len(values) > 1 and all(type(value) in (str, int) for value in values):
            found[name] = [as_text(value) for value in values]
    return found


def load_arrays(path, headers: dict[str, ArrayHeader], names) -> dict[str, np.ndarray]:
    """Some arrays of a file and of lists beside it, `headers` of which are known; vectors as rows, (N, D), and as float32
    where they are bfloat16.

    Raises
    ------
    InputError
        One can not be used.
    """
    path, found = pathlib.Path(path), {}
    for name in names:
        if headers[name].problem:
            raise headers[name].problem
    beside = [name for name in names if headers[name].path]
    for name in beside:
        found[name] = _list_of(headers[name].path, headers[name])
    names = [name for name in names if name not in found]
    if kind_of(path) in TABLES:
        found |= {name: read_matrix(path, form_of(path)) for name in names}
    elif path.suffix.lower() == ".npy":
        found |= {name: _npy(path) for name in names}
    elif path.suffix.lower() == SAFETENSORS:
        found |= _tensors(path, headers, names)
    else:
        with np.load(path, allow_pickle=False) as archive, zipfile.ZipFile(path) as members:
            for name in names:
                found[name] = archive[name] if headers[name].dtype.kind != "O" else _objects(
                    members.read(name + ".npy"), path, headers[name])
    for name, values in found.items():
        if values.dtype.kind == "M":                    # as_text would count nanoseconds
            found[name] = np.datetime_as_string(values).astype(object)
        elif headers[name].is_embedding and values.ndim > 2:
            found[name] = values.reshape(len(values), -1)
    return found


def _tensors(path, headers, names):
    found = {}
    with open(path, "rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        lists = _metadata_lists(json.loads(stream.read(length)))
        for name in names:
            header = headers[name]
            if not header.start:
                found[name] = np.array(lists[name])
                continue
            stream.seek(header.start)
            values = np.fromfile(stream, header.dtype, math.prod(header.shape)).reshape(header.shape)
            found[name] = (values.astype("<u4") << 16).view("<f4") if header.bfloat16 else values
    return found


def _npy(path):
    """An array that owns its memory: it is put in order where it is, without a second copy."""
    with open(path, "rb") as stream:
        version = np.lib.format.read_magic(stream)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = reader(stream)
        if fortran:
            return np.ascontiguousarray(np.load(path, allow_pickle=False))
        values = np.empty(shape, dtype)
        if values.size:
            stream.readinto(memoryview(values.reshape(-1)).cast("B"))
    return values


def _objects(data, path, header):
    """The texts of an array of Python objects, without unpickling them."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    (np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0)(stream)
    texts = texts_of_pickled_array(stream.read())
    if texts is None or len(texts) != header.shape[0]:
        raise InputError(f"array {header.name[:60]!r} holds Python objects", source=path, expected=_EXPECTED)
    return np.array(texts, object)


def _list_of(path, header):
    """One id or property per row, from a file beside arrays."""
    if path.suffix.lower() == ".json":
        return np.array([as_text(value) for value in json.loads(path.read_text("utf-8-sig"))], object)
    if header.dtype.kind == "O":
        return _objects(path.read_bytes(), path, header)
    return np.load(path, allow_pickle=False)


def lists_beside(path) -> dict[str, ArrayHeader]:
    """Files beside an array file that hold one value per row, if one of them is known by its name as the ids.

    Raises
    ------
    InputError
        There are more or fewer ids than vectors.
    """
    path = pathlib.Path(path)
    own = [header for header in headers_of(path).values() if header.is_embedding]
    if not own or any(len(header.shape) == 1 and header.shape[0] == own[0].shape[0] for header in headers_of(path).values()):
        return {}
    found = {other: header for other in visible_files(path.parent, "*") if other.suffix.lower() in _LISTS and other != path
             and (header := _list_header(other))}
    names = [*(path.stem + end for end in _BESIDE[1:]), *_ID_LISTS]
    ids = next((other for name in names for other in found if other.stem.lower() == name.lower()), None)
    if ids is None:
        return {}
    count = found[ids].shape[0]
    if count not in (header.shape[0] for header in own):
        raise InputError(f"it has {count} ids", source=ids, expected=f"{own[0].shape[0]}, one for each vector of {path.name}")
    sides = {ids: found[ids], **{other: header for other, header in found.items() if header.shape[0] == count}}
    return {header.name: replace(header, path=other) for other, header in sides.items() if header.name not in headers_of(path)}


def _list_header(path):
    """The header of a file with one value per row; None for any other."""
    try:
        if path.suffix.lower() == ".npy":
            header = next(iter(headers_of(path).values()))
            return header if header.is_column else None
        if path.stem.lower() not in _ID_LISTS and not path.stem.lower().endswith(_BESIDE[1:]):
            return None
        values = json.loads(path.read_text("utf-8-sig"))
    except (InputError, OSError, ValueError, RecursionError):
        return None
    plain = isinstance(values, list) and values and all(type(value) in (str, int) for value in values)
    return ArrayHeader(path.stem, (len(values),), np.dtype(object)) if plain else None


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


def companions(path) -> list[pathlib.Path]:
    """The files beside an array file that say whose vectors it has: they are no files of a cohort of their own."""
    lists = [header.path for header in lists_beside(path).values()]
    if lists or has_ids(path):
        return lists
    table = companion_table(path)
    return [table] if table else []


def has_ids(path) -> bool:
    """Whether a file of arrays, or a list beside it, says whose vectors it has."""
    headers = headers_of(path)
    counts = {header.shape[0] for header in headers.values() if header.is_embedding}
    return (_one_each(headers) > 0 or any(header.is_column and header.shape[0] in counts for header in headers.values())
            or bool(lists_beside(path)))


def _one_each(headers):
    """Length of most vectors in a file with one array for each patient, 0 if it is none."""
    vectors = [header for header in headers.values() if header.is_vector]
    rows = [header for header in headers.values() if header.is_embedding and header.shape[0] > 1]
    lengths = Counter(math.prod(header.shape) for header in vectors)
    length, count = lengths.most_common(1)[0] if lengths else (0, 0)
    usual = len(lengths) == 1 and len(vectors) == len(headers)
    return length if count > 1 and not rows and (usual or count >= _MOST * len(headers)) else 0


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
    headers |= lists_beside(path)
    count = _row_count(headers, embeddings)
    embeddings = {name: headers[name].width for name in embeddings if headers[name].shape[0] == count}
    if table is not None:
        form, inner = beside(table, count)
        sample = {name: [as_text(record[i]) for record in form.sample] for i, name in enumerate(form.header)}
        own = recognize([], {}, embeddings)
        return replace(inner, groups=own.groups, group_questions=(), together=True, lists=own.lists, small=own.small), sample
    sample = _column_samples(path, headers, count)
    if not sample:
        own = recognize([], {}, embeddings)
        objects = next((header.problem for header in headers.values() if header.problem and header.dtype.kind == "O"), None)
        if objects:                                     # most likely the ids
            raise objects
        short = next((header for header in headers.values() if len(header.shape) == 1 and header.dtype.kind in "USOiu"), None)
        why = f"{short.name[:60]!r} has {short.shape[0]} values for {count} vectors" if short else \
            f"an array of ids in it would, or a table {pathlib.Path(path).stem}.csv with one row per vector"
        question = f"It does not say whose vectors these are ({why})."
        return Recognition(ROW_NUMBER, own.groups, (), (question,), together=True, lists=own.lists, small=own.small), {
            ROW_NUMBER: row_numbers(min(count, 60))}
    found = recognize(list(sample), sample, embeddings, [])
    ids = next((name for name in sample if headers[name].path), "")
    if ids:                                             # a list beside is taken for its name, not for its values
        found = replace(found, id_column=ids, others=tuple(name for name in sample if name != ids), id_questions=(), unused=())
    return found, sample


def _column_samples(path, headers, count):
    """Some values of each array with one value per row; an array of objects that are no texts is marked as not usable."""
    sample = {}
    for name, header in list(headers.items()):
        if header.is_column and header.shape[0] == count:
            try:
                values = load_arrays(path, headers, [name])[name]
            except InputError as error:
                headers[name] = replace(header, problem=error)
                continue
            sample[name] = [as_text(_plain(value)) for value in values[:60]]
    return sample


def _row_count(headers, embeddings):
    """Rows of the embeddings: as many as there are ids where arrays differ, else as in the first one."""
    counts = Counter(headers[name].shape[0] for name in embeddings)
    single = {header.shape[0] for header in headers.values() if len(header.shape) == 1}
    return next((rows for rows in counts if rows in single), counts.most_common(1)[0][0])


def _no_embedding(headers):
    """Problem and expectation of a file without a usable array."""
    for header in headers.values():
        if header.problem:
            return header.problem.problem, header.problem.expected
        if header.dtype.kind == "O":
            return f"array {header.name[:60]!r} holds Python objects", _EXPECTED
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
    headers |= lists_beside(path)
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
    models = {choice.model_of(name): arrays.pop(name) for name in choice.prefixes}
    return with_vectors(path, ids, models, columns, range(1, count + 1), choice.id_column,
                        {choice.model_of(name): lambda i, name=name: f"{name}[{i}]" for name in choice.prefixes},
                        notes=[*notes, *_left_notes(headers, recognition, choice, count)], categories=choice.cohort_categories)


def _left_notes(headers, recognition, choice, count):
    """Sentences about arrays that are not used."""
    small = [f"{name} {headers[name].shape}" for name in recognition.small if name not in choice.prefixes]
    notes = [f"Not used as models, because they are places or small: {', '.join(small)}."] if small else []
    notes += [f"Not used: {header.problem.problem}." for header in headers.values() if header.problem]
    other = [f"{name} {header.shape}" for name, header in headers.items() if not header.problem
             and header.shape[:1] != (count,) and name not in choice.prefixes]
    notes += [f"Not used, because they do not have {count} rows: {', '.join(other)[:300]}."] if other else []
    strange = [f"{name} {header.shape}" for name, header in headers.items() if not header.problem
               and header.shape[:1] == (count,) and not header.is_embedding and not header.is_column]
    return notes + ([f"Not used, because they are neither a value nor a vector in each row: {', '.join(strange)[:300]}."]
                    if strange else [])


def _read_one_each(path, headers, choice):
    width = _one_each(headers)
    good = [name for name, header in headers.items() if header.is_vector and math.prod(header.shape) == width]
    arrays = load_arrays(path, headers, good)
    ids = checked_ids([as_text(name) for name in headers], path, range(1, len(headers) + 1), ARRAY_NAME)
    vectors = np.full((len(headers), width), np.nan, np.result_type(*{arrays[name].dtype for name in good}, np.float16))
    wrong = {}
    for row, (name, header) in enumerate(headers.items()):
        if name in arrays:
            vectors[row] = arrays[name].ravel()
        else:
            wrong[row] = header.problem or other_length(math.prod(header.shape), width, path, f"array {name[:60]!r}")
    return with_vectors(path, ids, {choice.model: vectors}, {}, range(1, len(ids) + 1), ARRAY_NAME,
                        {choice.model: lambda i: f"[{i}]"}, wrong=wrong)


def _column(values):
    """A property: float64, or texts."""
    if values.dtype.kind in "fiu":
        return values.astype(np.float64)
    return np.array([as_text(_plain(value)) for value in values], object)
