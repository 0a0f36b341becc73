"""What notebooks and Slicer's Python console use: its examples are true, its errors are one line, its tables are complete."""
import doctest
import pathlib
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from cohort_factory import write_model
from own_files import write_csv
from test_architecture import ROOMS

import TumorConnectomeLib as tc
from TumorConnectomeLib import notebook
from TumorConnectomeLib.commands.main import main

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURE = ROOT / "Resources/connectome-from-python.svg"
SVG = "{http://www.w3.org/2000/svg}"
FILES = ["--data", "CTFM.csv", "--data", "Merlin.csv"]
IDS = [f"P{number:02d}" for number in range(40)]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The working directory, with the files of the examples: two models of forty patients, and a patient table."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(7)
    for model in ("CTFM", "Merlin"):
        write_csv(tmp_path / f"{model}.csv", random.standard_normal((40, 8)).round(3), IDS)
    (tmp_path / "patients.csv").write_text("PatientID,sex,stage\n" + "".join(
        f"{name},{'FM'[number % 2]},{('I', 'II', 'III', 'IV')[number % 4]}\n" for number, name in enumerate(IDS)))
    return tmp_path


@pytest.fixture
def cohort(files):
    return tc.read_cohort("CTFM.csv", "Merlin.csv", "patients.csv")


def test_the_examples_are_true(files):
    finder, runner, documented = doctest.DocTestFinder(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS), set()
    for example in finder.find(notebook, "notebook", globs=vars(notebook)):
        if example.examples and example.name != "notebook.demo_cohort":         # is in the README, too, and takes long
            documented.add(example.name.partition(".")[2])
            runner.run(example)
    assert runner.summarize(verbose=False).failed == 0
    assert documented == set(tc.__all__) - {"InputError", "demo_cohort"}


def test_the_section_of_the_readme_runs_and_makes_its_picture(demo_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^## From Python\n(.*?)^## ", readme, flags=re.S | re.M)[1]
    names = {}
    code = re.search(r"```python\n(.*?)```", section, flags=re.S)[1]
    assert 'facet="stage"' in code
    exec(code.replace('facet="stage"', 'facet="stage", permutations=19'), names)
    assert len(names["cohort"].patients) == 48 and names["cohort"].synthetic
    made, shown = (ElementTree.parse(path) for path in (tmp_path / "connectome.svg", PICTURE))
    assert f"({PICTURE.relative_to(ROOT).as_posix()})" in section
    texts = [[element.text for element in picture.iter(SVG + "text")] for picture in (made, shown)]
    assert texts[0] == texts[1] and "48 made-up patients, each linked to the 5 most similar" in texts[0][1]
    assert len([*made.iter(SVG + "path")]) == 1
    assert set(re.findall(r"tc\.(\w+)\(", section)) >= set(tc.__all__) - {"InputError", "query"}


def test_the_door_opens_without_loading_what_is_behind_it():
    code = ("import sys; sys.path.insert(0, sys.argv[1]); import TumorConnectomeLib\n"
            "print(*sorted({'pandas', 'qt', 'pydicom', 'TumorConnectomeLib.neighbors'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code, ROOT / "TumorConnectome"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_no_name_is_that_of_a_room():
    assert set(tc.__all__) == set(notebook.NAMES)
    assert not set(tc.__all__) & set(ROOMS)             # importing the room would put it in the function's place
    assert all(callable(getattr(tc, name)) for name in tc.__all__)


@pytest.mark.parametrize(("direction", "match"), [("nearest", "most"), ("farthest", "least")])
def test_neighbors_are_those_of_the_command_line(cohort, direction, match):
    pandas = pytest.importorskip("pandas")
    assert main(["neighbors", *FILES, "--k", "3", "--match", match, "--out", "n.csv"]) == 0
    told, found = pandas.read_csv("n.csv"), tc.find_neighbors(cohort, k=3, direction=direction)
    assert (found.direction == direction).all()
    for name in ("model", "PatientID", "rank", "NeighborPatientID", "cosine_distance", "percentile"):
        assert found[name].tolist() == told[name.replace("Neighbor", "Match")].tolist(), name
    assert len(tc.find_neighbors(cohort, ["merlin"], k=3, direction="all")) == 40 * 3 * 2


def test_evaluation_is_that_of_the_command_line(cohort):
    pandas = pytest.importorskip("pandas")
    assert main(["evaluate", *FILES, "--data", "patients.csv", "--k", "4", "--facet", "STAGE", "--permutations", "19", "--seed",
                 "3", "--out", "e.csv"]) == 0
    told, found = pandas.read_csv("e.csv"), tc.evaluate(cohort, "stage", k=4, permutations=19, seed=3)
    assert found.model.tolist() == told.model.tolist() and "Consensus" in set(found.model)
    assert found.p.tolist() == told.p.tolist() and found.value.tolist() == told.value.tolist()


def test_a_query_finds_the_patient_whose_vector_it_is(cohort):
    found = tc.query(cohort, cohort.embeddings["Merlin"][3], "merlin", k=40, direction=["nearest", "farthest"])
    assert found.groupby("direction").size().tolist() == [40, 40]
    assert found.NeighborPatientID[0] == "P03" and found.cosine_distance[0] == 0.0
    assert found.NeighborPatientID.iloc[-1] == "P03"


def test_places_are_those_of_the_picture(cohort):
    places = tc.map_patients(cohort)
    assert places.groupby("model").size().to_dict() == {"CTFM": 40, "Merlin": 40}
    picture = tc.draw(cohort, "Merlin", color="sex", k=2, width=700, height=500)
    discs = [element for element in ElementTree.fromstring(picture.svg).iter(SVG + "circle") if len(element)]
    drawn = np.array([[float(disc.get("cx")), -float(disc.get("cy"))] for disc in discs])
    expected = places[places.model == "Merlin"][["x", "y"]].to_numpy()
    scale = np.ptp(drawn, axis=0) / np.ptp(expected, axis=0)
    assert scale[0] == pytest.approx(scale[1], rel=0.01)
    np.testing.assert_allclose(drawn - drawn.mean(axis=0), (expected - expected.mean(axis=0)) * scale, atol=0.2)
    assert [disc[0].text.splitlines()[0] for disc in discs] == IDS
    assert (drawn >= [0, -500]).all() and (drawn <= [700, 0]).all()
    assert picture._repr_svg_() == picture.svg
    assert "principal components" in tc.draw(cohort, "Merlin", map="PCA").svg


def test_names_of_patients_and_columns_are_shown_as_they_are(files):
    ids = ["<b>&", "a]]>b", '"q"', "z"]
    write_csv(files / "odd.csv", np.eye(4, 5) + 0.1, ids, more={"kind<i>": ["a&b", "a&b", "c", "c"]})
    odd = tc.read_cohort("odd.csv")
    picture = ElementTree.fromstring(tc.draw(odd, "odd", color="kind<i>", k=1).svg)
    texts = [element.text for element in picture.iter()]
    assert any(text and text.startswith("<b>&\n") for text in texts) and "a&b (2)" in texts


def test_where_rows_are_nodes_it_is_told_and_each_patient_counts_once(tmp_path):
    write_model(tmp_path / "data", "A", [*range(10, 22), 20, 21], labels_de_stag_mapped=100)
    cohort = tc.read_cohort(tmp_path / "data", rows="ALL")
    found = tc.find_neighbors(cohort, k=13)
    assert len(cohort.patients) == 14 and found.same_patient.sum() == 4
    assert tc.evaluate(cohort, "cancer_type", permutations=9).n.max() == 12


@pytest.mark.parametrize(("call", "text"), [
    (lambda c: tc.read_cohort(), "no files"),
    (lambda c: tc.read_cohort("CTFM.csv", rows="some"),
     "no row rule 'some'; expected all or some of single, first, latest, all, mean"),
    (lambda c: tc.read_cohort("CTFM.csv", id_column="name"), "no file has a column 'name'"),
    (lambda c: tc.read_cohort("CTFM.csv", categories="site"), "no file has a column 'site'"),
    (lambda c: tc.find_neighbors(c, "x"), "no model 'x'; expected all or some of CTFM, Merlin"),
    (lambda c: tc.find_neighbors(c, 3), "a model of type int"),
    (lambda c: tc.find_neighbors(c, k=40), "k = 40; expected 1 to 39 for 40 patients"),
    (lambda c: tc.find_neighbors(c, k=2.5), "k is 2.5; expected a whole number"),
    (lambda c: tc.find_neighbors(c, direction="most"), "no direction 'most'; expected all or some of nearest, farthest"),
    (lambda c: tc.query(c, [1, 2], "CTFM"), "the vector has 2 numbers; expected 8"),
    (lambda c: tc.query(c, "text", "CTFM"), "a vector of str"),
    (lambda c: tc.query(c, [np.nan] * 8, "CTFM"), "not finite"),
    (lambda c: tc.query(c, [1.0] * 8, "all"), "several of model: CTFM, Merlin; expected one"),
    (lambda c: tc.query(c, [1.0] * 8, "CTFM", k=41), "k = 41; expected 1 to 40"),
    (lambda c: tc.map_patients(c, map="globe"), "no map 'globe'"),
    (lambda c: tc.evaluate(c, "mood"), "no facet 'mood'"),
    (lambda c: tc.evaluate(c, permutations=0), "0 permutations"),
    (lambda c: tc.evaluate(c, seed=-1), "the seed is -1"),
    (lambda c: tc.draw(c, "CTFM", color="mood"), "no facet 'mood'"),
    (lambda c: tc.draw(c, "CTFM", k=99), "k = 99 neighbors; expected 0 to 39"),
    (lambda c: tc.draw(c, "CTFM", width=5), "a picture of 5 x 640 pixels"),
    (lambda c: tc.draw(c, "CTFM").save("connectome.png"), "expected a file name that ends in .svg"),
])
def test_what_is_wrong_is_said_in_one_line(cohort, call, text):
    with pytest.raises(tc.InputError) as error:
        call(cohort)
    assert text in str(error.value) and "\n" not in str(error.value)
