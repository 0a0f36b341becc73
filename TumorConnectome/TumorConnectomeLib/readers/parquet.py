"""Reads Parquet, Arrow and JSON Lines with pyarrow, some columns at a time: little more than the vectors is in memory."""
from __future__ import annotations

import json
import pathlib
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..base.errors import InputError
from ..cohort.words import as_text, is_missing, number_of
from .arrow_file import open_columnar
from .cells import vector_length, vectors_of_cells
from .embedding_file import (
    EmbeddingFile,
    checked_ids,
    checked_size,
    empty_vectors,
    fill_rows,
    other_length,
    place,
    refuse_pointer,
    with_vectors,
)
from .recognition import (
    ROW_NUMBER,
    ImportChoice,
    Recognition,
    are_numbers,
    chosen_groups,
    cohort_columns,
    ids_of_texts,
    recognize,
    row_numbers,
)

_SAMPLE_ROWS = 60
_COLUMNS_AT_ONCE = 64
#: one part of a data set: Hugging Face's train-00000-of-00003.parquet, Spark's part-00000-..., Dask's part.0.parquet
_SHARD = re.compile(r"(?P<split>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?:[-.].*)?\.(?P<kind>parquet|arrow|feather|jsonl)")
#: ... and what the hub itself writes: 0000.parquet
_PART = re.compile(r"(?:part[-.](?P<number>\d+)(?P<rest>[-.].*)?|(?P<only>\d{4}))\.(?P<kind>parquet|arrow|feather|jsonl)")
#: column that says which split of a Hugging Face data set a row is of
SPLIT = "split"


def shards_of(path) -> list[pathlib.Path]:
    """All parts of the data set that a file is a part of, in order; the file alone if it is none.

    Raises
    ------
    InputError
        Parts are missing; the first one is named.
    """
    path = pathlib.Path(path)
    if match := _PART.fullmatch(path.name):
        others = {other: _PART.fullmatch(other.name) for other in path.parent.iterdir() if _PART.fullmatch(other.name)}
        return sorted((other for other, found in others.items()
                       if found["kind"] == match["kind"] and bool(found["only"]) == bool(match["only"])),
                      key=lambda other: (int(others[other]["only"] or others[other]["number"]), other.name))
    match = _SHARD.fullmatch(path.name)
    if not match:
        return [path]
    kind = match["kind"]
    matches = {other: _SHARD.fullmatch(other.name) for other in sorted(path.parent.glob(f"*.{kind}"))}
    found = {other: match for other, match in matches.items() if match}
    numbers = {(match["split"], match["count"]): set() for match in found.values()}
    for match in found.values():
        numbers[match["split"], match["count"]].add(int(match["number"]))
    for (split, count), known in numbers.items():
        for number in sorted(set(range(int(count))) - known):
            raise InputError(f"its part {split}-{number:05d}-of-{count}.{kind} is missing", source=path,
                             expected=f"all {int(count)} parts in one folder")
    return list(found)


def data_set_name(path) -> str:
    """What a part's data set is called: the folder around its files; "" for a file that is no part of one."""
    path = pathlib.Path(path).resolve()
    if not (_SHARD.fullmatch(path.name) or _PART.fullmatch(path.name)):
        return ""
    names = [folder.name for folder in path.parents if folder.name not in ("data", "default", "train", "test", "validation")]
    return names[0] if names else path.stem


def split_of(path) -> str:
    """The split that a shard's name tells, "" if none."""
    match = _SHARD.fullmatch(pathlib.Path(path).name)
    return match["split"] if match else ""


class ParquetTable:
    """The open parts of a Parquet data set, mostly one file; use it in a `with` block.

    Raises
    ------
    InputError
        A file is damaged, not Parquet, or has other columns than the first.
    """

    def __init__(self, path):
        import pyarrow

        self._arrow, self.path, self._files = pyarrow, pathlib.Path(path), []
        self.paths = shards_of(path)
        for part in self.paths:
            try:
                with open(part, "rb") as stream:
                    refuse_pointer(stream.read(64), part)
                self._files.append(open_columnar(part))
            except (pyarrow.ArrowException, OSError) as error:
                raise self._damaged(error, part) from None
        self._schemas = [file.schema_arrow for file in self._files]     # made anew at each look
        self.schema = self._schemas[0]
        self.counts = [file.metadata.num_rows for file in self._files]
        self.rows, self.bytes = sum(self.counts), sum(part.stat().st_size for part in self.paths)
        if len(set(self.schema.names)) != len(self.schema.names):
            raise InputError("two columns have the same name", source=self.path, expected="different names")
        self.kinds, self._unequal = {field.name: self._kind(field.type) for field in self.schema}, {}
        for part, schema in zip(self.paths[1:], self._schemas[1:]):
            self._compare(schema, part)
        self._labels = _label_names(self.schema.metadata or {})
        self._lengths, self._in_texts = self._checked_lists(), set()

    def _compare(self, schema, part):
        """Columns that another part has not, or of another kind, are not used; an error when it has none in common."""
        if len(set(schema.names)) != len(schema.names):
            raise InputError("two columns have the same name", source=part, expected="different names")
        if not set(schema.names) & set(self.kinds):
            raise InputError("it has other columns than the other parts", source=part,
                             expected=f"those of {self.paths[0].name}")
        for name in self.kinds:
            if name not in schema.names:
                problem = f"{part.name} has no such column"
            elif self._kind(schema.field(name).type) != self.kinds[name] and not self._is_null(schema.field(name).type):
                problem = f"{part.name} has {str(schema.field(name).type)[:60]}"
            else:
                continue
            if self.kinds[name] == "list":
                raise InputError(f"the vectors in column {name!r} are not in every part: {problem}", source=part,
                                 expected=f"{str(self.schema.field(name).type)[:60]} as in {self.paths[0].name}")
            self.kinds[name] = ""
            self._unequal.setdefault(name, problem)
        for name in schema.names:
            if name not in self.kinds:
                self._unequal.setdefault(name, f"only {part.name} has it")

    def _is_null(self, kind):
        return self._arrow.types.is_null(kind)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for file in self._files:
            file.close()

    def _damaged(self, error, path=None):
        path = path or self.path
        what = {".parquet": "Parquet", ".pq": "Parquet", ".jsonl": "JSON Lines", ".ndjson": "JSON Lines"}.get(
            path.suffix.lower(), "Arrow IPC or Feather")
        return InputError(f"not readable as {what} ({(str(error).splitlines() or [''])[0][:160]})", source=path,
                          expected=f"a complete {what} file")

    # What the columns are

    def _kind(self, kind):
        """"number", "text", "list" (a vector in each cell), or "" for what is none of these."""
        types = self._arrow.types
        if types.is_dictionary(kind):
            return "text" if self._kind(kind.value_type) else ""
        if self._is_numeric(kind):
            return "number"
        if self._is_list(kind):
            inner = kind.storage_type.value_type if isinstance(kind, self._arrow.BaseExtensionType) else kind.value_type
            while self._is_list(inner):
                inner = inner.value_type
            return "list" if self._is_numeric(inner) else ""
        if isinstance(kind, self._arrow.BaseExtensionType):     # UUID, JSON
            return self._kind(kind.storage_type)
        plain = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary, types.is_boolean,
                 types.is_temporal, types.is_fixed_size_binary, getattr(types, "is_string_view", types.is_string),
                 getattr(types, "is_binary_view", types.is_binary))
        return "text" if any(test(kind) for test in plain) and not types.is_duration(kind) else ""

    def _is_numeric(self, kind):
        types = self._arrow.types
        return types.is_floating(kind) or types.is_integer(kind) or types.is_decimal(kind)

    def _is_list(self, kind):
        if isinstance(kind, self._arrow.BaseExtensionType):     # fixed_shape_tensor
            return self._is_list(kind.storage_type)
        types = self._arrow.types
        tests = (types.is_list, types.is_large_list, types.is_fixed_size_list, getattr(types, "is_list_view", types.is_list),
                 getattr(types, "is_large_list_view", types.is_list))
        return any(test(kind) for test in tests)

    def sample(self) -> dict[str, list[str]]:
        """The first values of every column that holds texts or numbers, as text; bytes only where they are UTF-8."""
        names = [name for name, kind in self.kinds.items() if kind in ("number", "text")
                 and not (kind == "number" and self._arrow.types.is_floating(self.schema.field(name).type)
                          and len(self.schema.names) > 2 * _SAMPLE_ROWS and re.search(r"\d$", name))]
        batch = self._first(names)
        found = {}
        for name in names:
            try:
                found[name] = [] if batch is None else self._texts(name, batch.column(name))
            except UnicodeDecodeError:                  # pictures, or other bytes that mean nothing here
                self.kinds[name] = ""
        return found

    def _first(self, names):
        try:
            return next((batch for file in self._files
                         for batch in file.iter_batches(batch_size=_SAMPLE_ROWS, columns=names)), None)
        except (self._arrow.ArrowException, OSError) as error:
            raise self._damaged(error) from None

    def _checked_lists(self):
        """Column of vectors -> length of its first one; other lists are nothing that is known here."""
        names = [name for name, kind in self.kinds.items() if kind == "list"]
        batch = self._first(names) if names else None
        lengths = {}
        for name in names:
            vectors = list(_flat_lists(batch.column(name).to_pylist())) if batch else [[0]]
            counts = Counter(len(vector) for vector in vectors if vector is not None and len(vector))
            words = not self._arrow.types.is_floating(self._value_type(self.schema.field(name).type)) and len(counts) > 1
            if words or not counts:
                self.kinds[name] = ""                   # words, pictures: of different lengths
            else:
                lengths[name] = counts.most_common(1)[0][0]
        return lengths

    def recognition(self) -> Recognition:
        """What the columns are taken for."""
        sample = self.sample()
        names = [name for name in self.schema.names if self.kinds[name]]
        in_texts = {name: vector_length(name, sample[name]) for name in names if self.kinds[name] == "text"}
        self._in_texts = {name for name, length in in_texts.items() if length}
        lengths = {name: self._lengths.get(name) or in_texts[name] for name in names
                   if name in self._lengths or name in self._in_texts}
        numeric = [name for name in names if self.kinds[name] == "number" or (
            self.kinds[name] == "text" and are_numbers(sample[name]))]
        return recognize(names, sample, lengths, numeric)

    def notes(self) -> list[str]:
        """What is left out, one sentence each."""
        notes = [f"Column {name!r} holds {str(self.schema.field(name).type)[:60]}: it is not used."
                 for name, kind in self.kinds.items() if not kind and name not in self._unequal]
        notes += [f"Column {name!r} is not used: {problem}." for name, problem in self._unequal.items()]
        if len(self.paths) > 1:
            notes.append(f"{len(self.paths)} parts of one data set: {self.paths[0].name} to {self.paths[-1].name}.")
        return notes

    # What is in them

    def texts(self, name: str) -> np.ndarray:
        """All values of a column as text, "" for missing ones: object, shape (R,)."""
        found = [self._texts(name, column) for column in self._columns(name)]
        return np.array([text for part in found for text in part], object) if found else np.empty(0, object)

    def values(self, name: str) -> np.ndarray:
        """All values of a property, shape (R,): float64 of numbers, NaN for missing ones, else texts."""
        if self.kinds[name] != "number" or name in self._labels:
            return self.texts(name)
        return np.concatenate([self._numbers(column) for column in self._columns(name)] or [np.empty(0)])

    def _columns(self, name):
        for number, file in enumerate(self._files):
            for group in range(file.num_row_groups):
                yield self._read(number, group, [name]).column(0)

    def _texts(self, name, column):
        labels, kind = self._labels.get(name), column.type
        if self._arrow.types.is_dictionary(kind):
            column, kind = column.cast(kind.value_type), kind.value_type
        values = column.to_pylist()
        if labels and self._is_numeric(kind):           # Hugging Face's ClassLabel
            return ["" if value is None else labels[value] if 0 <= value < len(labels) else str(value) for value in values]
        if set(map(type, values)) == {str}:
            joined = "".join(values)
            if "\0" not in joined and joined.split(None, 1) == [joined]:   # nothing that as_text would change
                return values
        if bytes in set(map(type, values)):
            return ["" if value is None else value.decode("utf-8").replace("\0", "").strip() for value in values]
        return [as_text(value) for value in values]

    def _numbers(self, column):
        """float64 of a column, NaN where it is null."""
        if self._arrow.types.is_decimal(column.type):
            column = column.cast(self._arrow.float64())
        return column.to_numpy().astype(np.float64)

    def _read(self, number, row_group, names):
        try:
            return self._files[number].read_row_group(row_group, columns=names, use_threads=True)
        except (self._arrow.ArrowException, OSError) as error:
            raise self._damaged(error, self.paths[number]) from None

    def vectors(self, names: Sequence[str], order: np.ndarray | None, report) -> tuple[np.ndarray, dict[int, InputError]]:
        """The features of a group.

        Returns
        -------
        vectors : np.ndarray
            float32 if all its columns are, else float64: shape (R, D). Row i of the file becomes row ``order[i]``; missing
            values are NaN.
        wrong : dict of int to InputError
            What is wrong with vectors of another length, by their row in `vectors`.
        """
        if names[0] in self._lengths:
            return self._vectors_of_lists(names[0], order, report)
        if names[0] in self._in_texts:
            found, wrong = vectors_of_cells(self.texts(names[0]), self.path, range(1, self.rows + 1), names[0])
            if order is None:
                return found, wrong
            return found[np.argsort(order)], {int(order[row]): error for row, error in wrong.items()}
        return self._vectors_of_columns(names, order, report)

    def _types_of(self, name):
        return [schema.field(name).type for schema in self._schemas]

    def _vectors_of_columns(self, names, order, report):
        kinds = {kind for name in names for kind in self._types_of(name)}
        for name in names:
            if self.kinds[name] not in ("number", "text"):
                raise InputError(f"column {name!r} holds {self.schema.field(name).type}", source=self.path, expected="numbers")
        types = self._arrow.types
        dtype = np.dtype(np.float32 if all(types.is_float32(kind) or types.is_float16(kind) for kind in kinds) else np.float64)
        checked_size(self.rows * len(names) * dtype.itemsize, self.bytes, self.path)
        vectors, first, wrong = empty_vectors((self.rows, len(names)), dtype, self.path), 0, {}
        for number, file in enumerate(self._files):
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                places = slice(first, first + count) if order is None else order[first:first + count]
                for start in range(0, len(names), _COLUMNS_AT_ONCE):
                    part = names[start:start + _COLUMNS_AT_ONCE]
                    table = self._read(number, group, part)
                    chunks = [self._chunk(table.column(name), dtype, name, first, wrong) for name in part]
                    fill_rows(vectors, places, start, chunks)
                    report((first + count * (start + len(part)) / len(names)) / max(self.rows, 1), "")
                first += count
        if 2 * len(wrong) >= max(self.rows, 1):
            raise wrong[min(wrong)]
        return vectors, wrong if order is None else {int(order[row]): error for row, error in wrong.items()}

    def _chunk(self, column, dtype, name, first, wrong):
        """The values of a column as one array; without a copy where the file has them as they are needed."""
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if self.kinds[name] == "text":
            return self._numbers_of_texts(self._texts(name, column), name, first, wrong)
        if self._arrow.types.is_decimal(column.type):
            column = column.cast(self._arrow.float64())
        values = column.to_numpy(zero_copy_only=False)
        return values if values.dtype.kind in "fiu" else values.astype(dtype)

    def _numbers_of_texts(self, texts, name, first, wrong):
        """Numbers that a program wrote as texts: float64, NaN for missing ones, and for others, which are put into `wrong`."""
        numbers = np.array([number_of(text) for text in texts], np.float64)
        for place_of in np.flatnonzero(np.isnan(numbers)).tolist():
            if not is_missing(texts[place_of]):
                wrong.setdefault(first + place_of, InputError(
                    f"{texts[place_of][:40]!r} is not a number", source=self.path, row=place(first + place_of + 1, name),
                    expected="a number with a decimal point"))
        return numbers

    def _vectors_of_lists(self, name, order, report):
        width, first, wrong = self._lengths[name], 0, {}
        types = self._arrow.types
        small = (types.is_float32, types.is_float16, types.is_int8, types.is_uint8, types.is_null)
        kinds = [self._value_type(kind) for kind in self._types_of(name)]
        dtype = np.dtype(np.float32 if all(any(test(kind) for test in small) for kind in kinds) else np.float64)
        checked_size(self.rows * width * dtype.itemsize, self.bytes, self.path)
        vectors = empty_vectors((self.rows, width), dtype, self.path)
        for file in self._files:
            for batch in file.iter_batches(batch_size=4096, columns=[name]):
                values, lengths = self._block(batch.column(0), width, dtype)
                vectors[slice(first, first + len(values)) if order is None else order[first:first + len(values)]] = values
                for row, length in lengths.items():
                    wrong[first + row if order is None else int(order[first + row])] = other_length(
                        length, width, self.path, place(first + row + 1, name))
                first += len(values)
                report(first / self.rows, "")
        return vectors, wrong

    def _value_type(self, kind):
        kind = kind.storage_type if isinstance(kind, self._arrow.BaseExtensionType) else kind
        while self._is_list(kind):
            kind = kind.value_type
        return kind

    def _block(self, column, width, dtype):
        """Vectors of some rows: (n, width), NaN for a missing one; and the lengths of those of another length, by row."""
        if isinstance(column.type, self._arrow.BaseExtensionType):
            column = column.storage
        if self._is_null(column.type):
            return np.full((len(column), width), np.nan, dtype), {}
        known = np.flatnonzero(~column.is_null().to_numpy(zero_copy_only=False))
        rows = column if len(known) == len(column) else column.take(self._arrow.array(known))
        lengths, values = self._lengths_and_values(rows)
        good = lengths == width
        if not good.all():                              # once more without the others
            other = {int(known[row]): int(lengths[row]) for row in np.flatnonzero(~good & (lengths > 0))}
            known, rows = known[good], rows.take(self._arrow.array(np.flatnonzero(good)))
            _lengths, values = self._lengths_and_values(rows)
        else:
            other = {}
        if self._arrow.types.is_decimal(values.type):
            values = values.cast(self._arrow.float64())
        numbers = values.to_numpy(zero_copy_only=False).astype(dtype, copy=False).reshape(-1, width)
        if len(known) == len(column):
            return numbers, other
        block = np.full((len(column), width), np.nan, dtype)
        block[known] = numbers
        return block, other

    def _lengths_and_values(self, rows):
        """How many numbers each row has, however deep its lists are, and all numbers."""
        lengths, values = np.ones(len(rows), np.int64), rows
        while self._is_list(values.type):
            if self._arrow.types.is_fixed_size_list(values.type):
                own, values = np.full(len(values), values.type.list_size), values.flatten()
            else:
                own, values = np.array(values.value_lengths().fill_null(0)), values.flatten()
            ends = np.concatenate([[0], np.cumsum(own)])
            bounds = np.concatenate([[0], np.cumsum(lengths)])
            lengths = ends[bounds[1:]] - ends[bounds[:-1]]
        return lengths, values


def _flat_lists(values):
    """Lists of numbers out of lists of any depth; None stays."""
    for value in values:
        while value is not None and len(value) and isinstance(value[0], (list, tuple)):
            value = [number for inner in value for number in inner]
        yield value


def _label_names(metadata):
    """Column -> names of its classes, as Hugging Face's datasets keep them beside the columns."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {name: [str(label) for label in feature["names"]] for name, feature in features.items()
                if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and feature.get("names")}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def read_parquet(path, choice: ImportChoice, report=lambda fraction, message="": None) -> EmbeddingFile:
    """Read the chosen columns of a Parquet file or data set; rows come in the order of their ids.

    Raises
    ------
    InputError
        It names row and column of what is wrong.
    """
    path = pathlib.Path(path)
    with ParquetTable(path) as table:
        groups = chosen_groups(table.recognition(), choice, path)
        numbered_rows = choice.id_column == ROW_NUMBER and ROW_NUMBER not in table.kinds
        values = row_numbers(table.rows) if numbered_rows else table.texts(choice.id_column)
        ids, told = ids_of_texts(values, choice.id_column)
        ids = checked_ids(ids, path, range(1, table.rows + 1), choice.id_column)
        columns = {ours: table.values(name) for name, ours in cohort_columns(choice.facets).items()}
        columns |= choice.links(values)
        if len(table.paths) > 1 and len(splits := [split_of(part) for part in table.paths]) and len(set(splits)) > 1:
            columns.setdefault(SPLIT, np.repeat(np.array(splits, object), table.counts))
        rows, order = range(1, table.rows + 1), None
        if any(after < before for before, after in zip(ids, ids[1:])):
            by_id = np.array(sorted(range(len(ids)), key=ids.__getitem__))
            order = np.empty_like(by_id)
            order[by_id] = np.arange(len(by_id))        # vectors are put in order while they are read
            ids, rows = [ids[row] for row in by_id.tolist()], (by_id + 1).tolist()
            columns = {name: column[by_id] for name, column in columns.items()}
        models, names, wrong = {}, {}, {}
        for number, group in enumerate(groups):
            model = choice.model_of(group.prefix)
            models[model], bad = table.vectors(group.columns, order, lambda share, message, number=number: report(
                (number + share) / len(groups), f"Reading {path.name}"))
            wrong |= bad
            names[model] = (group.columns.__getitem__ if len(group.columns) > 1
                            else lambda i, group=group: f"{group.prefix}[{i}]")
        return with_vectors(path, ids, models, columns, rows, choice.id_column, names, notes=(*table.notes(), *told),
                            categories=choice.cohort_categories, wrong=wrong)
