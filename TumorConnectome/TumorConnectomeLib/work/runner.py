"""Runs sequences of long work (see `awaitable`), their jobs as child processes, without ever blocking the GUI thread."""
from __future__ import annotations

from collections.abc import Generator

import qt

from ..base.errors import Cancelled, JobFailed, TumorConnectomeError
from .awaitable import Awaitable, Listener, Task, Together, error_of
from .jobs import Job, Progress

#: milliseconds a process gets to end by itself after a cancel
_GRACE_MS = 2000
_ERRORS_KEPT = 4000


class Process(Awaitable):
    """A Job as a child process of Qt, started when it is its turn; made by `JobRunner.prepare`."""

    def __init__(self, job: Job, runner: JobRunner):
        super().__init__()
        self._job, self._runner, self._process, self._program = job, runner, None, ""
        self._stopping = None                           # the error that a killed process stands for
        self._lines, self._errors = b"", b""
        self._watch = qt.QTimer()
        self._watch.setSingleShot(True)
        self._watch.connect("timeout()", self._onTimeout)

    def begin(self, listener):
        super().begin(listener)
        self._runner.enqueue(self)

    def cancel(self, reason="Canceled"):
        """Ask the process to end, kill it if it does not."""
        if not self.running or isinstance(self._stopping, Cancelled):
            return
        if self._process is None:                       # it waits for its turn
            self._stopping = Cancelled(reason)
            qt.QTimer.singleShot(0, self._onNeverStarted)
        else:
            self._stop(Cancelled(reason))

    def start(self):
        """It is its turn; called by the runner."""
        if self._stopping is not None:
            return
        try:
            self._program, *arguments = self._job.command()      # asked once: it may prepare files for the process
        except (TumorConnectomeError, OSError) as error:
            self._stopping = error_of(error)
            qt.QTimer.singleShot(0, self._onNeverStarted)
            return
        self._process = process = qt.QProcess()
        environment = qt.QProcessEnvironment.systemEnvironment()
        for name, value in self._job.environment().items():
            environment.insert(name, value)
        process.setProcessEnvironment(environment)
        process.connect("readyReadStandardOutput()", self._onOutput)
        process.connect("readyReadStandardError()", self._onErrorOutput)
        process.connect("finished(int,QProcess::ExitStatus)", self._onFinished)
        process.connect("errorOccurred(QProcess::ProcessError)", self._onProcessError)
        self._tellProgress(Progress(None, self._job.title, self._job.transfer))
        process.start(self._program, arguments)
        self._restartWatch()

    def kill(self):
        """End at once and tell nobody: for the end of the application."""
        self.running = False
        if self._process is not None:
            self._disconnect()
            process, self._process = self._process, None
            process.kill()
            process.waitForFinished(_GRACE_MS)
            for line in (self._lines + process.readAllStandardOutput().data()).split(b"\n"):
                self._job.feed(line.decode("utf-8", "replace"))      # what it said last: it may name a temporary file
            self._job.stopped()
        self._letGo()

    def _stop(self, error):
        self._stopping = error
        if self._job.safe_to_kill:
            self._process.kill()
            return
        self._process.terminate()
        self._watch.start(_GRACE_MS)

    def _restartWatch(self):
        if self._stopping is None and self._job.silence_limit:
            self._watch.start(int(1000 * self._job.silence_limit))

    def _onTimeout(self):
        if self._stopping is not None:
            self._process.kill()
        else:
            self._stop(JobFailed(f"{self._job.title}: no sign of life for {self._job.silence_limit:g} s"))

    def _onNeverStarted(self):
        if self.running and self._process is None:
            self._letGo()
            self._fail(self._stopping)

    def _onOutput(self):
        if self._process is None:
            return
        *lines, self._lines = (self._lines + self._process.readAllStandardOutput().data()).split(b"\n")
        for line in lines:
            progress = self._job.feed(line.decode("utf-8", "replace"))
            if progress is not None and self._stopping is None:
                self._tellProgress(Progress(progress.fraction, progress.message, self._job.transfer))
        self._restartWatch()

    def _onErrorOutput(self):
        if self._process is not None:
            self._errors = (self._errors + self._process.readAllStandardError().data())[-_ERRORS_KEPT:]

    def _onProcessError(self, error):
        if self._process is not None and error == qt.QProcess.FailedToStart:
            qt.QTimer.singleShot(0, self._onNotStarted)

    def _onNotStarted(self):
        if self._process is not None:
            self._release()
            self._fail(self._job.not_started(self._program))

    def _onFinished(self, exitCode, exitStatus=None):
        """Go on from the event loop: a process must not be deleted, nor a dialog opened, inside its own signal."""
        if self._process is not None:
            qt.QTimer.singleShot(0, self._onEnded)

    def _onEnded(self):
        if self._process is None:
            return
        self._onOutput()
        self._onErrorOutput()
        exit_code = int(self._process.exitCode())
        if self._lines:
            self._job.feed(self._lines.decode("utf-8", "replace"))
        self._release()
        if self._stopping is not None:
            self._job.stopped()
            self._fail(self._stopping)
            return
        try:
            result = self._job.finish(exit_code, self._errors.decode("utf-8", "replace"))
        except (TumorConnectomeError, OSError) as error:
            self._fail(error_of(error))
        else:
            self._succeed(result)

    def _disconnect(self):
        for signal, slot in (("readyReadStandardOutput()", self._onOutput), ("readyReadStandardError()", self._onErrorOutput),
                             ("finished(int,QProcess::ExitStatus)", self._onFinished),
                             ("errorOccurred(QProcess::ProcessError)", self._onProcessError)):
            self._process.disconnect(signal, slot)

    def _release(self):
        self._disconnect()
        self._process.deleteLater()
        self._process = None
        self._letGo()

    def _letGo(self):
        """Of the timer and the place among those that run."""
        self._watch.stop()
        self._watch.disconnect("timeout()", self._onTimeout)
        self._runner.leave(self)


class JobRunner:
    """Starts sequences; at most `parallel` of their processes run at a time, the others wait their turn."""

    def __init__(self, parallel=2):
        self._parallel, self._waiting, self._running, self._tasks = parallel, [], [], []

    def start(self, sequence, onProgress, onDone, onError) -> Task:
        """Run a sequence.

        Parameters
        ----------
        sequence : generator
            Yields what `prepare` takes, is sent the results, and returns its own.
        onProgress : callable
            Called with the fraction done (0..1 or None) and a text.
        onDone, onError : callable
            One of them is called, once, from the event loop: with the result, or with a TumorConnectomeError.
        """
        return self.listen(sequence, Listener(lambda progress: onProgress(progress.fraction, progress.message),
                                              onDone, onError))

    def listen(self, sequence, listener: Listener) -> Task:
        """Run a sequence; its progress comes as Progress, with the transfer if there is one."""
        task = Task(sequence, self.prepare, self._tasks.remove)
        self._tasks.append(task)
        task.begin(listener)
        return task

    def prepare(self, wanted) -> Awaitable:
        """What a sequence may yield as an Awaitable: a Job, another sequence, several Together, or an Awaitable."""
        if isinstance(wanted, Job):
            return Process(wanted, self)
        if isinstance(wanted, Generator):
            return Task(wanted, self.prepare)
        if isinstance(wanted, Together):
            wanted.parts = [self.prepare(part) for part in wanted.parts]
        return wanted

    def enqueue(self, process: Process) -> None:
        """Start a process when it is its turn."""
        self._waiting.append(process)
        self._startSoon()

    def leave(self, process: Process) -> None:
        """A process has ended, or will not start: its place is free."""
        for processes in (self._running, self._waiting):
            if process in processes:
                processes.remove(process)
        self._startSoon()

    def cleanup(self):
        """Kill everything that runs; nobody is called back."""
        tasks, self._tasks = self._tasks, []
        processes, self._waiting, self._running = self._waiting + self._running, [], []
        for process in processes:
            process.kill()
        for task in tasks:
            task.close()

    def _startSoon(self):
        qt.QTimer.singleShot(0, self._next)

    def _next(self):
        while self._waiting and len(self._running) < self._parallel:
            process = self._waiting.pop(0)
            self._running.append(process)
            process.start()


class LatestTask:
    """One sequence at a time, told about in a status line; a new one replaces the old one, of which nothing is heard any more.

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

    @property
    def ending(self):
        """Whether what runs has been canceled by the user and is about to end."""
        return self._task is not None and self._task.ending

    def cancel(self) -> bool:
        """Stop what runs, call nobody and clear the status line; tells whether something ran."""
        task, self._task = self._task, None
        if task is not None:
            task.drop()
            self._status.done("")
        return task is not None

    def run(self, sequence, onDone, onFailed=lambda error: None, again=None, watched=True):
        """Run a sequence instead of what runs now.

        Parameters
        ----------
        sequence : generator
            See `JobRunner.start`.
        onDone, onFailed : callable
            Called with its result, or with the TumorConnectomeError.
        again : callable or None
            The status line shows the error before `onFailed` hears it, and calls this without arguments to try once more. None:
            it shows nothing.
        watched : bool
            Whether the status line shows the progress and offers to cancel.
        """
        replaced = self._task

        def over(conclude):
            def call(value):
                if self._task is task:
                    self._task = None
                    conclude(value)
            return call

        def progress(fraction, message):
            if self._task is task and watched:
                self._status.progress(fraction, message)

        def failed(error):
            if again is not None:
                self._status.failed(error, again)
            onFailed(error)

        self._task = task = self._runner.start(sequence, progress, over(onDone), over(failed))
        if replaced is not None:
            replaced.drop()
        if watched:
            self._status.watch(task)
