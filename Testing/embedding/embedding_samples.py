"""Golden crops and vectors of the published code, and what they were made from."""
import functools
import json
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent


def golden(name):
    return json.loads((HERE / f"golden_{name}.json").read_text(encoding="utf-8"))


def golden_volume(case):
    """Voxels (K, J, I), int16 HU, and IJK to LPS of a case of the golden crops."""
    nx, ny, nz = case["shape_xyz"]
    i, j, k = (np.arange(length, dtype=float) for length in case["shape_xyz"])
    i, j, k = i[None, None, :], j[None, :, None], k[:, None, None]
    waves = 420 * np.sin(.11 * i + .7) * np.cos(.13 * j) + 330 * np.sin(.09 * k + .02 * i) + 250 * np.cos(.05 * j - .17 * k)
    nodule = 900 * np.exp(-((i - nx / 2) ** 2 + (j - ny / 2) ** 2 + (2 * (k - nz / 2)) ** 2) / 160)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(case["direction"]).reshape(3, 3) * case["spacing_mm"]
    matrix[:3, 3] = case["origin_lps_mm"]
    return np.round(-500 + waves + nodule).astype(np.int16), matrix


def golden_crop():
    """The input of the golden vectors: float32, shape (1, 48, 48, 48)."""
    i, j, k = np.meshgrid(*[np.arange(48, dtype=float)] * 3, indexing="ij")
    nodule = 0.2 * np.exp(-((i - 20) ** 2 + (j - 25) ** 2 + (k - 22) ** 2) / 90)
    return (0.5 + 0.25 * np.sin(.21 * i + .4) * np.cos(.17 * j) + nodule).astype(np.float32)[None]


def small_volume(shape=(40, 60, 64), seed=0):
    """A made-up CT with air, tissue and a bright ball: HU (K, J, I), and IJK to LPS, both the caller's own."""
    voxels, matrix = _small_volume(shape, seed)
    return voxels.copy(), matrix.copy()


@functools.cache
def _small_volume(shape, seed):
    z, y, x = np.indices(shape)
    noise = np.random.default_rng(seed).normal(0, 20, shape)
    ball = ((z - shape[0] / 2) * 1.5) ** 2 + (y - shape[1] / 2) ** 2 + (x - shape[2] / 2) ** 2 < 90
    matrix = np.diag([1.0, 1.0, 1.5, 1.0])
    matrix[:3, 3] = [-30, -28, -31]
    return np.where(ball, 40 + noise, -850 + 2 * x + noise).astype(np.int16), matrix
