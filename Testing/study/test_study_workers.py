"""What the panel's workers of a study return, and readers who follow a facet on the command line."""
import json

import numpy as np
import pytest
from cohort_factory import cohort, vector

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.commands.study import analyze_command, design_command, simulate_command
from TumorConnectomeLib.connectome.analysis import analyze as connectome_analyze
from TumorConnectomeLib.connectome.prepared import PreparedCohort, read_prepared, write_prepared
from TumorConnectomeLib.study.analysis import COLUMNS
from TumorConnectomeLib.study.answers import read_answers
from TumorConnectomeLib.study.design import cohort_sha256
from TumorConnectomeLib.study.study import read_study


def quiet(fraction, message=""):
    pass


@pytest.fixture
def designed(tmp_path):
    """A study of 30 patients drawn by the worker: its path."""
    made = cohort(30)
    write_prepared(tmp_path / "cohort.npz", PreparedCohort(made, connectome_analyze(made)))
    assert cohort_sha256(read_prepared(tmp_path / "cohort.npz").cohort, "A") == cohort_sha256(made, "A")
    found = design_command(["--prepared", str(tmp_path / "cohort.npz"), "--model", json.dumps(["A"]), "--queries", "6",
                            "--readers", "Ann, Bob", "--at-most", "4", "--seed", "2", "--out", str(tmp_path / "STUDY.json")],
                           quiet)
    assert all(isinstance(note, str) for note in found["notes"])
    return tmp_path / "STUDY.json"


def test_workers_design_simulate_and_analyze(designed):
    study, folder = read_study(designed), designed.parent
    assert tuple(study.readers) == ("Ann", "Bob") and len(study.queries) == 6
    options = ["--study", str(designed), "--kappa", "0.6", "--out-folder", str(folder)]
    simulate_command([*options, "--readers", json.dumps(["Bob"])], quiet)
    assert not (folder / "ANSWERS-Ann.json").exists() and len(read_answers(folder / "ANSWERS-Bob.json", study).answers) == 6
    simulate_command([*options, "--readers", "Ann"], quiet)
    found = analyze_command(["--study", str(designed), "--answers", *map(str, folder.glob("ANSWERS-*.json"))], quiet)
    assert found["columns"] == list(COLUMNS) and json.dumps(found, allow_nan=False)
    rows = {(row[0], row[1]): row for row in found["rows"]}
    assert rows["agreement_with_model", "all"][2] == 6 and rows["answered", "Bob"][4] is None
    assert any("Two readers" in note for note in found["notes"])
    with pytest.raises(InputError, match="no reader 'Cleo'"):
        simulate_command([*options, "--readers", "Cleo"], quiet)


def test_simulated_readers_follow_a_facet(tmp_path, capsys):
    patients = [f"P{number:02}" for number in range(40)]
    head = ",".join(["PatientID", "sex", *(f"feature_{place}" for place in range(6))])
    lines = [",".join([patient, "FM"[number % 2], *map(repr, map(float, vector(patient)))])
             for number, patient in enumerate(patients)]
    (tmp_path / "own.csv").write_text("\n".join([head, *lines]))
    data = ["--data", str(tmp_path / "own.csv")]
    assert main(["study", "design", *data, "--model", "all", "--queries", "20", "--against", "random", "--readers", "Ann",
                 "--out", str(tmp_path / "STUDY.json")]) == 0
    study = read_study(tmp_path / "STUDY.json")
    options = ["study", "simulate", "--study", str(tmp_path / "STUDY.json"), "--kappa", "0.95", "--facet", "sex",
               "--out-folder", str(tmp_path)]
    assert main(options) == 2 and "--facet without --data" in capsys.readouterr().err
    assert main([*options, *data]) == 0
    sex = {patient: "FM"[number % 2] for number, patient in enumerate(patients)}
    answers = {answer.query: answer.chosen for answer in read_answers(tmp_path / "ANSWERS-Ann.json", study).answers}
    same = [np.mean([sex[one] == sex[query.patient] for one in answers[query.key]]) for query in study.queries]
    possible = [min(5, sum(sex[one] == sex[query.patient] for one in query.candidates)) / 5 for query in study.queries]
    assert np.mean(same) > 0.9 * np.mean(possible)
    (tmp_path / "own.csv").write_text("\n".join([head, *lines[:-1]]))
    (tmp_path / "ANSWERS-Ann.json").unlink()
    assert main([*options, *data]) == 2 and "another cohort than that of the study" in capsys.readouterr().err
