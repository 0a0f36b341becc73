"""Random faults during downloads: is a half series ever presented as whole, and does the next try complete?

    python Testing/benchmarks/bench_fetch_faults.py [--faults 220] [--seed 1]

Each trial fetches a CT and its report from two loopback servers (Amazon, Google) into an empty cache, with one fault drawn from
a seeded generator, at a random file and byte. Then it is fetched again without the fault. The table counts, for each kind of
fault, how often the first try delivered in spite of it, what it said otherwise, how many of the files that had arrived were
fetched again, and violations: a series in the cache, or delivered, that is not byte for byte the server's; a second copy or a
leftover; more than one line; a second try that fails.
"""
import argparse
import collections
import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / name) for name in ("TumorConnectome", "Testing", "Testing/samples")]

from idc_on_loopback import Fetcher, LoopbackStudy, interrupted  # noqa: E402
from loopback_s3 import refused_port  # noqa: E402

from TumorConnectomeLib.base.errors import TumorConnectomeError  # noqa: E402
from TumorConnectomeLib.imaging.file_lock import Busy, exclusive  # noqa: E402
from TumorConnectomeLib.imaging.series_cache import CacheSource  # noqa: E402
from TumorConnectomeLib.imaging.transfer_errors import TransferFailed  # noqa: E402
from TumorConnectomeLib.work.jobs import run_blocking  # noqa: E402

SLICES, SILENCE_LIMIT = 16, 2.0
#: the whole application, as far as fetching is concerned; the first argument says where
APPLICATION = """
import sys
from idc_on_loopback import Fetcher
from TumorConnectomeLib.imaging.sources import SeriesRequest
import types
manifest, cache, url, *uids = sys.argv[1:]
study = types.SimpleNamespace(manifest=manifest, request=SeriesRequest(*uids))
Fetcher(study, cache, url).fetch(lambda progress: print(progress.message, flush=True))
"""


class Trial:
    """One fault: `study` on a server, two gates before it, an empty cache behind them."""

    def __init__(self, study, folder, draw):
        self.study, self.draw, self.cache_folder = study, draw, folder / "cache"
        self.gates = [study.server.gate(), study.server.gate()]
        self.fetcher = self.make_fetcher()

    def make_fetcher(self, *urls):
        return Fetcher(self.study, self.cache_folder, *(urls or self.gates), silence_limit=SILENCE_LIMIT)

    def close(self):
        for gate in self.gates:
            gate.die()

    def both(self, behave):
        """Let both servers, or only the first, treat a download as `behave(key, number)` says."""
        for gate in self.gates[:self.draw.choice([1, 2])]:
            gate.behave = behave

    def at(self, fate):
        """From a random file on (or at that one only) the fate."""
        number, forever = self.draw.randrange(SLICES + 1), self.draw.random() < 0.5
        return lambda key, n: fate if n == number or (forever and n > number) else None

    # Faults: each does the first try, and returns the SeriesFiles if it delivered

    def refused(self):
        return self.make_fetcher(refused_port(), self.draw.choice([refused_port(), self.gates[1]])).fetch()

    def status(self, code):
        if self.draw.random() < 0.5:
            for gate in self.gates[:self.draw.choice([1, 2])]:
                gate.refuse = code
        else:
            self.both(self.at(code))
        return self.fetcher.fetch()

    def http_403(self):
        return self.status(403)

    def http_404(self):
        return self.status(404)

    def http_503_for_ever(self):
        return self.status(503)

    def stalled(self):
        self.both(self.at(("stall", self.draw.random())))
        return self.fetcher.fetch()

    def cut(self):
        share = self.draw.random()
        self.both(self.at(("cut", share)))
        return self.fetcher.fetch()

    def wrong_bytes(self):
        self.both(self.at(("wrong", self.draw.random())))
        return self.fetcher.fetch()

    def server_dies(self):
        self.gates[0].behave = self.at("die")
        return self.fetcher.fetch()

    def s5cmd_killed(self):
        def kill(process):
            process.kill()
        return interrupted(self.fetcher.sequence(), self.draw.randrange(1, SLICES), kill)

    def application_killed(self):
        """SIGKILL to the whole application; its s5cmd goes on for a moment, as it would."""
        request, files = self.study.request, self.draw.randrange(1, SLICES)
        uids = request.patient_id, request.study_uid, request.ct_uid, request.sr_uid
        self.gates[0].behave = lambda key, n: "hang" if n > files else None
        command = [sys.executable, "-c", APPLICATION, self.study.manifest, self.cache_folder, self.gates[0].url, *uids]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True,
                                   env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        for line in process.stdout:
            if line.startswith(f"{files} of"):
                break
        process.kill()
        process.communicate()
        self.gates[0].reset()
        self.session = process.pid
        raise TransferFailed("killed", "the application was killed")

    def two_requests(self):
        """A second request for a series that another process is fetching."""
        first = self.make_fetcher()
        with exclusive(first.cache.lock_file(self.study.request.ct_uid), "it"):
            with contextlib.suppress(Busy):
                self.fetcher.fetch()
                raise AssertionError("two at once")
        first.fetch()
        return self.fetcher.fetch()

    FAULTS = (refused, http_403, http_404, http_503_for_ever, stalled, cut, wrong_bytes, server_dies, s5cmd_killed,
              application_killed, two_requests)


def run(fault, study, draw):
    """One trial; returns a dict of what happened."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(study, pathlib.Path(folder), draw)
        trial.session = None
        seen = {"delivered": False, "said": "", "violations": [], "kept": 0, "refetched": 0, "seconds": time.monotonic()}
        try:
            files = fault(trial)
            seen["delivered"] = True
            check(seen, trial, files)
        except TumorConnectomeError as error:
            seen["said"] = getattr(error, "kind", type(error).__name__)
            if len(str(error).splitlines()) != 1:
                seen["violations"].append("more than one line")
            # what has not been said to fail must not be there as if it had not
            if CacheSource(trial.fetcher.cache).find(study.request):
                with contextlib.suppress(TumorConnectomeError):
                    check(seen, trial, run_blocking(CacheSource(trial.fetcher.cache).fetch(study.request)))
        seen["seconds"] = time.monotonic() - seen["seconds"]
        seen["kept"] = sum(name.endswith(".dcm") for name in trial.fetcher.staged())
        trial.close()
        again = study.server.gate()
        try:
            files = Fetcher(study, trial.cache_folder, again).fetch()
            check(seen, trial, files)
            seen["refetched"] = len(again.downloads)
        except TumorConnectomeError as error:
            seen["violations"].append(f"second try: {error}")
        again.die()
        leftovers(seen, trial)
        if trial.session:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(trial.session, signal.SIGKILL)
        return seen


def check(seen, trial, files):
    """Note it when what was delivered is not what the server has."""
    try:
        trial.fetcher.assert_whole(files)
    except AssertionError:
        seen["violations"].append("not what the server has")


def leftovers(seen, trial):
    """Note it when there is more in the cache than one copy of each series."""
    request = trial.study.request
    stored = sorted(path.name for path in (trial.cache_folder / "idc").iterdir())
    if stored != sorted([request.ct_uid, request.sr_uid]):
        seen["violations"].append(f"in the cache: {stored}")
    staged = [path.name for path in (trial.cache_folder / "staging").iterdir() if path.suffix != ".lock"]
    if staged:
        seen["violations"].append(f"left over: {staged}")


def main():
    """Run the trials and print the table; exit status 1 if there was a violation."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--faults", type=int, default=220)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="number of one fault, to look at it alone")
    options = parser.parse_args()
    results = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        study = LoopbackStudy(folder, SLICES)
        for number in range(options.faults) if options.only is None else [options.only]:
            fault = Trial.FAULTS[number % len(Trial.FAULTS)]
            seen = run(fault, study, random.Random(f"{options.seed} {number}"))
            results[fault.__name__].append(seen)
            if seen["violations"]:
                print(f"fault {number} ({fault.__name__}): {'; '.join(seen['violations'])}", flush=True)
    print(f"{sum(map(len, results.values()))} faults, seed {options.seed}, {SLICES} + 1 files\n")
    print("| fault | trials | delivered all the same | otherwise said | files kept, fetched again | median s | violations |")
    print("|---|---|---|---|---|---|---|")
    for name, seen in results.items():
        print(row(name, seen))
    print(row("all", [one for seen in results.values() for one in seen]))
    return any(one["violations"] for seen in results.values() for one in seen)


def row(name, seen):
    """Line of the table."""
    said = collections.Counter(one["said"] for one in seen if one["said"])
    kept = sum(one["kept"] for one in seen)
    twice = sum(max(one["refetched"] - (SLICES + 1 - one["kept"]), 0) for one in seen if one["kept"])
    seconds = sorted(one["seconds"] for one in seen)[len(seen) // 2]
    return (f"| {name.replace('_', ' ')} | {len(seen)} | {sum(one['delivered'] for one in seen)} | "
            f"{', '.join(f'{kind} {count}' for kind, count in said.most_common()) or '-'} | {kept}, {twice} | {seconds:.1f} | "
            f"{sum(bool(one['violations']) for one in seen)} |")


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)                                    # the servers' threads need no goodbye
