"""Random stacks of slices as scanners, networks and writers leave them: steps, holes, jitter, tilt, shifts, orientation."""
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RandomStack:
    """Slices ascending along the normal.

    Parameters
    ----------
    positions_lps : np.ndarray
        float64, shape (S, 3) [mm].
    axes_lps : np.ndarray
        float64, shape (3, 3).
    pixel_spacing_mm : tuple of float
        Rows first.
    kind : str
        What is unusual.
    """

    positions_lps: np.ndarray
    axes_lps: np.ndarray
    pixel_spacing_mm: tuple
    kind: str


def random_stack(rng: np.random.Generator, most: int = 60) -> RandomStack:
    """One stack of up to `most` slices."""
    count, step = int(rng.integers(2, most + 1)), float(rng.choice([0.6, 0.7, 1.0, 1.25, 2.0, 2.5, 3.0, 5.0]))
    kinds = rng.permutation(["regular", "lost", "hole", "changes", "jitter", "odd", "rounded"])[:int(rng.integers(1, 3))]
    steps = np.full(count - 1, step)
    for kind in kinds:
        if kind == "changes":
            steps[int(rng.integers(count)):] = step * float(rng.choice([0.4, 2, 2.5, 4]))
        elif kind == "jitter":
            steps += rng.uniform(-0.3, 0.3, count - 1) * step
        elif kind == "odd":
            steps = rng.uniform(0.5, 3.0, count - 1) * step
        elif kind in ("lost", "hole"):
            places = rng.random(count - 1) < 0.1
            steps = np.where(places, steps + step * rng.integers(1, 80 if kind == "hole" else 4, count - 1), steps)
    heights = np.append(0, np.cumsum(steps))
    if "rounded" in kinds:
        heights = np.round(heights, 1)
    axes, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    axes = (np.eye(3) if rng.random() < 0.4 else axes).T
    axes = np.array([axes[0], axes[1], np.cross(axes[0], axes[1])])
    tilt = np.tan(np.radians(rng.uniform(-25, 25))) if rng.random() < 0.3 else 0.0
    positions = rng.uniform(-200, 200, 3) + heights[:, None] * (axes[2] + tilt * axes[1])
    if rng.random() < 0.1:
        positions[count // 2:] += axes[0] * rng.uniform(-8, 8)
    return RandomStack(positions, axes, (0.8, 0.7), "+".join(kinds))
