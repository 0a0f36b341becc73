"""Times and memory of hubs, repairs, agreement, consensus and map quality: `bench_structure.py [--patients N ...]`."""
import argparse
import pathlib
import resource
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "TumorConnectome"))

import numpy as np  # noqa: E402

from TumorConnectomeLib.connectome.connectome import Match  # noqa: E402
from TumorConnectomeLib.evaluation.agreement import agreement  # noqa: E402
from TumorConnectomeLib.layout.map_quality import map_quality  # noqa: E402
from TumorConnectomeLib.layout.maps import pca_map  # noqa: E402
from TumorConnectomeLib.neighbors.consensus import consensus_lists, votes  # noqa: E402
from TumorConnectomeLib.neighbors.mutual_proximity import MOST_PATIENTS  # noqa: E402
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists  # noqa: E402
from TumorConnectomeLib.neighbors.repairs import Repair, repaired_lists  # noqa: E402

DIMENSIONS, MODELS, DEPTH = 512, 3, 50


def embedding(count, seed):
    """Vectors in a cone with a falling spectrum, as those of the published models."""
    random = np.random.default_rng(seed)
    return (random.standard_normal((count, DIMENSIONS)) * np.arange(1, DIMENSIONS + 1) ** -0.5 + 0.2).astype(np.float32)


def timed(name, action):
    """Run, print seconds and the process's largest memory so far, return the result."""
    began = time.perf_counter()
    result = action()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"  {name:<48} {time.perf_counter() - began:8.2f} s   peak {peak:5.2f} GB", flush=True)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, nargs="*", default=[289, 2000, 4000])
    for count in parser.parse_args().patients:
        print(f"{count} patients, {MODELS} models of {DIMENSIONS} dimensions")
        embeddings = {f"model {seed}": embedding(count, seed) for seed in range(MODELS)}
        depth = min(DEPTH, count - 1)
        lists = timed("neighbor lists of all models", lambda e=embeddings, d=depth: {
            model: neighbor_lists(one, d) for model, one in e.items()})
        first = embeddings["model 0"]
        for repair in (Repair.CENTERED, Repair.CSLS, Repair.MUTUAL_PROXIMITY):
            if repair is not Repair.MUTUAL_PROXIMITY or count <= MOST_PATIENTS:
                timed(f"{repair.label()} of one model", lambda e=first, d=depth, r=repair: repaired_lists(e, d, r))
        timed("agreement", lambda e=embeddings, all_lists=lists: agreement(
            e, {model: both[Match.MOST] for model, both in all_lists.items()}, 5))
        timed("consensus", lambda all_lists=lists, d=depth: consensus_lists(all_lists, d))
        timed("votes", lambda all_lists=lists: votes({model: both[Match.MOST] for model, both in all_lists.items()}, 5))
        positions = timed("PCA map", lambda e=first: pca_map(e)[0])
        timed("map quality, k = 15", lambda e=first, p=positions: map_quality(e, p, 15))


if __name__ == "__main__":
    main()
