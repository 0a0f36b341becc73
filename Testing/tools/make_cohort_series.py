"""Make the shipped list of the studies in IDC to which the CT series of published embedding files belong.

    python Testing/tools/make_cohort_series.py FOLDER

FOLDER holds the published ``*_features.pkl`` files, which name CT series, but not their studies. Needs idc-index-data and
duckdb.
"""
import argparse
import importlib.metadata
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "TumorConnectome"))

from TumorConnectomeLib.core.cohort_reader import SUFFIX, cohort_files  # noqa: E402
from TumorConnectomeLib.core.embedding_pickle import read_embedding_pickle  # noqa: E402
from TumorConnectomeLib.core.errors import InputError, TumorConnectomeError  # noqa: E402
from TumorConnectomeLib.core.files import atomic_file, checked_uid  # noqa: E402
from TumorConnectomeLib.core.known_studies import COLUMNS, SHIPPED_LIST  # noqa: E402

_QUERY = "select SeriesInstanceUID, StudyInstanceUID from read_parquet(?) where SeriesInstanceUID in (select unnest(?))"


def make_list(folder):
    """Text of the list; InputError names a series that IDC does not have."""
    import duckdb
    import idc_index_data

    series = {checked_uid(row["SeriesInstanceUID"], source=path) for path in cohort_files(folder) if path.name.endswith(SUFFIX)
              for row in read_embedding_pickle(path).rows}
    found = dict(duckdb.execute(_QUERY, [str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH), sorted(series)]).fetchall())
    if missing := series - set(found):
        raise InputError(f"IDC has no series {min(missing)}", source=folder)
    version = importlib.metadata.version("idc-index-data")
    header = ["# Studies of the CT series in the published NLST-Sybil embedding files, as in NCI Imaging Data Commons (IDC)",
              "# made by: Testing/tools/make_cohort_series.py", f"# index: idc-index-data {version}", ",".join(COLUMNS)]
    return "\n".join([*header, *(f"{uid},{found[uid]}" for uid in sorted(series))]) + "\n"


def main():
    """Write the list; exit status 2 with one line if that is not possible."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=pathlib.Path, help="the published embedding files")
    parser.add_argument("--out", type=pathlib.Path, default=SHIPPED_LIST)
    arguments = parser.parse_args()
    try:
        text = make_list(arguments.folder)
        with atomic_file(arguments.out, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except (TumorConnectomeError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{arguments.out}: {len(text.splitlines())} lines, {len(text)} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
