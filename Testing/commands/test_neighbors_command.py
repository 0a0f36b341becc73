"""The command ``neighbors`` as users run it: in a process of its own."""
import csv
import os
import subprocess
import sys

import pytest
from cohort_factory import write_model

from TumorConnectomeLib.base.files import LIBRARY_FOLDER
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists
from TumorConnectomeLib.readers.cohort_reader import read_cohort

HEADER = "model,match,PatientID,rank,MatchPatientID,cosine_distance,percentile"


def run(*arguments):
    """Run the library as a program."""
    paths = os.pathsep.join([str(LIBRARY_FOLDER), os.environ["PYTHONPATH"]])
    return subprocess.run([sys.executable, "-m", "TumorConnectomeLib", *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": paths}, check=False)


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def data(tmp_path):
    """A folder with two models and five patients."""
    folder = tmp_path / "data"
    write_model(folder, "beta", [1, 2, 3, 4, 5])
    write_model(folder, "Alpha", [1, 2, 3, 4, 5])
    return folder


@pytest.mark.parametrize("match", list(Match))
def test_all_models_are_written_with_full_precision(data, tmp_path, match):
    out = tmp_path / "new" / "out.csv"
    done = run("neighbors", "--data", data, "--match", match.value, "--k", 3, "--out", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert out.read_bytes().startswith(f"{HEADER}\n".encode())
    cohort, expected = read_cohort(data), []
    for model in ("Alpha", "beta"):
        lists = neighbor_lists(cohort.embeddings[model], 3)[match]
        expected += [(model, match.value, patient, str(rank + 1), cohort.patient_ids[lists.indices[row, rank]],
                      lists.distances[row, rank], lists.percentiles[row, rank])
                     for row, patient in enumerate(cohort.patient_ids) for rank in range(3)]
    found = [list(row.values()) for row in rows_of(out)]
    assert [(*texts, float(distance), float(percentile)) for *texts, distance, percentile in found] == expected


def test_one_model_can_be_chosen_without_regard_to_case(data, tmp_path, capsys):
    assert main(["neighbors", "--data", str(data), "--model", "ALPHA", "--k", "1", "--out", str(tmp_path / "a.csv")]) == 0
    assert [(row["model"], row["match"], row["PatientID"]) for row in rows_of(tmp_path / "a.csv")] == [
        ("Alpha", "most", patient) for patient in "12345"]
    assert capsys.readouterr() == ("", "")


def test_the_published_lists_come_out_of_the_command(real_data, tmp_path):
    out = tmp_path / "out.csv"
    assert run("neighbors", "--data", real_data, "--model", "all", "--match", "least", "--k", 5, "--out", out).returncode == 0
    found = {(row["model"], row["PatientID"], row["rank"]): row for row in rows_of(out)}
    assert len(found) == 6 * 289 * 5
    compared = 0
    for row in rows_of(real_data / "published_matches.csv"):
        mine = found.get((row["model"], row["PatientID"], row["rank"]))
        if row["match"] == "least_similar" and mine:
            compared += 1
            assert mine["MatchPatientID"] == row["MatchPatientID"]
            assert float(mine["cosine_distance"]) == pytest.approx(float(row["cosine_distance"]), abs=1e-6, rel=0)
    assert compared == 4 * 289 * 5                      # lists are published for four of the six models


def assert_refused(done, *texts):
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("TumorConnectome: ")
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("\n")
    for text in texts:
        assert text in done.stderr


@pytest.mark.parametrize(("change", "texts"), [
    ({"--model": "gamma"}, ["no model 'gamma'; expected all or some of Alpha, beta"]),
    ({"--k": "0"}, ["--k 0; expected 1 to 4 for 5 patients"]),
    ({"--k": "5"}, ["--k 5; expected 1 to 4 for 5 patients"]),
    ({"--k": "-3"}, ["--k -3; expected 1 to 4"]),
    ({"--k": "many"}, ["--k", "'many'"]),
    ({"--match": "similar"}, ["--match", "'similar'", "least"]),
    ({"--data": "nowhere"}, ["nowhere: no such folder"]),
    ({"--data": "empty"}, ["no embedding files"]),
    ({"--color": "red"}, ["--color red", "--help"]),
    ({"--out": None}, ["--out FILE", "--out-result FOLDER"]),
    ({"--out": "data"}, ["data", "directory"]),
    ({"--out": "data/beta_features.pkl/out.csv"}, ["data/beta_features.pkl"]),
])
def test_wrong_options_end_with_status_2_and_one_line(data, tmp_path, monkeypatch, change, texts):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    options = {"--data": "data", "--model": "all", "--k": "2", "--out": "out.csv", **change}
    done = run("neighbors", *[part for name, value in options.items() if value is not None for part in (name, value)])
    assert_refused(done, *texts)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder in which nobody may create a file")
def test_an_output_file_that_can_not_be_created_is_named(data):
    assert_refused(run("neighbors", "--data", data, "--k", 2, "--out", "/proc/out.csv"), "/proc/out.csv")


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--nonsense"], ["neighbors"]])
def test_a_wrong_command_ends_with_status_2_and_one_line(arguments):
    assert_refused(run(*arguments), "--help")


@pytest.mark.parametrize(("content", "text"), [
    (b"cos\nsystem\n(S'echo it ran'\ntR.", "it asks for os.system, which could run code"),
    (b"\x80\x04}\x94.", "found the keys []"),
    (b"", "not a readable pickle"),
])
def test_a_bad_pickle_ends_with_status_2_and_one_line(data, tmp_path, content, text):
    (data / "beta_features.pkl").write_bytes(content)
    assert_refused(run("neighbors", "--data", data, "--out", tmp_path / "out.csv"), "beta_features.pkl", text)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_an_output_folder_without_permission_is_named(data, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert_refused(run("neighbors", "--data", data, "--out", tmp_path / "closed" / "out.csv"), "closed/out.csv", "ermission")


def test_a_cohort_of_one_patient_is_told(tmp_path):
    write_model(tmp_path / "data", "A", [1])
    done = run("neighbors", "--data", tmp_path / "data", "--k", 1, "--out", tmp_path / "out.csv")
    assert_refused(done, "--k 1; expected at least two patients")


def test_help_lists_the_options():
    done = run("neighbors", "--help")
    assert done.returncode == 0
    assert all(option in done.stdout for option in ("--data", "--model", "--match", "--k", "--out"))


def test_a_missing_package_is_one_line(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.delitem(sys.modules, "pandas.core", raising=False)
    assert main(["neighbors", "--data", str(data), "--out", str(tmp_path / "o.csv")]) == 2
    assert capsys.readouterr().err == "TumorConnectome: the Python package pandas is not installed\n"
