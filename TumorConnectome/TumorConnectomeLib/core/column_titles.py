"""What the columns of a patient table are called and mean, units included, in the order in which they are offered."""
from __future__ import annotations

#: column -> title
TITLES = {"age": "Age (years)", "sex": "Sex", "race": "Race", "smoking": "Smoking", "cancer_type": "Cancer type",
          "icd_o_3": "ICD-O-3 morphology", "stage_code": "Stage (AJCC 6th edition)", "body_side": "Body side",
          "PatientID": "PatientID", "StudyInstanceUID": "Study UID", "CT_SeriesInstanceUID": "CT series UID",
          "SR_SeriesInstanceUID": "Report series UID", "center_SOPInstanceUID": "Annotated image UID"}
#: column -> what it is, one sentence
NOTES: dict[str, str] = {}


def title_of(column: str) -> str:
    """The title of a column, the column's own name when we do not know it."""
    return TITLES.get(column, column)


def note_of(column: str) -> str:
    """What the values of a column are and where they come from, one sentence; "" when we do not know it."""
    return NOTES.get(column, "")
