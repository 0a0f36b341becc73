"""Nearest and farthest neighbors of all patients against FAISS, scikit-learn and scipy: time, memory, wrong rows.

    nice python Testing/benchmarks/bench_neighbors.py [--patients 289 25354] [--repeats 3] [--threads 1 2]

FAISS is no dependency: ``pip install faiss-cpu`` into this environment, or into a folder that PYTHONPATH names. Every
contender runs in a process of its own, in turns; medians are printed. Time is wall time, and the processor time of all threads
beside it, which other work on the machine does not change much. Of many patients the others look for the neighbors of a sample
only (the last column says of how many), and their times are scaled up: they grow in proportion to it.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "TumorConnectome"))

import numpy as np  # noqa: E402
from large_embeddings import DIMENSIONS, ctfm_like  # noqa: E402

from TumorConnectomeLib.connectome.connectome import Match  # noqa: E402
from TumorConnectomeLib.neighbors.exact_cosine import unit_vectors  # noqa: E402
from TumorConnectomeLib.neighbors.neighbors import neighbors_and_scale  # noqa: E402

#: of many more patients these are run for a sample of about so many rows only
_SAMPLED_ROWS = {"FAISS": 16_000, "scikit-learn": 2500, "scipy": 1000}
_ONCE = ("scikit-learn", "scipy")


def ours(vectors, k):
    """The nearest, and the farthest: row numbers (N, k) each."""
    lists, _scale = neighbors_and_scale(vectors, k)
    return lists[Match.MOST].indices, lists[Match.LEAST].indices


def faiss(vectors, k):
    """IndexFlatIP of unit vectors; the farthest are the nearest of the opposite vectors."""
    import faiss as library

    units = unit_vectors(vectors).astype(np.float32)
    index = library.IndexFlatIP(DIMENSIONS)
    index.add(units)
    some = sampled(len(units), "FAISS")
    nearest, farthest = index.search(units[some], k + 1)[1], index.search(-units[some], k)[1]
    return whole(others(nearest, some), some, len(units)), whole(farthest, some, len(units))


def scikit_learn(vectors, k):
    """Brute force, float32; the farthest from the opposite vectors; only the rows of `sampled`."""
    from sklearn.neighbors import NearestNeighbors

    units, some = unit_vectors(vectors).astype(np.float32), sampled(len(vectors), "scikit-learn")
    found = NearestNeighbors(n_neighbors=k + 1, algorithm="brute", metric="euclidean").fit(units)
    nearest = found.kneighbors(units[some], return_distance=False)
    return (whole(others(nearest, some), some, len(units)),
            whole(found.kneighbors(-units[some], k, return_distance=False), some, len(units)))


def scipy(vectors, k):
    """cdist in float64, blocks of rows, argpartition; only the rows of `sampled`."""
    from scipy.spatial.distance import cdist

    some, ends = sampled(len(vectors), "scipy"), ([], [])
    for first in range(0, len(some), 500):
        own = some[first:first + 500]
        block = cdist(vectors[own], vectors, "cosine")
        for end, sign in zip(ends, (1, -1)):
            keys = sign * block
            keys[np.arange(len(own)), own] = np.inf
            first_k = np.argpartition(keys, k, axis=1)[:, :k]
            order = np.argsort(np.take_along_axis(keys, first_k, axis=1), axis=1)
            end.append(np.take_along_axis(first_k, order, axis=1))
    return tuple(whole(np.concatenate(end), some, len(vectors)) for end in ends)


def sampled(count, name):
    """Rows that a contender is run for; its time is scaled up to all."""
    most = _SAMPLED_ROWS.get(name, count)
    return np.arange(0, count, max(1, count // most) if count > 2 * most else 1)


def others(nearest, rows):
    """Nearest rows (R, k + 1) without the patient itself; without the last one if duplicates came before it."""
    own = nearest == rows[:, None]
    own[~own.any(axis=1), -1] = True
    return nearest[~own].reshape(len(rows), -1)


def whole(found, rows, count):
    """Found rows in their places among all; -1 for the others."""
    every = np.full((count, found.shape[1]), -1)
    every[rows] = found
    return every


CONTENDERS = {"ours": ours, "FAISS": faiss, "scikit-learn": scikit_learn, "scipy": scipy}


def gemm_rate(count):
    """float32 operations per processor second of numpy's matrix product, of blocks as they are used here."""
    a, b = np.ones((2048, DIMENSIONS), np.float32), np.ones((2048, DIMENSIONS), np.float32)
    out, repeats = np.empty((2048, 2048), np.float32), 20 if count > 1000 else 3
    a @ b.T
    began = time.process_time()
    for _ in range(repeats):
        np.matmul(a, b.T, out=out)
    return repeats * 2 * 2048 ** 2 * DIMENSIONS / (time.process_time() - began)


def run_one(name, path, k, save):
    """In the child process: print what it took as JSON."""
    vectors = np.load(path)
    wall, processor = time.perf_counter(), time.process_time()
    found = CONTENDERS[name](vectors, k)
    scale = len(vectors) / len(sampled(len(vectors), name))
    answer = {"wall": scale * (time.perf_counter() - wall), "processor": scale * (time.process_time() - processor),
              "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "rate": gemm_rate(len(vectors))}
    np.savez(save, nearest=found[0], farthest=found[1])
    print(json.dumps(answer))


def child(name, path, k, save, threads):
    """Run a contender; None if its package is missing."""
    environment = {**os.environ, **{f"{library}_NUM_THREADS": str(threads) for library in ("OPENBLAS", "OMP", "MKL")}}
    done = subprocess.run([sys.executable, __file__, "--one", name, str(path), str(k), str(save)], env=environment, text=True,
                          capture_output=True)
    if done.returncode:
        print(f"  {name:<13} {done.stderr.strip().splitlines()[-1]}")
        return None
    return json.loads(done.stdout)


def wrong_rows(found, wanted):
    """Rows whose order differs among those that were looked for, nearest and farthest, and how many these are."""
    looked = found["nearest"][:, 0] >= 0
    return [int((found[end] != wanted[end])[looked].any(axis=1).sum()) for end in ("nearest", "farthest")] + [looked.sum()]


def compare(count, k, repeats, threads, folder):
    """Print a table for one number of patients."""
    vectors = ctfm_like(count)
    np.save(folder / "vectors.npy", vectors)
    times = {name: [] for name in CONTENDERS}
    for repeat in range(repeats):
        for name in [name for name in times if repeat == 0 or name not in _ONCE]:
            answer = child(name, folder / "vectors.npy", k, folder / f"{name}.npz", threads)
            if answer is None:
                del times[name]
            else:
                times[name].append(answer)
    print(f"\n{count} patients, {DIMENSIONS} dimensions, k = {k}, {threads} thread(s), median of {repeats}")
    print(f"  {'':<13}{'wall s':>9}{'cpu s':>9}{'wall/FAISS':>11}{'cpu/FAISS':>10}{'peak GB':>9}{'misordered rows':>21}")
    middle = {name: {key: statistics.median(one[key] for one in found) for key in found[0]} for name, found in times.items()}
    base = middle.get("FAISS", middle["ours"])
    with np.load(folder / "ours.npz") as wanted:
        for name, one in middle.items():
            with np.load(folder / f"{name}.npz") as found:
                wrong = "{} + {} of {}".format(*wrong_rows(found, wanted)) if name != "ours" else "reference"
            print(f"  {name:<13}{one['wall']:9.2f}{one['processor']:9.2f}{one['wall'] / base['wall']:11.2f}"
                  f"{one['processor'] / base['processor']:10.2f}{one['peak'] / 1e6:9.2f}{wrong:>21}")
    once = count ** 2 * DIMENSIONS                      # each pair once, a multiplication and an addition
    for name, both in (("ours", once), ("FAISS", 4 * once)):
        if name in middle:
            share = both / middle[name]["processor"] / middle[name]["rate"]
            pairs = "each pair once" if name == "ours" else "each pair four times"
            print(f"  {name}: numpy's matrix product of all components, {pairs}, would take {share:.0%} of its processor time "
                  f"({middle[name]['rate'] / 1e9:.0f} GFLOP/s per core)")
    check(vectors, k, folder)


def check(vectors, k, folder):
    """Our order against plain float64 distances of 200 patients, where these are not tied within 2e-12."""
    units = vectors / np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    rows = np.random.default_rng(0).choice(len(vectors), min(200, len(vectors)), replace=False)
    distances = 1.0 - units[rows] @ units.T
    wrong = 0
    with np.load(folder / "ours.npz") as found:
        for end, sign in (("nearest", 1), ("farthest", -1)):
            keys = sign * distances
            keys[np.arange(len(rows)), rows] = np.inf
            ours = np.take_along_axis(keys, found[end][rows].astype(np.int64), axis=1)
            wrong += int((np.abs(ours - np.sort(np.partition(keys, k, axis=1)[:, :k], axis=1)) > 2e-12).any(axis=1).sum())
    print(f"  ours against plain float64, {len(rows)} patients: {wrong} rows differ")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="*", default=[289, 25_354, 111_955])
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="*", default=[1])
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        name, path, k, save = options.one
        run_one(name, path, int(k), save)
        return
    with tempfile.TemporaryDirectory() as folder:
        for count in options.patients:
            for threads in options.threads:
                compare(count, options.k, options.repeats, threads, pathlib.Path(folder))


if __name__ == "__main__":
    main()
