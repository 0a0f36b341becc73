"""The layers of the networks, in numpy: convolutions as matrix products, norms, pools. float32, one image, no batch.

Images have the shape (C, D, H, W). Nothing here keeps a state; results are the same for the same number of BLAS threads.
"""
from __future__ import annotations

import numpy as np

#: of all norms here
_EPSILON = np.float32(1e-5)
#: values that one matrix product takes as its neighborhoods, if the kernels are not more: they should stay in the cache
_BLOCK_VALUES = 1 << 18
#: values that a norm works on at a time, for the same reason
_NORM_VALUES = 1 << 17
#: convolutions with fewer voxels per output channel than this spend their time on weights, so these stay as they are
_VOXELS_PER_CHANNEL = 6


def conv3d(values: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, stride=1, padding=0) -> np.ndarray:
    """3-D convolution as torch's ``conv3d``.

    Parameters
    ----------
    values : np.ndarray
        float32, shape (C, D, H, W).
    weight : np.ndarray
        float32, shape (O, C, kd, kh, kw).
    bias : np.ndarray, optional
        float32, shape (O,).
    stride, padding : int or tuple of int
        For (D, H, W); padding with zeros.

    Returns
    -------
    np.ndarray
        float32, shape (O, D', H', W').
    """
    stride, padding = _three(stride), _three(padding)
    if weight.shape[2:] == (1, 1, 1):
        result = _product(values[:, ::stride[0], ::stride[1], ::stride[2]], weight)
    elif _suits_winograd(values.shape, weight.shape, stride, padding):
        result = _winograd(values, weight)
    else:
        result = _by_neighborhoods(values, weight, stride, padding)
    if bias is not None:
        result += bias[:, None, None, None]
    return result


def _three(number):
    return (number,) * 3 if isinstance(number, int) else tuple(number)


def _product(values, weight):
    """Of a 1 x 1 x 1 convolution."""
    product = weight.reshape(weight.shape[:2]) @ values.reshape(len(values), -1)
    return product.reshape(-1, *values.shape[1:])


def _by_neighborhoods(values, weight, stride, padding):
    """A matrix product with the neighborhoods of some planes at a time, as many as fit into the cache."""
    outputs, kernel = len(weight), weight.shape[2:]
    padded = np.pad(values, ((0, 0), *((margin, margin) for margin in padding)))
    size = [(length - width) // step + 1 for length, width, step in zip(padded.shape[1:], kernel, stride)]
    matrix = weight.reshape(outputs, -1)
    result = np.empty((outputs, *size), np.float32)
    planes = max(1, max(_BLOCK_VALUES, weight.size) // (matrix.shape[1] * size[1] * size[2]))
    for first in range(0, size[0], planes):
        count = min(planes, size[0] - first)
        part = padded[:, first * stride[0]:(first + count - 1) * stride[0] + kernel[0]]
        windows = np.lib.stride_tricks.sliding_window_view(part, kernel, axis=(1, 2, 3))
        windows = windows[:, ::stride[0], ::stride[1], ::stride[2]]
        columns = windows.transpose(0, 4, 5, 6, 1, 2, 3).reshape(matrix.shape[1], -1)
        result[:, first:first + count] = (matrix @ columns).reshape(outputs, count, *size[1:])
    return result


def _suits_winograd(shape, weight_shape, stride, padding):
    """Whether `_winograd` can do it, and is faster: it has to transform the weights, and these may outnumber the voxels."""
    if weight_shape[2:] != (3, 3, 3) or stride != (1, 1, 1) or padding != (1, 1, 1) or shape[2] % 2 or shape[3] % 2:
        return False
    return shape[0] > 1 and np.prod(shape[1:]) >= _VOXELS_PER_CHANNEL * weight_shape[0]


def _winograd(values, weight):
    """3 x 3 x 3 convolution, stride 1, padding 1, by Winograd's F(2 x 2, 3 x 3) in each plane (Lavin & Gray, CVPR 2016).

    Four outputs of a plane need 16 products instead of 36; the three planes of a neighborhood are summed by the same matrix
    product. Plane after plane is transformed once, in turn into one of three places; the kernels turn with them.
    """
    channels, depth, height, width = values.shape
    outputs, rows, columns = len(weight), height // 2, width // 2
    kernels, transform = _kernels_of_winograd(weight), _PlaneTransform(channels, rows, columns)
    length = rows * (columns + 1)
    planes = np.zeros((4, 4, 3, channels, length), np.float32)          # the first is the border before the image
    neighborhood = planes.reshape(16, 3 * channels, length)
    products = np.empty((16, outputs, length), np.float32)
    result = np.empty((outputs, depth, rows, 2, columns, 2), np.float32)
    transform(values[:, 0], planes[:, :, 1])
    for plane in range(depth):
        if plane + 1 < depth:
            transform(values[:, plane + 1], planes[:, :, (plane + 2) % 3])
        else:
            planes[:, :, (plane + 2) % 3] = 0
        np.matmul(kernels[plane % 3], neighborhood, out=products)
        _transform_output(products.reshape(4, 4, outputs, rows, columns + 1), result[:, plane])
    return result.reshape(outputs, depth, height, width)


class _PlaneTransform:
    """B^T d B of all tiles of 4 x 4 voxels of a plane with its border of zeros.

    Even and odd rows and columns are kept apart, each a long row of all tiles, so that every sum runs over the whole plane. A
    row of tiles has one tile more than needed, whose result is dropped.
    """

    def __init__(self, channels, rows, columns):
        self._rows, self._columns = rows, columns
        self._step, self._length = columns + 1, rows * (columns + 1)
        self._parts = np.zeros((2, 2, channels, self._length + self._step + 1), np.float32)
        self._along = np.empty((2, 4, channels, self._length + self._step), np.float32)

    def __call__(self, plane, out):
        """Transform a plane (C, H, W) into `out`, shape (4, 4, C, length)."""
        for row, column in np.ndindex(2, 2):            # the border comes first, so row 0 is the first odd one
            tiles = self._parts[row, column, :, :-1].reshape(len(plane), self._rows + 1, self._columns + 1)
            target = tiles[:, 1 - row:self._rows + 1 - row, 1 - column:self._columns + 1 - column]
            target[...] = plane[:, 1 - row::2, 1 - column::2]
        _combine(self._parts[:, 0], self._parts[:, 1], 1, [self._along[:, number] for number in range(4)])
        _combine(self._along[0], self._along[1], self._step, out)


def _combine(even, odd, step, out):
    """B^T d along one direction, where the next even or odd value is `step` further: into the four arrays `out`."""
    length = out[0].shape[-1]
    even, next_even = even[..., :length], even[..., step:step + length]
    odd, next_odd = odd[..., :length], odd[..., step:step + length]
    np.subtract(even, next_even, out=out[0])
    np.add(odd, next_even, out=out[1])
    np.subtract(next_even, odd, out=out[2])
    np.subtract(odd, next_odd, out=out[3])


def _kernels_of_winograd(weight):
    """G g G^T of each plane of each kernel, planes before channels: three float32 arrays of shape (16, O, 3 C).

    In the first the planes stand in their order, in the second they are turned by one place, in the third by two.
    """
    outputs, channels = weight.shape[:2]
    one = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], np.float32)
    both = np.einsum("ah,bw->hwab", one, one).reshape(9, 16)
    kernels = (weight.reshape(-1, 9) @ both).reshape(outputs, channels, 3, 16).transpose(3, 0, 2, 1)
    turning = np.empty((16, outputs, 5, channels), np.float32)
    for place, plane in enumerate((1, 2, 0, 1, 2)):
        turning[:, :, place] = kernels[:, :, plane]
    return [turning.reshape(16, outputs, -1)[:, :, first * channels:(first + 3) * channels] for first in (2, 1, 0)]


def _transform_output(products, plane):
    """A^T m A: from products (4, 4, O, rows, columns + 1) to a plane (O, rows, 2, columns, 2)."""
    upper = products[0] + products[1]
    upper += products[2]
    lower = products[1] - products[2]
    lower -= products[3]
    for row, half in enumerate((upper, lower)):
        left = half[0] + half[1]
        left += half[2]
        right = half[1] - half[2]
        right -= half[3]
        plane[:, :, row, :, 0], plane[:, :, row, :, 1] = left[..., :-1], right[..., :-1]


def batch_norm(values, parameters, name) -> np.ndarray:
    """Scale and shift each channel by stored statistics: ``<name>.weight``, ``.bias``, ``.running_mean``, ``.running_var``."""
    scale = parameters[f"{name}.weight"] / np.sqrt(parameters[f"{name}.running_var"] + _EPSILON)
    shift = parameters[f"{name}.bias"] - parameters[f"{name}.running_mean"] * scale
    flat = values.reshape(len(values), -1)
    result = np.empty_like(flat)
    for part in _channels_at_a_time(flat):
        np.multiply(flat[part], scale[part, None], out=result[part])
        result[part] += shift[part, None]
    return result.reshape(values.shape)


def _channels_at_a_time(flat):
    """Parts of an image (C, voxels) that stay in the cache while something is done to them."""
    channels = max(1, _NORM_VALUES // flat.shape[1])
    return [slice(first, first + channels) for first in range(0, len(flat), channels)]


def instance_norm(values, parameters, name) -> np.ndarray:
    """Scale and shift each channel by its own mean and variance: ``<name>.weight``, ``<name>.bias``.

    The same as a batch norm that takes the statistics of a batch of one image.
    """
    flat = values.reshape(len(values), -1)
    result = np.empty_like(flat)
    weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    for part in _channels_at_a_time(flat):
        centered = flat[part] - flat[part].mean(axis=1, keepdims=True)
        variance = np.square(centered).mean(axis=1)
        centered *= (weight[part] / np.sqrt(variance + _EPSILON))[:, None]
        np.add(centered, bias[part, None], out=result[part])
    return result.reshape(values.shape)


def relu(values: np.ndarray) -> np.ndarray:
    """Negative values become 0, in place."""
    return np.maximum(values, 0, out=values)


def leaky_relu(values: np.ndarray, slope: float = 0.01) -> np.ndarray:
    """Negative values are multiplied by `slope`."""
    return np.maximum(values, values * np.float32(slope))


def max_pool(values: np.ndarray, size: int, stride: int, padding: int = 0) -> np.ndarray:
    """The largest value of each cube of `size` voxels."""
    if padding:
        values = np.pad(values, ((0, 0), *((padding, padding),) * 3), constant_values=-np.inf)
    for axis in (3, 2, 1):
        count = (values.shape[axis] - size) // stride + 1
        shifted = [np.take(values, np.arange(count) * stride + offset, axis=axis) for offset in range(size)]
        values = np.maximum.reduce(shifted)
    return values


def mean_pool(values: np.ndarray, size: int, stride: int) -> np.ndarray:
    """The mean of each cube of `size` voxels, without padding."""
    windows = np.lib.stride_tricks.sliding_window_view(values, (size,) * 3, axis=(1, 2, 3))
    return windows[:, ::stride, ::stride, ::stride].mean(axis=(4, 5, 6))
