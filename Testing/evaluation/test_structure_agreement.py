"""Agreement of models: every measure against its definition, chance, invariances, tiny cohorts, and the published figures."""
import csv
import itertools

import numpy as np
import pytest
from cohort_factory import published_cohort
from structure_samples import cosine_distances, skewed

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.evaluation import overlap
from TumorConnectomeLib.evaluation import similarity as geometry
from TumorConnectomeLib.evaluation.agreement import COLUMNS, MEASURES, agreement
from TumorConnectomeLib.evaluation.overlap import (
    jaccard,
    jaccard_by_chance,
    overlaps,
    rank_biased_overlap,
    rank_biased_overlap_by_chance,
)
from TumorConnectomeLib.evaluation.similarity import (
    alignment,
    average_ranks,
    centered_features,
    correlation,
    dependence,
    sampled_rows,
    standardized_distance_ranks,
)
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists


def linear_cka(first, second):
    """CKA and debiased CKA of two embeddings, by the functions that `agreement` uses for all pairs."""
    x, y = centered_features(first), centered_features(second)
    return tuple(alignment(*values) for values in zip(dependence(x, y), dependence(x, x), dependence(y, y)))


def rankings(count, others, depth, seed):
    random = np.random.default_rng(seed)
    return np.array([random.permutation(others)[:depth] for _ in range(count)])


def agreement_of(embeddings, k, depth):
    return agreement(embeddings, {model: neighbor_lists(one, depth)[Match.MOST] for model, one in embeddings.items()}, k)


@pytest.mark.parametrize("block", [1 << 22, 100])
def test_overlaps_and_jaccard_are_those_of_sets(monkeypatch, block):
    monkeypatch.setattr(overlap, "_BLOCK_ELEMENTS", block)
    a, b = rankings(30, 20, 8, 1), rankings(30, 20, 8, 2)
    common = overlaps(a, b)
    for depth in range(1, 9):
        sets = [(set(x[:depth]), set(y[:depth])) for x, y in zip(a.tolist(), b.tolist())]
        assert common[:, depth - 1].tolist() == [len(x & y) for x, y in sets]
        assert jaccard(common, depth) == pytest.approx(np.mean([len(x & y) / len(x | y) for x, y in sets]), abs=1e-15)


def extrapolated(x, y, p):
    """Equation 32 of Webber et al. (2010) for two lists of the same depth, where it becomes equation 30."""
    depth = len(x)
    shared = [len(set(x[:d]) & set(y[:d])) for d in range(1, depth + 1)]
    return shared[-1] / depth * p ** depth + (1 - p) / p * sum(n / d * p ** d for d, n in enumerate(shared, start=1))


def test_rank_biased_overlap_follows_the_paper():
    a, b = rankings(25, 15, 9, 3), rankings(25, 15, 9, 4)
    for p in (0.5, 0.9, 0.98):
        expected = np.mean([extrapolated(x, y, p) for x, y in zip(a.tolist(), b.tolist())])
        assert rank_biased_overlap(overlaps(a, b), p) == pytest.approx(expected, abs=1e-14)
    assert rank_biased_overlap(overlaps(a, a)) == pytest.approx(1.0, abs=1e-14)
    assert rank_biased_overlap(overlaps(a, a + 100)) == 0.0


def test_chance_is_what_random_lists_reach():
    a, b = rankings(20_000, 40, 6, 5), rankings(20_000, 40, 6, 6)
    common = overlaps(a, b)
    assert jaccard(common, 6) == pytest.approx(jaccard_by_chance(6, 40), abs=0.002)
    assert rank_biased_overlap(common) == pytest.approx(rank_biased_overlap_by_chance(6, 40), abs=0.002)
    assert jaccard_by_chance(5, 288) == pytest.approx(0.0097, abs=5e-5)
    assert jaccard_by_chance(4, 4) == rank_biased_overlap_by_chance(1, 1) == 1.0
    assert np.isnan(jaccard_by_chance(0, 0))
    assert np.isnan(rank_biased_overlap_by_chance(1, 0))


def test_ranks_of_ties_are_averaged():
    assert average_ranks(np.array([3.0, 1, 3, 2, 3])).tolist() == [4.0, 1.0, 4.0, 2.0, 4.0]


def test_spearman_agrees_with_scipy_also_with_ties():
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
    random = np.random.default_rng(7)
    one, other = random.integers(-2, 3, (40, 3)) + 0.5, random.integers(-2, 3, (40, 2)) + 0.5
    pairs = np.triu_indices(40, 1)
    expected = stats.spearmanr(cosine_distances(one)[pairs], cosine_distances(other)[pairs]).statistic
    assert correlation(*map(standardized_distance_ranks, (one, other))) == pytest.approx(expected, abs=1e-10)


def test_large_cohorts_are_sampled_by_the_seed(monkeypatch):
    monkeypatch.setattr(geometry, "SPEARMAN_PATIENTS", 30)
    assert sampled_rows(30, 1).tolist() == list(range(30))
    rows = sampled_rows(50, 1)
    assert len(set(rows.tolist())) == 30
    assert (np.diff(rows) > 0).all()
    assert rows.tolist() == sampled_rows(50, 1).tolist() != sampled_rows(50, 2).tolist()
    embeddings = {"A": skewed(50, seed=1), "B": skewed(50, seed=1) + 0.1 * skewed(50, seed=2)}
    found = agreement_of(embeddings, 3, 5)
    assert found.spearman_patients == 30
    sample = sampled_rows(50, 0)
    assert found.matrices["spearman"][0, 1] == correlation(
        *(standardized_distance_ranks(embeddings[model][sample]) for model in "AB"))


def gram_cka(one, other, debiased):
    """CKA from N x N kernel matrices: HSIC as in Kornblith et al., or unbiased as in Song et al. (2012), equation 5."""
    kernels = []
    for embedding in (one, other):
        units = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
        kernels.append(units @ units.T)
    count = len(one)
    centering = np.eye(count) - 1.0 / count

    def hsic(k, m):
        if not debiased:
            return np.trace(k @ centering @ m @ centering)
        k, m, ones = k - np.diag(np.diag(k)), m - np.diag(np.diag(m)), np.ones(count)
        return (np.trace(k @ m) + ones @ k @ ones * (ones @ m @ ones) / ((count - 1) * (count - 2))
                - 2.0 / (count - 2) * (ones @ k @ m @ ones)) / (count * (count - 3))

    return hsic(*kernels) / np.sqrt(hsic(kernels[0], kernels[0]) * hsic(kernels[1], kernels[1]))


@pytest.mark.parametrize("debiased", [False, True])
def test_cka_agrees_with_kernel_matrices(debiased):
    one, other = skewed(30, 50, seed=1), skewed(30, 8, seed=1)
    assert linear_cka(one, other)[debiased] == pytest.approx(gram_cka(one, other, debiased), abs=1e-10)


def test_cka_does_not_change_under_rotation_and_scale():
    one, other = skewed(30, seed=1), skewed(30, seed=2)
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((24, 24)))[0]
    assert linear_cka(one, 3.0 * one @ rotation) == pytest.approx((1.0, 1.0), abs=1e-12)
    assert linear_cka(one, other @ rotation) == pytest.approx(linear_cka(one, other), abs=1e-12)


def test_only_the_debiased_cka_of_unrelated_embeddings_is_near_zero():
    random = np.random.default_rng(0)
    one, other = random.standard_normal((40, 300)), random.standard_normal((40, 300))
    plain, debiased = linear_cka(one, other)
    assert plain > 0.8
    assert abs(debiased) < 0.1


def test_a_model_agrees_with_itself_and_not_with_noise():
    random = np.random.default_rng(1)
    embeddings = {"A": skewed(60), "a copy": skewed(60) * 2.0, "Noise": random.standard_normal((60, 24))}
    found = agreement_of(embeddings, 5, 20)
    assert found.models == ("A", "a copy", "Noise")
    assert (found.matrices["cka"][0, 2], found.matrices["cka_debiased"][0, 2]) == linear_cka(
        embeddings["A"], embeddings["Noise"])
    for measure in MEASURES:
        matrix = found.matrices[measure]
        assert np.diag(matrix) == pytest.approx(np.ones(3))
        assert matrix[0, 1] == pytest.approx(1.0, abs=1e-9)
        assert matrix[0, 2] < 0.5
        assert (matrix == matrix.T).all()
    rows = [dict(zip(COLUMNS, row)) for row in found.rows()]
    assert [(row["model_a"], row["model_b"]) for row in rows] == [("A", "a copy"), ("A", "Noise"), ("a copy", "Noise")]
    assert rows[1]["rbo"] == found.matrices["rbo"][0, 2]
    assert (rows[1]["k"], rows[1]["n"], rows[1]["spearman_n"]) == (5, 60, 60)


@pytest.mark.parametrize("count", [2, 3])
def test_tiny_cohorts(count):
    embeddings = {model: skewed(count, seed=seed) for seed, model in enumerate("AB")}
    found = agreement_of(embeddings, count - 1, count - 1)
    assert found.matrices["jaccard"].tolist() == [[1.0, 1.0]] * 2
    assert found.chance["jaccard"] == pytest.approx(1.0)
    assert np.isnan(found.matrices["spearman"]).all() == (count == 2)
    assert np.isnan(found.matrices["cka_debiased"]).all()
    assert 0.0 <= found.matrices["cka"][0, 1] <= 1.0


def test_equal_vectors_have_no_correlation_and_no_cka():
    found = agreement_of({"A": np.full((6, 3), 0.7), "B": skewed(6)}, 2, 3)
    assert np.isnan(found.matrices["spearman"][0, 1])
    assert np.isnan(found.matrices["cka"][0, 1])
    assert found.matrices["cka"][1, 1] == pytest.approx(1.0)


def test_what_does_not_fit_is_refused():
    embeddings = {"A": skewed(9), "B": skewed(9)}
    lists = {model: neighbor_lists(one, 3)[Match.MOST] for model, one in embeddings.items()}
    with pytest.raises(InputError, match="k = 4 neighbors; expected 1 to 3"):
        agreement(embeddings, lists, 4)
    with pytest.raises(InputError, match="expected at least two patients"):
        agreement({"A": skewed(1)}, {"A": neighbor_lists(skewed(1), 0)[Match.MOST]}, 1)
    with pytest.raises(InputError, match="lists of A; expected lists of A, B"):
        agreement(embeddings, {"A": lists["A"]}, 2)
    with pytest.raises(InputError, match=r"\[9, 10\] patients"):
        agreement({**embeddings, "B": skewed(10)}, lists, 2)
    with pytest.raises(InputError, match="the same patients and depth"):
        overlaps(np.zeros((3, 2)), np.zeros((3, 4)))


def test_the_published_range_of_top_5_jaccard(real_data):
    cohort = published_cohort(real_data)
    lists = {model: neighbor_lists(cohort.embeddings[model], 5)[Match.MOST].indices for model in cohort.models}
    with open(real_data / "published_matches.csv", newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["match"] == "most_similar" and row["model"] not in cohort.models:
                lists.setdefault(row["model"], np.zeros((289, 5), np.int32))[
                    cohort.row_of(row["PatientID"]), int(row["rank"]) - 1] = cohort.row_of(row["MatchPatientID"])
    found = {(a, b): jaccard(overlaps(lists[a], lists[b]), 5) for a, b in itertools.combinations(lists, 2)}
    assert len(found) == 36
    assert max(found.values()) == pytest.approx(0.27, abs=0.005)
    assert min(found.values()) > jaccard_by_chance(5, 288)
    # the published order of Voco can not be checked: most of its distances are printed as 0
    assert min(value for pair, value in found.items() if "Voco" not in pair) == pytest.approx(0.0403, abs=5e-5)
