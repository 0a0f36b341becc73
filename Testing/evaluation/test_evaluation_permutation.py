"""Permutation null: validity of p values, exact chance levels, strata, and Benjamini-Hochberg q values."""
import numpy as np
import pytest
from evaluation_samples import distances, null_means, ranking_of

from TumorConnectomeLib.evaluation import permutation, r_precision
from TumorConnectomeLib.evaluation.metrics import METRICS, R_PRECISION, expected_means
from TumorConnectomeLib.evaluation.permutation import (
    Labelings,
    Tally,
    benjamini_hochberg,
    query_values,
)
from TumorConnectomeLib.evaluation.r_precision import RPrecisionMeans
from TumorConnectomeLib.evaluation.ranking import rankings
from TumorConnectomeLib.evaluation.relevance import Relevance, gain_table


def p_value(observed, null):
    """p of a figure by its values under permutation."""
    tally = Tally([observed], lambda number, which: null[256 * number:256 * (number + 1), None])
    tally.run(len(null), enough=len(null))
    return tally.p[0]


def all_labelings(labels, count, seed, strata=None):
    """The first permutations as rows."""
    source = Labelings(labels, seed, strata)
    return np.concatenate([source.chunk(number).T for number in range(-(-count // permutation.CHUNK))])[:count]


@pytest.fixture(scope="module")
def p_values():
    """p of every metric for 600 random labelings of one geometry, 199 permutations each."""
    random = np.random.default_rng(11)
    points = random.standard_normal((80, 6)) / np.sqrt(1 + np.arange(6))    # neighbors are shared, as among real patients
    ranking = ranking_of(((points[:, None] - points) ** 2).sum(-1), 5)
    labels = np.repeat(np.arange(4), [40, 22, 12, 6])
    found = {metric: [] for metric in METRICS}
    for trial in range(600):
        relevance = Relevance(random.permutation(labels), gain_table(4, True))
        null = null_means(relevance, ranking, METRICS, 199, [trial])
        for metric in METRICS:
            found[metric].append(p_value(np.nanmean(query_values(relevance, ranking, metric)), null[metric]))
    return {metric: np.array(values) for metric, values in found.items()}


@pytest.mark.parametrize("metric", METRICS)
def test_p_values_are_uniform_under_the_null(p_values, metric):
    counts = np.histogram(p_values[metric], bins=10, range=(0, 1))[0]
    chi_squared = ((counts - 60) ** 2 / 60).sum()
    assert chi_squared < 27.88                                  # 99.9 % quantile at 9 degrees of freedom


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_false_alarms_are_as_frequent_as_promised(p_values, metric, alpha):
    share = (p_values[metric] <= alpha).mean()
    noise = np.sqrt(alpha * (1 - alpha) / 600)
    assert alpha - 3.3 * noise - 0.01 <= share <= alpha + 3.3 * noise


def test_a_p_value_counts_the_observed_labeling_and_ties():
    null = np.array([0.1, 0.2, 0.3, 0.3])
    assert p_value(0.3, null) == 3 / 5
    assert p_value(0.3 + 1e-14, null) == 3 / 5                  # the same mean, rounded otherwise
    assert p_value(0.4, null) == 1 / 5
    assert p_value(0.0, null) == 1


@pytest.mark.parametrize("k", [1, 5, 30])
@pytest.mark.parametrize("ordered", [False, True])
def test_null_means_scatter_around_the_exact_chance_level(k, ordered):
    random = np.random.default_rng(12)
    relevance = Relevance(random.permutation(np.repeat(np.arange(4), [20, 8, 2, 1])), gain_table(4, ordered))
    null = null_means(relevance, ranking_of(distances(random, 31), k), METRICS, 2000, [0])
    expected = expected_means(relevance.counts, relevance.gains, k)
    for metric in METRICS:
        noise = null[metric].std() / np.sqrt(2000)
        assert null[metric].mean() == pytest.approx(expected[metric], abs=4 * noise + 1e-12)


def test_null_means_are_the_means_under_each_labeling():
    random = np.random.default_rng(13)
    relevance = Relevance(random.integers(3, size=30), gain_table(3, True))
    ranking = ranking_of(distances(random, 30, levels=5), 4)
    null = null_means(relevance, ranking, METRICS, 8, [7])
    for number, labeling in enumerate(all_labelings(relevance.labels, 8, [7])):
        for metric in METRICS:
            wanted = np.nanmean(query_values(Relevance(labeling, relevance.gains), ranking, metric))
            assert null[metric][number] == pytest.approx(wanted, rel=1e-6)


def test_without_a_query_among_the_sample_r_precision_has_no_mean():
    matrix = distances(np.random.default_rng(1), 5)
    ranking = ranking_of(matrix, 1)
    assert np.isnan(RPrecisionMeans(ranking, np.ones(5, int)).means(np.arange(5)[:, None])).all()


def test_labelings_keep_the_labels_and_do_not_depend_on_chunks(monkeypatch):
    labels = np.array([0, 0, 1, 2, 2, 2, 1], np.int16)
    whole = all_labelings(labels, 300, [1, 2])
    assert whole.shape == (300, 7)
    assert (np.sort(whole, axis=1) == np.sort(labels)).all()
    assert len(np.unique(whole, axis=0)) > 100                  # of 210 different ones
    monkeypatch.setattr(permutation, "CHUNK", 64)
    assert np.array_equal(whole, all_labelings(labels, 300, [1, 2]))
    assert not np.array_equal(whole, all_labelings(labels, 300, [1, 3]))


def test_null_means_do_not_depend_on_how_many_entries_are_looked_at_in_one_go(monkeypatch):
    random = np.random.default_rng(14)
    relevance, ranking = Relevance(random.integers(3, size=30), np.eye(3)), ranking_of(distances(random, 30), 4)
    whole = null_means(relevance, ranking, METRICS, 50, [1])
    monkeypatch.setattr(permutation, "_ENTRIES", 500)
    for metric, values in null_means(relevance, ranking, METRICS, 50, [1]).items():
        assert np.allclose(values, whole[metric], rtol=0, atol=1e-12)


def test_strata_exchange_labels_only_among_themselves():
    labels, strata = np.array([0, 1, 0, 1, 2, 2]), np.array([5, 5, 9, 9, 9, -1])
    found = all_labelings(labels, 200, [3], strata)
    assert {tuple(row) for row in found[:, :2].tolist()} == {(0, 1), (1, 0)}
    assert {tuple(row) for row in np.sort(found[:, 2:5]).tolist()} == {(0, 1, 2)}
    assert len(np.unique(found[:, 2:5], axis=0)) == 6
    assert set(found[:, 5].tolist()) == {2}


def test_q_values_as_in_the_paper():
    """Example of Benjamini & Hochberg 1995, section 3.2: four of fifteen are discoveries at .05, by Bonferroni three."""
    p = np.array([.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1.0])
    q = benjamini_hochberg(p)
    assert (q <= 0.05).sum() == 4
    assert q[0] == pytest.approx(0.0015)
    assert q[3] == pytest.approx(0.0095 * 15 / 4)
    assert q[5] == pytest.approx(0.0298 * 15 / 7)              # the next p value gives a smaller one
    shuffled = np.random.default_rng(1).permutation(15)
    assert np.array_equal(benjamini_hochberg(p[shuffled]), q[shuffled])


def test_q_values_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    p = np.round(np.random.default_rng(2).random(200) ** 3, 2)
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p), abs=1e-12)


def test_what_was_not_tested_has_no_q_and_does_not_count():
    q = benjamini_hochberg(np.array([0.01, np.nan, 0.04]))
    assert q[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(q[1])
    assert benjamini_hochberg(np.array([])).shape == (0,)
    assert np.isnan(benjamini_hochberg(np.array([np.nan]))).all()


def test_r_precision_of_one_labeling_is_the_mean_of_its_queries():
    random = np.random.default_rng(15)
    relevance, ranking = Relevance(random.integers(4, size=50), np.eye(4)), ranking_of(distances(random, 50, 9), 3)
    assert RPrecisionMeans(ranking, relevance.counts).means(relevance.labels[:, None])[0] == pytest.approx(
        query_values(relevance, ranking, R_PRECISION).mean(), rel=1e-6)


@pytest.mark.parametrize("sizes", [[70, 5], [40, 35], [60, 9, 3, 2, 1], [25, 25, 25]])
@pytest.mark.parametrize("levels", [None, 9])
def test_r_precision_of_a_sample_of_queries_is_the_mean_of_theirs_however_it_is_counted(sizes, levels, monkeypatch):
    monkeypatch.setattr(r_precision, "_ROWS", 16)
    random = np.random.default_rng(16)
    matrix, sampled = distances(random, 75, levels), np.sort(random.choice(75, 30, replace=False))
    ranking, = rankings([(0, matrix)], [np.arange(75)], 3, sampled)
    labels = np.stack([random.permutation(np.repeat(np.arange(len(sizes)), sizes)) for _number in range(20)], axis=1)
    found = RPrecisionMeans(ranking, np.array(sizes)).means(labels.astype(np.int8))
    for number, mean in enumerate(found):
        wanted = np.nanmean(query_values(Relevance(labels[:, number], np.eye(len(sizes))), ranking, R_PRECISION))
        assert mean == pytest.approx(wanted, rel=1e-6)
