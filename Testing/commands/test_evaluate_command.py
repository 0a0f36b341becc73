"""The command ``evaluate`` as users run it, its worker, and the file between worker and module."""
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from cohort_factory import write_model

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.base.files import LIBRARY_FOLDER
from TumorConnectomeLib.cohort.measurements import evaluable_facets
from TumorConnectomeLib.commands.evaluate import evaluate_command
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.commands.prepare import prepare
from TumorConnectomeLib.evaluation.evidence import read_evidence
from TumorConnectomeLib.evaluation.table import COLUMNS, evaluate
from TumorConnectomeLib.evaluation.vote_table import vote_table
from TumorConnectomeLib.readers.cohort_reader import read_cohort
from TumorConnectomeLib.work.jobs import PythonJob, run_blocking

HEADER = ",".join(COLUMNS)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with two models, twenty patients with one row, and three with two."""
    folder = tmp_path_factory.mktemp("evaluate") / "data"
    patients = [*range(100, 120), 120, 120, 121, 121, 122, 122]
    for model in ("beta", "Alpha"):
        write_model(folder, model, patients)
    sex = "\n".join(f"{patient},{'MF'[patient % 2]},{'GE' if patient % 3 else 'Siemens'}" for patient in range(100, 120))
    (folder / "patients.csv").write_text(f"PatientID,sex,manufacturer\n{sex}\n", encoding="utf-8")
    return folder


def run(*arguments):
    """Run the library as a program."""
    paths = os.pathsep.join([str(LIBRARY_FOLDER), os.environ["PYTHONPATH"]])
    return subprocess.run([sys.executable, "-m", "TumorConnectomeLib", *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": paths}, check=False)


def table_of(path):
    import pandas as pd
    return pd.read_csv(path)


def test_the_csv_has_the_figures_of_the_table(data, tmp_path):
    out = tmp_path / "new" / "out.csv"
    done = run("evaluate", "--data", data, "--facet", "SEX,stage,sex", "--k", 3, "--permutations", 50, "--seed", 7,
               "--out", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == HEADER
    assert lines[1].startswith("Alpha,sex,P@k,3,20,0.")
    assert lines[4].startswith("Alpha,sex,R-precision,,20,0.")
    wanted = evaluate(read_cohort(data), facets=["sex", "stage"], k=3, permutations=50, seed=7)[HEADER.split(",")]
    found = table_of(out)
    assert found["facet"].drop_duplicates().tolist() == ["sex", "stage", "body_side", "random"]
    for name in HEADER.split(","):
        ours, theirs = found[name].tolist(), wanted[name].astype(object).where(wanted[name].notna(), np.nan).tolist()
        assert ours == theirs if name in ("model", "facet", "metric") else np.array_equal(ours, np.array(theirs, float), True)


def test_the_same_command_writes_the_same_bytes(data, tmp_path):
    for name in ("a", "b"):
        assert main(["evaluate", "--data", str(data), "--model", "ALPHA", "--permutations", "9",
                     "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert set(table_of(tmp_path / "a")["model"]) == {"Alpha"}


def test_more_files_on_request(data, tmp_path, capsys):
    files = {name: tmp_path / name for name in ("out", "same-patient", "confounds", "votes", "classes", "verdict")}
    options = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    assert main(["evaluate", "--data", str(data), "--permutations", "9", "--within", "manufacturer,sex", *options]) == 0
    retrieved = table_of(files["same-patient"])
    assert retrieved["n"].tolist() == [6] * 6                   # two models, three metrics, three patients with two series
    assert set(table_of(files["confounds"])["within"]) == {"manufacturer", "sex"}
    assert set(table_of(files["votes"])["votes"]) == {1, 2}
    assert set(table_of(files["classes"]).columns) >= {"class", "lift", "ci_low", "ci_high", "chance", "p", "q", "excess_share"}
    text = files["verdict"].read_text(encoding="utf-8")
    assert text.startswith("Which model, for what? data\n")
    assert "same patient" in text and "can not be told apart" in " ".join(text.split())
    assert "can not be told apart" in capsys.readouterr().err


def test_what_the_rule_of_one_row_leaves_out_replicates_for_a_file_as_for_a_folder(data, tmp_path, capsys):
    found = []
    for number, path in enumerate((data, data / "Alpha_features.pkl")):
        out = tmp_path / f"{number}.csv"
        assert main(["evaluate", "--data", str(path), "--model", "Alpha", "--facet", "body_side", "--k", "2", "--permutations",
                     "20", "--out", str(tmp_path / "out.csv"), "--replicate", "left-out", "--replication", str(out)]) == 0
        found.append(table_of(out).set_index("facet").loc["body_side", "again_n"])
    assert found[0] == found[1] > 0
    (tmp_path / "own.csv").write_text("PatientID,f_0,f_1,f_2\n" + "".join(f"{i},{i},{i * i},1\n" for i in range(9)))
    assert main(["evaluate", "--data", str(tmp_path / "own.csv"), "--out", str(tmp_path / "out.csv"), "--replicate", "left-out",
                 "--replication", str(tmp_path / "r.csv")]) == 2
    assert "only 0 patients that are not in own" in capsys.readouterr().err


def test_the_verdict_is_a_web_page_when_its_name_says_so(data, tmp_path):
    assert main(["evaluate", "--data", str(data), "--permutations", "9", "--out", str(tmp_path / "out"), "--model",
                 "alpha,CONSENSUS", "--verdict", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and "<h4>Consensus</h4>" in page and "<th>Model</th>" in page
    assert table_of(tmp_path / "out")["model"].drop_duplicates().tolist() == ["Alpha", "Consensus"]


def test_a_repair_changes_the_figures_and_the_verdict_says_so(data, tmp_path):
    values = {}
    for repair in ("none", "centered", "csls", "mutual-proximity", "centered-mutual-proximity"):
        assert main(["evaluate", "--data", str(data), "--permutations", "9", "--repair", repair,
                     "--out", str(tmp_path / repair), "--verdict", str(tmp_path / f"{repair}.txt")]) == 0
        values[repair] = tuple(table_of(tmp_path / repair)["value"].dropna())
        text = (tmp_path / f"{repair}.txt").read_text(encoding="utf-8")
        assert ("- Neighbors are by" in text) == (repair != "none")
    assert len(set(values.values())) == 5


@pytest.mark.parametrize(("options", "texts"), [
    (["--k", "0"], ["--k 0", "expected 1 to 19 for 20 patients"]), (["--k", "20"], ["--k 20"]),
    (["--facet", "stage,smell"], ["no facet 'smell'", "sex, cancer_type, stage, body_side"]), (["--facet", ","], ["no facet"]),
    (["--model", "gamma"], ["no model 'gamma'", "Alpha, beta"]), (["--permutations", "0"], ["0 permutations"]),
    (["--seed", "-1"], ["the seed is -1"]), (["--k", "five"], ["--k", "invalid int value"]),
    (["--within", "kvp", "--confounds", "c.csv"], ["no column 'kvp'", "manufacturer"]), (["--repair", "hope"], ["--repair"])])
def test_wrong_options_give_one_line_and_no_file(data, tmp_path, capsys, monkeypatch, options, texts):
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", "--data", str(data), "--out", "out.csv", *options]) == 2
    output, error = capsys.readouterr()
    assert output == "" and error.startswith("TumorConnectome: ") and error.count("\n") == 1
    assert all(text in error for text in texts), error
    assert list(tmp_path.iterdir()) == []


def test_the_help_says_which_interval_it_is(capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", "--help"])
    assert "95 % interval of the lift" in " ".join(capsys.readouterr().out.split())


@pytest.fixture(scope="module")
def prepared(data, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return cache, prepare(["--cache", str(cache), "--data", str(data)], lambda *_: None)["path"]


def arguments_of(prepared, data, *more):
    return ["--cache", str(prepared[0]), "--prepared", prepared[1], "--data", str(data), "--permutations", "20", *more]


def test_the_worker_leaves_the_evidence_in_the_cache(prepared, data):
    def job():
        return (yield PythonJob("Evaluating", "evaluate", *arguments_of(prepared, data, "--within", "manufacturer")))

    told = []
    path = run_blocking(job(), lambda progress: told.append(progress.fraction))["path"]
    assert told == sorted(told) and len(told) > 5
    evidence = read_evidence(path)
    cohort = read_cohort(data)
    facets = evaluable_facets(cohort)
    assert evidence.table.equals(evaluate(cohort, facets=facets, permutations=20))
    assert evidence.table["k"].dtype == "Int64"
    assert set(evidence.confounds["within"]) == {"manufacturer"}
    assert evidence.same_patient["n"].tolist() == [6] * 6
    assert evidence.votes.equals(vote_table(cohort, facets=facets, permutations=20))
    assert [section.title for section in evidence.report.sections][1:5] == [
        "Can the figures be trusted?", "Alpha", "beta", "Consensus"]
    assert "can not be told apart" in evidence.note


def test_the_worker_computes_the_same_thing_only_once(prepared, data):
    told = []
    first, again, other = (evaluate_command(arguments_of(prepared, data, "--within", "", "--seed", seed),
                                            lambda fraction, message="": told.append(fraction)) for seed in "554")
    assert first == again != other
    assert told.count(0.0) >= 3 and len(told) < 200
    evidence = read_evidence(first["path"])
    assert evidence.confounds is None


def test_a_damaged_result_is_made_anew(prepared, data):
    arguments = arguments_of(prepared, data, "--within", "", "--seed", "9")
    path = evaluate_command(arguments, lambda *_: None)["path"]
    with open(path, encoding="utf-8") as stream:
        whole = stream.read()
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(whole[:100])
    with pytest.raises(InputError, match="expected a TumorConnectome evidence file"):
        read_evidence(path)
    evaluate_command(arguments, lambda *_: None)
    with open(path, encoding="utf-8") as stream:
        assert stream.read() == whole


@pytest.mark.parametrize("change", [
    lambda content: content.update(version=0), lambda content: content.update(kind="x"), lambda content: content.pop("table"),
    lambda content: content.update(table=[[1, 2]]), lambda content: content["table"][0].__setitem__(5, "high"),
    lambda content: content.clear()])
def test_files_of_another_form_are_refused(prepared, data, tmp_path, change):
    path = evaluate_command(arguments_of(prepared, data, "--within", ""), lambda *_: None)["path"]
    with open(path, encoding="utf-8") as stream:
        content = json.load(stream)
    change(content)
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="bad.json: not readable"):
        read_evidence(bad)
