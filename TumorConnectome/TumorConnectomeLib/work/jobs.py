"""Work in child processes, described without saying who runs them.

A `Job` is one child process; a *sequence* is a generator that yields jobs, is sent their results, and
returns its own. The module drives sequences with QProcess (``runner.py``; those may also yield what
``awaitable.py`` describes), the command line and the tests with `run_blocking`. So the GUI thread never
waits, and this code needs no event loop.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from ..base.errors import JobFailed, PackageMissing
from ..base.files import LIBRARY_FOLDER, remove_temporaries
from ..base.text import shortened

#: a generator of jobs, sent their results
Sequence = Generator["Job", Any, Any]
#: characters of a process's last line that an error repeats
_LONGEST_LINE = 300


@dataclass(frozen=True)
class Transfer:
    """How far a download is.

    Parameters
    ----------
    files, bytes : int
        What is here.
    files_total, bytes_total : int
        What there is.
    bytes_per_second : float
        Mean speed since it was started or continued; 0 before the first file.
    """

    files: int
    files_total: int
    bytes: int
    bytes_total: int
    bytes_per_second: float = 0.0

    @property
    def fraction(self) -> float:
        """Share of the bytes that are here, 0..1."""
        return min(self.bytes / self.bytes_total, 1.0) if self.bytes_total else 0.0

    def text(self) -> str:
        """For the user: files, MB, MB/s and the time left, as far as they are known."""
        text = (f"{self.files} of {self.files_total} files, {self.bytes / 1e6:.1f} of {self.bytes_total / 1e6:.1f} MB, "
                f"{self.bytes_per_second / 1e6:.1f} MB/s")
        return f"{text}, {self.time_left()} left" if self.bytes_per_second else text

    def time_left(self) -> str:
        """How long it will take at this speed, in the unit in which it is read most easily; it must be known."""
        seconds = max(self.bytes_total - self.bytes, 0) / self.bytes_per_second
        if seconds < 100:
            return f"{seconds:.0f} s"
        return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class Progress:
    """How far work is: `fraction` 0..1 or None when unknown, a short text for the user, and what a download has fetched."""

    fraction: float | None
    message: str
    transfer: Transfer | None = None


class Job:
    """One child process. Subclasses say what to start and how to read it.

    A job is used once. `feed` gets every line of standard output, `finish` the exit status and the end of
    standard error; `finish` returns the job's result or raises a TumorConnectomeError.
    """

    title = "Working"
    #: seconds without a line of output after which the runner ends the process, None for ever
    silence_limit: float | None = None
    #: whether a killed process leaves nothing that `stopped` does not clean up: then it is not asked to end first
    safe_to_kill = False
    #: how far the download is, None for work of another kind
    transfer: Transfer | None = None

    def command(self) -> list[str]:
        """Program and arguments."""
        raise NotImplementedError

    def not_started(self, program: str) -> JobFailed:
        """The error for a program of `command` that can not be started: which one, why, and what to do."""
        if shutil.which(program):                       # a file that may be executed
            why = "the memory is full, or a security program forbids it"
        elif os.path.isfile(program):
            why = "it may not be executed. Give the file that permission, or install what brings it again"
        else:
            why = "it was not found. Install the package that brings it again"
        return JobFailed(f"{self.title}: {program} can not be started: {why}")

    def environment(self) -> dict[str, str]:
        """Variables to set on top of this process's own."""
        return {}

    def feed(self, line: str) -> Progress | None:
        """Take one line of standard output; return the progress when it says something about it."""
        return None

    def finish(self, exit_code: int, errors: str) -> Any:
        """Return the result, or raise."""
        raise NotImplementedError

    def stopped(self) -> None:
        """Clean up after the process was killed before it ended (cancel or silence)."""


class PythonJob(Job):
    """A worker command of this library: ``python -m TumorConnectomeLib worker NAME arguments...``.

    It prints JSON lines: ``{"progress": 0.5, "message": "..."}``, then ``{"result": ...}`` or ``{"error": "one line"}``,
    the latter with ``"package"`` when a Python package is missing. ``{"temporary": "path"}`` comes before a temporary file
    is made: what a worker that was killed has left is removed when it is gone. ``{"partial": ...}`` is what it has found so
    far.

    Attributes
    ----------
    one_thread : bool
        Whether numpy's matrix products get one thread. Many small ones in a row are no faster with more; and while another
        program uses the processors, threads that wait for each other made a vector of CT-FM take twenty times the CPU time.
    onPartial : callable
        Called with what the worker has found so far.
    """

    one_thread = False

    def __init__(self, title: str, name: str, *arguments: object):
        self.title, self._name, self._arguments = title, name, [str(a) for a in arguments]
        self._result, self._error, self._package, self._ended = None, None, None, False
        self._temporaries, self.onPartial = [], lambda found: None

    def command(self):
        return [sys.executable, "-m", "TumorConnectomeLib", "worker", self._name, *self._arguments]

    def not_started(self, program):
        if program and shutil.which(program):
            return super().not_started(program)
        where = f"at {program}" if program else "(the application names no path of it)"
        return JobFailed(f"{self.title} can not be started: PythonSlicer was not found {where}. Slicer does such work with "
                         "this program of its own: install Slicer again, and look whether a security program removes it")

    def environment(self):
        others = os.environ.get("PYTHONPATH")
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1") if self.one_thread else {}
        return {"PYTHONPATH": os.pathsep.join([str(LIBRARY_FOLDER), *([others] if others else [])]), "PYTHONUNBUFFERED": "1",
                **threads}

    def feed(self, line):
        try:
            message = json.loads(line)
        except ValueError:
            return None                                 # a library printed something
        if not isinstance(message, dict):
            return None
        if "result" in message:
            self._result, self._ended = message["result"], True
        elif "error" in message:
            self._error, self._package = str(message["error"]), message.get("package")
        elif "progress" in message:
            return Progress(message["progress"], str(message.get("message", "")))
        elif "partial" in message:
            self.onPartial(message["partial"])
        elif "temporary" in message:
            self._temporaries.append(str(message["temporary"]))
        return None

    def stopped(self):
        remove_temporaries(self._temporaries)

    def finish(self, exit_code, errors):
        if self._error is None and exit_code == 0 and self._ended:
            return self._result
        self.stopped()
        if self._package is not None:
            raise PackageMissing(f"{self.title}: {self._error}", str(self._package))
        last = shortened(errors.strip().rpartition("\n")[2], _LONGEST_LINE)
        raise JobFailed(self._error or f"{self.title}: the helper process ended with status {exit_code}. {last}".strip())


def run_blocking(sequence: Sequence, report: Callable[[Progress], None] = lambda progress: None) -> Any:
    """Run a sequence in this thread and return its result. For the command line and tests, not for a GUI."""
    step, value = sequence.send, None
    while True:
        try:
            job = step(value)
        except StopIteration as end:
            return end.value
        try:
            step, value = sequence.send, _run_job(job, report)
        except Exception as error:                      # the sequence may know another way
            step, value = sequence.throw, error


def _run_job(job, report):
    command = job.command()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        try:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL,
                                       env={**os.environ, **job.environment()}, encoding="utf-8", errors="replace")
        except OSError:
            raise job.not_started(command[0]) from None
        silent = threading.Event()
        try:
            with process.stdout, _Watchdog(job.silence_limit, process, silent) as watchdog:
                try:
                    for line in process.stdout:
                        watchdog.restart()
                        if progress := job.feed(line.rstrip("\n")):
                            report(progress)
                    code = process.wait()
                except BaseException:
                    process.kill()
                    for line in process.stdout:         # what it said last: it may name a temporary file
                        job.feed(line.rstrip("\n"))
                    raise
        except BaseException:
            process.kill()
            process.wait()
            job.stopped()
            raise
        if silent.is_set():
            job.stopped()
            raise JobFailed(f"{job.title}: no sign of life for {job.silence_limit:g} s")
        errors.seek(0)
        return job.finish(code, errors.read()[-4000:])


class _Watchdog:
    """Kills a process that prints nothing for some seconds (None: never) and sets an event to say so."""

    def __init__(self, seconds, process, silent):
        self._seconds, self._process, self._silent = seconds, process, silent
        self._heard, self._ended = time.monotonic(), threading.Event()

    def __enter__(self):
        if self._seconds:
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._ended.set()

    def restart(self):
        """It printed something."""
        self._heard = time.monotonic()

    def _watch(self):
        while (left := self._heard + self._seconds - time.monotonic()) > 0:
            if self._ended.wait(left):
                return
        self._silent.set()
        self._process.kill()
