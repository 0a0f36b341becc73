"""Workers that come from the server of the tests say, end and are stopped as those that start by themselves."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import pytest
from studies import warm_workers

from TumorConnectomeLib.base.files import LIBRARY_FOLDER

PATHS = os.pathsep.join([str(LIBRARY_FOLDER), str(pathlib.Path(warm_workers.__file__).parent)])


@pytest.fixture(scope="module")
def server():
    """The environment of processes that use a server of this file's own."""
    with tempfile.TemporaryDirectory(prefix="workers-") as folder:
        environment, end = warm_workers.start(folder)
        if not environment:
            pytest.skip("this system can not watch processes")
        yield environment
        end()


def started(environment, *arguments, folder="/"):
    own = {name: value for name, value in os.environ.items() if not name.startswith("WARM_WORKERS")}
    return subprocess.Popen([sys.executable, *map(str, arguments)], text=True, cwd=folder,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={**own, "PYTHONPATH": PATHS, **environment})


def copies(server):
    """Process ids of the server's workers."""
    process = server[warm_workers.SERVER]
    return pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()


@pytest.mark.parametrize("arguments", [["nonsense"], ["worker", "nonsense"], ["worker", "tidy-cache"],
                                       ["worker", "tidy-cache", "nowhere", "1000"]])
def test_output_and_exit_status_are_the_same(server, arguments):
    outcomes = []
    for environment in ({}, server, server, server):    # what the second imported is there for the third
        process = started(environment, "-m", "TumorConnectomeLib", *arguments)
        output, errors = process.communicate()
        outcomes.append((process.returncode, output, errors.splitlines()[-1:]))
    assert outcomes[1:] == outcomes[:1] * 3
    assert copies(server) == []


#: what it does -> a program of Python's command line
PROGRAMS = {"ends": ["-c", "import sys, os; print(sys.argv, sys.orig_argv, __name__, 'WARM_PROGRAM' in os.environ)", "a"],
            "fails": ["-X", "faulthandler", "-c", "def fail():\n    1 / 0\nfail()"],
            "complains": ["-c", "import atexit, sys; atexit.register(print, 'at exit'); sys.exit('no')"],
            "has a status": ["-c", "import sys; sys.exit(7)"],
            "is a file": ["program.py", "--option"],
            "is interrupted": ["-c", "raise KeyboardInterrupt"],
            "crashes": ["-X", "faulthandler", "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"]}


def test_a_program_is_run_by_the_server_of_hosts(server):
    """What only the server needs is in memory there."""
    code = "import sys; print('selectors' in sys.modules)"
    said = [started(environment, "-c", code).communicate()[0].strip()
            for environment in ({}, server | {warm_workers.PROGRAM: server[warm_workers.HOSTS]})]
    assert said == ["False", "True"]


@pytest.mark.parametrize("address", [warm_workers.ADDRESS, warm_workers.HOSTS])
def test_a_program_from_a_server_has_the_folder_for_temporary_files_that_its_own_environment_names(server, tmp_path, address):
    code = "import os, sys, tempfile; print(os.getppid(), tempfile.gettempdir())"
    process = started({**server, warm_workers.PROGRAM: server[address], "TMPDIR": str(tmp_path)}, "-c", code)
    parent, folder = process.communicate()[0].split(maxsplit=1)
    assert folder.strip() == str(tmp_path) and int(parent) != os.getpid()


@pytest.mark.parametrize("arguments", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_from_the_server_of_hosts_says_and_ends_as_another(server, tmp_path, arguments):
    (tmp_path / "program.py").write_text("import sys\nprint(sys.argv, sys.path[0], __file__)\nraise LookupError(__name__)\n")
    outcomes = []
    for environment in ({}, server | {warm_workers.PROGRAM: server[warm_workers.HOSTS]}):
        process = started(environment, *arguments, folder=tmp_path)
        output, errors = process.communicate()
        lines = [line for line in errors.splitlines() if not line.startswith(("Current thread", "Extension modules"))]
        outcomes.append((process.returncode, output, [line for line in lines if warm_workers.__file__ not in line]))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_worker_that_is_ended_works_no_longer(server, tmp_path, number):
    process = started(server, "-m", "TumorConnectomeLib", "worker", "synthesize-study", "SYN-001", tmp_path / "study")
    with process.stdout, process.stderr:
        assert "progress" in process.stdout.readline() + process.stdout.readline()
        assert len(copies(server)) == 1
        process.send_signal(number)
        assert process.wait() == -number
        assert number == signal.SIGKILL or copies(server) == []
        process.stdout.read()                           # until nobody can say anything any more
    while copies(server):                               # the server has yet to hear of its end
        time.sleep(0.001)
    assert not (tmp_path / "study").exists()
