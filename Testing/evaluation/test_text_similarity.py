"""Similarity to a text: what its numbers are, whether they tell labels apart, and which files of texts are refused."""
import numpy as np
import pytest
from cohort_factory import cohort
from evaluation_samples import labeled_cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.text_similarity import TEXT_COLUMN, Phrase, text_similarity, with_text_similarity
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.evaluation.scores import auroc
from TumorConnectomeLib.evaluation.text_scores import auroc_limits, text_scores
from TumorConnectomeLib.readers.text_vectors import read_text_vectors


def save(path, names=("a nodule", "a liver"), vectors=((1.0, 0, 0), (0, 2.0, 0)), **more):
    np.savez(path, names=np.array(names), vectors=np.array(vectors), **more)
    return path


def test_a_similarity_is_the_cosine_and_a_contrast_the_difference():
    rows = np.array([[2.0, 0, 0], [3.0, 3.0, 0], [0, -1.0, 0]])
    first, second = np.array([5.0, 0, 0]), np.array([0, 7.0, 0])
    np.testing.assert_allclose(text_similarity(rows, first), [1, 0.5 ** 0.5, 0], atol=1e-12)
    np.testing.assert_allclose(text_similarity(rows, first, second), [1, 0, 1], atol=1e-12)
    with pytest.raises(InputError, match="has 2 numbers; expected 3"):
        text_similarity(rows, first[:2])


def test_the_column_colors_the_patients_and_says_that_it_is_an_experiment():
    made = cohort(6)
    joined = with_text_similarity(made, Phrase("A", "a nodule", "a liver"), np.linspace(-1, 1, 6))
    facet = joined.facets[TEXT_COLUMN]
    assert facet.title == '"a nodule" rather than "a liver"' and "trained on abdominal CT" in facet.note
    np.testing.assert_array_equal(facet.numbers, np.linspace(-1, 1, 6))
    assert TEXT_COLUMN not in made.patients and TEXT_COLUMN not in made.facets
    again = with_text_similarity(joined, Phrase("A", "a nodule"), np.zeros(6))
    assert again.facets[TEXT_COLUMN].title == 'Similarity to "a nodule"'


def test_a_number_that_knows_a_label_has_a_small_p_and_a_random_one_has_not():
    random = np.random.default_rng(3)
    made = labeled_cohort(random, {"kind": (np.arange(60) % 3, ("x", "y", "z"), False)}, count=60)
    made = with_text_similarity(made, Phrase("A", "x"), np.where(np.arange(60) % 3 == 0, 1.0, 0.0) + random.random(60))
    table = text_scores(made, TEXT_COLUMN, ["kind"], 500).set_index(["facet", "category"])
    own = table.loc[("kind", "x")]
    assert own["auroc"] == auroc(np.arange(60) % 3 == 0, made.patients[TEXT_COLUMN].to_numpy()) == 1.0
    assert own["q"] < 0.01 and own["positives"] == 20 and own["n"] == 60 and own["chance"] == 0.5
    assert table.loc["kind", "auroc"]["y"] < 0.5 and set(table.loc["kind"].index) == {"x", "y", "z"}
    control = table.loc[("random", "A")]
    assert control["p"] > 0.05 and control["ci_low"] < 0.5 < control["ci_high"] and control["q"] == control["p"]


def test_p_values_under_the_null_are_uniform_and_intervals_hold_chance():
    held, small = 0, 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        made = labeled_cohort(random, {"kind": (random.permutation(np.arange(60) % 2), ("x", "y"), False)}, count=60)
        made = with_text_similarity(made, Phrase("A", "x"), np.round(random.standard_normal(60), 1))    # with ties
        row = text_scores(made, TEXT_COLUMN, ["kind"], 200).iloc[0]
        held += row["ci_low"] <= 0.5 <= row["ci_high"]
        small += row["p"] <= 0.2
    assert 52 <= held <= 60 and 4 <= small <= 21        # binomial 60: 0.95 and 0.2, one in a thousand at each end


def test_the_interval_is_that_of_delong():
    labels, numbers = np.array([1, 1, 1, 0, 0, 0, 0], bool), np.array([0.9, 0.4, 0.7, 0.5, 0.1, 0.3, 0.2])
    above = numbers[labels][:, None] > numbers[~labels]
    error = np.sqrt(above.mean(1).var(ddof=1) / 3 + above.mean(0).var(ddof=1) / 4)
    low, high = auroc_limits(labels, numbers)
    assert low < 0 < high and 1.5 * error < (high - low) / 2 < 4 * error       # few patients: Student's t, more than 1.96


@pytest.mark.parametrize(("change", "problem"), [
    ({"names": ("a", "a")}, "stands in it twice"), ({"names": ("a", "")}, "the name ''"), ({"names": ("a",)}, "1 names for 2"),
    ({"vectors": ((1.0, 0), (0, 0))}, "row 2: the text 'a liver': the vector has only zeros"),
    ({"vectors": ((np.nan, 0), (0, 1))}, "row 1: .*missing"), ({"vectors": (1.0, 2.0)}, "'vectors' holds float64 of shape"),
    ({"names": (1, 2)}, "'names' holds int64"), ({"names": ("a\x1b[2J", "b")}, "printable")])
def test_a_file_of_texts_that_can_not_be_used_names_what_is_wrong(tmp_path, change, problem):
    with pytest.raises(InputError, match=problem):
        read_text_vectors(save(tmp_path / "texts.npz", **change))


def test_a_file_with_objects_is_refused_and_not_unpickled(tmp_path):
    np.savez(tmp_path / "texts.npz", names=np.array(["a", object()], object), vectors=np.eye(2))
    with pytest.raises(InputError, match="'names' holds object"):
        read_text_vectors(tmp_path / "texts.npz")
    np.savez(tmp_path / "other.npz", x=np.eye(2))
    with pytest.raises(InputError, match="no array 'names', only x"):
        read_text_vectors(tmp_path / "other.npz")
    with pytest.raises(InputError, match="expected an .npz file with the arrays"):
        read_text_vectors(tmp_path / "texts.csv")


def test_the_command_writes_scores_and_similarities(tmp_path, capsys):
    random = np.random.default_rng(1)
    vectors, kinds = random.standard_normal((30, 3)), np.arange(30) % 2
    vectors[:, 0] += 3 * kinds
    lines = ["PatientID,kind,pred_0,pred_1,pred_2"]
    lines += [f"P{row:02d},{'xy'[kinds[row]]},{','.join(map(repr, map(float, vectors[row])))}" for row in range(30)]
    (tmp_path / "Merlin.csv").write_text("\n".join(lines))
    texts, out, values = save(tmp_path / "texts.npz"), tmp_path / "out.csv", tmp_path / "values.csv"
    arguments = ["text", "--data", str(tmp_path / "Merlin.csv"), "--texts", str(texts), "--phrase", "a nodule"]
    arguments += ["--out", str(out)]
    assert main([*arguments, "--values", str(values), "--permutations", "200"]) == 0
    rows = [line.split(",") for line in out.read_text().splitlines()]
    assert rows[1][:3] == ["text_similarity", "kind", "x"] and float(rows[1][5]) < 0.3 and float(rows[1][10]) < 0.05
    first = values.read_text().splitlines()[1].split(",")
    assert first[0] == "P00" and float(first[1]) == pytest.approx(vectors[0, 0] / np.linalg.norm(vectors[0]), abs=1e-6)
    assert main([*arguments[:-4], "--phrase", "a bone", "--out", str(out)]) == 2
    assert "no text 'a bone'; expected one of its 2 names" in capsys.readouterr().err
    numbers = tmp_path / "numbers.csv"
    assert main(["evaluate", *arguments[1:-2], "--facet", "text_similarity", "--permutations", "50", "--k", "3",
                 "--numbers", str(numbers), "--within", "", "--out", str(out)]) == 0
    assert numbers.read_text().splitlines()[1].startswith("Merlin,text_similarity,3,30,")
