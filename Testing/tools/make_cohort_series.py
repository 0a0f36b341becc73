"""Make the shipped list of the studies in IDC, with their dates, to which the CT series of published embedding files belong.

    python Testing/tools/make_cohort_series.py FOLDER

FOLDER holds the published ``*_features.pkl`` files, which name CT series, but not their studies. Needs idc-index-data and
duckdb.
"""
import importlib.metadata

from list_writer import write_list

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.base.files import checked_uid
from TumorConnectomeLib.cohort.nlst import COLUMNS, SHIPPED_LIST
from TumorConnectomeLib.readers.cohort_reader import SUFFIX, cohort_files
from TumorConnectomeLib.readers.embedding_pickle import read_embedding_pickle

_QUERY = ("select SeriesInstanceUID, StudyInstanceUID, cast(StudyDate as varchar) from read_parquet(?) "
          "where SeriesInstanceUID in (select unnest(?))")


def make_list(folder):
    """Text of the list; InputError names a series that IDC does not have."""
    import duckdb
    import idc_index_data

    series = {checked_uid(row["SeriesInstanceUID"], source=path) for path in cohort_files(folder) if path.name.endswith(SUFFIX)
              for row in read_embedding_pickle(path).rows}
    rows = duckdb.execute(_QUERY, [str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH), sorted(series)]).fetchall()
    found = {uid: (study, date) for uid, study, date in rows}
    if missing := series - set(found):
        raise InputError(f"IDC has no series {min(missing)}", source=folder)
    version = importlib.metadata.version("idc-index-data")
    header = ["# Studies of the CT series in the published NLST-Sybil embedding files, as in NCI Imaging Data Commons (IDC)",
              "# made by: Testing/tools/make_cohort_series.py", f"# index: idc-index-data {version}", ",".join(COLUMNS)]
    return "\n".join([*header, *(",".join((uid, *found[uid])) for uid in sorted(series))]) + "\n"


if __name__ == "__main__":
    raise SystemExit(write_list(__doc__, "folder", "the published embedding files", SHIPPED_LIST, make_list))
