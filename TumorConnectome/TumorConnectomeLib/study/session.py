"""A reader at work: one query after the other, five choices each, every click on disk before the next.

A state machine without a window. Queries come in the reader's own order. Candidates are chosen and released until exactly five
are chosen; then the choice can be confirmed, and the next open query comes. Until the reading is finished, one can go back.
"""
from __future__ import annotations

import pathlib
import time
from collections.abc import Callable

from ..base.errors import InputError
from .answers import Answer, ReaderAnswers, read_answers, write_answers
from .readings import CHOSEN
from .study import Presentation, Study


class ReadingSession:
    """The reading of one reader.

    Parameters
    ----------
    study : Study
    reader : str
    path : pathlib.Path
        ANSWERS-reader.json: read if it is there, so that the reading goes on where it was left, and written at every change.
    clock : callable
        Seconds; one that is set back counts nothing.

    Raises
    ------
    InputError
        The reader is not in the study, or the file is damaged or of another study or reader. It is left as it is.
    """

    def __init__(self, study: Study, reader: str, path, clock: Callable[[], float] = time.monotonic):
        if reader not in study.readers:
            raise InputError(f"the reader {reader[:60]!r} is not in the study", expected=f"one of {', '.join(study.readers)}")
        self._study, self._reader, self._path, self._clock = study, reader, pathlib.Path(path), clock
        self._order, self._number, self._chosen = study.readers[reader], 0, []
        self._answers: dict[tuple[str, int], Answer] = {}
        self._finished, self._spent, self._since = False, 0.0, clock()
        if self._path.exists():
            self._resume(read_answers(self._path, study))
        else:
            self._show(0)

    def _resume(self, found):
        if found.reader != self._reader:
            raise InputError(f"answers of {found.reader}", source=self._path, expected=f"answers of {self._reader}")
        self._answers = {(one.query, one.time): one for one in found.answers}
        self._finished, draft = found.finished, found.draft
        shown = [(one.query, one.time) for one in self._order]
        if draft is not None and not self._finished:
            self._show(shown.index((draft.query, draft.time)))
            self._chosen, self._spent = list(draft.chosen), draft.seconds
        else:
            self._show(self._next_open(-1))

    # What is shown

    @property
    def presentation(self) -> Presentation:
        """The query and the tiles."""
        return self._order[self._number]

    @property
    def number(self) -> int:
        """Which of the reader's queries is shown, from 0; `total` is how many there are."""
        return self._number

    @property
    def total(self) -> int:
        """Queries that the reader sees, second times included."""
        return len(self._order)

    @property
    def done(self) -> int:
        """Queries that are answered or skipped."""
        return len(self._answers)

    @property
    def chosen(self) -> tuple[int, ...]:
        """Tiles that are chosen, ascending."""
        return tuple(sorted(map(self.presentation.candidates.index, self._chosen)))

    @property
    def can_confirm(self) -> bool:
        """Whether exactly five are chosen, and the reader is at work."""
        return len(self._chosen) == CHOSEN and not self.paused and not self._finished

    @property
    def paused(self) -> bool:
        """Whether the clock stands and nothing should be shown."""
        return self._since is None

    @property
    def complete(self) -> bool:
        """Whether every query is answered or skipped, so that the reading can be finished."""
        return self.done == self.total

    @property
    def finished(self) -> bool:
        """Whether the reader has closed the reading: nothing changes any more."""
        return self._finished

    @property
    def seconds(self) -> float:
        """How long the query was looked at, pauses not counted."""
        return self._spent + (0.0 if self.paused else max(self._clock() - self._since, 0.0))      # a clock may be set back

    def upcoming(self, count: int = 1) -> tuple[Presentation, ...]:
        """The next open queries after the one shown, whose images can be fetched ahead."""
        later = [*self._order[self._number + 1:], *self._order[:self._number]]
        return tuple(one for one in later if (one.query, one.time) not in self._answers)[:count]

    # What the reader does; each returns whether something changed

    def toggle(self, tile: int) -> bool:
        """Choose a tile (from 0), or release it; a sixth one is not chosen: one has to be released first."""
        if self.paused or self._finished or not 0 <= tile < len(self.presentation.candidates):
            return False
        patient = self.presentation.candidates[tile]
        if patient in self._chosen:
            self._chosen.remove(patient)
        elif len(self._chosen) < CHOSEN:
            self._chosen.append(patient)
        else:
            return False
        self._write()
        return True

    def confirm(self) -> bool:
        """Take the five as the answer and go to the next open query; with other numbers of choices nothing happens."""
        return self.can_confirm and self._answer(tuple(self._chosen))

    def skip(self) -> bool:
        """Leave the query without an answer and go to the next open one."""
        return not self.paused and not self._finished and self._answer(())

    def back(self) -> bool:
        """Show the query before, with what was chosen; an unconfirmed choice for this one is dropped."""
        return self._go(self._number - 1)

    def forward(self) -> bool:
        """Show the next query again, if this one is answered."""
        one = self.presentation
        return (one.query, one.time) in self._answers and self._go(self._number + 1)

    def pause(self) -> bool:
        """Stop the clock."""
        if self.paused or self._finished:
            return False
        self._spent, self._since = self.seconds, None
        self._write()
        return True

    def resume(self) -> bool:
        """Let the clock run again."""
        if not self.paused:
            return False
        self._since = self._clock()
        return True

    def finish(self) -> bool:
        """Close a complete reading for good."""
        if not self.complete or self._finished:
            return False
        self._finished = True
        self._write()
        return True

    def _answer(self, chosen):
        one = self.presentation
        self._answers[one.query, one.time] = Answer(one.query, one.time, chosen, round(self.seconds, 3))
        self._show(self._next_open(self._number))
        self._write()
        return True

    def _go(self, number):
        if self.paused or self._finished or not 0 <= number < self.total:
            return False
        self._show(number)
        self._write()
        return True

    def _next_open(self, number):
        """The next query after this one that is not answered; the last one when all are."""
        places = [*range(number + 1, self.total), *range(number + 1)]
        return next((i for i in places if (self._order[i].query, self._order[i].time) not in self._answers), self.total - 1)

    def _show(self, number):
        self._number, one = number, self._order[number]
        known = self._answers.get((one.query, one.time))
        self._chosen, self._spent = (list(known.chosen), known.seconds) if known else ([], 0.0)
        self._since = self._clock()

    def _write(self):
        one = self.presentation
        draft = None if self._finished else Answer(one.query, one.time, tuple(self._chosen), round(self.seconds, 3))
        write_answers(self._path, ReaderAnswers(self._study.sha256, self._study.cohort_sha256, self._reader,
                                                tuple(self._answers.values()), draft, self._finished))
