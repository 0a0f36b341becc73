"""Connectomes for the tests and benchmarks of the view."""
import numpy as np

from TumorConnectomeLib.cohort.cohort import Facet
from TumorConnectomeLib.connectome.connectome import Connectome
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.presentation.coloring import coloring_of


def graph(positions, sources, targets, ranks, match=Match.MOST, prefix="P"):
    """Connectome with ids P000, P001, ... and made-up distances, percentiles and weights."""
    count = len(sources)
    return Connectome(tuple(f"{prefix}{i:03d}" for i in range(len(positions))), np.asarray(positions, float),
                      np.asarray(sources, np.int32), np.asarray(targets, np.int32), np.asarray(ranks, np.int32),
                      0.0123 + 0.001 * np.arange(count), np.linspace(99.64, 90, count), np.linspace(1, 0.05, count),
                      match, "CTFM")


def ring(count, k=2, hub=False, **options):
    """Patients on a circle (P000 at the right, counterclockwise), each linked to its next k; `hub`: all also to P000."""
    angle = 2 * np.pi * np.arange(count) / count
    k = min(k, count - 1)
    sources = np.repeat(np.arange(count), k)
    ranks = np.tile(np.arange(1, k + 1), count)
    targets = (sources + ranks) % count
    if hub:
        sources, targets = np.append(sources, np.arange(1, count)), np.append(targets, np.zeros(count - 1, int))
        ranks = np.append(ranks, np.full(count - 1, k + 1))
    return graph(np.stack([np.cos(angle), np.sin(angle)], axis=1), sources, targets, ranks, **options)


def clusters(count, k=5, seed=0, groups=12):
    """Patients in clusters, linked to random members of their cluster; sizes up to tens of thousands."""
    random = np.random.default_rng(seed)
    group = np.sort(random.integers(groups, size=count))
    positions = random.normal(0, 1, (groups, 2))[group] + random.normal(0, 0.25, (count, 2))
    first, last = np.searchsorted(group, group), np.searchsorted(group, group, side="right")
    sources = np.repeat(np.arange(count), k)
    targets = np.repeat(first, k) + (random.random(count * k) * np.repeat(last - first, k)).astype(int)
    return graph(positions, sources, targets, np.tile(np.arange(1, k + 1), count))


def coloring(count, categories=("IA", "IB", "IV", "Unknown"), ordered=True):
    """Categories in turn."""
    return coloring_of(Facet("stage", "Stage (AJCC 6th edition)", categories, np.arange(count) % len(categories), ordered))
