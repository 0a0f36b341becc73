"""What a sequence may wait for: begun once, canceled or dropped one way, told about one way."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import qt

from ..base.errors import Cancelled, TumorConnectomeError
from .jobs import Progress, Transfer


def error_of(error: TumorConnectomeError | OSError) -> TumorConnectomeError:
    """The error that is told: disk full, permission denied and the like with the name of their file."""
    if isinstance(error, TumorConnectomeError):
        return error
    return TumorConnectomeError(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _nobody(_value):
    pass


@dataclass(frozen=True)
class Listener:
    """Whom an Awaitable tells.

    Parameters
    ----------
    progress : callable
        Called with a Progress, any number of times.
    done, failed : callable
        One of them is called, once: with the result, or with a TumorConnectomeError.
    """

    progress: Callable[[Progress], None] = _nobody
    done: Callable[[Any], None] = _nobody
    failed: Callable[[TumorConnectomeError], None] = _nobody


class Awaitable:
    """One piece of long work; everything but a Job that a sequence yields is one.

    The listener hears the outcome exactly once and from the event loop only: never inside `begin`, `cancel` or `drop`, whose
    callers may be in the middle of a loop over their own work.

    Attributes
    ----------
    running : bool
        Whether the outcome is still to come.
    """

    def __init__(self):
        self._listener, self.running = Listener(), True

    def begin(self, listener: Listener) -> None:
        """Start, and tell this listener from now on."""
        self._listener = listener

    def cancel(self, reason: str = "Canceled") -> None:
        """End soon; the outcome is then Cancelled(reason)."""
        raise NotImplementedError

    def drop(self) -> None:
        """End soon and tell nobody: something else takes its place."""
        self._listener = Listener()
        self.cancel()

    def _tellProgress(self, progress):
        if self.running:
            self._listener.progress(progress)

    def _succeed(self, result):
        if self.running:
            self.running = False
            self._listener.done(result)

    def _fail(self, error):
        if self.running:
            self.running = False
            self._listener.failed(error)


class Together(Awaitable):
    """Several pieces of work at once; the result is the list of theirs, in their order.

    The first failure is that of all: the others are dropped. The progress of several transfers is told as one.

    Parameters
    ----------
    parts : sequence
        What a sequence may yield, sequences included; at least one.
    """

    def __init__(self, parts: Sequence):
        super().__init__()
        self.parts, self._results, self._last = list(parts), {}, {}

    def begin(self, listener):
        super().begin(listener)
        for place, part in enumerate(self.parts):
            part.begin(Listener(lambda progress, place=place: self._onProgress(place, progress),
                                lambda result, place=place: self._onDone(place, result), self._onFailed))

    def cancel(self, reason="Canceled"):
        for part in self.parts:
            part.cancel(reason)

    def _onProgress(self, place, progress):
        self._last[place] = progress
        transfers = [last.transfer for last in self._last.values() if last.transfer is not None]
        if len(transfers) > 1:
            total = Transfer(*(sum(getattr(one, name) for one in transfers) for name in Transfer.__dataclass_fields__))
            progress = Progress(total.fraction, total.text(), total)
        self._tellProgress(progress)

    def _onDone(self, place, result):
        self._results[place] = result
        if len(self._results) == len(self.parts):
            self._succeed([self._results[place] for place in range(len(self.parts))])

    def _onFailed(self, error):
        for part in self.parts:
            if part.running:
                part.drop()
        self._fail(error)


class Task(Awaitable):
    """Drives a sequence: begins what it yields, sends it the result or throws the error into it.

    Parameters
    ----------
    sequence : generator
    prepare : callable
        Turns what the sequence yields into an Awaitable (see `JobRunner.prepare`).
    onEnd : callable
        Called with the task before its listener hears the outcome, and when it is closed.
    """

    def __init__(self, sequence, prepare, onEnd=_nobody):
        super().__init__()
        self._sequence, self._prepare, self._onEnd = sequence, prepare, onEnd
        self._awaited, self._canceled = None, None

    def begin(self, listener):
        super().begin(listener)
        qt.QTimer.singleShot(0, self._first)            # never call back before the caller has the task

    @property
    def ending(self) -> bool:
        """Whether it was canceled and what it waits for has still to end."""
        return self._canceled is not None

    def cancel(self, reason="Canceled"):
        if not self.running or self._canceled is not None:
            return
        self._canceled = Cancelled(reason)
        if self._awaited is None:                       # the sequence has not been entered yet
            qt.QTimer.singleShot(0, self._onNeverStarted)
        else:
            self._awaited.cancel(reason)

    def close(self):
        """Let the sequence clean up and tell nobody: for the end of the application."""
        if self.running:
            self.running = False
            self._sequence.close()

    def _first(self):
        if self.running and self._canceled is None:
            self._advance(self._sequence.send, None)

    def _onNeverStarted(self):
        if self.running and self._awaited is None:
            self._end(self._fail, self._canceled)

    def _advance(self, step, value):
        while self.running:                             # it is not when it was closed while something ended
            try:
                self._awaited = self._prepare(step(value))
            except StopIteration as end:
                self._end(self._succeed, end.value)
                return
            except (TumorConnectomeError, OSError) as error:
                self._end(self._fail, error_of(error))
                return
            except Exception as error:                  # a fault of ours: the work is over, and it is heard of
                self._end(self._fail, TumorConnectomeError(f"{type(error).__name__}: {error}"))
                raise
            self._canceled = None
            try:
                self._awaited.begin(Listener(self._tellProgress, self._onResult, self._onError))
                return
            except Exception as error:                  # the sequence may know another way
                step, value = self._sequence.throw, error

    def _onResult(self, result):
        if self._canceled is None:
            self._advance(self._sequence.send, result)
        else:                                           # it had just ended when it was canceled
            self._onError(self._canceled)

    def _onError(self, error):
        self._advance(self._sequence.throw, error)

    def _end(self, conclude, value):
        self._sequence.close()
        self._onEnd(self)
        conclude(value)
