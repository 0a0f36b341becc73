"""Query by vector: exact neighbors, a place near where the vector belongs, and every way to hand a vector over."""
import csv
import json

import numpy as np
import pytest
from cohort_factory import published_cohort
from own_files import frame, ids, vectors, write_csv

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.commands.query import query_command, rows_command
from TumorConnectomeLib.connectome.analysis import analyze
from TumorConnectomeLib.connectome.prepared import PreparedCohort, write_prepared
from TumorConnectomeLib.connectome.query import QueryResult, query
from TumorConnectomeLib.layout.layout import force_layout, neighbor_graph, unit_radius
from TumorConnectomeLib.layout.out_of_sample import attraction_to, natural_scale, place_of
from TumorConnectomeLib.neighbors.distance_scale import DistanceScale
from TumorConnectomeLib.neighbors.exact_cosine import exact_distances, fixed_point, unit_vectors
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists
from TumorConnectomeLib.readers.own_cohort import read_own_cohort
from TumorConnectomeLib.readers.vectors import parse_vector, read_vectors

QUIET = lambda fraction, message="": None               # noqa: E731


def clusters(count=90, groups=3, seed=0):
    """Vectors in separate groups; the group of row i is i % groups."""
    random = np.random.default_rng(seed)
    centers = 4 * random.standard_normal((groups, 16))
    return (centers[np.arange(count) % groups] + random.standard_normal((count, 16))).astype(np.float32)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """90 patients in three groups, and their analysis."""
    path = write_csv(tmp_path_factory.mktemp("query") / "CTFM.csv", clusters(), [f"P{number:02d}" for number in range(90)])
    cohort = read_own_cohort([path])
    return cohort, analyze(cohort)["CTFM"]


def ask(cohort, vector, k=5):
    found, analysis = cohort
    return query(vector, found.embeddings["CTFM"], found.patient_ids, k, label="new", model="CTFM", analysis=analysis)


@pytest.mark.parametrize("match", list(Match))
def test_neighbors_are_those_that_the_vector_would_have_in_the_cohort(cohort, match):
    new = clusters(1, seed=5)[0].astype(float)
    together = neighbor_lists(np.vstack([cohort[0].embeddings["CTFM"], new]), 7)[match]
    found = ask(cohort, new, 7).of(match)
    assert [cohort[0].patient_ids.index(one.patient_id) for one in found] == together.indices[-1].tolist()
    assert [one.distance for one in found] == together.distances[-1].tolist()
    assert [one.rank for one in found] == list(range(1, 8))


def test_percentiles_are_among_the_pairs_of_the_cohort(cohort):
    fixed = fixed_point(unit_vectors(cohort[0].embeddings["CTFM"]))
    pairs = DistanceScale(exact_distances(fixed, fixed)[np.triu_indices(90, 1)])
    for one in ask(cohort, clusters(1, seed=6)[0]).neighbors:
        assert one.percentile == pairs.percentile(np.array([one.distance]))[0]


def test_a_patient_of_the_cohort_is_its_own_nearest(cohort):
    found = ask(cohort, cohort[0].embeddings["CTFM"][12]).of(Match.MOST)[0]
    assert (found.patient_id, found.distance, found.percentile) == ("P12", 0.0, 100.0)


@pytest.mark.parametrize("group", range(3))
def test_the_place_is_inside_the_group_that_it_belongs_to(cohort, group):
    positions = cohort[1].positions
    new = clusters(93)[90 + group]                      # the same groups, other patients
    place = np.array(ask(cohort, new).place)
    distance = np.hypot(*(positions - place).T)
    assert set(np.argsort(distance)[:10] % 3) == {group}


def _left_out(row, distances, lists, positions):
    """Arguments of `place_of` as if a patient had never been in the cohort."""
    kept = np.flatnonzero(np.arange(len(positions)) != row)
    nearest, near = np.empty((len(kept), 15), int), np.empty((len(kept), 15))
    for number, other in enumerate(kept):
        others = lists.indices[other] != row
        rows = lists.indices[other][others][:15]
        nearest[number], near[number] = rows - (rows > row), lists.distances[other][others][:15]
    return distances[row, kept], positions[kept], nearest, near


@pytest.mark.parametrize(("model", "limit"), [("CTFM", 0.1), ("Merlin", 0.15), ("SUPREME", 0.25)])
def test_published_patients_that_are_left_out_come_back_near_their_place(real_data, model, limit):
    """The root mean square radius of a layout is 1; two random patients are 1.2 apart."""
    cohort = published_cohort(real_data)
    lists = neighbor_lists(cohort.embeddings[model], 16)[Match.MOST]
    positions = unit_radius(_layout(cohort.embeddings[model], lists))
    fixed = fixed_point(unit_vectors(cohort.embeddings[model]))
    distances = exact_distances(fixed, fixed)
    rows = range(0, len(positions), 12)
    errors = [np.hypot(*(place_of(*_left_out(row, distances, lists, positions)) - positions[row])) for row in rows]
    weights = np.arange(15, 0, -1) / 120
    mean_of_neighbors = [np.hypot(*(weights @ positions[lists.indices[row, :15]] - positions[row])) for row in rows]
    assert np.median(errors) < limit
    assert np.median(errors) < 0.6 * np.median(mean_of_neighbors)


def _layout(embedding, lists):
    from TumorConnectomeLib.layout.layout import principal_axes

    return force_layout(neighbor_graph(lists.indices[:, :15]), principal_axes(unit_vectors(embedding)))


def test_the_scale_of_a_layout_is_found_again(cohort):
    nearest = cohort[1].neighbors[Match.MOST].indices
    forced = force_layout(neighbor_graph(nearest[:, :15]), 3 * cohort[1].positions, exaggerated=0)
    radius = np.sqrt((forced ** 2).sum(axis=1).mean())
    assert natural_scale(unit_radius(forced), nearest)[0] == pytest.approx(radius, rel=0.25)


def test_the_place_does_not_depend_on_how_the_layout_is_turned(cohort):
    found, analysis = cohort
    lists = analysis.neighbors[Match.MOST]
    fixed = fixed_point(unit_vectors(found.embeddings["CTFM"]))
    distances = exact_distances(fixed_point(unit_vectors(clusters(1, seed=7))), fixed)[0]
    place = place_of(distances, analysis.positions, lists.indices, lists.distances)
    assert np.array_equal(place, place_of(distances, analysis.positions, lists.indices, lists.distances))
    turned = analysis.positions @ np.array([[0, 1], [-1, 0]])
    assert place_of(distances, turned, lists.indices, lists.distances) == pytest.approx([-place[1], place[0]], abs=1e-4)


def test_attraction_counts_both_lists():
    pull = attraction_to(np.array([0.1, 0.2, 0.9]), np.array([[0.3, 0.4], [0.1, 0.15], [0.2, 0.3]]))
    # own list: weights 3, 2, 1 of 6; it would be first for patient 0 and beyond the lists of the others
    assert pull.tolist() == pytest.approx([(3 + 3) / 6 / 4, 2 / 6 / 4, 1 / 6 / 4])


def test_an_unusual_vector_is_said_to_be(cohort):
    usual, odd = ask(cohort, clusters(93)[90]), ask(cohort, -clusters(93)[90:].mean(axis=0))
    assert usual.nearer < 90 < odd.nearer == 100.0
    assert usual.kept >= 5


@pytest.mark.parametrize(("vector", "k", "words"), [
    (np.ones(15), 5, "the vector has 15 numbers; expected 16"), (np.ones((2, 16)), 5, "has 32 numbers"),
    (np.zeros(16), 5, "only zeros"), (np.ones(16), 0, "k = 0"), (np.ones(16), 91, "1 to 90"),
])
def test_what_does_not_fit_is_refused(cohort, vector, k, words):
    with pytest.raises(InputError, match=words):
        ask(cohort, vector, k)


@pytest.mark.parametrize("text", [
    "1, -2.5,3e-3", "1 -2.5 3e-3", "1\n-2.5\n3e-3\n", "1;-2,5;0,003", "1\t-2.5\t0.003", "[1, -2.5, 0.003]",
    "[[1, -2.5, 0.003]]", "[ 1.  -2.5\n 3.e-03]", "array([ 1.  , -2.5  ,\n  0.003], dtype=float32)",
    "tensor([1.0000, -2.5000, 0.0030], device='cuda:0', grad_fn=<AddBackward0>)", "[np.float64(1.0), np.float64(-2.5), 0.003]",
    '{"embedding": [1, -2.5, 0.003]}', " 1, -2.5, .003, ",
])
def test_pasted_numbers_are_understood(text):
    assert parse_vector(text).tolist() == [1, -2.5, 0.003]


@pytest.mark.parametrize(("text", "words"), [
    ("", "empty; expected numbers"), ("1 2 x 4", "number 3 is 'x'"), ("1 2 nan", "number 3 is nan; expected finite"),
    ("1 1e999", "number 2 is inf"), ("0 0 0", "only zeros"), ("1", "1 numbers; expected 2"), ("1 2_0", "number 2 is '2_0'"),
    ('["a"]', "no list of numbers"), ("[[1, 2], [3, 4]]", "no list of numbers"), ("{" * 9999, "JSON"), ("[" * 9999, "empty"),
    ("[1, 2, ..., 4]", "left out"),
    ("[1" + "0" * 400 + ", 2]", "too large"), ("[true, false]", "no list"),
])
def test_other_text_is_refused_with_its_place(text, words):
    with pytest.raises(InputError, match=words.replace("[", r"\[")):
        parse_vector(text)


def test_files_of_one_vector_and_of_many_rows(tmp_path):
    one = vectors(1)[0]
    (tmp_path / "a.txt").write_text("\n".join(map(repr, one.tolist())))
    (tmp_path / "b.json").write_text(json.dumps(one.tolist()))
    np.save(tmp_path / "c.npy", one)
    for name in ("a.txt", "b.json", "c.npy"):
        rows = read_vectors(tmp_path / name)
        assert rows.labels == [name[0]]
        assert np.array_equal(rows.models[""][0], one.astype(rows.models[""].dtype))
    np.save(tmp_path / "d.npy", vectors())
    assert read_vectors(tmp_path / "d.npy").labels[:2] == ["row 1", "row 2"]
    frame(vectors()).to_parquet(tmp_path / "e.parquet")
    rows = read_vectors(tmp_path / "e.parquet")
    assert np.array_equal(rows.models["e"][rows.row_of("003", "e")], vectors()[8])


@pytest.mark.parametrize(("name", "content", "words"), [
    ("a.csv", "id,sex\nA,F\n", "no numbered feature columns"), ("a.json", "{}", "no list of numbers"),
    ("a.png", "x", ".png' are not known"), ("a.txt", "1 2 x", "number 3 is 'x'"),
    ("a.csv", "1.5,2.5,x", "header: the first line holds numbers"),
])
def test_files_without_a_vector_are_refused(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=words):
        read_vectors(tmp_path / name)


def test_the_right_set_of_features_is_taken(tmp_path):
    np.savez(tmp_path / "a.npz", ids=np.array(ids()), CTFM=vectors(length=16), Merlin=vectors(length=8), Voco=vectors(length=8))
    rows = read_vectors(tmp_path / "a.npz")
    assert rows.model_for("ctfm", 16, "a") == "CTFM"
    assert rows.model_for("other", 16, "a") == "CTFM"
    with pytest.raises(InputError, match="several sets of features have 8 dimensions"):
        rows.model_for("other", 8, "a")
    with pytest.raises(InputError, match="no sets of features have 9"):
        rows.model_for("other", 9, "a")


def test_the_worker_answers_with_the_vector_and_its_place(cohort, tmp_path):
    found, analysis = cohort
    write_prepared(tmp_path / "p.npz", PreparedCohort(found, {"CTFM": analysis}))
    new = clusters(93)[91]
    (tmp_path / "pasted.txt").write_text(", ".join(map(repr, new.tolist())))
    common = ["--prepared", str(tmp_path / "p.npz"), "--model", "CTFM", "--k", "3"]
    answer = query_command([*common, "--text", str(tmp_path / "pasted.txt"), "--label", "Mine"], QUIET)
    assert QueryResult.from_json(json.loads(json.dumps(answer["result"]))) == query(
        new, found.embeddings["CTFM"], found.patient_ids, 3, label="Mine", model="CTFM", analysis=analysis)
    assert answer["vector"] == new.tolist()
    path = write_csv(tmp_path / "rows.csv", clusters(93)[90:], ["X", "Y", "Z"])
    assert rows_command(["--vector", str(path)], QUIET) == {"rows": ["X", "Y", "Z"], "count": 3}
    chosen = query_command([*common, "--vector", str(path), "--row", "Y"], QUIET)
    assert (chosen["result"]["label"], chosen["vector"]) == ("Y", new.tolist())
    with pytest.raises(InputError, match="it has 3 rows, and none is chosen; expected the id of one .--row., such as 'X'"):
        query_command([*common, "--vector", str(path)], QUIET)


def test_the_command_writes_both_ends(tmp_path, capsys):
    data = write_csv(tmp_path / "CTFM.csv", clusters())
    vector = write_csv(tmp_path / "new.csv", clusters(93)[90:], ["X", "Y", "Z"])
    out = tmp_path / "out.csv"
    command = ["query", "--data", str(data), "--model", "ctfm", "--vector", str(vector), "--k", "4", "--out", str(out)]
    assert main(command) == 2
    assert "it has 3 rows" in capsys.readouterr().err
    assert main([*command, "--row", "Y"]) == 0
    with open(out, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["query"], row["model"], row["match"], row["rank"]) for row in rows] == [
        ("Y", "CTFM", match, str(rank)) for match in ("most", "least") for rank in (1, 2, 3, 4)]
    cohort = read_own_cohort([data])
    expected = query(clusters(93)[91], cohort.embeddings["CTFM"], cohort.patient_ids, 4, label="", model="")
    assert [float(row["cosine_distance"]) for row in rows] == [one.distance for one in expected.neighbors]
    assert main([*command[:4], "all", *command[5:]]) == 2
