"""The runner drives sequences of child processes from Qt's event loop."""
import sys
import time

import pytest
from at_rest import wait_until

from TumorConnectomeLib.base.errors import Cancelled, JobFailed
from TumorConnectomeLib.work.jobs import Job, Progress, PythonJob


class Script(Job):
    """A job that runs a Python script; lines become progress, exit status 0 gives the last line as result."""

    def __init__(self, code, silence_limit=None, program=sys.executable):
        self.title, self.silence_limit = "Script", silence_limit
        self._code, self._program, self.lines, self.was_stopped = code, program, [], False

    def command(self):
        return [self._program, "-u", "-c", self._code]

    def environment(self):
        return {"JOB_VARIABLE": "set by the job"}

    def feed(self, line):
        self.lines.append(line)
        return Progress(0.5, line)

    def finish(self, exit_code, errors):
        if exit_code:
            raise JobFailed(f"status {exit_code}: {errors.strip()}")
        return self.lines[-1] if self.lines else None

    def stopped(self):
        self.was_stopped = True


class Outcome:
    """Records what a task calls back."""

    def __init__(self):
        self.results, self.errors, self.progress = [], [], []

    @property
    def ended(self):
        return len(self.results) + len(self.errors)

    def start(self, runner, sequence):
        return runner.start(sequence, lambda *p: self.progress.append(p), self.results.append, self.errors.append)


@pytest.fixture
def runner(host):
    from TumorConnectomeLib.work.runner import JobRunner

    runner = JobRunner()
    yield runner
    runner.cleanup()


@pytest.fixture
def wait(host):
    return wait_until


def one(job):
    """A sequence of one job, whose result is the job's."""
    return (yield job)


def test_a_sequence_gets_each_result_and_returns_its_own(runner, wait):
    def two():
        first = yield Script("print('a')")
        second = yield Script(f"print({first!r} + 'b')")
        return second + "c"

    outcome = Outcome()
    task = outcome.start(runner, two())
    assert task.running and not outcome.ended           # nothing happens before the caller has the task
    wait(lambda: outcome.ended)
    assert outcome.results == ["abc"] and not task.running
    assert (0.5, "ab") in outcome.progress


def test_the_event_loop_runs_while_a_process_works(runner, wait, host):
    import qt

    ticks = []
    timer = qt.QTimer()
    timer.setInterval(10)
    timer.connect("timeout()", lambda: ticks.append(1))
    timer.start()
    outcome = Outcome()
    outcome.start(runner, one(Script("import time; time.sleep(0.5); print('done')")))
    wait(lambda: outcome.ended)
    timer.stop()
    assert outcome.results == ["done"] and len(ticks) > 10


def test_cancel_ends_the_process_and_reports_once(runner, wait):
    job, outcome = Script("import time; print('on'); time.sleep(60)"), Outcome()
    task = outcome.start(runner, one(job))
    wait(lambda: job.lines)
    task.cancel()
    task.cancel()
    wait(lambda: outcome.ended)
    assert [type(e) for e in outcome.errors] == [Cancelled] and not outcome.results
    assert job.was_stopped and not task.running


def test_a_process_that_ignores_the_request_is_killed(runner, wait):
    job = Script("import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on'); time.sleep(60)")
    outcome = Outcome()
    task = outcome.start(runner, one(job))
    wait(lambda: job.lines)
    task.cancel()
    wait(lambda: outcome.ended)
    assert isinstance(outcome.errors[0], Cancelled)


def test_cancel_before_the_start_runs_nothing(runner, wait):
    job, outcome = Script("print('on')"), Outcome()
    outcome.start(runner, one(job)).cancel()
    wait(lambda: outcome.ended)
    assert isinstance(outcome.errors[0], Cancelled) and not job.lines


def test_a_silent_process_is_ended_with_a_reason(runner, wait):
    job, outcome = Script("import time; print('on'); time.sleep(60)", silence_limit=0.3), Outcome()
    outcome.start(runner, one(job))
    wait(lambda: outcome.ended)
    assert "no sign of life" in str(outcome.errors[0]) and job.was_stopped
    assert isinstance(outcome.errors[0], JobFailed)     # not Cancelled: the sequence may try another server


@pytest.mark.parametrize("job, text", [
    (Script("import sys; sys.exit('it broke')"), "it broke"),
    (Script("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), "status"),
    (Script("", program="/no/such/program"), "can not be started"),
])
def test_a_failing_process_is_one_clear_error(runner, wait, job, text):
    outcome = Outcome()
    outcome.start(runner, one(job))
    wait(lambda: outcome.ended)
    assert text in str(outcome.errors[0]) and isinstance(outcome.errors[0], JobFailed)


@pytest.mark.parametrize("program", ["", "/opt/Slicer/bin/PythonSlicer"])
def test_a_missing_python_slicer_is_named(runner, wait, monkeypatch, program):
    monkeypatch.setattr(sys, "executable", program)
    outcome = Outcome()
    outcome.start(runner, one(PythonJob("Preparing the cohort", "prepare")))
    wait(lambda: outcome.ended)
    text = str(outcome.errors[0])
    assert "can not be started: PythonSlicer was not found" in text and program in text and "install Slicer again" in text


def test_a_sequence_may_try_another_way_after_a_failure(runner, wait):
    def with_fallback():
        try:
            return (yield Script("import sys; sys.exit(3)"))
        except JobFailed:
            return (yield Script("print('second way')"))

    outcome = Outcome()
    outcome.start(runner, with_fallback())
    wait(lambda: outcome.ended)
    assert outcome.results == ["second way"] and not outcome.errors


def test_at_most_two_run_at_once_and_all_finish(runner, wait, tmp_path):
    code = (f"import pathlib, time, os; p = pathlib.Path({str(tmp_path)!r}) / str(os.getpid()); p.touch(); "
            "print(len(list(p.parent.iterdir()))); time.sleep(0.15); p.unlink()")
    outcome, jobs = Outcome(), [Script(code) for _ in range(5)]
    for job in jobs:
        outcome.start(runner, one(job))
    wait(lambda: outcome.ended == 5)
    assert not outcome.errors and max(int(job.lines[0]) for job in jobs) <= 2


def test_the_job_sets_its_environment(runner, wait):
    outcome = Outcome()
    outcome.start(runner, one(Script("import os; print(os.environ['JOB_VARIABLE'])")))
    wait(lambda: outcome.ended)
    assert outcome.results == ["set by the job"]


def test_cleanup_kills_what_runs_and_calls_nobody(runner, wait, host):
    job, outcome = Script("import time; print('on'); time.sleep(60)"), Outcome()
    task = outcome.start(runner, one(job))
    wait(lambda: job.lines)
    runner.cleanup()
    for _ in range(20):
        host.processEvents()
    assert not outcome.ended and not task.running and job.was_stopped


@pytest.mark.parametrize("end", ["cancel", "drop", "cleanup"])
def test_a_worker_that_is_ended_leaves_no_temporary_file(runner, wait, tmp_path, end):
    """Also when nobody has read yet what it said before it was killed."""
    code = ("from TumorConnectomeLib.base.files import atomic_file, temporaries_told\nimport json, sys, time\n"
            "with temporaries_told(lambda path: print(json.dumps({'temporary': str(path)}), flush=True)):\n"
            "    with atomic_file(sys.argv[1]):\n        time.sleep(600)\n")
    job, outcome, begun = PythonJob("Writing", "half"), Outcome(), []
    job.command = lambda: begun.append(True) or [sys.executable, "-c", code, str(tmp_path / "a.npz")]
    task = outcome.start(runner, one(job))
    wait(lambda: begun)
    while not list(tmp_path.iterdir()):                 # without Qt's event loop: nothing is read
        time.sleep(0.002)
    {"cancel": task.cancel, "drop": task.drop, "cleanup": runner.cleanup}[end]()
    wait(lambda: not task.running)
    assert list(tmp_path.iterdir()) == [] and (not outcome.ended or end == "cancel")


def test_output_without_a_final_line_break_is_not_lost(runner, wait):
    outcome = Outcome()
    outcome.start(runner, one(Script("print('last', end='')")))
    wait(lambda: outcome.ended)
    assert outcome.results == ["last"]


def test_cancel_of_a_task_that_waits_returns_before_anybody_is_called_back(runner, wait):
    """Whoever cancels may be in the middle of a loop over its own tasks."""
    running, waiting = [Outcome() for _ in range(2)], Outcome()
    jobs = [Script("import time; print('on'); time.sleep(60)") for _ in running]
    for outcome, job in zip(running, jobs):
        outcome.start(runner, one(job))
    task = waiting.start(runner, one(Script("print('never')")))
    wait(lambda: all(job.lines for job in jobs))
    task.cancel()
    task.cancel()
    assert not waiting.ended
    wait(lambda: waiting.ended)
    assert len(waiting.errors) == 1 and isinstance(waiting.errors[0], Cancelled) and not task.running
