"""Small CT series and structured reports on disk, of any geometry, for the tests that read them."""
import copy
import pathlib

import numpy as np
import pydicom
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import format_number_as_ds

AXIAL = (1, 0, 0, 0, 1, 0)
CORONAL = (1, 0, 0, 0, 0, -1)
SAGITTAL = (0, 1, 0, 0, 0, -1)
FEET_FIRST_PRONE = (1, 0, 0, 0, -1, 0)
#: where a file says how long its meta information is
_META_LENGTH = slice(140, 144)
CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"


def ds(values):
    """Numbers as DICOM decimal strings, with all digits that fit."""
    return [format_number_as_ds(float(value)) for value in values]


def random_orientation(rng):
    """Row and column direction of a uniformly random rotation: float64, shape (6,)."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    return (q * np.sign(np.diag(r))).T[:2].ravel()


def make_ct(folder, count=8, *, orientation=AXIAL, spacing=(0.8, 0.7), step=2.5, origin=(-100.0, -80.0, 50.0), size=(32, 40),
            positions=None, series_uid=None, study_uid=None, patient_id="P1", frame_uid=None, seed=0):
    """Write a CT series, one file a slice, file names and InstanceNumber in random order.

    Parameters
    ----------
    positions : array (count, 3), optional
        ImagePositionPatient of each slice instead of `origin` and `step` along the normal [mm, LPS].

    Returns
    -------
    list of pydicom.Dataset
        Ascending along row direction x column direction; `filename` says where.
    """
    rng = np.random.default_rng(seed)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    normal = np.cross(orientation[:3], orientation[3:])
    if positions is None:
        positions = np.asarray(origin) + np.arange(count)[:, None] * step * normal
    order = rng.permutation(len(positions))
    series_uid, study_uid, frame_uid = (uid or generate_uid() for uid in (series_uid, study_uid, frame_uid))
    slices = []
    for position, number in zip(positions, order):
        dataset = pydicom.Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = CT_CLASS, generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = study_uid, series_uid, frame_uid
        dataset.PatientID, dataset.PatientName, dataset.PatientBirthDate, dataset.PatientSex = patient_id, "Test^CT", "", ""
        dataset.StudyID, dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber = "1", "20000102", "000000", ""
        dataset.ReferringPhysicianName, dataset.Modality, dataset.SeriesNumber = "", "CT", 2
        dataset.InstanceNumber = int(number) + 1
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = ds(position), ds(orientation)
        dataset.PixelSpacing, dataset.SliceThickness = ds(spacing), ds([step])[0]
        dataset.Rows, dataset.Columns = size
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
        dataset.RescaleSlope, dataset.RescaleIntercept = "1", "0"
        dataset.PixelData = rng.integers(-1000, 400, size, np.int16).tobytes()
        dataset["PixelData"].VR = "OW"
        if not slices:
            save(dataset, folder / f"{number:03d}.dcm")
            first = dataset.filename.read_bytes()
        else:
            _save_alike(dataset, folder / f"{number:03d}.dcm", first, slices[0])
        slices.append(dataset)
    return slices


def _save_alike(dataset, path, content, other):
    """As `save`, but takes what all slices have in common from the file of another slice: a third of the time."""
    for keyword in ("SOPInstanceUID", "InstanceNumber", "ImagePositionPatient", "PixelData"):
        content = content.replace(_encoded(other[keyword]), _encoded(dataset[keyword]), 1)
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    for element in other.file_meta:
        dataset.file_meta[element.tag] = copy.copy(element)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    of_meta = "MediaStorageSOPInstanceUID"
    before, after = (_encoded(one.file_meta[of_meta]) for one in (other, dataset))
    length = int.from_bytes(content[_META_LENGTH], "little") + len(after) - len(before)
    rest = content[_META_LENGTH.stop:].replace(before, after, 1)
    path.write_bytes(content[:_META_LENGTH.start] + length.to_bytes(4, "little") + rest)
    dataset.filename = path


def _encoded(element):
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, False
    write_data_element(stream, element)
    return stream.getvalue()


def save(dataset, path):
    """Write a dataset as a DICOM file and note its place in `filename`."""
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    if "SOPInstanceUID" in dataset:
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)
    dataset.filename = path


def edit(dataset, **tags):
    """Change tags of a written slice (None deletes) and write it again."""
    for keyword, value in tags.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    save(dataset, dataset.filename)


def rectangle(x0, y0, x1, y1, points=5):
    """Polyline of a box in pixel coordinates: float32, shape (points, 2)."""
    corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]
    return np.array(corners[:points], np.float32)


def make_sr(path, slices, boxes, *, graphic_type="POLYLINE", frames=None, **tags):
    """Write a report with the structure of the NLST-Sybil reports.

    Parameters
    ----------
    slices : list of pydicom.Dataset
        The CT; the report's evidence is what the boxes refer to.
    boxes : list of (int, np.ndarray)
        Index into `slices` and polyline (n, 2) in SCOORD pixel coordinates; may be empty.
    tags
        Set on the report before it is written.

    Returns
    -------
    highdicom.sr.Comprehensive3DSR
    """
    from highdicom import sr
    from pydicom.sr.codedict import codes

    groups = []
    for number, (index, points) in enumerate(boxes or [(0, rectangle(1, 1, 2, 2))], 1):
        image = sr.SourceImageForRegion(slices[index].SOPClassUID, slices[index].SOPInstanceUID, frames)
        groups.append(sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(uid=generate_uid(), identifier=f"Bounding box #{number}"),
            referenced_region=sr.ImageRegion(graphic_type, points, image),
            finding_type=codes.SCT.Lesion, finding_sites=[sr.FindingSite(codes.SCT.Lung)],
            geometric_purpose=sr.CodedConcept("75958009", "SCT", "Bounded by")))
    report = sr.MeasurementReport(
        sr.ObservationContext(observer_device_context=sr.ObserverContext(
            codes.DCM.Device, sr.DeviceObserverIdentifyingAttributes(uid=generate_uid()))),
        codes.LN.CTUnspecifiedBodyRegion, imaging_measurements=groups, title=codes.DCM.ImagingMeasurementReport)
    used = sorted({index for index, _ in boxes}) or [0]
    dataset = sr.Comprehensive3DSR(
        evidence=[slices[index] for index in used], content=report, series_instance_uid=generate_uid(), series_number=102,
        sop_instance_uid=generate_uid(), instance_number=1, manufacturer="Sybil")
    if not boxes:                                       # highdicom would not write it
        dataset.ContentSequence[-1].ContentSequence = []
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)
    return dataset


def sops(slices):
    """SOPInstanceUIDs of data sets, in their order."""
    return tuple(dataset.SOPInstanceUID for dataset in slices)
