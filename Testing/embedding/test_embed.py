"""From a CT and a point to a vector: one function, and the worker that the panel starts."""
import json
import subprocess
import sys

import numpy as np
import pytest
from embedding_samples import small_volume
from weights_files import write_safetensors, write_zip

from TumorConnectomeLib.base.errors import InputError, TumorConnectomeError
from TumorConnectomeLib.base.files import LIBRARY_FOLDER
from TumorConnectomeLib.commands.embed import embed_command
from TumorConnectomeLib.embedding.embed import Encoder, embed_tumor, model_of, seeded_parameters
from TumorConnectomeLib.embedding.models import MODELS

SEEDED = "SeededRandomFeatures"
CENTER = (2.0, 2.0, -1.0)


def quiet(fraction, message=""):
    pass


def cosine_distance(a, b):
    return 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_a_tumor_gets_the_same_vector_every_time_and_nearly_the_same_a_bit_aside():
    voxels, matrix = small_volume()
    first = embed_tumor(voxels, matrix, CENTER, SEEDED)
    assert first.model == SEEDED and first.vector.shape == (64,) and first.vector.dtype == np.float32
    assert first.weights_sha256 == "" and set(first.seconds) == {"weights", "crop", "network"}
    np.testing.assert_array_equal(embed_tumor(voxels, matrix, CENTER, SEEDED.upper()).vector, first.vector)
    near, far = (cosine_distance(embed_tumor(voxels, matrix, np.add(CENTER, shift), SEEDED).vector, first.vector)
                 for shift in ((2, 0, 0), (20, 15, 0)))
    assert 0 < near < far / 3


def test_random_weights_are_the_same_everywhere():
    parameters = seeded_parameters(MODELS[SEEDED].network.shapes(), MODELS[SEEDED].weights_seed)
    assert float(parameters["conv_init.weight"][0, 0, 0, 0, 0]) == pytest.approx(-0.0777781233, abs=1e-8)
    assert len(parameters) == len(MODELS[SEEDED].network.shapes())


@pytest.mark.parametrize(("name", "words"), [
    ("nothing", "no model 'nothing'; expected one of CTFM, FMCIB,"),
    ("Voco", "Voco: its published vectors are nearly the same"),
    ("ctclipvit", "CTClipVit: its weights are gated")])
def test_a_model_that_there_is_not_is_refused(name, words):
    with pytest.raises(InputError, match=words):
        model_of(name)


def test_weights_that_are_not_here_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS", str(tmp_path))
    with pytest.raises(InputError, match="the weights of CTFM are not on this computer; expected a download"):
        Encoder("CTFM")


@pytest.mark.parametrize(("name", "write"), [("w.safetensors", write_safetensors), ("w.pt", write_zip)])
def test_the_command_embeds_with_a_weights_file_of_the_users(monkeypatch, tmp_path, name, write):
    """A small CT-FM: the same names as the real one, a quarter of its levels."""
    from TumorConnectomeLib.embedding import embed
    from TumorConnectomeLib.embedding.models import EncoderModel
    from TumorConnectomeLib.embedding.networks.seg_res_encoder import SegResEncoder

    network = SegResEncoder(4, "batch", (1, 1))
    monkeypatch.setitem(embed.MODELS, "Small", EncoderModel("Small", "SPL", 8, network, size=(16, 16, 16)))
    monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS", str(tmp_path / "folder"))
    parameters = seeded_parameters(network.shapes(), 5)
    voxels, matrix = small_volume()
    found = embed_tumor(voxels, matrix, CENTER, "small", write(tmp_path / name, parameters))
    np.testing.assert_array_equal(found.vector, network.encode(found.crop.values, parameters))
    assert len(found.weights_sha256) == 64


def test_the_worker_answers_for_every_point(tmp_path):
    voxels, matrix = small_volume()
    np.save(tmp_path / "v.npy", voxels)
    said = []
    answer = embed_command(["--model", SEEDED, "--volume", str(tmp_path / "v.npy"), "--ijk-to-lps",
                            ",".join(map(str, matrix.ravel())), "--point", "2,2,-1", "--point", "-400,0,0", "--point=-5,1,0"],
                           lambda fraction, message="": said.append(fraction))
    first, outside, third = answer["embeddings"]
    expected = embed_tumor(voxels, matrix, CENTER, SEEDED)
    np.testing.assert_array_equal(np.array(first["vector"], np.float32), expected.vector)
    np.testing.assert_allclose(first["corners_lps_mm"], expected.crop.corners_lps_mm)
    assert first["point_lps_mm"] == list(CENTER) and first["cut_mm"] == expected.crop.cut_mm.tolist()
    assert "outside the volume" in outside["problem"] and "vector" not in outside
    assert len(third["vector"]) == 64 and answer["model"] == SEEDED and said == sorted(said)
    json.dumps(answer, allow_nan=False)


@pytest.mark.parametrize(("arguments", "words"), [
    (["--point", "1,2,3"], "no CT"), (["--volume", "none.npy", "--ijk-to-lps", "1,2", "--point", "1,2,3"], "no CT"),
    (["--volume", "none.npy", "--ijk-to-lps", ",".join("0" * 16), "--point", "1,2,3"], "none.npy")])
def test_the_worker_names_what_is_missing(tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words):
        embed_command(["--model", SEEDED, *arguments], quiet)


def test_memory_that_does_not_suffice_is_one_line(tmp_path, monkeypatch):
    from TumorConnectomeLib.commands import embed

    def none(*arguments):
        raise MemoryError

    monkeypatch.setattr(embed, "crop_around", none)
    np.save(tmp_path / "v.npy", np.zeros((2, 2, 2)))
    with pytest.raises(TumorConnectomeError, match="the memory does not suffice to embed with SeededRandomFeatures"):
        embed_command(["--model", SEEDED, "--volume", str(tmp_path / "v.npy"), "--ijk-to-lps", ",".join("0" * 16), "--point",
                       "1,2,3"], quiet)


def test_a_volume_file_that_could_run_code_is_refused(tmp_path):
    np.save(tmp_path / "v.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(InputError, match=r"v.npy: .*expected a volume"):
        embed_command(["--model", SEEDED, "--volume", str(tmp_path / "v.npy"), "--ijk-to-lps", ",".join("0" * 16), "--point",
                       "1,2,3"], quiet)


def test_embedding_needs_none_of_the_large_packages():
    """What a worker imports: numpy, and for DICOM pydicom; no torch, scipy, pandas, SimpleITK."""
    script = ("import sys; from TumorConnectomeLib.commands import embed; "
              "print(sorted({name.partition('.')[0] for name in sys.modules} "
              "& {'torch', 'scipy', 'pandas', 'SimpleITK', 'monai', 'pydicom', 'pyarrow', 'duckdb'}))")
    found = subprocess.run([sys.executable, "-c", script], cwd=LIBRARY_FOLDER, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
