"""Neighbor lists against another computation, in every corner; percentiles and weights; the published lists."""
import csv
import math
from fractions import Fraction

import numpy as np
import pytest
from cohort_factory import published_cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.neighbors import neighbors
from TumorConnectomeLib.neighbors.exact_cosine import unit_vectors
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import distance_blocks, edge_weights, neighbor_lists


def exact_distance(a, b):
    """Cosine distance of two vectors of floats, in exact arithmetic up to one square root."""
    a, b = [Fraction(float(x)) for x in a], [Fraction(float(x)) for x in b]
    dot = sum(x * y for x, y in zip(a, b))
    norms = sum(x * x for x in a) * sum(y * y for y in b)
    cosine = math.copysign(math.sqrt(dot * dot / norms), dot)
    return min(max(round(1.0 - cosine, 12), 0.0), 2.0)


def expected_lists(embedding, k):
    """Index lists and distances per match, one pair of patients at a time."""
    count = len(embedding)
    distance = [[exact_distance(embedding[i], embedding[j]) for j in range(count)] for i in range(count)]
    found = {}
    for match, sign in ((Match.MOST, 1), (Match.LEAST, -1)):
        order = [sorted((j for j in range(count) if j != i), key=lambda j, i=i: (sign * distance[i][j], j))[:k]
                 for i in range(count)]
        found[match] = (order, [[distance[i][j] for j in order[i]] for i in range(count)])
    pairs = [distance[i][j] for i in range(count) for j in range(i)]
    return found, pairs


def assert_expected(embedding, k):
    expected, pairs = expected_lists(embedding, k)
    found = neighbor_lists(embedding, k)
    for match, (order, distances) in expected.items():
        lists = found[match]
        assert lists.indices.dtype == np.int32
        assert lists.indices.tolist() == order
        assert lists.distances == pytest.approx(np.array(distances).reshape(lists.distances.shape), abs=2e-12)
        for distance, percentile in zip(lists.distances.ravel(), lists.percentiles.ravel()):
            farther = sum(pair > distance + 1e-11 for pair in pairs)
            assert percentile == pytest.approx(100.0 * farther / len(pairs), abs=1e-9)


def random_embedding(count, length, seed=0):
    return np.random.default_rng(seed).standard_normal((count, length)).astype(np.float32)


@pytest.mark.parametrize(("count", "length", "k"), [(2, 3, 1), (3, 1, 2), (7, 5, 3), (12, 40, 11), (25, 8, 5)])
def test_lists_distances_and_percentiles_equal_another_computation(count, length, k):
    assert_expected(random_embedding(count, length), k)


def test_ties_go_to_the_smaller_row():
    corners = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 0], [0, 1], [1, 1], [-1, 1]], np.float32)
    assert_expected(corners, 7)
    found = neighbor_lists(corners, 3)
    assert found[Match.MOST].indices[0].tolist() == [4, 6, 1]
    assert found[Match.LEAST].indices[1].tolist() == [3, 0, 2]


def test_duplicates_are_ties_at_distance_zero_and_equal_for_others():
    embedding = np.vstack([random_embedding(40, 100)] * 3)
    found = neighbor_lists(embedding, 2)[Match.MOST]
    assert found.distances.tolist() == [[0.0, 0.0]] * 120
    assert found.indices[45].tolist() == [5, 85]
    for match in Match:
        lists = neighbor_lists(embedding, 119)[match]
        order = [index for index in lists.indices[0].tolist() if index not in (0, 40, 80)]
        assert all(order[i] + 80 == order[i + 1] + 40 == order[i + 2] for i in range(0, len(order), 3))


def test_all_patients_the_same():
    found = neighbor_lists(np.full((5, 4), 0.3), 4)
    for match in Match:
        assert found[match].distances.tolist() == [[0.0] * 4] * 5
        assert found[match].indices[2].tolist() == [0, 1, 3, 4]
        assert found[match].percentiles.tolist() == [[0.0] * 4] * 5


def test_opposite_vectors_have_distance_two():
    found = neighbor_lists(np.array([[3.0, -4.0], [-6.0, 8.0]]), 1)
    assert found[Match.LEAST].distances.tolist() == [[2.0], [2.0]]


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e-3, 7.0, 1e30, 1e300])
def test_the_length_of_vectors_does_not_matter(scale):
    embedding = random_embedding(20, 10).astype(float)
    plain, scaled = neighbor_lists(embedding, 6), neighbor_lists(embedding * scale, 6)
    mixed = neighbor_lists(embedding * np.where(np.arange(20) % 2, scale, 1.0)[:, None], 6)
    for match in Match:
        for other in (scaled, mixed):
            assert np.array_equal(plain[match].indices, other[match].indices)
            assert other[match].distances == pytest.approx(plain[match].distances, abs=2e-12)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_float32_at_both_ends_of_its_range(scale):
    assert_expected((random_embedding(9, 6) * np.float32(scale)), 4)


def test_k_zero_gives_empty_lists():
    for lists in neighbor_lists(random_embedding(4, 3), 0).values():
        assert lists.indices.shape == lists.distances.shape == lists.percentiles.shape == (4, 0)


@pytest.mark.parametrize(("count", "k"), [(4, 4), (4, 5), (4, -1), (1, 1), (2, 2)])
def test_k_out_of_range_is_refused(count, k):
    with pytest.raises(InputError, match=f"CTFM: k = {k} neighbors; expected 0 to {count - 1} for {count} patients"):
        neighbor_lists(random_embedding(count, 3), k, source="CTFM")


def test_one_patient_has_no_neighbors():
    lists = neighbor_lists(np.ones((1, 3)), 0)[Match.MOST]
    assert lists.indices.shape == (1, 0)


def test_two_patients_are_each_others_neighbors_at_percentile_zero():
    for lists in neighbor_lists([[1.0, 0.0], [1.0, 1.0]], 1).values():
        assert lists.indices.tolist() == [[1], [0]]
        assert lists.distances == pytest.approx(np.full((2, 1), 1 - math.sqrt(0.5)), abs=1e-12)
        assert lists.percentiles.tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize(("value", "text"), [(np.nan, "a NaN or infinite value"), (np.inf, "a NaN or infinite value"),
                                             (-np.inf, "a NaN or infinite value"), (0.0, "only zeros")])
def test_a_vector_without_direction_names_its_row(value, text):
    embedding = random_embedding(5, 3)
    embedding[3] = value
    with pytest.raises(InputError, match=f"CTFM, row 4: the vector has {text}"):
        neighbor_lists(embedding, 2, source="CTFM")


def test_an_array_of_another_shape_is_refused():
    with pytest.raises(InputError, match=r"shape \(3,\); expected \(N, D\)"):
        unit_vectors(np.ones(3))


def test_unit_vectors_have_length_one():
    vectors = unit_vectors(random_embedding(50, 30) * 1e-20)
    assert vectors.dtype == np.float64
    assert np.abs((vectors ** 2).sum(axis=1) - 1).max() < 1e-14


@pytest.mark.parametrize("elements", [1, 600, 1000, 4321])
def test_block_boundaries_change_nothing(monkeypatch, elements):
    embedding = random_embedding(150, 64) + 3           # close together, so that the order is delicate
    whole = neighbor_lists(embedding, 20)
    monkeypatch.setattr(neighbors, "_BLOCK_ELEMENTS", elements)
    blocks = neighbor_lists(embedding, 20)
    for match in Match:
        for part in ("indices", "distances", "percentiles"):
            assert np.array_equal(getattr(whole[match], part), getattr(blocks[match], part))


def test_distances_do_not_depend_on_the_order_of_summation():
    vectors = unit_vectors(random_embedding(120, 700) + 1)
    matrix = np.vstack([block for _first, block in distance_blocks(vectors)])
    shuffled = vectors[:, np.random.default_rng(1).permutation(700)]
    assert np.array_equal(matrix, np.vstack([block for _first, block in distance_blocks(shuffled)]))
    assert np.array_equal(matrix, matrix.T)
    assert not matrix.diagonal().any()


@pytest.mark.parametrize("levels", [3, 10 ** 9])
@pytest.mark.parametrize("k", [1, 5, 40, 198, 199])
def test_the_search_finds_the_smallest_keys_whether_it_sorts_or_selects(levels, k):
    keys = np.random.default_rng(k).integers(0, levels, (7, 200)).astype(float)
    keys[:, 17] = np.inf
    assert neighbors.smallest_columns(keys, k).tolist() == [
        sorted(range(200), key=lambda column, row=row: (row[column], column))[:k] for row in keys]


@pytest.mark.parametrize("match", list(Match))
def test_weights_grow_with_how_extreme_a_pair_is(match):
    percentiles = np.linspace(0, 100, 100_001)
    weights = edge_weights(percentiles, match)
    steps = np.diff(weights) * (1 if match is Match.MOST else -1)
    assert weights.min() == 0.0
    assert weights.max() == 1.0
    assert (steps >= 0).all()
    assert np.isfinite(weights).all()


def test_a_weight_counts_decades():
    assert edge_weights(np.array([90.0, 99.0, 99.9, 99.99, 100.0]), Match.MOST) == pytest.approx([0.25, 0.5, 0.75, 1, 1])
    assert edge_weights(np.array([10.0, 1.0, 0.1, 0.0]), Match.LEAST) == pytest.approx([0.25, 0.5, 0.75, 1])


@pytest.fixture(scope="module")
def published(real_data):
    """The cohort, and the published lists: (model, match) -> PatientID -> list of (MatchPatientID, distance)."""
    lists = {}
    with open(real_data / "published_matches.csv", newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            of_patient = lists.setdefault((row["model"], row["match"]), {}).setdefault(row["PatientID"], {})
            of_patient[int(row["rank"])] = (row["MatchPatientID"], float(row["cosine_distance"]))
    return published_cohort(real_data), lists


#: PASTA and VISTA3D have no published lists; FMCIB, ModelsGen and Voco have lists, but no file here
@pytest.mark.parametrize("model", ["CTClipVit", "CTFM", "Merlin", "SUPREME"])
@pytest.mark.parametrize("match", list(Match))
def test_the_published_lists_are_found_in_order_for_every_patient(published, model, match):
    cohort, all_lists = published
    expected = all_lists[model, f"{match.value}_similar"]
    found = neighbor_lists(cohort.embeddings[model], 5)[match]
    ids = cohort.patient_ids
    assert len(expected) == len(ids) == 289
    for row, patient in enumerate(ids):
        matches, distances = zip(*(expected[patient][rank] for rank in range(1, 6)))
        assert tuple(ids[index] for index in found.indices[row]) == matches
        assert found.distances[row] == pytest.approx(distances, abs=1e-6, rel=0)


def test_lists_are_published_for_four_of_the_six_files(published):
    cohort, all_lists = published
    assert {model for model, _match in all_lists} & set(cohort.models) == {"CTClipVit", "CTFM", "Merlin", "SUPREME"}


@pytest.mark.parametrize("model", ["CTClipVit", "CTFM", "Merlin", "PASTA", "SUPREME", "VISTA3D"])
def test_every_real_list_equals_a_computation_in_extended_precision(published, model):
    """All six models, also those without published lists; long double, no matrix product."""
    embedding = published[0].embeddings[model].astype(np.longdouble)
    units = embedding / np.sqrt((embedding ** 2).sum(axis=1, keepdims=True))
    distances = np.empty((len(units), len(units)), np.longdouble)
    for row, unit in enumerate(units):                  # the same in both directions, bit for bit
        distances[row, row:] = distances[row:, row] = ((units[row:] - unit) ** 2).sum(axis=1) / 2
    found = neighbor_lists(published[0].embeddings[model], 50)
    for match, sign in ((Match.MOST, 1), (Match.LEAST, -1)):
        keys = sign * np.round(distances.astype(float), 12)
        np.fill_diagonal(keys, np.inf)
        order = np.argsort(keys, axis=1, kind="stable")[:, :50]
        assert np.array_equal(found[match].indices, order)
        assert np.abs(found[match].distances - np.take_along_axis(distances, order, axis=1)).max() < 1e-12
