#!/bin/sh
# All 73,000 CT studies of the National Lung Screening Trial in IDC have one of three dates.
#
# idc-index-data 25.0.5. DICOM's StudyDate (0008,0020) is the day on which a study started, and de-identification usually either removes
# dates or shifts all dates of a patient by the same number of days (PS3.15, Retain Longitudinal Temporal Information With Modified
# Dates), so that days between two scans stay right. So growth per day, volume doubling times and times to diagnosis are computed from
# the difference of two StudyDates.
#
# Expected: intervals between the scans of a patient scatter around a year, as appointments do.
# Seen: every CT study is of January 2 of 1999, 2000 or 2001; the interval of two scans is 365, 366 or 731 days for everybody. The date
# is the screening round (T0, T1, T2), and says nothing about days.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check idc-index-data==25.0.5 duckdb==1.5.6
"$folder/venv/bin/python" - <<'PYTHON'
import duckdb
import idc_index_data

index = str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH)
dates = duckdb.execute("select cast(StudyDate as varchar) d, count(distinct StudyInstanceUID), count(distinct PatientID) "
                       "from read_parquet(?) where collection_id = 'nlst' and Modality = 'CT' group by d order by d",
                       [index]).fetchall()
days = duckdb.execute("with scans as (select distinct PatientID, cast(StudyDate as date) d from read_parquet(?) where "
                      "collection_id = 'nlst' and Modality = 'CT'), steps as (select d - lag(d) over (partition by PatientID "
                      "order by d) gap from scans) select gap, count(*) from steps where gap is not null group by gap "
                      "order by gap", [index]).fetchall()
print("idc-index-data", idc_index_data.__version__)
for date, studies, patients in dates:
    print(f"{date}: {studies} CT studies of {patients} patients")
for interval, pairs in days:
    print(f"{interval} days between two scans: {pairs} pairs")
assert [date for date, *_rest in dates] == ["1999-01-02", "2000-01-02", "2001-01-02"], dates
assert {int(interval) for interval, _pairs in days} == {365, 366, 731}, days
PYTHON
