"""Model against model, other patients, times to an event, numbers, k sweeps, categories, duplicates, on made-up cohorts."""
import numpy as np
import pandas as pd
import pytest
from cohort_factory import published_cohort
from evaluation_samples import labeled_cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.cohort import Cohort
from TumorConnectomeLib.cohort.column_facets import column_facet
from TumorConnectomeLib.cohort.column_kinds import events_of, no_label, survival_columns
from TumorConnectomeLib.cohort.measurements import evaluable_facets
from TumorConnectomeLib.cohort.row_rules import RowRule
from TumorConnectomeLib.commands.prepare import prepare
from TumorConnectomeLib.evaluation.compare import compare_models, holm
from TumorConnectomeLib.evaluation.cross_validation import Predictions
from TumorConnectomeLib.evaluation.duplicates import Duplicates, duplicate_rows, duplicate_text, find_duplicates
from TumorConnectomeLib.evaluation.evidence import gather_evidence
from TumorConnectomeLib.evaluation.outcomes import number_table, survival_table
from TumorConnectomeLib.evaluation.permutation import RARE, Tally, benjamini_hochberg, grow
from TumorConnectomeLib.evaluation.probe_tasks import clinical_features
from TumorConnectomeLib.evaluation.replication import disjoint, replication_table
from TumorConnectomeLib.evaluation.scores import calibration
from TumorConnectomeLib.evaluation.sweep import sweep_table
from TumorConnectomeLib.evaluation.table import cohort_rankings, evaluate, evaluate_all

LABEL = ("x", "y")


def cohort_of(random, count, signals, columns=None, shares=(0.5, 0.5)):
    """A cohort whose models see the label as well as their signal says."""
    label = random.choice(2, count, p=shares)
    made = labeled_cohort(random, {"label": (label, LABEL, False)}, count, list(signals), columns)
    vectors = {model: random.standard_normal((count, 5)) + signal * np.where(label, 1, -1)[:, None] / 2
               for model, signal in signals.items()}
    return Cohort("Test", made.patients, vectors, made.facets)


def test_a_model_that_sees_the_label_is_told_from_one_that_does_not():
    cohort = cohort_of(np.random.default_rng(70), 200, {"A": 1.2, "b": 0.0, "c": 1.2})
    found = compare_models(cohort_rankings(cohort, None, 5, 0), ["label"]).set_index(["model", "reference"])
    assert list(found.index) == [("A", "b"), ("A", "c"), ("b", "c")]
    row = found.loc[("A", "b")]
    assert row["ratio"] == pytest.approx(row["value"] / row["reference_value"]) and 1 < row["ci_low"] < row["ratio"]
    assert row["p_holm"] < 0.01 < 0.05 < found.loc[("A", "c"), "p_holm"]
    one = compare_models(cohort_rankings(cohort, None, 5, 0), ["label"], reference="Consensus")
    assert one["model"].tolist() == ["A", "b", "c"] and set(one["reference"]) == {"Consensus"}
    with pytest.raises(InputError, match="no model 'd'"):
        compare_models(cohort_rankings(cohort, None, 5, 0), ["label"], reference="d")


def test_a_model_does_not_differ_from_itself_nor_from_one_that_knows_as_little():
    random, held = np.random.default_rng(71), 0
    for _number in range(60):
        cohort = cohort_of(random, 100, {"A": 0.5, "b": 0.5})
        row = compare_models(cohort_rankings(cohort, None, 5, 0), ["label"]).iloc[0]
        held += row["ci_low"] <= 1 <= row["ci_high"]
    assert held >= 52
    twins = Cohort("Test", cohort.patients, {"A": cohort.embeddings["A"], "b": cohort.embeddings["A"]}, cohort.facets)
    row = compare_models(cohort_rankings(twins, None, 5, 0), ["label"]).iloc[0]
    assert row["ratio"] == 1 and not row["p"] < 1 and np.isnan(row["ci_low"])


def test_holm_is_that_of_the_paper():
    assert holm(np.array([0.01, 0.04, 0.03, np.nan, 0.005])) == pytest.approx([0.03, 0.06, 0.06, np.nan, 0.02], nan_ok=True)


def test_what_is_found_is_found_again_in_other_patients_only_when_it_is_there():
    random = np.random.default_rng(72)
    first, same, other = (cohort_of(random, 150, {"A": signal}) for signal in (1.2, 1.2, 0.0))
    table = evaluate(first, permutations=200)
    rename = {f"P{number:03d}": f"Q{number:03d}" for number in range(150)}
    found = {name: replication_table(table, disjoint(first, Cohort(name, one.patients.rename(index=rename), one.embeddings,
                                                                   one.facets)), ["label"], permutations=200).iloc[0]
             for name, one in (("same", same), ("other", other))}
    assert found["same"]["again_q"] <= 0.05 < found["other"]["again_p"]
    assert found["other"]["heterogeneity_p"] < 0.01 < found["same"]["heterogeneity_p"]
    assert found["same"]["joint_lift_ci_low"] < found["same"]["joint_lift"] < found["same"]["joint_lift_ci_high"]
    with pytest.raises(InputError, match="only 0 patients that are not in Test"):
        disjoint(first, same)


def test_the_patients_that_the_published_cohort_leaves_out_show_its_stages_again(real_data):
    first, latest = published_cohort(real_data), published_cohort(real_data, rule=RowRule.LATEST)
    other = disjoint(first, latest)
    table = evaluate(first, ["CTFM", "VISTA3D"], ["stage"], permutations=400)
    found = replication_table(table, other, ["stage"], permutations=1000).set_index(["model", "facet"])
    for model, lift, p in (("CTFM", 1.11, 0.02), ("VISTA3D", 1.12, 0.016)):
        row = found.loc[(model, "stage")]
        assert row["again_n"] == 175 and row["again_lift"] == pytest.approx(lift, abs=0.006)
        assert row["again_p"] == pytest.approx(p, abs=0.015) and row["heterogeneity_p"] > 0.1


def test_neighbors_tell_the_time_to_an_event_where_bins_would_not():
    random = np.random.default_rng(73)
    risk = random.standard_normal(200)
    died, left = random.exponential(np.exp(-1.5 * risk)), random.exponential(1.0, 200)
    columns = {"os_days": np.minimum(died, left) * 1000, "os_event": (died <= left).astype(float)}
    made = labeled_cohort(random, {}, 200, ["A", "b"], columns)
    sees = np.stack([np.cos(risk), np.sin(risk)], axis=1) + random.normal(0, 0.05, (200, 2))
    cohort = Cohort("Test", made.patients, {"A": sees, "b": random.standard_normal((200, 6))}, {})
    assert survival_columns(cohort.patients) == [("os_days", "os_event")]
    found = survival_table(cohort_rankings(cohort, None, 20, 0), ["A", "b"], 300, k=5).set_index(["model", "k"])
    assert found.index.tolist() == [("A", 5), ("A", 10), ("A", 20), ("b", 5), ("b", 10), ("b", 20)]
    assert found.loc[("A", 20), "c_index"] > 0.65 and found.loc[("A", 20), "q"] < 0.02
    assert found.loc[("A", 20), "ci_low"] > 0.5 and 0.4 < found.loc[("b", 20), "c_index"] < 0.6
    assert found.loc["b", "p"].min() > 0.01 and (found["events"] == columns["os_event"].sum()).all()


def test_the_c_index_is_that_of_the_definition():
    random = np.random.default_rng(74)
    columns = {"time": random.integers(1, 30, 40).astype(float), "death": random.integers(2, size=40).astype(float)}
    cohort = labeled_cohort(random, {}, 40, ["A"], columns)
    ranked = cohort_rankings(cohort, None, 5, 0)
    found = survival_table(ranked, ["A"], 20, k=5).iloc[0]
    nearest, times, events = ranked.everybody("A").nearest, columns["time"], columns["death"]
    risk = events[nearest].sum(1) / times[nearest].sum(1)
    pairs = [(i, j) for i in range(40) for j in range(40)
             if events[i] and (times[i] < times[j] or times[i] == times[j] and not events[j])]
    assert len(pairs) > sum(times[i] < times[j] for i in range(40) for j in range(40) if events[i])     # ties matter here
    wanted = np.mean([1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0 for i, j in pairs])
    assert found["c_index"] == pytest.approx(wanted)


def test_chance_of_the_c_index_is_below_a_half_where_all_others_are_neighbors():
    random = np.random.default_rng(78)
    columns = {"time": random.exponential(10.0, 40), "death": (np.arange(40) % 2).astype(float)}
    ranked = cohort_rankings(labeled_cohort(random, {}, 40, ["A"], columns), None, 39, 0)
    found = survival_table(ranked, ["A"], 100, k=39).set_index("k").loc[39]
    assert found["chance"] == pytest.approx(found["c_index"]) and found["chance"] < 0.4     # whatever the order
    assert found["p"] == 1 and 0.4 < survival_table(ranked, ["A"], 100, k=10).iloc[0]["chance"] < 0.5


def test_numbers_of_neighbors_are_alike_where_the_model_sees_them():
    random = np.random.default_rng(75)
    size = random.uniform(5, 50, 150)
    made = labeled_cohort(random, {}, 150, ["A", "b"], {"size_mm": size})
    angle = np.radians(2 * size)
    vectors = {"A": np.stack([np.cos(angle), np.sin(angle)], axis=1), "b": random.standard_normal((150, 5))}
    cohort = Cohort("Test", made.patients, vectors, {"size_mm": column_facet("size_mm", made.patients["size_mm"])})
    found = number_table(cohort_rankings(cohort, None, 5, 0), ["A", "b"], ["size_mm"], 200).set_index("model")
    assert found.loc["A", "ratio"] < 0.1 and found.loc["A", "p"] < 0.01 and found.loc["A", "ci_high"] < 0.2
    assert 0.8 < found.loc["b", "ratio"] < 1.2 and found.loc["b", "p"] > 0.02
    every = np.abs(size[:, None] - size)
    assert found.loc["b", "chance"] == pytest.approx(every.sum() / 150 / 149)


def test_a_k_sweep_has_the_figures_of_each_k_within_its_band():
    cohort = cohort_of(np.random.default_rng(76), 80, {"A": 0.0})
    found = sweep_table(cohort_rankings(cohort, None, 20, 0), ["A"], ["label", "random"])
    assert found["k"].tolist() == [1, 2, 3, 5, 7, 10, 15, 20] * 2
    for row in found[found["facet"] == "label"].to_dict("records"):
        table = evaluate(cohort, k=row["k"], metrics=["P@k"], permutations=20).iloc[0]
        assert (row["value"], row["chance"], row["ci_low"]) == pytest.approx((table["value"], table["chance"], table["ci_low"]))
        assert row["null_low"] < row["chance"] < row["null_high"]
    assert ((found["null_low"] <= found["value"]) & (found["value"] <= found["null_high"])).mean() > 0.7


def test_a_rare_category_that_is_found_is_told_although_the_mean_hides_it():
    random = np.random.default_rng(77)
    label = np.repeat([0, 1], [190, 10])
    vectors = random.standard_normal((200, 4))
    vectors[190:] += 6
    made = labeled_cohort(random, {"label": (label, ("common", "rare"), False)}, 200, ["A"])
    found = evaluate_all(Cohort("Test", made.patients, {"A": vectors}, made.facets), permutations=300)
    row = found.table.iloc[0]
    assert row["lift"] < 1.11 and row["of_possible"] > 0.7 and row["macro_lift"] > 1.5
    classes = found.classes.set_index(["facet", "class"])
    assert classes.loc[("label", "rare"), "lift"] > 10 and classes.loc[("label", "rare"), "q"] < 0.01
    shares = classes.loc["label", "excess_share"]
    assert shares.sum() == pytest.approx(1)


def test_a_class_of_hubs_puts_a_label_below_chance():
    random = np.random.default_rng(78)
    label = np.repeat([0, 1], [30, 120])
    vectors = random.standard_normal((150, 30))
    vectors[:30] *= 0.3                                         # near to everybody, of whom most have the other label
    vectors += 2
    made = labeled_cohort(random, {"label": (label, LABEL, False)}, 150, ["A"])
    row = evaluate(Cohort("Test", made.patients, {"A": vectors}, made.facets), permutations=300).iloc[0]
    assert row["lift"] < 1 and row["ci_high"] < 1 and row["p_below"] < 0.01 and row["q_below"] < 0.05 < row["p"]


def test_permutations_grow_until_the_floor_of_p_decides_nothing():
    """800 tests, one of them far beyond anything that permutations reach: 2,000 of them leave it a q of .4 at best."""
    def draw(number, which):
        return np.random.default_rng(number).random((256, 800))[:, which]

    tally = Tally(np.concatenate([[2.0], np.random.default_rng(9).random(799)]), draw)
    tally.run(2000)
    assert benjamini_hochberg(tally.p)[0] > 0.05 and tally.p[0] == 1 / 2001
    grow([tally], [np.zeros(800, int)])
    assert benjamini_hochberg(tally.p)[0] <= 0.05 and tally.p[0] == 1 / (1 + tally.seen[0]) and tally.seen[0] <= 32000
    few = (benjamini_hochberg(tally.p) > 0.05) & (tally.above < RARE)
    assert (tally.seen[few] >= RARE / 0.05 * 800).all()
    assert np.corrcoef(tally.p[1:], 1 - tally.observed[1:])[0, 1] > 0.99      # settled ones stopped early, and are right
    assert np.median(tally.seen) < 1000


def test_labels_without_a_category_of_two_are_no_tests():
    made = labeled_cohort(np.random.default_rng(81), {"own": (np.arange(12), tuple(map(str, range(12))), False)}, 12, ["A"])
    report = gather_evidence(made, permutations=5).report
    lines = [line for section in report.sections for line in section.sentences]
    assert "Nothing could be tested: no label has a category of two patients." in lines
    assert any("A, own: can not be told" in line for line in lines) and not any("0 tests" in line for line in lines)


def test_copies_of_one_tumor_are_counted_as_ids_of_tumors():
    nearest = np.array([[1, 2], [0, 2], [0, 1], [4, 0], [3, 0], [0, 1], [0, 1]])
    distances = np.array([[0, 0], [0, 0], [0, 0], [0, 1], [0, 1], [1, 2], [1, 2]], float)
    found = find_duplicates(nearest, distances)
    assert found.groups == ((0, 1, 2), (3, 4)) and found.kept.tolist() == [0, 3, 5, 6] and len(found.pairs) == 4
    assert found.named("abcdefg") == "5 ids that seem to be 2 tumors (a, b and c, ...)"
    one = find_duplicates(nearest[:3], distances[:3] + [[0, 0], [0, 0], [0, 1]])
    assert one.named("abc").startswith("3 ids that seem to be 1 tumor (a, b and c)")
    many = Duplicates(np.empty((0, 2)), np.empty(0), (tuple(range(30)), (30, 31)))
    assert many.named([str(number) for number in range(32)]) == "32 ids that seem to be 2 tumors (0, 1, 2 and 27 more, ...)"


def test_every_id_twice_is_reported_with_what_is_left_without_the_copies():
    random = np.random.default_rng(79)
    label = np.repeat(random.integers(2, size=60), 2)
    vectors = np.repeat(random.standard_normal((60, 8)), 2, axis=0) + random.normal(0, 1e-4, (120, 8))
    made = labeled_cohort(random, {"label": (label, LABEL, False)}, 120, ["A"])
    cohort = Cohort("Test", made.patients, {"A": vectors}, made.facets)
    ranked = cohort_rankings(cohort, None, 5, 0)
    found, = duplicate_rows(ranked, evaluate(cohort, permutations=50), 50)
    assert found["found"] == "60 pairs of ids (P000 and P001, ...)"
    (facet, lift, alone, p, p_below), = found["lifts"]
    assert facet == "label" and lift > 1.15 > alone and p > 0.05 and p + p_below > 1
    ranking = ranked.everybody("A")
    pairs = find_duplicates(ranking.nearest, ranking.distances)
    assert pairs.pairs.tolist() == [[2 * number, 2 * number + 1] for number in range(60)]
    assert duplicate_text(pairs, cohort.patient_ids, "A").startswith("A: 60 pairs of ids (P000 and P001, ...) closer than 1 %")
    clean = cohort_rankings(labeled_cohort(random, {}, 60, ["A"]), None, 5, 0).everybody("A")
    assert not len(find_duplicates(clean.nearest, clean.distances).pairs)


@pytest.mark.parametrize(("name", "values", "why"), [
    ("coordX", [1.5, -3, 8], "coordinate"), ("center_y_mm", [1, 2, 9], "coordinate"), ("bbox_z_max", [1, 2, 9], "coordinate"),
    ("coord_0", [1, 2, 9], "coordinate"), ("bbox_3", [1, 2, 9], "coordinate"), ("UMAP1", [1.5, 2, 9], "coordinate"),
    ("x", [1, 2, 9], "coordinate"), ("slice_index", [1, 2, 9], "coordinate"), ("index", [7, 9, 8], "row number"),
    ("anything", list(range(12)), "row number"), ("Unnamed: 0", [0, 1, 2], "row number"), ("FrameUID", ["a", "b"], "UID"),
    ("series", ["1.2.840.113654.2", "1.2.840.113654.3"], "UID"), ("tumor_mm", [1, 2, 9], ""), ("sex", ["M", "F"], ""),
    ("row", [1, 1, 2], ""), ("grade", [1, 2, 3], ""), ("max_diameter", [1.5, 2, 9], ""), ("center", ["Essen", "Ulm"], "")])
def test_row_numbers_coordinates_and_uids_are_no_labels(name, values, why):
    assert no_label(name, pd.Series(values, name=name)) == why


def test_censored_times_are_no_labels_and_the_right_columns_belong_together():
    patients = pd.DataFrame({"pfs_months": [1.0, 2, 3, 4, 5, 6], "progression": ["yes", "no", "no", "yes", "no", "no"],
                             "os_months": [2.0, 4, 6, 8, 9, 10], "os_censored": [1, 0, 1, 1, 0, 1],
                             "pack_years": [1.0, 2, 3, 4, 5, 6], "smoking_status": ["yes", "no"] * 3}, index=list("abcdef"))
    assert survival_columns(patients)[1] == ("os_months", "os_censored")
    assert events_of(patients["os_censored"]).tolist() == [0, 1, 0, 0, 1, 0]
    assert {time for time, _event in survival_columns(patients)} == {"pfs_months", "os_months"}
    assert events_of(pd.Series(["a", "b"], name="event")) is None


def test_all_facets_are_those_that_can_be_labels():
    columns = {"coord_z": np.linspace(0, 9, 30), "site": np.array(["u", "l"] * 15, object), "days": np.arange(30.0) + 3,
               "death": np.tile([0.0, 1.0], 15)}
    made = labeled_cohort(np.random.default_rng(80), {}, 30, ["A"], columns)
    facets = {name: column_facet(name, made.patients[name]) for name in columns}
    cohort = Cohort("Test", made.patients, made.embeddings, facets)
    assert evaluable_facets(cohort) == ("site", "death")


def test_a_label_that_is_the_same_for_all_is_not_tested():
    columns = {"histology": np.array(["Adenocarcinoma"] * 30, object), "site": np.array(["u", "l"] * 15, object)}
    made = labeled_cohort(np.random.default_rng(80), {}, 30, ["A"], columns)
    facets = {name: column_facet(name, made.patients[name], fewest=1) for name in columns}
    assert evaluable_facets(Cohort("Test", made.patients, made.embeddings, facets)) == ("site",)


def test_duplicates_are_told_at_import(tmp_path):
    random = np.random.default_rng(81)
    vectors = np.repeat(random.standard_normal((20, 6)), 2, axis=0)
    rows = [",".join([f"P{number:02d}", *map(repr, vector.tolist())]) for number, vector in enumerate(vectors)]
    path = tmp_path / "twice.csv"
    path.write_text("\n".join([",".join(["PatientID", *(f"pred_{place}" for place in range(6))]), *rows]), encoding="utf-8")
    arguments = ["--cache", str(tmp_path / "cache"), "--data", str(path)]
    for _again in range(2):                                     # from the cache, too
        assert prepare(arguments, lambda *_: None)["note"].startswith("twice: 20 pairs of ids (P00 and P01, ...) closer")


def test_the_p_value_of_a_probe_permutes_labels_against_predictions():
    random = np.random.default_rng(82)
    labels, folds = np.arange(60) % 2 == 0, np.stack([random.integers(5, size=60) for _repeat in range(2)])
    scores = random.random((2, 60))
    scores[1] = np.round(scores[1], 1)                          # ties
    predictions = Predictions(labels, scores, folds, ())
    orders = np.stack([np.arange(60), *(random.permutation(60) for _number in range(5))])
    found = predictions.permuted_auroc(orders)
    for order, value in zip(orders, found):
        wanted = Predictions(labels[order], scores, folds, ()).auroc(np.ones((1, 60)))[0]
        assert value == pytest.approx(wanted)


def test_calibration_has_slope_and_intercept():
    random = np.random.default_rng(83)
    logits = random.normal(0, 1.5, 20000)
    labels = random.random(20000) < 1 / (1 + np.exp(-logits))
    good, extreme, low = (calibration(labels, 1 / (1 + np.exp(-other))) for other in (logits, 2 * logits, logits - 1))
    assert (good.slope, good.intercept) == pytest.approx((1, 0), abs=0.07)
    assert extreme.slope == pytest.approx(0.5, abs=0.04) and low.intercept == pytest.approx(1, abs=0.07)
    assert np.isnan(calibration(np.array([True, True]), np.array([0.4, 0.6])).slope)


def test_clinical_data_has_the_size_of_the_tumor():
    cohort = labeled_cohort(np.random.default_rng(84), {}, 10, ["A"], {"tumor_size_mm": np.arange(10.0) + 5})
    features, names = clinical_features(cohort, without="sex")
    assert names == ("log tumor_size_mm",) and features[:, 0] == pytest.approx(np.log(np.arange(10.0) + 5))
    assert clinical_features(cohort, without="tumor_size_mm")[1] == ()
