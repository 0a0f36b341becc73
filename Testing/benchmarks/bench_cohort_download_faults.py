"""Random faults during downloads of a published cohort: how many left a half or wrong file, and did the next try complete?

    python Testing/benchmarks/bench_cohort_download_faults.py [--faults 200] [--seed 0]

Every round starts with an empty folder, suffers one fault at a random place (of a random file, at a random byte), and is
followed by an undisturbed try. Exit status 1 if any round breaks a promise.
"""
import argparse
import collections
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Testing" / "samples"), str(ROOT / "TumorConnectome")]

from published_on_loopback import PublishedOnLoopback  # noqa: E402

from TumorConnectomeLib.base.errors import TumorConnectomeError  # noqa: E402
from TumorConnectomeLib.imaging.cohort_download import fetch_cohort_command  # noqa: E402
from TumorConnectomeLib.work.jobs import PythonJob  # noqa: E402

SILENCE, FILES, SIZE = 0.3, 3, 400_000
REFUSALS = (403, 404, 503)


class Round:
    """One fault and the try after it."""

    def __init__(self, published, folder, draw):
        self.published, self.folder, self.draw = published, folder, draw
        self.name = draw.choice(sorted(published.contents))
        self.byte = draw.randrange(len(published.contents[self.name]))

    def fetch(self, tries=1):
        fetch_cohort_command(["--to", str(self.folder), "--silence", str(SILENCE), "--tries", str(tries)],
                             lambda fraction, message="": None)

    def behave(self, fate):
        """Let the server break the drawn file."""
        self.published.server.behave = lambda path, number: fate if self.name in path else None

    # the faults

    def refused(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            os.environ["TUMORCONNECTOME_COHORT_BASE"] = f"http://127.0.0.1:{free.getsockname()[1]}"
        try:
            self.fetch()
        finally:
            del os.environ["TUMORCONNECTOME_COHORT_BASE"]

    def status(self):
        self.behave(self.draw.choice(REFUSALS))
        self.fetch(tries=2)

    def stalled(self):
        self.behave(("stall", self.byte))
        self.fetch()

    def cut(self):
        self.behave(("cut", self.byte))
        self.fetch()

    def cut_without_ranges(self):
        self.published.server.ranges = False
        self.cut()

    def cut_without_versions(self):
        self.published.server.versions = False
        self.cut()

    def wrong_bytes(self):
        content = bytearray(self.published.contents[self.name])
        content[self.byte] ^= 1 + self.draw.randrange(255)
        self.behave(("wrong", bytes(content) if self.draw.random() < 0.5 else bytes(content[:self.byte])))
        self.fetch()

    def changed_part(self):
        self.behave(("cut", self.byte))
        try:
            self.fetch()
        except TumorConnectomeError:
            part = self.folder / f".{self.name}.part"
            if part.is_file() and part.stat().st_size:
                part.write_bytes(bytes(part.stat().st_size))
            raise

    def killed(self):
        self.behave(("stall", self.byte))
        job = PythonJob("", "fetch-cohort", "--to", self.folder, "--silence", "20")
        process = subprocess.Popen(job.command(), stdout=subprocess.DEVNULL, env={**os.environ, **job.environment()})
        part, wanted = self.folder / f".{self.name}.part", self.byte
        while process.poll() is None and wanted and not (part.is_file() and part.stat().st_size >= wanted):
            time.sleep(0.002)
        self.draw.choice((process.kill, process.terminate))()
        process.wait()

    def two_at_once(self):
        job = PythonJob("", "fetch-cohort", "--to", self.folder)
        processes = [subprocess.Popen(job.command(), stdout=subprocess.DEVNULL, env={**os.environ, **job.environment()})
                     for _ in range(2)]
        for process in processes:
            process.wait()


FAULTS = (Round.refused, Round.status, Round.stalled, Round.cut, Round.cut_without_ranges, Round.cut_without_versions,
          Round.wrong_bytes, Round.changed_part, Round.killed, Round.two_at_once)


def run(published, folder, fault, seed):
    """Names of the promises that one round broke."""
    shutil.rmtree(folder, ignore_errors=True)
    current, broken, server = Round(published, folder, random.Random(seed)), [], published.server
    server.ranges = server.versions = True
    try:
        fault(current)
    except TumorConnectomeError as error:
        broken += ["more than one line"] if "\n" in str(error) else []
    for path in folder.glob("*_features.pkl"):
        broken += [] if path.read_bytes() == published.contents[path.name] else ["a half or wrong file as a whole one"]
    server.behave, server.ranges, server.versions = None, True, True
    try:
        current.fetch()
    except TumorConnectomeError:
        broken.append("the next try failed")
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}
    return broken if found == published.contents else [*broken, "not exactly the published files at the end"]


def main():
    """Print a table of faults; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rounds, broken, begun = collections.Counter(), collections.Counter(), time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["TUMORCONNECTOME_COHORT_LIST"] = str(pathlib.Path(temporary) / "list.json")
        contents = {f"{name}_features.pkl": random.Random(name).randbytes(SIZE) for name in ("A", "B", "V")[:FILES]}
        published = PublishedOnLoopback(contents, os.environ["TUMORCONNECTOME_COHORT_LIST"])
        for number in range(options.faults):
            fault = FAULTS[number % len(FAULTS)]
            problems = run(published, pathlib.Path(temporary) / "cohort", fault, f"{options.seed} {number}")
            rounds[fault.__name__] += 1
            for problem in problems:
                broken[fault.__name__] += 1
                print(f"round {number}, {fault.__name__}: {problem}")
        published.server.close()
    print(f"{'fault':24}{'rounds':>8}{'broken promises':>18}")
    for fault in FAULTS:
        print(f"{fault.__name__:24}{rounds[fault.__name__]:8}{broken[fault.__name__]:18}")
    print(f"{options.faults} faults, {sum(broken.values())} broken promises, {time.monotonic() - begun:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
