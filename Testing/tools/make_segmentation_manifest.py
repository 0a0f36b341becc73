"""Make the shipped list of NLSTSeg segmentations of the published cohort from the index of the package idc-index-data.

    python Testing/tools/make_segmentation_manifest.py

needs idc-index-data and duckdb, and the list of the cohort's series (make_idc_manifest.py).
"""
import importlib.metadata
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "TumorConnectome"))

from TumorConnectomeLib.base.files import atomic_file  # noqa: E402
from TumorConnectomeLib.imaging.idc_manifest import read_manifest  # noqa: E402
from TumorConnectomeLib.imaging.segmentation_source import COLUMNS, SHIPPED_SEGMENTATIONS  # noqa: E402

_QUERY = """
    select StudyInstanceUID, SeriesInstanceUID, crdc_series_uuid, instanceCount,
           cast(round(series_size_MB * 1e6) as bigint), aws_bucket, source_DOI, license_short_name
    from read_parquet(?)
    where StudyInstanceUID in (select unnest(?)) and Modality = 'SEG'
      and replace(lower(analysis_result_id), '-', '_') = 'nlstseg'
    order by StudyInstanceUID"""


def make_list() -> str:
    """Text of the list."""
    import duckdb
    import idc_index_data
    studies = sorted({request.study_uid for request, _ in read_manifest().rows.values()})
    rows = duckdb.execute(_QUERY, [str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH), studies]).fetchall()
    version = importlib.metadata.version("idc-index-data")
    header = ["# NLSTSeg expert segmentations of the published cohort in the NCI Imaging Data Commons (IDC)",
              "# made by: Testing/tools/make_segmentation_manifest.py", f"# idc_version: {version.partition('.')[0]}",
              f"# index: idc-index-data {version}", f"# doi: {' '.join(sorted({row[6] for row in rows}))}",
              f"# license: {' '.join(sorted({row[7] for row in rows}))}"]
    return "\n".join([*header, ",".join(COLUMNS), *(",".join(map(str, row[:6])) for row in rows)]) + "\n"


if __name__ == "__main__":
    text = make_list()
    with atomic_file(SHIPPED_SEGMENTATIONS, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
    print(f"{SHIPPED_SEGMENTATIONS}: {len(text.splitlines())} lines, {len(text)} bytes")
