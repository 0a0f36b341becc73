"""The networks give what the published code gave with the same seeded weights."""
import numpy as np
import pytest
from embedding_samples import golden, golden_crop

from TumorConnectomeLib.embedding.embed import seeded_parameters
from TumorConnectomeLib.embedding.models import MODELS
from TumorConnectomeLib.embedding.networks.seg_res_encoder import SegResEncoder
from TumorConnectomeLib.embedding.networks.unet_encoder import UNetEncoder

GOLDEN = golden("networks")


def drawn_as_published(network, case):
    """The seeded parameters, drawn together with those that the published network has besides."""
    shapes = network.shapes()
    if isinstance(network, UNetEncoder):                # its norms keep statistics that are never used
        shapes |= {name.replace("weight", kind): shape for name, shape in shapes.items() if name.endswith("bn1.weight")
                   for kind in ("running_mean", "running_var")}
    # in the order of their names: what comes after the last one needed changes nothing
    beside = {name: tuple(shape) for name, shape in case["beside"].items() if name < max(shapes)}
    return seeded_parameters(shapes | beside, case["seed"])


@pytest.mark.parametrize("name", GOLDEN["networks"])
def test_a_network_gives_the_published_codes_vector(name):
    model, case = MODELS[name], GOLDEN["networks"][name]
    vector = model.network.encode(golden_crop(), drawn_as_published(model.network, case))
    assert vector.shape == (model.dimension,) and vector.dtype == np.float32
    assert np.abs(vector[:64] - case["first_64"]).max() <= 1e-4 * np.abs(vector).max()
    assert np.linalg.norm(vector.astype(float)) == pytest.approx(case["norm"], rel=1e-5)


@pytest.mark.parametrize("case", GOLDEN["small encoders"], ids=lambda case: case["name"])
def test_small_encoders_agree_in_every_number(case):
    network = SegResEncoder(case["init_filters"], case["norm"], tuple(case["blocks_down"]))
    vector = network.encode(golden_crop(), seeded_parameters(network.shapes(), case["seed"]))
    assert np.abs(vector - case["vector"]).max() <= 1e-5 * np.abs(vector).max()


def test_a_network_gives_the_same_numbers_every_time_and_changes_nothing():
    network, crop = SegResEncoder(8, "batch", (1, 1)), golden_crop()
    parameters = seeded_parameters(network.shapes(), 1)
    kept = {name: values.copy() for name, values in parameters.items()}
    first = network.encode(crop, parameters)
    np.testing.assert_array_equal(network.encode(crop, parameters), first)
    np.testing.assert_array_equal(crop, golden_crop())
    assert all(np.array_equal(values, kept[name]) for name, values in parameters.items())


def test_every_model_has_a_network_or_says_why_not():
    for model in MODELS.values():
        assert (model.network is None) == bool(model.left_out)
        assert model.network is None or model.weights_seed is not None or model.sources


def test_what_is_offered_for_download_says_what_it_is():
    for model in MODELS.values():
        for source in model.sources:
            assert source.url.startswith("https://") and source.license_text and not source.gated
            assert source.sha256 is None or len(source.sha256) == 64
            assert source.file_name.startswith(model.name)
    unclear = {name for name, model in MODELS.items() if any(not source.license_clear for source in model.sources)}
    assert unclear == {"FMCIB", "ModelsGen", "PASTA", "SUPREME", "VISTA3D"}
