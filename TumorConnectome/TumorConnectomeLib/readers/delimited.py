"""Reads CSV and TSV: exact numbers (float64, correctly rounded), and errors that name row and column.

The numbers are read by pandas. Only where it meets something else than numbers is the file read again cell by cell: then a
missing value leaves its patient out, and a wrong cell is named.
"""
from __future__ import annotations

import functools
import math
import pathlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..base.errors import InputError
from ..cohort.words import as_text, is_missing, number_of
from .cells import vector_length, vectors_of_cells
from .delimited_form import DelimitedForm, form_of, records_of
from .embedding_file import EmbeddingFile, checked_ids, fill_rows, place, refuse_repeated, with_vectors
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
from .text_stream import is_compressed, open_bytes

#: cells of one part that is read at once: with more, memory is wasted; with fewer, time
_CELLS_AT_ONCE = 5_000_000
#: missing features that the fast way knows; the slow one knows all of `words.MISSING`
_EMPTY = ["", "NA", "NaN", "nan", "N/A", "NULL", "null"]


#: what is not a row but said about the table: words, a comment, the end mark of old systems
_REMARK = re.compile(r"\s*([#*\x1a]|\S+\s+\S+\s+\S)|\s*\x1a")


class _NotPlain(Exception):
    """The fast way does not understand the file."""


@functools.lru_cache(maxsize=8)
def recognize_delimited(form: DelimitedForm) -> Recognition:
    """What the columns of a text table are taken for."""
    sample = {name: [record[number] for record in form.sample] for number, name in enumerate(form.header)}
    vectors = {name: length for name, values in sample.items() if (length := vector_length(name, values))}
    nameless, numeric = {name for number, name in enumerate(form.header, start=1) if name == f"column {number}"}, None
    if len(nameless) > 1:                               # these numbers are ours: they make no embedding
        numeric = [name for name in form.header if name not in nameless and are_numbers(sample[name], form.decimal)]
    return recognize(form.header, sample, vectors, numeric, form.decimal)


@dataclass(eq=False)
class _Content:
    """What was read: `numbers` (R, features), texts by column, the number of each row, and the form that was found at last.

    `odd` are the rows that were left out because they have more or fewer cells than the header, `wrong` what is wrong with rows
    whose numbers are NaN because one of them is none.
    """

    numbers: np.ndarray
    texts: dict[str, Sequence[str]]
    rows: list[int]
    form: DelimitedForm
    notes: tuple[str, ...] = ()
    odd: tuple[tuple[int, list[str]], ...] = ()
    wrong: dict[int, InputError] = field(default_factory=dict)

    def left_out(self, id_column: str) -> tuple[tuple[str, str], ...]:
        """(id, why) of the odd rows; the id is what stands where it should, "" if nothing."""
        at = self.form.header.index(id_column) if id_column in self.form.header else len(self.form.header)
        return tuple((as_text(cells[at]) if at < len(cells) else "",
                      f"row {row}: {len(cells)} cells; expected {len(self.form.header)} as in the header")
                     for row, cells in self.odd)


def read_patients(path) -> EmbeddingFile:
    """Read a table of patients with a column PatientID and maybe others, one row per patient.

    Raises
    ------
    InputError
        It is no such table; the text names row and column.
    """
    path = pathlib.Path(path)
    form = form_of(path, single=True)
    if "PatientID" not in form.header or form.headless:
        raise InputError(f"the columns are {', '.join(form.header)[:200]}", source=path, row="header",
                         expected="different names, one of them PatientID")
    names = [name for name in form.header if name != "PatientID"]
    content = _by_cells(path, form, [], form.header, lambda fraction, message="": None)
    ids, told = ids_of_texts(content.texts["PatientID"], "PatientID")
    ids = checked_ids(ids, path, content.rows, "PatientID")
    columns = {ours: _decimals(content.texts[name], form.decimal) for name, ours in cohort_columns(names).items()}
    table = with_vectors(path, ids, {}, columns, content.rows, "PatientID", {}, notes=(*content.notes, *told))
    refuse_repeated(table)
    return replace(table, left_out=(*table.left_out, *content.left_out("PatientID")))


def read_delimited(path, choice: ImportChoice, report=lambda fraction, message="": None) -> EmbeddingFile:
    """Read the chosen columns of a CSV or TSV file.

    Rows with more or fewer cells than the header, with a feature that is no number or without an id are left out and listed.

    Raises
    ------
    InputError
        Half of the rows or more are so, or nobody has a vector; the text names the first.
    """
    path = pathlib.Path(path)
    form = form_of(path)
    recognition = recognize_delimited(form)
    groups = chosen_groups(recognition, choice, path)
    numbered_rows = choice.id_column == ROW_NUMBER and ROW_NUMBER not in form.header
    texts = list(dict.fromkeys([*(() if numbered_rows else (choice.id_column,)), *choice.facets]))
    in_cells = [group for group in groups if group.columns[0] in recognition.lists]
    numbered = [name for group in groups if group not in in_cells for name in group.columns]
    content = _read(path, form, numbered, [*texts, *(group.columns[0] for group in in_cells)], report)
    form = content.form
    values = row_numbers(len(content.rows)) if numbered_rows else content.texts[choice.id_column]
    ids, told = ids_of_texts(values, choice.id_column)
    ids = checked_ids(ids, path, content.rows, choice.id_column)
    models, names, first, wrong = {}, {}, 0, dict(content.wrong)
    for group in groups:
        model = choice.model_of(group.prefix)
        if group in in_cells:
            models[model], bad = vectors_of_cells(content.texts[group.columns[0]], path, content.rows, group.columns[0])
            wrong |= bad
            names[model] = lambda number, group=group: f"{group.columns[0]}[{number}]"
        else:
            models[model] = content.numbers if len(numbered) == len(group.columns) else \
                content.numbers[:, first:first + len(group.columns)]
            names[model] = group.columns.__getitem__
            first += len(group.columns)
    columns = {ours: _decimals(content.texts[name], form.decimal) for name, ours in cohort_columns(choice.facets).items()}
    columns |= choice.links(values)
    found = with_vectors(path, ids, models, columns, content.rows, choice.id_column, names, notes=(*content.notes, *told),
                         categories=choice.cohort_categories, wrong=wrong)
    return replace(found, left_out=(*found.left_out, *content.left_out(choice.id_column))) if content.odd else found


def read_matrix(path, form: DelimitedForm) -> np.ndarray:
    """The numbers of a file without a header: float64, shape (R, D), NaN for missing ones."""
    content = _read(pathlib.Path(path), form, list(form.header), [], lambda fraction, message="": None)
    _refuse_gaps(path, content)
    return content.numbers


def read_beside(path, count: int, choice: ImportChoice | None = None, of: str = "") -> EmbeddingFile:
    """The table beside a file of vectors, row by row; one column without a name will do.

    Parameters
    ----------
    path : path
        Of the table.
    count : int
        How many vectors there are.
    choice : ImportChoice, optional
        Its columns; by default the recognized ones.
    of : str
        Name of the file of vectors, for errors.
    """
    form, recognition = beside(path, count)
    content = _by_cells(pathlib.Path(path), form, [], form.header, lambda fraction, message="": None)
    _refuse_gaps(path, content)
    texts, rows = content.texts, content.rows
    if len(rows) != count:
        raise InputError(f"it has {len(rows)} rows", source=path, expected=f"{count}, one for each vector of {of}")
    column, facets = (choice.id_column, choice.facets) if choice else (recognition.id_column, recognition.others)
    for name in (column, *facets):
        if name not in texts:
            raise InputError(f"there is no column {name!r}", source=path, expected=f"one of {', '.join(form.header)[:160]}")
    ids, told = ids_of_texts(texts[column], column)
    columns = {ours: _decimals(texts[name], form.decimal) for name, ours in cohort_columns(facets).items()}
    columns |= choice.links(texts[column]) if choice else {}
    return EmbeddingFile(pathlib.Path(path), checked_ids(ids, path, rows, column), {}, columns, rows, column,
                         (*content.notes, *told), categories=choice.cohort_categories if choice else ())


def beside(path, count: int) -> tuple[DelimitedForm, Recognition]:
    """The form and the columns of a table beside `count` vectors; a column of ids may have no name above it."""
    form = form_of(path, single=True)
    if len(form.header) == 1 and not form.headless and sum(1 for _ in records_of(path, form)) == count:
        sample = ((form.header[0],), *form.sample)
        form = DelimitedForm(form.encoding, form.delimiter, form.decimal, ("id",), sample, form.notes, form.skipped, True)
    elif form.headless and len(form.header) == 1:
        form = DelimitedForm(form.encoding, form.delimiter, form.decimal, ("id",), form.sample, form.notes, form.skipped, True)
    sample = {name: [record[number] for record in form.sample] for number, name in enumerate(form.header)}
    if len(form.header) == 1:
        return form, Recognition(form.header[0], (), ())
    return form, recognize(form.header, sample)


def _refuse_gaps(path, content):
    """InputError for rows that can not be left out, because they belong to those of another file by their number."""
    if content.odd:
        raise _other_width(path, content.form, *content.odd[0])
    for row in sorted(content.wrong):
        raise content.wrong[row]


def _other_width(path, form, row, cells):
    return InputError(f"{len(cells)} cells", source=path, row=row, expected=f"{len(form.header)} as in the header")


def _data_records(path, form, notes, odd):
    """Row numbers and cells below the header, as many cells each; other rows are put into `odd`.

    The header once more (of files that were joined) and remarks below the table are left out, with a sentence in `notes`.
    """
    records = records_of(path, form)
    if not form.headless:
        next(records)
    width, remarks, header = len(form.header), [], list(form.header)
    for row, record in records:
        if len(record) == width + 1 and not record[-1].strip():
            record.pop()                                # a delimiter at the end of the line
        if len(record) == width - 1 and form.header[-1] == f"column {width}":
            record.append("")
        if width > 2 and len(record) == 1 and _REMARK.match(record[0]):
            remarks.append((row, record))
            continue
        odd += remarks                                  # rows follow: they were no remarks below the table
        remarks = []
        if len(record) != width:
            odd.append((row, record))
            continue
        if record[-1] == header[-1] and list(map(str.strip, record)) == header:
            notes.append(f"Row {row} is the header once more: it is left out.")
            continue
        yield row, record
    notes += [f"Row {at} is a remark below the table: it is left out ({odd[0].strip()[:60]!r})." for at, odd in remarks]


def _read(path, form, numbered, texts, report):
    """The content of a file: by pandas, or cell by cell where that fails."""
    report(0.0, f"Reading {path.name}")
    if numbered and form.sample and form.delimiter != " ":
        try:
            return _by_pandas(path, form, numbered, texts, report)
        except _NotPlain:
            pass
    whole = form_of(path, whole=True)
    return _by_cells(path, whole if whole.header == form.header else form, numbered, texts, report)


def _by_pandas(path, form, numbered, texts, report):
    import pandas as pd

    place_of = {name: number for number, name in enumerate(form.header)}
    features, kept = [place_of[name] for name in numbered], {name: place_of[name] for name in texts}
    others = set(range(len(form.header))) - set(features)
    first_row = form.skipped + (1 if form.headless else 2)
    exact = {} if _rounds_correctly(pd) else {"float_precision": "round_trip"}
    size = max(path.stat().st_size, 1)
    width = sum(len(cell) + 1 for record in form.sample for cell in record) / len(form.sample)
    numbers = _Rows(len(features), int(1.1 * size / width) + 16)
    columns, rows, kept_rows, short = {name: [] for name in texts}, [], 0, False
    try:
        parts = pd.read_csv(
            open_bytes(path) if is_compressed(path) else path, compression=None, sep=form.delimiter, low_memory=False,
            header=None if form.headless else 0, names=list(range(len(form.header))),
            skiprows=form.skipped, encoding="utf-8" if form.encoding == "utf-8-sig" else form.encoding,
            decimal=form.decimal, dtype=dict.fromkeys(others, str),
            keep_default_na=False, na_values=dict.fromkeys(features, _EMPTY), skip_blank_lines=False, index_col=None,
            chunksize=max(64, _CELLS_AT_ONCE // len(form.header)), **exact)
        with parts:
            for part in parts:
                kinds = [kind.kind for kind in part.dtypes]
                numeric = all(kinds[number] in "iuf" for number in features)
                if not numeric or not isinstance(part.index, pd.RangeIndex):
                    raise _NotPlain
                short = short or _may_be_short(part, form, others)
                values = numbers.room_for(len(part))
                fill_rows(values, slice(0, len(part)), 0, [part[number].to_numpy() for number in features])
                cells = {number: part[number].to_numpy(object) for number in others}
                filled = np.ones(len(part), bool)
                for row in np.flatnonzero(np.isnan(values[:, [0, -1]]).all(axis=1)).tolist():
                    # Excel writes rows of delimiters below the table
                    filled[row] = not np.isnan(values[row]).all() or any(column[row].strip() for column in cells.values())
                if not filled.all():
                    cells = {number: column[filled] for number, column in cells.items()}
                    values[:filled.sum()] = values[filled]
                values = values[:filled.sum()]
                numbers.add(len(values))
                for name, number in kept.items():
                    columns[name].append(cells[number] if number in cells else values[:, features.index(number)].copy())
                rows += (np.flatnonzero(filled) + first_row + kept_rows).tolist()
                kept_rows += len(part)
                del part
                report(min(kept_rows * width / size, 0.99), f"Reading {path.name}")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, ValueError, TypeError, OverflowError):
        raise _NotPlain from None
    if not rows or (short and not _has_all_cells(path, form, kept_rows + (not form.headless))):
        raise _NotPlain
    return _Content(numbers.array(), {name: np.concatenate(found).tolist() for name, found in columns.items()}, rows, form,
                    form.notes)


def _rounds_correctly(pandas):
    """Whether pandas' own conversion of decimal numbers is exact; older versions have to be asked for that."""
    numbers = re.findall(r"\d+", pandas.__version__)
    return (int(numbers[0]), int(numbers[1])) >= (3, 1)


def _may_be_short(part, form, others):
    """pandas fills up rows that are too short: their last cell is empty then."""
    last = part[len(form.header) - 1]
    return bool((last == "").any() if len(form.header) - 1 in others else last.isna().any())


def _has_all_cells(path, form, rows):
    """Whether so many rows with the header's number of cells make the file, by its delimiters; False if quotes hide some."""
    delimiters = 0
    with open_bytes(path) as stream:
        while block := stream.read(1 << 20):
            if b'"' in block:
                return False
            delimiters += block.count(form.delimiter.encode())
    return form.encoding in ("utf-8-sig", "cp1252") and not form.skipped and delimiters == rows * (len(form.header) - 1)


def _by_cells(path, form, numbered, texts, report):
    place_of = {name: number for number, name in enumerate(form.header)}
    features, kept = [place_of[name] for name in numbered], {name: place_of[name] for name in texts}
    numbers, rows, columns = _Rows(len(features)), [], {name: [] for name in texts}
    size, read, notes, odd, wrong = max(path.stat().st_size, 1), 0, list(form.notes), [], {}
    for row, record in _data_records(path, form, notes, odd):
        if features:
            try:
                numbers.append(_numbers(record, features, form, path, row))
            except InputError as error:
                wrong[len(rows)] = error
                numbers.append(math.nan)
        rows.append(row)
        for name, number in kept.items():
            columns[name].append(record[number])
        read += sum(map(len, record)) + len(record)
        if not len(rows) % 500:
            report(min(read / size, 0.99), f"Reading {path.name}")
    for bad, first in ((odd, lambda: _other_width(path, form, *odd[0])), (wrong, lambda: wrong[min(wrong)])):
        if bad and 2 * len(bad) >= len(rows) + len(odd):
            raise first()
    return _Content(numbers.array(), columns, rows, form, tuple(notes), tuple(odd), wrong)


class _Rows:
    """Rows of numbers whose count is not known before: float64, grown in place."""

    def __init__(self, width, room=1024):
        self._values, self._count = np.empty((room, width)), 0

    def append(self, numbers):
        self.room_for(1)[0] = numbers
        self.add(1)

    def room_for(self, count):
        """The next rows, to be filled: a view that is valid until the next call."""
        if self._count + count > len(self._values):
            room = max(int(1.5 * self._count), self._count + count)
            self._values.resize((room, self._values.shape[1]), refcheck=False)
        return self._values[self._count:self._count + count]

    def add(self, count):
        """Keep so many rows of those that were filled."""
        self._count += count

    def array(self):
        """The rows, without the room that was left."""
        self._values.resize((self._count, self._values.shape[1]), refcheck=False)
        return self._values


def _numbers(record, features, form, path, row):
    """float64 of a row's cells, NaN for missing ones; Python's own conversion, which rounds correctly."""
    cells = [record[number] for number in features]
    if form.decimal == ",":
        cells = [cell.replace(",", ".", 1) if "." not in cell else cell + "," for cell in cells]
    try:
        if "_" in "".join(cells):                       # Python reads 1_000 as 1000
            raise ValueError
        return np.array(list(map(float, cells)))
    except ValueError:
        return np.array([_number(record[number], form, path, row, number) for number in features])


def _number(cell, form, path, row, column):
    if is_missing(cell):
        return math.nan
    value = number_of(cell, form.decimal)
    if not math.isnan(value):
        return value
    try:
        return float(cell if "_" not in cell else "not a number")       # infinity
    except ValueError:
        raise InputError(f"{cell.strip()[:40]!r} is not a number", source=path, row=place(row, form.header[column]),
                         expected=f"a number with a decimal {'comma' if form.decimal == ',' else 'point'}") from None


def _decimals(texts, decimal):
    """Property values with a decimal point, so that they are numbers wherever they are looked at."""
    if decimal == "," and any("," in text for text in texts):
        found = [number_of(text, ",") for text in texts]
        if all(is_missing(text) or not math.isnan(number) for text, number in zip(texts, found)):
            texts = ["" if math.isnan(number) else as_text(number) for number in found]
    return np.array(texts, object) if len(texts) else np.empty(0, object)
