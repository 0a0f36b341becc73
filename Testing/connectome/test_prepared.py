"""The cache file of a cohort: the same after writing and reading, and every damage is noticed."""
import os
import random
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cohort_factory import cohort, published_cohort

from TumorConnectomeLib.base import arrays_file
from TumorConnectomeLib.base.arrays_file import read_arrays, write_arrays
from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.cohort import MissingVectors
from TumorConnectomeLib.connectome import prepared
from TumorConnectomeLib.connectome.analysis import KEPT_NEIGHBORS, analyze, connectome
from TumorConnectomeLib.connectome.prepared import PreparedCohort, read_prepared, write_prepared
from TumorConnectomeLib.neighbors.match import Match


def small(count=8, **columns):
    made = cohort(count, **columns)
    return PreparedCohort(made, analyze(made))


def assert_same(found, expected):
    a, b = found.cohort, expected.cohort
    assert (a.name, a.models, dict(a.provenance)) == (b.name, b.models, dict(b.provenance))
    pd.testing.assert_frame_equal(a.patients, b.patients)
    assert a.patients.dtypes.to_dict() == b.patients.dtypes.to_dict()
    assert list(a.facets) == list(b.facets)
    for key, facet in b.facets.items():
        other = a.facets[key]
        assert [getattr(other, part) for part in ("key", "title", "categories", "ordered", "note")] == [
            getattr(facet, part) for part in ("key", "title", "categories", "ordered", "note")]
        assert_same_array(other.codes, facet.codes)
    for model in b.models:
        assert_same_array(a.embeddings[model], b.embeddings[model])
        assert_same_array(found.analyses[model].positions, expected.analyses[model].positions)
        assert found.analyses[model].largest_k == expected.analyses[model].largest_k
        for match in Match:
            for part in ("indices", "distances", "percentiles"):
                assert_same_array(getattr(found.analyses[model].neighbors[match], part),
                                  getattr(expected.analyses[model].neighbors[match], part))


def assert_same_array(found, expected):
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("count", [1, 2, 3, 20])
def test_a_cohort_is_read_as_it_was_written(tmp_path, count):
    made = small(count, age=[None, *range(60, 59 + count)], sex=["", *"MF" * count][:count],
                 site=["\u00dcber, \"x\"\n"] * count, stage_code=[0, *[None] * (count - 1)])
    write_prepared(tmp_path / "c.npz", made)
    assert_same(read_prepared(tmp_path / "c.npz"), made)


def test_a_cohort_without_columns_is_read_as_it_was_written(tmp_path):
    write_prepared(tmp_path / "c.npz", small(4))
    assert_same(read_prepared(tmp_path / "c.npz"), small(4))


def test_the_real_cohort_is_read_as_it_was_written(tmp_path, real_data):
    real = published_cohort(real_data)
    made = PreparedCohort(real, analyze(real))
    write_prepared(tmp_path / "c.npz", made)
    assert_same(read_prepared(tmp_path / "c.npz"), made)
    assert made.analyses["CTFM"].largest_k == KEPT_NEIGHBORS


def test_the_file_holds_no_pickle(tmp_path):
    write_prepared(tmp_path / "c.npz", small(5, sex=list("MFMFM")))
    with np.load(tmp_path / "c.npz", allow_pickle=False) as archive:
        assert all(archive[name].dtype != object for name in archive.files)
    with zipfile.ZipFile(tmp_path / "c.npz") as archive:
        assert all(name.endswith(".npy") for name in archive.namelist())


def test_arrays_of_objects_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="'a' has dtype object"):
        write_arrays(tmp_path / "a.npz", "test", {}, {"a": np.array([{}])})
    assert not list(tmp_path.iterdir())


def test_a_flipped_byte_is_noticed_or_changes_nothing(tmp_path):
    path, made = tmp_path / "c.npz", small(4, sex=list("MFMF"))
    write_prepared(path, made)
    whole, rng, refused = path.read_bytes(), random.Random(7), 0
    for place in rng.sample(range(len(whole)), 400):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << rng.randrange(8)]) + whole[place + 1:])
        try:
            found = read_prepared(path)
        except InputError as error:
            refused += 1
            assert str(path) in str(error)
            assert "\n" not in str(error)
        else:                                           # a time stamp or another field of the archive without meaning
            assert_same(found, made)
    assert refused > 200


def test_a_file_cut_off_anywhere_is_refused(tmp_path):
    path = tmp_path / "c.npz"
    write_prepared(path, small(4))
    whole = path.read_bytes()
    for length in [0, 1, 4, *random.Random(1).sample(range(len(whole)), 100), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"c\.npz: damaged or not readable"):
            read_prepared(path)


def saved_array(path):
    with open(path, "wb") as stream:
        np.save(stream, np.ones(3))


@pytest.mark.parametrize("make", [
    lambda path: path.write_bytes(b"hello"),
    lambda path: path.mkdir(),
    lambda path: None,
    saved_array,
    lambda path: np.savez(path, a=np.ones(3)),
    lambda path: np.savez(path, a=np.array([{}], dtype=object)),
    lambda path: np.savez(path, **{"header.json": np.frombuffer(b"[" * 100_000, np.uint8)}),
    lambda path: np.savez(path, **{"header.json": np.frombuffer(b"\xff", np.uint8)}),
    lambda path: zipfile.ZipFile(path, "w").close(),
])
def test_other_files_are_refused(tmp_path, make):
    make(tmp_path / "c.npz")
    with pytest.raises(InputError, match=r"c\.npz: damaged or not readable .*; expected a TumorConnectome prepared cohort"):
        read_prepared(tmp_path / "c.npz")


def test_an_array_that_declares_a_huge_shape_is_refused(tmp_path):
    path = tmp_path / "c.npz"
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000000,), }"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(header + b"\n").to_bytes(2, "little") + header + b"\n")
    with pytest.raises(InputError, match="damaged or not readable"):
        read_prepared(path)


def test_another_kind_of_file_is_refused(tmp_path):
    for header in ({"kind": "x"}, {"kind": None}):
        write_arrays(tmp_path / "c.npz", kind="other", header=header, arrays={})
        with pytest.raises(InputError, match="another kind of file; expected a TumorConnectome prepared cohort file"):
            read_prepared(tmp_path / "c.npz")


def test_another_version_is_refused(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(prepared, "VERSION", prepared.VERSION + 1)
        write_prepared(tmp_path / "c.npz", small(3))
    with pytest.raises(InputError, match=f"version {prepared.VERSION + 1}; expected version {prepared.VERSION}"):
        read_prepared(tmp_path / "c.npz")


@pytest.mark.parametrize("change", [
    lambda header, arrays: arrays.pop("positions_0"),
    lambda header, arrays: arrays.pop("column_0"),
    lambda header, arrays: header.pop("facets"),
    lambda header, arrays: header.update(columns=5),
    lambda header, arrays: header.update(provenance=[1]),
    lambda header, arrays: header.update(models=["A", "b", "c"]),
    lambda header, arrays: header.update(facets=[1]),
    lambda header, arrays: arrays.update(patient_ids=arrays["patient_ids"][:-1]),
    lambda header, arrays: arrays.update(patient_ids=arrays["patient_ids"][::-1]),
    lambda header, arrays: arrays.update(column_0=arrays["column_0"][:-1]),
    lambda header, arrays: arrays.update(facet_0=arrays["facet_0"] + 9),
    lambda header, arrays: arrays.update(embedding_0=arrays["embedding_0"] * 0),
    lambda header, arrays: arrays.update(most_indices_0=arrays["most_indices_0"] + 1),
    lambda header, arrays: arrays.update(least_indices_1=arrays["least_indices_1"] - 1),
    lambda header, arrays: arrays.update(most_distances_0=arrays["most_distances_0"][:, :2]),
    lambda header, arrays: arrays.update(least_percentiles_0=arrays["least_percentiles_0"].ravel()),
    lambda header, arrays: arrays.update(positions_1=arrays["positions_1"] * np.nan),
    lambda header, arrays: arrays.update(positions_1=arrays["positions_1"][:, 0]),
])
def test_parts_that_are_missing_or_do_not_fit_are_noticed(tmp_path, change):
    path = tmp_path / "c.npz"
    write_prepared(path, small(5, sex=list("MFMFM")))
    header, arrays = read_arrays(path, prepared._KIND)
    change(header, arrays)
    write_arrays(path, header.pop("kind"), header, arrays)
    with pytest.raises(InputError):
        read_prepared(path)


@pytest.mark.parametrize("step", ["savez_compressed", "fsync", "replace"])
def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step):
    path, made = tmp_path / "c.npz", small(3)
    write_prepared(path, made)

    def fails(target, *arguments, **options):
        if step == "savez_compressed":
            target.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(arrays_file.np if step == "savez_compressed" else os, step, fails)
    with pytest.raises(OSError, match="No space left"):
        write_prepared(path, small(6))
    assert [item.name for item in tmp_path.iterdir()] == ["c.npz"]
    assert_same(read_prepared(path), made)


def test_the_connectome_holds_every_list_entry_as_an_edge():
    made = small(6)
    analysis = made.analyses["b"]
    for match in Match:
        graph = connectome(made.cohort, analysis, "b", match, 2)
        assert (graph.patient_ids, graph.model, graph.match) == (made.cohort.patient_ids, "b", match)
        lists = analysis.neighbors[match]
        edges = list(zip(graph.sources, graph.targets, graph.ranks, graph.distances, graph.percentiles))
        assert edges == [(i, lists.indices[i, r], r + 1, lists.distances[i, r], lists.percentiles[i, r])
                         for i in range(6) for r in range(2)]
        assert graph.out_degree.tolist() == [2] * 6
        assert graph.in_degree.sum() == 12
        assert ((graph.weights >= 0) & (graph.weights <= 1)).all()


@pytest.mark.parametrize("k", [-1, 6])
def test_a_connectome_of_more_neighbors_than_kept_is_refused(k):
    made = small(6)
    with pytest.raises(InputError, match=f"b: k = {k} neighbors; expected 0 to 5"):
        connectome(made.cohort, made.analyses["b"], "b", Match.MOST, k)


def test_a_connectome_without_edges_has_only_nodes():
    made = small(1)
    graph = connectome(made.cohort, made.analyses["A"], "A", Match.MOST, 0)
    assert graph.degree.tolist() == [0]
    assert graph.weights.shape == (0,)
    assert graph.neighborhood(0).tolist() == []


def test_a_large_cohort_is_kept_uncompressed(tmp_path, monkeypatch):
    """It is read three times as fast; what is in the file is the same, and damage is noticed as well."""
    source = small()
    write_prepared(tmp_path / "small.npz", source)
    monkeypatch.setattr("TumorConnectomeLib.base.arrays_file._COMPRESSED", 1000)
    write_prepared(tmp_path / "large.npz", source)
    content = bytearray((tmp_path / "large.npz").read_bytes())
    assert len(content) > (tmp_path / "small.npz").stat().st_size
    assert_same(read_prepared(tmp_path / "large.npz"), read_prepared(tmp_path / "small.npz"))
    content[len(content) // 2] ^= 1
    (tmp_path / "large.npz").write_bytes(content)
    with pytest.raises(InputError):
        read_prepared(tmp_path / "large.npz")


def test_a_cohort_can_be_read_without_the_vectors_that_only_workers_need(tmp_path):
    path, made = tmp_path / "c.npz", small(5, sex=list("MFMFM"))
    write_prepared(path, made)
    found = read_prepared(path, vectors=False)
    assert found.cohort.models == made.cohort.models and found.cohort.has_vectors
    assert_same_array(found.analyses["A"].positions, made.analyses["A"].positions)
    with pytest.raises(InputError, match=r"c\.npz: the vectors of A are not loaded in this process; expected a worker"):
        found.cohort.embeddings["A"]
    with pytest.raises(KeyError):
        found.cohort.embeddings["no model"]
    other = replace(found.cohort, name="with other columns")
    assert other.has_vectors
    with pytest.raises(InputError, match="not loaded in this process"):
        write_prepared(tmp_path / "d.npz", PreparedCohort(other, found.analyses))
    assert [file.name for file in tmp_path.iterdir()] == ["c.npz"]


def test_a_cohort_of_neighbor_lists_has_no_vectors_anywhere(tmp_path):
    made = small(4)
    bare = replace(made.cohort, embeddings=MissingVectors(made.cohort.models))
    write_prepared(tmp_path / "c.npz", PreparedCohort(bare, made.analyses))
    for vectors in (True, False):
        assert not read_prepared(tmp_path / "c.npz", vectors=vectors).cohort.has_vectors


def test_vectors_that_are_missing_in_the_file_are_noticed_without_reading_them(tmp_path):
    write_prepared(tmp_path / "c.npz", small(5))
    header, arrays = read_arrays(tmp_path / "c.npz", prepared._KIND)
    del arrays["embedding_1"]
    write_arrays(tmp_path / "c.npz", header.pop("kind"), header, arrays)
    with pytest.raises(InputError, match="incomplete or inconsistent"):
        read_prepared(tmp_path / "c.npz", vectors=False)
