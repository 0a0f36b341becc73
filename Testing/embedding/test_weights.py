"""Weights files are read as data: right values from every form, and one line about whatever is wrong, nothing executed."""
import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from weights_files import Bfloat16, Call, Name, View, write_pickle_in_zip, write_safetensors, write_stream, write_zip

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.embedding.embed import Encoder, seeded_parameters
from TumorConnectomeLib.embedding.models import EncoderModel
from TumorConnectomeLib.embedding.networks.seg_res_encoder import SegResEncoder
from TumorConnectomeLib.embedding.weights import network_parameters, read_weights

RANDOM = np.random.default_rng(0)
WHOLE = RANDOM.standard_normal((6, 5)).astype(np.float32)
HALF = np.array([0.5, -1.25, 3.0], np.float16)
BFLOAT = np.array([1.375, -0.40625, 96.0], np.float32)
TENSORS = {"a.weight": RANDOM.standard_normal((4, 1, 3, 3, 3)).astype(np.float32), "a.num_batches_tracked": np.array(17),
           "b.double": RANDOM.standard_normal(3), "b.empty": np.zeros((0, 4), np.float32), "b.half": HALF,
           "b.bfloat": Bfloat16(BFLOAT)}
NETWORK = SegResEncoder(2, "batch", (1, 1))
MODEL = EncoderModel("Small", "RAS", 4, NETWORK, unused=("up_layers", ".running_extra"))
PARAMETERS = seeded_parameters(NETWORK.shapes(), 1)
WRITERS = {"w.pt": write_zip, "w.pth": write_stream, "w.safetensors": write_safetensors}


def refused(path, *words):
    with pytest.raises(InputError) as found:
        read_weights(path)
    text = str(found.value)
    assert path.name in text and "\n" not in text and all(word in text for word in words), text


@pytest.mark.parametrize("name", WRITERS)
def test_tensors_of_every_form_are_read_with_shape_and_value(tmp_path, name):
    found = read_weights(WRITERS[name](tmp_path / name, TENSORS))
    expected = {**TENSORS, "b.bfloat": BFLOAT}
    assert set(found) == set(expected)
    for key, values in expected.items():
        assert found[key].shape == values.shape and found[key].dtype == values.dtype, key
        np.testing.assert_array_equal(found[key], values)


@pytest.mark.parametrize("name", ["state-dict-zip.pt", "state-dict-legacy.pt", "checkpoint-zip.pth", "state-dict.safetensors"])
def test_files_of_torch_itself_hold_what_is_written_beside_them(real_data, name):
    folder = real_data.parent / "embedding"
    if not folder.is_dir():
        pytest.skip(f"no files written by torch at {folder}")
    expected, found = json.loads((folder / "state-dict-values.json").read_text()), read_weights(folder / name)
    assert set(found) == set(expected)
    for key, tensor in expected.items():
        assert list(found[key].shape) == tensor["shape"]
        np.testing.assert_array_equal(found[key].ravel().astype(float), tensor["values"])


@pytest.mark.parametrize("write", [write_zip, write_stream])
def test_views_of_shared_storage_are_views(tmp_path, write):
    found = read_weights(write(tmp_path / "w.pt", {"whole": WHOLE, "turned": View(WHOLE, 5, (5, 3), (1, 5)),
                                                   "row": View(WHOLE, 10, (5,), (1,))}))
    np.testing.assert_array_equal(found["whole"], WHOLE)
    np.testing.assert_array_equal(found["turned"], WHOLE[1:4].T)
    np.testing.assert_array_equal(found["row"], WHOLE[2])


@pytest.mark.parametrize("key", ["state_dict", "net", "anything"])
def test_of_a_checkpoint_the_network_is_taken(tmp_path, key):
    rest = {"epoch": 3, "optimizer": {"state": {0: {"step": 5.0}}, "param_groups": [{"lr": 0.1, "params": [0, 1]}]}}
    found = read_weights(write_zip(tmp_path / "w.pth", {"a": WHOLE}, lambda state_dict: {**rest, key: state_dict}))
    np.testing.assert_array_equal(found["a"], WHOLE)


@pytest.mark.parametrize("wrap", [
    lambda found: {"model": {"state_dict": found, "args": {"depth": 5}}, "epoch": 3},
    lambda found: {"checkpoint": {"ema": {"net": found}, "optimizer": {"state": {0: {"step": 5.0}}}}},
    lambda found: {"state_dict": found, "dtype": Name("torch float32")},
    lambda found: {"state_dict": found, "path": Call("pathlib PosixPath", ("runs", "1"))},
    lambda found: {"state_dict": found, "hyper_parameters": Call("pytorch_lightning.utilities.parsing AttributeDict", (), None,
                                                                 iter({"lr": 0.1}.items()))}])
def test_the_network_is_found_deep_in_a_checkpoint_and_beside_what_training_keeps(tmp_path, wrap):
    np.testing.assert_array_equal(read_weights(write_zip(tmp_path / "w.pth", {"a": WHOLE}, wrap))["a"], WHOLE)


def test_of_several_state_dicts_none_is_guessed(tmp_path):
    refused(write_zip(tmp_path / "w.pth", {"a": WHOLE}, lambda state_dict: {"student": state_dict, "teacher": state_dict}),
            "student", "teacher", "expected a state dict")


def test_a_file_without_tensors_is_refused(tmp_path):
    refused(write_zip(tmp_path / "w.pth", {}, lambda state_dict: {"epoch": 1}), "no tensors")


class Bomb:
    """Runs a command when it is unpickled."""

    def __init__(self, path):
        self._path = path

    def __reduce__(self):
        return open, (str(self._path), "w")


@pytest.mark.parametrize("write", [
    write_pickle_in_zip, lambda path, data: (path.write_bytes(data), path)[1]], ids=["zip", "stream"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_in_a_file_is_run(tmp_path, write, protocol):
    trap = tmp_path / "ran"
    refused(write(tmp_path / "w.pt", pickle.dumps({"a": Bomb(trap)}, protocol)), "refused", "could run code")
    assert not trap.exists()


def test_a_function_in_place_of_a_tensors_maker_is_refused(tmp_path):
    data = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00echo\x85R."
    refused(write_pickle_in_zip(tmp_path / "w.pt", data), "os.system")


@pytest.mark.parametrize(("offset", "shape", "strides"), [
    (0, (7, 5), (5, 1)), (26, (5,), (1,)), (0, (2,), (2 ** 40,)), (0, (2 ** 47, 2 ** 47), (0, 1)), (-1, (2,), (1,)),
    (0, (2, 2), (1,)), (0.5, (2,), (1,)), (0, ("2",), (1,)), (2 ** 62, (1,), (1,))])
@pytest.mark.parametrize("write", [write_zip, write_stream])
def test_a_tensor_that_reaches_out_of_its_storage_is_refused(tmp_path, write, offset, shape, strides):
    refused(write(tmp_path / "w.pt", {"whole": WHOLE, "bad": View(WHOLE, offset, shape, strides)}), "bad")


def test_a_tensor_that_repeats_one_number_takes_no_memory(tmp_path):
    found = read_weights(write_zip(tmp_path / "w.pt", {"a": View(WHOLE, 0, (1 << 20, 1 << 20), (0, 0))}))
    assert found["a"].shape == (1 << 20, 1 << 20) and found["a"][-1, -1] == WHOLE[0, 0]


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_cut_off_anywhere_is_refused(tmp_path, name):
    whole = WRITERS[name](tmp_path / name, TENSORS).read_bytes()
    for length in [0, 1, 7, 8, 9, 30, 100, *range(200, len(whole), 97), len(whole) - 1]:
        path = tmp_path / f"cut_{name}"
        path.write_bytes(whole[:length])
        refused(path)


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_are_read_or_refused(tmp_path, name):
    whole = WRITERS[name](tmp_path / name, TENSORS).read_bytes()
    random, path = np.random.default_rng(1), tmp_path / f"damaged_{name}"
    for _ in range(150):
        changed = bytearray(whole)
        for place in random.integers(0, min(len(whole), 1500), 3):
            changed[place] = random.integers(256)
        path.write_bytes(changed)
        try:
            read_weights(path)
        except InputError as error:
            assert path.name in str(error)


@pytest.mark.parametrize(("header", "word"), [
    ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, "bytes for shape"),
    ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, "overlap, or leave"),
    ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}},
     "overlap"),
    ({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}, "cut off"),
    ({"a": {"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]}}, "F8_E4M3"),
    ({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}, "not as they should be"),
    ({"a": {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]}}, "not as they should be"),
    ({"a": {"dtype": "F32", "shape": [2]}}, "not as they should be"), ({"a": 3}, "not as they should be"),
    ([], "no list of names")])
def test_a_safetensors_header_that_does_not_fit_is_refused(tmp_path, header, word):
    path = write_safetensors(tmp_path / "w.safetensors", {}, b" " * 0 + json.dumps(header).encode(), bytes(8))
    if header == []:                                    # a list is no header, and not recognized as one either
        refused(path)
    else:
        refused(path, word)


@pytest.mark.parametrize("text", [b'{"a": ', b'{"a": 1, "a": 2}', b"{" + b'"a":{' * 50_000, b'{"\xff": 1}'])
def test_a_safetensors_header_that_can_not_be_read_is_refused(tmp_path, text):
    refused(write_safetensors(tmp_path / "w.safetensors", {}, text, b""), "header")


@pytest.mark.parametrize(("content", "word"), [
    (b"", "empty"), (b"<html>not found</html>", "begins with"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n", "LFS")])
def test_other_files_are_named(tmp_path, content, word):
    path = tmp_path / "w.pt"
    path.write_bytes(content)
    refused(path, word)


def test_a_missing_file_is_named(tmp_path):
    refused(tmp_path / "none.pt", "No such file")


def test_an_archive_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused(tmp_path / "w.zip", "without one data.pkl")


def test_compressed_parts_and_big_endian_numbers_are_refused(tmp_path):
    refused(write_zip(tmp_path / "w.pt", TENSORS, compression=zipfile.ZIP_DEFLATED), "compressed")
    refused(write_zip(tmp_path / "w.pt", TENSORS, byteorder=b"big"), "big-endian")
    refused(write_stream(tmp_path / "w.pt", TENSORS, little=False), "big-endian")
    refused(write_stream(tmp_path / "w.pt", TENSORS, magic=5), "not a file that torch.save has written")


@pytest.mark.parametrize("prefix", ["", "module.", "encoder.", "model.trunk."])
@pytest.mark.parametrize("name", WRITERS)
def test_a_networks_parameters_are_found_under_any_prefix(tmp_path, name, prefix):
    beside = {"up_layers.0.weight": WHOLE, "layers.0.blocks.0.norm1.num_batches_tracked": np.array(3), "x.running_extra": WHOLE}
    path = WRITERS[name](tmp_path / name, {prefix + key: values for key, values in {**PARAMETERS, **beside}.items()})
    found = network_parameters(path, MODEL)
    assert list(found) == list(NETWORK.shapes())
    for key, values in found.items():
        assert values.dtype == np.float32 and values.flags.aligned
        np.testing.assert_array_equal(values, PARAMETERS[key])


def test_half_precision_becomes_float32(tmp_path):
    halves = {key: values.astype(np.float16) for key, values in PARAMETERS.items()}
    found = network_parameters(write_zip(tmp_path / "w.pt", halves), MODEL)
    assert {values.dtype for values in found.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(("change", "words"), [
    (lambda tensors: tensors.pop("layers.1.blocks.0.norm1.bias"), ("1 tensors are missing", "layers.1.blocks.0.norm1.bias")),
    (lambda tensors: tensors.update({"layers.1.blocks.1.conv1.weight": WHOLE}),
     ("left over", "layers.1.blocks.1.conv1.weight")),
    (lambda tensors: tensors.update({"conv_init.weight": WHOLE}),
     ("conv_init.weight has shape (6, 5) instead of (2, 1, 3, 3, 3)",)),
    (lambda tensors: tensors.update({"conv_init.weight": np.zeros((2, 1, 3, 3, 3), np.int64)}), ("of type int64",)),
    (dict.clear, ("22 tensors are missing", "conv_init.weight", "..."))])
def test_weights_of_another_network_are_refused_by_name(tmp_path, change, words):
    tensors = dict(PARAMETERS)
    change(tensors)
    path = write_zip(tmp_path / "w.pt", tensors or {"other": WHOLE})
    with pytest.raises(InputError) as found:
        network_parameters(path, MODEL)
    assert all(word in str(found.value) for word in ("w.pt", "by name and shape", *words)), found.value


def test_a_nan_in_the_weights_is_found_where_it_shows(tmp_path, monkeypatch):
    from TumorConnectomeLib.embedding import embed
    from TumorConnectomeLib.embedding.crop import Crop

    tensors = {**PARAMETERS, "layers.1.blocks.0.norm2.bias": np.full(4, np.nan, np.float32)}
    path = write_safetensors(tmp_path / "w.safetensors", tensors)
    monkeypatch.setitem(embed.MODELS, "Small", MODEL)
    monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS", str(tmp_path))
    encoder = Encoder("Small", path)
    with pytest.raises(InputError, match=r"w.safetensors, tensor layers.1.blocks.0.norm2.bias: it has NaN"):
        encoder.vector(Crop(np.ones((1, 8, 8, 8), np.float32), np.zeros((8, 3)), np.zeros((3, 2))))


def test_names_are_written_as_torch_writes_them():
    """The sample writer itself: a pickle of protocol 2 whose names Python would import."""
    from weights_files import _pickled

    data = _pickled([Name("collections OrderedDict")])
    assert io.BytesIO(data).read(2) == b"\x80\x02" and b"ccollections\nOrderedDict\n" in data
