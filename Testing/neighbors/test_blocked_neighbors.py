"""The search for large cohorts gives bit for bit what the full float64 method gives, whatever the vectors are like."""
import contextlib

import numpy as np
import pytest

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.neighbors import blas_threads, candidates, leading_axes, neighbor_search, neighbors
from TumorConnectomeLib.neighbors import blocked_neighbors as blocked
from TumorConnectomeLib.neighbors.blocked_neighbors import blocked_neighbors
from TumorConnectomeLib.neighbors.candidates import Candidates
from TumorConnectomeLib.neighbors.exact_cosine import candidate_distances, exact_distances, fixed_point, unit_vectors
from TumorConnectomeLib.neighbors.leading_axes import Frame, centered_operand, error_bound
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbor_search import Block, begin, look_at_tile, rounds_of_tiles, sample_of, take_tile
from TumorConnectomeLib.neighbors.neighbors import distance_blocks, lists_of_blocks, neighbor_lists, neighbors_and_scale


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    """Several tiles, the last one not full, also for few patients."""
    monkeypatch.setattr(neighbor_search, "TILE", 128)
    monkeypatch.setattr(neighbor_search, "_STRIP", 48)


def spectrum(count, length=64, seed=0):
    """Vectors in a cone with a falling spectrum, as those of the published models."""
    random = np.random.default_rng(seed)
    return (random.standard_normal((count, length)) * np.arange(1, length + 1) ** -0.5 + 0.2).astype(np.float32)


def groups(spread):
    """Four groups of 150 vectors."""
    random = np.random.default_rng(1)
    return np.repeat(random.standard_normal((4, 30)), 150, axis=0) + spread * random.standard_normal((600, 30))


def assert_the_same(embedding, k):
    wanted = lists_of_blocks(distance_blocks(unit_vectors(embedding)), len(embedding), k)
    found, _fixed_of = blocked_neighbors(np.asarray(embedding), k)
    for match in Match:
        indices, distances = found[match]
        assert indices.dtype == np.int32
        np.testing.assert_array_equal(indices, wanted[match].indices)
        np.testing.assert_array_equal(distances, wanted[match].distances)


@pytest.mark.parametrize("count", [2, 31, 32, 33, 127, 128, 129, 160, 161, 500, 769])
def test_any_number_of_patients(count):
    assert_the_same(spectrum(count), min(10, count - 1))


@pytest.mark.parametrize("k", [1, 2, 31, 100, 299])
def test_any_number_of_neighbors(k):
    assert_the_same(spectrum(300), k)


@pytest.mark.parametrize("length", [1, 2, 3, 700])
def test_any_number_of_components(length):
    assert_the_same(spectrum(400, length) - np.float32(0.3), 7)


def test_duplicates():
    assert_the_same(np.vstack([spectrum(90)] * 5), 12)


def test_all_patients_the_same():
    assert_the_same(np.full((200, 9), 0.3), 6)


@pytest.mark.parametrize("spread", [1e-1, 1e-2, 1e-5, 1e-9, 1e-14])
def test_vectors_that_lie_close_together(spread):
    """The published SUPREME lies within 0.0074 with gaps of 1e-9."""
    assert_the_same(1 + spread * spectrum(400).astype(float), 15)


def test_tight_groups_that_float32_can_not_tell_apart():
    assert_the_same(groups(1e-9), 10)


def test_a_crowd_with_a_few_far_outliers():
    embedding = 1 + 1e-6 * spectrum(500).astype(float)
    embedding[[3, 200, 499]] = -spectrum(3, seed=5)
    assert_the_same(embedding, 8)


def test_more_candidates_than_are_kept(monkeypatch):
    monkeypatch.setattr(candidates, "_CROWD", 20)
    monkeypatch.setattr(blocked, "_CROWDED_ROWS", 7)
    assert_the_same(1 + 1e-5 * spectrum(300).astype(float), 3)


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
def test_tiny_and_huge_vectors(scale):
    embedding = spectrum(300).astype(float)
    assert_the_same(embedding * np.where(np.arange(300) % 3, scale, 1.0)[:, None], 9)


def test_opposite_and_orthogonal_vectors():
    assert_the_same(np.vstack([np.eye(40), -np.eye(40), np.eye(40)]), 5)


def test_a_memory_mapped_file(tmp_path):
    np.save(tmp_path / "embedding.npy", spectrum(300))
    assert_the_same(np.load(tmp_path / "embedding.npy", mmap_mode="r"), 6)


def test_large_cohorts_are_searched_so(monkeypatch):
    embedding = spectrum(400)
    wanted = neighbor_lists(embedding, 5)
    monkeypatch.setattr(neighbors, "BLOCKED_COUNT", 300)
    reports = []
    found, scale = neighbors_and_scale(embedding, 5, report=lambda fraction, message="": reports.append(fraction))
    for match in Match:
        np.testing.assert_array_equal(found[match].indices, wanted[match].indices)
        np.testing.assert_array_equal(found[match].distances, wanted[match].distances)
        assert np.abs(found[match].percentiles - wanted[match].percentiles).max() < 0.5
        np.testing.assert_array_equal(found[match].percentiles, scale.percentile(found[match].distances))
    assert reports == sorted(reports)
    assert 0 < reports[0] < reports[-1] <= 1


@pytest.mark.parametrize(("value", "text"), [(np.nan, "a NaN or infinite value"), (0.0, "only zeros")])
def test_a_vector_without_direction_names_its_row(value, text):
    embedding = spectrum(5000, 4)
    embedding[4700] = value
    with pytest.raises(InputError, match=f"CTFM, row 4701: the vector has {text}"):
        neighbor_lists(embedding, 2, source="CTFM")


@pytest.mark.parametrize("spread", [1.0, 1e-3])
def test_the_error_bound_holds_and_is_not_idle(spread):
    embedding = 1 + spread * spectrum(300, 512).astype(float)
    operand = centered_operand(embedding, unit_vectors(embedding).mean(axis=0))
    fixed = fixed_point(unit_vectors(embedding))
    errors = np.abs(operand.left() @ operand.right.T - exact_distances(fixed, fixed))
    bound = error_bound(512, operand.lengths[:, None], operand.lengths)
    assert (errors <= bound).all()
    assert (errors > 1e-4 * bound).any()


def test_a_wrong_bound_would_be_noticed(monkeypatch):
    """The tests above can fail: without the bound, float32 misses neighbors."""
    monkeypatch.setattr(candidates, "error_bound", lambda components, longer, other, *rests: 0.0 * (longer + other))
    with pytest.raises(AssertionError):
        assert_the_same(groups(1e-4), 15)


def steep(count, length=64, seed=0):
    """Vectors whose variances fall so steeply that few axes hold nearly everything."""
    random = np.random.default_rng(seed)
    return (random.standard_normal((count, length)) @ np.linalg.qr(random.standard_normal((length, length)))[0]
            * np.exp(-np.arange(length) / 6) + 0.2).astype(np.float32)


def record_axes(monkeypatch):
    """How many axes each choice has that a search tries from now on, None for all components; with steps of 8."""
    tried = []

    def choices(units, mean):
        for axes in leading_axes.choices_of_axes(units, mean):
            tried.append(None if axes is None else axes.shape[1])
            yield axes

    monkeypatch.setattr(leading_axes, "_STEP", 8)
    monkeypatch.setattr(blocked, "choices_of_axes", choices)
    return tried


@pytest.mark.parametrize("k", [1, 10, 40])
def test_few_axes_do_where_variances_fall_steeply(monkeypatch, k):
    tried = record_axes(monkeypatch)
    assert_the_same(steep(1100), k)
    assert tried == [24]


def test_more_axes_are_taken_where_few_do_not_tell_neighbors_apart(monkeypatch):
    """Near duplicates, as several images of each patient are: their distances are smaller than what few axes leave out."""
    tried = record_axes(monkeypatch)
    assert_the_same(np.repeat(steep(28), 40, axis=0) + 1e-4 * spectrum(1120), 10)
    assert tried == [16, 32, None]


def test_all_components_are_compared_where_no_axis_stands_out(monkeypatch):
    tried = record_axes(monkeypatch)
    assert_the_same(np.random.default_rng(3).standard_normal((1100, 64)), 10)
    assert tried == [None]


def test_the_error_bound_holds_along_axes_also_if_they_are_not_quite_orthonormal():
    embedding = steep(1100)
    units = unit_vectors(embedding)
    exact = np.linalg.qr(np.random.default_rng(0).standard_normal((64, 20)))[0]
    for axes in (exact, exact + 1e-5 * np.random.default_rng(1).standard_normal((64, 20))):
        operand = centered_operand(embedding, units.mean(axis=0), axes)
        fixed = fixed_point(units)
        errors = np.abs(operand.left() @ operand.right.T - exact_distances(fixed, fixed))
        bound = error_bound(20, operand.lengths[:, None], operand.lengths, operand.rests[:, None], operand.rests)
        assert (errors <= bound).all()
        assert (errors > 0.5 * bound).any()


def test_what_axes_leave_out_would_be_missed(monkeypatch):
    """The tests above can fail: a bound without the rests loses neighbors."""
    monkeypatch.setattr(leading_axes, "_STEP", 8)
    monkeypatch.setattr(candidates, "error_bound", lambda *of, bound=error_bound: bound(*of[:3]))
    with pytest.raises(AssertionError):
        assert_the_same(steep(1100), 10)


def test_all_pairs_of_blocks_are_compared_once():
    for blocks in range(1, 12):
        pairs = sorted(tuple(sorted(pair)) for pairs in rounds_of_tiles(blocks) for pair in pairs)
        assert pairs == [(first, second) for first in range(blocks) for second in range(first, blocks)]


@pytest.mark.parametrize("threads", [1, 3])
def test_products_use_one_thread_while_tiles_have_several(threads):
    found = blas_threads._functions()
    if found is None:
        pytest.skip("numpy does not use OpenBLAS here")
    get, put = found
    before = get()
    try:
        put(threads)
        with pytest.raises(ZeroDivisionError), blas_threads.one_thread_per_product() as ours:
            assert (ours, get()) == (threads, 1)
            raise ZeroDivisionError
        assert get() == threads
    finally:
        put(before)


def test_several_threads_find_the_same(monkeypatch):
    @contextlib.contextmanager
    def three():
        yield 3

    monkeypatch.setattr(blocked, "one_thread_per_product", three)
    assert_the_same(spectrum(769), 10)


def test_candidates_are_ranked_with_the_same_distances():
    fixed = fixed_point(unit_vectors(spectrum(50)))
    chosen = np.random.default_rng(0).integers(0, 50, (20, 9))
    found = candidate_distances(fixed[:20], chosen, fixed.__getitem__)
    np.testing.assert_array_equal(found, np.take_along_axis(exact_distances(fixed[:20], fixed), chosen, axis=1))


@pytest.mark.parametrize("length", [2, 512, 6000])
def test_distances_close_to_a_rounding_limit_are_the_exact_ones(length):
    """Half steps of 1e-12, where one product with rounding can not tell which way to round, and too long vectors for it."""
    random = np.random.default_rng(length)
    first = random.normal(size=length)
    first /= np.linalg.norm(first)
    across = random.normal(size=length)
    across -= first * (first @ across)
    across /= np.linalg.norm(across)
    count = min(4000, 1 << 22 >> length.bit_length())           # less of the long vectors, which cost more
    wanted = 0.25 + (np.arange(count) + 0.5) * 1e-12            # distances halfway between two steps
    others = first * (1 - wanted)[:, None] + across * np.sqrt(1 - (1 - wanted) ** 2)[:, None]
    fixed = fixed_point(np.concatenate([first[None], others]))
    candidates = np.arange(1, count + 1).reshape(1, -1)
    np.testing.assert_array_equal(candidate_distances(fixed[:1], candidates, fixed.__getitem__),
                                  exact_distances(fixed[:1], fixed[1:]))


def test_few_candidates_are_kept():
    embedding = spectrum(2000)
    every = centered_operand(embedding, unit_vectors(embedding).mean(axis=0))
    own, some = every.part(slice(0, 128)), sample_of(2000, 10)
    sides = {match: Candidates(own, every, Frame(None, every.lengths.max()), 10, farthest=match is Match.LEAST)
             for match in Match}
    rows = Block(slice(0, 128), sides)
    begin(rows, own.left(), every.right[some], some)
    for first in range(0, 2000, 80):
        columns = Block(slice(first, first + 80), {})
        take_tile(look_at_tile(rows, own.left(), columns, every.right[columns.numbers], both=False), rows, columns)
    for side in sides.values():
        assert side.is_due()
        assert 10 * 128 <= len(side.by_row()[0]) < 11 * 128
