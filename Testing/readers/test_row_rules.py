"""Patients with several rows: what each rule makes of them."""
import csv

import numpy as np
import pytest
from cohort_factory import published_cohort, vector, write_model

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.row_rules import RowRule, one_node_per_patient
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.commands.prepare import prepare
from TumorConnectomeLib.connectome.analysis import analyze, connectome
from TumorConnectomeLib.connectome.graph_export import neighbors_csv
from TumorConnectomeLib.connectome.prepared import read_prepared
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.presentation.patient_summary import neighbor_rows
from TumorConnectomeLib.readers.cohort_reader import read_cohort

#: patients of the rows in file order: 5 and 3 have several, which are not side by side
PATIENTS, SERIES = [5, 3, 5, 10, 3, 7, 5], [1, 2, 3, 4, 5, 6, 7]


def read(folder, rule):
    return read_cohort(folder, rule=RowRule(rule))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two models whose files hold the same rows in another order; every row has a vector of its own."""
    monkeypatch.setattr("cohort_factory.vector", lambda patient, model: next(vectors))
    for model, order in (("A", range(7)), ("b", [6, 0, 3, 1, 5, 2, 4])):
        vectors = iter([vector(SERIES[row], model) for row in order])
        write_model(tmp_path / "data", model, [PATIENTS[row] for row in order], series=[SERIES[row] for row in order])
    return tmp_path / "data"


def test_the_first_row_is_that_of_the_first_file_in_every_model(folder):
    cohort = read(folder, "first")
    assert cohort.patient_ids == ("10", "3", "5", "7")
    for model in cohort.models:
        assert np.array_equal(cohort.embeddings[model], [vector(series, model) for series in (4, 2, 1, 6)])
    assert list(cohort.patients["CT_SeriesInstanceUID"]) == ["1.2.4", "1.2.2", "1.2.1", "1.2.6"]
    assert cohort.row_rule is RowRule.FIRST
    told = {"rows": 7, "rows_used": 4, "patients_in_files": 4, "patients_left_out": 0}
    assert {key: cohort.provenance[key] for key in told} == told


def test_the_latest_scan_is_by_date_and_without_dates_the_last_row(folder, monkeypatch):
    assert list(read(folder, "latest").patients["CT_SeriesInstanceUID"]) == ["1.2.4", "1.2.5", "1.2.7", "1.2.6"]
    dates = {"1.2.1": "2001-01-02", "1.2.3": "2001-01-02", "1.2.7": "2000-01-02", "1.2.2": "1999-01-02"}
    monkeypatch.setattr("TumorConnectomeLib.cohort.study_dates.known_dates", lambda: dates)
    cohort = read(folder, "latest")
    assert list(cohort.patients["CT_SeriesInstanceUID"]) == ["1.2.4", "1.2.2", "1.2.3", "1.2.6"]
    for model in cohort.models:
        assert np.array_equal(cohort.embeddings[model], [vector(series, model) for series in (4, 2, 3, 6)])


def test_all_rows_are_nodes_with_readable_names_and_their_own_series(folder):
    cohort = read(folder, "all")
    assert cohort.patient_ids == ("10", "3 #1", "3 #2", "5 #1", "5 #2", "5 #3", "7")
    series = [4, 2, 5, 1, 3, 7, 6]
    assert list(cohort.patients["CT_SeriesInstanceUID"]) == [f"1.2.{number}" for number in series]
    for model in cohort.models:
        assert np.array_equal(cohort.embeddings[model], [vector(number, model) for number in series])
    assert cohort.node_patients == ("10", "3", "3", "5", "5", "5", "7")
    assert cohort.provenance["rows_used"] == 7 and cohort.provenance["patients_left_out"] == 0


def test_the_mean_is_that_of_unit_vectors(folder):
    cohort = read(folder, "mean")
    assert cohort.patient_ids == ("10", "3", "5", "7")
    for model in cohort.models:
        units = {series: vector(series, model) / np.linalg.norm(vector(series, model).astype(float)) for series in SERIES}
        expected = [units[4], (units[2] + units[5]) / 2, (units[1] + units[3] + units[7]) / 3, units[6]]
        np.testing.assert_allclose(cohort.embeddings[model], expected, atol=1e-7)
    assert cohort.provenance["rows_used"] == 7


def test_a_long_vector_has_no_more_say_in_the_mean(folder, monkeypatch, tmp_path):
    values = iter([np.array([1e6, 0]), np.array([0, 1e-3])])
    monkeypatch.setattr("cohort_factory.vector", lambda patient, model: next(values))
    write_model(tmp_path, "A", [1, 1])
    np.testing.assert_allclose(read(tmp_path, "mean").embeddings["A"], [[0.5, 0.5]])


def test_opposite_rows_have_no_mean_and_their_patient_is_named(monkeypatch, tmp_path):
    values = iter([np.array([2.0, 0]), np.array([-3.0, 0])])
    monkeypatch.setattr("cohort_factory.vector", lambda patient, model: next(values))
    write_model(tmp_path, "A", [1, 1])
    with pytest.raises(InputError, match="A, patient 1: the embedding has only zeros"):
        read(tmp_path, "mean")


@pytest.mark.parametrize("rule", ["first", "all", "mean"])
def test_only_rows_that_every_file_has_are_used(tmp_path, rule):
    write_model(tmp_path, "A", [1, 1, 2], series=[1, 2, 3])
    write_model(tmp_path, "B", [3, 1], series=[4, 2])
    cohort = read(tmp_path, rule)
    assert cohort.patient_ids == ("1",)
    assert cohort.patients["CT_SeriesInstanceUID"].iloc[0] == "1.2.2"
    assert (cohort.provenance["patients_in_files"], cohort.provenance["patients_left_out"]) == (3, 2)
    write_model(tmp_path, "B", [3, 1], series=[4, 9])
    with pytest.raises(InputError, match="none of the 3 patients has the same row in every file"):
        read(tmp_path, rule)


def test_equal_rows_of_one_series_and_image_stay_apart(tmp_path):
    write_model(tmp_path, "A", [1] * 12, series=[1] * 12)
    assert read(tmp_path, "all").patient_ids == tuple(f"1 #{number:02d}" for number in range(1, 13))


def test_a_patient_named_like_a_row_of_another_is_refused(tmp_path):
    write_model(tmp_path, "A", ["1", "1", "1 #2"])
    with pytest.raises(InputError, match="PatientID '1 #2' can not be told from row 2 of another patient"):
        read(tmp_path, "all")
    assert read(tmp_path, "first").patient_ids == ("1", "1 #2")


def test_a_patient_table_is_joined_to_every_row_of_its_patient(folder):
    (folder / "patients.csv").write_text("PatientID,sex,patient,CT_SeriesInstanceUID,StudyInstanceUID\n"
                                         "5,F,other,1.2.3,1.9\n7,M,other,1.2.6,1.8\n")
    cohort = read(folder, "all")
    assert list(cohort.patients["sex"]) == ["", "", "", "F", "F", "F", "M"]
    assert list(cohort.patients["StudyInstanceUID"]) == ["", "", "", "", "1.9", "", "1.8"]
    assert cohort.provenance["patient_table"] == "patients.csv: 4 of 7 rows; 2 name another CT series than the embedding"
    assert cohort.node_patients == ("10", "3", "3", "5", "5", "5", "7")      # a column of that name in the table is not it


def test_each_patient_counts_once_where_rows_must_be_independent(folder):
    cohort = read(folder, "all")
    once = one_node_per_patient(cohort)
    first = read(folder, "first")
    assert once.patient_ids == first.patient_ids
    assert once.patients.equals(first.patients)
    for model in cohort.models:
        assert np.array_equal(once.embeddings[model], first.embeddings[model])
    assert [facet.codes.tolist() for facet in once.facets.values()] == [facet.codes.tolist() for facet in first.facets.values()]
    assert one_node_per_patient(first) is first


def test_neighbors_of_the_same_patient_are_marked(folder):
    cohort = read(folder, "all")
    graph = connectome(cohort, analyze(cohort)["A"], "A", Match.MOST, 6)
    marked = {row.patient_id for row in neighbor_rows(graph, 4, patients=cohort.node_patients) if row.same_patient}
    assert marked == {"5 #1", "5 #3"}
    assert not any(row.same_patient for row in neighbor_rows(graph, 0, patients=cohort.node_patients))
    for line in csv.DictReader(neighbors_csv(graph, cohort.node_patients).splitlines()):
        same = line["PatientID"].partition(" ")[0] == line["MatchPatientID"].partition(" ")[0]
        assert line["same_patient"] == str(int(same))
    assert "same_patient" not in neighbors_csv(graph, cohort.patient_ids)


def test_the_rule_is_part_of_the_cache_key_and_survives_the_cache(folder, tmp_path):
    paths = {rule: prepare(["--cache", str(tmp_path / "cache"), "--data", str(folder), "--rows", rule.value],
                           lambda fraction, message="": None)["path"] for rule in RowRule}
    assert len(set(paths.values())) == len(RowRule)
    for rule, path in paths.items():
        cohort = read_prepared(path).cohort
        assert cohort.row_rule is rule
        assert cohort.node_patients == read_cohort(folder, rule=rule).node_patients


def run(*arguments):
    assert main([str(argument) for argument in arguments]) == 0


def test_the_commands_take_the_rule(folder, tmp_path):
    run("neighbors", "--data", folder, "--rows", "all", "--k", 6, "--model", "A", "--out", tmp_path / "n.csv")
    with open(tmp_path / "n.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 7 * 6
    for row in rows:
        same = row["PatientID"].partition(" ")[0] == row["MatchPatientID"].partition(" ")[0]
        assert row["same_patient"] == str(int(same))
    run("hubs", "--data", folder, "--rows", "all", "--k", 2, "--out", tmp_path / "h.csv")
    run("hubs", "--data", folder, "--rows", "first", "--k", 2, "--out", tmp_path / "f.csv")
    assert (tmp_path / "h.csv").read_bytes() == (tmp_path / "f.csv").read_bytes()


def test_an_evaluation_of_all_rows_counts_each_patient_once_and_says_so(folder, tmp_path):
    for rule in ("all", "first"):
        run("evaluate", "--data", folder, "--rows", rule, "--facet", "stage", "--k", 2, "--permutations", 9,
            "--out", tmp_path / f"{rule}.csv", "--verdict", tmp_path / f"{rule}.txt")
    assert (tmp_path / "all.csv").read_bytes() == (tmp_path / "first.csv").read_bytes()
    assert "Each patient counts once" in (tmp_path / "all.txt").read_text()
    assert "Each patient counts once" not in (tmp_path / "first.txt").read_text()


@pytest.mark.parametrize(("rule", "nodes"), [("single", 289), ("first", 464), ("all", 734), ("mean", 464)])
def test_published_rows(real_data, rule, nodes):
    cohort = published_cohort(real_data, rule=RowRule(rule))
    assert len(cohort.patients) == nodes
    assert len(set(cohort.node_patients)) == (289 if rule == "single" else 464)
    if rule == "all":
        names = [name for name in cohort.patient_ids if name.startswith("212718")]
        assert names == [f"212718 #{number}" for number in range(1, 10)]
        assert cohort.patients.loc[names, "CT_SeriesInstanceUID"].nunique() == 3
