"""Joins a reading session with the board that shows it; images come when they are there."""
from __future__ import annotations

from collections.abc import Callable

from ..base.errors import TumorConnectomeError
from .session import ReadingSession
from .study import Study

#: queries whose images are asked for ahead
AHEAD = 2


class Reading:
    """A session on a board.

    Parameters
    ----------
    study : Study
    session : ReadingSession
    board : widgets.reading_board.ReadingBoard
    ask : callable
        ``ask(patients)``: images of these patients are needed, most urgent first. They come by `setImage`.
    """

    def __init__(self, study: Study, session: ReadingSession, board, ask: Callable[[list[str]], None]):
        self._patient = {query.key: query.patient for query in study.queries}
        self._session, self._board, self._ask, self._images = session, board, ask, {}
        board.onToggled = lambda tile: self._do(lambda: session.toggle(tile))
        board.onConfirmed = lambda: self._do(session.confirm)
        board.onBack = lambda: self._do(session.back)
        board.onSkipped = lambda: self._do(session.skip)
        board.onPaused = lambda: self._do(lambda: session.resume() if session.paused else session.pause())
        board.onFinished = lambda: self._do(session.finish)
        self._shown = None
        self._after(True)

    def leave(self) -> str:
        """Stop the clock; the board calls nobody any more. Why the last step could not be written, "" if it was."""
        problem = self._do(self._session.pause)
        self._board.forget()
        return problem

    def setImage(self, patient: str, image, problem: str = ""):
        """An image has come, or there is none because of a problem; those that nobody needs any more are dropped."""
        if patient in self._needed():
            self._images[patient] = image, problem
            one = self._session.presentation
            if patient == self._patient[one.query]:
                self._board.setQuery(image, problem)
            elif patient in one.candidates:
                self._board.setTile(one.candidates.index(patient), image, problem)

    def _needed(self):
        """Patients on the board and of the next queries, most urgent first, each once."""
        shown = (self._session.presentation, *self._session.upcoming(AHEAD))
        return list(dict.fromkeys(patient for one in shown for patient in (self._patient[one.query], *one.candidates)))

    def _do(self, step):
        """Do what the reader wants; a full disk is told, and the next step writes everything. Returns what is told."""
        problem = ""
        try:
            changed = step()
        except (TumorConnectomeError, OSError) as error:
            problem, changed = f"{getattr(error, 'strerror', None) or error}", True
        self._board.setProblem(problem)
        self._after(changed)
        return problem

    def _after(self, changed):
        if not changed:
            return
        session, board = self._session, self._board
        one = session.presentation
        if one is not self._shown:
            self._shown, needed = one, self._needed()
            self._images = {patient: image for patient, image in self._images.items() if patient in needed}
            nothing = None, ""
            board.setQuery(*self._images.get(self._patient[one.query], nothing))
            for number, patient in enumerate(one.candidates):
                board.setTile(number, *self._images.get(patient, nothing))
            missing = [patient for patient in needed if patient not in self._images]
            if missing:
                self._ask(missing)
        board.setState(session.number, session.total, session.chosen, canConfirm=session.can_confirm, paused=session.paused,
                       complete=session.complete, finished=session.finished)
