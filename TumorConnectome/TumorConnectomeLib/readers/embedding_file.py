"""What every reader makes of a file, and the checks that all ids and vectors pass."""
from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..base.errors import InputError
from ..cohort.vector_checks import problem_of, unusable_rows

#: a file that says that it holds more than this is believed only if it is not absurdly smaller itself
_TRUSTED_BYTES, _LARGEST_RATIO = 1 << 28, 100
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class EmbeddingFile:
    """The rows of one file.

    Parameters
    ----------
    path : pathlib.Path
    ids : list of str
        R patient ids, as `words.as_text` writes them; not empty. They may repeat; a patient's rows are in file order.
    models : dict of str to np.ndarray
        Model name to float32 or float64 array of shape (R, D), finite, no zero vector; empty for a patient table. Who joins
        the files may take the arrays out.
    columns : mapping of str to np.ndarray
        Other columns by the names they have in the cohort, shape (R,): float64 with NaN for missing, or object with texts.
    rows : sequence of int
        Row number of each record in the file, for errors.
    id_column : str
        Where the ids stand, for errors.
    notes : tuple of str
        What the user should know, one sentence each.
    left_out : tuple of (str, str)
        Patients without a vector, "" for rows without an id; and why.
    several_expected : bool
        Whether patients with several rows are left out where one is wanted, and not an error: in files of the published form
        they are follow-up scans.
    categories : tuple of str
        Columns that the user wants as categories although they hold numbers.

    Attributes
    ----------
    has_vectors : bool
        Whether it has any model.
    """

    path: pathlib.Path
    ids: list[str]
    models: dict[str, np.ndarray]
    columns: Mapping[str, np.ndarray]
    rows: Sequence[int]
    id_column: str
    notes: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    several_expected: bool = False
    categories: tuple[str, ...] = ()
    has_vectors: bool = field(init=False, default=False)

    def __post_init__(self):
        object.__setattr__(self, "has_vectors", bool(self.models))


def checked_ids(values: Sequence[str], path, rows: Sequence[int], column: str, *, all_of_them: bool = False) -> list[str]:
    """The ids of a file's rows; a few of them may be "" or not printable: `with_vectors` leaves these rows out.

    Raises
    ------
    InputError
        There are no rows, or more than half of the ids (or, with `all_of_them`, one) can not be one; the first is named.
    """
    if not len(values):
        raise InputError("it has no rows", source=path, expected="at least one patient")
    if not all(values) or not "".join(values).isprintable():
        bad = [number for number, text in enumerate(values) if not _is_id(text)]
        if all_of_them or 2 * len(bad) > len(values):
            raise _no_id(values[bad[0]], path, rows[bad[0]], column)
    return list(values)


def _is_id(text):
    return bool(text) and text.isprintable()


def _no_id(text, path, row, column):
    return InputError(f"the id is {text[:40]!r}", source=path, row=place(row, column), expected="a text that can be printed")


def refuse_repeated(file: EmbeddingFile) -> None:
    """InputError when a patient has several rows."""
    if len(set(file.ids)) == len(file.ids):
        return
    places: dict[str, int] = {}
    for row, patient in zip(file.rows, file.ids):
        if patient in places:
            expected = "one row per patient" + (", or another rule for patients with several rows" if file.has_vectors else "")
            raise InputError(f"id {patient[:60]!r} stands in row {places[patient]} already", source=file.path,
                             row=place(row, file.id_column), expected=expected)
        places[patient] = row


def one_row_each(table: EmbeddingFile) -> EmbeddingFile:
    """A table of patients without what stands in it twice: equal rows count once, patients with different rows are left out.

    Where that would be half of them or more, nothing is changed: see `refuse_repeated`.
    """
    places: dict[str, list[int]] = {}
    for number, patient in enumerate(table.ids):
        places.setdefault(patient, []).append(number)
    repeated = {patient: numbers for patient, numbers in places.items() if len(numbers) > 1}
    texts = [list(map(str, values.tolist())) for values in table.columns.values()] if repeated else []
    unlike = {patient: numbers for patient, numbers in repeated.items()
              if len({tuple(values[number] for values in texts) for number in numbers}) > 1}
    if not repeated or 2 * len(unlike) >= len(places):
        return table
    kept = [numbers[0] for patient, numbers in places.items() if patient not in unlike]
    count = sum(map(len, repeated.values())) - len(repeated) - sum(map(len, unlike.values())) + len(unlike)
    told = tuple((patient, f"rows {', '.join(str(table.rows[number]) for number in numbers)} say different things of it")
                 for patient, numbers in unlike.items())
    return replace(
        table, ids=[table.ids[number] for number in kept], rows=[table.rows[number] for number in kept],
        columns={name: values[kept] for name, values in table.columns.items()}, left_out=(*table.left_out, *told),
        notes=(*table.notes, *([f"{count} rows that repeat another are left out."] if count else [])))


def place(row: int, column: str) -> str:
    """A cell in words, for errors."""
    return f"row {row}, column {column!r}"


def other_length(length: int, width: int, path, row: str) -> InputError:
    """What is wrong with a vector of another length than most."""
    return InputError(f"the vector has {length} numbers", source=path, row=row, expected=f"{width} as in other rows")


def as_vectors(vectors: np.ndarray) -> np.ndarray:
    """Numbers as float32 or float64 in this machine's byte order; the type is kept if it is one of these."""
    if vectors.dtype in (np.float32, np.float64) and vectors.dtype.isnative:
        return vectors
    with np.errstate(over="ignore"):
        small = vectors.dtype.kind == "f" and vectors.dtype.itemsize <= 4
        return vectors.astype(np.float32 if small else np.float64)


def with_vectors(path, ids: list[str], models: Mapping[str, np.ndarray], columns: Mapping[str, np.ndarray],
                 rows: Sequence[int], id_column: str, column_of: Mapping[str, Callable[[int], str]], *,
                 notes: Sequence[str] = (), categories: Sequence[str] = (), wrong: Mapping[int, InputError] | None = None
                 ) -> EmbeddingFile:
    """The file without the patients that have no vector, and without the rows that have no id.

    Parameters
    ----------
    path, ids, models, columns, rows, id_column, notes, categories
        See EmbeddingFile; models are numbers of any type, and may have rows that are no vector. A table of patients has none.
    column_of : mapping of str to callable
        For each model, the name of a dimension by its number.
    wrong : mapping of int to InputError, optional
        What is wrong with vectors that are NaN because they could not be read, by the row's index.

    Raises
    ------
    InputError
        No row has a vector; the text names the first and what is wrong with it.
    """
    path, models = pathlib.Path(path), {model: as_vectors(vectors) for model, vectors in models.items()}
    why = dict(wrong or {})
    for model, vectors in models.items():
        for row in unusable_rows(vectors).tolist():
            dimension, problem = problem_of(vectors[row])
            where = f"row {rows[row]}" if dimension is None else place(rows[row], column_of[model](dimension))
            why.setdefault(row, InputError(problem, source=path, row=where, expected="finite numbers, not all of them zero"))
    no_id = set()
    if not all(ids) or not "".join(ids).isprintable():
        no_id = {row for row, text in enumerate(ids) if not _is_id(text)}
        why |= {row: _no_id(ids[row], path, rows[row], id_column) for row in no_id}
    if len(why) == len(ids):
        first = why[min(why, key=rows.__getitem__)]
        raise first if len(ids) == 1 else InputError(f"{first.problem}, and no other row has a vector", source=path,
                                                     row=first.row, expected=first.expected)
    left_out = tuple(("" if row in no_id else ids[row], _without_file(why[row])) for row in sorted(why))
    if why:
        kept = np.setdiff1d(np.arange(len(ids)), list(why))
        models = {model: vectors[kept] for model, vectors in models.items()}
        columns = {name: values[kept] for name, values in columns.items()}
        ids, rows = [ids[row] for row in kept.tolist()], [rows[row] for row in kept.tolist()]
    return EmbeddingFile(path, ids, dict(models), columns, rows, id_column, tuple(notes), left_out,
                         categories=tuple(categories))


def _without_file(error):
    """What is wrong, without the file and what a vector has to be."""
    usual = error.expected.startswith("finite numbers")
    return f"{error.row}: {error.problem}" + ("" if usual else f"; expected {error.expected}")


def checked_size(declared: int, stored: int, path) -> None:
    """Refuse a file of `stored` bytes that says it holds absurdly many: a "zip bomb" would fill the memory.

    Embeddings hardly compress: real files hold less than ten times their size.
    """
    if declared > _TRUSTED_BYTES and declared > _LARGEST_RATIO * max(stored, 1):
        raise InputError(f"refused, because its {stored:,} bytes claim to hold {declared:,}", source=path,
                         expected="an embedding file, which compresses little")


def refuse_pointer(start: bytes, path) -> None:
    """InputError if a file of which these are the first bytes stands for another: Git LFS or git-annex left it out."""
    if start.startswith((b"version https://git-lfs.github.com/spec/", b"version https://hawser.github.com/spec/")):
        raise InputError("a Git LFS pointer stands in the place of the file", source=path,
                         expected="its content: 'git lfs pull'")
    if start.startswith(b"/annex/objects/"):
        raise InputError("a git-annex pointer stands in the place of the file", source=path,
                         expected="its content: 'git annex get'")


def empty_vectors(shape: tuple[int, int], dtype, path) -> np.ndarray:
    """Room for vectors; InputError when the memory does not suffice."""
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError):
        raise InputError(f"{shape[0]:,} vectors of {shape[1]:,} numbers do not fit into the memory", source=path) from None


def fill_rows(vectors: np.ndarray, places: slice | np.ndarray, start: int, columns: Sequence[np.ndarray]) -> None:
    """Write columns of numbers into the columns `start`, ... of the rows `places` of vectors, in parts that fit into the cache.

    Parameters
    ----------
    vectors : np.ndarray
        Shape (R, D), changed.
    places : slice or np.ndarray
        N rows.
    start : int
    columns : sequence of np.ndarray
        Each of shape (N,).
    """
    count, width = len(columns[0]), len(columns)
    buffer = np.empty((width, min(_ROWS_AT_ONCE, count)), vectors.dtype)
    for first in range(0, count, _ROWS_AT_ONCE):
        last = min(first + _ROWS_AT_ONCE, count)
        block = buffer[:, :last - first]
        for number, column in enumerate(columns):
            block[number] = column[first:last]
        rows = slice(places.start + first, places.start + last) if isinstance(places, slice) else places[first:last]
        vectors[rows, start:start + width] = block.T
