"""Confounds: a lift that another column explains vanishes within its strata, any other remains."""
import numpy as np
import pytest
from evaluation_samples import labeled_cohort, null_means

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.cohort import Cohort
from TumorConnectomeLib.evaluation.cohort_rankings import CohortRankings
from TumorConnectomeLib.evaluation.confounds import COLUMNS, confound_table, strata_of
from TumorConnectomeLib.evaluation.distances import cosine_blocks
from TumorConnectomeLib.evaluation.metrics import PRECISION
from TumorConnectomeLib.evaluation.relevance import relevance_of
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
    assert row["within_lift"] == pytest.approx(1, abs=0.08)
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
    for name in ("model", "facet", "metric", "k", "n", "value", "chance", "lift", "p"):
        assert found[name].tolist() == pytest.approx(wanted[name].tolist()) if name in ("value", "chance", "lift", "p") else (
            found[name].tolist() == wanted[name].tolist())


def test_a_lift_without_significance_has_no_remainder():
    made = labeled_cohort(np.random.default_rng(41), {"a": (np.arange(40) % 2, ("x", "y"), False)}, models=["A"],
                           columns={"center": ["Essen"] * 20 + ["Ulm"] * 20})
    found = rows_of(made, ["center"])
    assert (found["p"] > 0.05).all()
    assert found["remains"].isna().all()


def test_a_facet_is_not_put_into_strata_of_itself(cohort):
    found = confound_table(cohort, ["site", "scanner", "site+scanner"], permutations=20)
    assert list(found) == list(COLUMNS)
    assert found[["facet", "within"]].to_numpy().tolist() == [
        ["stage", "site"], ["stage", "scanner"], ["stage", "site+scanner"], ["site", "scanner"]]


def test_several_columns_make_strata_jointly(cohort):
    both = strata_of(cohort, "site+scanner")
    assert len(np.unique(both)) == 4
    row = rows_of(cohort, ["site+scanner"]).loc[("stage", "site+scanner")]
    assert row["strata"] == 4 and row["within_lift"] == pytest.approx(1, abs=0.08)


def test_the_level_within_strata_is_the_mean_over_permutations(cohort):
    ranked = CohortRankings(cohort, {"stage": relevance_of(cohort.facets["stage"])}, 5, 0, cosine_blocks)
    for column in ("scanner", "thickness", "site"):
        null = null_means(ranked.judged["stage"], ranked.ranking("A", "stage"), [PRECISION], 3000, [1],
                          strata_of(cohort, column))[PRECISION]
        level = rows_of(cohort, [column]).loc[("stage", column), "within_chance"]
        assert level == pytest.approx(null.mean(), abs=4 * null.std() / np.sqrt(3000))


def test_a_label_within_another_leaves_its_share_of_the_excess():
    """Subtypes lie apart within groups that lie apart: what is found of the subtype beyond the group remains."""
    random = np.random.default_rng(44)
    group = random.integers(3, size=240)
    subtype = 2 * group + random.integers(2, size=240)
    facets = {"subtype": (subtype, tuple("abcdef"), False), "group": (group, tuple("ABC"), False)}
    made = labeled_cohort(random, facets, 240, ["A"])
    vectors = np.concatenate([4 * np.eye(3)[group], 2 * np.eye(6)[subtype]], axis=1) + random.standard_normal((240, 9))
    found = rows_of(Cohort("Test", made.patients, {"A": vectors}, made.facets), ["group", "subtype"])
    row = found.loc[("subtype", "group")]
    assert row["remains"] == pytest.approx((row["value"] - row["within_chance"]) / (row["value"] - row["chance"]))
    assert row["remains_ci_low"] < row["remains"] < row["remains_ci_high"] < row["remains_ci_low"] + 0.4
    assert (row["within_lift"] - 1) / (row["lift"] - 1) < row["remains"] - 0.1      # what the quotient of lifts would say
    other = found.loc[("group", "subtype")]
    assert other["exchangeable"] == 0 and other[["within_chance", "within_lift", "within_p", "remains"]].isna().all()


def test_a_number_explains_within_its_bins():
    """The model and the label see the size only: within four bins of it a lift would remain."""
    random = np.random.default_rng(45)
    size = random.uniform(5, 50, 300)
    label = (size + random.normal(0, 4, 300) > 27).astype(int)
    made = labeled_cohort(random, {"label": (label, ("early", "late"), False)}, 300, ["A"], {"size_mm": size})
    angle = np.radians(3 * size)
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1) + random.normal(0, 0.02, (300, 2))
    made = Cohort("Test", made.patients, {"A": vectors}, made.facets)
    row = rows_of(made, ["size_mm"]).loc[("label", "size_mm")]
    quartile = np.searchsorted(np.quantile(size, [0.25, 0.5, 0.75]), size).astype(str).astype(object)
    coarse = Cohort("Test", made.patients.assign(size_mm=quartile), {"A": vectors}, made.facets)
    coarse = rows_of(coarse, ["size_mm"]).loc[("label", "size_mm")]
    assert row["strata"] == 30 and coarse["strata"] == 4
    assert coarse["within_lift"] > 1.03 > row["within_lift"] > 0.97
    assert row["remains_ci_high"] < 0.1


def test_strata_of_single_patients_leave_nothing_to_permute(cohort):
    patients = cohort.patients.assign(series=[f"1.2.{number}" for number in range(COUNT)])
    row = rows_of(Cohort("Test", patients, cohort.embeddings, cohort.facets), ["series"]).loc[("stage", "series")]
    assert (row["exchangeable"], row["strata"]) == (0, COUNT)
    assert row[["within_chance", "within_lift", "within_p", "remains"]].isna().all()       # no test at all


def strata(values, facets=None):
    return strata_of(labeled_cohort(np.random.default_rng(1), facets or {}, len(values), columns={"x": values}), "x").tolist()


def test_numbers_are_cut_at_quantiles_and_missing_ones_stand_apart():
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
