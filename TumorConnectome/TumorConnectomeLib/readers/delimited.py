"""Reads CSV and TSV: exact numbers (float64, correctly rounded), and errors that name row and column."""
from __future__ import annotations

import pathlib

import numpy as np

from ..base.errors import InputError
from .delimited_form import DelimitedForm, form_of, records_of
from .embedding_file import EmbeddingFile, checked_ids, checked_vectors, place
from .patient_table import as_text
from .recognition import ImportChoice, Recognition, chosen_groups, cohort_column, recognize

_FIRST_ROOM = 1024


def recognize_delimited(form: DelimitedForm) -> Recognition:
    """What the columns of a text table are taken for."""
    sample = {name: [as_text(record[number]) for record in form.sample] for number, name in enumerate(form.header)}
    return recognize(form.header, sample)


def read_delimited(path, choice: ImportChoice, report=lambda fraction, message="": None) -> EmbeddingFile:
    """Read the chosen columns of a CSV or TSV file.

    Raises
    ------
    InputError
        A row has more or fewer cells than the header, a feature is not a finite number, an id is missing or repeated.
    """
    path = pathlib.Path(path)
    form = form_of(path)
    groups = chosen_groups(recognize_delimited(form), choice, path)
    position = {name: number for number, name in enumerate(form.header)}
    features = [position[name] for group in groups for name in group.columns]
    id_place, kept = position[choice.id_column], {name: position[name] for name in choice.facets}
    numbers = _Rows(len(features))
    ids, rows, columns = [], [], {name: [] for name in kept}
    size, read = max(path.stat().st_size, 1), 0
    together = features == list(range(features[0], features[-1] + 1)) if features else False
    records = records_of(path, form.encoding, form.delimiter)
    next(records)                                       # the header
    for row, record in records:
        if len(record) != len(form.header):
            raise InputError(f"{len(record)} cells", source=path, row=row, expected=f"{len(form.header)} as in the header")
        if features:
            cells = record[features[0]:features[-1] + 1] if together else [record[number] for number in features]
            numbers.append(_numbers(cells, form.decimal, lambda number, row=row: (path, row, form.header[features[number]])))
        ids.append(as_text(record[id_place]))
        rows.append(row)
        for name, number in kept.items():
            columns[name].append(record[number])
        read += sum(map(len, record)) + len(record)
        if not len(rows) % 500:
            report(min(read / size, 0.99), f"Reading {path.name}")
    ids = checked_ids(ids, path, rows, choice.id_column)
    models, first, values = {}, 0, numbers.array()
    for group in groups:
        part = values[:, first:first + len(group.columns)]
        models[choice.model_of(group.prefix)] = checked_vectors(part, path, rows, lambda i, group=group: group.columns[i])
        first += len(group.columns)
    return EmbeddingFile(path, ids, models, {cohort_column(name): _decimals(found, form.decimal)
                                             for name, found in columns.items()}, rows, choice.id_column, form.notes)


class _Rows:
    """Rows of numbers whose count is not known before: float64, grown in place."""

    def __init__(self, width):
        self._values, self._count = np.empty((_FIRST_ROOM, width)), 0

    def append(self, numbers):
        if self._count == len(self._values):
            self._values.resize((int(1.5 * self._count), self._values.shape[1]), refcheck=False)
        self._values[self._count] = numbers
        self._count += 1

    def array(self):
        """The rows, without the room that was left."""
        self._values.resize((self._count, self._values.shape[1]), refcheck=False)
        return self._values


def _numbers(cells, decimal, place_of):
    """float64 of a row's cells; Python's own conversion, which rounds correctly."""
    if decimal == ",":
        cells = [cell.replace(",", ".", 1) if "." not in cell else cell + "," for cell in cells]
    try:
        if "_" in "".join(cells):                       # Python reads 1_000 as 1000
            raise ValueError
        return list(map(float, cells))
    except ValueError:
        for number, cell in enumerate(cells):
            if not _is_number(cell):
                path, row, column = place_of(number)
                problem = f"{cell.strip()[:40]!r} is not a number" if cell.strip() else "the cell is empty"
                raise InputError(problem, source=path, row=place(row, column),
                                 expected=f"a number with a decimal {'comma' if decimal == ',' else 'point'}") from None
        raise


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _decimals(texts, decimal):
    """Property values with a decimal point, so that they are numbers wherever they are looked at."""
    if decimal == "," and all(_is_number(text.replace(",", ".", 1)) or not text.strip() for text in texts):
        return [text.replace(",", ".", 1) for text in texts]
    return texts
