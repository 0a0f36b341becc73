"""Hubs and anisotropy: the published figures, definitions against a second computation, and tiny cohorts."""
import numpy as np
import pytest
from cohort_factory import published_cohort
from structure_samples import cosine_distances, skewed

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.evaluation.hubs import Occurrence, hubs, k_occurrence, mean_cosine
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists


def test_the_published_figures_of_supreme(real_data):
    cohort = published_cohort(real_data)
    embedding = cohort.embeddings["SUPREME"]
    found = hubs(neighbor_lists(embedding, 5), embedding, 5)
    assert found.near.counts.max() == 71
    assert found.near.skewness == pytest.approx(3.7, abs=0.05)
    assert found.far.top_share == pytest.approx(0.89, abs=0.005)
    assert found.mean_cosine == pytest.approx(0.9984, abs=1e-4)


def test_occurrences_are_counted_over_the_first_k_only():
    embedding = skewed(40)
    lists = neighbor_lists(embedding, 9)
    for match in Match:
        for k in (1, 4, 9):
            expected = [sum(patient in row[:k] for row in lists[match].indices.tolist()) for patient in range(40)]
            assert k_occurrence(lists[match], k).counts.tolist() == expected


def test_skewness_share_and_largest_of_known_counts():
    occurrence = Occurrence(np.array([0, 0, 1, 1, 2, 2, 9]))
    deviation = [c - 15 / 7 for c in (0, 0, 1, 1, 2, 2, 9)]
    second, third = (sum(d ** power for d in deviation) / 7 for power in (2, 3))
    assert occurrence.skewness == pytest.approx(third / second ** 1.5, rel=1e-12)
    assert occurrence.top_share == 1.0
    assert Occurrence(np.array([0, 1, 2, 3, 4, 5, 6])).top_share == 20 / 21
    assert occurrence.largest(3).tolist() == [6, 4, 5]
    assert occurrence.never == 2


def test_skewness_agrees_with_scipy():
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    counts = np.random.default_rng(3).poisson(5, 200)
    assert Occurrence(counts).skewness == pytest.approx(stats.skew(counts), abs=1e-12)


def test_equal_counts_have_no_skewness():
    assert Occurrence(np.full(5, 4)).skewness == 0.0


def test_mean_cosine_is_that_of_all_pairs():
    embedding = skewed(30)
    expected = 1.0 - cosine_distances(embedding)[np.triu_indices(30, 1)].mean()
    assert mean_cosine(embedding) == pytest.approx(expected, abs=1e-11)
    assert mean_cosine(np.ones((4, 3))) == pytest.approx(1.0, abs=1e-12)
    assert mean_cosine(np.array([[1.0, 0], [-1, 0]])) == -1.0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_tiny_cohorts(count):
    embedding = skewed(count)
    found = hubs(neighbor_lists(embedding, count - 1), embedding, count - 1)
    assert found.near.counts.tolist() == found.far.counts.tolist() == [count - 1] * count
    assert found.near.skewness == 0.0
    assert np.isnan(found.near.top_share) == np.isnan(found.mean_cosine) == (count == 1)


@pytest.mark.parametrize("k", [-1, 4])
def test_a_k_beyond_the_lists_is_refused(k):
    with pytest.raises(InputError, match=f"k = {k} neighbors; expected 0 to 3"):
        k_occurrence(neighbor_lists(skewed(10), 3)[Match.MOST], k)
