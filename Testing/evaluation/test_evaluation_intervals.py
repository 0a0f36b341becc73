"""Intervals: what each patient contributes, pairs counted once, and cases without spread."""
import numpy as np
import pytest
from evaluation_samples import distances, order_of, ranking_of

from TumorConnectomeLib.evaluation import r_precision
from TumorConnectomeLib.evaluation.classes import class_rows, class_values, macro_figures
from TumorConnectomeLib.evaluation.intervals import (
    FEW_QUERIES,
    Pull,
    levels,
    metric_intervals,
    metric_pull,
    student_quantile,
)
from TumorConnectomeLib.evaluation.metrics import (
    AVERAGE_PRECISION,
    LIST_METRICS,
    METRICS,
    NDCG,
    PRECISION,
    R_PRECISION,
    expected_means,
)
from TumorConnectomeLib.evaluation.permutation import query_values
from TumorConnectomeLib.evaluation.ranking import rankings
from TumorConnectomeLib.evaluation.relevance import Relevance, gain_table


def sample(seed, count=40, k=5, shares=(0.5, 0.3, 0.2), ordered=False, follow=0.0):
    """Judgments and rankings of random patients; with `follow` > 0 the labels follow the distances."""
    random = np.random.default_rng(seed)
    labels = random.choice(len(shares), count, p=shares)
    points = random.standard_normal((count, 3)) + follow * labels[:, None]
    matrix = np.sqrt(((points[:, None] - points) ** 2).sum(-1))
    return Relevance(labels, gain_table(len(shares), ordered)), ranking_of(matrix, k), matrix


def means_of(relevance, ranking, metrics=METRICS):
    return {metric: float(np.nanmean(query_values(relevance, ranking, metric))) for metric in metrics}


def squares_over_pairs(influence):
    """Sum over unordered pairs of the squared sum of both directions of a matrix."""
    both = influence + influence.T
    return np.square(both[np.triu_indices(len(both), 1)]).sum()


def drawn(own, overall, few):
    """Mean of a category's queries and of so many average ones."""
    return (own.sum(0) + few * overall) / (len(own) + few)


def alike(relevance):
    """How many times as often as all queries those of each category find one of their own by chance."""
    found = relevance.counts - 1
    return found / found[relevance.labels].mean()


def test_a_patient_pulls_precision_by_its_own_query_and_by_its_place_in_other_lists():
    relevance, ranking, matrix = sample(1)
    labels, mean = relevance.labels, means_of(relevance, ranking)[PRECISION]
    orders = np.array([order_of(matrix, query)[:5] for query in range(40)])
    hits = (labels[orders] == labels[:, None]).astype(float)
    scale = alike(relevance)
    usual = np.stack([drawn(hits[labels == label], hits.mean(0) * scale[label], FEW_QUERIES) for label in labels])
    influence = np.zeros((40, 40))
    np.put_along_axis(influence, orders, (hits - usual) / 5 / 40, axis=1)
    pull = metric_pull(relevance, ranking, PRECISION, mean)
    assert pull.patients == pytest.approx(influence.sum(0) + (hits.mean(1) - mean) / 40, abs=1e-12)
    assert pull.pairs == pytest.approx(squares_over_pairs(influence), abs=1e-12)


def test_a_target_pulls_average_precision_by_what_it_changes_behind_its_place_too():
    relevance, ranking, matrix = sample(1)
    labels, mean = relevance.labels, means_of(relevance, ranking)[AVERAGE_PRECISION]
    orders = np.array([order_of(matrix, query)[:5] for query in range(40)])
    hits = (labels[orders] == labels[:, None]).astype(float)
    factors = 1 / np.minimum(relevance.counts - 1, 5)[labels]
    values = (hits * np.cumsum(hits, axis=1) / np.arange(1, 6)).sum(1) * factors
    scale = alike(relevance)
    rates = np.array([drawn(hits.mean(1)[labels == label], hits.mean() * scale[label], FEW_QUERIES) for label in labels])
    influence = np.zeros((40, 40))
    for query in range(40):
        for place in range(5):
            there, gone = hits[query].copy(), hits[query].copy()
            there[place], gone[place] = 1, 0
            change = [(one * np.cumsum(one) / np.arange(1, 6)).sum() * factors[query] for one in (there, gone)]
            influence[query, orders[query, place]] = (change[0] - change[1]) * (hits[query, place] - rates[query]) / 40
    pull = metric_pull(relevance, ranking, AVERAGE_PRECISION, mean)
    assert pull.patients == pytest.approx(influence.sum(0) + (values - mean) / 40, abs=1e-12)
    assert pull.pairs == pytest.approx(squares_over_pairs(influence), abs=1e-12)


def test_the_pull_on_r_precision_does_not_depend_on_how_many_rows_are_in_memory(monkeypatch):
    relevance, ranking, matrix = sample(2)
    labels, mean = relevance.labels, means_of(relevance, ranking)[R_PRECISION]
    values = query_values(relevance, ranking, R_PRECISION)
    usual = [drawn(values[labels == label], mean * alike(relevance)[label], FEW_QUERIES) for label in range(3)]
    influence, of_pairs = np.zeros((2, 40, 40))
    for query in range(40):
        relevant = relevance.counts[labels[query]] - 1
        order = order_of(matrix, query)[:relevant]
        added = ((labels == labels[query]) - usual[labels[query]]) / relevant / 40
        influence[query, order] = added[order]
        of_pairs[query] = (np.isin(np.arange(40), order) - relevant / 39) * added   # drawn without replacement
    np.fill_diagonal(of_pairs, 0.0)
    for rows in (255, 7):
        monkeypatch.setattr(r_precision, "_ROWS", rows)
        pull = metric_pull(relevance, ranking, R_PRECISION, mean)
        assert pull.patients == pytest.approx(influence.sum(0) + (values - mean) / 40, abs=1e-9)
        assert pull.pairs == pytest.approx(squares_over_pairs(of_pairs), abs=1e-9)
        assert pull.both == pytest.approx(of_pairs + of_pairs.T, abs=1e-7)


@pytest.mark.parametrize("ties", [False, True])
def test_pairs_of_a_sample_of_queries_are_those_of_the_whole_where_only_they_are_known(ties):
    relevance, _ranking, matrix = sample(6)
    ranking, = rankings([(0, np.round(matrix, 1) if ties else matrix)], [np.arange(40)], 5, np.array([0, 7, 8, 30]))
    mean = means_of(relevance, ranking)[R_PRECISION]
    *_pulls, pairs, _both = r_precision.r_precision_shares(relevance.labels, ranking, mean, FEW_QUERIES)
    usual, of_pairs = r_precision._usual(relevance.labels, ranking.sampled, query_values(relevance, ranking, R_PRECISION), mean,
                                         FEW_QUERIES), np.zeros((40, 40))
    for row, query in enumerate(ranking.sampled):
        relevant = relevance.counts[relevance.labels[query]] - 1
        same = relevance.labels == relevance.labels[query]
        first = ranking.first(np.array([row]), relevant)[0].astype(float)
        of_pairs[query] = (first - relevant / 39) * (same - usual[relevance.labels[query]]) / relevant
    np.fill_diagonal(of_pairs, 0.0)
    assert pairs == pytest.approx(squares_over_pairs(of_pairs), rel=1e-5)
    assert (ranking.rank_sizes is not None) == ties


def test_without_one_of_two_patients_of_a_category_the_other_is_no_query_either():
    labels = np.r_[np.zeros(38, int), 1, 1]
    matrix = distances(np.random.default_rng(5), 40)
    relevance, ranking = Relevance(labels, gain_table(2, False)), ranking_of(matrix, 5)
    others = np.arange(39)
    for metric in METRICS:
        means, fewer = means_of(relevance, ranking), Relevance(labels[others], relevance.gains)
        change = means[metric] - means_of(fewer, ranking_of(matrix[np.ix_(others, others)], 5))[metric]
        assert metric_pull(relevance, ranking, metric, means[metric]).patients[39] == pytest.approx(change, abs=0.006)
        assert change < -0.03


def test_with_few_patients_outside_of_the_largest_category_there_are_no_intervals():
    for few, given in ((2, False), (3, True)):
        relevance, (ranking, _matrix) = Relevance(np.repeat([0, 1], [100 - few, few]), np.eye(2)), sample(9, count=100)[1:]
        found = metric_intervals(relevance, ranking, means_of(relevance, ranking))
        assert [np.isfinite(found[metric].lift_low) for metric in LIST_METRICS] == [given] * 3
        assert np.isnan([found[metric].share_low for metric in LIST_METRICS]).all()


def test_r_precision_has_no_interval_where_nearly_all_patients_are_in_its_lists():
    for shares, given in (((0.7, 0.3), True), ((0.9, 0.1), False)):
        relevance, ranking, _matrix = sample(9, count=100, shares=shares)
        found = metric_intervals(relevance, ranking, means_of(relevance, ranking))
        assert np.isfinite(found[R_PRECISION].lift_low) == given and np.isfinite(found[PRECISION].lift_low)
        assert levels(relevance, 5)[R_PRECISION].chance == pytest.approx(np.mean(relevance.counts[relevance.labels] - 1) / 99)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("ordered", [False, True])
def test_pulls_are_about_what_leaving_a_patient_out_changes(metric, ordered):
    relevance, ranking, matrix = sample(3, count=60, shares=(0.5, 0.3, 0.2), ordered=ordered, follow=1.0)
    mean = means_of(relevance, ranking)[metric]
    pull, changes = metric_pull(relevance, ranking, metric, mean), []
    for patient in range(60):
        others = np.delete(np.arange(60), patient)
        fewer = Relevance(relevance.labels[others], relevance.gains)
        changes.append(mean - means_of(fewer, ranking_of(matrix[np.ix_(others, others)], 5))[metric])
    assert np.corrcoef(pull.patients, changes)[0, 1] > (0.75 if metric == R_PRECISION else 0.9)
    assert pull.pairs >= 0


def test_the_pull_on_the_chance_level_is_that_of_leaving_one_patient_out():
    relevance, _ranking, _matrix = sample(4)
    for metric, level in levels(relevance, 5).items():
        without = relevance.counts - np.eye(3, dtype=int)[relevance.labels[0]]
        change = level.chance - expected_means(without, relevance.gains, 5)[metric]
        assert level.chance_pull[0] == pytest.approx(change * 39 / 40, abs=1e-12)
        assert level.chance == expected_means(relevance.counts, relevance.gains, 5)[metric]
        assert level.best == 1 and (level.best_pull == 0).all()


def test_the_lift_is_surer_than_the_metric_when_chance_moves_with_it():
    """With nine to one, cohorts differ in the metric mostly because they differ in their share of the one."""
    relevance, ranking, _matrix = sample(9, count=200, shares=(0.9, 0.1))
    for metric, interval in metric_intervals(relevance, ranking, means_of(relevance, ranking, LIST_METRICS)).items():
        assert interval.lift_high / interval.lift_low < 0.8 * interval.high / interval.low + 0.2, metric


@pytest.mark.parametrize("follow", [0.0, 1.5])
def test_intervals_hold_the_value(follow):
    relevance, ranking, _matrix = sample(5, count=120, follow=follow)
    means = means_of(relevance, ranking)
    found = metric_intervals(relevance, ranking, means)
    for metric, interval in found.items():
        lift = means[metric] / levels(relevance, 5)[metric].chance
        assert 0 <= interval.low < means[metric] < interval.high <= 1
        assert interval.lift_low < lift < interval.lift_high


def test_more_patients_give_narrower_intervals():
    widths = []
    for count in (60, 240, 960):
        relevance, ranking, _matrix = sample(6, count=count)
        interval = metric_intervals(relevance, ranking, means_of(relevance, ranking, LIST_METRICS))[PRECISION]
        widths.append(interval.lift_high - interval.lift_low)
    assert 1.5 < widths[0] / widths[1] < 2.7                    # as the square root of the number of patients
    assert 1.5 < widths[1] / widths[2] < 2.7


def test_hubs_make_the_interval_wider():
    """The metric hangs on the labels of ten patients that are in all lists, not on those of a hundred."""
    relevance, spread, matrix = sample(7, count=100, k=1, shares=(0.7, 0.3))
    nearest_hub = np.arange(100) % 10
    matrix[np.arange(100), nearest_hub] = matrix[nearest_hub, np.arange(100)] = 1e-3 + 1e-6 * np.arange(100)
    hubs = ranking_of(matrix, 1)
    assert np.unique(hubs.nearest).size <= 20 < 50 < np.unique(spread.nearest).size
    widths = []
    for ranking in (spread, hubs):
        interval = metric_intervals(relevance, ranking, means_of(relevance, ranking, [PRECISION]))[PRECISION]
        widths.append(interval.high - interval.low)
    assert widths[1] > 1.3 * widths[0]


def test_where_nothing_varies_there_is_no_interval_of_width_0():
    relevance, ranking, _matrix = sample(8, shares=(1.0,))
    for interval in metric_intervals(relevance, ranking, means_of(relevance, ranking)).values():
        assert np.isnan([interval.low, interval.high, interval.lift_low, interval.lift_high, interval.share_low]).all()


def test_perfect_lists_of_equal_categories_have_no_interval():
    labels = np.repeat(np.arange(4), 10)
    matrix = np.where(labels[:, None] == labels, 1.0, 2.0) + distances(np.random.default_rng(1), 40) / 10
    relevance, ranking = Relevance(labels, np.eye(4)), ranking_of(matrix, 5)
    found = metric_intervals(relevance, ranking, means_of(relevance, ranking))[PRECISION]
    assert levels(relevance, 5)[PRECISION].chance == pytest.approx(9 / 39)
    assert np.isnan([found.lift_low, found.lift_high, found.low, found.share_high]).all()


@pytest.mark.parametrize("sizes", [(88, 8, 4), (94, 4, 2), (95, 5)])
def test_all_of_what_is_possible_has_no_interval_where_some_categories_are_smaller_than_the_lists(sizes):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    matrix = np.where(labels[:, None] == labels, 1.0, 9.0) + distances(np.random.default_rng(1), 100) / 10
    relevance, ranking = Relevance(labels, np.eye(len(sizes))), ranking_of(matrix, 5)
    value, level = means_of(relevance, ranking)[PRECISION], levels(relevance, 5)[PRECISION]
    assert value == pytest.approx(level.best) and level.best < 1
    found = metric_intervals(relevance, ranking, {PRECISION: value})[PRECISION]
    assert np.isnan([found.share_low, found.share_high]).all()
    assert found.lift_low < value / level.chance < found.lift_high      # another sample has other categories


def test_the_best_possible_falls_where_categories_are_smaller_than_the_lists():
    relevance = Relevance(np.repeat([0, 1], [10, 3]), np.eye(2))
    level = levels(relevance, 5)[PRECISION]
    assert level.best == pytest.approx((10 * 1 + 3 * 2 / 5) / 13)
    without = (9 * 1 + 3 * 2 / 5) / 12
    assert level.best_pull[0] == pytest.approx((level.best - without) * 12 / 13)


def test_quantiles_of_student_are_those_of_tables():
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    for freedom in (3, 4, 5, 8, 20, 100, 1e6):
        assert student_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=4e-3)


def test_few_patients_that_hold_the_variance_make_the_interval_wider():
    even, few = np.tile([1.0, -1.0], 50), np.array([1.0, -1.0] * 2 + [0.0] * 96)
    few *= np.sqrt(even @ even / (few @ few))
    assert Pull(even).error == pytest.approx(Pull(few).error)
    assert Pull(few).limits()[1] > 1.1 * Pull(even).limits()[1]


def test_pairs_add_to_the_skewness_by_what_they_have_beyond_both_patients():
    random = np.random.default_rng(10)
    pulls, pairs = random.standard_normal(50), random.standard_normal((50, 50))
    pairs = pairs + pairs.T + pulls[:, None] + pulls
    np.fill_diagonal(pairs, 0.0)
    pulls -= pulls.mean()
    apart = pairs - pairs.mean(0) - pairs.mean(1)[:, None] + pairs.mean()
    np.fill_diagonal(apart, 0.0)
    scale = (pulls ** 2).sum() ** 1.5
    skewness, joint = (pulls ** 3).sum() / scale, pulls @ apart @ pulls / scale
    pull = Pull(pulls, both=pairs)
    quantiles = (np.cbrt(1 + (skewness + 1.5 * joint) * (np.array([1, -1]) * pull.quantile - skewness / 6 - joint / 2)) - 1) / (
        skewness / 3 + joint / 2)
    assert pull.limits() == pytest.approx(-pull.error * quantiles)


def test_skewed_pulls_move_the_limits_to_where_the_truth_is():
    rare = np.array([1.0] * 5 + [0.0] * 95)                     # a share of 5 %, by chance rather fewer than more
    low, high = 0.05 + Pull(rare / 100).limits()
    assert 0.05 - low < 0.7 * (high - 0.05)
    symmetric = Pull(np.tile([1.0, -1.0], 50)).limits()
    assert symmetric[0] == pytest.approx(-symmetric[1])


def test_what_has_no_value_has_no_interval():
    relevance, ranking = Relevance(np.arange(7), gain_table(7, True)), ranking_of(distances(np.random.default_rng(1), 7), 2)
    means = {PRECISION: np.nan, NDCG: means_of(relevance, ranking, [NDCG])[NDCG]}
    found = metric_intervals(relevance, ranking, means)
    assert np.isnan([found[PRECISION].low, found[PRECISION].lift_high]).all()
    assert found[NDCG].low <= means[NDCG] <= found[NDCG].high
    none = metric_intervals(relevance, ranking, {PRECISION: np.nan})
    assert np.isnan([none[PRECISION].low, none[PRECISION].lift_low]).all()


def test_few_patients_of_a_category_have_no_interval_of_their_own_nor_one_of_the_macro_mean():
    for few, own, macro in ((4, False, False), (8, True, False), (30, True, True)):
        labels = np.repeat([0, 1], [100 - few, few])
        random = np.random.default_rng(1)
        points = random.standard_normal((100, 3)) + 0.7 * labels[:, None]
        relevance, ranking = Relevance(labels, np.eye(2)), ranking_of(np.sqrt(((points[:, None] - points) ** 2).sum(-1)), 5)
        values = class_values(relevance, ranking)
        common, rare = class_rows(relevance, ranking, values)
        assert not rare["ci_high"] > rare["best"] / rare["chance"]
        assert rare["lift"] > 1 and np.isfinite(common["ci_low"]) and np.isfinite(rare["ci_low"]) == own
        value, chance, interval = macro_figures(relevance, ranking, values)
        assert (value, chance) == pytest.approx((values.mean(), 98 / 99 / 2)) and np.isfinite(interval.lift_low) == macro


def test_without_a_single_hit_the_lift_has_no_interval():
    labels = np.array([0, 1] * 4)
    matrix = np.where(labels[:, None] == labels, 2.0, 1.0)
    relevance, ranking = Relevance(labels, np.eye(2)), ranking_of(matrix, 2)
    found = metric_intervals(relevance, ranking, {PRECISION: 0.0})[PRECISION]
    assert np.isnan([found.low, found.high]).all()
    assert np.isnan([found.lift_low, found.lift_high]).all()
