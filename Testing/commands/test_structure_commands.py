"""The commands ``hubs``, ``agreement``, ``probes`` and ``maps``, their worker forms, and analyses derived from others."""
import csv
import importlib

import numpy as np
import pytest
from cohort_factory import write_model
from structure_samples import labeled_cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.commands import agreement as agreement_module
from TumorConnectomeLib.commands import hubs as hubs_module
from TumorConnectomeLib.commands import probes as probes_module
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.commands.worker import WORKERS
from TumorConnectomeLib.connectome.analysis import analyze, connectome
from TumorConnectomeLib.connectome.derived import consensus_analysis, repaired_analysis
from TumorConnectomeLib.connectome.prepared import PreparedCohort, write_prepared
from TumorConnectomeLib.evaluation.hubs import hubs
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists
from TumorConnectomeLib.neighbors.repairs import Repair, repaired_lists
from TumorConnectomeLib.readers.cohort_reader import read_cohort
from TumorConnectomeLib.work.jobs import PythonJob, run_blocking


def silent(fraction, message=""):
    """A report that is not read."""


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def data(tmp_path):
    """A folder with three models and twelve patients."""
    for model in ("beta", "Alpha", "gamma"):
        write_model(tmp_path / "data", model, list(range(10, 22)))
    return tmp_path / "data"


@pytest.fixture
def prepared(tmp_path):
    """A prepared cohort file of sixty patients, and the cohort."""
    made = labeled_cohort(60, signal=2.0)
    write_prepared(tmp_path / "cohort.npz", PreparedCohort(made, analyze(made)))
    return tmp_path / "cohort.npz", made


@pytest.mark.parametrize("repair", list(Repair))
def test_hubs_are_written_per_model(data, tmp_path, repair, capsys):
    out = tmp_path / "new" / "hubs.csv"
    assert main(["hubs", "--data", str(data), "--k", "3", "--repair", repair.value, "--out", str(out)]) == 0
    cohort, rows = read_cohort(data), rows_of(out)
    assert [row["model"] for row in rows] == ["Alpha", "beta", "gamma"]
    for row in rows:
        embedding = cohort.embeddings[row["model"]]
        found = hubs(repaired_lists(embedding, 3, repair), embedding, 3)
        assert (row["repair"], row["k"], row["n"]) == (repair.value, "3", "12")
        for end, occurrence in (("near", found.near), ("far", found.far)):
            assert int(row[f"{end}_max"]) == occurrence.counts.max()
            assert row[f"{end}_max_PatientID"] == cohort.patient_ids[int(occurrence.counts.argmax())]
            assert float(row[f"{end}_skewness"]) == occurrence.skewness
            assert float(row[f"{end}_top5_share"]) == occurrence.top_share
        assert float(row["mean_cosine"]) == found.mean_cosine
    assert capsys.readouterr() == ("", "")


def test_agreement_is_written_per_pair_of_models(data, tmp_path):
    out = tmp_path / "agreement.csv"
    assert main(["agreement", "--data", str(data), "--k", "4", "--out", str(out)]) == 0
    rows = rows_of(out)
    assert list(rows[0])[:2] == ["model_a", "model_b"]
    assert [(row["model_a"], row["model_b"]) for row in rows] == [("Alpha", "beta"), ("Alpha", "gamma"), ("beta", "gamma")]
    lists = {model: neighbor_lists(one, 4)[Match.MOST].indices.tolist() for model, one in read_cohort(data).embeddings.items()}
    for row in rows:
        sets = [(set(a), set(b)) for a, b in zip(lists[row["model_a"]], lists[row["model_b"]])]
        assert float(row["jaccard"]) == pytest.approx(np.mean([len(a & b) / len(a | b) for a, b in sets]), abs=1e-15)
        assert all(np.isfinite(float(row[name])) for name in ("jaccard_chance", "rbo", "rbo_chance", "spearman", "cka"))


def test_undefined_values_are_empty_cells(tmp_path):
    for model in "AB":
        write_model(tmp_path / "two", model, [1, 2])
    assert main(["agreement", "--data", str(tmp_path / "two"), "--k", "1", "--out", str(tmp_path / "a.csv")]) == 0
    (row,) = rows_of(tmp_path / "a.csv")
    assert (row["jaccard"], row["spearman"], row["cka_debiased"]) == ("1.0", "", "")


def test_maps_are_written_per_model_and_map(data, tmp_path):
    out = tmp_path / "maps.csv"
    assert main(["maps", "--data", str(data), "--model", "BETA", "--k", "3", "--out", str(out)]) == 0
    rows = rows_of(out)
    assert [(row["model"], row["map"]) for row in rows] == [("beta", "neighbors"), ("beta", "pca")]
    assert all(0.0 < float(row[name]) <= 1.0 for row in rows for name in ("trustworthiness", "continuity", "recall"))


def test_probes_are_written_per_task_and_model(data, tmp_path):
    (data / "patients.csv").write_text("PatientID,sex\n" + "".join(f"{i},{'MF'[i % 2]}\n" for i in range(10, 22)))
    out = tmp_path / "probes.csv"
    assert main(["probes", "--data", str(data), "--probe", "knn", "--task", "sex", "--repeats", "1", "--bootstraps", "20",
                 "--out", str(out)]) == 0
    rows = rows_of(out)
    assert [(row["task"], row["model"], row["probe"], row["n"]) for row in rows] == [
        ("sex", model, "knn", "12") for model in ("Alpha", "beta", "gamma")]
    assert all(0.0 <= float(row["auroc_ci_low"]) <= float(row["auroc"]) <= float(row["auroc_ci_high"]) <= 1.0 for row in rows)


@pytest.mark.parametrize(("arguments", "texts"), [
    (["hubs", "--k", "12"], ["--k 12; expected 1 to 11 for 12 patients"]),
    (["hubs", "--k", "0"], ["--k 0; expected 1 to 11"]),
    (["hubs", "--repair", "magic"], ["--repair", "'magic'", "csls"]),
    (["hubs", "--model", "delta"], ["no model 'delta'; expected all or some of Alpha, beta, gamma"]),
    (["agreement", "--model", "beta"], ["only the model beta; expected at least two models"]),
    (["agreement", "--seed", "-1"], ["--seed -1; expected 0 or more"]),
    (["agreement", "--k", "many"], ["--k", "'many'"]),
    (["maps", "--map", "pca,globe"], ["no map 'globe'; expected all or some of neighbors, pca, tsne, umap"]),
    (["maps", "--k", "6"], ["--k 6; expected 1 to 5 for 12 patients"]),
    (["maps", "--seed", "-1", "--k", "3"], ["--seed -1"]),
    (["probes", "--probe", "knn"], ["nothing is known about the patients"]),
    (["probes", "--task", "mood"], ["no task or facet 'mood'"]),
    (["probes", "--bootstraps", "0", "--task", "stage"], ["3 repeats, 0 bootstraps and seed 0; expected at least 1, 1 and 0"]),
])
def test_wrong_options_end_with_status_2_and_one_line(data, tmp_path, capsys, arguments, texts):
    for path in data.glob("*.pkl"):                     # models without any label
        path.unlink()
    for model in ("beta", "Alpha", "gamma"):
        write_model(data, model, list(range(10, 22)), **dict.fromkeys(("labels_de_stag_mapped", "labels_de_type",
                                                                       "labels_de_type_mapped")))
    out = tmp_path / "out.csv"
    assert main([*arguments, "--data", str(data), "--out", str(out)]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("TumorConnectome: ")
    assert errors.count("\n") == 1
    assert all(text in errors for text in texts), errors
    assert not out.exists()


@pytest.mark.parametrize("command", ["hubs", "agreement", "maps"])
def test_a_cohort_of_one_patient_is_told(tmp_path, capsys, command):
    for model in "AB":
        write_model(tmp_path / "one", model, [1])
    assert main([command, "--data", str(tmp_path / "one"), "--k", "1", "--out", str(tmp_path / "o.csv")]) == 2
    assert "--k 1; expected at least two patients" in capsys.readouterr().err


def test_workers_are_registered_and_run_in_a_process_of_their_own(prepared):
    for name in ("hubs", "agreement", "probes"):
        module, _, function = WORKERS[name].partition(":")
        assert callable(getattr(importlib.import_module(module), function))
    path, made = prepared

    def sequence():
        return (yield PythonJob("Hubs", "hubs", "--prepared", path, "--k", 4, "--repair", "csls"))

    messages = []
    result = run_blocking(sequence(), messages.append)
    rows = [dict(zip(result["columns"], row)) for row in result["rows"]]
    assert [row["model"] for row in rows] == list(made.models)
    assert all(row["repair"] == "csls" for row in rows)
    assert [progress.message for progress in messages] == [f"Hubs of {model}" for model in made.models]


def test_workers_return_tables_that_json_can_hold(prepared):
    path, made = prepared
    assert hubs_module.hubs_command(["--prepared", str(path)], silent)["rows"][0][0] == "Noise"
    found = agreement_module.agreement_command(["--prepared", str(path), "--k", "5"], silent)
    assert set(found) == {"columns", "rows"}
    fractions = []
    found = probes_module.probes_command(["--prepared", str(path), "--probe", "knn", "--bootstraps", "20", "--repeats", "1"],
                                         lambda fraction, message="": fractions.append(fraction))
    assert [row[found["columns"].index("model")] for row in found["rows"]] == list(made.models)
    assert found["rows"][0][found["columns"].index("gain")] is None         # no logistic probe, so no clinical baseline
    (reliability,), _ = found["reliability"]
    assert sum(reliability["counts"]) == 60
    assert fractions == sorted(fractions)
    assert all(0.0 <= fraction <= 1.0 for fraction in fractions)


@pytest.mark.parametrize("repair", [Repair.CENTERED, Repair.MUTUAL_PROXIMITY, Repair.CSLS])
def test_graph_and_lists_follow_a_repair(repair):
    made = labeled_cohort(40, signal=1.0)
    analyses = analyze(made)
    repaired = repaired_analysis(made, analyses, repair)
    for model in made.models:
        expected = repaired_lists(made.embeddings[model], 5, repair)
        graph = connectome(made, repaired[model], model, Match.MOST, 5)
        assert (graph.targets.reshape(40, 5) == expected[Match.MOST].indices).all()
        assert (graph.distances.reshape(40, 5) == expected[Match.MOST].distances).all()
        assert ((graph.weights >= 0) & (graph.weights <= 1)).all()
        assert np.sqrt((graph.positions ** 2).sum(axis=1).mean()) == pytest.approx(1.0, abs=1e-5)


def test_without_repair_nothing_is_computed():
    made = labeled_cohort(10, signal=1.0)
    analyses = analyze(made)
    assert repaired_analysis(made, analyses, Repair.NONE) == analyses


def test_the_consensus_is_a_model_among_others():
    made = labeled_cohort(40, signal=1.0)
    analyses = analyze(made)
    consensus = consensus_analysis(analyses)
    graph = connectome(made, consensus, "Consensus", Match.MOST, 5)
    assert ((graph.distances >= 0) & (graph.distances <= 1)).all()
    assert ((graph.percentiles >= 50) & (graph.percentiles <= 100)).all()
    assert (connectome(made, consensus, "Consensus", Match.LEAST, 5).distances >= 1).all()
    assert consensus.positions.shape == (40, 2)
    assert (consensus.positions == consensus_analysis(analyses).positions).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_derived_analyses_of_tiny_cohorts(count):
    made = labeled_cohort(count, signal=1.0)
    analyses = analyze(made)
    assert consensus_analysis(analyses).positions.shape == (count, 2)
    for repair in Repair:
        repaired = repaired_analysis(made, analyses, repair)
        assert all(one.largest_k == count - 1 and np.isfinite(one.positions).all() for one in repaired.values())


def test_a_large_cohort_is_refused_by_mutual_proximity(monkeypatch):
    monkeypatch.setattr("TumorConnectomeLib.neighbors.repairs.MOST_PATIENTS", 9)
    made = labeled_cohort(10, signal=1.0)
    with pytest.raises(InputError, match="Noise: 10 patients are too many"):
        repaired_analysis(made, analyze(made), Repair.MUTUAL_PROXIMITY)
