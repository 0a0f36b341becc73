"""What a distance means: the share of pairs that are farther apart, from all pairs or from a sample of them."""
import numpy as np
import pytest

from TumorConnectomeLib.neighbors import distance_scale
from TumorConnectomeLib.neighbors.distance_scale import SHARES, DistanceScale, sampled_scale, scale_of_pairs
from TumorConnectomeLib.neighbors.exact_cosine import exact_distances, fixed_point, unit_vectors
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists


def test_the_percentile_is_the_share_of_pairs_strictly_farther_apart():
    scale = DistanceScale([0.4, 0.1, 0.2, 0.2])
    assert scale.percentile(np.array([0.0, 0.1, 0.15, 0.2, 0.4, 0.5])).tolist() == [100.0, 75.0, 75.0, 25.0, 0.0, 0.0]
    assert np.isnan(DistanceScale([]).percentile([0.5])).all()


def test_the_table_has_about_a_thousand_quantiles_dense_at_both_ends():
    assert 990 <= len(SHARES) <= 1010
    assert (np.diff(SHARES) > 0).all()
    assert SHARES[0] == 0 and SHARES[-1] == 1
    assert SHARES[1] == pytest.approx(1e-6)
    assert np.diff(SHARES).max() < 0.002


def test_very_many_pairs_are_thinned_to_quantiles(monkeypatch):
    distances = np.random.default_rng(0).beta(2, 5, 200_000)
    exact = scale_of_pairs(distances)
    monkeypatch.setattr(distance_scale, "EXACT_PAIRS", 100_000)
    thinned = scale_of_pairs(distances)
    assert exact.shares is None and thinned.shares is SHARES
    at = np.linspace(0, 1, 300)
    assert thinned.percentile(at) == pytest.approx(exact.percentile(at), abs=0.02)


def test_quantiles_answer_as_the_pairs_do_where_many_are_equal():
    distances = np.concatenate([np.zeros(50_000), np.linspace(0.1, 0.9, 50_000)])
    thinned = DistanceScale(np.quantile(distances, SHARES), SHARES)
    at = np.array([0.0, 0.1, 0.5, 0.9, 1.0])
    assert thinned.percentile(at) == pytest.approx(DistanceScale(distances).percentile(at), abs=0.2)
    assert thinned.percentile(np.array([-0.1])).tolist() == [100.0]


@pytest.mark.parametrize("ordered", [False, True])
def test_a_sample_is_as_good_as_it_says(monkeypatch, ordered):
    """Also when similar patients stand in neighboring rows. Of 14 times fewer pairs: an error 6 times larger is allowed."""
    random = np.random.default_rng(0)
    groups = np.arange(3000) // 300 if ordered else random.integers(0, 10, 3000)
    embedding = random.standard_normal((10, 8))[groups] + 0.5 * random.standard_normal((3000, 8))
    fixed = fixed_point(unit_vectors(embedding))
    pairs = exact_distances(fixed, fixed)[np.triu_indices(3000, 1)]
    monkeypatch.setattr(distance_scale, "SAMPLED_PAIRS", 300_000)
    found = sampled_scale(3000, fixed.__getitem__)
    at = np.linspace(0, 2, 400)
    assert np.abs(found.percentile(at) - DistanceScale(pairs).percentile(at)).max() < 0.6
    again = sampled_scale(3000, fixed.__getitem__)
    np.testing.assert_array_equal(found.quantiles()[1], again.quantiles()[1])


def quantiles_of_sample(embedding, monkeypatch, margin=0.25):
    monkeypatch.setattr(distance_scale, "SAMPLED_PAIRS", 100_000)
    monkeypatch.setattr(distance_scale, "_MOST_MARGIN", margin)
    return sampled_scale(len(embedding), fixed_point(unit_vectors(embedding)).__getitem__).quantiles()[1]


@pytest.mark.parametrize("kind", ["cone", "duplicates", "ordered", "tight", "tighter"])
def test_quantiles_of_a_sample_are_those_of_exact_distances(monkeypatch, kind):
    """Bit for bit, though most distances are told by products with rounding."""
    embedding = 0.2 + 0.01 * np.random.default_rng(4).standard_normal((1300, 512))
    if kind == "duplicates":
        embedding[:] = embedding[np.arange(1300) % 7]
    elif kind.startswith("tight"):                      # all distances within 30,000 and within 300 steps of rounding
        embedding[:] = 0.2 + (embedding - 0.2) * (3e-3 if kind == "tight" else 3e-4)
    elif kind == "ordered":
        embedding[:] = embedding[0] + np.linspace(0, 1, 1300)[:, None] * embedding[1]
    wanted = quantiles_of_sample(embedding, monkeypatch, margin=0)
    np.testing.assert_array_equal(quantiles_of_sample(embedding, monkeypatch), wanted)


@pytest.mark.parametrize("margin", [1e-9, 1e-5, 1e-3, 0.1, 3.0])
def test_values_close_to_one_of_some_middles_are_found(margin):
    random = np.random.default_rng(2)
    values, middles = random.random(100_000), np.sort(random.random(50))
    values[::1000], values[5] = np.inf, middles[7]
    wanted = np.flatnonzero(np.abs(values[:, None] - middles).min(axis=1) <= margin)
    np.testing.assert_array_equal(distance_scale._close_to(values, middles, margin), wanted)
    assert not len(distance_scale._close_to(values, middles[:0], margin))


def test_products_with_rounding_alone_would_give_others(monkeypatch):
    """The test above can fail."""
    embedding = 0.2 + 0.01 * np.random.default_rng(4).standard_normal((1300, 512))
    wanted = quantiles_of_sample(embedding, monkeypatch)
    monkeypatch.setattr(distance_scale, "_make_exact", lambda *arguments: None)
    assert (quantiles_of_sample(embedding, monkeypatch) != wanted).any()


def test_the_table_can_be_kept_and_used_again():
    scale = DistanceScale(np.random.default_rng(1).random(5000))
    shares, distances = scale.quantiles()
    at = np.linspace(0, 1, 50)
    assert DistanceScale(distances, shares).percentile(at) == pytest.approx(scale.percentile(at), abs=0.1)
    assert DistanceScale([]).quantiles()[0].shape == (0,)


def test_percentiles_of_a_thinned_cohort_stay_close(monkeypatch):
    embedding = np.random.default_rng(0).standard_normal((400, 16))
    exact = neighbor_lists(embedding, 10)
    monkeypatch.setattr("TumorConnectomeLib.neighbors.neighbors.EXACT_PAIRS", 5_000)
    thinned = neighbor_lists(embedding, 10)
    for match, lists in exact.items():
        assert np.array_equal(lists.indices, thinned[match].indices)
        assert np.abs(lists.percentiles - thinned[match].percentiles).max() < 1.5
