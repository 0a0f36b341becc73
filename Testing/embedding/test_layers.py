"""The layers of the networks against plain sums over neighborhoods."""
import numpy as np
import pytest

from TumorConnectomeLib.embedding import layers

RANDOM = np.random.default_rng(0)


def normal(*shape):
    return RANDOM.standard_normal(shape, dtype=np.float32)


def plain_convolution(values, weight, stride, padding):
    """One product a voxel and kernel place, in float64."""
    stride, padding = np.broadcast_to(stride, 3), np.broadcast_to(padding, 3)
    padded = np.pad(values.astype(float), [(0, 0), *((margin, margin) for margin in padding)])
    size = [(length - width) // step + 1 for length, width, step in zip(padded.shape[1:], weight.shape[2:], stride)]
    result = np.zeros((len(weight), *size))
    for place in np.ndindex(weight.shape[2:]):
        part = padded[(slice(None), *(slice(start, start + (count - 1) * step + 1, step)
                                      for start, count, step in zip(place, size, stride)))]
        result += np.einsum("oc,cdhw->odhw", weight[(..., *place)].astype(float), part)
    return result


@pytest.mark.parametrize(("shape", "outputs", "kernel", "stride", "padding"), [
    ((1, 7, 8, 9), 4, (3, 3, 3), 1, 1), ((3, 6, 5, 7), 4, (3, 3, 3), 2, 1), ((4, 5, 6, 7), 3, (1, 1, 1), 1, 0),
    ((4, 5, 6, 7), 3, (1, 1, 1), 2, 0), ((1, 12, 12, 12), 2, (7, 7, 7), 2, 3),
    ((1, 9, 12, 12), 2, (3, 7, 7), (1, 2, 2), (1, 3, 3)), ((8, 3, 3, 3), 8, (3, 3, 3), 1, 1),
    ((2, 1, 1, 1), 2, (3, 3, 3), 1, 1)])
def test_convolutions_are_sums_over_neighborhoods(shape, outputs, kernel, stride, padding):
    values, weight, bias = normal(*shape), normal(outputs, shape[0], *kernel), normal(outputs)
    expected = plain_convolution(values, weight, stride, padding) + bias[:, None, None, None]
    result = layers.conv3d(values, weight, bias, stride, padding)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=1e-4)


@pytest.mark.parametrize("shape", [(2, 1, 2, 2), (2, 5, 4, 6), (5, 20, 8, 2), (3, 9, 12, 10)])
def test_winograds_transform_gives_the_same(shape):
    values, weight = normal(*shape), normal(6, shape[0], 3, 3, 3)
    np.testing.assert_allclose(layers._winograd(values, weight), plain_convolution(values, weight, 1, 1), atol=1e-4)


def test_a_large_convolution_takes_winograds_way_and_one_of_many_channels_does_not():
    assert layers._suits_winograd((32, 48, 48, 48), (32, 32, 3, 3, 3), (1, 1, 1), (1, 1, 1))
    assert not layers._suits_winograd((512, 4, 4, 4), (512, 512, 3, 3, 3), (1, 1, 1), (1, 1, 1))
    assert not layers._suits_winograd((32, 48, 48, 48), (32, 32, 3, 3, 3), (2, 2, 2), (1, 1, 1))


def test_many_planes_are_done_in_blocks(monkeypatch):
    values, weight = normal(2, 9, 6, 5), normal(3, 2, 3, 3, 3)
    monkeypatch.setattr(layers, "_BLOCK_VALUES", 1)     # one plane at a time
    np.testing.assert_allclose(layers.conv3d(values, weight, stride=2, padding=1), plain_convolution(values, weight, 2, 1),
                               atol=1e-4)


def test_batch_norm_takes_stored_statistics():
    values = normal(3, 4, 5, 6)
    parameters = {f"n.{name}": RANDOM.uniform(0.5, 1.5, 3).astype(np.float32)
                  for name in ("weight", "bias", "running_mean", "running_var")}
    mean, variance, weight, bias = (parameters[f"n.{name}"][:, None, None, None]
                                    for name in ("running_mean", "running_var", "weight", "bias"))
    np.testing.assert_allclose(layers.batch_norm(values, parameters, "n"),
                               (values - mean) / np.sqrt(variance + 1e-5) * weight + bias, atol=1e-5)


@pytest.mark.parametrize("block", [1, 1 << 17])
def test_instance_norm_takes_the_images_own_statistics(monkeypatch, block):
    monkeypatch.setattr(layers, "_NORM_VALUES", block)
    values = 100 + 3 * normal(5, 4, 5, 6)
    parameters = {"n.weight": np.arange(1, 6, dtype=np.float32), "n.bias": np.arange(5, dtype=np.float32)}
    result = layers.instance_norm(values, parameters, "n")
    np.testing.assert_allclose(result.mean(axis=(1, 2, 3)), np.arange(5), atol=1e-4)
    np.testing.assert_allclose(result.std(axis=(1, 2, 3)), np.arange(1, 6), rtol=1e-4)


def test_activations_leave_positive_values():
    values = np.array([-2.0, 0.0, 3.0], np.float32)
    np.testing.assert_allclose(layers.leaky_relu(values), [-0.02, 0, 3])
    np.testing.assert_array_equal(layers.relu(values.copy()), [0, 0, 3])


def test_pools_take_cubes():
    values = normal(2, 6, 7, 8)
    windows = np.lib.stride_tricks.sliding_window_view(values, (2, 2, 2), axis=(1, 2, 3))[:, ::2, ::2, ::2]
    np.testing.assert_array_equal(layers.max_pool(values, 2, 2), windows.max(axis=(4, 5, 6)))
    assert (layers.max_pool(np.full((1, 5, 5, 5), -3, np.float32), 3, 2, padding=1) == np.full((1, 3, 3, 3), -3)).all()
    cubes = np.lib.stride_tricks.sliding_window_view(values, (3, 3, 3), axis=(1, 2, 3))[:, ::2, ::2, ::2]
    np.testing.assert_allclose(layers.mean_pool(values, 3, 2), cubes.mean(axis=(4, 5, 6)), atol=1e-6)
