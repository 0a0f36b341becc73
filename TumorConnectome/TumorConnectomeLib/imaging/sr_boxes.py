"""Read the boxes of a TID 1500 structured report: NLST-Sybil's, one box a group and slice, and those of other writers.

The content tree is walked as it is stored, not through classes that insist on the whole template, so that reports of other
writers (dcmqi, highdicom, ...) are read as far as their regions go: planar (TID 1410) and volumetric groups (TID 1411).
"""
from __future__ import annotations

import pathlib
import warnings
from dataclasses import dataclass

from ..base.errors import InputError
from ..base.files import checked_uid
from ..base.text import one_line
from .bounded_stream import is_bare, open_dicom
from .sr_blanks import blanked
from .sr_regions import PlanarBox, SpatialBox, planar_corners, spatial_points

#: Enhanced, Comprehensive and Comprehensive 3D SR Storage: those that can hold TID 1500
_SR_CLASSES = {"1.2.840.10008.5.1.4.1.1.88.22", "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.88.34"}

#: so many different reasons why groups were left out are told
_MOST_REASONS = 5

# codes of the coding scheme DCM
_IMAGING_MEASUREMENTS, _MEASUREMENT_GROUP = "126010", "125007"
_IMAGE_REGION, _VOLUME_SURFACE = "111030", "121231"
_REFERENCED_SEGMENT, _SEGMENTATION_FRAME = "121191", "121214"
_TRACKING_IDENTIFIER, _TRACKING_UID = "112039", "112040"


@dataclass(frozen=True, eq=False)
class BoxReport:
    """The boxes of one structured report and the images it says it is about.

    Parameters
    ----------
    file : pathlib.Path
        Absolute path.
    series_uid, study_uid, patient_id : str
        The report's own identifiers.
    referenced_series_uids : tuple of str
        From CurrentRequestedProcedureEvidenceSequence and PertinentOtherEvidenceSequence, the only places that name the CT
        series; empty when the report has neither.
    boxes : tuple of PlanarBox
        Regions on slices, in the report's order.
    spatial : tuple of SpatialBox
        Regions in patient coordinates; there is at least one box of either kind.
    findings : tuple of str
        What was left out, one line each.
    """

    file: pathlib.Path
    series_uid: str
    study_uid: str
    patient_id: str
    referenced_series_uids: tuple[str, ...]
    boxes: tuple[PlanarBox, ...]
    spatial: tuple[SpatialBox, ...] = ()
    findings: tuple[str, ...] = ()


def read_sr(sr_file):
    """Read the boxes of a structured report.

    Parameters
    ----------
    sr_file : path
        Enhanced, Comprehensive or Comprehensive 3D SR of TID 1500. A group may have one region or several; a region is of any
        shape with an area, on one slice (SCOORD) or in patient coordinates (SCOORD3D).

    Returns
    -------
    BoxReport

    Raises
    ------
    InputError
        No such file, not DICOM, cut off, damaged, not such a report, or no boxes: then it says what is there instead
        (segmentations, points, values that de-identification blanked).
    """
    path = pathlib.Path(sr_file).absolute()
    if path.is_dir():
        raise InputError("is a folder where a file is expected", source=path, expected="a DICOM structured report")
    if not path.is_file():
        raise InputError("no such file", source=path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")             # pydicom's: every value used is checked, with the file's name
            return _parse(_read(path), path)
    except InputError:
        raise
    except Exception as error:                          # pydicom raises nearly anything on malformed input
        reason = one_line(error) or type(error).__name__
        raise InputError(f"the structured report is damaged, cut off or of another kind ({reason})", source=path) from error


def _read(path):
    """The whole data set, if it is a DICOM file of a class that can hold TID 1500."""
    import pydicom

    try:
        with open_dicom(path) as stream:
            dataset = pydicom.dcmread(stream, force=is_bare(stream))
    except pydicom.errors.InvalidDicomError:
        raise InputError("is not a DICOM file", source=path, expected="a DICOM structured report") from None
    for tag in sorted(dataset.keys()):
        element = dataset.get_item(tag)                 # unconverted: pydicom shortens a value that is cut off without a word
        raw = isinstance(element, pydicom.dataelem.RawDataElement) and element.length != 0xFFFFFFFF
        if raw and len(element.value or b"") < element.length:
            raise InputError("the file is cut off", source=path)
    sop_class = dataset.get("SOPClassUID")
    if sop_class not in _SR_CLASSES:
        kind = repr(sop_class.name) if sop_class else "has no SOP Class UID"
        raise InputError(f"is not a structured report of boxes: {kind}", source=path,
                         expected="Enhanced, Comprehensive or Comprehensive 3D SR")
    return dataset


def _parse(dataset, path):
    content = list(dataset.get("ContentSequence") or ())
    if not content:
        raise InputError("is damaged, or was blanked by de-identification: it has no content (ContentSequence)", source=path,
                         expected="a measurement report")
    template = dataset.get("ContentTemplateSequence") or [{}]
    if str(template[0].get("TemplateIdentifier") or "1500") != "1500":
        raise InputError("is not a measurement report", source=path, expected="content of TID 1500")
    planar, spatial, ignored = [], [], {}
    for number, group in enumerate(_groups(content), 1):
        found, reasons = _regions(group, number, path, content)
        planar += [box for box in found if isinstance(box, PlanarBox)]
        spatial += [box for box in found if isinstance(box, SpatialBox)]
        for reason in reasons:
            ignored[reason] = ignored.get(reason, 0) + 1
    if not planar and not spatial:
        why = "; ".join(f"{count} measurement group{'s' * (count > 1)}: {what}" for what, count in ignored.items())
        blank, values = blanked(content)
        if blank:
            why = f"{blank} of {values} values are empty: blanked by de-identification" + (f"; {why}" if why else "")
        raise InputError("has no boxes" + (f" ({why})" if why else ""), source=path,
                         expected="measurement groups with an image region")
    evidence = [study for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
                for study in dataset.get(keyword) or ()]
    referenced = [series.SeriesInstanceUID for study in evidence for series in study.get("ReferencedSeriesSequence") or ()]
    return BoxReport(
        path, checked_uid(dataset.SeriesInstanceUID, source=path), checked_uid(dataset.StudyInstanceUID, source=path),
        str(dataset.get("PatientID", "") or ""), tuple(dict.fromkeys(checked_uid(uid, source=path) for uid in referenced)),
        tuple(planar), tuple(spatial),
        tuple(f"Ignored {count} measurement group{'s' * (count > 1)} of the report: {what}"
              for what, count in list(ignored.items())[:_MOST_REASONS]))


def _groups(content):
    """Measurement groups in the containers of imaging measurements, or, where a writer left these out, at the top."""
    for item in content:
        if _code(item) == _MEASUREMENT_GROUP:
            yield item
        elif _code(item) == _IMAGING_MEASUREMENTS:
            yield from (inner for inner in item.get("ContentSequence") or () if _code(inner) == _MEASUREMENT_GROUP)


def _regions(group, number, path, content):
    """The boxes of a group, and texts that say what else there is: a point beside boxes takes nothing from them."""
    items = list(group.get("ContentSequence") or ())
    try:
        tracking_id = one_line(_first(items, _TRACKING_IDENTIFIER, "TextValue"))
        tracking_uid = one_line(_first(items, _TRACKING_UID, "UID"))
        regions = [item for item in items if _code(item) in (_IMAGE_REGION, _VOLUME_SURFACE)
                   and item.get("ValueType") in ("SCOORD", "SCOORD3D")] or _regions_of_numbers(items)
        segments = any(_code(item) in (_REFERENCED_SEGMENT, _SEGMENTATION_FRAME) for item in items)
    except Exception as error:                          # pydicom decodes values late and raises nearly anything
        return [], [f"can not be read ({one_line(error, 80) or type(error).__name__})"]
    if not regions:
        return [], ["segments of a segmentation image, not boxes" if segments else "without an image region"]
    place = f"group {number}" + (f" ({tracking_id[:60]})" if tracking_id else "")
    lesion = f"uid {tracking_uid}" if tracking_uid else f"group {number}" if len(regions) > 1 else ""
    boxes, reasons = [], []
    for region in regions:
        try:
            boxes.append(_box(region, _images(region, content), tracking_id, tracking_uid, lesion, path, place))
        except InputError as error:
            reasons.append(error.problem)
        except Exception as error:                      # as above
            reasons.append(f"can not be read ({one_line(error, 80) or type(error).__name__})")
    return boxes, list(dict.fromkeys(reasons))


def _regions_of_numbers(items):
    """Regions under the measurements they were made for, as OHIF and cornerstone write them (TID 300), each once."""
    found = {}
    for item in items:
        for region in item.get("ContentSequence") or () if item.get("ValueType") == "NUM" else ():
            if region.get("ValueType") in ("SCOORD", "SCOORD3D"):
                images = [str(inner.ReferencedSOPSequence[0].get("ReferencedSOPInstanceUID") or "")
                          if inner.get("ReferencedSOPSequence") else str(inner.get("ReferencedContentItemIdentifier"))
                          for inner in region.get("ContentSequence") or ()]
                data = tuple(region.get("GraphicData") or ())
                found.setdefault((str(region.get("GraphicType")), data, *images), region)
    return list(found.values())


def _images(region, content):
    """The images that a region was drawn on: below it, or elsewhere in the report, such as in its image library.

    An item that stands elsewhere is named by its place, (1, 2, 3) for the third item in the second one of the document
    (PS3.3 C.17.3.2.5, Referenced Content Item Identifier).
    """
    found = []
    for item in region.get("ContentSequence") or ():
        place = item.get("ReferencedContentItemIdentifier")
        if place is not None:
            item, items = None, content
            for number in ([place] if isinstance(place, int) else list(place))[1:]:
                item = items[number - 1] if 0 < number <= len(items) else {}
                items = item.get("ContentSequence") or ()
        if item is not None and item.get("ValueType") == "IMAGE":
            found.append(item)
    return found


def _box(region, images, tracking_id, tracking_uid, lesion, path, place):
    graphic_type, values = str(region.get("GraphicType") or ""), region.get("GraphicData")
    if region.ValueType == "SCOORD3D":
        points, curved = spatial_points(graphic_type, values, path, place)
        if not region.get("ReferencedFrameOfReferenceUID"):
            raise InputError("its region in space names no frame of reference", source=path, row=place,
                             expected="that of the CT")
        frame = checked_uid(region.ReferencedFrameOfReferenceUID, source=f"{path}, {place}, frame of reference")
        return SpatialBox(frame, points, curved, tracking_id, tracking_uid, lesion)
    if not _has_values(region, images):
        raise InputError("its region is empty: blanked by de-identification", source=path, row=place, expected="coordinates")
    if len(images) != 1:
        raise InputError(f"its region refers to {len(images)} images", source=path, row=place, expected="one CT slice")
    reference = images[0].ReferencedSOPSequence[0]
    frames = reference.get("ReferencedFrameNumber")
    if frames not in (None, 1, [1]):
        raise InputError(f"its region is on frame {frames}", source=path, row=place, expected="a slice of a single frame")
    return PlanarBox(checked_uid(reference.ReferencedSOPInstanceUID, source=f"{path}, {place}"),
                     planar_corners(graphic_type, values, path, place), tracking_id, tracking_uid, lesion)


def _has_values(region, images):
    """Whether a region has coordinates that are not all 0, and every image it refers to a name."""
    named = all(image.get("ReferencedSOPSequence") and image.ReferencedSOPSequence[0].get("ReferencedSOPInstanceUID")
                for image in images)
    return named and ("GraphicData" not in region or bool(region.GraphicData) and any(region.GraphicData))


def _code(item):
    """Code value of what an item is, "" without one; our codes are all of the scheme DCM."""
    concepts = item.get("ConceptNameCodeSequence")
    if not concepts or concepts[0].get("CodingSchemeDesignator") not in ("DCM", None):
        return ""
    return str(concepts[0].get("CodeValue") or "")


def _first(items, code, keyword):
    """A value of the first item with a code, "" when there is none."""
    return next((item.get(keyword) or "" for item in items if _code(item) == code), "")
