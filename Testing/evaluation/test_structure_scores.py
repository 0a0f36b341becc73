"""AUROC, AUPRC and calibration against scikit-learn and by hand; bootstrap weights and folds that respect patients."""
import numpy as np
import pytest

from TumorConnectomeLib.evaluation import scores as module
from TumorConnectomeLib.evaluation.folds import smallest_class, stratified_group_folds
from TumorConnectomeLib.evaluation.scores import (
    RankedScores,
    auroc,
    average_precision,
    bootstrap_weights,
    calibration,
    interval,
)


@pytest.mark.parametrize("levels", [3, 10, 10**9])
@pytest.mark.parametrize("seed", range(5))
def test_areas_agree_with_scikit_learn_also_with_ties_and_weights(levels, seed):
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    random = np.random.default_rng(seed)
    labels, scores = random.random(80) < 0.3, random.integers(0, levels, 80) / levels
    assert auroc(labels, scores) == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-9)
    assert average_precision(labels, scores) == pytest.approx(metrics.average_precision_score(labels, scores), abs=1e-9)
    weights = random.integers(0, 4, (6, 80))
    right, pairs = RankedScores(labels, scores).auroc_parts(weights)
    precision = RankedScores(labels, scores).average_precision(weights)
    for row in range(6):
        assert right[row] / pairs[row] == pytest.approx(
            metrics.roc_auc_score(labels, scores, sample_weight=weights[row]), abs=1e-9)
        assert precision[row] == pytest.approx(
            metrics.average_precision_score(labels, scores, sample_weight=weights[row]), abs=1e-9)


def test_areas_of_small_cases_by_hand():
    labels, scores = np.array([True, False, True, False]), np.array([0.9, 0.8, 0.8, 0.1])
    assert auroc(labels, scores) == (1 + 1 + 0.5 + 1) / 4
    assert average_precision(labels, scores) == 0.5 * 1.0 + 0.5 * 2 / 3
    assert auroc(labels, -scores) == 1 - auroc(labels, scores)
    assert auroc(labels, np.zeros(4)) == 0.5
    assert average_precision(labels, np.zeros(4)) == 0.5


@pytest.mark.parametrize("labels", [[], [True], [True, True], [False, False, False]])
def test_areas_of_a_single_class_are_undefined(labels):
    labels = np.array(labels, bool)
    assert np.isnan(auroc(labels, np.linspace(0, 1, len(labels))))
    assert np.isnan(average_precision(labels, np.linspace(0, 1, len(labels))))


def test_brier_score_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    random = np.random.default_rng(0)
    labels, probabilities = random.random(100) < 0.4, random.random(100)
    assert calibration(labels, probabilities).brier == pytest.approx(metrics.brier_score_loss(labels, probabilities), abs=1e-12)


def test_calibration_table_and_error_by_hand():
    probabilities = np.array([0.02, 0.08, 0.55, 0.55, 0.55, 1.0])
    labels = np.array([False, True, True, False, True, True])
    found = calibration(labels, probabilities)
    assert found.counts.tolist() == [2, 0, 0, 0, 0, 3, 0, 0, 0, 1]
    assert found.predicted[[0, 5, 9]] == pytest.approx([0.05, 0.55, 1.0])
    assert found.observed[[0, 5, 9]] == pytest.approx([0.5, 2 / 3, 1.0])
    assert np.isnan(found.observed[1])
    assert found.expected_error == pytest.approx((2 * 0.45 + 3 * (2 / 3 - 0.55)) / 6)
    assert found.brier_reference == pytest.approx(4 / 6 * 2 / 6)
    assert np.isnan(calibration(np.zeros(0, bool), np.zeros(0)).brier)


def test_bootstraps_draw_whole_patients(monkeypatch):
    groups = np.array([7, 7, 3, 9, 9, 9])
    weights = np.concatenate(list(bootstrap_weights(groups, 400, seed=1)))
    assert weights.shape == (400, 6)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert weights[:, 2].mean() == pytest.approx(1.0, abs=0.15)
    assert (weights == np.concatenate(list(bootstrap_weights(groups, 400, seed=1)))).all()
    monkeypatch.setattr(module, "_BLOCK_ELEMENTS", 60)
    blocks = list(bootstrap_weights(groups, 25, seed=1))
    assert [len(block) for block in blocks] == [10, 10, 5]
    assert list(bootstrap_weights(np.zeros(0, int), 10, seed=1)) == []


def test_intervals_leave_out_undefined_samples():
    low, high = interval(np.concatenate([np.linspace(0, 1, 1001), np.full(50, np.nan)]))
    assert (low, high) == pytest.approx((0.025, 0.975))
    assert np.isnan(interval(np.full(3, np.nan))).all()


@pytest.mark.parametrize("seed", range(4))
def test_folds_keep_patients_together_and_classes_even(seed):
    random = np.random.default_rng(seed)
    groups = random.integers(0, 60, 150)
    patient_label = random.random(60) < 0.3
    labels = patient_label[groups]
    folds = stratified_group_folds(labels, groups, 5, seed)
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups))
    assert np.ptp(np.bincount(folds[labels], minlength=5)) <= 3
    assert np.ptp(np.bincount(folds, minlength=5)) <= 6
    assert (folds == stratified_group_folds(labels, groups, 5, seed)).all()
    assert (folds != stratified_group_folds(labels, groups, 5, seed + 1)).any()


def test_folds_of_single_rows_differ_by_at_most_one_per_class():
    labels = np.arange(47) % 4 == 0
    folds = stratified_group_folds(labels, np.arange(47), 5, 0)
    for kind in (True, False):
        assert np.ptp(np.bincount(folds[labels == kind], minlength=5)) <= 1


def test_the_smaller_class_is_counted_in_patients():
    labels = np.array([True, True, False, False, True, False])
    assert smallest_class(labels, np.array([1, 1, 2, 2, 3, 4])) == 2
    assert smallest_class(labels, np.array([1, 1, 1, 1, 1, 1])) == 0
    assert smallest_class(labels[:0], np.zeros(0, int)) == 0
