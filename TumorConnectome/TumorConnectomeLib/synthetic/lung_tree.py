"""Pulmonary arteries, veins and bronchi that branch from the hilum to all parts of a lung."""
from __future__ import annotations

import numpy as np

from .tubes import Tubes

_LEVELS = 10
_LEAF_RADIUS = 0.6
_BRONCHUS_LEVELS = 6


def grow_tree(root: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> list[Tubes]:
    """Return the branches of a tree that supplies `targets`, one Tubes per generation.

    Each generation halves the targets of a branch along their longest extent and grows part of the way to the middle of
    each half (as in Tawhai et al., J Appl Physiol 2004); radii follow Murray's law with the exponent 2.9.

    Parameters
    ----------
    root : np.ndarray
        (z, y, x) of the first branch's start, anatomical mm.
    targets : np.ndarray
        float32, shape (1024, 3): end points in the lung.
    """
    groups = targets.reshape(1, -1, 3)
    nodes, radii = np.asarray(root, np.float32)[None], np.full(1, _radius(groups.shape[1]), np.float32)
    generations = []
    for level in range(1, _LEVELS + 1):
        groups = _halves(groups)
        size = groups.shape[1]
        starts, start_radii = np.repeat(nodes, 2, axis=0), np.repeat(radii, 2)
        ahead = groups.mean(axis=1) - starts
        part = np.float32(1) if level == _LEVELS else rng.uniform(0.3, 0.6, (len(starts), 1)).astype(np.float32)
        nodes = starts + ahead * part
        length = np.sqrt((ahead * ahead).sum(axis=1, keepdims=True))
        nodes += rng.standard_normal(nodes.shape, dtype=np.float32) * length * np.float32(0.05)
        radii = np.full(len(nodes), _radius(size), np.float32)
        generations.append(Tubes(starts, nodes, np.minimum(start_radii, radii * np.float32(1.25)), radii))
    return generations


def bronchi_beside(arteries: list[Tubes], away: np.ndarray) -> Tubes:
    """Return bronchi that run along the first generations of an artery, shifted by both radii towards `away` (unit vector)."""
    parts = []
    for tubes in arteries[:_BRONCHUS_LEVELS]:
        shifts = [(2.1 * radius + 0.4)[:, None] * away for radius in (tubes.start_radii, tubes.end_radii)]
        parts.append(Tubes(tubes.starts + shifts[0], tubes.ends + shifts[1], tubes.start_radii * np.float32(0.75),
                           tubes.end_radii * np.float32(0.75)))
    return Tubes.joined(parts)


def _radius(leaves):
    return _LEAF_RADIUS * leaves ** (1 / 2.9)


def _halves(groups):
    """Split each group of points (g, n, 3) at the median of its longest axis: (2 g, n / 2, 3)."""
    axis = np.argmax(groups.max(axis=1) - groups.min(axis=1), axis=1)
    along = np.take_along_axis(groups, axis[:, None, None], axis=2)[:, :, 0]
    order = np.argsort(along, axis=1, kind="stable")
    return np.take_along_axis(groups, order[:, :, None], axis=1).reshape(len(groups) * 2, -1, 3)
