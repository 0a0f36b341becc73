"""Several files of a user's own become one cohort: models matched by patient, tables joined, choices respected, commands."""
import csv

import numpy as np
import pytest
from cohort_factory import write_model
from own_files import ids, vectors, write_csv

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.row_rules import RowRule
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.commands.prepare import prepare, preview
from TumorConnectomeLib.connectome.prepared import read_prepared
from TumorConnectomeLib.readers.files import FilePreview
from TumorConnectomeLib.readers.own_cohort import previews, read_own_cohort
from TumorConnectomeLib.readers.recognition import ImportChoice
from TumorConnectomeLib.readers.sources import choices_from_text, choices_to_text, read_data, split_paths


@pytest.fixture
def folder(tmp_path):
    """Two models of 12 patients, one of 10 of them, and a table."""
    folder = tmp_path / "mine"
    folder.mkdir()
    write_csv(folder / "fmcib_features.csv", vectors(seed=1), more={"volume": [str(i) for i in range(12)]})
    np.savez(folder / "ctfm.npz", ids=np.array(ids()), features=vectors(seed=2))
    write_csv(folder / "voco.csv", vectors(10, seed=3), ids()[:10])
    (folder / "clinical.csv").write_text("PatientID;sex\n" + "".join(f"{patient};F\n" for patient in [*ids()[3:], "999"]))
    return folder


def test_files_of_the_same_patients_become_models_and_what_does_not_match_is_listed(folder):
    cohort = read_own_cohort([folder])
    assert cohort.models == ("ctfm", "fmcib", "voco")
    assert cohort.patient_ids == tuple(sorted(ids()[:10]))
    assert np.array_equal(cohort.embeddings["voco"], vectors(10, seed=3)[::-1].astype(float))
    assert np.array_equal(cohort.embeddings["fmcib"], vectors(seed=1)[:10][::-1].astype(float))
    assert cohort.patients.loc["011"].to_dict() == {"volume": 0.0, "sex": ""}
    assert cohort.patients.loc["002"].to_dict() == {"volume": 9.0, "sex": "F"}
    told = cohort.provenance
    assert (told["patients_in_files"], told["patients_left_out"], told["patient_table"]) == (12, 2, "clinical.csv")
    assert "2 patients not in voco.csv (000, 001)." in told["unmatched"]
    assert "1 patients only in clinical.csv (999)." in told["unmatched"]
    assert "3 patients nothing in clinical.csv (009, 010, 011)." in told["unmatched"]
    assert "001\tnot in voco.csv" in told["import_report"].splitlines()


def test_models_of_one_name_are_told_apart(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_csv(tmp_path / name / "fmcib.csv", vectors())
    cohort = read_own_cohort([tmp_path / "one" / "fmcib.csv", tmp_path / "two" / "fmcib.csv"])
    assert cohort.models == ("fmcib", "fmcib fmcib")


def test_published_pickles_and_own_files_go_together(tmp_path):
    pickle = write_model(tmp_path / "a", "CTFM", ["001", "002", "003", "003"])
    cohort = read_own_cohort([pickle, write_csv(tmp_path / "b.csv", vectors(6), ["001", "002", "003", "004", "005", "006"])])
    assert cohort.models == ("b", "CTFM")
    assert cohort.patient_ids == ("001", "002")
    assert "CT_SeriesInstanceUID" in cohort.patients


@pytest.mark.parametrize(("second", "words"), [
    (["1", "2", "3"], ["no patient in common with a.csv", "expected ids such as '002', found '1'"]),
])
def test_files_without_a_common_patient_say_how_their_ids_look(tmp_path, second, words):
    write_csv(tmp_path / "a.csv", vectors(3))
    write_csv(tmp_path / "b.csv", vectors(3), second)
    with pytest.raises(InputError) as caught:
        read_own_cohort([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert all(word in str(caught.value) for word in words)


def test_a_table_of_other_patients_is_an_error(tmp_path):
    write_csv(tmp_path / "a.csv", vectors(3))
    (tmp_path / "b.csv").write_text("id,sex\nX,F\nY,M\n")
    with pytest.raises(InputError, match=r"b\.csv: none of its 2 patients .* such as '002', found 'X'"):
        read_own_cohort([tmp_path])


def test_one_patient_is_a_cohort(tmp_path):
    assert read_own_cohort([write_csv(tmp_path / "a.csv", vectors(1))]).patient_ids == ("000",)


def test_a_choice_decides_what_is_not_clear(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("case,name,a_0,a_1,b_0,b_1,age\nA,X,1,2,3,4,60\nB,Y,5,6,7,8,61\n")
    one, = previews([path])
    assert len(one.recognition.questions) == 1
    choice = ImportChoice("name", ("a_", "b_"), ("age",), "mine")
    cohort = read_own_cohort([path], {str(path): choice})
    assert (cohort.models, cohort.patient_ids, list(cohort.patients)) == (("a", "b"), ("X", "Y"), ["age"])
    assert cohort.embeddings["b"].tolist() == [[3, 4], [7, 8]]
    assert read_own_cohort([path], {str(path): ImportChoice("case", ("b_",), (), "mine")}).models == ("mine",)
    assert choices_from_text(choices_to_text({str(path): choice})) == {str(path): choice}
    with pytest.raises(InputError, match="no feature columns 'c_'; expected one of 'a_', 'b_'"):
        read_own_cohort([path], {str(path): ImportChoice("case", ("c_",), (), "mine")})
    with pytest.raises(InputError, match="no column 'who'"):
        read_own_cohort([path], {str(path): ImportChoice("who", ("a_",), (), "mine")})


@pytest.mark.parametrize("text", ["[]", "{", '{"a": {}}', '{"a": {"id_column": 1, "prefixes": [], "facets": [], "model": ""}}'])
def test_damaged_choices_are_refused(text):
    with pytest.raises(InputError, match="import options are damaged"):
        choices_from_text(text)


def test_a_preview_survives_json(folder):
    for one in previews([folder]):
        assert FilePreview.from_json(one.to_json()) == one


def test_several_paths_stand_in_one_text(tmp_path):
    assert [str(path) for path in split_paths(" a.csv; b c.npz ;")] == ["a.csv", "b c.npz"]
    (tmp_path / "a;b").mkdir()
    assert split_paths(str(tmp_path / "a;b")) == [tmp_path / "a;b"]


def test_the_worker_asks_when_it_is_not_clear_and_makes_another_cohort_of_another_choice(tmp_path):
    path = tmp_path / "a.csv"
    rows = "".join(f"N{i},C{i},{i},1,{i * i},2\n" for i in range(20))
    path.write_text(f"name,case,a_0,a_1,b_0,b_1\n{rows}")
    arguments = ["--cache", str(tmp_path / "cache"), "--data", str(path)]
    asked, = prepare(arguments, lambda fraction, message="": None)["questions"]
    assert FilePreview.from_json(asked).recognition.questions
    made = []
    for prefix in ("a_", "b_"):
        choices = choices_to_text({str(path): ImportChoice("case", (prefix,), (), "mine")})
        made.append(prepare([*arguments, "--choices", choices], lambda fraction, message="": None)["path"])
    assert len(set(made)) == 2
    assert [read_prepared(file).cohort.embeddings["mine"][3, 0] for file in made] == [11, 121]
    assert preview(["--data", str(path)], lambda fraction, message="": None)["questions"] == [asked]
    assert preview(["--data", str(write_model(tmp_path / "p", "CTFM", ["1"]).parent)],
                   lambda fraction, message="": None) == {"questions": []}


def test_published_folders_are_read_as_ever(real_data):
    assert len(read_data([real_data]).patients) == 289


def test_the_command_line_takes_several_files(folder, tmp_path, capsys):
    out = tmp_path / "out.csv"
    files = [folder / name for name in ("fmcib_features.csv", "ctfm.npz", "clinical.csv")]
    data = [text for path in files for text in ("--data", str(path))]
    assert main(["neighbors", *data, "--k", "2", "--out", str(out)]) == 0
    with open(out, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["model"] for row in rows} == {"ctfm", "fmcib"}
    assert len(rows) == 2 * 12 * 2
    assert main(["hubs", *data, "--k", "2", "--out", str(out)]) == 0
    assert main(["evaluate", *data, "--same-patient", str(out), "--out", str(out)]) == 2
    assert "same-patient retrieval needs all rows" in capsys.readouterr().err


def test_the_command_line_decides_what_is_not_clear(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("case,name,a_0,a_1,b_0,b_1\n" + "".join(f"C{i},N{i},{i},1,{-i},2\n" for i in range(5)))
    command = ["neighbors", "--data", str(path), "--k", "1", "--out", str(tmp_path / "out.csv")]
    assert main(command) == 2
    assert "several sets of numbered columns: a_ (2), b_ (2); expected import options" in capsys.readouterr().err
    assert main([*command, "--id-column", "name", "--feature-prefix", "b_"]) == 0
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("a,most,N0,1,N1,")


def _repeated(tmp_path):
    path = write_csv(tmp_path / "a.csv", vectors(5), ["P1", "P2", "P1", "P3", "P1"],
                     more={"SeriesInstanceUID": ["1.1", "1.2", "1.3", "1.4", "1.5"], "note": list("abcde")})
    (tmp_path / "b.csv").write_text("PatientID,sex\nP1,F\nP2,M\n")
    return [path, tmp_path / "b.csv"]


@pytest.mark.parametrize(("rule", "nodes", "notes"), [
    (RowRule.FIRST, ("P1", "P2", "P3"), "abd"), (RowRule.MEAN, ("P1", "P2", "P3"), "abd"),
    (RowRule.ALL, ("P1 #1", "P1 #2", "P1 #3", "P2", "P3"), "acebd")])
def test_patients_with_several_rows_follow_the_rule(tmp_path, rule, nodes, notes):
    cohort = read_own_cohort(_repeated(tmp_path), rule=rule)
    assert cohort.patient_ids == nodes
    assert "".join(cohort.patients["note"]) == notes
    assert cohort.patients["sex"].tolist() == ["F"] * (len(nodes) - 2) + ["M", ""]
    assert cohort.row_rule is rule
    assert len(set(cohort.node_patients)) == 3
    expected = vectors(5)[["abcde".index(note) for note in notes]].astype(float)
    if rule is RowRule.MEAN:
        units = vectors(5)[[0, 2, 4]] / np.linalg.norm(vectors(5)[[0, 2, 4]], axis=1, keepdims=True)
        units = np.concatenate([units, vectors(5)[[1, 3]] / np.linalg.norm(vectors(5)[[1, 3]], axis=1, keepdims=True)])
        expected = np.stack([units[:3].mean(axis=0), units[3], units[4]])
    assert cohort.embeddings["a"] == pytest.approx(expected, rel=1e-5)


def test_without_a_rule_a_repeated_patient_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"row 4, column 'PatientID': id 'P1' stands in row 2 already; .* another rule"):
        read_own_cohort(_repeated(tmp_path))


def test_a_table_must_have_one_row_per_patient_under_every_rule(tmp_path):
    paths = _repeated(tmp_path)
    paths[1].write_text("PatientID,sex\nP1,F\nP1,M\n")
    with pytest.raises(InputError, match=r"b\.csv, row 3, column 'PatientID': id 'P1' stands in row 2 already"):
        read_own_cohort(paths, rule=RowRule.ALL)


def test_scans_of_a_patient_are_never_paired_with_another_scans_vector(tmp_path):
    rows = {name: [f"{patient},{number + 1},{number * number + 1},{seed + number}"
                   for number, patient in enumerate(["P1", "P1", "P2", "P3", "P3"])] for seed, name in enumerate("ab")}
    rows["b"][0] = "P1,1"                               # of its two scans the first is lost
    for name, lines in rows.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(["PatientID,pred_0,pred_1,pred_2", *lines]))
    cohort = read_own_cohort([tmp_path / "a.csv", tmp_path / "b.csv"], rule=RowRule.ALL)
    assert cohort.patient_ids == ("P2", "P3 #1", "P3 #2")
    assert "P1\tleft out of b.csv: row 2: 2 cells" in cohort.provenance["import_report"]
