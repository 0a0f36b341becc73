"""Read the bounding boxes of a TID 1500 structured report, as NLST-Sybil wrote them: one box a measurement group and slice."""
import pathlib
import warnings
from dataclasses import dataclass

import numpy as np

from ..core.errors import InputError
from ..core.files import checked_uid

#: Enhanced, Comprehensive and Comprehensive 3D SR Storage: those that can hold TID 1500
_SR_CLASSES = {"1.2.840.10008.5.1.4.1.1.88.22", "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.88.34"}

#: code of the coding scheme DCM
_IMAGE_REGION = "111030"


@dataclass(frozen=True, eq=False)
class PlanarBox:
    """One box drawn on one slice.

    Parameters
    ----------
    sop_uid : str
        SOP Instance UID of the slice.
    corners : np.ndarray
        float64, shape (4, 2) or (5, 2) with the first point repeated: (column, row) in SCOORD pixel coordinates, where (0, 0)
        is the outer corner of the first pixel.
    tracking_id, tracking_uid : str
        As in the report; empty when it has none.
    """

    sop_uid: str
    corners: np.ndarray
    tracking_id: str
    tracking_uid: str


@dataclass(frozen=True, eq=False)
class SybilReport:
    """The boxes of one structured report and the images it says it is about.

    Parameters
    ----------
    file : pathlib.Path
        Absolute path.
    series_uid, study_uid, patient_id : str
        The report's own identifiers.
    referenced_series_uids : tuple of str
        From CurrentRequestedProcedureEvidenceSequence, the only place that names the CT series.
    boxes : tuple of PlanarBox
        In the report's order; at least one.
    findings : tuple of str
        What was left out, one line each.
    """

    file: pathlib.Path
    series_uid: str
    study_uid: str
    patient_id: str
    referenced_series_uids: tuple[str, ...]
    boxes: tuple[PlanarBox, ...]
    findings: tuple[str, ...] = ()


def read_sr(sr_file):
    """Read the boxes of a structured report.

    Parameters
    ----------
    sr_file : path
        Enhanced, Comprehensive or Comprehensive 3D SR of TID 1500 with one 2-D image region a group (TID 1410).

    Returns
    -------
    SybilReport

    Raises
    ------
    InputError
        No such file, not DICOM, cut off, damaged, not such a report, no boxes, or a region that is no box on one CT slice.
    """
    path = pathlib.Path(sr_file).absolute()
    if not path.is_file():
        raise InputError("no such file", source=path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")             # pydicom's: every value used is checked, with the file's name
            _check_class(path)
            return _parse(path)
    except InputError:
        raise
    except Exception as error:                          # pydicom and highdicom raise nearly anything on malformed input
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise InputError(f"the structured report is damaged, cut off or of another kind ({reason})", source=path) from error


def _check_class(path):
    """Raise InputError unless the file is a whole DICOM file of a class that can hold TID 1500."""
    import pydicom

    try:
        header = pydicom.dcmread(path, stop_before_pixels=True)
    except pydicom.errors.InvalidDicomError:
        raise InputError("is not a DICOM file", source=path, expected="a DICOM structured report") from None
    for tag in sorted(header.keys()):
        element = header.get_item(tag)                  # unconverted: pydicom shortens a value that is cut off without a word
        raw = isinstance(element, pydicom.dataelem.RawDataElement) and element.length != 0xFFFFFFFF
        if raw and len(element.value or b"") < element.length:
            raise InputError("the file is cut off", source=path)
    sop_class = header.get("SOPClassUID")
    if sop_class not in _SR_CLASSES:
        kind = repr(sop_class.name) if sop_class else "has no SOP Class UID"
        raise InputError(f"is not a structured report of boxes: {kind}", source=path,
                         expected="Enhanced, Comprehensive or Comprehensive 3D SR")


def _parse(path):
    import highdicom

    dataset = highdicom.sr.srread(path)
    content = dataset.content
    if not hasattr(content, "get_planar_roi_measurement_groups"):
        raise InputError("is not a measurement report", source=path, expected="content of TID 1500")
    groups = content.get_planar_roi_measurement_groups()
    if not groups:
        raise InputError("has no boxes", source=path, expected="measurement groups with an image region")
    boxes = tuple(_box(group, number, path) for number, group in enumerate(groups, 1))
    referenced = [series.SeriesInstanceUID for study in dataset.get("CurrentRequestedProcedureEvidenceSequence", [])
                  for series in study.ReferencedSeriesSequence]
    others = len(content.get_volumetric_roi_measurement_groups())
    findings = [f"Ignored {others} measurement group{'s' * (others > 1)} of the report: volumes, not boxes"] if others else []
    return SybilReport(
        path, checked_uid(dataset.SeriesInstanceUID, source=path), checked_uid(dataset.StudyInstanceUID, source=path),
        str(dataset.get("PatientID", "") or ""), tuple(dict.fromkeys(checked_uid(uid, source=path) for uid in referenced)),
        boxes, tuple(findings))


def _box(group, number, path):
    """Turn a planar measurement group into a PlanarBox; `number` counts the groups from 1."""
    tracking_id = " ".join(str(group.tracking_identifier or "").split())        # it goes into one-line messages
    place = f"group {number}" + (f" ({tracking_id[:60]})" if tracking_id else "")
    regions = [item for item in group[0].ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == _IMAGE_REGION]
    if len(regions) != 1:
        raise InputError(f"has {len(regions)} image regions", source=path, row=place, expected="one 2-D POLYLINE")
    region = group.roi
    if region.ValueType != "SCOORD" or region.GraphicType != "POLYLINE":
        raise InputError(f"its region is {region.ValueType} {region.GraphicType}", source=path, row=place,
                         expected="SCOORD POLYLINE")
    images = [item for item in region.get("ContentSequence", []) if item.ValueType == "IMAGE"]
    if len(images) != 1:
        raise InputError(f"its region refers to {len(images)} images", source=path, row=place, expected="one CT slice")
    reference = images[0].ReferencedSOPSequence[0]
    frames = reference.get("ReferencedFrameNumber")
    if frames not in (None, 1, [1]):
        raise InputError(f"its region is on frame {frames}", source=path, row=place, expected="a slice of a single frame")
    return PlanarBox(checked_uid(reference.ReferencedSOPInstanceUID, source=f"{path}, {place}"),
                     _corners(region, path, place), tracking_id, str(group.tracking_uid or ""))


def _corners(region, path, place):
    """The polyline's points: float64, shape (4, 2) or (5, 2), read-only."""
    points = np.array(region.value, np.float64)
    closed = len(points) == 5 and np.array_equal(points[0], points[-1])
    if points.ndim != 2 or points.shape[1] != 2 or not (len(points) == 4 or closed):
        raise InputError(f"its polyline has {len(points)} points", source=path, row=place,
                         expected="4, or 5 of which the last repeats the first")
    if not np.isfinite(points).all() or np.abs(points).max() > 1e6 or np.ptp(points, axis=0).min() <= 0:
        raise InputError("its polyline encloses no finite area", source=path, row=place, expected="a box")
    points.flags.writeable = False
    return points
