"""The shipped list of series in IDC, and the look-up of those that are not in it."""
import csv
import importlib.util
import pathlib
import sys

import pytest

from TumorConnectomeLib.base.errors import InputError, JobFailed, NotAvailable, TumorConnectomeError
from TumorConnectomeLib.imaging import idc_index
from TumorConnectomeLib.imaging.idc_manifest import COLUMNS, SHIPPED_MANIFEST, read_manifest
from TumorConnectomeLib.imaging.idc_series import IdcSeries, IdcStudy
from TumorConnectomeLib.imaging.sources import SeriesRequest
from TumorConnectomeLib.work.jobs import PythonJob, run_blocking

ROW = ("100158,1.2,1.2.3,e3dc01f0-fe35-4622-85bc-49a8eef59ead,146,76880206,1.2.4,445ea7e7-fc77-40e2-a293-4135edd5aa0c,1,14280,"
       "idc-open-data")


def write(folder, *rows, header=COLUMNS):
    path = folder / "manifest.csv"
    path.write_text("\n".join(["# license: CC BY 4.0", ",".join(header), *rows]) + "\n", encoding="utf-8")
    return path


def published_patients(real_data):
    with open(real_data / "published_patients.csv", newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def needs_index():
    for package in ("duckdb", "idc_index_data"):
        pytest.importorskip(package, reason=f"{package} is not installed")


def test_the_shipped_manifest_is_complete_small_and_says_where_it_comes_from():
    manifest = read_manifest()
    assert len(manifest.rows) == 289
    assert SHIPPED_MANIFEST.stat().st_size < 120_000
    assert manifest.provenance["license"] == "CC BY 4.0"
    assert manifest.provenance["ct_doi"].startswith("10.7937/") and manifest.provenance["sr_doi"].startswith("10.5281/")
    assert int(manifest.provenance["idc_version"]) >= 25
    studies = [study for _, study in manifest.rows.values()]
    assert {study.ct.google_bucket for study in studies} == {"idc-open-data"}
    assert (min(study.ct.files for study in studies), max(study.ct.files for study in studies)) == (109, 426)


def test_every_published_patient_is_found(real_data):
    manifest = read_manifest()
    for patient in published_patients(real_data):
        request = SeriesRequest(patient["PatientID"], patient["StudyInstanceUID"], patient["CT_SeriesInstanceUID"],
                                patient["SR_SeriesInstanceUID"])
        study = manifest.find(request)
        assert (study.ct.uid, study.reports[0].uid) == (request.ct_uid, request.sr_uid)


def test_the_shipped_manifest_is_what_the_script_makes(real_data, monkeypatch):
    needs_index()
    monkeypatch.syspath_prepend(pathlib.Path(__file__).resolve().parents[1] / "tools")
    import make_idc_manifest
    made = make_idc_manifest.make_manifest(real_data / "published_patients.csv").splitlines()
    shipped = SHIPPED_MANIFEST.read_text(encoding="utf-8").splitlines()
    data = lambda lines: [line for line in lines if not line.startswith("#")]
    assert data(made) == data(shipped)


def test_sizes_are_those_of_the_ct_with_its_report(tmp_path):
    manifest = read_manifest(write(tmp_path, ROW))
    assert manifest.size("1.2.3") == (147, 76880206 + 14280) and manifest.ct_files("1.2.3") == 146
    assert manifest.size("1.2.9") is None and manifest.ct_files("1.2.9") == 0


def test_the_google_name_of_every_bucket_of_the_index_is_known():
    needs_index()
    import duckdb
    import idc_index_data
    with duckdb.connect() as connection:
        buckets = connection.execute("select distinct aws_bucket from read_parquet(?)",
                                     [str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH)]).fetchall()
    uuid = "e3dc01f0-fe35-4622-85bc-49a8eef59ead"
    names = {bucket: IdcSeries("1.2", uuid, bucket, 1, 1).google_bucket for bucket, in buckets}
    assert names == {"idc-open-data": "idc-open-data", "idc-open-data-two": "idc-open-idc1", "idc-open-data-cr": "idc-open-cr"}


def test_another_report_than_the_listed_one_is_not_in_the_manifest(tmp_path):
    manifest = read_manifest(write(tmp_path, ROW))
    assert manifest.find(SeriesRequest("100158", "1.2", "1.2.3")).reports[0].uid == "1.2.4"
    assert manifest.find(SeriesRequest("100158", "1.2", "1.2.3", "1.2.5")) is None
    assert manifest.find(SeriesRequest("100158", "1.2", "1.2.9")) is None


@pytest.mark.parametrize(("old", "new", "words"), [
    ("1.2.3", "../../x", "is not a DICOM UID"),
    ("1.2.4", "", "is not a DICOM UID"),
    ("e3dc01f0", "E3/../..", "uuid .* is malformed"),
    ("idc-open-data", "b; rm -r", "bucket .* is malformed"),
    ("146", "many", "whole numbers"),
    ("146", "0", "a positive whole number"),
    (",1,14280", "", "9 values"),
])
def test_a_malformed_row_is_named(tmp_path, old, new, words):
    path = write(tmp_path, ROW.replace("1.2.3", "1.2.7"), ROW.replace(old, new, 1))
    with pytest.raises(InputError, match=words) as caught:
        read_manifest(path)
    assert f"{path}, row 4: " in str(caught.value)


def test_a_series_listed_twice_is_named(tmp_path):
    with pytest.raises(InputError, match=r"row 4: CT series 1\.2\.3 is listed twice"):
        read_manifest(write(tmp_path, ROW, ROW))


def test_other_files_are_no_manifest(tmp_path):
    with pytest.raises(InputError, match="row 2: the header is not that of a manifest"):
        read_manifest(write(tmp_path, ROW, header=("a", "b")))
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("binary.csv", "nothing.csv"):
        with pytest.raises(InputError, match="can not be read"):
            read_manifest(tmp_path / name)


def test_the_index_knows_what_the_manifest_says():
    needs_index()
    request, study = next(iter(read_manifest().rows.values()))
    job = PythonJob("Looking up", "locate", request.patient_id, request.study_uid, request.ct_uid, request.sr_uid)
    answer = run_blocking(_single(job))
    assert IdcStudy.from_json(answer["study"]) == study


def test_of_a_study_with_two_reports_both_are_candidates_the_likely_one_first():
    needs_index()
    study_uid, ct_uid, reports = _study_with_two_reports()
    found = idc_index.locate(SeriesRequest("x", study_uid, ct_uid))
    assert [series.uid for series in found.reports] == reports and found.ct.files > 1
    only = idc_index.locate(SeriesRequest("x", study_uid, ct_uid, reports[1]))
    assert [series.uid for series in only.reports] == reports[1:]


def test_a_series_that_idc_does_not_have():
    needs_index()
    with pytest.raises(NotAvailable, match=r"IDC has no series 1\.2\.3 in study 1\.2"):
        idc_index.locate(SeriesRequest("x", "1.2", "1.2.3"))
    assert "missing" in run_blocking(_single(PythonJob("Looking up", "locate", "x", "1.2", "1.2.3", "")))


def test_a_series_that_idc_had_once_is_named_with_its_last_version(tmp_path, monkeypatch):
    needs_index()
    import duckdb
    import idc_index_data

    with duckdb.connect() as connection:
        one = "select * from read_parquet(?) limit 1"
        connection.execute(f"copy ({one}) to '{tmp_path / 'idc_index.parquet'}' (format parquet)",
                           [str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH)])
        rows = "select * from (values ('1.2.3', 12), ('1.2.3', 18)) as t(SeriesInstanceUID, max_idc_version)"
        connection.execute(f"copy ({rows}) to '{tmp_path / 'prior_versions_index.parquet'}' (format parquet)")
    monkeypatch.setattr(idc_index_data, "IDC_INDEX_PARQUET_FILEPATH", tmp_path / "idc_index.parquet")
    with pytest.raises(NotAvailable, match=r"IDC has no series 1\.2\.3 in study 1\.2; IDC had this series until version 18"):
        idc_index.locate(SeriesRequest("x", "1.2", "1.2.3"))
    with pytest.raises(NotAvailable, match=r"IDC has no series 1\.2\.4 in study 1\.2$"):
        idc_index.locate(SeriesRequest("x", "1.2", "1.2.4"))


def test_a_bad_uid_ends_the_look_up_with_one_line():
    with pytest.raises(JobFailed, match="is not a DICOM UID"):
        run_blocking(_single(PythonJob("Looking up", "locate", "x", "1.2", "1.2.3'; drop", "")))


@pytest.mark.parametrize("package", ["duckdb", "idc_index_data"])
def test_a_missing_package_is_named(monkeypatch, package):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find_spec(name) or sys)
    with pytest.raises(TumorConnectomeError, match=f"{package.replace('_', '-')} is needed, which is not installed"):
        idc_index.locate(SeriesRequest("x", "1.2", "1.2.3"))


def _single(job):
    """A sequence of one job."""
    return (yield job)


def _study_with_two_reports():
    """A real study whose two Sybil reports have different CTs: (study, CT of the first report, reports)."""
    import duckdb
    import idc_index_data
    with duckdb.connect() as connection:
        connection.execute("create view series as select StudyInstanceUID study, SeriesInstanceUID uid, Modality modality, "
                           "try_cast(SeriesNumber as integer) number, replace(lower(analysis_result_id), '-', '_') result "
                           f"from read_parquet('{idc_index_data.IDC_INDEX_PARQUET_FILEPATH}') where collection_id = 'nlst'")
        rows = connection.execute("""
            with reports as (select * from series where result = 'nlst_sybil'),
                 two as (select study from reports group by study having count(*) = 2 and count(distinct number) = 2)
            select reports.study, ct.uid, reports.uid, other.uid from reports
            join two using (study) join reports other on other.study = reports.study and other.uid <> reports.uid
            join series ct on ct.study = reports.study and ct.number = reports.number - 100 and ct.modality = 'CT'
            order by 1, 2""").fetchall()
    study, ct, first, second = rows[0]
    return study, ct, [first, second]
