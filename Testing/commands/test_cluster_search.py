"""The search on a Dask cluster: the same result as in one process, also when a worker is lost; and it goes on after a stop."""
import importlib.util
import os
import pathlib
import time
import unittest.mock

import numpy as np
import pytest
from dicom_factory import make_ct, make_sr, rectangle

from TumorConnectomeLib.base.errors import InputError, JobFailed
from TumorConnectomeLib.base.files import LIBRARY_FOLDER
from TumorConnectomeLib.commands import cluster_search, embed
from TumorConnectomeLib.commands.cluster_search import search_on_cluster
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.connectome import graph_result
from TumorConnectomeLib.neighbors.leading_axes import Frame
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import neighbors_and_scale
from TumorConnectomeLib.neighbors.row_block_search import longest_centered, part_of_mean, row_block_neighbors
from TumorConnectomeLib.readers.vector_file import write_vectors

if importlib.util.find_spec("distributed") is None:     # it takes a second to import: only where these tests run
    pytest.skip("distributed is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two worker processes, forked by one that has imported the library that they all need."""
    import dask
    import distributed

    # Dask sets variables of this process, PYTHONHASHSEED among them: later workers would not be copies of the server's any more
    with unittest.mock.patch.dict(os.environ, {"PYTHONPATH": str(LIBRARY_FOLDER), "OPENBLAS_NUM_THREADS": "1"}):
        with dask.config.set({"distributed.scheduler.allowed-failures": 5, "distributed.nanny.environ.OPENBLAS_NUM_THREADS": 1,
                              "distributed.worker.multiprocessing-method": "forkserver",
                              "temporary-directory": str(tmp_path_factory.mktemp("dask"))}):
            with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made:
                yield made


def embedding(count=1500, length=48):
    random = np.random.default_rng(7)
    return (random.standard_normal((count, length)) * np.arange(1, length + 1) ** -0.5 + 0.2).astype(np.float32)


def assert_as_in_one_process(folder, names, scale, vectors, k):
    wanted, wanted_scale = neighbors_and_scale(vectors, k)
    for match in Match:
        np.testing.assert_array_equal(graph_result.read_indices(folder, names, match), wanted[match].indices)
    np.testing.assert_array_equal(scale.quantiles()[1], wanted_scale.quantiles()[1])


def test_a_block_of_rows_finds_what_the_whole_finds():
    vectors, every = embedding(700), slice(0, 700)
    mean = part_of_mean(vectors, every, source="") / 700
    frame = Frame(mean, longest_centered(vectors, every, mean))
    wanted, _scale = neighbors_and_scale(vectors, 9)
    for rows in (slice(0, 300), slice(300, 301), slice(301, 700)):
        found = row_block_neighbors(vectors, rows, 9, frame)
        for match in Match:
            np.testing.assert_array_equal(found[match][0], wanted[match].indices[rows])
            np.testing.assert_array_equal(found[match][1], wanted[match].distances[rows])


def test_nothing_differs_when_a_worker_is_killed_in_the_middle(cluster, tmp_path):
    vectors = embedding()
    path = write_vectors(tmp_path / "vectors.npy", vectors)
    killed, reports = [], []

    def report(fraction, message=""):
        reports.append(fraction)
        if message.startswith("Comparing all pairs: 4 ") and not killed:
            worker = next(iter(cluster.workers.values()))
            killed.append(worker.process.process.pid)
            worker.process.process._process.kill()

    names, scale = search_on_cluster(cluster.scheduler_address, path, 12, tmp_path, "part", rows_per_task=60, report=report)
    assert killed
    assert len(names) == 25
    assert_as_in_one_process(tmp_path, names, scale, vectors, 12)
    assert reports == sorted(reports)
    assert reports[-1] == pytest.approx(1.0)


def test_a_cohort_is_embedded_as_in_one_process_when_a_worker_is_killed(cluster, tmp_path, monkeypatch, capsys):
    for number in range(6):
        slices = make_ct(tmp_path / f"images/P{number}", 14, size=(30, 30), spacing=(1.5, 1.5), patient_id=f"P{number}",
                         seed=number)
        make_sr(tmp_path / f"P{number}.dcm", slices, [(6, rectangle(12, 12, 17, 17))])
    command = ["embed", "--model", "SeededRandomFeatures", "--images", str(tmp_path / "images"), "--boxes", str(tmp_path),
               "--cache", str(tmp_path / "cache"), "--out"]
    assert main([*command, str(tmp_path / "one.csv")]) == 0
    killed, report = [], embed._report

    def killing(fraction, message=""):
        report(fraction, message)
        if message.startswith("1 of 6") and not killed:
            worker = next(iter(cluster.workers.values()))
            killed.append(worker.process.process.pid)
            worker.process.process._process.kill()

    monkeypatch.setattr(embed, "_report", killing)
    assert main([*command, str(tmp_path / "two.csv"), "--scheduler", cluster.scheduler_address]) == 0
    assert killed and "6 tumors embedded" in capsys.readouterr().out
    one, two = (np.genfromtxt(tmp_path / name, delimiter=",", skip_header=1)[:, 8:] for name in ("one.csv", "two.csv"))
    np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-6)


def test_an_interrupted_search_goes_on_with_the_parts_it_has(cluster, tmp_path):
    vectors = embedding(400)
    path = write_vectors(tmp_path / "vectors.npy", vectors)

    class Stop(Exception):
        pass

    def stop(fraction, message=""):
        if message.startswith("Comparing all pairs: 3 "):
            raise Stop

    with pytest.raises(Stop):
        search_on_cluster(cluster.scheduler_address, path, 5, tmp_path, "part", rows_per_task=50, report=stop)
    before = {part.name: part.stat().st_mtime_ns for part in tmp_path.glob("part-0*.parquet")}
    assert len(before) >= 3
    names, scale = search_on_cluster(cluster.scheduler_address, path, 5, tmp_path, "part", rows_per_task=50)
    after = {name: (tmp_path / name).stat().st_mtime_ns for name in names}
    assert {name: after[name] for name in before} == before
    assert_as_in_one_process(tmp_path, names, scale, vectors, 5)


def test_parts_of_another_search_are_not_taken(cluster, tmp_path):
    path = write_vectors(tmp_path / "vectors.npy", embedding(200))
    search_on_cluster(cluster.scheduler_address, path, 3, tmp_path, "part", rows_per_task=100)
    time.sleep(0.01)                                    # another time of change
    path = write_vectors(tmp_path / "vectors.npy", embedding(200)[::-1])
    names, scale = search_on_cluster(cluster.scheduler_address, path, 3, tmp_path, "part", rows_per_task=100)
    assert_as_in_one_process(tmp_path, names, scale, embedding(200)[::-1], 3)


def test_bad_vectors_and_failing_tasks_are_one_clear_error(cluster, tmp_path, monkeypatch):
    vectors = embedding(150)
    vectors[120] = 0
    path = write_vectors(tmp_path / "vectors.npy", vectors)
    with pytest.raises(InputError, match="vectors.npy, row 121: the vector has only zeros"):
        search_on_cluster(cluster.scheduler_address, path, 3, tmp_path, "part", rows_per_task=100)
    monkeypatch.setattr(cluster_search, "_mean", divmod)
    with pytest.raises(JobFailed, match="Mean of all vectors: a task failed on the cluster"):
        search_on_cluster(cluster.scheduler_address, path, 3, tmp_path, "part", rows_per_task=100)


def test_a_scheduler_that_is_not_there(tmp_path):
    path = write_vectors(tmp_path / "vectors.npy", embedding(20))
    with pytest.raises(JobFailed, match="no Dask scheduler answers at nonsense://"):
        search_on_cluster("nonsense://nowhere", path, 3, tmp_path, "part")


def test_the_command_writes_a_result_on_the_cluster(cluster, tmp_path):
    from TumorConnectomeLib.commands.main import main

    vectors, ids = embedding(300), [f"P{number:04d}" for number in range(300)]
    np.save(tmp_path / "CTFM.npy", vectors)
    (tmp_path / "CTFM.csv").write_text("PatientID,sex\n" + "\n".join(f"{one},{'FM'[i % 2]}" for i, one in enumerate(ids)))
    arguments = ["neighbors", "--data", str(tmp_path / "CTFM.npy"), "--k", "20"]
    assert main([*arguments, "--out-result", str(tmp_path / "one")]) == 0
    assert main([*arguments, "--out-result", str(tmp_path / "many"), "--scheduler", cluster.scheduler_address,
                 "--rows-per-task", "70"]) == 0
    one, many = graph_result.read_result(tmp_path / "one"), graph_result.read_result(tmp_path / "many")
    assert one.cohort.patient_ids == many.cohort.patient_ids == tuple(ids)
    assert one.cohort.facets["sex"].codes.tolist() == many.cohort.facets["sex"].codes.tolist()
    for match in Match:
        for part in ("indices", "distances", "percentiles"):
            np.testing.assert_array_equal(getattr(one.analyses["CTFM"].neighbors[match], part),
                                          getattr(many.analyses["CTFM"].neighbors[match], part))
    np.testing.assert_array_equal(one.analyses["CTFM"].positions, many.analyses["CTFM"].positions)
    assert sorted(path.name for path in pathlib.Path(tmp_path / "many").iterdir()) == [
        "layout-0.parquet", "manifest.json", *(f"neighbors-0-{n:05d}.parquet" for n in range(5)), "patients.parquet",
        "quantiles-0.parquet"]
