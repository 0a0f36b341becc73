"""IDC's bucket of clinical tables and its dictionary of columns on a server of this machine, with the real schema."""
import functools
import hashlib
import pathlib
import tempfile

import pandas as pd
from file_server import FileServer

from TumorConnectomeLib.imaging.clinical_source import idc_release

VERSION, RELEASE = idc_release()
PREFIX = f"idc-open-metadata/bigquery_export/idc_{VERSION}_clinical"
#: column of a table -> label and codes, as the dictionary has them (None: found in the data, without a meaning)
DICTIONARY = {
    ("nlst_prsn", "age"): ("Age", {"61": None, "65": None}),
    ("nlst_prsn", "gender"): ("Gender", {"1": "Male", "2": "Female"}),
    ("nlst_prsn", "race"): ("Race", {"1": "White", "2": "Black or African-American", "3": "Asian",
                                     "96": "Missing - no response"}),
    ("nlst_prsn", "cigsmok"): ("Smoking status at T0", {"0": "Former", "1": "Current"}),
    ("nlst_prsn", "de_stag"): ("Lung cancer stage", {"110": "Stage IA", "400": "Stage IV", ".N": "Not Applicable"}),
    ("nlst_prsn", "de_type"): ("Lung cancer type", {}),
    ("nlst_prsn", "lesionsize"): ("Size of lesion (mm)", {}),
    ("nlst_prsn", "scr_res0"): ("Result of screen at T0", {"1": "Negative", "4": "Positive"}),
    ("nlst_canc", "lesionsize"): ("Size of lesion (mm)", {}),
    ("nlst_canc", "lc_topog"): ("Topography", {"C341": "Upper lobe", "C343": "Lower lobe"}),
}


def persons(patients):
    """nlst_prsn: codes as whole numbers, or as texts where a missing value has a code of its own."""
    count = len(patients)
    return pd.DataFrame({
        "dicom_patient_id": patients, "source_batch": 0, "pid": patients, "dataset_version": "2011",
        "age": [61 + number % 10 for number in range(count)], "gender": [1 + number % 2 for number in range(count)],
        "race": [(1, 2, 3, 96)[number % 4] for number in range(count)], "cigsmok": [number % 2 for number in range(count)],
        "de_stag": [("110", "400", ".N")[number % 3] for number in range(count)],
        "de_type": [("8140", ".M")[number % 2] for number in range(count)],
        "lesionsize": [str(10 + number) if number % 5 else ".M" for number in range(count)],
        "scr_res0": [(1, 4)[number % 2] for number in range(count)]})


def cancers(patients):
    """nlst_canc: the first patient has two cancers, the second one first."""
    rows = [(patients[0], 2, "C343")] + [(patient, 1, ("C341", "C343")[number % 2]) for number, patient in enumerate(patients)]
    return pd.DataFrame(rows, columns=["dicom_patient_id", "lc_order", "lc_topog"]).assign(lesionsize="99")


def dictionary():
    """clinical_index."""
    return pd.DataFrame([{
        "collection_id": "nlst", "table_name": f"bigquery-public-data.idc_{VERSION}_clinical.{table}",
        "short_table_name": table, "column": column, "column_label": label,
        "values": [{"option_code": code, "option_description": text} for code, text in options.items()]}
        for (table, column), (label, options) in DICTIONARY.items()])


def parquet(frame):
    """A table as the bytes of a Parquet file."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "table.parquet"
        duckdb.from_df(frame).write_parquet(str(path))
        return path.read_bytes()


@functools.cache
def _published(patients):
    """The tables by their keys, and the dictionary: many tests use the same."""
    half, people = len(patients) // 2 or 1, persons(patients)
    tables = {f"{PREFIX}/nlst_prsn/000000000000.parquet": parquet(people[:half]),
              f"{PREFIX}/nlst_prsn/000000000001.parquet": parquet(people[half:]),
              f"{PREFIX}/nlst_prsn_other/000000000000.parquet": b"not asked for",
              f"{PREFIX}/nlst_canc/000000000000.parquet": parquet(cancers(patients))}
    return tables, parquet(dictionary())


class ClinicalOnLoopback:
    """A server for `patients`; set the variables of `environment` to use it."""

    def __init__(self, patients):
        tables, meanings = _published(tuple(patients))
        self.tables, self.dictionary = dict(tables), f"index/{RELEASE}/clinical_index.parquet"
        self.server = FileServer({**self.tables, self.dictionary: meanings})
        self.server.listing = self._list
        self.environment = {"TUMORCONNECTOME_S3_ENDPOINT": self.server.url,
                            "TUMORCONNECTOME_IDC_INDEX_BASE": f"{self.server.url}index"}

    def _list(self, path, query):
        if path != "idc-open-metadata" or "prefix" not in query:
            return None
        entries = "".join(
            f"<Contents><Key>{key.removeprefix('idc-open-metadata/')}</Key><LastModified>2026-09-20T01:02:03.000Z</LastModified>"
            f"<ETag>&quot;{hashlib.md5(content).hexdigest()}&quot;</ETag><Size>{len(content)}</Size></Contents>"
            for key, content in self.tables.items() if key.removeprefix("idc-open-metadata/").startswith(query["prefix"]))
        return (f'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<IsTruncated>false</IsTruncated>{entries}</ListBucketResult>").encode()
