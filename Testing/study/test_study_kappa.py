"""Kappas against scikit-learn, statsmodels' published numbers and hand-made cases; chance levels; intervals."""
import itertools
import math

import numpy as np
import pytest
from study_samples import choice, random_readings

from TumorConnectomeLib.study.analysis import _pair_kappas, _pseudo_values
from TumorConnectomeLib.study.chance import SUBSETS, exact_test, fleiss_null, fleiss_p, pair_overlap, subset_hits
from TumorConnectomeLib.study.intervals import (
    crossed_interval,
    mean_interval,
    reader_variance,
    share_interval,
    t_quantile,
)
from TumorConnectomeLib.study.kappa import cohen_kappa, fleiss_kappa
from TumorConnectomeLib.study.readings import majority


@pytest.fixture(scope="module")
def stats():
    """scipy.stats, which takes a second to import: only where these tests run."""
    from scipy import stats
    return stats


def fleiss_by_the_book(table):
    """Fleiss 1971, from a table (subjects, categories) of counts."""
    table = np.asarray(table, float)
    n = table.sum(1)[0]
    observed = ((table ** 2).sum(1) - n) / (n * (n - 1))
    expected = (table.sum(0) / table.sum()) ** 2
    return (observed.mean() - expected.sum()) / (1 - expected.sum())


@pytest.mark.parametrize(("votes", "readers", "statsmodels"), [
    ([0, 1, 2, 3, 3, 1, 0, 2, 3, 0], 3, 0.4666666666666667),            # statsmodels 0.15.0 fleiss_kappa(table)
    ([5, 5, 1, 0, 4, 2, 3, 5, 0, 0], 5, 0.6000000000000001),
    ([7, 3, 0, 2, 6, 7, 1, 4, 5, 0, 0], 7, 0.5111111111111114),
    ([1, 1, 1, 1], 2, -1.0),
])
def test_fleiss_kappa_is_that_of_statsmodels(votes, readers, statsmodels):
    votes = np.array(votes)
    assert fleiss_kappa(votes, np.full(len(votes), readers)) == pytest.approx(statsmodels, abs=1e-12)
    assert fleiss_by_the_book(np.c_[readers - votes, votes]) == pytest.approx(statsmodels, abs=1e-12)


def test_fleiss_kappa_is_the_textbook_one_for_random_readers():
    for seed in range(20):
        votes = random_readings(readers=2 + seed % 6, queries=7, seed=seed).votes.ravel()
        readers = np.full(len(votes), 2 + seed % 6)
        assert fleiss_kappa(votes, readers) == pytest.approx(fleiss_by_the_book(np.c_[readers - votes, votes]), abs=1e-12)


def test_cohen_kappa_is_that_of_scikit_learn():
    from sklearn.metrics import cohen_kappa_score
    random = np.random.default_rng(0)
    for _case in range(50):
        one, other = random.random((2, 30)) < random.random((2, 1)) * 0.8 + 0.1
        assert cohen_kappa(one, other) == pytest.approx(cohen_kappa_score(one, other), abs=1e-12)


def test_kappa_is_undefined_where_nothing_can_be_told_apart():
    everything, nothing = np.ones(5, bool), np.zeros(5, bool)
    assert math.isnan(cohen_kappa(everything, everything)) and math.isnan(cohen_kappa(nothing, nothing))
    assert math.isnan(fleiss_kappa(np.full(5, 3), np.full(5, 3))) and math.isnan(fleiss_kappa(np.zeros(5), np.full(5, 3)))
    assert math.isnan(cohen_kappa([], [])) and math.isnan(fleiss_kappa(np.array([1, 0]), np.array([1, 1])))
    assert cohen_kappa(everything, nothing) == 0.0


def test_unanimous_readers_who_choose_five_of_ten_have_kappa_one():
    votes = 4 * np.tile(choice(0, 1, 2, 3, 4), 6)
    assert fleiss_kappa(votes, np.full(60, 4)) == 1.0


def test_a_missing_judgment_is_no_category():
    # two readers, opposite choices in the ten images both judged, ten more by one alone
    one, other = choice(0, 1, 2, 3, 4), choice(5, 6, 7, 8, 9)
    votes = np.concatenate([one.astype(int) + other, one])
    readers = np.repeat([2, 1], 10)
    assert fleiss_kappa(votes, readers) == -1.0


def test_unequal_numbers_of_readers_weigh_images_by_their_readers():
    votes, readers = np.array([2, 0, 3, 1]), np.array([2, 2, 3, 3])
    # by hand: disagreement 1 * 2 / 3 over 1 + 1 + 2 + 2, share chosen 6 / 10
    assert fleiss_kappa(votes, readers) == pytest.approx(1 - (2 / 3 / 6) / (0.6 * 0.4), abs=1e-15)


def test_chance_of_five_of_ten_is_hypergeometric(stats):
    hits = subset_hits(choice(0, 1, 2, 3, 4))
    shares = np.bincount(hits) / 252
    assert shares == pytest.approx([stats.hypergeom.pmf(k, 10, 5, 5) for k in range(6)])
    assert (shares[4:].sum(), shares[5]) == (pytest.approx(0.1032, abs=5e-5), pytest.approx(0.00397, abs=5e-6))
    assert (2 * hits / 5 - 1).std() == pytest.approx(1 / 3)


def test_p_value_is_that_of_all_permutations():
    votes = np.array([[3, 2, 2, 1, 1, 1, 0, 0, 0, 0], [2, 2, 2, 1, 1, 0, 0, 0, 1, 1]])
    scores = subset_hits(votes)
    totals = np.array([a + b for a, b in itertools.product(scores[0], scores[1])])
    for observed in (0, 9, 13, 18, 19):
        expected, p = exact_test(scores, observed)
        assert expected == pytest.approx(totals.mean())
        assert p == pytest.approx(max((totals >= observed).mean(), np.finfo(float).tiny))


def test_p_value_of_readers_is_right_and_repeatable():
    votes, voters = SUBSETS[0].astype(int) + SUBSETS[5], np.array([2])
    overlaps = [pair_overlap(SUBSETS[0].astype(int) + other) for other in SUBSETS]
    exact = np.mean([one >= pair_overlap(votes) for one in overlaps])
    p = fleiss_p(votes[None], voters, fleiss_null(voters, 1))
    assert p == pytest.approx(exact, abs=0.02)
    assert p == fleiss_p(votes[None], voters, fleiss_null(voters, 1)) != fleiss_p(votes[None], voters, fleiss_null(voters, 2))


def test_majority_needs_more_than_half():
    votes = np.array([[3, 2, 1, 0, 4, 4, 0, 2, 2, 2]])
    assert majority(votes, np.array([4])).sum() == 3
    assert majority(votes, np.array([3])).sum() == 7                    # the consensus is no choice of five


@pytest.mark.parametrize("freedom", [1, 2, 2.7, 4, 24, 300])
def test_quantiles_of_t(freedom, stats):
    for probability in (0.6, 0.9, 0.975, 0.999):
        assert t_quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), rel=1e-9)


def test_interval_of_a_mean_is_that_of_students_t(stats):
    values = np.random.default_rng(3).random(12)
    low, high = mean_interval(values, np.ones(12), (0.0, 1.0))
    expected = stats.t.interval(0.95, 11, values.mean(), stats.sem(values))
    assert (low, high) == pytest.approx(expected, rel=1e-9)


def test_interval_of_values_without_spread_is_the_binomial_bound(stats):
    low, high = mean_interval(np.ones(25), np.ones(25), (0.0, 1.0))
    assert (low, high) == (pytest.approx(stats.beta.ppf(0.025, 25, 1)), 1.0)
    assert mean_interval(np.ones(1), np.ones(1), (-1.0, 1.0))[0] == pytest.approx(-0.95)


def test_interval_of_a_share_is_wilsons(stats):
    found = stats.binomtest(3, 25).proportion_ci(0.95, "wilson")
    assert share_interval(3, 25) == pytest.approx((found.low, found.high))


def test_readers_who_differ_widen_the_interval_and_noise_alone_does_not():
    random, panels = np.random.default_rng(0), np.random.default_rng(1).multinomial(6, np.full(6, 1 / 6), 2000) / 6
    skills, noise = random.standard_normal((6, 1)), random.standard_normal((6, 400))
    weights = np.ones((2000, 400))
    assert reader_variance(panels @ (skills + noise), weights, 6) == pytest.approx(skills.var(ddof=1) / 6, rel=0.15)
    assert reader_variance(panels @ noise, weights, 6) < 0.002
    assert reader_variance(panels[:, :1] @ noise[:1], weights, 1) == 0.0


def test_crossed_interval_is_that_of_a_multi_reader_study(stats):
    random = np.random.default_rng(4)
    table = 0.5 + 0.1 * random.standard_normal((5, 1)) + 0.05 * random.standard_normal(20) + 0.1 * random.random((5, 20))
    center = table.mean()
    rest = table - table.mean(1, keepdims=True) - table.mean(0) + center
    readers, queries, noise = 20 * table.mean(1).var(ddof=1), 5 * table.mean(0).var(ddof=1), (rest ** 2).sum() / (4 * 19)
    more = max(queries - noise, 0)                      # mean squares of the analysis of variance, as in Hillis 2007
    freedom = (readers + more) ** 2 / (readers ** 2 / 4 + more ** 2 / 19)
    width = stats.t.ppf(0.975, freedom) * math.sqrt((readers + more) / 100)
    everything = np.ones(table.shape, bool)
    found = crossed_interval(table, everything, np.ones(20), center, (0.0, 1.0))
    assert found == pytest.approx((center - width, center + width), rel=1e-9)
    one = crossed_interval(table[:1], everything[:1], np.ones(20), table[0].mean(), (0.0, 1.0))
    assert one == pytest.approx(stats.t.interval(0.95, 19, table[0].mean(), stats.sem(table[0])), rel=1e-9)


def test_crossed_interval_with_missing_answers_is_about_as_wide():
    random = np.random.default_rng(5)
    table = 0.1 * random.standard_normal((5, 1)) + random.standard_normal((5, 60)) * 0.1
    known = random.random(table.shape) < 0.8
    whole = crossed_interval(table, np.ones(table.shape, bool), np.ones(60), table.mean(), (-9.0, 9.0))
    part = crossed_interval(table, known, known.sum(0).astype(float), table[known].mean(), (-9.0, 9.0))
    assert np.ptp(part) == pytest.approx(np.ptp(whole), rel=0.15)
    nobody = np.vstack([known, np.zeros((1, 60), bool)])    # a reader without answers says nothing about readers
    assert crossed_interval(np.vstack([table, np.zeros((1, 60))]), nobody, known.sum(0).astype(float), table[known].mean(),
                            (-9.0, 9.0)) == part


def test_crossed_interval_of_a_table_without_spread_is_the_binomial_bound(stats):
    low, high = crossed_interval(np.ones((3, 25)), np.ones((3, 25), bool), np.ones(25), 1.0, (0.0, 1.0))
    assert (low, high) == (pytest.approx(stats.beta.ppf(0.025, 25, 1)), 1.0)


def test_pseudo_values_are_those_of_the_jackknife_over_readers():
    readings = random_readings(readers=4, queries=6)
    values, known = _pseudo_values(readings, _pair_kappas(readings))
    assert known.all()
    for query in range(6):
        votes = readings.chosen[:, query]
        whole = fleiss_kappa(votes.sum(0), np.full(10, 4))
        for reader in range(4):
            less = fleiss_kappa(np.delete(votes, reader, axis=0).sum(0), np.full(10, 3))
            assert values[reader, query] == pytest.approx(4 * whole - 3 * less)
