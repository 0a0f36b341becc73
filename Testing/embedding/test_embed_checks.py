"""The proof against published vectors, and how stable the neighbors of an embedded tumor are."""
from dataclasses import replace

import numpy as np
import pickle_factory
import pytest
from cohort_factory import cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.nlst import DOUBTFUL_SERIES, PublishedFile, git_blob_id, published_cohort
from TumorConnectomeLib.commands.embed_checks import proof_rows_command, stability_command
from TumorConnectomeLib.connectome.analysis import analyze
from TumorConnectomeLib.connectome.prepared import PreparedCohort, write_prepared
from TumorConnectomeLib.connectome.stability import Stability, stability
from TumorConnectomeLib.embedding.proof import NOT_COMPARABLE, PASSED, WARNING, Proof, ProofStore, proof_of
from TumorConnectomeLib.presentation.embedding_text import shifts_of, stability_text

SHA = "ab" * 32


def turned(vector, distance):
    """A vector at this cosine distance."""
    other = np.zeros_like(vector)
    other[0], other[1] = -vector[1], vector[0]
    cosine = 1 - distance
    return 3.0 * (cosine * vector + np.sqrt(1 - cosine ** 2) * other)


@pytest.mark.parametrize(("distances", "outcome"), [
    ((0.0, 0.0, 9e-4), PASSED), ((0.0, 1.1e-3, 0.0), WARNING), ((4.4e-3, 0.0, 0.0), WARNING),
    ((0.0, 0.0, 4.6e-3), NOT_COMPARABLE)])
def test_the_worst_of_the_patients_decides(distances, outcome):
    published = np.tile([0.6, 0.8, 0.0], (3, 1))
    made = [turned(row, distance) for row, distance in zip(published, distances)]
    proof = proof_of("CTFM", SHA, ["1", "2", "3"], made, published)
    assert proof.outcome == outcome and proof.worst == pytest.approx(max(distances), abs=1e-9)
    assert [patient for patient, _distance in proof.distances] == ["1", "2", "3"]


@pytest.mark.parametrize("made", [np.zeros((3, 3)), np.ones((2, 3)), np.full((3, 3), np.nan), np.ones((3, 4))])
def test_vectors_that_can_not_be_compared_are_an_error_and_no_proof(made):
    with pytest.raises(InputError):
        proof_of("CTFM", SHA, ["1", "2", "3"], made, np.ones((3, 3)))


def test_a_proof_is_kept_for_its_weights_file_alone(tmp_path):
    store, proof = ProofStore(tmp_path), Proof("CTFM", SHA, (("100004", 2e-5),))
    assert store.find("CTFM", SHA) is None
    store.put(proof)
    assert ProofStore(tmp_path).find("CTFM", SHA) == proof
    assert store.find("CTFM", "cd" * 32) is None and store.find("Merlin", SHA) is None
    path = next(tmp_path.iterdir())
    for text in (path.read_text().replace('"chain": 1', '"chain": 0'), path.read_text().replace(SHA, "x"), "{", "[]"):
        path.write_text(text)
        assert store.find("CTFM", SHA) is None


def test_stability_counts_the_neighbors_that_stay():
    embedding = np.eye(4)[:, :3] + np.array([0, 0, 0.1])
    vector = np.array([1.0, 0.2, 0.1])
    found = stability(vector, np.array([vector, [0.2, 1.0, 0.1], [1.0, 0.15, 0.1]]), embedding, 1, model="A")
    assert found.kept == (0, 1, 1) and found.nearest_kept == pytest.approx(2 / 3) and (found.k, found.points) == (1, 3)
    near = np.array([1.0, 0.15, 0.1])
    expected = 1 - vector @ near / np.linalg.norm(vector) / np.linalg.norm(near)
    assert found.median_distance == pytest.approx(expected, abs=1e-9)
    assert found.nearest_distance < found.median_distance + 1
    assert Stability.from_record(found.to_record()) == found
    assert "Of its 1 nearest patients 0.7 on average (0 to 1) stay" in stability_text(found)
    with pytest.raises(InputError, match="no point around it lies in the CT"):
        stability(vector, np.zeros((0, 3)), embedding, 1, model="A")


def test_the_worker_compares_with_the_cohort_of_its_file(tmp_path):
    made = cohort(12)
    write_prepared(tmp_path / "cohort.npz", PreparedCohort(made, analyze(made)))
    vectors = np.stack([made.embeddings["A"][3], made.embeddings["A"][3] * 2, made.embeddings["A"][4]])
    np.save(tmp_path / "vectors.npy", vectors)
    arguments = ["--prepared", str(tmp_path / "cohort.npz"), "--model", "a", "--vectors", str(tmp_path / "vectors.npy")]
    found = Stability.from_record(stability_command(arguments, lambda *_: None))
    assert found.kept[-1] == 5 and found.nearest_kept == 0.5 and found.nearest_distance == 0.0


def published(folder, rows, monkeypatch):
    rows = [pickle_factory.row(patient, series, **more) for patient, series, more in rows]
    vectors = np.arange(4 * len(rows), dtype=np.float32).reshape(-1, 4) + 1
    path = folder / "CTFM_features.pkl"
    path.write_bytes(pickle_factory.published(vectors, rows))
    files = (PublishedFile(path.name, path.name, git_blob_id(path), None, ""),)
    monkeypatch.setattr("TumorConnectomeLib.commands.embed_checks.published_cohort",
                        lambda: replace(published_cohort(), files=files))
    return ["--data", str(folder), "--model", "ctfm"]


def test_rows_for_the_proof_have_one_place_each_and_no_doubtful_ct(tmp_path, monkeypatch):
    place = {"coordX": 1.5, "coordY": -2.0, "coordZ": 3.0}
    doubtful = next(iter(DOUBTFUL_SERIES))
    arguments = published(tmp_path, [
        ("5", "1.5", place), ("1", "1.1", place), ("2", doubtful, place), ("3", "1.3", place), ("3", "1.31", place),
        ("4", "1.4", {**place, "coordX": float("nan")}), ("0", "1.0", place)], monkeypatch)
    rows = proof_rows_command(arguments, lambda *_: None)["rows"]
    assert [(row["patient"], row["series"]) for row in rows] == [("0", "1.0"), ("1", "1.1"), ("5", "1.5")]
    assert rows[2]["point_lps_mm"] == [1.5, -2.0, 3.0] and rows[2]["vector"] == [1.0, 2.0, 3.0, 4.0]
    with pytest.raises(InputError, match="3 of its rows say where the tumor is; expected at least 4"):
        proof_rows_command([*arguments, "--count", "4"], lambda *_: None)
    with pytest.raises(InputError, match="no published vectors of Merlin"):
        proof_rows_command(["--data", str(tmp_path), "--model", "Merlin"], lambda *_: None)
    monkeypatch.undo()
    with pytest.raises(InputError, match="CTFM_features.pkl: not the published content"):
        proof_rows_command(arguments, lambda *_: None)


def test_published_rows_can_prove_a_model(real_data):
    rows = proof_rows_command(["--data", str(real_data), "--model", "CTFM"], lambda *_: None)["rows"]
    assert len(rows) == 3 and all(len(row["vector"]) == 512 for row in rows)


def test_what_a_shift_does_is_known_of_published_models_only():
    nearest, shifts = shifts_of("ctfm")
    assert nearest == 0.074 and [(one.pairs, one.distance, one.own_percent) for one in shifts] == [
        (23, 0.0045, 100), (12, 0.0105, 100), (22, 0.027, 95)]
    assert shifts_of("FMCIB") is None
