"""The layout of large cohorts: forces as by summing all pairs, the same in every run, true to the neighbors."""
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.base.files import LIBRARY_FOLDER
from TumorConnectomeLib.layout import layout
from TumorConnectomeLib.layout.layout import force_layout, layouts, neighbor_graph, principal_axes
from TumorConnectomeLib.layout.particle_mesh import ParticleMesh
from TumorConnectomeLib.layout.principal_scores import leading_scores
from TumorConnectomeLib.neighbors.exact_cosine import unit_vectors
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists


def all_pairs(positions):
    """The repulsion by its definition."""
    delta = positions[:, None] - positions
    kernel = 1 / (1 + (delta ** 2).sum(axis=2))
    np.fill_diagonal(kernel, 0)
    return (kernel[:, :, None] ** 2 * delta).sum(axis=1) / kernel.sum()


def off(positions):
    """Error of the particle mesh relative to the root mean square force."""
    wanted = all_pairs(positions)
    return np.sqrt(((ParticleMesh()(positions) - wanted) ** 2).mean() / (wanted ** 2).mean())


@pytest.mark.parametrize(("spread", "allowed"), [(0.01, 0.02), (0.3, 0.003), (3, 0.001), (25, 0.01), (35, 0.03)])
def test_the_forces_are_those_of_all_pairs(spread, allowed):
    assert off(np.random.default_rng(0).standard_normal((800, 2)) * spread) < allowed


def test_a_long_thin_cloud_and_a_far_outlier():
    points = np.random.default_rng(1).standard_normal((500, 2)) * [40, 0.5]
    assert off(points) < 0.02
    points[7] = [180, -100]
    assert np.isfinite(ParticleMesh()(points)).all()
    assert np.abs(ParticleMesh()(points)[7]).max() < 1e-3


def test_a_shift_changes_nothing_and_forces_add_up_to_nothing():
    points = np.random.default_rng(2).standard_normal((400, 2)) * 5
    forces = ParticleMesh()(points)
    assert np.abs(ParticleMesh()(points + [100.03, -7.7]) - forces).max() < 0.003 * np.abs(forces).max()
    assert np.abs(forces.sum(axis=0)).max() < 1e-6


def test_points_in_one_place_do_not_repel():
    assert np.abs(ParticleMesh()(np.zeros((5, 2)))).max() < 1e-12


def test_a_mesh_that_is_used_again_gives_the_same():
    mesh, random = ParticleMesh(), np.random.default_rng(3)
    for spread in (1, 1, 20, 0.1):
        points = random.standard_normal((100, 2)) * spread
        np.testing.assert_array_equal(mesh(points), ParticleMesh()(points))


@pytest.mark.parametrize("length", [2, 40])
def test_the_start_is_that_of_small_cohorts(length):
    embedding = np.random.default_rng(4).standard_normal((300, length)) * np.arange(length, 0, -1) + 1
    vectors = unit_vectors(embedding)
    whole = principal_axes(vectors - vectors.mean(axis=0))
    np.testing.assert_allclose(principal_axes(leading_scores(embedding, 16)), whole, atol=1e-9)


def test_equal_vectors_have_no_axes():
    assert not leading_scores(np.full((5000, 3), 0.1), 16).any()


def test_a_vector_without_direction_names_model_and_row(monkeypatch):
    monkeypatch.setattr(layout, "MESH_COUNT", 1)
    with pytest.raises(InputError, match="SUPREME, row 2"):
        layouts({"SUPREME": np.array([[1.0], [0.0]])}, {"SUPREME": np.array([[1], [0]])})


def groups(count=600, length=20, seed=0):
    """Vectors in twelve groups."""
    random = np.random.default_rng(seed)
    return np.repeat(random.standard_normal((12, length)), count // 12, axis=0) + 0.3 * random.standard_normal((count, length))


def nearest_of(embedding):
    return neighbor_lists(embedding, 15)[Match.MOST].indices


def recall(positions, nearest):
    distances = ((positions[:, None] - positions) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    drawn = np.argsort(distances, axis=1)[:, :15]
    return np.mean([len(set(a) & set(b)) / 15 for a, b in zip(drawn.tolist(), nearest.tolist())])


def test_it_is_as_true_to_the_neighbors_as_the_small_one(monkeypatch):
    embeddings = {"a": groups(), "b": groups(seed=1)}
    nearest = {model: nearest_of(embedding) for model, embedding in embeddings.items()}
    small = layouts(embeddings, nearest)
    monkeypatch.setattr(layout, "MESH_COUNT", 100)
    monkeypatch.setattr(layout, "_MESH_ITERATIONS", 120)
    monkeypatch.setattr(layout, "_MESH_SETTLING", 40)
    reports = []
    large = layouts(embeddings, nearest, lambda fraction, message: reports.append(fraction))
    for model in embeddings:
        assert large[model].shape == (600, 2)
        assert np.sqrt((large[model] ** 2).sum(axis=1).mean()) == pytest.approx(1, abs=1e-6)
        assert len(np.unique(large[model], axis=0)) == 600
        assert recall(large[model], nearest[model]) > recall(small[model], nearest[model]) - 0.02
        assert recall(large[model], nearest[model]) > 0.3
    assert reports == sorted(reports)
    assert 0 <= reports[0] < reports[-1] < 1


def test_both_ways_to_sum_the_attraction_agree():
    graph = neighbor_graph(nearest_of(groups(120)))
    positions = np.random.default_rng(0).standard_normal((120, 2))
    pairs = layout._pairs(graph, 120)
    assert len(pairs[0]) < len(graph[0]) / 2
    np.testing.assert_allclose(layout._attraction_of_pairs(pairs, positions), layout._attraction(graph, positions), atol=1e-15)


_DIGEST = """
import hashlib, sys
import numpy as np
from TumorConnectomeLib.layout import layout
layout.MESH_COUNT, layout._MESH_ITERATIONS = 100, 50
with np.load(sys.argv[1]) as arrays:
    found = layout.layouts({"a": arrays["embedding"]}, {"a": arrays["nearest"]})["a"]
print(hashlib.sha256(found.tobytes()).hexdigest())
"""


def test_another_process_with_other_threads_gives_the_same_bits(tmp_path, monkeypatch):
    embedding = groups()
    nearest = nearest_of(embedding)
    np.savez(tmp_path / "input.npz", embedding=embedding, nearest=nearest)
    found = [subprocess.run([sys.executable, "-c", _DIGEST, str(tmp_path / "input.npz")], text=True, check=True,
                            capture_output=True, env={**os.environ, "PYTHONPATH": str(LIBRARY_FOLDER),
                                                      "OPENBLAS_NUM_THREADS": threads}).stdout.strip() for threads in "12"]
    monkeypatch.setattr(layout, "MESH_COUNT", 100)
    monkeypatch.setattr(layout, "_MESH_ITERATIONS", 50)
    here = layouts({"a": embedding}, {"a": nearest})["a"]
    assert found == [hashlib.sha256(here.tobytes()).hexdigest()] * 2


def test_the_start_is_kept_without_exaggeration(monkeypatch):
    monkeypatch.setattr(layout, "MESH_COUNT", 100)
    monkeypatch.setattr(layout, "_MESH_ITERATIONS", 100)
    monkeypatch.setattr(layout, "_MESH_SETTLING", 50)
    graph = neighbor_graph(nearest_of(groups()))
    first = force_layout(graph, principal_axes(unit_vectors(groups())))
    again = force_layout(graph, first, exaggerated=0)
    radius = np.sqrt((first ** 2).sum(axis=1).mean())
    assert np.median(np.linalg.norm(layout.aligned(again, first) - layout.unit_radius(first), axis=1)) < 0.2 < radius
