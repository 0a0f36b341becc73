"""Repulsion of very many points by the particle-mesh method: the sum over all pairs as a convolution on a grid.

The mass of every point is spread over 6 x 6 grid points (Lagrange weights), convolved with the kernels by fast Fourier
transform, and the forces are read off with the same weights. Time grows with N and with the area, not with N^2. The same
idea as Linderman et al., "Fast interpolation-based t-SNE for improved visualization of single-cell RNA-seq data", Nature
Methods 2019; here one mass and three kernels are enough, because the forces are the gradient of the potential.
"""
from __future__ import annotations

import numpy as np

#: distance of grid points while the longer side is at most _FINE_SIDE, and beyond; the kernel 1 / (1 + d^2) has width 1
_FINE, _COARSE, _FINE_SIDE = 1 / 4, 1 / 3, 200.0
#: grid points along the longer side, at most; then the grid gets coarser
_MOST_POINTS = 4000
#: grid points along each axis over which a point is spread: Lagrange polynomials of degree 5
_NODES = 6


class ParticleMesh:
    """Student-t repulsion of points in the plane; keeps what depends on the grid alone from call to call."""

    def __init__(self):
        self._grid, self._kernels = None, None

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """``sum_j W_ij^2 (Y_i - Y_j) / sum_kl W_kl`` with ``W = 1 / (1 + d^2)``, to about 1 % of the root mean square force.

        Parameters
        ----------
        positions : np.ndarray
            float64, shape (N, 2).

        Returns
        -------
        np.ndarray
            float64, shape (N, 2).
        """
        lowest, highest = positions.min(axis=0), positions.max(axis=0)
        step = _step(float((highest - lowest).max()))
        shape = tuple(int(n) for n in np.ceil((highest - lowest) / step).astype(int) + _NODES)
        indices, weights = _spread((positions - lowest) / step + (_NODES // 2 - 1), shape[1])
        mass = np.bincount(indices.ravel(), weights.ravel(), shape[0] * shape[1]).reshape(shape)
        padded = tuple(_fast_length(2 * n) for n in shape)
        spectrum = np.fft.rfft2(mass, padded)
        fields = (np.fft.irfft2(spectrum * kernel, padded)[:shape[0], :shape[1]].ravel() for kernel in self._of(padded, step))
        potential, along_x, along_y = ((field[indices] * weights).sum(axis=0) for field in fields)
        total = potential.sum() - len(positions)        # without every point's potential at its own place
        force = np.column_stack([along_x, along_y])
        return force / total if total > 0 else force

    def _of(self, padded, step):
        """Spectra of the kernels W, W^2 dx and W^2 dy on a grid."""
        if self._grid != (padded, step):
            x, y = (step * np.fft.fftfreq(n, 1.0 / n) for n in padded)
            kernel = 1.0 / (1.0 + x[:, None] ** 2 + y ** 2)
            squared = kernel ** 2
            self._kernels = tuple(np.fft.rfft2(part) for part in (kernel, squared * x[:, None], squared * y))
            self._grid = padded, step
        return self._kernels


def _step(side):
    """Distance of grid points; one of few values, so that the kernels can be kept."""
    step = _FINE if side <= _FINE_SIDE else _COARSE
    while side > step * _MOST_POINTS:
        step *= 2
    return step


def _spread(places, width):
    """Numbers and weights of the grid points around each place (N, 2), in units of the grid: shape (_NODES^2, N) each."""
    before = _NODES // 2 - 1
    first = np.floor(places).astype(np.int64) - before
    t = (places - first).T                              # before..before + 1 among the nodes 0, 1, ...
    per_axis = np.empty((_NODES, 2, len(places)))
    for node in range(_NODES):
        others = [other for other in range(_NODES) if other != node]
        per_axis[node] = np.prod([t - other for other in others], axis=0) / np.prod([node - other for other in others])
    offsets = np.arange(_NODES)
    x, y = first[:, 0] + offsets[:, None], first[:, 1] + offsets[:, None]
    indices = x[:, None] * width + y
    weights = per_axis[:, None, 0] * per_axis[:, 1]
    return indices.reshape(_NODES ** 2, -1), weights.reshape(_NODES ** 2, -1)


def _fast_length(least):
    """The smallest even length from `least` on whose transform is fast: 2, 3 and 5 are its only factors."""
    while True:
        rest = least
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1 and least % 2 == 0:
            return least
        least += 1
