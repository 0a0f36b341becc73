"""Look a series up in the index of IDC that the package idc-index-data brings."""
from __future__ import annotations

import importlib.util
import pathlib

from ..base.errors import NotAvailable, PackageMissing
from .idc_series import IdcSeries, IdcStudy
from .sources import SeriesRequest

# `analysis_result_id` is 'NLST-Sybil' or 'nlst_sybil', depending on the version of IDC
_QUERY = """
    select SeriesInstanceUID, crdc_series_uuid, aws_bucket, instanceCount, cast(round(series_size_MB * 1e6) as bigint),
           Modality, try_cast(SeriesNumber as integer)
    from read_parquet(?)
    where StudyInstanceUID = ?
      and (SeriesInstanceUID in (?, ?) or replace(lower(analysis_result_id), '-', '_') = 'nlst_sybil')
    order by SeriesInstanceUID"""
_PRIOR_QUERY = "select max(max_idc_version) from read_parquet(?) where SeriesInstanceUID = ?"
_STUDY_QUERY = "select any_value(StudyInstanceUID) from read_parquet(?) where SeriesInstanceUID = ?"
#: SeriesNumber of a Sybil report minus that of its CT: a hint, not a proof
_NUMBER_OFFSET = 100


def locate(request: SeriesRequest) -> IdcStudy:
    """Where the CT and the Sybil reports of a request lie in IDC.

    The report asked for, or else all of the study, the most likely first: which one belongs to the CT only its
    own references tell. Reads the Parquet file with duckdb (about 0.5 s, 140 MB), so not for the GUI thread.

    Raises
    ------
    NotAvailable
        IDC has no such CT series.
    PackageMissing
        idc-index-data or duckdb is not installed.
    """
    for package in ("duckdb", "idc_index_data"):
        if not importlib.util.find_spec(package):
            name = package.replace("_", "-")
            raise PackageMissing(f"series {request.ct_uid} is not in the built-in list, and to look it up in IDC the Python "
                                 f"package {name} is needed, which is not installed", name)
    import duckdb
    import idc_index_data
    index = str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH)
    with duckdb.connect() as connection:
        study = request.study_uid or connection.execute(_STUDY_QUERY, [index, request.ct_uid]).fetchone()[0]
        rows = connection.execute(_QUERY, [index, study, request.ct_uid, request.sr_uid]).fetchall()
    found = {row[0]: (IdcSeries(*row[:5]), *row[5:]) for row in rows}
    if request.ct_uid not in found:
        place = f" in study {request.study_uid}" if request.study_uid else ""
        raise NotAvailable(f"IDC has no series {request.ct_uid}{place}{_until_version(index, request.ct_uid)}")
    ct, _, ct_number = found.pop(request.ct_uid)
    if request.sr_uid:
        return IdcStudy(ct, (found[request.sr_uid][0],) if request.sr_uid in found else ())
    reports = sorted((number != (ct_number or 0) + _NUMBER_OFFSET, series.uid, series)
                     for series, modality, number in found.values() if modality == "SR")
    return IdcStudy(ct, tuple(series for _, _, series in reports))


def _until_version(index, uid):
    """What the list of prior versions beside an index says of a series that the index has not, "" if nothing."""
    import duckdb

    prior = pathlib.Path(index).parent / "prior_versions_index.parquet"
    if not prior.is_file():
        return ""
    try:
        with duckdb.connect() as connection:
            row = connection.execute(_PRIOR_QUERY, [str(prior), uid]).fetchone()
    except duckdb.Error:                                # a list of another form: it was only a hint
        return ""
    return f"; IDC had this series until version {row[0]}" if row and row[0] is not None else ""


def locate_command(arguments, report):
    """Worker: ``locate PATIENT STUDY CT [SR]``; returns ``{"study": ...}``, or ``{"missing": reason}``."""
    report(None, "Looking the series up in the IDC index")
    try:
        return {"study": locate(SeriesRequest(*arguments)).to_json()}
    except NotAvailable as error:
        return {"missing": str(error)}
