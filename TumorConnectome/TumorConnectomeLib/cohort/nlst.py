"""All that is only true of the published NLST-Sybil cohort: its files, warnings, studies, and addresses at IDC."""
from __future__ import annotations

import csv
import functools
import hashlib
import json
import os
import pathlib
import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..base.errors import InputError
from ..base.files import LIBRARY_FOLDER, checked_name, checked_uid, default_cache_folder
from .cohort import Cohort

if TYPE_CHECKING:
    import pandas as pd


LIST_FILE = LIBRARY_FOLDER / "Resources" / "Cohorts" / "nlst-sybil.json"
#: folder under the cache for whole published cohorts: its content is not evicted with the images
CACHE_PART = "published"
#: environment variables: another list of files, and an address that replaces that of the list; for mirrors and tests
LIST_VARIABLE, BASE_VARIABLE = "TUMORCONNECTOME_COHORT_LIST", "TUMORCONNECTOME_COHORT_BASE"


@dataclass(frozen=True)
class PublishedFile:
    """One file of a published cohort.

    Parameters
    ----------
    name : str
        File name here.
    path : str
        Address below the cohort's base.
    blob : str
        git blob id, 40 hexadecimal digits.
    size : int or None
        Bytes, where they are known.
    sha256 : str
        Hexadecimal digits, where they are known, else "".
    """

    name: str
    path: str
    blob: str
    size: int | None = None
    sha256: str = ""

    @property
    def model(self) -> str:
        """Name of the embedding model."""
        return self.name.removesuffix("_features.pkl")


@dataclass(frozen=True)
class PublishedCohort:
    """A cohort that can be downloaded and verified.

    Parameters
    ----------
    name, title, repository, commit, license : str
        What it is and where it comes from.
    base : str
        Address of the files, ends in "/".
    files : tuple of PublishedFile
    """

    name: str
    title: str
    repository: str
    commit: str
    license: str
    base: str
    files: tuple[PublishedFile, ...]

    @property
    def place(self) -> pathlib.PurePath:
        """Its folder, relative to the cache."""
        return pathlib.PurePath(CACHE_PART, self.commit[:12], self.name)

    def folder(self) -> pathlib.Path:
        """Where it is kept on this computer, downloaded or not."""
        return default_cache_folder() / self.place

    def local(self, data_folder: str) -> str:
        """A data folder as it is named on this computer: the path in a scene may be that of another one."""
        parts = pathlib.PureWindowsPath(data_folder).parts if "\\" in data_folder else pathlib.PurePosixPath(data_folder).parts
        return str(self.folder()) if parts[-3:] == self.place.parts else data_folder


def published_cohort() -> PublishedCohort:
    """Read the list of files that ships with the module, or what LIST_VARIABLE and BASE_VARIABLE put in its place."""
    return _read_list(pathlib.Path(os.environ.get(LIST_VARIABLE) or LIST_FILE), os.environ.get(BASE_VARIABLE) or "")


@functools.lru_cache(maxsize=8)
def _read_list(path, other_base):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        files = tuple(PublishedFile(checked_name(entry["path"].rpartition("/")[2], source=path), entry["path"], entry["blob"],
                                    entry.get("bytes"), entry.get("sha256", "")) for entry in content["files"])
        base = other_base or content["base"]
        return PublishedCohort(checked_name(content["name"], source=path), content["title"], content["repository"],
                               content["commit"], content["license"], base.rstrip("/") + "/", files)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"not a list of published files ({error})", source=path) from None


def git_blob_id(path) -> str:
    """git's id of a file's content: SHA-1 over ``blob <size>`` + NUL + content, as hexadecimal digits."""
    path = pathlib.Path(path)
    with open(path, "rb") as stream:
        digest = hashlib.sha1(b"blob %d\0" % os.fstat(stream.fileno()).st_size, usedforsecurity=False)
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def verification(paths: Iterable[pathlib.Path], cohort: PublishedCohort) -> str:
    """One sentence about which of these files are the published ones, byte for byte; "" if none is: they are the user's own.

    A file with a published name that differs is named when others are the published ones: it was changed or damaged.
    """
    known = {file.name: file.blob for file in cohort.files}
    named = [path for path in paths if path.name in known]
    same = [path for path in named if git_blob_id(path) == known[path.name]]
    if not same:
        return ""
    text = f"Verified: {len(same)} of the {len(known)} published files, byte for byte (commit {cohort.commit[:7]})."
    others = [path.name for path in named if path not in same]
    return text + (f" Not the published content: {', '.join(others)}." if others else "")


#: made by Testing/tools/make_cohort_series.py
SHIPPED_LIST = LIBRARY_FOLDER / "Resources" / "Cohorts" / "nlst-sybil-studies.csv"
COLUMNS = ("CT_SeriesInstanceUID", "StudyInstanceUID", "StudyDate")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def known_studies(path: pathlib.Path = SHIPPED_LIST) -> Mapping[str, str]:
    """SeriesInstanceUID of a CT -> StudyInstanceUID; see `_shipped_list` for errors."""
    return _shipped_list(path)[0]


def known_dates(path: pathlib.Path = SHIPPED_LIST) -> Mapping[str, str]:
    """SeriesInstanceUID of a CT -> date of its study, such as ``1999-01-02``; see `_shipped_list` for errors.

    The trial's dates were shifted to January 2 of 1999, 2000 and 2001 for its three screening rounds, T0, T1 and T2.
    """
    return _shipped_list(path)[1]


@functools.lru_cache(maxsize=2)
def _shipped_list(path):
    """Studies and dates by the SeriesInstanceUID of a CT, from ``# comment`` lines, then CSV with COLUMNS.

    Raises
    ------
    InputError
        The file is missing or a row is malformed; the text names the row.
    """
    try:
        lines = [line for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can not be read ({error})", source=path, expected="the list of studies") from None
    rows = list(csv.reader(lines))
    if not rows or tuple(rows[0]) != COLUMNS or any(len(row) != 3 or not _DATE.fullmatch(row[2]) for row in rows[1:]):
        raise InputError("not a list of studies", source=path, expected=",".join(COLUMNS))
    studies, dates = {}, {}
    for series, study, date in rows[1:]:
        studies[checked_uid(series, source=path)], dates[series] = checked_uid(study, source=path), date
    return types.MappingProxyType(studies), types.MappingProxyType(dates)


def add_known_studies(patients: pd.DataFrame) -> None:
    """Fill in StudyInstanceUID where the CT series is a known one and no study is given. Changes the table."""
    if "CT_SeriesInstanceUID" not in patients:
        return
    known = patients["CT_SeriesInstanceUID"].map(lambda uid: known_studies().get(uid, ""))
    if not (known != "").any():
        return
    given = patients.get("StudyInstanceUID", "")
    patients["StudyInstanceUID"] = known.where((known != "") & (given == ""), given).astype(object)


#: every study, series and image of the National Lung Screening Trial in IDC has one of these
NLST_UID_ROOTS = ("1.2.840.113654.2.55.", "1.3.6.1.4.1.14519.5.2.1.7009.9004.")
_VIEWER = "https://viewer.imaging.datacommons.cancer.gov/v3/viewer/?StudyInstanceUIDs={study}"


def in_nlst(cohort: Cohort, node: int) -> bool:
    """Whether a patient's study and CT are of the National Lung Screening Trial, by their UIDs.

    Made-up patients never are. UIDs of other studies are nobody else's business: no address is made of them.
    """
    record = cohort.patients.iloc[node]
    uids = [str(record.get(name) or "") for name in ("StudyInstanceUID", "CT_SeriesInstanceUID")]
    return not cohort.synthetic and all(uid.startswith(NLST_UID_ROOTS) for uid in uids)


def has_nlst(cohort: Cohort) -> bool:
    """Whether any CT of a cohort is of the National Lung Screening Trial, by its UID."""
    if cohort.synthetic or "CT_SeriesInstanceUID" not in cohort.patients:
        return False
    return any(uid.startswith(NLST_UID_ROOTS) for uid in cohort.patients["CT_SeriesInstanceUID"])


def viewer_url(study_uid: str, series_uid: str = "") -> str:
    """Address of a study in the IDC viewer, opened at a series (the report with the boxes); InputError for a bad UID.

    Examples
    --------
    >>> viewer_url("1.2.3")
    'https://viewer.imaging.datacommons.cancer.gov/v3/viewer/?StudyInstanceUIDs=1.2.3'
    """
    address = _VIEWER.format(study=checked_uid(study_uid))
    return f"{address}&initialSeriesInstanceUID={checked_uid(series_uid)}" if series_uid else address


def patient_viewer_url(cohort: Cohort, node: int) -> str:
    """Address of a patient's study in the IDC viewer; "" when the patient is not of the NLST."""
    if not in_nlst(cohort, node):
        return ""
    record = cohort.patients.iloc[node]
    return viewer_url(record["StudyInstanceUID"], record.get("SR_SeriesInstanceUID") or "")


#: SeriesInstanceUID of the CTs that the authors of the published embeddings marked as doubtful -> PatientID. They give the
#: reasons for all eight together.
DOUBTFUL_SERIES = {
    "1.2.840.113654.2.55.179506866661275179276132318325141684795": "109203",
    "1.2.840.113654.2.55.38331112054215767893080935276683387701": "112285",
    "1.2.840.113654.2.55.158516527870983020948854432934661152686": "118658",
    "1.2.840.113654.2.55.261245792492590026839419370097967940966": "127890",
    "1.3.6.1.4.1.14519.5.2.1.7009.9004.175817836062435210980057971444": "200683",
    "1.3.6.1.4.1.14519.5.2.1.7009.9004.369170998760970988029419532437": "205283",
    "1.3.6.1.4.1.14519.5.2.1.7009.9004.226522368012875705569179899392": "214812",
    "1.3.6.1.4.1.14519.5.2.1.7009.9004.112251960264319977744085244552": "214975",
}
_TEXT = ("The authors of the published embeddings marked this CT as doubtful (irregular slice spacing, missing slices or "
         "upside down): look at the images before you trust its neighbors.")


def data_note(cohort: Cohort, node: int) -> str:
    """What a reader should know about a patient's data: one sentence, "" when there is nothing to say.

    The CT series decides, not the PatientID: another cohort may use the same numbers.
    """
    series = cohort.patients.iloc[node].get("CT_SeriesInstanceUID") or ""
    return _TEXT if in_nlst(cohort, node) and series in DOUBTFUL_SERIES else ""


def doubtful_patients(cohort: Cohort) -> tuple[str, ...]:
    """PatientIDs of a cohort for which there is a note, in row order."""
    return tuple(patient for node, patient in enumerate(cohort.patient_ids) if data_note(cohort, node))
