"""Repairs of hubness against their definitions written out pair by pair, and what they do to the published cohort."""
import numpy as np
import pytest
from cohort_factory import published_cohort
from structure_samples import cosine_distances, ranked, skewed

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.evaluation.hubs import hubs, k_occurrence
from TumorConnectomeLib.neighbors import mutual_proximity as module
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.mutual_proximity import mutual_proximity
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists
from TumorConnectomeLib.neighbors.repairs import CSLS_NEIGHBORS, Repair, centered_vectors, repaired_lists

SIGN = {Match.MOST: 1, Match.LEAST: -1}


def expected_proximity(distances):
    count = len(distances)
    result = np.zeros((count, count), int)
    for x in range(count):
        for y in range(count):
            if x != y:
                result[x, y] = sum(distances[x, j] > distances[x, y] and distances[y, j] > distances[x, y]
                                   for j in range(count))
    return result


def expected_repaired(embedding, repair):
    """Repaired distance matrix and what ties are broken by, pair by pair."""
    embedding = np.asarray(embedding, float)
    own = cosine_distances(embedding)
    if repair in (Repair.CENTERED, Repair.CENTERED_MUTUAL_PROXIMITY):
        units = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
        own = cosine_distances(units - units.mean(axis=0))
    if repair is Repair.CENTERED:
        return own, None
    if repair is Repair.CSLS:
        count = len(own)
        near = [np.mean(sorted(own[i, j] for j in range(count) if j != i)[:CSLS_NEIGHBORS]) for i in range(count)]
        return np.round(2 * own - np.array(near)[:, None] - near, 12), None
    return 1.0 - expected_proximity(own) / len(own), own


@pytest.mark.parametrize("repair", [repair for repair in Repair if repair is not Repair.NONE])
@pytest.mark.parametrize("count", [2, 3, 12, 61])
def test_repaired_lists_follow_the_definition(repair, count):
    embedding = skewed(count, seed=count)
    k = min(7, count - 1)
    distances, ties = expected_repaired(embedding, repair)
    pairs = distances[np.triu_indices(count, 1)]
    found = repaired_lists(embedding, k, repair)
    for match, lists in found.items():
        order = [ranked(distances[row], row, SIGN[match], None if ties is None else ties[row])[:k] for row in range(count)]
        assert lists.indices.dtype == np.int32
        assert lists.indices.tolist() == order
        expected = np.take_along_axis(distances, np.array(order), axis=1)
        assert lists.distances == pytest.approx(expected, abs=3e-12)
        farther = [[100.0 * (pairs > distance).sum() / len(pairs) for distance in row] for row in lists.distances]
        if repair in (Repair.MUTUAL_PROXIMITY, Repair.CENTERED_MUTUAL_PROXIMITY):       # elsewhere rounding moves it by a pair
            assert lists.percentiles == pytest.approx(np.array(farther), abs=1e-9)
        assert lists.percentiles == pytest.approx(np.array(farther), abs=100.1 / len(pairs))


def test_without_repair_the_lists_are_the_models_own():
    embedding = skewed(30)
    for match, lists in repaired_lists(embedding, 5, Repair.NONE).items():
        own = neighbor_lists(embedding, 5)[match]
        for part in ("indices", "distances", "percentiles"):
            assert (getattr(lists, part) == getattr(own, part)).all()


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9, 40])
def test_mutual_proximity_with_ties_is_exact(count):
    random = np.random.default_rng(count)
    distances = random.integers(1, 6, (count, count)).astype(float)
    distances = np.triu(distances, 1) + np.triu(distances, 1).T
    assert mutual_proximity(distances).tolist() == expected_proximity(distances).tolist()


def test_mutual_proximity_does_not_depend_on_blocks_or_byte_counters(monkeypatch):
    random = np.random.default_rng(0)
    points = random.standard_normal((70, 3))
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    expected = mutual_proximity(distances).tolist()
    assert expected == expected_proximity(distances).tolist()
    monkeypatch.setattr(module, "_BLOCK_ELEMENTS", 100)
    monkeypatch.setattr(module, "_WORDS", 2)
    assert mutual_proximity(distances).tolist() == expected


def test_byte_counters_do_not_overflow():
    flags = np.ones((2, 8 * 300), bool)
    flags[1, ::3] = False
    assert module._count_true(flags).tolist() == [2400, 1600]


@pytest.mark.parametrize("repair", list(Repair))
def test_a_single_patient_and_equal_patients(repair):
    alone = repaired_lists(np.ones((1, 4)), 0, repair)
    assert all(lists.indices.shape == (1, 0) for lists in alone.values())
    equal = repaired_lists(np.full((5, 4), 0.3), 4, repair)
    for lists in equal.values():
        assert lists.indices[2].tolist() == [0, 1, 3, 4]
        assert (lists.distances == lists.distances[0, 0]).all()
        assert (lists.percentiles == 0.0).all()


@pytest.mark.parametrize("repair", list(Repair))
def test_duplicates_are_ties_and_go_to_the_smaller_row(repair):
    embedding = np.concatenate([skewed(25, seed=4)] * 2)
    lists = repaired_lists(embedding, 49, repair)[Match.MOST]
    for row in range(50):
        places = {patient: place for place, patient in enumerate(lists.indices[row].tolist())}
        for patient in range(25):
            if row not in (patient, patient + 25):
                assert places[patient + 25] == places[patient] + 1
                assert lists.distances[row, places[patient]] == lists.distances[row, places[patient + 25]]


def test_centered_vectors_have_length_one_or_zero():
    vectors = centered_vectors(skewed(20))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(20))
    assert centered_vectors(np.full((3, 2), 7.0)).tolist() == [[0.0, 0.0]] * 3


def test_too_many_patients_for_mutual_proximity_are_told_at_once(monkeypatch):
    monkeypatch.setattr("TumorConnectomeLib.neighbors.repairs.MOST_PATIENTS", 9)
    with pytest.raises(InputError, match="M: 10 patients are too many for mutual proximity; expected at most 9"):
        repaired_lists(skewed(10), 3, Repair.MUTUAL_PROXIMITY, source="M")
    monkeypatch.setattr(module, "MOST_PATIENTS", 9)
    with pytest.raises(InputError, match="at most 9"):
        mutual_proximity(np.zeros((10, 10)))


@pytest.mark.parametrize("repair", list(Repair))
def test_a_wrong_k_or_vector_is_refused(repair):
    with pytest.raises(InputError, match="k = 10 neighbors; expected 0 to 9 for 10 patients"):
        repaired_lists(skewed(10), 10, repair)
    with pytest.raises(InputError, match="M, row 2: the vector has only zeros"):
        repaired_lists(np.array([[1.0, 2], [0, 0]]), 1, repair, source="M")


def test_repairs_remove_the_hubs_of_the_published_cohort(real_data):
    embedding = published_cohort(real_data).embeddings["SUPREME"]
    found = {repair: hubs(repaired_lists(embedding, 5, repair), embedding, 5) for repair in Repair}
    near = {repair: one.near.skewness for repair, one in found.items()}
    assert near[Repair.CENTERED_MUTUAL_PROXIMITY] == pytest.approx(0.15, abs=0.02)      # published: 3.7 to 0.15
    assert near[Repair.CENTERED_MUTUAL_PROXIMITY] < near[Repair.MUTUAL_PROXIMITY] < near[Repair.CENTERED] < near[Repair.NONE]
    assert near[Repair.CSLS] < near[Repair.NONE]
    for repair in (Repair.CENTERED, Repair.CENTERED_MUTUAL_PROXIMITY):
        assert found[repair].far.top_share < 0.15                                       # from 0.89


def test_csls_needs_no_square_matrix(monkeypatch):
    embedding = skewed(300, seed=2)
    whole = repaired_lists(embedding, 5, Repair.CSLS)
    monkeypatch.setattr("TumorConnectomeLib.neighbors.neighbors._BLOCK_ELEMENTS", 900)
    blocks = repaired_lists(embedding, 5, Repair.CSLS)
    for match in Match:
        assert (whole[match].indices == blocks[match].indices).all()
        assert (whole[match].distances == blocks[match].distances).all()
    assert k_occurrence(whole[Match.MOST], 5).counts.sum() == 1500
