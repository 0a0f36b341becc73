"""Addresses of a patient's images at the NCI Imaging Data Commons (IDC)."""
from __future__ import annotations

from .cohort import Cohort
from .files import checked_uid

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
