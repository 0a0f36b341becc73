"""Maps and their quality: against scikit-learn and definitions written out, on tiny and degenerate cohorts."""
import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
from structure_samples import cosine_distances, ranked, skewed

from TumorConnectomeLib.base.errors import InputError, PackageMissing
from TumorConnectomeLib.base.files import LIBRARY_FOLDER
from TumorConnectomeLib.layout.map_quality import map_quality, usual_k
from TumorConnectomeLib.layout.maps import MapKind, make_map, pca_map


def expected_quality(embedding, positions, k):
    """Trustworthiness, continuity and recall, patient by patient."""
    count = len(embedding)
    high = cosine_distances(embedding)
    low = ((positions[:, None] - positions) ** 2).sum(axis=2)
    intruders = missing = common = 0
    for row in range(count):
        by_high, by_low = ranked(high[row], row), ranked(low[row], row)
        intruders += sum(by_high.index(j) + 1 - k for j in by_low[:k] if j not in by_high[:k])
        missing += sum(by_low.index(j) + 1 - k for j in by_high[:k] if j not in by_low[:k])
        common += len(set(by_high[:k]) & set(by_low[:k]))
    scale = 2 / (count * k * (2 * count - 3 * k - 1))
    return 1 - scale * intruders, 1 - scale * missing, common / (count * k)


@pytest.mark.parametrize(("count", "k"), [(3, 1), (5, 2), (31, 1), (31, 7), (31, 15)])
@pytest.mark.parametrize("block", [1 << 22, 100])
def test_quality_follows_the_definition(count, k, block, monkeypatch):
    monkeypatch.setattr("TumorConnectomeLib.neighbors.neighbors._BLOCK_ELEMENTS", block)
    embedding = skewed(count)
    positions = np.round(np.random.default_rng(1).standard_normal((count, 2)), 1)       # with ties
    found = map_quality(embedding, positions, k)
    assert (found.trustworthiness, found.continuity, found.recall) == pytest.approx(
        expected_quality(embedding, positions, k), abs=1e-12)


@pytest.mark.parametrize("k", [1, 5, 15])
def test_trustworthiness_agrees_with_scikit_learn(k):
    manifold = pytest.importorskip("sklearn.manifold", reason="scikit-learn is not installed")
    embedding = skewed(90, seed=5)
    positions = np.random.default_rng(2).standard_normal((90, 2)) + embedding[:, :2]
    expected = manifold.trustworthiness(embedding, positions, n_neighbors=k, metric="cosine")
    assert map_quality(embedding, positions, k).trustworthiness == pytest.approx(expected, abs=1e-9)
    # continuity is the trustworthiness of the way back: the map as the space, cosine neighbors as the picture
    units = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    expected = manifold.trustworthiness(positions, units, n_neighbors=k)
    assert map_quality(embedding, positions, k).continuity == pytest.approx(expected, abs=1e-9)


def test_a_perfect_map():
    angle = np.sort(np.random.default_rng(0).random(20)) * 3
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    found = map_quality(circle, circle, 4)
    assert (found.trustworthiness, found.continuity, found.recall) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_patients_for_a_quality(count):
    found = map_quality(skewed(count), np.zeros((count, 2)), 1)
    assert np.isnan([found.trustworthiness, found.continuity, found.recall]).all()


def test_a_wrong_k_or_position_is_refused():
    with pytest.raises(InputError, match="k = 5 neighbors; expected 1 to 4 for 10 patients"):
        map_quality(skewed(10), np.zeros((10, 2)), 5)
    with pytest.raises(InputError, match="k = 0"):
        map_quality(skewed(10), np.zeros((10, 2)), 0)
    with pytest.raises(InputError, match=r"expected \(10, 2\)"):
        map_quality(skewed(10), np.full((10, 2), np.nan), 2)


@pytest.mark.parametrize("count", [12, 80])
def test_pca_agrees_with_singular_values(count):
    embedding = skewed(count)
    units = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    centered = units - units.mean(axis=0)
    left, values, right = np.linalg.svd(centered, full_matrices=False)
    positions, shares = pca_map(embedding)
    assert shares == pytest.approx((values ** 2 / (values ** 2).sum())[:2], abs=1e-10)
    expected = left[:, :2] * values[:2]
    expected *= np.sign([right[i][np.abs(right[i]).argmax()] for i in (0, 1)])
    assert positions == pytest.approx(expected / np.sqrt((expected ** 2).sum(axis=1).mean()), abs=1e-6)


def test_pca_of_cohorts_without_two_directions():
    for embedding in (np.ones((1, 4)), np.full((6, 3), 0.3)):
        positions, shares = pca_map(embedding)
        assert positions.tolist() == [[0.0, 0.0]] * len(embedding)
        assert np.isnan(shares).all()
    positions, shares = pca_map(skewed(2))
    assert np.abs(positions[:, 0]).tolist() == [1.0, 1.0]
    assert (positions[:, 1] == 0).all()
    assert shares == pytest.approx([1.0, 0.0])


def test_maps_lie_as_the_layout_does():
    embedding = skewed(40)
    layout = pca_map(embedding)[0] @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert make_map(MapKind.NEIGHBORS, embedding, layout) is layout
    assert make_map(MapKind.PCA, embedding, layout) == pytest.approx(layout, abs=1e-5)


def test_tsne_is_reproducible_and_keeps_clusters_apart():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    random = np.random.default_rng(0)
    embedding = np.repeat(np.eye(3), 15, axis=0) + 0.05 * random.standard_normal((45, 3))
    layout = pca_map(embedding)[0]
    positions = make_map(MapKind.TSNE, embedding, layout, seed=1)
    assert (positions == make_map(MapKind.TSNE, embedding, layout, seed=1)).all()
    groups = np.repeat([0, 1, 2], 15)
    nearest = ((positions[:, None] - positions) ** 2).sum(axis=2).argsort(axis=1)[:, 1:6]
    assert (groups[nearest] == groups[:, None]).mean() > 0.95
    assert make_map(MapKind.TSNE, embedding[::9], layout[::9]).shape == (5, 2)


@pytest.mark.parametrize(("kind", "module", "package"), [(MapKind.TSNE, "sklearn.manifold", "scikit-learn"),
                                                         (MapKind.UMAP, "umap", "umap-learn")])
def test_a_missing_package_and_too_few_patients_are_told(kind, module, package, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(PackageMissing, match=f"{kind.label()} maps need the Python package {package}, which is not installed"):
        make_map(kind, skewed(10), np.zeros((10, 2)))
    with pytest.raises(InputError, match=f"{kind.label()} of 4 patients; expected at least 5"):
        make_map(kind, skewed(4), np.zeros((4, 2)))


def test_a_sample_of_patients_tells_nearly_the_same(monkeypatch):
    embedding = skewed(80)
    positions = pca_map(embedding)[0]
    whole = map_quality(embedding, positions, 8)
    monkeypatch.setattr("TumorConnectomeLib.layout.map_quality._MOST_QUERIES", 40)
    part = map_quality(embedding, positions, 8)
    assert part != whole
    for name in ("trustworthiness", "continuity", "recall"):
        assert getattr(part, name) == pytest.approx(getattr(whole, name), abs=0.06)


@pytest.mark.parametrize(("count", "k"), [(1, 1), (3, 1), (20, 9), (31, 15), (289, 15)])
def test_the_usual_number_of_neighbors_is_defined(count, k):
    assert usual_k(count) == k


def test_umap_keeps_clusters_apart():
    if importlib.util.find_spec("umap") is None:        # it takes a second to import: only in the process that uses it
        pytest.skip("umap-learn is not installed")
    code = (
        "import numpy as np\n"
        "from TumorConnectomeLib.layout.maps import MapKind, make_map, pca_map\n"
        "embedding = np.repeat(np.eye(3), 7, axis=0) + 0.05 * np.random.default_rng(0).standard_normal((21, 3))\n"
        "positions = make_map(MapKind.UMAP, embedding, pca_map(embedding)[0])\n"
        "nearest = ((positions[:, None] - positions) ** 2).sum(axis=2).argsort(axis=1)[:, 1:6]\n"
        "print((nearest // 7 == np.arange(21)[:, None] // 7).mean(), abs(positions.mean(axis=0)).max() < 1e-6)\n")
    # compiling takes much longer than twenty patients without it
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(LIBRARY_FOLDER)}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True,
                          check=True)
    share, centered = done.stdout.split()
    assert float(share) > 0.9 and centered == "True"
