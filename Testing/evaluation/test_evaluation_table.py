"""The evaluation table: the published figures, controls, families of tests, and cohorts at the limits."""
import numpy as np
import pandas as pd
import pytest
from cohort_factory import published_cohort
from evaluation_samples import labeled_cohort, patient_values

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.cohort import Cohort, Facet
from TumorConnectomeLib.evaluation.controls import random_facet
from TumorConnectomeLib.evaluation.metrics import METRICS, NDCG, PRECISION, R_PRECISION
from TumorConnectomeLib.evaluation.permutation import benjamini_hochberg
from TumorConnectomeLib.evaluation.table import COLUMNS, MORE_COLUMNS, evaluate, evaluate_all

#: P@5 over the mean of 2,000 permutations, and P@5 for the body side, as measured by others on the same embeddings
PUBLISHED_LIFTS = {"CTFM": {"words": 1.03, "stage": 1.21, "sex": 1.04}, "Merlin": {"words": 0.98, "stage": 1.16, "sex": 1.07},
                   "SUPREME": {"words": 1.05, "stage": 1.13, "sex": 0.97},
                   "CTClipVit": {"words": 1.00, "stage": 1.00, "sex": 0.96}}
PUBLISHED_SIDES = {"CTFM": 0.84, "Merlin": 0.60, "SUPREME": 0.66, "CTClipVit": 0.64}


def group_by_words(name):
    """The histological group as the published dashboard finds it, by words of the name; the first that fits."""
    name = name.lower()
    words = {"Small cell": ["small cell"] if "non-small" not in name else [], "Squamous": ["squamous", "sq. cell"],
             "Large cell": ["large cell"], "Adenocarcinoma": ["adenocarcinoma", "mucinous", "lepidic", "acinar", "bronchiolo"]}
    return next((group for group, parts in words.items() if any(part in name for part in parts)), "Other")


@pytest.fixture(scope="module")
def published(real_data):
    """The published cohort, with the published grouping beside ours, and its table."""
    cohort = published_cohort(real_data)
    names = ("Small cell", "Squamous", "Large cell", "Adenocarcinoma", "Other")
    words = Facet("words", "Cancer type by words", names,
                  [names.index(group_by_words(name)) for name in cohort.patients["cancer_type"]])
    assert words.counts.tolist() == [21, 77, 20, 147, 24]
    cohort = Cohort(cohort.name, cohort.patients, cohort.embeddings, {**cohort.facets, "words": words})
    table = evaluate(cohort, facets=["words", "cancer_type", "stage", "sex"], metrics=[PRECISION])
    return table.set_index(["model", "facet"])


@pytest.mark.parametrize("model", PUBLISHED_LIFTS)
def test_the_published_lifts_come_out(published, model):
    for facet, lift in PUBLISHED_LIFTS[model].items():
        assert published.loc[(model, facet), "lift"] == pytest.approx(lift, abs=0.02)
    assert published.loc[(model, "body_side"), "value"] == pytest.approx(PUBLISHED_SIDES[model], abs=0.005)
    assert published.loc[(model, "body_side"), "chance"] == pytest.approx(0.52, abs=0.005)


def test_grouping_by_code_changes_little(published):
    lifts = published["lift"].unstack()
    assert (lifts["cancer_type"] - lifts["words"]).abs().max() < 0.02


def test_what_holds_on_the_published_cohort(published):
    found = published["q"].unstack() <= 0.05
    assert found.index[found["stage"]].tolist() == ["CTFM", "Consensus", "Merlin", "VISTA3D"]
    assert not found[["cancer_type", "words", "sex", "random"]].any(axis=None)
    assert found["body_side"].all()
    assert (published["n"] == 289).all()


@pytest.fixture(scope="module")
def cohort():
    random = np.random.default_rng(30)
    stage, sex = random.integers(3, size=40), random.integers(3, size=40)
    side = (random.integers(2, size=40), ("Left", "Right"), False)
    return labeled_cohort(random, {"stage": (stage, ("I", "II", "III"), True), "sex": (sex, ("M", "F", "Unknown"), False),
                                    "body_side": side})


@pytest.fixture(scope="module")
def table(cohort):
    return evaluate(cohort, permutations=200)


def test_there_is_a_row_for_every_model_facet_and_metric(table):
    assert list(table) == [*COLUMNS, *MORE_COLUMNS]
    wanted = [(model, facet, metric) for model in ("A", "b", "Consensus") for facet in ("stage", "sex", "body_side", "random")
              for metric in METRICS]
    assert list(table[["model", "facet", "metric"]].itertuples(index=False, name=None)) == wanted
    assert table["k"].isna().tolist() == (table["metric"] == R_PRECISION).tolist()
    assert table["role"].drop_duplicates().tolist() == ["tested", "positive control", "negative control"]


def test_figures_of_a_row_belong_together(cohort, table):
    assert (table["lift"] * table["chance"]).to_numpy() == pytest.approx(table["value"].to_numpy(), abs=1e-12)
    assert (table["ci_low"] <= table["lift"]).all() and (table["lift"] <= table["ci_high"]).all()
    for row in table.to_dict("records"):
        if row["facet"] != "random":
            values = patient_values(cohort, row["model"], row["facet"], row["metric"], 5)
            assert np.nanmean(values) == pytest.approx(row["value"], abs=1e-12)
            assert np.count_nonzero(~np.isnan(values)) == row["n"] == 40 - row["unknown"] - row["without_target"]


def test_each_control_is_a_family_of_its_own(table):
    tested = table["role"] == "tested"
    for family in (tested, table["facet"] == "random", table["facet"] == "body_side"):
        for q, p in (("q", "p"), ("q_below", "p_below")):
            assert table.loc[family, q].to_numpy() == pytest.approx(benjamini_hochberg(table.loc[family, p]), abs=1e-15)


def test_false_alarms_of_the_negative_control_are_as_rare_as_promised():
    """Among the positive control, whose p values are all small, q of the random groups would be hardly more than p."""
    side, alarms = np.arange(60) % 2, 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        vectors = random.standard_normal((60, 4)) + 3 * side[:, None]
        made = labeled_cohort(random, {"body_side": (side, ("Left", "Right"), False)}, 60, models=["A"])
        found = evaluate(Cohort("Test", made.patients, {"A": vectors}, made.facets), permutations=100, seed=seed)
        alarms += (found.loc[found["facet"] == "random", "q"] <= 0.05).any()
    assert alarms <= 6


def test_the_controls_are_there_whatever_is_asked_for(cohort, table):
    asked = evaluate(cohort, ["b"], ["sex"], permutations=200)
    assert asked["facet"].drop_duplicates().tolist() == ["sex", "body_side", "random"]
    same = table[(table["model"] == "b") & table["facet"].isin(["sex", "body_side", "random"])].reset_index(drop=True)
    drawn = ["q", "q_below", "p", "p_below", "permutations"]    # how many permutations there are depends on all tests
    assert asked.drop(columns=drawn).equals(same.drop(columns=drawn))  # figures do not depend on what else is asked for


def test_all_models_get_the_same_permutations_and_resamples(cohort):
    twins = Cohort("Twins", cohort.patients, {"A": cohort.embeddings["A"], "b": cohort.embeddings["A"]}, cohort.facets)
    found = evaluate(twins, permutations=50)
    one, other = (found[found["model"] == model].drop(columns=["model", "q"]).reset_index(drop=True) for model in ("A", "b"))
    assert one.equals(other)


def test_the_seed_changes_what_is_random_only(cohort, table):
    other = evaluate(cohort, permutations=200, seed=1)
    drawn = table["facet"] == "random"
    assert other.loc[~drawn, "value"].equals(table.loc[~drawn, "value"])
    assert not np.isclose(other.loc[drawn, "value"].to_numpy(), table.loc[drawn, "value"].to_numpy()).all()
    assert not other["p"].equals(table["p"])


def test_every_facet_has_permutations_of_its_own():
    side = (np.arange(40) % 2, ("Left", "Right"), False)
    found = evaluate(labeled_cohort(np.random.default_rng(32), {"a": side, "c": side}), permutations=50)
    one, other = (found.loc[found["facet"] == key, "p"].to_numpy() for key in "ac")
    assert not np.array_equal(one, other)
    one, other = (found.loc[found["facet"] == key, "chance"].to_numpy() for key in "ac")
    assert np.array_equal(one, other)                   # exact


def test_random_groups_are_equally_large():
    assert random_facet(41, 0).counts.tolist() == [21, 20]
    assert random_facet(41, 0).codes.tolist() == random_facet(41, 0).codes.tolist() != random_facet(41, 1).codes.tolist()


def rows_for(codes, names, ordered=False, k=5):
    """Rows by metric of one model for one facet."""
    cohort = labeled_cohort(np.random.default_rng(31), {"f": (codes, names, ordered)}, len(codes), ["A"])
    found = evaluate(cohort, k=k, permutations=99)
    return found[found["facet"] == "f"].set_index("metric")


def test_a_single_category_shows_nothing():
    found = rows_for([0] * 12, ("all",))
    assert found[["value", "chance", "lift", "p", "q"]].to_numpy() == pytest.approx(np.ones((4, 5)))
    assert found[["ci_low", "ci_high", "of_possible"]].isna().all(axis=None)   # nothing varies, nothing is possible


@pytest.mark.parametrize("ordered", [False, True])
def test_with_one_patient_per_category_there_is_nothing_to_tell(ordered):
    found = rows_for(np.arange(9), tuple("abcdefghi"), ordered)
    binary = found.drop(index=NDCG) if ordered else found
    assert (binary["n"] == 0).all() and (binary["without_target"] == 9).all()
    assert binary[["value", "chance", "lift", "ci_low", "ci_high", "p", "q", "value_ci_low"]].isna().all(axis=None)
    assert not ordered or found.loc[NDCG, ["value", "p", "q"]].notna().all()


@pytest.mark.parametrize("known", [0, 1])
def test_without_two_known_patients_there_is_nothing_to_tell(known):
    found = rows_for([0] * known + [1] * (8 - known), ("a", "Unknown"))
    assert (found["n"] == 0).all() and (found["unknown"] == 8 - known).all()
    assert found[["value", "chance", "lift", "p", "q"]].isna().all(axis=None)


def test_k_is_cut_to_the_known_targets():
    found = rows_for([0, 0, 1, 1, 2, 2, 2, 2], ("a", "b", "Unknown"), k=6)
    assert (found.loc[[PRECISION, NDCG], "k"] == 3).all()
    assert found.loc[PRECISION, "value"] == pytest.approx(1 / 3)   # all three targets, of which one is relevant
    assert found.loc[PRECISION, "p"] == 1


def test_k_may_be_larger_than_a_category():
    found = rows_for([0, 0, 0, 1, 1, 1, 1, 1, 1, 1], ("a", "b"), k=9)
    assert found.loc[PRECISION, "value"] == pytest.approx((3 * 2 + 7 * 6) / 10 / 9)
    assert found.loc[PRECISION, "lift"] == pytest.approx(1)


@pytest.mark.parametrize(("arguments", "text"), [
    ({"k": 0}, "k = 0 neighbors; expected 1 to 39 for 40 patients"), ({"k": 40}, "k = 40 neighbors"),
    ({"models": ["c"]}, "no model 'c'; expected of A, b"), ({"models": []}, "no model"),
    ({"facets": ["site"]}, "no facet 'site'; expected of stage, sex, body_side"), ({"metrics": ["F1"]}, "no metric 'F1'"),
    ({"permutations": 0}, "0 permutations"), ({"seed": -1}, "the seed is -1")])
def test_what_is_not_there_is_named(cohort, arguments, text):
    with pytest.raises(InputError, match=text):
        evaluate(cohort, **arguments)


def test_a_single_patient_can_not_be_evaluated():
    with pytest.raises(InputError, match="expected at least two patients"):
        evaluate(labeled_cohort(np.random.default_rng(1), {}, 1), k=1)


def test_a_cohort_without_facets_has_only_the_negative_control():
    found = evaluate(labeled_cohort(np.random.default_rng(1), {}, 10), permutations=9)
    assert set(found["role"]) == {"negative control"}


def test_progress_rises_to_the_end(cohort):
    told = []
    evaluate(cohort, permutations=9, report=lambda fraction, message: told.append((fraction, message)))
    fractions = [fraction for fraction, _message in told if fraction is not None]
    assert fractions == sorted(fractions) and fractions[0] == 0 and 0.85 < fractions[-1] <= 1
    assert told[1] == (pytest.approx(1 / 15), "A: Stage")


def test_figures_are_told_model_by_model_before_they_are_tested(cohort, table):
    told = []
    evaluate_all(cohort, permutations=20, partial=told.append)
    models = table["model"].drop_duplicates().tolist()
    assert [one["model"].drop_duplicates().tolist() for one in told] == [models[:1 + number] for number in range(len(models))]
    known = table.drop(columns=["p", "q", "p_below", "q_below", "permutations"])
    pd.testing.assert_frame_equal(told[-1][list(known)], known)
    assert told[-1][["p", "q", "p_below", "q_below"]].isna().all().all()
