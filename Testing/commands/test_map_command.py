"""The worker ``map``: one map with its quality in the cache, for models, repairs and the consensus."""
import numpy as np
import pytest
from structure_samples import labeled_cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.commands.derive import derive_command
from TumorConnectomeLib.commands.maps import map_command
from TumorConnectomeLib.connectome.analysis import analyze
from TumorConnectomeLib.connectome.derived_file import read_derived
from TumorConnectomeLib.connectome.prepared import PreparedCohort, read_prepared, write_prepared
from TumorConnectomeLib.evaluation.distances import blocks_of, model_blocks
from TumorConnectomeLib.layout.map_file import map_path, read_map, write_map
from TumorConnectomeLib.layout.map_quality import MapQuality, map_quality, quality_of_blocks
from TumorConnectomeLib.layout.maps import MapKind, make_map
from TumorConnectomeLib.neighbors.consensus import CONSENSUS
from TumorConnectomeLib.neighbors.repairs import Repair

COUNT = 40


@pytest.fixture
def source(tmp_path):
    """The file of a prepared cohort."""
    cohort = labeled_cohort(COUNT, signal=2.0)
    write_prepared(tmp_path / "cohort.npz", PreparedCohort(cohort, analyze(cohort)))
    return tmp_path / "cohort.npz"


def run(source, *arguments):
    messages = []
    found = map_command(["--cache", str(source.parent / "cache"), "--prepared", str(source), *arguments],
                        lambda fraction, message="": messages.append(message))
    return found["path"], messages


def test_a_map_and_its_quality_come_from_the_cache_the_second_time(source):
    prepared = read_prepared(source)
    model = prepared.cohort.models[0]
    path, messages = run(source, "--model", model, "--map", "pca")
    assert path == str(map_path(source.parent / "cache", source, "none", model, "pca")) and len(messages) > 2
    positions, quality = read_map(path, COUNT)
    embedding = prepared.cohort.embeddings[model]
    np.testing.assert_array_equal(positions, make_map(MapKind.PCA, embedding, prepared.analyses[model].positions))
    assert quality == map_quality(embedding, positions, 15)
    assert run(source, "--model", model, "--map", "pca") == (path, ["Reading the cohort"])
    with open(path, "wb") as stream:
        stream.write(b"damaged")
    assert "The cached map is made anew" in run(source, "--model", model, "--map", "pca")[1]
    assert read_map(path, COUNT)[1] == quality


@pytest.mark.parametrize("name", ["repaired", "consensus"])
def test_quality_is_of_the_neighbors_that_are_shown(source, name):
    repair, cohort = Repair.CENTERED, read_prepared(source).cohort
    model = CONSENSUS if name == "consensus" else cohort.models[0]
    options = ["--repair", repair.value, *(["--consensus"] if name == "consensus" else [])]
    layout = read_derived(derive_command(["--cache", str(source.parent / "cache"), "--prepared", str(source), *options],
                                         lambda *_: None)["path"], COUNT)[model].positions
    positions, quality = read_map(run(source, "--model", model, "--map", "neighbors", "--repair", repair.value)[0], COUNT)
    np.testing.assert_array_equal(positions, layout)
    assert quality == quality_of_blocks(model_blocks(cohort, model, blocks_of(repair), 15), layout, 15)
    assert quality.trustworthiness > 0.6


@pytest.mark.parametrize(("arguments", "text"), [(["--model", "x", "--map", "pca"], "no model 'x'"),
                                                 (["--model", CONSENSUS, "--map", "pca"], "no embedding")])
def test_what_can_not_be_mapped_is_said(source, arguments, text):
    with pytest.raises(InputError, match=text):
        run(source, *arguments)


@pytest.mark.parametrize("positions", [np.zeros((3, 2)), np.full((4, 2), np.nan), np.zeros((4, 3))])
def test_a_map_of_other_patients_is_refused(tmp_path, positions):
    write_map(tmp_path / "map.npz", positions, MapQuality(15, 0.9, 0.9, 0.5))
    with pytest.raises(InputError, match="incomplete or inconsistent"):
        read_map(tmp_path / "map.npz", 4)
