"""Three image descriptors of a tumor crop: intensity, shape and texture. They see pixels and the box, nothing else.

Every descriptor is a set of histograms; the square root of each frequency makes the cosine of two vectors the mean of their
histograms' Bhattacharyya coefficients (the Hellinger kernel).
"""
from __future__ import annotations

import numpy as np

from .tumor_crop import VOXEL, TumorCrop

_SHELLS = (0.0, 0.45, 0.8, 1.15, 1.6)
_HU_EDGES = np.array([-960, -920, -880, -840, -790, -730, -660, -580, -490, -390, -280, -160, -60, 20, 80], np.float32)
_LEVELS = np.array([-800, -650, -450, -200, 0], np.float32)
_GRADIENT_EDGES = np.array([20, 40, 70, 110, 160, 230, 320], np.float32)
_RADII = np.arange(0.0, 31.5, 1.5, dtype=np.float32)
_EXTENT_EDGES = np.array([2, 3, 4, 5, 6.5, 8, 9.5, 11, 13, 15, 17, 19, 21, 24, 27], np.float32)
_RELATIVE_EDGES = np.array([.5, .65, .8, .9, 1.0, 1.1, 1.25, 1.45, 1.8], np.float32)
_DROP_EDGES = np.array([60, 110, 170, 240, 320, 410, 520], np.float32)
_DIRECTIONS = 240


def intensity_histogram(crop: TumorCrop) -> np.ndarray:
    """Describe attenuation: float32, shape (64,).

    HU histograms of 16 bins in four ellipsoidal shells that scale with the box.
    """
    radius = _relative_radius(crop)
    bins = np.searchsorted(_HU_EDGES, crop.hu)
    shells = np.searchsorted(_SHELLS, radius, side="right") - 1
    inside = shells < len(_SHELLS) - 1
    counts = np.bincount(shells[inside] * 16 + bins[inside], minlength=64).reshape(4, 16)
    return _roots(counts)


def shape_descriptor(crop: TumorCrop) -> np.ndarray:
    """Describe size, outline and margin: float32, shape (74,).

    Two profiles of the part of each 1.5 mm shell above -700 and -300 HU; over 240 directions, how far the tumor reaches in mm
    and relative to the median, and how steeply the density falls at its margin.
    """
    z, y, x = crop.offsets()
    shells = np.searchsorted(_RADII, np.sqrt(z * z + y * y + x * x), side="right") - 1
    totals = np.bincount(shells.ravel(), minlength=len(_RADII))[:20]
    profiles = [np.bincount(shells[crop.hu > level], minlength=len(_RADII))[:20] / np.maximum(totals, 1)
                for level in (-700, -300)]
    reach, drop = _rays(crop)
    measured = ((_EXTENT_EDGES, reach), (_RELATIVE_EDGES, reach / np.median(reach)), (_DROP_EDGES, drop))
    histograms = [np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) for edges, values in measured]
    # the profiles say most about the whole, so they weigh as much as the three histograms together
    parts = [np.sqrt(profile / max(profile.sum(), 1.0)) * 1.2 for profile in profiles]
    return np.concatenate([*parts, *(np.sqrt(h / h.sum()) for h in histograms)]).astype(np.float32)


def texture_descriptor(crop: TumorCrop) -> np.ndarray:
    """Describe texture: float32, shape (87,).

    At 1.25, 2.5 and 5 mm: the symmetric co-occurrence matrix of six HU classes between neighbors along the axes (Haralick
    et al., IEEE Trans SMC 1973) and a histogram of the gradient's magnitude, both in the box and its margin.
    """
    hu, inside = crop.hu, _relative_radius(crop) < 1.25
    parts = []
    for scale in range(3):
        parts += [_cooccurrence(hu, inside), _gradient_histogram(hu, inside, VOXEL * 2**scale)]
        hu = _halved(hu)
        inside = _halved(inside.astype(np.float32)) >= 0.25
    return np.concatenate(parts)


#: what the cohort's embeddings are called
DESCRIPTORS = {"IntensityHistogram": intensity_histogram, "ShapeDescriptor": shape_descriptor,
               "TextureDescriptor": texture_descriptor}


def _relative_radius(crop):
    z, y, x = (offset / np.float32(half) for offset, half in zip(crop.offsets(), crop.half_size))
    return np.sqrt(z * z + y * y + x * x)


def _roots(counts):
    """Return the square roots of each row's frequencies, one after the other: float32."""
    return np.sqrt(counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1)).astype(np.float32).ravel()


def _rays(crop):
    """Return (reach in mm, fall of HU over 3 mm at the margin) along directions spread evenly over the sphere."""
    i = np.arange(_DIRECTIONS) + 0.5
    z = 1 - 2 * i / _DIRECTIONS                        # a Fibonacci lattice
    turn = np.pi * (1 + 5**0.5) * i
    flat = np.sqrt(1 - z * z)
    directions = np.stack([z, flat * np.sin(turn), flat * np.cos(turn)], axis=1)
    radii = np.arange(0.0, 29.0, 0.5)
    index = directions[:, None, :] * radii[None, :, None] / VOXEL + (crop.hu.shape[0] - 1) / 2
    hu = crop.hu[tuple(np.moveaxis(np.rint(index).astype(np.intp), -1, 0))]
    # half way between the middle of the tumor and the lung around it
    core = np.median(hu[:, :4])
    outside = hu < (core + min(core - 100, -870.0)) / 2
    ends = np.where(outside.any(axis=1), outside.argmax(axis=1), len(radii) - 1)
    rows = np.arange(len(hu))
    drop = hu[rows, np.maximum(ends - 3, 0)] - hu[rows, np.minimum(ends + 3, len(radii) - 1)]
    return np.maximum(radii[ends], 0.5), drop


def _cooccurrence(hu, inside):
    classes = np.searchsorted(_LEVELS, hu)
    size = len(_LEVELS) + 1
    counts = np.zeros(size * size)
    for axis in range(3):
        first, second = [slice(None)] * 3, [slice(None)] * 3
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        first, second = tuple(first), tuple(second)
        both = inside[first] & inside[second]
        counts += np.bincount(classes[first][both] * size + classes[second][both], minlength=size * size)
    counts = counts.reshape(size, size)
    return _roots((counts + counts.T)[np.triu_indices(size)])


def _gradient_histogram(hu, inside, voxel):
    gz, gy, gx = np.gradient(hu, voxel)
    magnitude = np.sqrt(gz * gz + gy * gy + gx * gx)[inside]
    return _roots(np.bincount(np.searchsorted(_GRADIENT_EDGES, magnitude), minlength=len(_GRADIENT_EDGES) + 1))


def _halved(values):
    """Return means of 2 x 2 x 2 voxels."""
    z, y, x = (n // 2 for n in values.shape)
    return values.reshape(z, 2, y, 2, x, 2).mean(axis=(1, 3, 5), dtype=np.float32)
