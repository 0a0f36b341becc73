"""Embedding files: what is read from good ones, and what is said about bad ones."""
import pickle

import numpy as np
import pickle_factory
import pytest

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.readers.embedding_pickle import read_embedding_pickle

FEATURES = np.arange(24, dtype=np.float32).reshape(3, 8) - 5.5
ROWS = [pickle_factory.row(100000 + i, f"1.2.{i}", note=None, ratio=0.25 * i) for i in range(3)]


@pytest.fixture
def read(tmp_path):
    """Read bytes as an embedding file."""
    def read_bytes(data):
        path = tmp_path / "CTFM_features.pkl"
        path.write_bytes(data)
        return read_embedding_pickle(path)
    return read_bytes


@pytest.fixture
def refused(read):
    """Read content that must be refused; returns the error, of which the text is one line that names the file."""
    def read_content(content):
        with pytest.raises(InputError) as caught:
            read(content if isinstance(content, bytes) else pickle_factory.dumps(content))
        text = str(caught.value)
        assert "CTFM_features.pkl" in text
        assert "\n" not in text
        return caught.value
    return read_content


def with_item(number, **changes):
    """Three good rows, one of them (from 0) changed."""
    items = pickle_factory.items(FEATURES, ROWS)
    items[number] = {**items[number], **changes}
    return {"all": items}


@pytest.mark.parametrize("make", [pickle_factory.published, pickle_factory.with_pandas])
def test_features_and_row_values_are_read_as_written(read, make):
    found = read(make(FEATURES, ROWS))
    assert found.features.dtype == np.float32
    assert np.array_equal(found.features, FEATURES)
    assert list(found.rows) == ROWS
    assert [type(value) for value in found.rows[1].values()] == [type(value) for value in ROWS[1].values()]


def test_names_of_other_numpy_and_pandas_versions_are_known(read):
    newer = {**pickle_factory.PUBLISHED_NAMES, "reconstruct": ("numpy._core.multiarray", "_reconstruct"),
             "Series": ("pandas", "Series"), "Index": ("pandas", "Index")}
    found = read(pickle_factory.dumps({"all": pickle_factory.items(FEATURES, ROWS)}, newer))
    assert np.array_equal(found.features, FEATURES)
    assert list(found.rows) == ROWS


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("storage", ["pyarrow", "python"])
@pytest.mark.parametrize("texts_only", [False, True])
def test_what_the_installed_pandas_writes_is_read(read, protocol, storage, texts_only):
    pd = pytest.importorskip("pandas")
    rows = [{"PatientID": f"P{number}", "site": "\u00e4" * number, "age": str(number) if texts_only else 60.5 + number}
            for number in range(3)]
    with pd.option_context("mode.string_storage", storage):
        items = [{"feature": FEATURES[number][None], "row": pd.Series(row, name=number)} for number, row in enumerate(rows)]
    found = read(pickle.dumps({"all": items}, protocol))
    assert np.array_equal(found.features, FEATURES) and list(found.rows) == rows


def test_rows_of_a_table_of_texts_with_missing_ones_are_read(read):
    pd = pytest.importorskip("pandas")
    table = pd.concat([pd.DataFrame({"PatientID": [str(number)], "site": [None if number == 1 else "A"]}, dtype="str")
                       for number in range(3)])
    items = [{"feature": FEATURES[number][None], "row": table.iloc[number]} for number in range(3)]
    assert [row["site"] for row in read(pickle.dumps({"all": items}, 4)).rows] == ["A", None, "A"]


@pytest.mark.parametrize("dtype", [int, object])
def test_whole_numbers_in_a_row_are_read(read, dtype):
    pd = pytest.importorskip("pandas")
    items = [{"feature": FEATURES[number][None], "row": pd.Series({"PatientID": np.int64(number), "age": 60}, dtype=dtype)}
             for number in range(3)]
    row = read(pickle.dumps({"all": items}, 4)).rows[2]
    assert row == {"PatientID": 2, "age": 60} and set(map(type, row.values())) == {int}


@pytest.mark.parametrize("change", [
    (b"\x09\x00\x00\x00\x00\x00\x00\x00\x0c", b"\x09\x00\x00\x00\x00\x00\x00\x00\xff"),
    (b"large_string", b"large_binary"), (b"ArrowStringArray", b"ArrowStringArrax")])
def test_damaged_texts_of_arrow_are_refused(refused, change):
    pd = pytest.importorskip("pandas")
    with pd.option_context("mode.string_storage", "pyarrow"):
        data = pickle.dumps({"all": [{"feature": FEATURES[:1], "row": pd.Series({"PatientID": "A", "age": 1.0})}]}, 4)
    if b"ArrowStringArray" not in data:
        pytest.skip("this pandas keeps texts in numpy's memory")
    assert change[0] in data
    assert "expected a published embedding file" in str(refused(data.replace(*change)))


def test_the_splits_of_another_data_set_are_read_together(read):
    items = pickle_factory.items(FEATURES, ROWS)
    found = read(pickle_factory.dumps({"train": items[:2], "val": [], "test": items[2:]}))
    assert np.array_equal(found.features, FEATURES) and list(found.rows) == ROWS


def test_a_plain_dict_as_row_is_read(read):
    found = read(pickle_factory.dumps(with_item(1, row={"PatientID": "7", "SeriesInstanceUID": "1.2"})))
    assert found.rows[1] == {"PatientID": "7", "SeriesInstanceUID": "1.2"}


@pytest.mark.parametrize(("code", "order", "numpy_type"), [("f4", ">", ">f4"), ("f8", "<", "<f8"), ("f8", ">", ">f8")])
def test_other_byte_orders_and_double_precision_become_float32(read, code, order, numpy_type):
    values = np.linspace(-1, 1, 8)
    array = pickle_factory.Array((1, 8), code, values.astype(numpy_type).tobytes(), order)
    assert np.array_equal(read(pickle_factory.dumps(with_item(2, feature=array))).features[2], values.astype(np.float32))


def test_a_flat_vector_is_read_as_one_of_shape_1_by_d(read):
    array = pickle_factory.Array((8,), "f4", FEATURES[0].tobytes())
    assert np.array_equal(read(pickle_factory.dumps(with_item(0, feature=array))).features, FEATURES)


@pytest.mark.parametrize("content", [{"train": [1]}, {"all": {}}, {}, [], ["all"], "all", None, 5, {"all": "abc"}])
def test_other_content_is_refused(refused, content):
    assert "expected a published embedding file" in str(refused(content))


def test_the_keys_found_are_told(refused):
    assert "found the keys ['test', 'train']" in str(refused({"train": [], "test": []}))


def test_an_empty_list_is_refused(refused):
    assert "holds no rows" in str(refused({"all": []}))


@pytest.mark.parametrize("item", [{"row": {"PatientID": "1"}}, {"feature": pickle_factory.feature([1.0])}, [], "row", None])
def test_a_row_without_feature_or_row_is_named(refused, item):
    error = refused({"all": [*pickle_factory.items(FEATURES, ROWS)[:2], item]})
    assert "row 3: the keys 'feature' and 'row' are missing" in str(error)


def test_vectors_of_unequal_length_are_named(refused):
    error = refused(with_item(2, feature=pickle_factory.feature(np.ones(7))))
    assert "row 3: 'feature' has 7 values; expected 8 as in row 1" in str(error)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_named(refused, value):
    values = FEATURES[1].copy()
    values[4] = value
    assert "row 2: 'feature' has a NaN or infinite value; expected finite numbers" in str(
        refused(with_item(1, feature=pickle_factory.feature(values))))


def test_a_double_that_float32_can_not_hold_is_refused(refused):
    array = pickle_factory.Array((1, 8), "f8", np.full(8, 1e300).tobytes())
    assert "row 1: 'feature' has a NaN or infinite value" in str(refused(with_item(0, feature=array)))


@pytest.mark.parametrize("array", [
    pickle_factory.Array((1, 8), "i4", bytes(32)),
    pickle_factory.Array((1, 8), "f2", bytes(16)),
    pickle_factory.Array((1, 8), "O8", [0.5] * 8, "|"),
    pickle_factory.Array((1, 8), "f4", bytes(31)),
    pickle_factory.Array((1, 8), "f4", bytes(36)),
    pickle_factory.Array((1, 8), "f4", "text"),
    pickle_factory.Array((1, 0), "f4", b""),
    pickle_factory.Array((), "f4", bytes(4)),
    pickle_factory.Array((2, 4), "f4", bytes(32)),
    pickle_factory.Array((-1, -8), "f4", bytes(32)),
    pickle_factory.Array((1, 8.0), "f4", bytes(32)),
    pickle_factory.Array((True, 8), "f4", bytes(32)),
    pickle_factory.Array((2 ** 32, 2 ** 32), "f4", b""),
    pickle_factory.Array((2 ** 62, 4), "f4", b""),
    pickle_factory.Array((0, 2 ** 70), "f4", b""),
    pickle_factory.Array((1,) * 40 + (8,), "f4", bytes(32)),
    pickle_factory.Array((1, 8), "f4", bytes(32), "<>"),
    pickle_factory.Array((1, 8), "f4", bytes(32), ""),
    pickle_factory.Array((1, 8), "f4", bytes(32), 7),
    pickle_factory.Array((1, 8), ["f4"], bytes(32)),
    [1.0] * 8, b"12345678", None, {"feature": 1}, pickle_factory.Series,
])
def test_a_feature_that_is_no_float_vector_is_refused_with_its_row(refused, array):
    assert refused(with_item(1, feature=array)).row == 2


def tampered_series(**parts):
    """A row of which parts of the pandas internals are something else."""
    made = pickle_factory.series(ROWS[1])
    axes, blocks, *rest = made.state["_mgr"].state
    made.state["_mgr"].state = (parts.get("axes", axes), parts.get("blocks", blocks), *rest)
    if "manager" in parts:
        made.state["_mgr"] = parts["manager"]
    return made


@pytest.mark.parametrize("row", [
    "text", None, [], 5, pickle_factory.feature([1.0]),
    tampered_series(manager=None), tampered_series(manager={}), tampered_series(axes=[]), tampered_series(axes="ab"),
    tampered_series(axes=None), tampered_series(blocks=[]), tampered_series(blocks={}),
    tampered_series(blocks=[pickle_factory.Array([3], "O8", [1, 2, 3], "|")]),
    tampered_series(blocks=[pickle_factory.Array([2 ** 40], "O8", [], "|")]),
])
def test_a_row_that_is_no_series_is_refused_with_its_number(refused, row):
    assert refused(with_item(1, row=row)).row == 2


@pytest.mark.parametrize("value", [[], (), {}, b"", [1], pickle_factory.feature([1.0]), 2 ** 63, -2 ** 80, "\ud800"])
def test_a_row_value_that_is_no_plain_text_or_number_is_refused(refused, value):
    error = refused(with_item(1, row=pickle_factory.series({**ROWS[1], "note": value})))
    assert error.row == 2
    assert "'note'" in str(error)


def test_a_row_with_names_that_are_not_texts_is_refused(refused):
    assert "names that are not texts" in str(refused(with_item(0, row=pickle_factory.series({1: "a", 2: "b"}))))


@pytest.mark.parametrize("name", ["missing_features.pkl", "."])
def test_a_file_that_can_not_be_opened_is_named(tmp_path, name):
    with pytest.raises(InputError, match=str(tmp_path)):
        read_embedding_pickle(tmp_path / name)


@pytest.mark.parametrize("model", ["CTClipVit", "CTFM", "Merlin", "PASTA", "SUPREME", "VISTA3D"])
def test_published_files_are_read_completely(real_data, model):
    """What was read, written again in the published form, is the same file byte for byte."""
    path = real_data / "embeddings" / f"{model}_features.pkl"
    found = read_embedding_pickle(path)
    assert found.features.shape[0] == len(found.rows) == 734
    assert pickle_factory.published(found.features, found.rows) == path.read_bytes()
