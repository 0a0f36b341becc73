"""Confounds: a lift that another column explains vanishes within its strata, any other remains."""
import numpy as np
import pytest
from evaluation_samples import labeled_cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.cohort import Cohort
from TumorConnectomeLib.evaluation.confounds import COLUMNS, confound_table, strata_of
from TumorConnectomeLib.evaluation.metrics import METRICS, PRECISION
from TumorConnectomeLib.evaluation.table import evaluate

COUNT = 200


@pytest.fixture(scope="module")
def cohort():
    """The model sees the scanner only. Stage goes with the scanner, site does not but is seen by itself."""
    random = np.random.default_rng(40)
    scanner, site = random.integers(2, size=COUNT), random.integers(2, size=COUNT)
    stage = np.where(random.random(COUNT) < 0.9, scanner, 1 - scanner)
    made = labeled_cohort(random, {"stage": (stage, ("I", "II"), True), "site": (site, ("upper", "lower"), False)}, COUNT,
                           ["A"], {"scanner": np.where(scanner, "GE", "Siemens").astype(object),
                                   "thickness": (1 + scanner + random.random(COUNT) / 4).astype(str).astype(object)})
    vectors = random.standard_normal((COUNT, 6)) * [1, 1, 1, 1, 0.1, 0.1]
    vectors[:, 0] += 4 * scanner
    vectors[:, 1] += 4 * site
    return Cohort("Test", made.patients, {"A": vectors}, made.facets)


def rows_of(cohort, within, **arguments):
    return confound_table(cohort, within, permutations=300, **arguments).set_index(["facet", "within"])


@pytest.mark.parametrize("column", ["scanner", "thickness"])
def test_a_lift_that_another_column_explains_vanishes_within_its_strata(cohort, column):
    row = rows_of(cohort, [column]).loc[("stage", column)]
    assert row["lift"] > 1.25 and row["p"] < 0.01
    assert row["within_lift"] == pytest.approx(1, abs=0.08)     # the quartiles of the thickness cut near the scanners only
    assert row["remains"] < 0.25


def test_another_lift_remains(cohort):
    row = rows_of(cohort, ["scanner"]).loc[("site", "scanner")]
    assert row["lift"] > 1.25
    assert row["within_lift"] == pytest.approx(row["lift"], rel=0.03) and row["within_p"] < 0.01
    assert row["remains"] == pytest.approx(1, abs=0.1)


def test_raw_figures_are_those_of_the_evaluation_table(cohort):
    found = rows_of(cohort, ["scanner"]).reset_index()
    wanted = evaluate(cohort, metrics=[PRECISION], permutations=300)
    wanted = wanted[wanted["role"] == "tested"].reset_index(drop=True)
    for name in ("model", "facet", "metric", "k", "n", "value", "null_mean", "lift", "p"):
        assert found[name].tolist() == wanted[name].tolist()


def test_a_lift_without_significance_has_no_remainder():
    made = labeled_cohort(np.random.default_rng(41), {"a": (np.arange(40) % 2, ("x", "y"), False)}, models=["A"],
                           columns={"center": ["Essen"] * 20 + ["Ulm"] * 20})
    found = rows_of(made, ["center"])
    assert (found["p"] > 0.05).all()
    assert found["remains"].isna().all()


def test_all_metrics_can_be_asked_for(cohort):
    found = confound_table(cohort, ["site", "scanner"], metrics=METRICS, permutations=20)
    assert list(found) == list(COLUMNS)
    assert found[["facet", "within"]].drop_duplicates().to_numpy().tolist() == [
        ["stage", "site"], ["stage", "scanner"], ["site", "scanner"]]   # not within strata of itself
    assert found["k"].isna().tolist() == (found["metric"] == "R-precision").tolist()


def test_strata_of_single_patients_leave_nothing_to_permute(cohort):
    patients = cohort.patients.assign(series=[f"1.2.{number}" for number in range(COUNT)])
    row = rows_of(Cohort("Test", patients, cohort.embeddings, cohort.facets), ["series"]).loc[("stage", "series")]
    assert (row["exchangeable"], row["strata"]) == (0, COUNT)
    assert (row["within_lift"], row["within_p"], row["remains"]) == (pytest.approx(1), 1, pytest.approx(0, abs=1e-9))


def strata(values, facets=None):
    return strata_of(labeled_cohort(np.random.default_rng(1), facets or {}, len(values), columns={"x": values}), "x").tolist()


def test_numbers_are_cut_at_their_quartiles_and_missing_ones_stand_apart():
    assert strata([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, np.nan]) == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert strata(["8", "1.5", "", "3", "5", "7"]) == [3, 0, 4, 0, 1, 2]


def test_texts_and_few_numbers_are_strata_themselves():
    assert strata(["b", "a", "", "b"]) == [2, 1, 0, 2]
    assert strata([2.5, 1.25, 2.5, np.nan]) == [1, 0, 1, 2]


def test_a_facet_is_taken_before_a_column_of_its_name():
    assert strata(["a", "b", "c"], {"x": ([0, 1, 0], ("u", "v"), False)}) == [0, 1, 0]


def test_a_column_that_is_not_there_is_named(cohort):
    with pytest.raises(InputError, match="no column 'kvp'; expected of stage, site, scanner, thickness"):
        confound_table(cohort, ["kvp"])
