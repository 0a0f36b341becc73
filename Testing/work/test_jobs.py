"""Child processes: the protocol of worker commands, and sequences of jobs run one after the other."""
import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from TumorConnectomeLib.base.errors import JobFailed, TumorConnectomeError
from TumorConnectomeLib.base.files import LIBRARY_FOLDER
from TumorConnectomeLib.work.jobs import Job, Progress, PythonJob, run_blocking

HELLO = """
    say(progress=0.25, message="started")
    say(progress=None)
    say(result={"arguments": sys.argv[1:], "input": sys.stdin.read()})
"""


@pytest.fixture
def worker(tmp_path):
    """Make a PythonJob of which the worker is a few lines of Python with a function `say`."""
    class Scripted(PythonJob):
        def command(self):
            return [sys.executable, str(tmp_path / self._name), *self._arguments]

    def make(lines, *arguments):
        name = f"worker_{len(list(tmp_path.iterdir()))}.py"
        (tmp_path / name).write_text("import json, os, sys\ndef say(**message):\n    print(json.dumps(message), flush=True)\n"
                                     + textwrap.dedent(lines), encoding="utf-8")
        return Scripted("Testing", name, *arguments)
    return make


def only(job):
    """The sequence of one job."""
    return (yield job)


def test_what_was_found_so_far_comes_before_the_result(worker):
    job, found = worker("say(partial={'rows': [1]}); say(partial=2); say(result=3)"), []
    job.onPartial = found.append
    assert run_blocking(only(job)) == 3 and found == [{"rows": [1]}, 2]


def test_arguments_go_in_and_progress_and_result_come_out(worker):
    reports = []
    result = run_blocking(only(worker(HELLO, "a b", 5, "\u00fc")), reports.append)
    assert result == {"arguments": ["a b", "5", "\u00fc"], "input": ""}
    assert reports == [Progress(0.25, "started"), Progress(None, "")]


@pytest.mark.parametrize("value", [None, 0, "", [], {"a": [1.5, None]}])
def test_any_json_value_is_a_result(worker, value):
    assert run_blocking(only(worker(f"say(result={value!r})"))) == value


def test_other_lines_on_standard_output_are_passed_over(worker):
    job = worker("""
        print("a library says hello")
        print('{"result": 1')
        print("[1, 2]"); print("7"); print("null"); print("NaN"); print('"result"'); print("{}")
        os.write(1, b"\\xff\\xfe not UTF-8\\n")
        say(result="fine")
        print("Goodbye")
    """)
    reports = []
    assert run_blocking(only(job), reports.append) == "fine"
    assert reports == []


def test_the_error_of_the_worker_is_the_error_of_the_job(worker):
    job = worker("say(progress=0.5); say(error='a.pkl, row 3: broken'); print('more', file=sys.stderr); sys.exit(2)")
    with pytest.raises(JobFailed, match=r"^a.pkl, row 3: broken$"):
        run_blocking(only(job))


def test_an_error_counts_even_with_exit_status_zero_or_a_result(worker):
    with pytest.raises(JobFailed, match="broken"):
        run_blocking(only(worker("say(result=1); say(error='broken')")))


@pytest.mark.parametrize(("lines", "text"), [
    ("sys.exit(3)", "ended with status 3"),
    ("say(result=1); sys.exit(1)", "ended with status 1"),
    ("pass", "ended with status 0"),
    ("raise KeyError('spacing')", "ended with status 1. KeyError: 'spacing'"),
    ("print('x' * 100_000 + chr(10) + 'last words', file=sys.stderr); sys.exit(1)", "ended with status 1. last words"),
])
def test_a_worker_without_result_fails_with_its_last_words(worker, lines, text):
    with pytest.raises(JobFailed) as caught:
        run_blocking(only(worker(lines)))
    assert str(caught.value) == "Testing: the helper process " + text + ("" if "words" in text or "Key" in text else ".")


def test_much_output_on_both_streams_does_not_block(worker):
    job = worker("for i in range(2000):\n    print('x' * 100)\n    print('y' * 100, file=sys.stderr)\nsay(result='done')")
    assert run_blocking(only(job)) == "done"


def test_a_sequence_gets_each_result_and_returns_its_own(worker):
    def sequence():
        first = yield worker("say(result=2)")
        second = yield worker("say(result=int(sys.argv[1]) + 1)", first)
        return [first, second]

    assert run_blocking(sequence()) == [2, 3]


def test_a_sequence_may_catch_the_error_of_a_job_and_go_on(worker):
    def sequence():
        try:
            yield worker("say(error='not here')")
        except JobFailed as error:
            return (yield worker("say(result=sys.argv[1])", f"after: {error}"))

    assert run_blocking(sequence()) == "after: not here"


def test_an_error_of_a_sequence_ends_it(worker):
    cleaned = []

    def sequence():
        try:
            yield worker("say(result=1)")
            raise TumorConnectomeError("enough")
        finally:
            cleaned.append(True)

    with pytest.raises(TumorConnectomeError, match="enough"):
        run_blocking(sequence())
    assert cleaned == [True]


def test_a_sequence_without_jobs_returns_at_once():
    def sequence():
        return "cached"
        yield

    assert run_blocking(sequence()) == "cached"


def test_a_program_that_does_not_exist_is_an_error_the_sequence_can_catch():
    class Missing(Job):
        def command(self):
            return ["there-is-no-such-program"]

    def sequence():
        try:
            yield Missing()
        except JobFailed as error:
            return str(error)

    assert "there-is-no-such-program can not be started: it was not found" in run_blocking(sequence())


@pytest.mark.parametrize("program", ["", "/opt/Slicer/bin/PythonSlicer"])
def test_a_missing_python_slicer_is_named_with_what_to_do(monkeypatch, program):
    """`sys.executable` names it; in an application that does not find it, that is empty or names no file."""
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(JobFailed) as caught:
        run_blocking(only(PythonJob("Preparing the cohort", "prepare")))
    text = str(caught.value)
    assert text.startswith("Preparing the cohort can not be started: PythonSlicer was not found")
    assert program in text and "install Slicer again" in text


def test_a_file_that_may_not_be_executed_is_told_from_a_missing_one(tmp_path):
    class Forbidden(Job):
        def command(self):
            return [str(tmp_path / "tool")]

    (tmp_path / "tool").write_text("no program")
    with pytest.raises(JobFailed, match="can not be started: it may not be executed"):
        run_blocking(only(Forbidden()))


def test_the_last_line_of_a_failing_process_is_repeated_in_short(worker):
    with pytest.raises(JobFailed) as caught:
        run_blocking(only(worker("sys.exit('it broke on ' + ', '.join(f'/data/ct/slice_{n:04}.dcm' for n in range(120)))")))
    assert "it broke on" in str(caught.value) and len(str(caught.value)) < 500


def test_an_error_while_reading_kills_the_process_and_cleans_up(worker):
    job = worker("say(progress=0.1, message=str(os.getpid()))\nimport time\ntime.sleep(600)")
    stopped, reports = [], []
    job.stopped = lambda: stopped.append(True)

    def report(progress):
        reports.append(progress)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_blocking(only(job), report)
    assert stopped == [True]
    assert len(reports) == 1


def test_a_silent_worker_is_ended(worker):
    job = worker("import time\ntime.sleep(600)")
    job.silence_limit = 0.2
    stopped = []
    job.stopped = lambda: stopped.append(True)
    with pytest.raises(JobFailed, match="Testing: no sign of life for 0.2 s"):
        run_blocking(only(job))
    assert stopped == [True]


def test_worker_commands_of_the_library_are_run_by_name(monkeypatch):
    monkeypatch.delenv("WARM_WORKERS", raising=False)   # started as in Slicer
    with pytest.raises(JobFailed, match="no worker command 'nonsense'"):
        run_blocking(only(PythonJob("Testing", "nonsense")))


def test_variables_of_a_job_are_added_to_those_of_this_process(monkeypatch, worker):
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    monkeypatch.setenv("SOME_VARIABLE", "inherited")
    path, variable = run_blocking(only(worker("say(result=[os.environ['PYTHONPATH'], os.environ['SOME_VARIABLE']])")))
    assert path.endswith("somewhere")
    assert len(path) > len("somewhere")
    assert variable == "inherited"


@pytest.fixture
def writer(tmp_path, monkeypatch):
    """Make a PythonJob of which the worker writes `tmp_path / "maps/a.npz"` and does some lines while it is half written."""
    package = tmp_path / "code" / "half_written.py"
    package.parent.mkdir()
    monkeypatch.setattr(PythonJob, "environment", lambda job: {"PYTHONPATH": f"{package.parent}{os.pathsep}{LIBRARY_FOLDER}"})

    def make(lines):
        package.write_text("import os, signal, time\nfrom TumorConnectomeLib.base.files import atomic_file, atomic_folder\n"
                           "def work(arguments, report):\n    with atomic_file(arguments[0]) as stream:\n"
                           "        stream.write(b'half'); stream.flush()\n        report(0.5, 'half')\n"
                           + textwrap.indent(textwrap.dedent(lines), " " * 8) + "\n    return 'whole'\n", encoding="utf-8")
        job = PythonJob("Writing", "half", tmp_path / "maps" / "a.npz")
        start = ("import sys; from TumorConnectomeLib.commands import worker; worker.WORKERS['half'] = 'half_written:work'; "
                 "sys.exit(worker.run_worker(sys.argv[1:]))")
        job.command = lambda: [sys.executable, "-c", start, "half", str(tmp_path / "maps" / "a.npz")]
        return job
    return make


def test_a_worker_that_ends_well_leaves_the_file(writer, tmp_path):
    assert run_blocking(only(writer("pass"))) == "whole"
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["a.npz"]


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGKILL)", "os.abort()", "os._exit(0)", "1 / 0",
                                 "os.kill(os.getpid(), signal.SIGTERM); time.sleep(600)",
                                 "atomic_folder(arguments[0] + '.d').__enter__(); os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_worker_that_dies_leaves_no_temporary_file(writer, tmp_path, end):
    with pytest.raises(JobFailed, match="Writing: "):
        run_blocking(only(writer(end)))
    assert list((tmp_path / "maps").iterdir()) == []


def test_a_worker_that_is_stopped_leaves_no_temporary_file(writer, tmp_path):
    def interrupt(progress):
        assert list((tmp_path / "maps").iterdir())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_blocking(only(writer("time.sleep(600)")), interrupt)
    assert list((tmp_path / "maps").iterdir()) == []


def test_a_worker_can_not_have_other_files_removed(writer, tmp_path):
    (tmp_path / "precious.part").write_text("precious")
    job = writer("pass")
    for path in (tmp_path / "precious.part", tmp_path / "code"):
        job.feed(json.dumps({"temporary": str(path)}))
    job.stopped()
    assert (tmp_path / "precious.part").exists() and (tmp_path / "code").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_command_that_is_asked_to_end_leaves_no_temporary_file(tmp_path):
    code = ("import runpy, sys, time\nfrom TumorConnectomeLib.base.files import atomic_file\n"
            "import TumorConnectomeLib.commands.main as command\n"
            "def main():\n    with atomic_file(sys.argv[1]):\n        print('half', flush=True)\n        time.sleep(600)\n"
            "command.main = main\nrunpy.run_module('TumorConnectomeLib', run_name='__main__')\n")
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a.csv")], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONPATH": str(LIBRARY_FOLDER)})
    with process.stdout:
        assert process.stdout.readline() == "half\n" and list(tmp_path.iterdir())
        process.terminate()
        assert process.wait() == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_a_job_of_one_thread_tells_numpy_so_and_others_leave_it_alone():
    job, names = PythonJob("Working", "nothing"), {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"}
    assert not names & set(job.environment())
    job.one_thread = True
    assert {name: job.environment()[name] for name in names} == dict.fromkeys(names, "1")
