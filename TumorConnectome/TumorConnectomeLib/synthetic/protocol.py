"""How a synthetic patient was scanned: grid, kernel, noise, and how the pixels are stored."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .seeds import random_generator
from .thorax import APEX

_MATRIX = 320
_MOST_SLICES = 132


@dataclass(frozen=True)
class Kernel:
    """A reconstruction kernel: its name and the filter (center, beside) that gives noise its grain and keeps its variance."""

    name: str
    weights: tuple[float, float]


def _kernel(name, beside):
    norm = (1 + 2 * beside * beside) ** 0.5
    return Kernel(name, (1 / norm, beside / norm))


KERNELS = (_kernel("SYNTHETIC SOFT", 0.55), _kernel("SYNTHETIC STD", 0.35), _kernel("SYNTHETIC LUNG", 0.1))
#: standard deviation of the noise in HU in the middle of the body at 2.5 mm slices, by kernel
_NOISE = (17.0, 22.0, 32.0)


@dataclass(frozen=True)
class ScanProtocol:
    """One scan.

    Parameters
    ----------
    shape : tuple of int
        Slices, rows, columns.
    spacing, origin, body : tuple of float
        See `VoxelGrid`; (z, y, x) in mm, LPS.
    kernel : Kernel
        Reconstruction kernel.
    noise : float
        Standard deviation in HU before the body's own pattern.
    signed : bool
        Whether pixels are signed 16 bit (intercept 0) or unsigned 12 bit (intercept -1024); real scanners do both.
    tube_voltage_kv : int
        Tube voltage, kV.
    exposure : int
        Tube current-time product, mAs.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    body: tuple[float, float, float]
    kernel: Kernel
    noise: float
    signed: bool
    tube_voltage_kv: int
    exposure: int


def draw_protocol(number: int, scale: tuple[float, float, float], shift: tuple[float, float]) -> ScanProtocol:
    """Draw the scan of patient `number`: all of the lungs with a margin, the body's middle `shift` mm off the image's."""
    rng = random_generator(number, "protocol")
    thickness = float(rng.choice([2.0, 2.5, 2.5, 3.0, 3.2]))
    field = max(340.0, 350.0 * scale[2]) + rng.uniform(0.0, 14.0)
    pixel = round(field / _MATRIX, 6)
    below, above = 30.0 * scale[0], (APEX + 18.0) * scale[0]
    if (below + above) / thickness > _MOST_SLICES:
        thickness = 2.5
    count = int(np.ceil((below + above) / thickness))
    table = -round(rng.uniform(60.0, 320.0), 1)                                 # z of the lowest slice
    middle = tuple(round(rng.uniform(-6.0, 6.0), 3) for _ in range(2))
    origin = (table, *(round(m - pixel * (_MATRIX - 1) / 2, 6) for m in middle))
    kernel = int(rng.integers(len(KERNELS)))
    body = (table + below, middle[0] + shift[0] - 4.0, middle[1] + shift[1])
    return ScanProtocol(
        shape=(count, _MATRIX, _MATRIX), spacing=(thickness, pixel, pixel), origin=origin, body=body, kernel=KERNELS[kernel],
        noise=_NOISE[kernel] * (2.5 / thickness) ** 0.5 * rng.uniform(0.9, 1.25), signed=bool(rng.random() < 0.5),
        tube_voltage_kv=int(rng.choice([120, 120, 120, 140])), exposure=int(rng.integers(20, 61)))
