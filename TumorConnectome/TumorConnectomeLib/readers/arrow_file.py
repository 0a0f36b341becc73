"""Feather, Arrow IPC and JSON Lines, as if they were Parquet: the part of `pyarrow.parquet.ParquetFile` that we use."""
from __future__ import annotations

import pathlib
from collections.abc import Iterator, Sequence
from types import SimpleNamespace

PARQUET, ARROW, JSON_LINES = (".parquet", ".pq"), (".arrow", ".feather", ".ipc"), (".jsonl", ".ndjson")
#: all kinds of files that pyarrow reads
COLUMNAR = (*PARQUET, *ARROW, *JSON_LINES)
#: rows of a group; files of a stream may have few rows in each of very many batches
_FEWEST_ROWS, _MOST_ROWS = 1024, 1 << 16


def open_columnar(path):
    """Open a file as its ending says.

    Returns
    -------
    pyarrow.parquet.ParquetFile or ArrowFile

    Raises
    ------
    pyarrow.ArrowException, OSError
        It is damaged, or of another kind.
    """
    import pyarrow.parquet

    if pathlib.Path(path).suffix.lower() not in PARQUET:
        return ArrowFile(path)
    # without these two every column chunk of a row group would be in memory twice
    return pyarrow.parquet.ParquetFile(path, memory_map=False, pre_buffer=False)


class ArrowFile:
    """A table of Feather (version 2), Arrow IPC (file or stream, as ``datasets`` saves it) or JSON Lines."""

    def __init__(self, path):
        table = _table_of(path)
        batches = table.to_batches(max_chunksize=_MOST_ROWS)
        if len(batches) > 1 and table.num_rows < _FEWEST_ROWS * len(batches):
            batches = table.combine_chunks().to_batches(max_chunksize=_MOST_ROWS)
        self._batches = batches
        self.schema_arrow, self.num_row_groups = table.schema, len(batches)
        self.metadata = SimpleNamespace(num_rows=table.num_rows,
                                        row_group=lambda number: SimpleNamespace(num_rows=batches[number].num_rows))

    def read_row_group(self, number: int, columns: Sequence[str], use_threads: bool = True):
        """The rows of a group: pyarrow.Table."""
        import pyarrow

        return pyarrow.Table.from_batches([self._batches[number].select(list(columns))])

    def iter_batches(self, batch_size: int, columns: Sequence[str]) -> Iterator:
        """All rows, so many at a time: pyarrow.RecordBatch."""
        for batch in self._batches:
            for first in range(0, batch.num_rows, batch_size):
                yield batch.select(list(columns)).slice(first, batch_size)

    def close(self):
        """Let the file go."""
        self._batches = []


def _table_of(path):
    import pyarrow

    if pathlib.Path(path).suffix.lower() in JSON_LINES:
        import pyarrow.json

        return pyarrow.json.read_json(str(path))
    with open(path, "rb") as stream:
        is_file = stream.read(6) == b"ARROW1"
    with pyarrow.OSFile(str(path)) as source:
        table = (pyarrow.ipc.open_file if is_file else pyarrow.ipc.open_stream)(source).read_all()
    table.validate(full=True)                           # lengths of lists and texts that a damaged file claims lead anywhere
    return table
