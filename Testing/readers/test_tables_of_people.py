"""Tables that people really have: each test is a kind of file that public reports and data sets show, made from scratch."""
import json

import numpy as np
import pytest
from own_files import ids, vectors, write_csv

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.readers.own_cohort import previews, read_own_cohort
from TumorConnectomeLib.readers.recognition import ImportChoice

ROWS = vectors(12, 8, seed=3)


def read(*paths):
    return read_own_cohort(paths)


def assert_rows(cohort, expected=ROWS, model=None):
    found = cohort.embeddings[model or cohort.models[0]]
    assert cohort.patient_ids == tuple(sorted(ids()))
    np.testing.assert_allclose(found, expected[::-1], rtol=1e-6)


def parquet(path, columns, metadata=None):
    import pyarrow
    from pyarrow import parquet as written

    table = pyarrow.table(columns)
    written.write_table(table.replace_schema_metadata(metadata) if metadata else table, path)
    return path


def numbered(values=ROWS):
    return {f"pred_{number}": values[:, number] for number in range(values.shape[1])}


# Which columns are meant

def test_an_index_of_pandas_without_a_name_has_the_ids(tmp_path):
    import pandas as pd

    pd.DataFrame(numbered(), index=ids()).to_parquet(tmp_path / "a.parquet")
    assert_rows(read(tmp_path / "a.parquet"))


@pytest.mark.parametrize("name", ["index", "__index_level_0__", "row number"])
def test_row_numbers_are_ids_only_for_those_who_say_so(tmp_path, capsys, name):
    path = parquet(tmp_path / "a.parquet", {**numbered(), **({} if name == "row number" else {name: np.arange(12)})})
    command = ["neighbors", "--data", str(path), "--k", "1", "--out", str(tmp_path / "out.csv")]
    assert main(command) == 2
    assert "No column looks like the patients' ids" in capsys.readouterr().err
    assert main([*command, "--id-column", name]) == 0
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 13


@pytest.mark.parametrize(("option", "words"), [
    (["--id-column", "patinet"], "no file has a column 'patinet'; expected one of 'PatientID'"),
    (["--feature-prefix", "fature_"], "no file has the feature columns 'fature_'; expected one of 'pred_'"),
    (["--categories", "grad"], "no file has a column 'grad'")])
def test_a_name_that_no_file_has_is_an_error(tmp_path, capsys, option, words):
    path = write_csv(tmp_path / "a.csv", ROWS, more={"grade": ["1", "2"] * 6})
    assert main(["neighbors", "--data", str(path), "--k", "1", "--out", str(tmp_path / "out.csv"), *option]) == 2
    assert words in capsys.readouterr().err


def test_an_id_column_alone_does_not_decide_between_two_sets_of_features(tmp_path, capsys):
    path = write_csv(tmp_path / "a.csv", ROWS, more={"emb_0": ["1"] * 12, "emb_1": ["2"] * 12})
    assert main(["hubs", "--data", str(path), "--k", "1", "--out", str(tmp_path / "o"), "--id-column", "PatientID"]) == 2
    assert "several sets of numbered columns" in capsys.readouterr().err


def test_a_header_one_cell_shorter_than_the_rows_is_that_of_r(tmp_path):
    lines = [f"\"{patient}\" {' '.join(map(repr, map(float, row)))} \"{'FM'[place % 2]}\""
             for place, (patient, row) in enumerate(zip(ids(), ROWS))]
    for delimiter in (" ", "\t", ","):
        path = tmp_path / "a.txt"
        header = " ".join(f'"V{number}"' for number in range(1, 9)) + ' "sex"'
        path.write_text("\n".join([header, *lines]).replace(" ", delimiter))
        cohort = read(path)
        assert_rows(cohort)
        assert set(cohort.patients["sex"]) == {"F", "M"}


def test_a_series_uid_chosen_as_id_stays_the_link_to_the_images(tmp_path):
    uids = [f"1.2.{number}" for number in range(20, 32)]
    path = write_csv(tmp_path / "a.csv", ROWS, uids, id_column="SeriesInstanceUID")
    cohort = read(path)
    assert list(cohort.patients["CT_SeriesInstanceUID"]) == list(cohort.patient_ids) == sorted(uids)


# Types decide

def test_pictures_of_hugging_face_are_neither_id_nor_property(tmp_path):
    import pyarrow

    pictures = pyarrow.array([{"bytes": bytes([200, number]), "path": f"{number}.png"} for number in range(12)])
    info = {b"huggingface": json.dumps({"info": {"features": {"label": {"names": ["benign", "malignant"],
                                                                        "_type": "ClassLabel"}}}}).encode()}
    path = parquet(tmp_path / "a.parquet", {"image": pictures, "file": pyarrow.array(ids()), "label": [0, 1] * 6,
                                            "embedding": ROWS.tolist(), "raw": [b"\xff\xfe"] * 12}, info)
    cohort = read(path)
    assert_rows(cohort)
    assert list(cohort.patients) == ["label"] and set(cohort.patients["label"]) == {"benign", "malignant"}
    report = cohort.provenance["import_report"]
    assert "Column 'image' holds struct" in report and "Column 'raw' holds binary: it is not used." in report


def test_binary_that_is_utf_8_is_text(tmp_path):
    import pyarrow

    binary = pyarrow.array([one.encode() for one in ids()], pyarrow.binary())
    assert_rows(read(parquet(tmp_path / "a.parquet", {"PatientID": binary, **numbered()})))


def test_boxes_and_coordinates_beside_an_embedding_are_no_models(tmp_path):
    np.savez(tmp_path / "a.npz", PatientID=np.array(ids()), features=ROWS, coords=ROWS[:, :3], bbox=ROWS[:, :6])
    cohort = read(tmp_path / "a.npz")
    assert cohort.models == ("a",) and "coords (12, 3), bbox (12, 6)" in cohort.provenance["import_report"]
    path = parquet(tmp_path / "b.parquet", {"PatientID": ids(), "embedding": ROWS.tolist(), "bbox": ROWS[:, :4].tolist()})
    assert read(path).models == ("b",)
    one, = previews([path])
    assert one.choice.prefixes == ("embedding",) and [group.prefix for group in one.recognition.groups] == ["embedding", "bbox"]
    chosen = ImportChoice("PatientID", ("embedding", "bbox"), (), "b")
    assert read_own_cohort([path], {str(path): chosen}).models == ("bbox", "embedding")


def test_features_of_pyradiomics_are_an_embedding_and_what_it_says_about_itself_is_nothing(tmp_path):
    names = ("PatientID", "diagnostics_Versions_PyRadiomics", "diagnostics_Mask-original_BoundingBox",
             "original_shape_Sphericity", "original_firstorder_Mean", "wavelet-LLH_glcm_Contrast")
    lines = [",".join(names)]
    lines += [f"{patient},v3.0.1,\"(1, 2, 3, 4)\",{row[0]},{row[1]},{row[2]}" for patient, row in zip(ids(), ROWS)]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    cohort = read(tmp_path / "a.csv")
    assert_rows(cohort, ROWS[:, :3])
    assert list(cohort.patients) == []


# Ids

def test_whole_numbers_that_became_fractions_in_one_file_are_the_same_patients(tmp_path):
    numbers = [100000 + number for number in range(12)]
    parquet(tmp_path / "a.parquet", {"PatientID": numbers, **numbered()})
    write_csv(tmp_path / "b.csv", ROWS, [f"{number}.0" for number in numbers])
    assert read(tmp_path).patient_ids == tuple(map(str, numbers))


def test_ids_in_scientific_notation_are_warned_about(tmp_path):
    cohort = read(write_csv(tmp_path / "a.csv", ROWS, [f"1.{number:02d}E+05" for number in range(12)]))
    assert "Ids such as '1.00E+05' of column 'PatientID' are rounded numbers" in cohort.provenance["import_report"]


# Words

@pytest.mark.parametrize(("column", "words", "categories"), [
    ("Smoking status", ["ex-smoker", "Non-smoker", "never-smoker", "current smoker", "Current Reformed Smoker for > 15 yrs"],
     ["Former", "Never", "Never", "Current", "Former"]),
    ("race", ["black or african american", "white", "not reported", "american indian or alaska native", "[Not Available]"],
     ["Black", "White", "Unknown", "Other", "Unknown"]),
    ("race", ["A1", "A2", "A1", "white", "A2"], ["A1", "A2", "A1", "white", "A2"]),
])
def test_words_of_public_tables_are_known_and_others_stay_categories_of_their_own(tmp_path, column, words, categories):
    cohort = read(write_csv(tmp_path / "a.csv", ROWS[:5], more={column: words}))
    facet = cohort.facets["smoking" if column.startswith("Smo") else "race"]
    assert [facet.categories[code] for code in facet.codes][::-1] == categories


def test_digits_are_classes_for_those_who_say_so(tmp_path, capsys):
    path = write_csv(tmp_path / "a.csv", np.repeat(ROWS, 2, axis=0), [f"{number:02d}" for number in range(24)],
                     more={"digit": [str(number % 12) for number in range(24)]})
    ours, = previews([path])
    assert read_own_cohort([path]).facets["digit"].numbers is not None
    choice = ours.chosen_by_name(None, None, ["digit"])
    facet = read_own_cohort([path], {str(path): choice}).facets["digit"]
    assert len(facet.categories) == 12 and not facet.ordered and facet.categories[:3] == ("0", "1", "2")


def test_more_categories_than_colors_are_joined_or_said(tmp_path):
    count = 60
    cohort = read(write_csv(tmp_path / "a.csv", vectors(count, 8), [f"{number:03d}" for number in range(count)], more={
        "site": [f"site {number % 25:02d}" for number in range(count)], "day": [f"{number} May" for number in range(count)]}))
    assert cohort.facets["site"].joined and cohort.facets["site"].categories[-1] == "Other values"
    assert "day" not in cohort.facets
    report = cohort.provenance["import_report"]
    assert "Column 'day' can not color: it has 60 different values in 60 patients." in report
    assert "Column 'site': The 14 rarest of its 25 values are joined." in report


# Containers

@pytest.mark.parametrize("write", [lambda row: json.dumps(row.tolist()), lambda row: str(row), lambda row: repr(row)])
def test_a_vector_in_each_cell(tmp_path, write):
    lines = [f"{patient},\"{write(row.astype(float))}\",F" for patient, row in zip(ids(), ROWS)]
    (tmp_path / "a.csv").write_text("\n".join(["PatientID,embedding,sex", *lines]))
    cohort = read(tmp_path / "a.csv")
    found = cohort.embeddings[cohort.models[0]]
    np.testing.assert_allclose(found, ROWS[::-1], rtol=1e-6)
    assert set(cohort.patients["sex"]) == {"F"}


def _lists(kind):
    import pyarrow

    types = {"int8": pyarrow.list_(pyarrow.int8()), "large": pyarrow.large_list(pyarrow.float64()),
             "view": pyarrow.list_view(pyarrow.float32()), "nested": pyarrow.list_(pyarrow.list_(pyarrow.float32()))}
    whole = np.rint(ROWS * 30)
    if kind == "tensor":
        made = pyarrow.FixedShapeTensorArray.from_numpy_ndarray(np.ascontiguousarray(whole, np.float32).reshape(12, 2, 4))
    else:
        rows = whole.astype(int).tolist() if kind == "int8" else whole.tolist()
        made = pyarrow.array([[row] for row in rows] if kind == "nested" else rows, types[kind])
    return made, whole


@pytest.mark.parametrize("kind", ["int8", "large", "view", "nested", "tensor"])
def test_every_kind_of_list_is_a_vector(tmp_path, kind):
    made, expected = _lists(kind)
    try:
        path = parquet(tmp_path / "a.parquet", {"PatientID": ids(), "embedding": made})
    except NotImplementedError:
        pytest.skip("this version of pyarrow can not write such lists")
    assert_rows(read(path), expected)


@pytest.mark.parametrize("written", [json.dumps, lambda row: str(np.array(row))])
def test_vectors_in_texts_of_parquet_are_read_as_those_of_csv(tmp_path, written):
    texts = [written(row) for row in ROWS.tolist()]
    path = parquet(tmp_path / "a.parquet", {"PatientID": ids(), "embedding": texts, "site": ["upper", "lower"] * 6})
    np.testing.assert_allclose(read(path).embeddings["a"], ROWS[::-1], rtol=1e-5)
    few = parquet(tmp_path / "b.parquet", {"PatientID": ids(), "embedding": [*texts[:-1], None]})
    assert len(read(few).patient_ids) == 11


def test_decimals_are_numbers(tmp_path):
    import pyarrow

    expected = np.round(ROWS.astype(float), 2)
    columns = {name: pyarrow.array([f"{value:.2f}" for value in values]).cast(pyarrow.decimal128(8, 2))
               for name, values in numbered(expected).items()}
    assert_rows(read(parquet(tmp_path / "a.parquet", {"PatientID": ids(), **columns})), expected)


@pytest.mark.parametrize("name", ["ids.txt", "patient_ids.csv", "filenames.txt"])
def test_a_list_of_ids_beside_an_array_is_known_by_its_name(tmp_path, name):
    np.save(tmp_path / "ctfm.npy", ROWS)
    (tmp_path / name).write_text("\n".join(ids()) + "\n")
    (tmp_path / "notes.csv").write_text("who,what\na,b\n")
    assert_rows(read(tmp_path / "ctfm.npy"))


@pytest.mark.parametrize("header", [True, False])
def test_one_column_of_ids_beside_an_array(tmp_path, header):
    np.save(tmp_path / "ctfm.npy", ROWS)
    (tmp_path / "ctfm_ids.csv").write_text("\n".join([*(["PatientID"] if header else []), *ids()]))
    assert_rows(read(tmp_path / "ctfm.npy"))
    assert_rows(read(tmp_path))


@pytest.mark.parametrize("table", ["\n".join(ids()), "\n".join(["id\tsex", *(f"{one}\tF" for one in ids())])])
def test_pairs_of_the_embedding_projector(tmp_path, table):
    np.savetxt(tmp_path / "vectors.tsv", ROWS, delimiter="\t")
    (tmp_path / "metadata.tsv").write_text(table)
    assert_rows(read(tmp_path))
    assert_rows(read(tmp_path / "vectors.tsv"))


def test_shards_of_hugging_face_are_one_data_set_and_a_missing_one_is_named(tmp_path):
    names = [f"train-{number:05d}-of-00003.parquet" for number in range(3)]
    for number, name in enumerate(names):
        part = slice(4 * number, 4 * number + 4)
        parquet(tmp_path / name, {"PatientID": ids()[part], "embedding": ROWS[part].tolist()})
    assert_rows(read(tmp_path))
    assert_rows(read(tmp_path / names[1]))
    (tmp_path / names[1]).unlink()
    with pytest.raises(InputError, match="its part train-00001-of-00003.parquet is missing; expected all 3 parts"):
        read(tmp_path)


@pytest.mark.parametrize("first", ["sep=;", "\ufeffsep=;"])
def test_the_line_of_excel_that_names_the_delimiter_and_its_empty_rows(tmp_path, first):
    text = write_csv(tmp_path / "b.csv", ROWS, delimiter=";", decimal=",").read_text()
    (tmp_path / "a.csv").write_text(f"{first}\n{text}" + ";" * 8 + "\n" + ";" * 8 + "\n", encoding="utf-8")
    (tmp_path / "b.csv").unlink()
    assert_rows(read(tmp_path / "a.csv"))


def test_comments_of_cbioportal_stand_above_the_header(tmp_path):
    text = write_csv(tmp_path / "b.tsv", ROWS, delimiter="\t").read_text()
    (tmp_path / "a.tsv").write_text("#Patient Identifier\tnumbers\n#STRING\tNUMBER\n#1\t1\n" + text)
    assert_rows(read(tmp_path / "a.tsv"))


def test_utf_16_without_a_mark(tmp_path):
    path = write_csv(tmp_path / "a.csv", ROWS, delimiter="\t", encoding="utf-16-le")
    assert_rows(read(path))


def _safetensors(path, tensors, metadata=None):
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for name, (kind, values) in tensors.items():
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_safetensors_with_ids_in_the_metadata_or_a_table_or_the_names(tmp_path):
    half = (ROWS.view(np.uint32) >> 16).astype(np.uint16)
    expected = (half.astype(np.uint32) << 16).view(np.float32)
    path = _safetensors(tmp_path / "a.safetensors", {"CTFM": ("F32", ROWS), "Voco": ("BF16", half)}, {"ids": json.dumps(ids())})
    cohort = read(path)
    assert cohort.models == ("CTFM", "Voco")
    assert_rows(cohort, ROWS, "CTFM")
    assert_rows(cohort, expected, "Voco")
    assert_rows(read(_safetensors(tmp_path / "a.safetensors", {one: ("F32", row) for one, row in zip(ids(), ROWS)})))


def _header(kind, shape, end):
    return json.dumps({"x": {"dtype": kind, "shape": shape, "data_offsets": [0, end]}}).encode().ljust(80)


@pytest.mark.parametrize(("header", "data", "words"), [
    (b"\xff" * 8, b"", "its header is longer than the file"), (b"[]", b"", "not readable"),
    (_header("F32", [9, 9], 8), bytes(8), "claims the shape (9, 9)"),
    (_header("F8_E4M3", [2, 2], 4), bytes(4), "has the type F8_E4M3")])
def test_damaged_safetensors_are_refused(tmp_path, header, data, words):
    length = header if not header.strip(b"\xff") else len(header).to_bytes(8, "little")
    (tmp_path / "a.safetensors").write_bytes(length + header + data)
    with pytest.raises(InputError) as caught:
        read(tmp_path / "a.safetensors")
    assert words in str(caught.value)


def test_anndata(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5ad", "w") as file:
        obs = file.create_group("obs")
        obs.attrs["_index"], obs.attrs["column-order"] = "patient", ["sex", "age", "note"]
        obs["patient"] = np.array(ids(), object)
        sex = obs.create_group("sex")
        sex["codes"], sex["categories"] = np.array([0, 1] * 5 + [0, -1], np.int8), np.array(["F", "M"], object)
        obs["age"] = np.arange(50.0, 62.0)
        note = obs.create_group("note")
        note["values"], note["mask"] = np.arange(12), np.array([True] + [False] * 11)
        file["obsm/X_ctfm"], file["obsm/X_umap"] = ROWS, ROWS[:, :2].copy()
        matrix = file.create_group("X")
        matrix.attrs["encoding-type"], matrix.attrs["shape"] = "csr_matrix", (12, 8)
        kept = np.where(ROWS > 0, ROWS, 0)
        matrix["data"], matrix["indices"] = kept[kept > 0], np.nonzero(kept)[1]
        matrix["indptr"] = np.concatenate([[0], np.cumsum((kept > 0).sum(axis=1))])
    cohort = read(tmp_path / "a.h5ad")
    assert cohort.models == ("X", "X_ctfm") and "places or small: X_umap." in cohort.provenance["import_report"]
    assert_rows(cohort, ROWS, "X_ctfm")
    assert_rows(cohort, kept, "X")
    assert cohort.patients.loc["011", ["sex", "age"]].tolist() == ["F", 50] and cohort.patients.loc["000", "sex"] == ""
    assert np.isnan(cohort.patients.loc["011", "note"])


@pytest.mark.parametrize(("name", "make", "words"), [
    ("a.npz", lambda path: np.savez(path, CTFM=ROWS.astype(np.float16).view("V2"), PatientID=np.array(ids())), "bfloat16"),
    *[(f"a{kind}", lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n"),
       "a Git LFS pointer stands in the place of the file; expected its content: 'git lfs pull'")
      for kind in (".csv", ".parquet", "_features.pkl", ".npz", ".npy", ".safetensors")]])
def test_what_can_not_be_read_is_said_by_name(tmp_path, name, make, words):
    make(tmp_path / name)
    with pytest.raises(InputError) as caught:
        read(tmp_path / name)
    assert words in str(caught.value)


def test_a_model_that_does_not_vary_is_left_out_and_said(tmp_path):
    write_csv(tmp_path / "a.csv", ROWS)
    write_csv(tmp_path / "b.csv", np.outer(np.arange(1, 13), [1.0, 2.0]))
    cohort = read(tmp_path)
    assert cohort.models == ("a",)
    assert "Model b of b.csv is left out: its 12 vectors do not vary." in cohort.provenance["unmatched"]


def test_published_pickles_given_as_files_follow_the_rule_for_several_rows(tmp_path, capsys):
    from cohort_factory import write_model

    path = write_model(tmp_path / "p", "CTFM", ["1", "2", "3", "3", "4", "4", "4", "5", "6"], series=range(9))
    for rule, nodes in (("single", 4), ("first", 6), ("all", 9), ("mean", 6)):
        assert main(["neighbors", "--data", str(path), "--rows", rule, "--k", "1", "--out", str(tmp_path / "out.csv")]) == 0
        assert len((tmp_path / "out.csv").read_text().splitlines()) == nodes + 1
