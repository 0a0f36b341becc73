"""Runs sequences of child processes (see core.jobs) without ever blocking the GUI thread."""
import qt

from ..core.errors import Cancelled, JobFailed, TumorConnectomeError

#: milliseconds a process gets to end by itself after a cancel
_GRACE_MS = 2000
_ERRORS_KEPT = 4000


class Task:
    """One running sequence. Made by `JobRunner.start`; `cancel` stops it.

    Exactly one of `onDone(result)` and `onError(error)` is called, once, from the event loop.
    """

    def __init__(self, sequence, onProgress, onDone, onError, onEnd):
        self._sequence, self._onProgress = sequence, onProgress
        self._onDone, self._onError, self._onEnd = onDone, onError, onEnd
        self._process, self._job, self._program = None, None, ""
        self._stopping, self._ended = None, False       # the error that a killed process stands for
        self._lines, self._errors = b"", b""
        self._watch = qt.QTimer()
        self._watch.setSingleShot(True)
        self._watch.connect("timeout()", self._onTimeout)

    @property
    def running(self):
        """Whether neither callback was called yet."""
        return not self._ended

    @property
    def job(self):
        """The job that runs or ran last; None before the first."""
        return self._job

    def begin(self):
        """Start the first job; called by the runner."""
        if self._stopping is None:
            self._advance(self._sequence.send, None)

    def cancel(self, reason="Canceled"):
        """Ask the process to end, kill it if it does not; `onError` then gets Cancelled(reason)."""
        if self._ended or isinstance(self._stopping, Cancelled):
            return
        if self._process is None:                       # it waits for its turn; nobody is called back before we return
            self._stopping = Cancelled(reason)
            qt.QTimer.singleShot(0, self._onNeverStarted)
        else:
            self._stop(Cancelled(reason))

    def _onNeverStarted(self):
        if not self._ended:
            self._finish(error=self._stopping)

    def _stop(self, error):
        """End the process; the sequence then gets this error."""
        self._stopping = error
        if self._job.safe_to_kill:
            self._process.kill()
            return
        self._process.terminate()
        self._watch.start(_GRACE_MS)

    def abandon(self):
        """Kill the process and call nobody back: for the end of the application."""
        if self._ended:
            return
        self._ended, self._stopping = True, self._stopping or Cancelled("Closed")
        self._watch.stop()
        self._watch.disconnect("timeout()", self._onTimeout)
        if self._process is not None:
            self._disconnect()
            self._process.kill()
            self._process.waitForFinished(_GRACE_MS)
            self._onOutput()                            # what it said last: it may name a temporary file
            self._job.stopped()
        self._sequence.close()

    def _advance(self, step, value):
        try:
            self._start(step(value))
        except StopIteration as end:
            self._finish(result=end.value)
        except TumorConnectomeError as error:
            self._finish(error=error)
        except OSError as error:                        # disk full, permission denied
            text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            self._finish(error=TumorConnectomeError(text))

    def _start(self, job):
        self._program, *arguments = job.command()       # asked once: it may prepare files for the process
        self._job, self._lines, self._errors, self._stopping = job, b"", b"", None
        self._process = process = qt.QProcess()
        environment = qt.QProcessEnvironment.systemEnvironment()
        for name, value in job.environment().items():
            environment.insert(name, value)
        process.setProcessEnvironment(environment)
        process.connect("readyReadStandardOutput()", self._onOutput)
        process.connect("readyReadStandardError()", self._onErrorOutput)
        process.connect("finished(int,QProcess::ExitStatus)", self._onFinished)
        process.connect("errorOccurred(QProcess::ProcessError)", self._onProcessError)
        self._onProgress(None, job.title)
        process.start(self._program, arguments)
        self._restartWatch()

    def _restartWatch(self):
        if self._stopping is None and self._job.silence_limit:
            self._watch.start(int(1000 * self._job.silence_limit))

    def _onOutput(self):
        if self._process is None:
            return
        *lines, self._lines = (self._lines + self._process.readAllStandardOutput().data()).split(b"\n")
        for line in lines:
            progress = self._job.feed(line.decode("utf-8", "replace"))
            if progress is not None and self._stopping is None:
                self._onProgress(progress.fraction, progress.message)
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
            self._advance(self._sequence.throw, JobFailed(f"{self._job.title}: {self._program} can not be started"))

    def _onTimeout(self):
        if self._stopping is not None:
            self._process.kill()
        else:
            self._stop(JobFailed(f"{self._job.title}: no sign of life for {self._job.silence_limit:g} s"))

    def _onFinished(self, exitCode, exitStatus=None):
        """Go on from the event loop: a process must not be deleted, nor a dialog opened, inside its own signal."""
        if self._process is not None:
            qt.QTimer.singleShot(0, self._onEnded)

    def _onEnded(self):
        if self._process is None:
            return
        self._onOutput()
        self._onErrorOutput()
        job, exit_code = self._job, int(self._process.exitCode())
        if self._lines:
            job.feed(self._lines.decode("utf-8", "replace"))
        self._release()
        if self._stopping is not None:
            job.stopped()
            self._advance(self._sequence.throw, self._stopping)
            return
        try:
            step, value = self._sequence.send, job.finish(exit_code, self._errors.decode("utf-8", "replace"))
        except TumorConnectomeError as error:
            step, value = self._sequence.throw, error
        self._advance(step, value)

    def _disconnect(self):
        for signal, slot in (("readyReadStandardOutput()", self._onOutput), ("readyReadStandardError()", self._onErrorOutput),
                             ("finished(int,QProcess::ExitStatus)", self._onFinished),
                             ("errorOccurred(QProcess::ProcessError)", self._onProcessError)):
            self._process.disconnect(signal, slot)

    def _release(self):
        self._watch.stop()
        self._disconnect()
        self._process.deleteLater()
        self._process = None

    def _finish(self, result=None, error=None):
        self._ended = True
        self._watch.stop()
        self._watch.disconnect("timeout()", self._onTimeout)
        self._sequence.close()
        self._onEnd(self)
        if error is None:
            self._onDone(result)
        else:
            self._onError(error)


class JobRunner:
    """Starts sequences, at most `parallel` at a time; the others wait their turn."""

    def __init__(self, parallel=2):
        self._parallel, self._waiting, self._running = parallel, [], []

    def start(self, sequence, onProgress, onDone, onError):
        """Run a sequence of jobs.

        Parameters
        ----------
        sequence : generator
            Yields core.jobs.Job objects, returns the result.
        onProgress : callable
            Called with the fraction done (0..1 or None) and a text.
        onDone, onError : callable
            Called once with the result, or with a TumorConnectomeError.

        Returns
        -------
        Task
        """
        task = Task(sequence, onProgress, onDone, onError, self._onEnd)
        self._waiting.append(task)
        qt.QTimer.singleShot(0, self._next)             # never call back before the caller has the task
        return task

    def cleanup(self):
        """Kill everything that runs; nobody is called back."""
        waiting, self._waiting = self._waiting, []
        running, self._running = self._running, []
        for task in waiting + running:
            task.abandon()

    def _next(self):
        while self._waiting and len(self._running) < self._parallel:
            task = self._waiting.pop(0)
            self._running.append(task)
            task.begin()

    def _onEnd(self, task):
        for tasks in (self._running, self._waiting):
            if task in tasks:
                tasks.remove(task)
        qt.QTimer.singleShot(0, self._next)
