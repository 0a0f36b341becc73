"""The National Lung Screening Trial at the NCI Imaging Data Commons (IDC): who is of it, addresses, doubtful series."""
from __future__ import annotations

from ..base.files import checked_uid
from .cohort import Cohort

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
