"""CPU time and memory of the evaluation against an earlier build, in one run.

`python Testing/benchmarks/bench_evaluate.py --data FOLDER [--base 29ca17c] [--large 25000]` evaluates the published cohort by
the command line, with verdict, and a made-up large cohort, each by this build and by the one of a commit, which is checked out
into a temporary folder; every measurement is a process of its own, in turns, and the least of several counts. Without --data
only the large cohort is measured, with `--large 0` only the published one. Ratios hold better than times.
"""
import argparse
import importlib.util
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: the build of 22 November
BASE = "29ca17c"
#: facet -> share of each category, and whether they are ordered
FACETS = {"sex": ((0.59, 0.41), False), "age": ((0.24, 0.29, 0.28, 0.19), True), "race": ((0.91, 0.05, 0.03, 0.01), False),
          "smoking": ((0.58, 0.42), False), "cancer_type": ((0.51, 0.25, 0.07, 0.07, 0.1), False),
          "stage": ((0.53, 0.11, 0.03, 0.03, 0.11, 0.08, 0.11), True)}
DIMENSIONS = 512
_MADE_UP = "--made-up"
#: folder of temporary files for compiled modules
_CACHE = "tumorconnectome-benchmark-pycache"


def library_module(*names):
    """The first of these modules of the library that there is: they had other places in earlier builds."""
    found = next(name for name in names if importlib.util.find_spec(f"TumorConnectomeLib.{name.partition('.')[0]}"))
    return importlib.import_module(f"TumorConnectomeLib.{found}")


def made_up_cohort(count, models):
    """Random embeddings with a falling spectrum, labels unrelated to them, and a few unknown categories in one facet."""
    import numpy as np
    import pandas as pd

    cohorts = library_module("cohort.cohort", "core.cohort")
    random = np.random.default_rng(0)
    patients = pd.DataFrame(index=pd.Index([f"P{number:06d}" for number in range(count)], name="PatientID"))
    spread = 1 / np.sqrt(1 + np.arange(DIMENSIONS, dtype=np.float32))
    embeddings = {f"model {number}": random.standard_normal((count, DIMENSIONS), dtype=np.float32) * spread
                  for number in range(models)}
    facets = {}
    for key, (shares, ordered) in FACETS.items():
        codes = random.choice(len(shares), count, p=shares)
        names = tuple(f"{key} {number}" for number in range(len(shares)))
        if key == "race":
            codes[::100], names = len(shares), (*names, "Unknown")
        facets[key] = cohorts.Facet(key, key, names, codes, ordered)
    return cohorts.Cohort("benchmark", patients, embeddings, facets)


def evaluate_made_up(library, count, permutations):
    """Evaluate a made-up cohort by a build; what this process prints is its CPU time in s without making the cohort."""
    sys.path.insert(0, library)
    evaluate = library_module("evaluation.table", "core.evaluation.table").evaluate
    cohort = made_up_cohort(count, 1)
    began = time.process_time()
    evaluate(cohort, permutations=permutations)
    print(time.process_time() - began)


def measured(command, library):
    """CPU time in s and peak memory in GB of a process, and what it printed; compiled modules are kept, as for users."""
    compiled = str(pathlib.Path(tempfile.gettempdir()) / _CACHE)
    environment = {**os.environ, "PYTHONPATH": library, "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    process = subprocess.Popen([sys.executable, *command], env=environment, text=True, stdout=subprocess.PIPE)
    printed = process.stdout.read()
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise SystemExit(f"{command} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 2 ** 20, printed


def compared(name, commands, repeats):
    """Measure a command by both builds in turns and print the ratio."""
    found = {build: [] for build in commands}
    for _turn in range(repeats):
        for build, (command, library) in commands.items():
            cpu, memory, printed = measured(command, library)
            found[build].append((float(printed) if printed else cpu, memory))
    least = {build: (min(cpu for cpu, _memory in runs), max(memory for _cpu, memory in runs)) for build, runs in found.items()}
    (ours, our_memory), (theirs, their_memory) = least["this build"], least["base"]
    print(f"{name}: CPU {ours:.2f} s, base {theirs:.2f} s, ratio {ours / theirs:.3f}; peak memory {our_memory:.2f} GB, base "
          f"{their_memory:.2f} GB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the published files")
    parser.add_argument("--base", default=BASE, help=f"commit to compare with (default {BASE})")
    parser.add_argument("--large", type=int, default=25_000, help="patients of the large cohort (default 25000)")
    parser.add_argument("--permutations", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(_MADE_UP, nargs=2, metavar=("LIBRARY", "COUNT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.made_up:
        evaluate_made_up(options.made_up[0], int(options.made_up[1]), options.permutations)
        return
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "-C", ROOT, "archive", options.base, "TumorConnectome"], check=True,
                                 stdout=subprocess.PIPE).stdout
        (pathlib.Path(folder) / "base.tar").write_bytes(archive)
        with tarfile.open(pathlib.Path(folder) / "base.tar") as tar:
            tar.extractall(folder, filter="data")
        builds = {"this build": str(ROOT / "TumorConnectome"), "base": str(pathlib.Path(folder) / "TumorConnectome")}
        if options.data:
            out = ["--out", str(pathlib.Path(folder) / "out.csv"), "--verdict", str(pathlib.Path(folder) / "verdict.txt")]
            command = ["-m", "TumorConnectomeLib", "evaluate", "--data", options.data, "--permutations",
                       str(options.permutations), *out]
            compared("published cohort, whole command with verdict", {name: (command, library)
                                                                      for name, library in builds.items()}, options.repeats)
        if options.large:
            compared(f"{options.large} patients, 1 model, {len(FACETS)} facets, all metrics", {
                name: ([__file__, _MADE_UP, library, str(options.large), "--permutations", str(options.permutations)], library)
                for name, library in builds.items()}, 1)


if __name__ == "__main__":
    main()
