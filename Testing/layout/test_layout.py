"""The layout: the same everywhere, well formed for any number of patients, and true to the neighbors."""
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from cohort_factory import published_cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.base.files import LIBRARY_FOLDER
from TumorConnectomeLib.layout.layout import (
    LAYOUT_NEIGHBORS,
    aligned,
    force_layout,
    layouts,
    neighbor_graph,
    principal_axes,
    unit_radius,
)
from TumorConnectomeLib.neighbors.exact_cosine import unit_vectors
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists


def layout_of(**embeddings):
    """Layouts of models with (N, D) embeddings each."""
    count = len(next(iter(embeddings.values())))
    nearest = {model: neighbor_lists(values, min(LAYOUT_NEIGHBORS, count - 1))[Match.MOST].indices
               for model, values in embeddings.items()}
    return layouts(embeddings, nearest)


def clusters(groups=4, size=12, length=20, seed=3):
    """Vectors in groups: those of one group are nearest to each other."""
    rng = np.random.default_rng(seed)
    return np.repeat(rng.standard_normal((groups, length)), size, axis=0) + 0.2 * rng.standard_normal((groups * size, length))


@pytest.fixture(scope="module")
def real_layouts(real_data):
    """Cohort and its layouts."""
    cohort = published_cohort(real_data)
    return cohort, layout_of(**cohort.embeddings)


def assert_well_formed(positions, count):
    assert positions.shape == (count, 2)
    assert np.isfinite(positions).all()
    assert np.abs(positions.mean(axis=0)).max() < 1e-6
    if count > 1:
        assert np.sqrt((positions ** 2).sum(axis=1).mean()) == pytest.approx(1.0, abs=1e-6)
        assert len(np.unique(positions, axis=0)) == count


@pytest.mark.parametrize("count", [1, 2, 3, 4, 15, 16, 17, 60])
def test_any_number_of_patients_is_laid_out_centered_with_radius_one(count):
    found = layout_of(a=np.random.default_rng(count).standard_normal((count, 8)), b=np.eye(count, 8) + 1)
    assert_well_formed(found["a"], count)
    assert_well_formed(found["b"], count)


def test_duplicates_are_drawn_apart():
    embedding = np.random.default_rng(0).standard_normal((10, 6))
    assert_well_formed(layout_of(a=np.vstack([embedding] * 3))["a"], 30)
    assert_well_formed(layout_of(a=np.full((25, 6), 0.1))["a"], 25)


def test_the_real_layouts_are_well_formed(real_layouts):
    for positions in real_layouts[1].values():
        assert_well_formed(positions, 289)


def test_the_same_input_gives_the_same_bits():
    embeddings = {"a": clusters(seed=1), "b": clusters(seed=2)}
    first, second = layout_of(**embeddings), layout_of(**dict(reversed(embeddings.items())))
    assert {model: values.tobytes() for model, values in first.items()} == {m: values.tobytes() for m, values in second.items()}


_DIGEST = """
import hashlib, sys
import numpy as np
from TumorConnectomeLib.layout.layout import layouts
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists
embeddings = dict(np.load(sys.argv[1]))
lists = {model: neighbor_lists(values, 50) for model, values in embeddings.items()}
nearest = {model: found[next(iter(found))].indices for model, found in lists.items()}
for model, positions in layouts(embeddings, nearest).items():
    parts = [getattr(found, part) for found in lists[model].values() for part in ("indices", "distances", "percentiles")]
    print(model, *[hashlib.sha256(array.tobytes()).hexdigest() for array in [positions, *parts]])
"""


def digests(path, **environment):
    """What another process finds for the embeddings in a file: a line per model."""
    result = subprocess.run([sys.executable, "-c", _DIGEST, str(path)], capture_output=True, text=True, check=True,
                            env={**os.environ, "PYTHONPATH": str(LIBRARY_FOLDER), **environment})
    return result.stdout.splitlines()


def test_threads_and_kernels_of_the_linear_algebra_library_do_not_matter(tmp_path):
    """Two processes with other thread counts; one with the oldest kernels that OpenBLAS has for x86-64."""
    rng = np.random.default_rng(11)
    embeddings = {"apart": rng.standard_normal((200, 300)), "close": 1 + 0.05 * rng.standard_normal((200, 512))}
    np.savez(tmp_path / "embeddings.npz", **embeddings)
    one = digests(tmp_path / "embeddings.npz", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", OPENBLAS_CORETYPE="Prescott")
    two = digests(tmp_path / "embeddings.npz", OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2")
    assert one == two
    here = layout_of(**embeddings)
    assert [line.split()[1] for line in two] == [hashlib.sha256(positions.tobytes()).hexdigest() for positions in here.values()]


def recall(positions, nearest):
    """Share of the k nearest patients that are also among the k nearest points, mean over patients."""
    k = nearest.shape[1]
    distances = ((positions[:, None] - positions) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    drawn = np.argsort(distances, axis=1)[:, :k]
    return np.mean([len(set(a) & set(b)) / k for a, b in zip(drawn.tolist(), nearest.tolist())])


def test_neighbors_are_drawn_side_by_side(real_layouts):
    cohort, positions = real_layouts
    nearest = {model: neighbor_lists(cohort.embeddings[model], 5)[Match.MOST].indices for model in cohort.models}
    recalls = {model: recall(positions[model], nearest[model]) for model in cohort.models}
    shuffled = np.random.default_rng(0).permutation(289)
    by_chance = max(recall(positions[model][shuffled], nearest[model]) for model in cohort.models)
    assert np.mean(list(recalls.values())) > 0.40
    assert min(recalls.values()) > 0.25 > 8 * by_chance


def test_groups_are_drawn_as_groups():
    positions = layout_of(a=clusters())["a"].reshape(4, 12, 2)
    within = np.linalg.norm(positions - positions.mean(axis=1, keepdims=True), axis=2).mean()
    between = np.linalg.norm(positions.mean(axis=1)[:, None] - positions.mean(axis=1), axis=2).sum() / 12
    assert between > 3 * within


def movement(layout, models):
    """How far patients move when the model is switched, mean over all pairs of models."""
    return np.mean([np.linalg.norm(layout[a] - layout[b], axis=1).mean() for a in models for b in models if a < b])


def test_switching_the_model_moves_patients_less_than_with_separate_layouts(real_layouts):
    """The common start keeps patients in place; aligning layouts that were made separately also helps, but less."""
    cohort, together = real_layouts
    models = cohort.models[:3]
    separate = {model: layout_of(**{model: cohort.embeddings[model]})[model] for model in models}
    turned = {model: aligned(separate[model], separate[models[0]]) for model in models}
    assert movement(turned, models) < movement(separate, models)
    assert movement(together, models) < 0.8 * movement(separate, models)
    assert movement(together, models) < movement(turned, models)


def test_alignment_undoes_rotation_reflection_scale_and_shift():
    points = np.random.default_rng(5).standard_normal((30, 2))
    reference = unit_radius(points)
    for angle, mirror in ((0.7, 1), (2.9, -1), (0.0, -1)):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([1, mirror])
        moved = 40 * points @ turn + [5, -9]
        assert np.abs(unit_radius(moved) - reference).max() > 0.1
        assert np.abs(aligned(moved, reference) - reference).max() < 1e-6


def test_alignment_is_the_best_of_all_rotations_and_reflections():
    rng = np.random.default_rng(6)
    points, reference = rng.standard_normal((2, 20, 2))
    found = np.square(aligned(points, reference) - (reference - reference.mean(axis=0))).sum()
    for angle in np.linspace(0, 2 * np.pi, 721):
        for mirror in (1, -1):
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([1, mirror])
            other = np.square(unit_radius(points) @ turn - (reference - reference.mean(axis=0))).sum()
            assert found <= other + 1e-5


def test_the_graph_weighs_ranks_linearly_in_both_directions():
    rows, columns, weights = neighbor_graph(np.array([[1, 2], [0, 2], [0, 1]], np.int32))
    assert weights.sum() == pytest.approx(1.0)
    matrix = np.zeros((3, 3))
    np.add.at(matrix, (rows, columns), weights)
    assert matrix == pytest.approx(matrix.T)
    assert matrix == pytest.approx(np.array([[0, 4, 3], [4, 0, 2], [3, 2, 0]]) / 18)


def test_positions_lie_on_a_grid_that_swallows_rounding_errors():
    graph = neighbor_graph(neighbor_lists(clusters(), 5)[Match.MOST].indices)
    found = force_layout(graph, principal_axes(unit_vectors(clusters())))
    assert np.array_equal(found, np.round(found, 7))


def test_repulsion_in_blocks_is_the_same(monkeypatch):
    from TumorConnectomeLib.layout import layout
    graph = neighbor_graph(neighbor_lists(clusters(), 5)[Match.MOST].indices)
    start = principal_axes(unit_vectors(clusters()))
    whole = force_layout(graph, start)
    monkeypatch.setattr(layout, "_BLOCK_ELEMENTS", 48 * 7)
    assert np.array_equal(force_layout(graph, start), whole)


def test_the_start_is_small_with_fixed_signs():
    embedding = clusters()
    start = principal_axes(unit_vectors(embedding))
    assert start.std() == pytest.approx(0.01, rel=0.01)
    assert np.array_equal(start, np.round(start, 12))
    centered = unit_vectors(embedding) - unit_vectors(embedding).mean(axis=0)
    values, axes = np.linalg.eigh(centered.T @ centered)
    for column, axis in enumerate(axes.T[::-1][:2]):
        axis = axis * np.sign(axis[np.abs(axis).argmax()])
        assert np.corrcoef(centered @ axis, start[:, column])[0, 1] > 0.999


def test_a_vector_without_direction_names_the_model():
    with pytest.raises(InputError, match="SUPREME, row 2"):
        layouts({"SUPREME": np.array([[1.0], [0.0]])}, {"SUPREME": np.array([[1], [0]])})


def test_progress_runs_from_zero_upward():
    reports = []
    embedding = clusters()
    nearest = neighbor_lists(embedding, 15)[Match.MOST].indices
    layouts({"a": embedding, "b": embedding}, {"a": nearest, "b": nearest},
            lambda fraction, message="": reports.append((fraction, message)))
    assert list(dict.fromkeys(message for _fraction, message in reports)) == ["Consensus layout", "Layout of a", "Layout of b"]
    fractions = [fraction for fraction, _message in reports]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] <= fractions[-1] <= 1
