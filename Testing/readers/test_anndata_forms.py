"""AnnData files of other versions and writers, and parts of them that can not be used."""
import numpy as np
import pytest
from own_files import ids, vectors

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.readers.own_cohort import read_own_cohort

h5py = pytest.importorskip("h5py")
TEXT = h5py.string_dtype()


@pytest.fixture
def read(tmp_path):
    """Reads a file with ids and vectors that a function has added to."""
    def read_changed(change, index="_index"):
        with h5py.File(tmp_path / "a.h5ad", "w") as file:
            obs = file.create_group("obs")
            obs.create_dataset(index, data=ids(), dtype=TEXT)
            file["X"] = vectors()
            change(file, obs)
        return read_own_cohort([tmp_path / "a.h5ad"], {})
    return read_changed


def test_categories_of_older_versions_are_words(read):
    def change(_file, obs):
        obs.create_group("__categories").create_dataset("site", data=["north", "south"], dtype=TEXT)
        obs["site"] = np.array([0, 1, -1] * 4, np.int8)
        obs["site"].attrs["categories"] = obs["__categories"]["site"].ref

    assert read(change).patients["site"].tolist()[::-1] == ["north", "south", ""] * 4


def test_parts_of_obs_that_are_no_columns_are_told(read):
    def change(_file, obs):
        obs["places"] = np.zeros((12, 2))
        obs.create_group("unknown")["other"] = np.zeros(3)
        obs["age"] = np.arange(50.0, 62)

    cohort = read(change)
    assert list(cohort.patients) == ["age"] and len(cohort.patients) == 12
    assert "Not used of 'obs', because they are no columns: places, unknown." in cohort.provenance["import_report"]


def test_an_index_that_is_not_named_is_a_column_like_others(read):
    assert read(lambda file, obs: None, index="case").patient_ids == tuple(sorted(ids()))


@pytest.mark.parametrize("kind", ["link", "storage", "virtual"])
def test_a_part_in_another_file_is_refused(read, tmp_path, kind):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = vectors()

    def change(file, obs):
        del file["X"]
        if kind == "link":
            file["X"] = h5py.ExternalLink("other.h5", "x")
        elif kind == "storage":
            file.create_dataset("X", (12, 8), "f4", external=[(str(tmp_path / "other.h5"), 0, 384)])
        else:
            layout = h5py.VirtualLayout((12, 8), "f4")
            layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", (12, 8))
            file.create_virtual_dataset("X", layout)

    with pytest.raises(InputError, match="a.h5ad: its part .* stands in another file; expected all in one file"):
        read(change)


def test_a_table_of_the_first_versions_is_named(tmp_path):
    with h5py.File(tmp_path / "a.h5ad", "w") as file:
        file["obs"] = np.zeros(3, [("index", "S5"), ("age", "f4")])
        file["X"] = vectors(3)
    with pytest.raises(InputError, match="its 'obs' is one table, as before anndata 0.7"):
        read_own_cohort([tmp_path / "a.h5ad"], {})
