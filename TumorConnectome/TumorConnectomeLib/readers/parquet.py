"""Reads Parquet with pyarrow, some columns at a time, so that little more than the vectors themselves is in memory."""
from __future__ import annotations

import pathlib

import numpy as np

from ..base.errors import InputError
from .embedding_file import EmbeddingFile, checked_ids, checked_size, checked_vectors, empty_vectors, place
from .patient_table import as_text
from .recognition import ImportChoice, Recognition, chosen_groups, cohort_column, recognize

_SAMPLE_ROWS = 60
_COLUMNS_AT_ONCE = 32


class ParquetTable:
    """An open Parquet file; use it in a `with` block.

    Raises
    ------
    InputError
        The file is damaged, or not Parquet.
    """

    def __init__(self, path):
        import pyarrow
        import pyarrow.parquet

        self.path, self._arrow = pathlib.Path(path), pyarrow
        try:
            # without these two every column chunk of a row group would be in memory twice
            self._file = pyarrow.parquet.ParquetFile(self.path, memory_map=False, pre_buffer=False)
        except (pyarrow.ArrowException, OSError) as error:
            raise self._damaged(error) from None
        self.rows, self.schema = self._file.metadata.num_rows, self._file.schema_arrow
        if len(set(self.schema.names)) != len(self.schema.names):
            raise InputError("two columns have the same name", source=self.path, expected="different names")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def _damaged(self, error):
        return InputError(f"not readable as Parquet ({str(error).splitlines()[0][:160]})", source=self.path,
                          expected="a Parquet file")

    def sample(self) -> dict[str, list[str]]:
        """The first values of every column that holds texts or whole numbers, as text."""
        names = [field.name for field in self.schema if not self._is_numeric(field.type) or self._types.is_integer(field.type)]
        names = [name for name in names if name not in self.lists()]
        try:
            batch = next(self._file.iter_batches(batch_size=_SAMPLE_ROWS, columns=names), None)
        except (self._arrow.ArrowException, OSError) as error:
            raise self._damaged(error) from None
        return {} if batch is None else {name: [as_text(value) for value in batch.column(name).to_pylist()] for name in names}

    @property
    def _types(self):
        return self._arrow.types

    def _is_numeric(self, kind):
        return self._types.is_floating(kind) or self._types.is_integer(kind)

    def lists(self) -> list[str]:
        """Columns that hold a vector of floating point numbers in every cell."""
        types = self._types
        return [field.name for field in self.schema
                if (types.is_list(field.type) or types.is_large_list(field.type) or types.is_fixed_size_list(field.type))
                and types.is_floating(field.type.value_type)]

    def recognition(self) -> Recognition:
        """What the columns are taken for."""
        names = [name for name in self.schema.names if not name.startswith("__index_level_")]
        numeric = [field.name for field in self.schema if self._is_numeric(field.type)]
        return recognize(names, self.sample(), self.lists(), numeric)

    def texts(self, name: str) -> list[str]:
        """All values of a column as text."""
        return [as_text(value) for group in range(self._file.num_row_groups)
                for value in self._read(group, [name]).column(0).to_pylist()]

    def _read(self, row_group, names):
        try:
            return self._file.read_row_group(row_group, columns=names, use_threads=True)
        except (self._arrow.ArrowException, OSError) as error:
            raise self._damaged(error) from None

    def vectors(self, names, report) -> np.ndarray:
        """The features of a group as one array, float32 if all its columns are, else float64: shape (R, D)."""
        if names[0] in self.lists():
            return self._vectors_of_lists(names[0], report)
        kinds = {self.schema.field(name).type for name in names}
        for name in names:
            if not self._is_numeric(self.schema.field(name).type):
                raise InputError(f"column {name!r} holds {self.schema.field(name).type}", source=self.path, expected="numbers")
        small = all(self._types.is_float32(kind) or self._types.is_float16(kind) for kind in kinds)
        dtype = np.dtype(np.float32 if small else np.float64)
        checked_size(self.rows * len(names) * dtype.itemsize, self.path.stat().st_size, self.path)
        vectors, first = empty_vectors((self.rows, len(names)), dtype, self.path), 0
        for group in range(self._file.num_row_groups):
            for start in range(0, len(names), _COLUMNS_AT_ONCE):
                part = names[start:start + _COLUMNS_AT_ONCE]
                table = self._read(group, part)
                for offset, name in enumerate(part):
                    column = table.column(name)
                    if column.null_count:
                        row = first + int(np.argmax(column.is_null().to_numpy())) + 1
                        raise InputError("the value is missing (null)", source=self.path, row=place(row, name),
                                         expected="a finite number")
                    vectors[first:first + len(column), start + offset] = column.to_numpy()
                report((first + table.num_rows * (start + len(part)) / len(names)) / max(self.rows, 1), "")
            first += table.num_rows
        return vectors

    def _vectors_of_lists(self, name, report):
        vectors, first = None, 0
        for batch in self._file.iter_batches(batch_size=4096, columns=[name]):
            column = batch.column(0)
            lengths = np.array(column.value_lengths().fill_null(-1)) if not self._types.is_fixed_size_list(column.type) else \
                np.where(column.is_null().to_numpy(zero_copy_only=False), -1, column.type.list_size)
            width = vectors.shape[1] if vectors is not None else int(lengths[0])
            wrong = np.flatnonzero((lengths != width) | (lengths < 1))
            if len(wrong):
                raise InputError(f"the vector has {max(int(lengths[wrong[0]]), 0)} numbers", source=self.path,
                                 row=place(first + int(wrong[0]) + 1, name), expected=f"{max(width, 1)} as in row 1")
            if vectors is None:
                dtype = np.dtype(np.float64 if self._types.is_float64(column.type.value_type) else np.float32)
                checked_size(self.rows * width * dtype.itemsize, self.path.stat().st_size, self.path)
                vectors = empty_vectors((self.rows, width), dtype, self.path)
            values = column.flatten().to_numpy(zero_copy_only=False)    # nulls inside become NaN, which is refused later
            vectors[first:first + len(column)] = values.reshape(len(column), width)
            first += len(column)
            report(first / self.rows, "")
        return vectors


def read_parquet(path, choice: ImportChoice, report=lambda fraction, message="": None) -> EmbeddingFile:
    """Read the chosen columns of a Parquet file; InputError names row and column of what is wrong."""
    path = pathlib.Path(path)
    with ParquetTable(path) as table:
        lists = table.lists()
        groups = chosen_groups(table.recognition(), choice, path)
        rows = range(1, table.rows + 1)
        ids = checked_ids(table.texts(choice.id_column), path, rows, choice.id_column)
        models = {}
        for number, group in enumerate(groups):
            vectors = table.vectors(group.columns, lambda share, message, number=number: report(
                (number + share) / len(groups), f"Reading {path.name}"))
            names = [f"{group.prefix}[{i}]" for i in range(vectors.shape[1])] if group.prefix in lists else group.columns
            models[choice.model_of(group.prefix)] = checked_vectors(vectors, path, rows, names.__getitem__)
        columns = {cohort_column(name): table.texts(name) for name in choice.facets}
    return EmbeddingFile(path, ids, models, columns, rows, choice.id_column)
