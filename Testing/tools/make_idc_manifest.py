"""Make the shipped list of the published cohort's series in IDC from the index of the package idc-index-data.

    python Testing/tools/make_idc_manifest.py published_patients.csv

needs idc-index-data and duckdb. The table of patients has the columns PatientID, StudyInstanceUID,
CT_SeriesInstanceUID and SR_SeriesInstanceUID.
"""
import csv
import importlib.metadata

from list_writer import write_list

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.imaging.idc_manifest import COLUMNS, SHIPPED_MANIFEST

_QUERY = """
    select SeriesInstanceUID, StudyInstanceUID, PatientID, crdc_series_uuid, aws_bucket, instanceCount,
           cast(round(series_size_MB * 1e6) as bigint), source_DOI, license_short_name
    from read_parquet(?) where SeriesInstanceUID in (select unnest(?))"""


def make_manifest(patients_path):
    """Text of the manifest for the patients of a CSV file; InputError names the row that IDC does not have."""
    import duckdb
    import idc_index_data
    with open(patients_path, newline="", encoding="utf-8") as stream:
        patients = list(csv.DictReader(stream))
    uids = [patient[f"{kind}_SeriesInstanceUID"] for patient in patients for kind in ("CT", "SR")]
    rows = duckdb.execute(_QUERY, [str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH), uids]).fetchall()
    found = {(row[0], row[1], row[2]): row[3:] for row in rows}
    lines, facts = [], {"ct_doi": set(), "sr_doi": set(), "license": set()}
    for number, patient in enumerate(patients, 2):
        line = {"patient_id": patient["PatientID"], "study_uid": patient["StudyInstanceUID"]}
        for kind in ("ct", "sr"):
            uid = patient[f"{kind.upper()}_SeriesInstanceUID"]
            place = found.get((uid, line["study_uid"], line["patient_id"]))
            if place is None:
                raise InputError(f"IDC has no series {uid} of patient {line['patient_id']}", source=patients_path, row=number)
            uuid, bucket, files, size, doi, license_name = place
            if line.setdefault("bucket", bucket) != bucket:
                raise InputError("CT and report lie in different buckets", source=patients_path, row=number)
            line |= {f"{kind}_uid": uid, f"{kind}_uuid": uuid, f"{kind}_files": files, f"{kind}_bytes": size}
            facts[f"{kind}_doi"].add(doi)
            facts["license"].add(license_name)
        lines.append(",".join(str(line[column]) for column in COLUMNS))
    version = importlib.metadata.version("idc-index-data")
    header = ["# NLST CT series and NLST-Sybil reports of the published cohort in the NCI Imaging Data Commons (IDC)",
              "# made by: Testing/tools/make_idc_manifest.py", f"# idc_version: {version.partition('.')[0]}",
              f"# index: idc-index-data {version}",
              *(f"# {name}: {' '.join(sorted(values))}" for name, values in facts.items())]
    return "\n".join([*header, ",".join(COLUMNS), *sorted(lines)]) + "\n"


if __name__ == "__main__":
    raise SystemExit(write_list(__doc__, "patients", "table of patients (CSV)", SHIPPED_MANIFEST, make_manifest))
