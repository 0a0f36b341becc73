"""Ranking metrics: agreement with scikit-learn and with definitions written out, ties, and what has no value."""
import itertools

import numpy as np
import pytest
from evaluation_samples import distances, order_of, ranking_of

from TumorConnectomeLib.cohort.cohort import Facet
from TumorConnectomeLib.cohort.facets import standard_facets
from TumorConnectomeLib.evaluation.metrics import (
    AVERAGE_PRECISION,
    LIST_METRICS,
    METRICS,
    NDCG,
    PRECISION,
    R_PRECISION,
    class_weights,
    contributions,
    expected_means,
)
from TumorConnectomeLib.evaluation.permutation import query_values
from TumorConnectomeLib.evaluation.relevance import Relevance, gain_table, relevance_of

RANDOM = np.random.default_rng(20)
#: labels, graded or not, levels of distance (few: many ties), k
CASES = [(RANDOM.integers(3, size=40), ordered, levels, k)
         for ordered in (False, True) for levels in (None, 4) for k in (1, 5, 17, 39)]


def sklearn_metrics():
    return pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")


def values_of(labels, gains, matrix, k, metric):
    return query_values(Relevance(labels, gains), ranking_of(matrix, k), metric)


@pytest.mark.parametrize(("labels", "ordered", "levels", "k"), CASES)
def test_ndcg_is_that_of_scikit_learn(labels, ordered, levels, k):
    ndcg_score = sklearn_metrics().ndcg_score
    matrix, gains = distances(RANDOM, 40, levels), gain_table(3, ordered)
    found = values_of(labels, gains, matrix, k, NDCG)
    for query in range(40):
        order = order_of(matrix, query)
        wanted = ndcg_score([gains[labels[query], labels[order]]], [-matrix[query, order]], k=k)    # ties: their mean
        assert found[query] == pytest.approx(wanted, abs=1e-9, rel=0)


def test_a_measured_number_such_as_a_size_is_graded_by_its_bins():
    ndcg_score = sklearn_metrics().ndcg_score
    import pandas as pd
    sizes = np.round(RANDOM.uniform(4, 60, 41), 1)
    sizes[7] = np.nan                                   # not measured: neither query nor target
    ids = pd.Index([f"P{number:02d}" for number in range(41)], name="PatientID")
    facet = standard_facets(pd.DataFrame({"longest_mm": sizes}, index=ids))["longest_mm"]
    assert facet.ordered and len(facet.categories) > 3
    relevance, matrix = relevance_of(facet), distances(RANDOM, 40, 5)
    assert len(relevance.labels) == 40 and relevance.gains[0].tolist() == sorted(relevance.gains[0].tolist(), reverse=True)
    found = query_values(relevance, ranking_of(matrix, 5), NDCG)
    bins = len(relevance.counts)
    for query in range(40):
        order = order_of(matrix, query)
        gains = 1 - np.abs(relevance.labels[query] - relevance.labels[order]) / (bins - 1)
        assert found[query] == pytest.approx(ndcg_score([gains], [-matrix[query, order]], k=5), abs=1e-9, rel=0)


@pytest.mark.parametrize(("labels", "ordered", "levels", "k"), [case for case in CASES if case[3] == 39 and case[2] is None])
def test_average_precision_over_the_whole_list_is_that_of_scikit_learn(labels, ordered, levels, k):
    average_precision_score = sklearn_metrics().average_precision_score
    matrix = distances(RANDOM, 40, levels)
    found = values_of(labels, gain_table(3, ordered), matrix, k, AVERAGE_PRECISION)
    for query in range(40):
        order = order_of(matrix, query)
        wanted = average_precision_score(labels[order] == labels[query], -np.arange(39.0))
        assert found[query] == pytest.approx(wanted, abs=1e-9, rel=0)


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 6])
def test_ties_count_as_the_mean_over_all_of_their_orders(k, ordered):
    labels, gains = np.array([0, 1, 0, 2, 0, 1, 0]), gain_table(3, ordered)
    matrix = distances(np.random.default_rng(k), 7, 3)          # three distances among six targets
    found = {metric: values_of(labels, gains, matrix, k, metric) for metric in METRICS}
    for query in np.flatnonzero(labels == 0):
        others = [other for other in range(7) if other != query]
        sums = dict.fromkeys(METRICS, 0.0)
        orders = [order for order in itertools.permutations(others)
                  if all(matrix[query, one] <= matrix[query, two] for one, two in zip(order, order[1:]))]
        for order in orders:
            apart = matrix.copy()
            apart[query, list(order)] = np.arange(6)
            relevance, ranking = Relevance(labels, gains), ranking_of(apart, k)
            for metric in METRICS:
                sums[metric] += query_values(relevance, ranking, metric)[query]
        assert {metric: found[metric][query] for metric in METRICS} == pytest.approx(
            {metric: total / len(orders) for metric, total in sums.items()}, abs=1e-12)


def test_what_goes_with_the_ids_is_not_found_in_ties():
    """All vectors are the same: a label of the first and the second half of the ids is found by chance only."""
    labels = np.repeat([0, 1], 10)
    for metric in METRICS:
        found = values_of(labels, gain_table(2, False), np.ones((20, 20)), 5, metric)
        assert found == pytest.approx(np.full(20, expected_means(np.array([10, 10]), np.eye(2), 5)[metric]), abs=1e-12)


@pytest.mark.parametrize(("labels", "ordered", "levels", "k"), [case for case in CASES if case[2] is None])
def test_the_other_metrics_are_what_their_definitions_say(labels, ordered, levels, k):
    matrix, gains = distances(RANDOM, 40, levels), gain_table(3, ordered)
    found = {metric: values_of(labels, gains, matrix, k, metric) for metric in METRICS}
    for query in range(40):
        hits = [bool(labels[other] == labels[query]) for other in order_of(matrix, query)]
        relevant = sum(hits)
        at_hits = [sum(hits[:rank]) / rank for rank in range(1, k + 1) if hits[rank - 1]]
        assert found[PRECISION][query] == pytest.approx(sum(hits[:k]) / k, abs=1e-12)
        assert found[AVERAGE_PRECISION][query] == pytest.approx(sum(at_hits) / min(relevant, k), abs=1e-12)
        assert found[R_PRECISION][query] == pytest.approx(sum(hits[:relevant]) / relevant, abs=1e-12)


def line_of(labels):
    """Distances of patients on a line, so that the first one's list is 1, 2, 3, ..."""
    places = np.arange(len(labels), dtype=float)
    return np.abs(places[:, None] - places)


@pytest.mark.parametrize(("labels", "k", "values"), [
    ([0, 0, 1, 0, 1], 3, (2 / 3, (1 + 2 / 3) / 2, (1 + 1 / 2) / (1 + 1 / np.log2(3)), 1 / 2)),
    ([0, 1, 1, 0, 1], 3, (1 / 3, 1 / 3, 1 / 2, 0)),             # k is larger than the one relevant target
    ([0, 1, 1, 0, 1], 1, (0, 0, 0, 0)),
    ([0, 0, 0, 0, 0], 4, (1, 1, 1, 1)),                         # a single category
])
def test_values_on_paper(labels, k, values):
    found = [values_of(np.array(labels), gain_table(2, False), line_of(labels), k, metric)[0] for metric in METRICS]
    assert found == pytest.approx(values, abs=1e-12)


def test_the_only_patient_of_a_category_is_left_out_but_stays_a_target():
    labels = np.array([0, 0, 1, 2, 2])
    for metric in METRICS:
        values = values_of(labels, gain_table(3, False), line_of(labels), 2, metric)
        assert np.isnan(values).tolist() == [False, False, True, False, False]
    assert values_of(labels, gain_table(3, False), line_of(labels), 2, PRECISION)[3] == 1 / 2    # its list: 2, 4


def test_with_one_patient_per_category_only_graded_relevance_has_values():
    labels = np.arange(4)
    for metric in METRICS:
        assert np.isnan(values_of(labels, gain_table(4, False), line_of(labels), 2, metric)).all()
        graded = values_of(labels, gain_table(4, True), line_of(labels), 2, metric)
        assert np.isnan(graded).all() == (metric != NDCG)
    assert values_of(labels, gain_table(4, True), line_of(labels), 2, NDCG) == pytest.approx([1, 1, 1, 1])


def test_two_categories_at_the_ends_of_an_ordered_facet_are_not_relevant_to_each_other():
    assert np.isnan(values_of(np.array([0, 2]), gain_table(3, True), line_of([0, 2]), 1, NDCG)).all()


def test_gains_fall_with_the_ordinal_distance():
    assert gain_table(3, True).tolist() == [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]]
    assert gain_table(3, False).tolist() == np.eye(3).tolist()
    assert gain_table(1, True).tolist() == [[1]]


def test_unknown_patients_are_neither_queries_nor_targets():
    facet = Facet("stage", "Stage", ("IA", "Unknown", "IB", "IV"), [2, 1, 0, 1, 3], ordered=True)
    relevance = relevance_of(facet)
    assert relevance.rows.tolist() == [0, 2, 4]
    assert relevance.labels.tolist() == [1, 0, 2]
    assert relevance.counts.tolist() == [1, 1, 1]
    assert relevance.gains.shape == (3, 3)
    assert relevance.targets == 2


def test_a_category_that_nobody_has_keeps_its_place_on_the_scale():
    relevance = relevance_of(Facet("stage", "Stage", ("IA", "IB", "IV"), [0, 2], ordered=True))
    assert relevance.counts.tolist() == [1, 0, 1]
    assert relevance.gains[0, 2] == 0


@pytest.mark.parametrize("labels", [[0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 3, 3], [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0]])
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("k", [1, 3, 5, 9])
def test_the_chance_level_is_the_mean_over_all_labelings(labels, ordered, k):
    ranking = ranking_of(distances(np.random.default_rng(3), 6), k)
    gains = gain_table(4, ordered)
    sums, labelings = dict.fromkeys(METRICS, 0.0), set(itertools.permutations(labels))
    for labeling in labelings:
        for metric in METRICS:
            sums[metric] += np.nanmean(query_values(Relevance(np.array(labeling), gains), ranking, metric))
    expected = expected_means(np.bincount(labels, minlength=4), gains, k)
    assert expected == pytest.approx({metric: total / len(labelings) for metric, total in sums.items()}, abs=1e-12)


def test_without_queries_there_is_no_chance_level():
    assert np.isnan(list(expected_means(np.array([1, 1, 1]), np.eye(3), 2).values())).all()
    assert np.isnan(list(expected_means(np.array([1]), np.eye(1), 2).values())).all()


def test_many_labelings_at_once_give_the_same_as_one_by_one():
    random = np.random.default_rng(5)
    ranking = ranking_of(distances(random, 20), 4)
    labels = random.integers(3, size=20)
    chunk = np.stack([random.permutation(labels) for _ in range(6)])
    weights = class_weights(np.bincount(labels, minlength=3), gain_table(3, True), 4)
    for metric in LIST_METRICS:
        together = contributions(chunk, ranking, weights, metric)
        one_by_one = np.stack([contributions(labeling, ranking, weights, metric) for labeling in chunk])
        assert np.array_equal(together, one_by_one)
