"""Reads vectors to query by: pasted text, a file that is one vector, or the rows of a file of embeddings."""
from __future__ import annotations

import json
import pathlib
from dataclasses import dataclass, replace

import numpy as np

from ..base.errors import InputError
from ..cohort.vector_checks import problem_of, unusable_rows
from .arrays import companions, headers_of
from .cells import numbers_in
from .embedding_file import as_vectors, place
from .files import KINDS, PICKLE, preview, read_file
from .text_stream import kind_of

_MOST_NUMBERS = 1 << 20
_PLAIN_TEXT = (".txt", ".json", ".csv", ".tsv")
_LONGEST_TEXT = 1 << 25
_EXPECTED = "numbers separated by commas, spaces or line breaks, or a JSON list"


@dataclass(frozen=True, eq=False)
class VectorRows:
    """Vectors that one can be chosen from.

    Parameters
    ----------
    labels : list of str
        R names: ids of the rows, or the file's name when it is one vector.
    models : dict of str to np.ndarray
        Model name to float64 or float32 array of shape (R, D).
    """

    labels: list[str]
    models: dict[str, np.ndarray]

    def model_for(self, model: str, length: int, source) -> str:
        """The model whose vectors are meant for `model`: the one of its name, or the only one with `length` dimensions.

        Raises
        ------
        InputError
            None or several have that many dimensions.
        """
        named = [name for name in self.models if name.lower() == model.lower()]
        fitting = named or [name for name, vectors in self.models.items() if vectors.shape[1] == length]
        if len(fitting) == 1:
            return fitting[0]
        found = ", ".join(f"{name} ({vectors.shape[1]})" for name, vectors in self.models.items())
        raise InputError(f"{'several' if fitting else 'no'} sets of features have {length} dimensions (found {found})",
                         source=source, expected=f"one for the model {model}")

    def row_of(self, label: str, source) -> int:
        """Row of a label; the only one for "". InputError names an unknown one."""
        if not label and len(self.labels) == 1:
            return 0
        if label not in self.labels:
            raise InputError(f"no row {label[:60]!r}" if label else f"it has {len(self.labels)} rows, and none is chosen",
                             source=source, expected=f"the id of one (--row), such as {self.labels[0]!r}")
        return self.labels.index(label)


def parse_vector(text: str, source="the vector") -> np.ndarray:
    """The numbers in a text: float64, shape (D,).

    Commas, semicolons, spaces, line breaks, a JSON list, and what numpy or torch print are understood; with semicolons between
    them numbers may have a decimal comma.

    Raises
    ------
    InputError
        A part is no finite number (its place is named), there are none, or all are zero.
    """
    inner = text.strip()
    if inner.startswith("{"):
        return _vector_of_json(inner, source)
    if inner.startswith("["):
        try:
            return _vector_of_json(inner, source)
        except _NotJson:                                # numpy prints brackets, too
            pass
    return _checked(numbers_in(inner, source), source)


class _NotJson(InputError):
    """A text is no JSON at all."""


def _vector_of_json(text, source):
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise _NotJson("not readable as JSON", source=source, expected=_EXPECTED) from None
    while isinstance(values, dict) and len(values) == 1:
        values = next(iter(values.values()))
    while isinstance(values, list) and len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    if not isinstance(values, list) or not values or not all(type(value) in (int, float) for value in values):
        raise InputError("the JSON text is no list of numbers", source=source, expected=_EXPECTED)
    try:
        return _checked(np.array(values, float), source)
    except OverflowError:
        raise InputError("a number is too large", source=source, expected="finite numbers") from None


def _checked(numbers, source):
    if not np.isfinite(numbers).all():
        place = int(np.flatnonzero(~np.isfinite(numbers))[0])
        raise InputError(f"number {place + 1} is {numbers[place]}", source=source, expected="finite numbers")
    if not numbers.any():
        raise InputError("it has only zeros", source=source, expected="a vector with a direction")
    if len(numbers) < 2 or len(numbers) > _MOST_NUMBERS:
        raise InputError(f"it has {len(numbers):,} numbers", source=source, expected=f"2 to {_MOST_NUMBERS:,}")
    return numbers


def read_vectors(path) -> VectorRows:
    """Read a file to query by: one vector (text, JSON, npy), or a file of embeddings as for a cohort.

    A ``.txt`` file is one vector; a table of embeddings ends in ``.csv`` or ``.tsv`` (which may be one vector, too).

    Raises
    ------
    InputError
        The file is neither; the text says what is wrong with it.
    """
    path = pathlib.Path(path)
    kind = kind_of(path)
    if not path.is_file():
        raise InputError("no such file", source=path, expected="a vector, or a file of embeddings")
    if kind in _PLAIN_TEXT and path.stat().st_size <= _LONGEST_TEXT:
        try:
            return VectorRows([path.stem], {"": parse_vector(path.read_text("utf-8-sig"), path)[None]})
        except (InputError, UnicodeDecodeError) as error:
            if kind in (".json", ".txt"):
                raise error if isinstance(error, InputError) else InputError("not UTF-8 text", source=path) from None
    if kind == ".npy" and (found := _bare_array(path)) is not None:
        return found
    if kind not in KINDS:
        raise InputError(f"files of the kind {kind or 'without ending'!r} are not known", source=path,
                         expected=", ".join((".json", *KINDS)))
    one = preview(path)
    if one.is_table and kind not in PICKLE:
        raise InputError("it has no numbered feature columns", source=path,
                         expected="columns such as pred_0, pred_1, or a vector")
    choice, groups = one.choice, tuple(group.prefix for group in one.recognition.groups)
    if len(groups) > 1:                                 # all of them: the model that is asked about says which is meant
        choice = replace(choice, prefixes=groups)
    read = read_file(path, choice)
    return VectorRows(read.ids, dict(read.models))


def _bare_array(path):
    """A numpy file that is one vector, or rows without ids; None if a table beside it names them."""
    shape = next(iter(headers_of(path).values())).shape
    if len(shape) == 2 and shape[0] != 1 and companions(path):
        return None
    values = np.load(path, allow_pickle=False)
    if values.dtype.kind not in "fiu" or values.ndim not in (1, 2) or not values.size:
        raise InputError(f"an array of shape {shape} and type {values.dtype}", source=path,
                         expected="numbers of shape (D,) or (N, D)")
    rows = np.atleast_2d(values)
    vectors = as_vectors(rows)
    for row in unusable_rows(vectors).tolist():
        dimension, problem = problem_of(vectors[row])
        where = f"row {row + 1}" if dimension is None else place(row + 1, f"{path.stem}[{dimension}]")
        raise InputError(problem, source=path, row=where, expected="finite numbers, not all of them zero")
    return VectorRows([path.stem] if len(rows) == 1 else [f"row {number}" for number in range(1, len(rows) + 1)], {"": vectors})
