"""One piece of long work at a time: a new one replaces the old one, of which nothing is heard any more."""
from __future__ import annotations


class LatestTask:
    """Runs one sequence of jobs at a time and tells a status line about it.

    Parameters
    ----------
    runner : JobRunner
    status : StatusLine
    """

    def __init__(self, runner, status):
        self._runner, self._status, self._task = runner, status, None

    @property
    def busy(self):
        """Whether something runs."""
        return self._task is not None

    def cancel(self) -> bool:
        """Stop what runs and call nobody; tells whether something ran."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return task is not None

    def run(self, sequence, onDone, onFailed, watched=True):
        """Run a sequence instead of what runs now.

        Parameters
        ----------
        sequence : generator
            Of jobs.
        onDone, onFailed : callable
            Called with its result, or with the TumorConnectomeError.
        watched : bool
            Whether the status line shows the progress and offers to cancel.
        """
        self.cancel()

        def over(conclude):
            def call(value):
                if self._task is task:
                    self._task = None
                    conclude(value)
            return call

        def progress(fraction, message):
            if self._task is task and watched:
                self._status.progress(fraction, message)

        self._task = task = self._runner.start(sequence, progress, over(onDone), over(onFailed))
        if watched:
            self._status.watch(task)
