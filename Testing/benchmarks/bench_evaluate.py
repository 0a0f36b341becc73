"""Time and memory of the evaluation: `python Testing/benchmarks/bench_evaluate.py [--patients N ...] [--models M]`.

289 patients x 9 models x 6 facets x 2,000 permutations should take less than 60 s on two cores; memory must stay bounded at
25,000 patients. Each size runs in a process of its own, so that its peak memory is its own.
"""
import argparse
import os
import pathlib
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "TumorConnectome"))

#: facet -> share of each category, and whether they are ordered
FACETS = {"sex": ((0.59, 0.41), False), "age": ((0.24, 0.29, 0.28, 0.19), True), "race": ((0.91, 0.05, 0.03, 0.01), False),
          "smoking": ((0.58, 0.42), False), "cancer_type": ((0.51, 0.25, 0.07, 0.07, 0.1), False),
          "stage": ((0.53, 0.11, 0.03, 0.03, 0.11, 0.08, 0.11), True)}
DIMENSIONS = 512


def made_up_cohort(count, models):
    """Random embeddings with a falling spectrum, labels unrelated to them, and a few unknown categories in one facet."""
    import numpy as np
    import pandas as pd

    from TumorConnectomeLib.cohort.cohort import Cohort, Facet
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
        facets[key] = Facet(key, key, names, codes, ordered)
    return Cohort("benchmark", patients, embeddings, facets)


def measure(count, models, permutations):
    """Evaluate once and print how long it took and how much memory it needed."""
    from TumorConnectomeLib.evaluation.table import evaluate
    cohort = made_up_cohort(count, models)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    table = evaluate(cohort, permutations=permutations)
    elapsed = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{count:>6} patients x {models} models x {len(FACETS)} facets and a control x {permutations} permutations: "
          f"{elapsed:.1f} s, {len(table)} rows, peak memory {peak / 2 ** 20:.2f} GB ({before / 2 ** 20:.2f} GB before)")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="*", default=[289, 25_000])
    parser.add_argument("--models", type=int, help="by default 9 up to 2,000 patients, else 1")
    parser.add_argument("--permutations", type=int, default=2000)
    options = parser.parse_args()
    if len(options.patients) == 1:
        count = options.patients[0]
        measure(count, options.models or (9 if count <= 2000 else 1), options.permutations)
        return
    for count in options.patients:
        more = ["--models", str(options.models)] if options.models else []
        subprocess.run([sys.executable, os.fspath(pathlib.Path(__file__)), "--patients", str(count), "--permutations",
                        str(options.permutations), *more], check=True)


if __name__ == "__main__":
    main()
