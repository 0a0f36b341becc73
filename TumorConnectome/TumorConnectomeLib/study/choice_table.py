"""Reads the choices of a study that was read elsewhere: CSV with ``reader, query, candidate, model_choice, chosen``."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..base.errors import InputError
from ..base.text import one_line
from ..readers.delimited_form import form_of, records_of
from ..readers.recognition import ids_of_texts
from .readings import CANDIDATES, CHOSEN, Readings, checked_readers

COLUMNS = ("reader", "query", "candidate", "model_choice", "chosen")
_FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True, "0,0": False, "1,0": True, "false": False, "true": True}
_MISSING = {"", "na", "nan", "n/a", "none", "null"}


def read_choice_tables(paths: Sequence) -> Readings:
    """The choices of one or more tables, ten rows for every reader and query; other columns are ignored.

    A query that a reader skipped has no rows, or an empty `chosen` in all ten; with an empty `chosen` in some, the choice was
    not finished. Both are no answer.

    Raises
    ------
    InputError
        A column, a row or a choice is not there, is there twice, contradicts another, or is not 0 or 1; the text names the row.
    """
    table = _Table()
    for path in paths:
        _read(path, table)
    if not table.answers:
        raise InputError("the table has no rows", source=paths[0], expected=f"{CANDIDATES} rows for every reader and query")
    return table.readings()


class _Table:
    """What the rows said so far: per (reader, query) and candidate the choice, per (query, candidate) that of the model."""

    def __init__(self):
        self.answers, self.model, self.places = {}, {}, {}

    def add(self, reader, query, candidate, model_choice, chosen, place):
        path, row = place
        own = self.answers.setdefault((reader, query), {})
        if candidate in own:
            first = self.places[reader, query, candidate]
            raise InputError(f"reader {reader}, query {query} and candidate {candidate} stand in row {first[1]} of "
                             f"{first[0]} already", source=path, row=row, expected="one row for each")
        known = self.model.setdefault(query, {})
        if known.setdefault(candidate, (model_choice, place))[0] != model_choice:
            other = known[candidate][1]
            raise InputError(f"model_choice of candidate {candidate} of query {query} is {int(model_choice)}, but "
                             f"{int(not model_choice)} in row {other[1]} of {other[0]}", source=path, row=row,
                             expected="the same for every reader")
        own[candidate] = chosen
        self.places[reader, query, candidate] = place

    def readings(self):
        """All of it as Readings; InputError for an answer or a query that is not complete."""
        readers = list(dict.fromkeys(reader for reader, _query in self.answers))
        queries = list(self.model)
        for query, candidates in self.model.items():
            self._check_model(query, candidates)
        model = np.array([[choice for choice, _place in self.model[query].values()] for query in queries])
        shape = (len(readers), len(queries), CANDIDATES)
        chosen, answered = np.zeros(shape, bool), np.zeros(shape[:2], bool)
        for (reader, query), own in self.answers.items():
            place = readers.index(reader), queries.index(query)
            choice = self._checked_answer(reader, query, own)
            if choice is not None:
                chosen[place], answered[place] = [choice[candidate] for candidate in self.model[query]], True
        checked_readers(readers, source=self._first_place()[0])
        return Readings.of_choices(readers, queries, model, chosen, answered)

    def _first_place(self):
        return next(iter(self.places.values()))

    def _check_model(self, query, candidates):
        path, row = next(iter(candidates.values()))[1]
        if len(candidates) != CANDIDATES:
            raise InputError(f"query {query} has {len(candidates)} candidates", source=path, row=row,
                             expected=f"the same {CANDIDATES} for every reader")
        count = sum(choice for choice, _place in candidates.values())
        if count != CHOSEN:
            raise InputError(f"model_choice is 1 for {count} candidates of query {query}", source=path, row=row,
                             expected=f"{CHOSEN} of {CANDIDATES}")

    def _checked_answer(self, reader, query, own):
        """The complete answer, or None for a skipped or unfinished one."""
        path, row = self.places[reader, query, next(iter(own))]
        if len(own) != CANDIDATES:
            raise InputError(f"reader {reader} has {len(own)} rows for query {query}", source=path, row=row,
                             expected=f"{CANDIDATES}, one for each candidate, or none for a skipped query")
        if None in own.values():
            return None
        count = sum(own.values())
        if count != CHOSEN:
            raise InputError(f"reader {reader} chose {count} candidates of query {query}", source=path, row=row,
                             expected=f"exactly {CHOSEN}; leave 'chosen' empty for a query that was skipped")
        return own


def _read(path, table):
    form = form_of(path)
    names = [name.strip().lower() for name in form.header]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise InputError(f"no column {', '.join(missing)}", source=path, row="header", expected=f"columns {', '.join(COLUMNS)}")
    for name in COLUMNS:
        if names.count(name) > 1:
            raise InputError(f"two columns are called {name}", source=path, row="header", expected="different names")
    found = list(_rows(path, form, [names.index(name) for name in COLUMNS]))
    # whole numbers that a program wrote as 100000.0 are 100000 in the other file
    names = [ids_of_texts([cells[place] for _row, cells in found], COLUMNS[place])[0] for place in range(3)]
    for (row, (*_names, model_choice, chosen)), reader, query, candidate in zip(found, *names):
        table.add(reader, query, candidate, _flag(model_choice, COLUMNS[3], path, row, required=True),
                  _flag(chosen, COLUMNS[4], path, row, required=False), (path, row))


def _rows(path, form, places):
    """Row number and the cells of the five columns of every row below the header."""
    records = records_of(path, form)
    next(records)                                       # the header
    for row, record in records:
        if len(record) != len(form.header):
            raise InputError(f"{len(record)} cells", source=path, row=row, expected=f"{len(form.header)} as in the header")
        cells = [record[place].strip() for place in places]
        if not any(cells):                              # what spreadsheets leave below a table
            continue
        for name, text in zip(COLUMNS[:3], cells):
            if not text or len(text) > 200 or not text.isprintable():
                raise InputError(f"{name} is {one_line(text, 40)!r}" if text else f"{name} is empty", source=path, row=row,
                                 expected="a name")
        yield row, cells


def _flag(text, column, path, row, *, required):
    if text.lower() in _MISSING and not required:
        return None
    if text.lower() not in _FLAGS:
        raise InputError(f"{column} is {one_line(text, 40)!r}" if text else f"{column} is empty", source=path, row=row,
                         expected="0 or 1" if required else "0 or 1, or nothing for a missing answer")
    return _FLAGS[text.lower()]
