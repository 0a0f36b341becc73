"""What the columns of a patient table are called and mean, units included, in the order in which they are offered."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MeasuredColumn:
    """A column that is measured on the images: its title with the unit, what it is in one sentence, and whether it is text."""

    title: str
    note: str
    text: bool = False


_BOX = "of the patient's largest lesion box"
#: columns of `measurements.SeriesMeasurement.values`
MEASURED = {
    "lesion_count": MeasuredColumn(
        "Lesion boxes", "Lesions that the report marks: boxes that overlap on neighboring slices are one."),
    "box_longest_mm": MeasuredColumn(
        "Longest box side (mm)", f"Longest side {_BOX}."),
    "box_width_mm": MeasuredColumn(
        "Box along rows (mm)", f"Extent {_BOX} along the image's rows (left to right when axial)."),
    "box_height_mm": MeasuredColumn(
        "Box along columns (mm)", f"Extent {_BOX} along the image's columns (front to back when axial)."),
    "box_depth_mm": MeasuredColumn(
        "Box across slices (mm)", f"Extent {_BOX} across slices, with the thickness of the first and the last."),
    "box_volume_ml": MeasuredColumn(
        "Box volume (mL)", f"Volume {_BOX}: more than that of the tumor in it."),
    "measured_side": MeasuredColumn(
        "Body side (measured)", f"Patient's side {_BOX}: its center against the midline of the body's area on the CT slices "
        "around it; uncertain closer than 10 mm to it, and farther where the midline is rough.", True),
    "midline_mm": MeasuredColumn(
        "Distance from midline (mm)", f"Distance of the center {_BOX} from the midline of the body, positive to the left."),
    "slice_thickness_mm": MeasuredColumn("Slice thickness (mm)", "SliceThickness of the CT's header."),
    "slice_spacing_mm": MeasuredColumn("Slice spacing (mm)", "Median distance of neighboring slices, from their positions."),
    "column_spacing_mm": MeasuredColumn(
        "Column spacing (mm)", "Distance of the image's columns: the second value of PixelSpacing in the CT's header."),
    "kernel": MeasuredColumn("Reconstruction kernel", "ConvolutionKernel of the CT's header.", True),
    "manufacturer": MeasuredColumn("Manufacturer", "Manufacturer of the scanner, from the CT's header.", True),
    "scanner_model": MeasuredColumn("Scanner model", "ManufacturerModelName of the CT's header.", True),
    "tube_voltage_kv": MeasuredColumn("Tube voltage (kV)", "KVP of the CT's header: peak tube voltage."),
}
#: column -> title
TITLES = {"age": "Age (years)", "sex": "Sex", "race": "Race", "smoking": "Smoking", "cancer_type": "Cancer type",
          "icd_o_3": "ICD-O-3 morphology", "stage_code": "Stage (AJCC 6th edition)", "body_side": "Body side",
          **{name: column.title for name, column in MEASURED.items()},
          "PatientID": "PatientID", "patient": "Patient of the row", "StudyInstanceUID": "Study UID",
          "CT_SeriesInstanceUID": "CT series UID",
          "SR_SeriesInstanceUID": "Report series UID", "center_SOPInstanceUID": "Annotated image UID"}


def title_of(column: str) -> str:
    """The title of a column, the column's own name when we do not know it."""
    return TITLES.get(column, column)


def note_of(column: str) -> str:
    """What the values of a column are and where they come from, one sentence; "" when we do not know it."""
    return MEASURED[column].note if column in MEASURED else ""
