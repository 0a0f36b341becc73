"""What is asked for means the same in every command, and in the worker of its name."""
import csv

import pytest
from cohort_factory import vector, write_model

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.commands import maps as maps_module
from TumorConnectomeLib.commands.agreement import agreement_command
from TumorConnectomeLib.commands.evaluate import evaluate_command
from TumorConnectomeLib.commands.hubs import hubs_command
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.commands.maps import map_command
from TumorConnectomeLib.commands.query import query_command
from TumorConnectomeLib.connectome.analysis import analyze
from TumorConnectomeLib.connectome.graph_result import read_result
from TumorConnectomeLib.connectome.prepared import PreparedCohort, write_prepared
from TumorConnectomeLib.readers.cohort_reader import read_cohort

#: command -> (its other options, columns that name the models of a row)
COMMANDS = {
    "neighbors": ([], ["model"]),
    "query": (["--vector", "{folder}/new.csv", "--row", "Y"], ["model"]),
    "evaluate": (["--facet", "stage", "--permutations", "9"], ["model"]),
    "agreement": ([], ["model_a", "model_b"]),
    "hubs": ([], ["model"]),
    "probes": (["--task", "sex", "--probe", "KNN", "--repeats", "1", "--bootstraps", "20"], ["model"]),
    "maps": ([], ["model"]),
}
WITH_K = sorted(set(COMMANDS) - {"probes"})
#: twelve patients, the last two with two rows each
ROWS = [*range(10, 22), 20, 21]
NODES = {"single": 10, "first": 12, "all": 14, "mean": 12}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with three published models in ``data``, a table with sexes, and ``new.csv``: vectors of two of the models."""
    folder = tmp_path_factory.mktemp("options")
    for model in ("beta", "Alpha", "gamma"):
        write_model(folder / "data", model, ROWS)
    (folder / "data/patients.csv").write_text("PatientID,sex\n" + "".join(f"{i},{'MF'[i % 2]}\n" for i in range(10, 22)))
    header = ["PatientID", *(f"{model}_{i}" for model in ("Alpha", "beta") for i in range(6))]
    lines = [[name, *vector(name, "Alpha"), *vector(name, "beta")] for name in "XYZ"]
    (folder / "new.csv").write_text("\n".join(",".join(map(str, line)) for line in [header, *lines]) + "\n")
    cohort = read_cohort(folder / "data")
    write_prepared(folder / "prepared.npz", PreparedCohort(cohort, analyze(cohort)))
    return folder


def table(folder, out, command, *options, data="data"):
    """The rows that a command writes."""
    more = [text.format(folder=folder) for text in COMMANDS[command][0]]
    arguments = [command, "--data", str(folder / data), *more, *options, "--out", str(out)]
    if "--k" not in options and command in WITH_K:
        arguments += ["--k", "2"]
    assert main(arguments) == 0
    with open(out, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def models_of(rows, command):
    """Names of the models in the table, in their order."""
    names = [[row[column] for column in COMMANDS[command][1]] for row in rows]
    return list(dict.fromkeys(name for line in zip(*names) for name in line)) if command == "agreement" else list(
        dict.fromkeys(name for line in names for name in line))


@pytest.mark.parametrize("command", COMMANDS)
def test_models_are_chosen_in_any_case_and_as_lists(folder, tmp_path, command):
    chosen = table(folder, tmp_path / "a.csv", command, "--model", " BETA,alpha,beta")
    assert sorted(models_of(chosen, command)) == ["Alpha", "beta"]
    if command != "agreement":                          # which names each pair in the order of the alphabet
        assert models_of(chosen, command) == ["beta", "Alpha"]
    assert table(folder, tmp_path / "b.csv", command, "--model", '["beta", "Alpha"]') == chosen


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"query"}))
def test_all_models_are_the_default_in_any_case(folder, tmp_path, command):
    every = table(folder, tmp_path / "a.csv", command)
    assert set(models_of(every, command)) - {"Consensus"} == {"Alpha", "beta", "gamma"}
    assert table(folder, tmp_path / "b.csv", command, "--model", "ALL") == every
    assert ("Consensus" in models_of(every, command)) == (command == "evaluate")


@pytest.mark.parametrize(("models", "expected"), [("BETA,alpha", ["beta", "Alpha"]), ("All", ["Alpha", "beta", "gamma"])])
def test_models_of_a_result_are_chosen_in_the_same_way(folder, tmp_path, models, expected):
    assert main(["neighbors", "--data", str(folder / "data"), "--k", "9", "--model", models, "--out-result",
                 str(tmp_path / "result")]) == 0
    assert list(read_result(tmp_path / "result").analyses) == expected


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_model_is_refused_in_the_same_words(folder, tmp_path, capsys, command):
    more = [text.format(folder=folder) for text in COMMANDS[command][0]]
    assert main([command, "--data", str(folder / "data"), *more, "--model", "delta", "--out", str(tmp_path / "o.csv")]) == 2
    assert "no model 'delta'; expected all or some of Alpha, beta, gamma" in capsys.readouterr().err
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("rule", NODES)
@pytest.mark.parametrize("data", ["data", "data/Alpha_features.pkl"])
def test_rows_mean_the_same_for_a_folder_and_for_a_file_of_it(folder, tmp_path, rule, data):
    rows = table(folder, tmp_path / "n.csv", "neighbors", "--model", "Alpha", "--rows", rule, data=data)
    assert len({row["PatientID"] for row in rows}) == NODES[rule]
    # tables that say how sure something is count each patient once, with its first row
    hubs = table(folder, tmp_path / "h.csv", "hubs", "--model", "Alpha", "--rows", rule, data=data)
    assert [row["n"] for row in hubs] == [str(min(NODES[rule], 12))]
    maps = table(folder, tmp_path / "m.csv", "maps", "--model", "Alpha", "--map", "PCA", "--rows", rule.upper(), data=data)
    assert [row["n"] for row in maps] == [str(NODES[rule])]


@pytest.mark.parametrize("command", ["agreement", "hubs", "probes"])
def test_it_is_said_when_rows_of_one_patient_count_once(folder, tmp_path, capsys, command):
    table(folder, tmp_path / "o.csv", command, "--rows", "all")
    assert "Note: Each patient counts once" in capsys.readouterr().err


@pytest.mark.parametrize("command", WITH_K)
@pytest.mark.parametrize("k", [0, -1, 99])
def test_a_number_of_neighbors_is_refused_in_the_same_words(folder, tmp_path, capsys, command, k):
    more = [text.format(folder=folder) for text in COMMANDS[command][0]]
    model = ["--model", "Alpha,beta" if command == "query" else "all"]
    assert main([command, "--data", str(folder / "data"), *more, *model, "--k", str(k), "--out", str(tmp_path / "o.csv")]) == 2
    largest = {"query": 10, "maps": 4}.get(command, 9)   # a new patient has one neighbor more; maps compare half of them
    assert f"--k {k}; expected 1 to {largest} for 10 patients" in capsys.readouterr().err


@pytest.mark.parametrize(("worker", "largest"), [(hubs_command, 9), (agreement_command, 9), (evaluate_command, 9),
                                                 (query_command, 10)])
def test_a_worker_refuses_what_the_command_refuses(folder, tmp_path, worker, largest):
    (tmp_path / "new.txt").write_text("1 2 3 4 5 6")
    own = {evaluate_command: ["--cache", str(tmp_path)], query_command: ["--model", "beta", "--text",
                                                                         str(tmp_path / "new.txt")]}.get(worker, [])
    with pytest.raises(InputError, match=f"--k {largest + 1}; expected 1 to {largest} for 10 patients"):
        worker(["--prepared", str(folder / "prepared.npz"), "--k", str(largest + 1), *own], lambda *_: None)


def test_workers_take_names_of_models_and_maps_in_any_case(folder, tmp_path):
    prepared = ["--prepared", str(folder / "prepared.npz")]
    (tmp_path / "new.txt").write_text("1 2 3 4 5 6")
    answer = query_command([*prepared, "--model", "ALPHA", "--text", str(tmp_path / "new.txt")], lambda *_: None)
    assert answer["result"]["model"] == "Alpha"
    assert len(answer["result"]["neighbors"]) == 20      # all ten patients, at both ends
    paths = {map_command([*prepared, "--cache", str(tmp_path), "--model", model, "--map", kind], lambda *_: None)["path"]
             for model, kind in (("alpha", "PCA"), ("Alpha", "pca"))}
    assert len(paths) == 1
    for arguments, text in ((["--model", "all", "--map", "pca"], "--model all; expected one of Alpha"),
                            (["--model", "beta", "--map", "all"], "--map all; expected one of neighbors, pca")):
        with pytest.raises(InputError, match=text):
            map_command([*prepared, "--cache", str(tmp_path), *arguments], lambda *_: None)


def test_maps_are_chosen_in_any_case_and_as_lists(folder, tmp_path, monkeypatch):
    rows = table(folder, tmp_path / "a.csv", "maps", "--model", "beta", "--map", "PCA, Neighbors")
    assert [row["map"] for row in rows] == ["pca", "neighbors"]
    monkeypatch.setattr(maps_module, "make_map", lambda kind, embedding, layout, seed: layout)      # t-SNE and UMAP take long
    assert [row["map"] for row in table(folder, tmp_path / "b.csv", "maps", "--model", "beta", "--map", "All")] == [
        "neighbors", "pca", "tsne", "umap"]


def test_one_vector_is_not_looked_up_in_several_models(folder, tmp_path, capsys):
    (tmp_path / "one.txt").write_text("1 2 3 4 5 6")
    command = ["query", "--data", str(folder / "data"), "--vector", str(tmp_path / "one.txt"), "--out", str(tmp_path / "o.csv")]
    assert main(command) == 2
    assert "expected the model that made it: one of Alpha, beta, gamma" in capsys.readouterr().err
    assert main([*command, "--model", "GAMMA", "--k", "10"]) == 0
