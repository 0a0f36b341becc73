"""Layers, networks and weights files against torch itself, where it is installed."""
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: layers and weights files are not compared with it")

from embedding_samples import golden_crop  # noqa: E402

from TumorConnectomeLib.embedding import layers  # noqa: E402
from TumorConnectomeLib.embedding.embed import seeded_parameters  # noqa: E402
from TumorConnectomeLib.embedding.networks.seg_res_encoder import SegResEncoder  # noqa: E402
from TumorConnectomeLib.embedding.weights import read_weights  # noqa: E402

RANDOM = np.random.default_rng(0)


def normal(*shape):
    return RANDOM.standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize(("shape", "kernel", "options"), [
    ((5, 12, 14, 10), (3, 3, 3), {"padding": 1}), ((5, 9, 7, 11), (3, 3, 3), {"padding": 1, "stride": 2}),
    ((1, 20, 20, 20), (7, 7, 7), {"padding": 3, "stride": 2}),
    ((3, 9, 12, 12), (3, 7, 7), {"padding": (1, 3, 3), "stride": (1, 2, 2)}), ((5, 4, 4, 4), (1, 1, 1), {"stride": 2})])
def test_convolutions_are_torchs(shape, kernel, options):
    values, weight, bias = normal(*shape), normal(6, shape[0], *kernel), normal(6)
    expected = torch.nn.functional.conv3d(*map(torch.from_numpy, (values, weight, bias)), **options).numpy()
    np.testing.assert_allclose(layers.conv3d(values, weight, bias, **options), expected, atol=2e-4)


def test_norms_and_pools_are_torchs():
    f, values = torch.nn.functional, normal(4, 9, 8, 10)
    parameters = {f"n.{name}": RANDOM.uniform(0.5, 1.5, 4).astype(np.float32)
                  for name in ("weight", "bias", "running_mean", "running_var")}
    weight, bias, mean, variance = (torch.from_numpy(parameters[f"n.{name}"])
                                    for name in ("weight", "bias", "running_mean", "running_var"))
    batch = torch.from_numpy(values)[None]
    own = layers.instance_norm(values, parameters, "n")
    for ours, theirs in ((layers.batch_norm(values, parameters, "n"), f.batch_norm(batch, mean, variance, weight, bias)),
                         (own, f.batch_norm(batch, mean.clone(), variance.clone(), weight, bias, True)),
                         (own, f.instance_norm(batch, weight=weight, bias=bias)),
                         (layers.max_pool(values, 3, 2, 1), f.max_pool3d(batch, 3, 2, 1)),
                         (layers.mean_pool(values, 3, 2), f.avg_pool3d(batch, 3, 2)),
                         (layers.leaky_relu(values), f.leaky_relu(batch, 0.01))):
        np.testing.assert_allclose(ours, theirs[0].numpy(), atol=1e-5)


@pytest.mark.parametrize("new", [True, False], ids=["zip", "stream"])
def test_what_torch_saves_is_read(tmp_path, new):
    whole = torch.randn(6, 5)
    state = torch.nn.Sequential(torch.nn.Conv3d(1, 2, 3), torch.nn.BatchNorm3d(2)).state_dict()
    state |= {"turned": whole[1:4].T, "whole": whole, "half": torch.randn(5).half(), "bfloat": torch.randn(5).bfloat16(),
              "number": torch.tensor(3), "parameter": torch.nn.Parameter(torch.randn(2))}
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))])
    optimizer.param_groups[0]["params"][0].sum().backward()
    optimizer.step()                                    # its state has whole numbers as keys
    checkpoint = {"epoch": 1, "state_dict": state, "optimizer": optimizer.state_dict()}
    for content in (state, checkpoint):
        torch.save(content, tmp_path / "w.pt", _use_new_zipfile_serialization=new)
        found = read_weights(tmp_path / "w.pt")
        assert set(found) == set(state)
        for name, values in state.items():
            expected = values.detach().float().numpy() if values.dtype == torch.bfloat16 else values.detach().numpy()
            assert found[name].dtype == expected.dtype and found[name].shape == expected.shape
            np.testing.assert_array_equal(found[name], expected)


def test_a_network_is_that_of_torch():
    network = SegResEncoder(8, "instance", (1, 1, 1))
    parameters = seeded_parameters(network.shapes(), 3)
    p = {name: torch.from_numpy(values) for name, values in parameters.items()}

    def block(x, at):
        for number in (1, 2):
            weight, bias = (p[f"{at}.norm{number}.{name}"] for name in ("weight", "bias"))
            x = torch.relu(torch.nn.functional.instance_norm(x, weight=weight, bias=bias))
            x = torch.nn.functional.conv3d(x, p[f"{at}.conv{number}.weight"], padding=1)
        return x

    x = torch.nn.functional.conv3d(torch.from_numpy(golden_crop())[None], p["conv_init.weight"], padding=1)
    for level in range(3):
        x = x + block(x, f"layers.{level}.blocks.0")
        if level < 2:
            x = torch.nn.functional.conv3d(x, p[f"layers.{level}.downsample.weight"], stride=2, padding=1)
    expected = x.mean((2, 3, 4))[0].numpy()
    np.testing.assert_allclose(network.encode(golden_crop(), parameters), expected, atol=1e-5 * np.abs(expected).max())
