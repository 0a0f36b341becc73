"""The layers of the networks, in numpy: convolutions as matrix products, norms, pools. float32, one image, no batch."""
from __future__ import annotations

import numpy as np

#: of all norms here
_EPSILON = 1e-5
#: values of the shifted copies that one product works on: they stay in the processor's cache
_BLOCK_VALUES = 1 << 20


def conv3d(values: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, stride: int = 1,
           padding: int = 0) -> np.ndarray:
    """3-D convolution: a matrix product with the neighborhoods of some planes at a time.

    Parameters
    ----------
    values : np.ndarray
        float32, shape (C, D, H, W).
    weight : np.ndarray
        float32, shape (O, C, k, k, k).
    bias : np.ndarray, optional
        float32, shape (O,).
    stride, padding : int
        As in torch; padding with zeros.

    Returns
    -------
    np.ndarray
        float32, shape (O, D', H', W').
    """
    outputs, channels, *kernel = weight.shape
    padded = np.pad(values, ((0, 0), *[(padding, padding)] * 3)) if padding else values
    size = [(length - width) // stride + 1 for length, width in zip(padded.shape[1:], kernel)]
    result = np.empty((outputs, *size), np.float32)
    matrix = weight.reshape(outputs, -1)
    planes = max(1, _BLOCK_VALUES // (matrix.shape[1] * size[1] * size[2]))
    for first in range(0, size[0], planes):
        count = min(planes, size[0] - first)
        part = padded[:, first * stride:(first + count - 1) * stride + kernel[0]]
        windows = np.lib.stride_tricks.sliding_window_view(part, kernel, axis=(1, 2, 3))[:, ::stride, ::stride, ::stride]
        columns = windows.transpose(0, 4, 5, 6, 1, 2, 3).reshape(matrix.shape[1], -1)
        result[:, first:first + count] = (matrix @ columns).reshape(outputs, count, *size[1:])
    if bias is not None:
        result += bias[:, None, None, None]
    return result


def batch_norm(values, parameters, name) -> np.ndarray:
    """Scale and shift each channel by stored statistics: ``<name>.weight``, ``.bias``, ``.running_mean``, ``.running_var``."""
    scale = parameters[f"{name}.weight"] / np.sqrt(parameters[f"{name}.running_var"] + np.float32(_EPSILON))
    shift = parameters[f"{name}.bias"] - parameters[f"{name}.running_mean"] * scale
    return _scaled(values, scale, shift)


def instance_norm(values, parameters, name) -> np.ndarray:
    """Scale and shift each channel by its own mean and variance: ``<name>.weight``, ``<name>.bias``."""
    mean = values.mean(axis=(1, 2, 3), dtype=np.float64)
    variance = values.var(axis=(1, 2, 3), dtype=np.float64)
    scale = parameters[f"{name}.weight"] / np.sqrt(variance + _EPSILON)
    return _scaled(values, scale, parameters[f"{name}.bias"] - mean * scale)


def _scaled(values, scale, shift):
    result = values * scale.astype(np.float32)[:, None, None, None]
    result += shift.astype(np.float32)[:, None, None, None]
    return result


def relu(values: np.ndarray) -> np.ndarray:
    """Negative values become 0, in place."""
    return np.maximum(values, 0, out=values)
