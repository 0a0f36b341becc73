"""Probes: what signal and noise give, that nothing leaks, small classes and missing values, tasks and clinical data."""
import sys

import numpy as np
import pytest
from cohort_factory import cohort
from structure_samples import labeled_cohort

from TumorConnectomeLib.base.errors import InputError, PackageMissing
from TumorConnectomeLib.cohort.cohort import Facet
from TumorConnectomeLib.evaluation.classifiers import LogisticProbe, NeighborProbe
from TumorConnectomeLib.evaluation.cross_validation import FOLDS, cross_validated
from TumorConnectomeLib.evaluation.probe_tasks import clinical_features, default_tasks, facet_task, standard_task
from TumorConnectomeLib.evaluation.probes import BOTH, CLINICAL, COLUMNS, EMBEDDING, ProbeOptions, probe_models
from TumorConnectomeLib.evaluation.scores import auroc

NEIGHBORS_ONLY = ProbeOptions(probes=("knn",), bootstraps=200)


@pytest.fixture
def linear_model():
    return pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")


def by_model(scores, features=EMBEDDING):
    return {score.model: score for score in scores if score.features == features}


def test_neighbors_find_a_signal_and_no_more_than_it_in_noise():
    made = labeled_cohort(150, signal=2.5)
    found = by_model(probe_models(made, [standard_task("sex", made)], ["Signal", "Noise"], NEIGHBORS_ONLY))
    value, low, high = found["Signal"].auroc
    assert value > 0.7
    assert 0.5 < low < value < high
    low, high = found["Noise"].auroc[1:]
    assert low < 0.5 < high
    assert found["Signal"].auprc[0] > found["Signal"].auprc_chance + 0.15
    assert found["Signal"].calibrations[0].brier < found["Signal"].calibrations[0].brier_reference


def test_logistic_probes_compare_with_clinical_data(linear_model):
    made = labeled_cohort(150, signal=2.5)
    scores = probe_models(made, [standard_task("sex", made)], ["Signal", "Noise"],
                          ProbeOptions(probes=("logistic",), bootstraps=200))
    assert [(score.model, score.features) for score in scores] == [
        ("", CLINICAL), ("Signal", EMBEDDING), ("Signal", BOTH), ("Noise", EMBEDDING), ("Noise", BOTH)]
    clinical, signal, both = scores[:3]
    assert signal.auroc[0] > 0.85
    assert both.auroc[0] > 0.8
    assert signal.gain[0] == pytest.approx(signal.auroc[0] - clinical.auroc[0], abs=1e-12)
    assert signal.gain[1] > 0.0
    assert np.isnan(clinical.gain).all()
    noise = by_model(scores)["Noise"]
    assert noise.gain[1] < 0.0 < noise.gain[2] or abs(noise.auroc[0] - 0.5) < 0.1


def test_probes_are_reproducible_and_depend_on_the_seed():
    made = labeled_cohort(80, signal=1.0)
    rows = [[score.row() for score in probe_models(made, [standard_task("sex", made)], ["Signal"],
                                                   ProbeOptions(("knn",), seed, 2, 50))] for seed in (1, 1, 2)]
    assert repr(rows[0]) == repr(rows[1]) != repr(rows[2])
    assert all(len(row) == len(COLUMNS) for row in rows[0])


class Spy:
    """Notes which rows it is shown, and predicts as a neighbor probe."""

    name, settings = "spy", NeighborProbe.settings

    def __init__(self):
        self.calls = []

    def predict(self, blocks, labels, train, test, settings):
        self.calls.append((train, test, len(settings)))
        return NeighborProbe().predict(blocks, labels, train, test, settings)


def test_no_patient_is_in_training_and_test_and_tuning_never_sees_the_test_fold():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 3)
    labels = np.repeat(random.random(40) < 0.4, 3)
    spy = Spy()
    found = cross_validated(spy, [random.standard_normal((120, 5))], labels, groups, seed=3)
    outer = [(set(groups[train]), set(groups[test])) for train, test, settings in spy.calls if settings == 1]
    assert len(outer) == FOLDS
    assert len(spy.calls) == FOLDS * (FOLDS + 1)
    for train, test, _settings in spy.calls:
        assert not set(groups[train]) & set(groups[test])
    for number, (train, _test) in enumerate(outer):
        inner = spy.calls[number * (FOLDS + 1):(number + 1) * (FOLDS + 1) - 1]
        for inner_train, inner_test, _settings in inner:
            assert set(groups[inner_train]) | set(groups[inner_test]) == train
    assert sorted(patient for _train, test in outer for patient in test) == list(range(40))
    assert set(found.chosen) <= set(NeighborProbe.settings)


def test_copies_of_a_patient_would_leak_without_groups():
    """Rows of one patient are nearly the same: a random label is learned only where patients are torn apart."""
    random = np.random.default_rng(1)
    patients = np.repeat(np.arange(60), 4)
    labels = np.repeat(random.random(60) < 0.5, 4)
    features = np.repeat(random.standard_normal((60, 8)), 4, axis=0) + 0.01 * random.standard_normal((240, 8))
    everything = np.ones((1, 240))
    torn = cross_validated(NeighborProbe(), [features], labels, np.arange(240)).auroc(everything)[0]
    kept = cross_validated(NeighborProbe(), [features], labels, patients).auroc(everything)[0]
    assert torn > 0.85
    assert 0.25 < kept < 0.7


def test_useless_features_reach_one_half_on_average():
    random = np.random.default_rng(5)
    values = []
    for seed in range(30):
        labels = random.random(60) < 0.3
        found = cross_validated(NeighborProbe(), [random.standard_normal((60, 4))], labels, np.arange(60), seed=seed)
        values.append(found.auroc(np.ones((1, 60)))[0])
    assert np.mean(values) == pytest.approx(0.5, abs=0.05)


def test_a_neighbor_probe_counts_and_shrinks():
    embedding = np.array([[1.0, 0.0], [1.0, 0.1], [1.0, 0.2], [0.0, 1.0], [0.1, 1.0]])
    labels = np.array([True, True, False, False, False])
    found = NeighborProbe().predict([embedding], labels, np.arange(1, 5), np.array([0]), [1, 2, 3, 99])
    share = 0.25
    assert found[:, 0] == pytest.approx([(1 + 2 * share) / 3, (1 + 2 * share) / 4, (1 + 2 * share) / 5, (1 + 2 * share) / 6])


def test_a_neighbor_probe_does_not_depend_on_blocks(monkeypatch):
    random = np.random.default_rng(0)
    embedding, labels = random.standard_normal((50, 4)), random.random(50) < 0.5
    expected = NeighborProbe().predict([embedding], labels, np.arange(30), np.arange(30, 50), [3, 9])
    monkeypatch.setattr("TumorConnectomeLib.evaluation.classifiers._BLOCK_ELEMENTS", 70)
    assert (NeighborProbe().predict([embedding], labels, np.arange(30), np.arange(30, 50), [3, 9]) == expected).all()


def test_rotated_features_give_the_logistic_fit_of_the_raw_ones(linear_model):
    random = np.random.default_rng(2)
    embedding, labels = random.standard_normal((40, 100)) * random.random(100), random.random(40) < 0.5
    train, test = np.arange(30), np.arange(30, 40)
    found = LogisticProbe().predict([embedding], labels, train, test, [1.0, 30.0])
    scaled = (embedding - embedding[train].mean(axis=0)) / embedding[train].std(axis=0) / 10.0
    for row, strength in enumerate((1.0, 30.0)):
        model = linear_model.LogisticRegression(C=strength, tol=1e-8, max_iter=5000).fit(scaled[train], labels[train])
        assert found[row] == pytest.approx(model.predict_proba(scaled[test])[:, 1], abs=1e-4)


def test_missing_and_constant_clinical_values_do_no_harm(linear_model):
    random = np.random.default_rng(3)
    labels = random.random(60) < 0.5
    age = np.where(random.random(60) < 0.3, np.nan, 60 + 8 * labels + random.standard_normal(60))
    constant, empty = np.ones(60), np.full(60, np.nan)
    alone = LogisticProbe().predict([age[:, None]], labels, np.arange(40), np.arange(40, 60), [10.0])
    more = LogisticProbe().predict([np.column_stack([age, constant, empty])], labels, np.arange(40), np.arange(40, 60), [10.0])
    assert np.isfinite(alone).all()
    assert more == pytest.approx(alone, abs=1e-6)
    assert auroc(labels[40:], alone[0]) > 0.7


def test_several_classes_are_scored_one_against_the_rest_and_small_ones_left_out():
    random = np.random.default_rng(4)
    codes = np.repeat([0, 1, 2, 3], [40, 30, 4, 6])
    made = labeled_cohort(80, signal=0.0)
    facet = Facet("site", "Site", ("Alpha", "Beta", "Rare", "Unknown"), codes)
    task = facet_task(facet)
    assert task.classes == ("Alpha", "Beta", "Rare")
    assert (task.labels == -1).sum() == 6
    vectors = random.standard_normal((80, 5))
    vectors[:, 0] += 3.0 * (codes == 0)
    made = type(made)(made.name, made.patients, {"M": vectors}, {"site": facet})
    (score,) = probe_models(made, [task], ["M"], NEIGHBORS_ONLY)
    assert score.patients == 74
    assert score.classes == ("Alpha", "Beta")
    assert score.note == "fewer than 5 patients with or without: Rare"
    assert len(score.calibrations) == 2
    assert score.auprc_chance == pytest.approx((40 + 30) / 2 / 74)
    assert score.auroc[0] > 0.7


@pytest.mark.parametrize("sexes", [["M"] * 12, ["M"] * 11 + ["F"], ["M"] * 8 + ["F"] * 4, [""] * 12, ["M"], ["M", "F"]])
def test_a_single_class_or_too_few_patients_are_undefined_and_said(sexes):
    made = cohort(len(sexes), sex=sexes)
    (score,) = probe_models(made, [facet_task(made.facets["sex"])], ["A"], NEIGHBORS_ONLY)
    assert score.classes == ()
    assert np.isnan([*score.auroc, *score.auprc, *score.gain, score.auprc_chance, score.row()[COLUMNS.index("brier")]]).all()
    assert score.note == "fewer than 5 patients with or without: Male"


def test_standard_tasks_ask_the_right_patients():
    names = ["Adenocarcinoma, NOS", "Squamous cell carcinoma, NOS", "Small cell carcinoma, NOS", ""]
    made = cohort(8, cancer_type=names * 2, stage_code=[0, 3, 4, 6, "", 1, 2, 5])
    assert standard_task("adenocarcinoma-vs-squamous", made).labels.tolist() == [0, 1, -1, -1] * 2
    assert standard_task("late-vs-early-stage", made).labels.tolist() == [1, 1, 0, 0, -1, 1, 1, 0]
    assert [task.key for task in default_tasks(made)] == ["adenocarcinoma-vs-squamous", "late-vs-early-stage"]
    ((name, labels),) = standard_task("late-vs-early-stage", made).problems()
    assert (name, labels.tolist()) == ("Stage III-IV", [False, False, True, True, False, False, True])
    assert default_tasks(cohort(3)) == []


def test_clinical_data_leave_out_what_is_asked_for():
    made = cohort(4, sex=["M", "F", "", "M"], age=[60, "", 70, 65], smoking=["Current"] * 4, stage_code=[0, 1, 2, 3])
    features, names = clinical_features(made, without="stage")
    assert names == ("age", "sex=Male", "sex=Female", "sex=Unknown", "smoking=Current", "smoking=Former")
    assert features[:, 1:4].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert np.isnan(features[1, 0])
    assert clinical_features(made, without="sex")[1] == ("age", "smoking=Current", "smoking=Former")
    assert clinical_features(made, without="age")[1][0] == "sex=Male"
    assert clinical_features(cohort(3), without="sex")[0].shape == (3, 0)


def test_what_does_not_exist_is_refused(monkeypatch):
    made = cohort(4, sex=["M", "F", "", "M"])
    with pytest.raises(InputError, match="no task or facet 'mood'; expected one of .*sex"):
        standard_task("mood", made)
    with pytest.raises(InputError, match="no facet 'stage', which task 'late-vs-early-stage' needs"):
        standard_task("late-vs-early-stage", made)
    with pytest.raises(InputError, match="probe svm; expected one of logistic, knn"):
        ProbeOptions(probes=("svm",))
    with pytest.raises(InputError, match="0 repeats"):
        ProbeOptions(repeats=0)
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(PackageMissing, match="Logistic probes need the Python package scikit-learn, which is not installed"):
        probe_models(made, [facet_task(made.facets["sex"])], ["A"])
