"""Layout of large cohorts beside openTSNE and UMAP: time, memory, and how many true neighbors are drawn side by side.

    nice python Testing/benchmarks/bench_layout.py [--patients 5000 25354] [--peers openTSNE UMAP]

openTSNE and UMAP are no dependencies of the module: ``pip install openTSNE umap-learn`` here, or into a folder that PYTHONPATH
names. Ours starts from the neighbor lists, which the module has anyway; the peers look for their neighbors themselves, so the
time for the exact neighbors is printed, too. Every contender runs in a process of its own, with one thread.
"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "TumorConnectome"))

import numpy as np  # noqa: E402
from large_embeddings import ctfm_like  # noqa: E402

from TumorConnectomeLib.connectome.connectome import Match  # noqa: E402
from TumorConnectomeLib.layout.layout import layouts  # noqa: E402
from TumorConnectomeLib.neighbors.exact_cosine import unit_vectors  # noqa: E402
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists  # noqa: E402

_SAMPLE = 500


def ours(vectors, nearest):
    """Particle-mesh layout."""
    return layouts({"a": vectors}, {"a": nearest})["a"]


def open_tsne(vectors, nearest):
    """openTSNE with its own defaults (FFT repulsion from 10,000 points on)."""
    import openTSNE as library

    return np.asarray(library.TSNE(metric="cosine", n_jobs=1, random_state=0).fit(vectors))


def umap(vectors, nearest):
    """umap-learn with its own defaults."""
    import umap as library

    return library.UMAP(metric="cosine", n_jobs=1, random_state=0).fit_transform(vectors)


CONTENDERS = {"ours": ours, "openTSNE": open_tsne, "UMAP": umap}


def run_one(name, folder):
    """In the child process: print what it took as JSON, save the places."""
    vectors, nearest = np.load(folder / "vectors.npy"), np.load(folder / "nearest.npy")
    wall, processor = time.perf_counter(), time.process_time()
    positions = CONTENDERS[name](vectors, nearest)
    print(json.dumps({"wall": time.perf_counter() - wall, "processor": time.process_time() - processor,
                      "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
    np.save(folder / f"{name}.npy", positions)


def quality(positions, vectors, nearest, sample):
    """Recall of the 5 and 15 nearest, and trustworthiness for 15 neighbors, of sampled patients among all."""
    units, found, penalty = unit_vectors(vectors), [], 0
    for row in sample:
        apart = ((positions - positions[row]) ** 2).sum(axis=1)
        apart[row] = np.inf
        drawn = np.argpartition(apart, 15)[:15]
        drawn = drawn[np.argsort(apart[drawn])]
        found.append([len(set(drawn[:k]) & set(nearest[row, :k])) / k for k in (5, 15)])
        distances = 1.0 - units @ units[row]
        distances[row] = -np.inf
        ranks = (distances[:, None] < distances[drawn]).sum(axis=0)     # 1 for the nearest: the patient itself is before
        penalty += np.maximum(ranks - 15, 0).sum()
    count = len(vectors)
    return *np.mean(found, axis=0), 1.0 - 2.0 * penalty / (len(sample) * 15 * (2 * count - 3 * 15 - 1))


def compare(count, peers, folder):
    """Print a table for one number of patients."""
    vectors = ctfm_like(count)
    np.save(folder / "vectors.npy", vectors)
    began = time.process_time()
    nearest = neighbor_lists(vectors, 15)[Match.MOST].indices
    search = time.process_time() - began
    np.save(folder / "nearest.npy", nearest)
    sample = np.random.default_rng(1).choice(count, min(_SAMPLE, count), replace=False)
    print(f"\n{count} patients; exact neighbors of both ends: {search:.1f} s of processor time")
    print(f"  {'':<10}{'wall s':>9}{'cpu s':>9}{'peak GB':>9}{'recall 5':>10}{'recall 15':>10}{'trustworthiness':>17}")
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "NUMBA")}
    for name in ("ours", *peers):
        done = subprocess.run([sys.executable, __file__, "--one", name, str(folder)], text=True, capture_output=True,
                              env={**os.environ, **threads})
        if done.returncode:
            print(f"  {name:<10} {done.stderr.strip().splitlines()[-1]}")
            continue
        took = json.loads(done.stdout.strip().splitlines()[-1])
        near, far, trust = quality(np.load(folder / f"{name}.npy"), vectors, nearest, sample)
        print(f"  {name:<10}{took['wall']:9.1f}{took['processor']:9.1f}{took['peak'] / 1e6:9.2f}{near:10.3f}{far:10.3f}"
              f"{trust:17.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="*", default=[5000, 25_354])
    parser.add_argument("--peers", nargs="*", choices=list(CONTENDERS)[1:], default=list(CONTENDERS)[1:])
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one[0], pathlib.Path(options.one[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        for count in options.patients:
            compare(count, options.peers, pathlib.Path(folder))


if __name__ == "__main__":
    main()
