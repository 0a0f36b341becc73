"""What a source of image files is asked for, and what it returns."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..base.errors import InputError, TumorConnectomeError
from ..base.files import checked_uid
from ..cohort.cohort import Cohort
from ..work.jobs import Sequence


@dataclass(frozen=True)
class SeriesRequest:
    """The CT series of a patient and the structured report (SR) with its tumor boxes.

    Parameters
    ----------
    patient_id : str
        PatientID (0010,0020).
    study_uid, ct_uid : str
        StudyInstanceUID of both series, empty when unknown; SeriesInstanceUID of the CT.
    sr_uid : str
        SeriesInstanceUID of the SR; empty when unknown.
    report_only : bool
        Whether only the SR is wanted: the CT was found elsewhere. Remote sources know such requests.

    Raises
    ------
    InputError
        A UID is not one: UIDs come from files and become paths later.
    """

    patient_id: str
    study_uid: str
    ct_uid: str
    sr_uid: str = ""
    report_only: bool = False

    def __post_init__(self):
        object.__setattr__(self, "patient_id", str(self.patient_id))
        for field in ("study_uid", "ct_uid", "sr_uid"):
            text = getattr(self, field)
            if text or field == "ct_uid":
                object.__setattr__(self, field, checked_uid(text, source=f"patient {self.patient_id}, {field}"))


def series_request(cohort: Cohort, patient_id: str) -> SeriesRequest:
    """The series of a patient; InputError if the cohort does not name its CT. The study can be looked up by it."""
    record = cohort.patients.iloc[cohort.row_of(patient_id)]
    uids = {name: record.get(name) or "" for name in ("StudyInstanceUID", "CT_SeriesInstanceUID", "SR_SeriesInstanceUID")}
    if not uids["CT_SeriesInstanceUID"]:
        raise InputError(f"the cohort does not say which CT series belongs to patient {patient_id}", source=cohort.name,
                         expected="a column SeriesInstanceUID (and, if known, StudyInstanceUID) in the patient table")
    return SeriesRequest(patient_id, *uids.values())


@dataclass(frozen=True)
class SeriesFiles:
    """Where the files of a request lie on this machine.

    Parameters
    ----------
    ct_folder : Path or None
        Folder that holds the files of that one CT series and nothing else; None when the series is in the scene already,
        or was not asked for.
    sr_file : Path or None
        The structured report, None if the source has none for this CT.
    source : str
        Where they came from, as shown to the user.
    note : str
        What the user should know besides ("the copy in the cache was damaged ..."), mostly empty.
    """

    ct_folder: Path | None
    sr_file: Path | None
    source: str
    note: str = ""


class Source(Protocol):
    """A place that may have the files: the scene, the cache, a local folder, IDC, the generator of synthetic studies."""

    #: shown to the user
    name: str
    #: whether it needs the network
    remote: bool

    def find(self, request: SeriesRequest) -> bool:
        """Whether this source may have the files; cheap: no network, no walk over folders."""
        ...

    def fetch(self, request: SeriesRequest) -> Sequence:
        """Yield the jobs that bring the files here; return SeriesFiles.

        Raises
        ------
        NotAvailable
            The source does not have them.
        TumorConnectomeError
            It should have, but failed.
        """
        ...


def whole_series(found: int, listed: int, ct_uid: str) -> None:
    """Raise TumorConnectomeError if a place holds fewer files of a CT series than it has: half a series is none.

    Parameters
    ----------
    found, listed : int
        Files that are there, and that there should be; 0 when the latter is not known.
    ct_uid : str
        SeriesInstanceUID, for the message.
    """
    if found < listed:
        raise TumorConnectomeError(f"only {found} of {listed} files of the CT series {ct_uid} are there")
