"""Clinical tables of the NLST from IDC: fetched on demand, checked, joined to a prepared cohort in the cache."""
from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import os
import pathlib
import urllib.parse
from collections.abc import Callable
from xml.etree import ElementTree

from ..base.errors import InputError, NotAvailable, TumorConnectomeError
from ..cohort.clinical import with_clinical
from ..connectome.prepared import PreparedCohort, read_prepared, write_prepared
from .clinical_tables import TABLES, read_columns, read_dictionary
from .file_lock import exclusive
from .http_file import Patience, RemoteFile, fetch_file
from .idc_manifest import read_manifest
from .idc_source import default_endpoints

#: part of the cache key: raise it when anything about the joined columns changes
FORMAT = 1
#: folder of the cache for what IDC sends
CLINICAL_PART = "clinical"
_BUCKET = "idc-open-metadata"
#: IDC's dictionary of columns is an asset of each release of idc-index-data
_DICTIONARY = "https://github.com/ImagingDataCommons/idc-index-data/releases/download"
BASE_VARIABLE = "TUMORCONNECTOME_IDC_INDEX_BASE"
_S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def idc_release() -> tuple[str, str]:
    """IDC's version ("v25") and that of idc-index-data ("25.0.5"): the installed one, else that of the shipped manifest."""
    try:
        release = importlib.metadata.version("idc-index-data")
    except importlib.metadata.PackageNotFoundError:
        release = read_manifest().provenance["index"].rpartition(" ")[2]
    return f"v{release.partition('.')[0]}", release


def clinical_command(arguments: list[str], report: Callable[[float | None, str], None]) -> dict[str, str]:
    """Worker: ``--cache FOLDER --prepared FILE``: join IDC's clinical tables to a prepared cohort.

    Returns
    -------
    dict
        ``path`` of the prepared cohort with the clinical columns, beside the one without.

    Raises
    ------
    TransferFailed
        IDC can not be reached, or sends something else; what came is kept for the next try.
    NotAvailable
        IDC has no such tables in this version.
    InputError
        No patient of the cohort is in the tables.
    """
    parser = argparse.ArgumentParser(prog="clinical")
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--prepared", required=True, type=pathlib.Path)
    parser.add_argument("--silence", type=float, default=Patience.silence)
    options = parser.parse_args(arguments)
    version, release = idc_release()
    path = options.prepared.with_name(f"{options.prepared.stem}-clinical-{release}-{FORMAT}.npz")
    if path.exists():
        try:
            read_prepared(path)
            return {"path": str(path)}
        except InputError:
            report(0.0, "The cached clinical data are joined anew")
    prepared = read_prepared(options.prepared)
    folder = options.cache / CLINICAL_PART / release
    with exclusive(folder / ".lock", "IDC's clinical data"):
        paths, dictionary, date = fetch_tables(folder, version, release, report, Patience(silence=options.silence))
    report(0.8, "Joining the clinical data")
    columns = read_columns(paths, read_dictionary(dictionary), version)
    source = f"Clinical data: IDC {version}, tables {' and '.join(paths)} of {date}"
    write_prepared(path, PreparedCohort(with_clinical(prepared.cohort, columns, source), prepared.analyses))
    return {"path": str(path)}


def fetch_tables(folder: pathlib.Path, version: str, release: str, report, patience: Patience):
    """Bring the tables and the dictionary here.

    Returns
    -------
    paths : dict of str to list of path
        Table name to its Parquet files.
    dictionary : path
    date : str
        Day on which IDC made the tables, YYYY-MM-DD.
    """
    paths, dates = {}, []
    for number, table in enumerate(TABLES):
        report(0.7 * number / len(TABLES), f"Clinical table {table} of IDC {version}")
        paths[table] = []
        for file, date in _listed(folder, version, table, patience):
            fetch_file(file, _told(report, f"Clinical table {table}"), patience)
            paths[table].append(file.target)
            dates.append(date)
    base = os.environ.get(BASE_VARIABLE) or _DICTIONARY
    address, target = f"{base.rstrip('/')}/{release}/clinical_index.parquet", folder / "clinical_index.parquet"
    dictionary = RemoteFile(address, target, _not_dictionary)
    fetch_file(dictionary, _told(report, "Meaning of the columns"), patience)
    return paths, dictionary.target, max(dates)


def _told(report, what):
    return lambda here, total: report(None, f"{what}: {here / 1e6:.1f} MB")


def _listed(folder, version, table, patience):
    """The files of a table and their dates, as the bucket lists them: size and, where it is one, MD5 are checked."""
    endpoint = default_endpoints()[0].url.rstrip("/")
    prefix = f"bigquery_export/idc_{version}_clinical/{table}"
    query = urllib.parse.urlencode({"list-type": 2, "prefix": prefix})
    target = folder / f"{table}.xml"
    target.unlink(missing_ok=True)
    fetch_file(RemoteFile(f"{endpoint}/{_BUCKET}?{query}", target, _not_listing), patience=patience)
    found = []
    for entry in ElementTree.parse(target).iter(f"{_S3}Contents"):
        key, size, digest = (entry.findtext(f"{_S3}{name}", "") for name in ("Key", "Size", "ETag"))
        name = key.removeprefix(prefix)
        if (name and not name.startswith("/")) or name.endswith("/"):
            continue                                    # another table whose name begins alike; a folder
        digest = digest.strip('"') if len(digest.strip('"')) == 32 else ""      # of files sent in parts it is no MD5
        address = f"{endpoint}/{_BUCKET}/{urllib.parse.quote(key)}"
        local = folder / f"{table}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.parquet"
        remote = RemoteFile(address, local, _difference(int(size), digest), int(size))
        found.append((remote, entry.findtext(f"{_S3}LastModified", "")[:10]))
    target.unlink(missing_ok=True)
    if not found:
        raise NotAvailable(f"IDC {version} has no clinical table {table}")
    return found


def _difference(size, digest):
    """A check of size and, if it is known, MD5."""
    def check(path):
        if path.stat().st_size != size:
            return f"{path.stat().st_size} bytes instead of {size}"
        same = not digest or hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == digest
        return "" if same else "its MD5 is not the one that the bucket lists"
    return check


def _not_listing(path):
    """What is wrong with a file as list of a bucket."""
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError:
        return "it is no XML"
    if root.tag != f"{_S3}ListBucketResult":
        return "it is no list of a bucket"
    return "the list is longer than expected" if root.findtext(f"{_S3}IsTruncated") == "true" else ""


def _not_dictionary(path):
    """What is wrong with a file as dictionary of columns."""
    try:
        read_dictionary(path)
    except TumorConnectomeError as error:
        return str(error)
    return ""
