"""Containers and notations that people have: compressed texts, Arrow, parts in any order, lists of ids, vectors in cells."""
import bz2
import gzip
import json
import lzma
import zipfile

import numpy as np
import pytest
from own_files import ids, vectors, write_csv

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.readers.own_cohort import read_own_cohort

ROWS = vectors(12, 8, seed=3)


def read(path):
    return read_own_cohort([path])


def assert_rows(cohort, expected=ROWS, without=(), model=None):
    kept = [patient for patient in sorted(ids()) if patient not in without]
    assert cohort.patient_ids == tuple(kept)
    place = {patient: row for row, patient in enumerate(ids())}
    found = cohort.embeddings[model or cohort.models[0]]
    np.testing.assert_allclose(found, np.asarray(expected)[[place[patient] for patient in kept]], rtol=2e-5, atol=1e-6)


def report(cohort):
    return cohort.provenance["import_report"]


# Compressed texts

def _zip(data):
    import io

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mine.csv", data)
    return stream.getvalue()


def _zstd(data):
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.compress(data, "zstd", asbytes=True)


@pytest.mark.parametrize(("name", "compress"), [
    ("a.csv.gz", gzip.compress), ("a.csv.bz2", bz2.compress), ("a.csv.xz", lzma.compress), ("a.csv.zip", _zip),
    ("a.csv.zst", _zstd), ("a.csv.gz", bytes), ("a.csv", gzip.compress)])
def test_compressed_texts_are_known_by_their_content(tmp_path, name, compress):
    data = write_csv(tmp_path / "plain.txt", ROWS).read_bytes()
    (tmp_path / name).write_bytes(compress(data))
    cohort = read(tmp_path)
    assert_rows(cohort)
    assert cohort.models == ("a",)


@pytest.mark.parametrize(("name", "data", "words"), [
    ("a.csv.gz", gzip.compress(b"PatientID,pred_0\n" * 50, mtime=0)[:40], "gzip content is damaged"),
    ("a.csv.zip", b"PK\3\4 nothing", "zip content is damaged"),
    ("a.csv.xz", b"\xfd7zXZ\0\0\0", "xz content is damaged"),
    ("a.csv.gz", gzip.compress(b"\0" * (1 << 20), mtime=0), "not a text file"),
    ("a.npy.gz", b"", "files of the kind '.npy.gz' are not known")])
def test_damaged_compressed_files_are_named(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        read(tmp_path / name)
    assert words in str(caught.value) and name in str(caught.value)


# Columnar files

def _table(rows=slice(None)):
    import pyarrow

    return pyarrow.table({"PatientID": ids()[rows], "label": [number % 2 for number in range(12)][rows],
                          "embedding": pyarrow.array(ROWS[rows].tolist(), pyarrow.list_(pyarrow.float32()))})


def _write(path, table):
    import pyarrow
    from pyarrow import feather, parquet

    if path.suffix == ".parquet":
        parquet.write_table(table, path)
    elif path.suffix == ".feather":
        feather.write_feather(table, path)
    else:
        opener = pyarrow.ipc.new_stream if path.suffix == ".arrow" else pyarrow.ipc.new_file
        with opener(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=5)


@pytest.mark.parametrize("name", ["a.feather", "a.arrow", "a.ipc"])
def test_arrow_is_read_as_parquet_is(tmp_path, name):
    _write(tmp_path / name, _table())
    cohort = read(tmp_path)
    assert_rows(cohort)
    assert list(cohort.facets) == ["label"]


def test_lines_of_json(tmp_path):
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"id": one, "sex": "F", "embedding": row})
                                                for one, row in zip(ids(), ROWS.tolist())))
    assert_rows(read(tmp_path / "a.jsonl"))


@pytest.mark.parametrize("name", ["a.feather", "a.jsonl", "a.arrow"])
def test_damaged_columnar_files_are_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"ARROW1\0\0{ nothing")
    with pytest.raises(InputError, match=f"{name}: not readable as"):
        read(tmp_path / name)


def _parts(folder, names, change=lambda number, table: table):
    size = 12 // len(names)
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(exist_ok=True)
        _write(folder / name, change(number, _table(slice(size * number, size * (number + 1)))))


TWO = ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]


@pytest.mark.parametrize("names", [
    TWO, ["data/" + name for name in TWO], ["0000.parquet", "0001.parquet", "0002.parquet"],
    ["train-00000-of-00002-0123abcd.parquet", "train-00001-of-00002-4567ef01.parquet"],
    ["data-00000-of-00002.arrow", "data-00001-of-00002.arrow"], ["part-0.parquet", "part-1.parquet"]])
def test_parts_are_one_data_set_named_after_its_folder(tmp_path, names):
    (tmp_path / "lungs").mkdir()
    _parts(tmp_path / "lungs", names)
    cohort = read(tmp_path / "lungs")
    assert_rows(cohort)
    assert cohort.models == ("lungs",)


@pytest.mark.parametrize(("change", "words"), [
    (lambda table: table.select(["embedding", "PatientID", "label"]), ""),
    (lambda table: table.set_column(0, "PatientID", table["PatientID"].dictionary_encode()), ""),
    (lambda table: table.append_column("more", table["label"]), "'more' is not used: only train-00001"),
    (lambda table: table.drop(["label"]), "'label' is not used: train-00001-of-00002.parquet has no such column")])
def test_parts_may_have_their_columns_in_another_order_or_more_of_them(tmp_path, change, words):
    _parts(tmp_path, TWO, lambda number, table: change(table) if number else table)
    cohort = read(tmp_path)
    assert_rows(cohort)
    assert words in report(cohort)


def test_a_part_without_the_vectors_is_named(tmp_path):
    _parts(tmp_path, TWO, lambda number, table: table.drop(["embedding"]) if number else table)
    with pytest.raises(InputError, match="train-00001.*the vectors in column 'embedding' are not in every part"):
        read(tmp_path)


@pytest.mark.parametrize("kind", ["binary_view", "string_view", "fixed", "uuid"])
def test_ids_of_rare_types(tmp_path, kind):
    import pyarrow
    from pyarrow import parquet

    patients = {"binary_view": lambda: pyarrow.array([one.encode() for one in ids()], pyarrow.binary_view()),
                "string_view": lambda: pyarrow.array(ids(), pyarrow.string_view()),
                "fixed": lambda: pyarrow.array([one.encode() for one in ids()], pyarrow.binary(3)),
                "uuid": lambda: pyarrow.array([bytes(13) + one.encode() for one in ids()], pyarrow.uuid())}[kind]
    try:
        table = pyarrow.table({"PatientID": patients(), "embedding": ROWS.tolist()})
        parquet.write_table(table, tmp_path / "a.parquet")
    except (AttributeError, NotImplementedError):
        pytest.skip("this version of pyarrow can not write such ids")
    cohort = read(tmp_path / "a.parquet")
    assert len(cohort.patient_ids) == 12 and (kind == "uuid" or cohort.patient_ids == tuple(sorted(ids())))


def test_numbers_that_parquet_has_as_texts(tmp_path):
    import pyarrow
    from pyarrow import parquet

    columns = {f"pred_{number}": [str(value) for value in ROWS[:, number].tolist()] for number in range(8)}
    parquet.write_table(pyarrow.table({"PatientID": ids(), **columns}), tmp_path / "a.parquet")
    assert_rows(read(tmp_path / "a.parquet"))


# Vectors in cells

NOTATIONS = {
    "braces": lambda row: "{" + ",".join(map(str, row)) + "}", "R": lambda row: f"c({', '.join(map(str, row))})",
    "spaces": lambda row: " ".join(map(str, row)), "semicolons": lambda row: ";".join(map(str, row)),
    "commas": lambda row: ", ".join(map(str, row)), "bars": lambda row: "|".join(map(str, row)),
    "tabs": lambda row: "\t".join(map(str, row)), "JAX": lambda row: f"Array({row}, dtype=float32)",
    "decimal commas": lambda row: "; ".join(str(value).replace(".", ",") for value in row),
    "an object": lambda row: json.dumps({str(number): value for number, value in enumerate(row)}),
    "texts": lambda row: json.dumps([str(value) for value in row]), "nested": lambda row: json.dumps([row]),
    "numpy 2": lambda row: "[" + ", ".join(f"np.float32({value})" for value in row) + "]"}


@pytest.mark.parametrize("notation", NOTATIONS)
def test_a_vector_in_a_cell_in_any_notation(tmp_path, notation):
    lines = [f'{one}\t"' + NOTATIONS[notation](row).replace('"', '""') + '"\t512 512 130'
             for one, row in zip(ids(), ROWS.tolist())]
    (tmp_path / "a.tsv").write_text("\n".join(["PatientID\tembedding\tsize", *lines]))
    cohort = read(tmp_path / "a.tsv")
    assert_rows(cohort)
    assert cohort.models == ("a",) and set(cohort.patients["size"]) == {"512 512 130"}


@pytest.mark.parametrize(("cell", "words"), [
    ("[1, 2]", "the vector has 2 numbers; expected 8 as in other rows"), ("failed", "number 1 is 'failed'"),
    ("", "missing (NaN)"), ("[1, nan, 3, 4, 5, 6, 7, 8]", "column 'embedding[1]': the value is missing (NaN)")])
def test_a_vector_of_another_length_is_left_out_and_listed(tmp_path, cell, words):
    cells = [json.dumps(row) for row in ROWS.tolist()]
    cells[4] = cell
    (tmp_path / "a.csv").write_text("\n".join(["PatientID,embedding", *(f'{one},"{text}"' for one, text in zip(ids(), cells))]))
    cohort = read(tmp_path / "a.csv")
    assert_rows(cohort, without=[ids()[4]])
    assert f"{ids()[4]}\tleft out of a.csv: row 6" in report(cohort) and words in report(cohort)


def test_a_list_of_another_length_is_left_out_and_listed(tmp_path):
    import pyarrow
    from pyarrow import parquet

    rows = ROWS.tolist()
    rows[2], rows[3], rows[5] = rows[2][:5], None, []
    parquet.write_table(pyarrow.table({"PatientID": ids(), "embedding": rows}), tmp_path / "a.parquet")
    cohort = read(tmp_path / "a.parquet")
    assert_rows(cohort, without=[ids()[2], ids()[3], ids()[5]])
    assert "row 3, column 'embedding': the vector has 5 numbers; expected 8" in report(cohort)


# Numbers in cells

@pytest.mark.parametrize(("delimiter", "written"), [
    (",", lambda value: f'"{value:.6f}"'.replace(".", ",")), (",", lambda value: f'"{value:,.6f}"'),
    (";", lambda value: f"{value:,.6f}".replace(",", "_").replace(".", ",").replace("_", ".")),
    (";", lambda value: f"{value:,.6f}".replace(",", "\u00a0").replace(".", ",")), (",", lambda value: f"{value:.6f}%"),
    ("\t", lambda value: f"{value:.6f}".replace("-", "\u2212")), (",", lambda value: f"'{value:.6f}"),
    (",", lambda value: f"np.float32({value:.6f})")])
def test_numbers_as_people_write_them(tmp_path, delimiter, written):
    large = ROWS.astype(float) * 5000
    lines = [delimiter.join([one, *map(written, row)]) for one, row in zip(ids(), large.tolist())]
    header = delimiter.join(["PatientID", *(f"pred_{number}" for number in range(8))])
    (tmp_path / "a.csv").write_text("\n".join([header, *lines]), encoding="utf-8")
    assert_rows(read(tmp_path / "a.csv"), large)


def test_thousands_without_a_fraction_stay_thousands(tmp_path):
    large = np.rint(ROWS.astype(float) * 1e6)
    lines = [",".join([one, *(f'"{value:,.0f}"' for value in row)]) for one, row in zip(ids(), large.tolist())]
    (tmp_path / "a.csv").write_text("\n".join(["PatientID," + ",".join(f"pred_{number}" for number in range(8)), *lines]))
    assert_rows(read(tmp_path / "a.csv"), large)


# Rows that are none

@pytest.mark.parametrize("row", [",total,2.5", ",,"])
def test_a_row_of_totals_without_id_is_left_out_and_listed(tmp_path, row):
    write_csv(tmp_path / "emb.csv", ROWS)
    lines = [f"{one},F,{number}" for number, one in enumerate(ids())]
    (tmp_path / "clinical.csv").write_text("\n".join(["PatientID,sex,dose", *lines, row]))
    cohort = read(tmp_path)
    assert_rows(cohort)
    assert set(cohort.patients["sex"]) == {"F"}
    assert ("1 rows without an id in clinical.csv" in cohort.provenance["unmatched"]) == (row != ",,")
    assert ("no id\tleft out of clinical.csv: row 14, column 'PatientID'" in report(cohort)) == (row != ",,")


@pytest.mark.parametrize(("line", "words"), [
    ("# end of the table", "Row 14 is a remark below the table"), ("\x1a", "Row 14 is a remark below the table"),
    ("* two scans of one patient", "Row 14 is a remark"), (None, "Row 14 is the header once more")])
def test_remarks_and_repeated_headers_are_left_out_and_told(tmp_path, line, words):
    text = write_csv(tmp_path / "a.csv", ROWS).read_text()
    (tmp_path / "a.csv").write_text(text + (text.splitlines()[0] if line is None else line) + "\n")
    cohort = read(tmp_path / "a.csv")
    assert_rows(cohort)
    assert words in report(cohort)


# Arrays with something beside them

@pytest.mark.parametrize("name", ["ids", "patient_ids", "ctfm_ids"])
@pytest.mark.parametrize("kind", [str, object, bytes, "json"])
def test_a_list_of_ids_beside_an_array(tmp_path, name, kind):
    np.save(tmp_path / "ctfm.npy", ROWS)
    np.save(tmp_path / "grade.npy", np.arange(12) % 3)
    if kind == "json":
        (tmp_path / f"{name}.json").write_text(json.dumps(ids()))
    else:
        np.save(tmp_path / f"{name}.npy", np.array([one.encode() for one in ids()] if kind is bytes else ids(), kind))
    for path in (tmp_path, tmp_path / "ctfm.npy"):
        cohort = read(path)
        assert_rows(cohort)
        assert cohort.models == ("ctfm",) and list(cohort.patients) == ["grade"]


def test_a_list_of_ids_of_another_length_is_named(tmp_path):
    np.save(tmp_path / "ctfm.npy", ROWS)
    np.save(tmp_path / "ids.npy", np.array(ids()[:-1]))
    with pytest.raises(InputError, match="ids.npy: it has 11 ids; expected 12, one for each vector of ctfm.npy"):
        read(tmp_path)


@pytest.mark.parametrize("shape", [(12, 1, 8), (12, 8, 1, 1)])
def test_what_pooling_leaves_is_a_vector(tmp_path, shape):
    np.savez(tmp_path / "a.npz", PatientID=np.array(ids(), object), x=ROWS.reshape(shape), mask=np.zeros((12, 4, 4)),
             meta=np.array([{"a": 1}], object))
    assert_rows(read(tmp_path / "a.npz"))


def test_one_array_of_another_length_is_left_out_and_listed(tmp_path):
    arrays = dict(zip(ids(), ROWS))
    arrays[ids()[3]] = np.ones(5, np.float32)
    np.savez(tmp_path / "a.npz", **arrays)
    cohort = read(tmp_path / "a.npz")
    assert_rows(cohort, without=[ids()[3]])
    assert "the vector has 5 numbers; expected 8" in report(cohort)


# Commands

def test_maps_of_few_patients_need_no_k_and_a_file_of_vectors_asks_for_a_row(tmp_path, capsys):
    path = write_csv(tmp_path / "a.csv", ROWS)
    assert main(["maps", "--data", str(path), "--map", "pca", "--out", str(tmp_path / "out.csv")]) == 0
    assert "5 neighbors are compared, the most that is defined for 12 patients" in capsys.readouterr().err
    assert main(["query", "--data", str(path), "--vector", str(path), "--out", str(tmp_path / "o.csv")]) == 2
    assert "it has 12 rows, and none is chosen; expected the id of one (--row), such as '011'" in capsys.readouterr().err


def test_capital_letters_of_a_named_column_do_not_matter(tmp_path):
    path = write_csv(tmp_path / "a.csv", ROWS, more={"Case": [f"C{number}" for number in range(12)]})
    assert main(["neighbors", "--data", str(path), "--id-column", "CASE", "--k", "1", "--out", str(tmp_path / "out.csv")]) == 0
    assert "C11" in (tmp_path / "out.csv").read_text()


def test_an_arrow_file_with_lengths_that_lead_anywhere_is_refused(tmp_path):
    import pyarrow

    path = tmp_path / "a.arrow"
    lists = pyarrow.array(ROWS[:3].tolist(), pyarrow.list_(pyarrow.float32()))
    table = pyarrow.table({"PatientID": ids()[:3], "embedding": lists})
    with pyarrow.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)
    sound, wrong = (np.array([0, 8, 16, end], np.int32).tobytes() for end in (24, 1 << 30))
    assert path.read_bytes().count(sound) == 1
    path.write_bytes(path.read_bytes().replace(sound, wrong))
    with pytest.raises(InputError, match="a.arrow: not readable as Arrow IPC or Feather"):
        read(path)
