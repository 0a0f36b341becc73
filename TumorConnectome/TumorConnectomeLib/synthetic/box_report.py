"""The structured report with the nodule's boxes, built as the NLST-Sybil reports are and marked as synthetic."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .ct_series import INSTITUTION, STUDY_DATE, STUDY_TIME
from .lesion_boxes import SliceBox
from .seeds import GENERATOR_VERSION
from .study_ids import SR_SERIES_NUMBER, StudyIds

if TYPE_CHECKING:
    import highdicom
    import pydicom

DESCRIPTION = "SYNTHETIC Sybil lesion bounding box"


def box_report(ids: StudyIds, boxes: tuple[SliceBox, ...], slices: list[pydicom.Dataset]) -> highdicom.sr.Comprehensive3DSR:
    """Return the report: a TID 1500 measurement report with one planar ROI group (TID 1410) per box.

    Parameters
    ----------
    ids : StudyIds
        UIDs of the study.
    boxes : tuple of SliceBox
        Boxes from the lowest slice up.
    slices : list of pydicom.Dataset
        The CT slice of each box; they alone are the report's evidence.
    """
    import highdicom as hd
    from pydicom.sr.codedict import codes

    observer = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=ids.sr_series, name="TumorConnectome", manufacturer_name="Synthetic")
    context = hd.sr.ObservationContext(observer_device_context=hd.sr.ObserverContext(
        observer_type=codes.DCM.Device, observer_identifying_attributes=observer))
    groups = [_box_group(ids, number, box, image) for number, (box, image) in enumerate(zip(boxes, slices), start=1)]
    content = hd.sr.MeasurementReport(
        observation_context=context, imaging_measurements=groups,
        procedure_reported=hd.sr.CodedConcept("169069000", "SCT", "CT of chest"))
    report = hd.sr.Comprehensive3DSR(
        evidence=slices, content=content[0], series_instance_uid=ids.sr_series, sop_instance_uid=ids.sr_instance,
        series_number=SR_SERIES_NUMBER, instance_number=1, manufacturer="Sybil SYNTHETIC", institution_name=INSTITUTION,
        is_complete=True, is_final=False)
    report.SeriesDescription, report.SoftwareVersions = DESCRIPTION, GENERATOR_VERSION
    # the time of making would make every copy differ
    report.ContentDate = report.SeriesDate = report.InstanceCreationDate = STUDY_DATE
    report.ContentTime = report.SeriesTime = report.InstanceCreationTime = STUDY_TIME
    for equipment in report.get("ContributingEquipmentSequence", ()):
        if "ContributionDateTime" in equipment:
            equipment.ContributionDateTime = STUDY_DATE + STUDY_TIME
    return report


def _box_group(ids, number, box, image):
    import highdicom as hd

    corners = [(box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom), (box.left, box.top)]
    region = hd.sr.ImageRegion(
        graphic_type=hd.sr.GraphicTypeValues.POLYLINE, graphic_data=np.array(corners),
        source_image=hd.sr.SourceImageForRegion(image.SOPClassUID, image.SOPInstanceUID))
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=ids.tracking(number), identifier=f"Bounding box #{number}"),
        referenced_region=region, finding_type=hd.sr.CodedConcept("52988006", "SCT", "Lesion"),
        finding_sites=[hd.sr.FindingSite(hd.sr.CodedConcept("39607008", "SCT", "Lung"))],
        geometric_purpose=hd.sr.CodedConcept("75958009", "SCT", "Bounded by"))
