"""A result of neighbors, layout and quantiles opens as a cohort without vectors, and only if nothing in it was changed."""
import json

import numpy as np
import pytest
from cohort_factory import cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.cohort import NO_VECTORS
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.commands.prepare import prepare
from TumorConnectomeLib.connectome import graph_result
from TumorConnectomeLib.connectome.analysis import connectome
from TumorConnectomeLib.connectome.derived import consensus_analysis
from TumorConnectomeLib.connectome.graph_result import is_result, read_result
from TumorConnectomeLib.connectome.prepared import read_prepared
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists

pytest.importorskip("pyarrow")


@pytest.fixture
def own_file(tmp_path):
    """A CSV file of 60 patients in two groups, in no order."""
    random = np.random.default_rng(0)
    rows = [f"P{number:03d},{'FM'[number % 2]},{number}," + ",".join(map(str, random.standard_normal(6).round(6)))
            for number in random.permutation(60)]
    path = tmp_path / "CTFM.csv"
    path.write_text("\n".join(["PatientID,sex,size_mm," + ",".join(f"pred_{i}" for i in range(6)), *rows]) + "\n")
    return path


@pytest.fixture
def result(own_file, tmp_path):
    assert main(["neighbors", "--data", str(own_file), "--out-result", str(tmp_path / "result"), "--k", "20"]) == 0
    return tmp_path / "result"


def test_a_result_has_the_neighbors_and_the_patients(result, own_file):
    from TumorConnectomeLib.readers.sources import read_data

    original, found = read_data([own_file]), read_result(result)
    assert found.cohort.patient_ids == original.patient_ids
    assert found.cohort.models == original.models
    assert not found.cohort.has_vectors
    for key, facet in original.facets.items():
        assert found.cohort.facets[key].codes.tolist() == facet.codes.tolist()
    model, = original.models
    wanted = neighbor_lists(original.embeddings[model], 20)
    for match in Match:
        lists = found.analyses[model].neighbors[match]
        np.testing.assert_array_equal(lists.indices, wanted[match].indices)
        np.testing.assert_array_equal(lists.distances, wanted[match].distances)
        assert np.abs(lists.percentiles - wanted[match].percentiles).max() < 0.2
    assert found.analyses[model].positions.shape == (60, 2)
    graph = connectome(found.cohort, found.analyses[model], model, Match.MOST, 5)
    assert len(graph.targets) == 300


def test_vectors_are_missing_with_a_reason(result):
    found = read_result(result).cohort
    assert list(found.embeddings) == ["CTFM"] and "CTFM" in found.embeddings and len(found.embeddings) == 1
    with pytest.raises(InputError, match=NO_VECTORS):
        _vectors = found.embeddings["CTFM"]
    with pytest.raises(KeyError):
        _vectors = found.embeddings["Merlin"]


def test_the_worker_prepares_it_and_the_cache_keeps_it(result, tmp_path):
    reports = []
    arguments = ["--cache", str(tmp_path / "cache"), "--data", str(result)]
    answer = prepare(arguments, lambda fraction, message="": reports.append(message))
    prepared = read_prepared(answer["path"])
    assert not prepared.cohort.has_vectors
    assert prepared.cohort.patient_ids == read_result(result).cohort.patient_ids
    assert any("Checking" in message for message in reports)
    assert prepare(arguments, lambda fraction, message="": None) == answer
    assert consensus_analysis(prepared.analyses).positions.shape == (60, 2)


def test_several_models(tmp_path):
    from TumorConnectomeLib.base.files import sha256_of_file

    made = cohort(30)
    for model, vectors in made.embeddings.items():
        np.savez(tmp_path / f"{model}.npz", PatientID=np.array(made.patient_ids), vectors=vectors)
    files = [part for model in made.models for part in ("--data", str(tmp_path / f"{model}.npz"))]
    assert main(["neighbors", *files, "--out-result", str(tmp_path / "result")]) == 0
    found = read_result(tmp_path / "result")
    assert len(found.cohort.models) == len(made.models)
    manifest = json.loads((tmp_path / "result" / "manifest.json").read_text())
    assert all(sha256_of_file(tmp_path / "result" / name) == digest for name, digest in manifest["sha256"].items())


def edit(result, change):
    path = result / graph_result.MANIFEST
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_a_changed_file_is_refused(result):
    path = result / "layout-0.parquet"
    content = bytearray(path.read_bytes())
    content[30] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="layout-0.parquet: the file was changed after it was written"):
        read_result(result)


def test_a_missing_file_is_named(result):
    (result / "neighbors-0-00000.parquet").unlink()
    with pytest.raises(InputError, match="neighbors-0-00000.parquet: the file is missing"):
        read_result(result)


@pytest.mark.parametrize("name", ["../outside.parquet", "/etc/passwd", "a/b.parquet"])
def test_names_outside_the_folder_are_refused(result, name):
    edit(result, lambda manifest: manifest["models"]["CTFM"].update(layout=name))
    with pytest.raises(InputError, match="can not be a file name"):
        read_result(result)


@pytest.mark.parametrize(("change", "text"), [
    (lambda manifest: manifest.update(version=99), "version 99; expected version 2"),
    (lambda manifest: manifest.update(kind="something"), "another kind of file"),
    (lambda manifest: manifest.pop("models"), "incomplete or inconsistent"),
    (lambda manifest: manifest["models"]["CTFM"].pop("quantiles"), "incomplete or inconsistent"),
    (lambda manifest: manifest["sha256"].pop("patients.parquet"), "incomplete or inconsistent"),
    (lambda manifest: manifest.update(models={"CTFM": 5}), "incomplete or inconsistent"),
])
def test_a_damaged_manifest_is_one_clear_error(result, change, text):
    edit(result, change)
    with pytest.raises(InputError, match=text):
        read_result(result)


def test_lists_that_do_not_fit_the_patients_are_refused(result):
    from TumorConnectomeLib.base.files import sha256_of_file

    lists = {match: (np.full((60, 5), 60, np.int32), np.zeros((60, 5))) for match in Match}
    graph_result.write_lists(result / "neighbors-0-00000.parquet", lists)
    edit(result, lambda manifest: manifest["sha256"].update(
        {"neighbors-0-00000.parquet": sha256_of_file(result / "neighbors-0-00000.parquet")}))
    with pytest.raises(InputError, match="neighbor lists do not fit the patients"):
        read_result(result)


def test_what_is_no_result_is_known_as_such(tmp_path, result):
    assert is_result(result)
    assert not is_result(tmp_path)
    (tmp_path / "manifest.json").write_text("[1]")
    assert not is_result(tmp_path)


def test_other_files_are_never_written_over(own_file, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all")
    assert main(["neighbors", "--data", str(own_file), "--out-result", str(tmp_path / "mine")]) == 2
    assert "there are other files in it" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_result_without_layout_is_for_other_programs(own_file, tmp_path):
    folder = tmp_path / "lists"
    assert main(["neighbors", "--data", str(own_file), "--out-result", str(folder), "--no-layout"]) == 0
    assert not list(folder.glob("layout*"))
    with pytest.raises(InputError, match="the result has no layout"):
        read_result(folder)


def test_a_result_can_be_written_again(result, own_file):
    assert main(["neighbors", "--data", str(own_file), "--out-result", str(result), "--k", "3"]) == 0
    assert read_result(result).analyses["CTFM"].largest_k == 3


@pytest.mark.parametrize(("arguments", "text"), [
    ([], "nothing to write"), (["--out", "a.csv", "--out-result", "b"], "nothing to write"),
    (["--out", "a.csv", "--scheduler", "tcp://nowhere:1"], "--scheduler without a result"),
    (["--out-result", "b", "--rows-per-task", "0"], "--rows-per-task 0"), (["--out-result", "b", "--k", "60"], "--k 60")])
def test_wrong_options_are_one_line(own_file, tmp_path, monkeypatch, capsys, arguments, text):
    monkeypatch.chdir(tmp_path)
    assert main(["neighbors", "--data", str(own_file), *arguments]) == 2
    assert text in capsys.readouterr().err
