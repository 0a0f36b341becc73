"""Rankings for the evaluation: the order of the neighbor lists, groups of patients, samples, blocks and repairs."""
import numpy as np
import pytest
from evaluation_samples import distances, labeled_cohort, order_of, patient_values, ranking_of

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.evaluation import distances as distances_module
from TumorConnectomeLib.evaluation import ranking as ranking_module
from TumorConnectomeLib.evaluation.distances import blocks_of, cosine_blocks
from TumorConnectomeLib.evaluation.ranking import rankings, sampled_rows
from TumorConnectomeLib.evaluation.searched_rankings import searched_rankings
from TumorConnectomeLib.evaluation.table import evaluate
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.repairs import Repair, repaired_lists


@pytest.mark.parametrize("count", [2, 30, 120])
def test_lists_and_ranks_follow_distance(count):
    matrix = distances(np.random.default_rng(1), count)
    ranking = ranking_of(matrix, 5)
    assert ranking.starts is ranking.rank_sizes is None
    for query in range(count):
        order = order_of(matrix, query)
        assert ranking.nearest[query].tolist() == order[:5]
        assert np.argsort(ranking.ranks[query]).tolist() == [*order, query]


@pytest.mark.parametrize("levels", [1, 3, 10])
@pytest.mark.parametrize("count", [2, 9, 120])
def test_ties_are_groups_that_share_their_places(levels, count):
    matrix = distances(np.random.default_rng(1), count, levels)
    ranking = ranking_of(matrix, 5)
    k = min(5, count - 1)
    listed = ranking.listed
    assert listed.sum(1) == pytest.approx(np.full(count, k))
    for query in range(count):
        others = np.delete(np.arange(count), query)
        closer = (matrix[query, others] < matrix[query, others, None]).sum(1)
        tied = (matrix[query, others] == matrix[query, others, None]).sum(1)
        assert ranking.ranks[query, others].tolist() == closer.tolist()
        sizes = np.ones(count - 1) if ranking.rank_sizes is None else ranking.rank_sizes[query, others]
        assert sizes.tolist() == tied.tolist()
        share = np.zeros(count)
        np.add.at(share, ranking.nearest[query], listed[query])
        assert share[others] == pytest.approx(np.clip((k - closer) / tied, 0, 1)) and share[query] == 0


def test_of_a_huge_group_of_ties_a_random_part_stands_for_all(monkeypatch):
    monkeypatch.setattr(ranking_module, "_WIDEST", 50)
    ranking = ranking_of(np.ones((300, 300)), 5)
    assert ranking.nearest.shape == (300, 50) and ranking.listed.sum(1) == pytest.approx(np.full(300, 5))
    used = np.bincount(ranking.nearest.ravel(), minlength=300)
    assert used.min() > 20 and not (ranking.nearest == np.arange(300)[:, None]).any()


def test_groups_are_ranked_among_themselves_whatever_the_blocks():
    matrix = distances(np.random.default_rng(2), 25, levels=6)
    groups = [np.arange(25), np.array([1, 2, 3, 8, 20, 24]), np.array([0, 13])]
    blocks = [(first, matrix[first:first + 4].copy()) for first in range(0, 25, 4)]
    found = rankings(blocks, groups, 3, np.arange(25))
    for rows, ranking in zip(groups, found):
        alone = ranking_of(matrix[np.ix_(rows, rows)], 3)
        assert np.array_equal(ranking.nearest, alone.nearest)
        assert np.array_equal(ranking.ranks, alone.ranks)


@pytest.mark.parametrize("copies", [0, 4, 40])
@pytest.mark.parametrize("left_out", [1, 30])
def test_searched_rankings_are_those_of_all_distances(copies, left_out):
    random = np.random.default_rng(4)
    embedding = random.standard_normal((120, 7))
    embedding[:copies] = embedding[random.integers(100, 120, copies)]       # ties, within the lists and at their end
    groups = [np.arange(120), np.arange(left_out, 120), np.array([1, 2, 90, 119]), np.array([5, 80]), np.array([7])]
    sampled = np.array([0, 2, 50, 118])
    found = searched_rankings(embedding, groups, 4, sampled)
    for ranking, expected in zip(found, rankings(cosine_blocks("A", embedding), groups, 4, sampled)):
        for name in ("nearest", "distances", "ranks", "sampled", "k", "starts", "sizes", "rank_sizes"):
            one, other = getattr(ranking, name), getattr(expected, name)
            assert (one is None) == (other is None) and np.array_equal(one, other), name
    assert (found[0].starts is not None) == (copies > 0)


def test_only_sampled_queries_have_a_whole_ranking():
    matrix, sampled = distances(np.random.default_rng(3), 25), np.array([3, 8, 9, 21])
    rows = np.arange(3, 22)
    whole, some = (rankings([(0, matrix.copy())], [rows], 2, chosen)[0] for chosen in (np.arange(25), sampled))
    assert (some.sampled + 3).tolist() == [3, 8, 9, 21]
    assert np.array_equal(some.ranks, whole.ranks[some.sampled])
    assert np.array_equal(some.nearest, whole.nearest)


def test_large_cohorts_are_sampled_and_the_table_says_how_many(monkeypatch):
    random = np.random.default_rng(4)
    cohort = labeled_cohort(random, {"side": (random.integers(2, size=40), ("Left", "Right"), False)})
    whole = evaluate(cohort, permutations=5)
    monkeypatch.setattr(ranking_module, "FULL_RANKINGS", 15)
    assert len(set(sampled_rows(40, 0))) == 15
    assert sampled_rows(40, 0).tolist() != sampled_rows(40, 1).tolist()
    some = evaluate(cohort, permutations=5)
    lists = some["metric"] != "R-precision"
    assert set(some["n"][~lists]) == {15}
    drawn = ["q", "q_below", "permutations", "p", "p_below"]    # how many permutations there are depends on all tests
    assert some[lists].drop(columns=drawn).equals(whole[lists].drop(columns=drawn))
    values = patient_values(cohort, "A", "side", "R-precision", 5)
    assert np.flatnonzero(~np.isnan(values)).tolist() == sampled_rows(40, 0).tolist()
    row = some[(some["model"] == "A") & (some["facet"] == "side") & ~lists].iloc[0]
    assert row["value"] == pytest.approx(np.nanmean(values), abs=1e-12)
    assert row["ci_low"] < row["lift"] < row["ci_high"]


@pytest.mark.parametrize("repair", list(Repair))
def test_a_repair_gives_the_order_of_the_repaired_neighbor_lists(repair):
    random = np.random.default_rng(5)
    embedding = random.standard_normal((60, 8)) + 2
    ranking = rankings(blocks_of(repair)("A", embedding), [np.arange(60)], 12, np.arange(60))[0]
    lists = repaired_lists(embedding, 12, repair)[Match.MOST].indices
    if ranking.starts is None:
        assert np.array_equal(ranking.nearest, lists)
    else:                                                       # ties by row there, without an order here
        assert all(set(row[:12]) <= set(mine) for row, mine in zip(lists.tolist(), ranking.nearest.tolist()))


def test_too_many_patients_for_mutual_proximity_are_refused(monkeypatch):
    monkeypatch.setattr(distances_module, "MOST_PATIENTS", 10)
    with pytest.raises(InputError, match="CTFM: 11 patients are too many for mutual proximity; expected at most 10"):
        list(blocks_of(Repair.MUTUAL_PROXIMITY)("CTFM", np.random.default_rng(6).standard_normal((11, 3))))
