"""A synthetic CT as DICOM: one CT Image Storage data set per slice, marked as synthetic."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .patients import SyntheticPatient
from .phantom import Phantom
from .seeds import GENERATOR_VERSION
from .study_ids import CT_SERIES_NUMBER, StudyIds

if TYPE_CHECKING:
    import pydicom

INSTITUTION = "Synthetic - no real patient"
COMMENT = "SYNTHETIC: computed image, no real patient"
#: made-up date of all synthetic studies
STUDY_DATE, STUDY_TIME = "20200101", "120000"


class CtSlices:
    """Makes the data sets of one patient's CT.

    Parameters
    ----------
    phantom : Phantom
        The patient's CT as numbers.
    """

    def __init__(self, phantom: Phantom):
        self._grid, self._protocol = phantom.grid, phantom.protocol
        self._ids = StudyIds(phantom.patient.patient_id)
        self._common = self._common_attributes(phantom.patient)

    def instance_number(self, index: int) -> int:
        """Return the InstanceNumber of a slice (0 is the lowest): counted from the top, as scans run."""
        return self._grid.shape[0] - index

    def data_set(self, index: int, hu: np.ndarray) -> pydicom.FileDataset:
        """Return one slice.

        Parameters
        ----------
        index : int
            Slice, 0 is the lowest.
        hu : np.ndarray
            int16, shape (rows, columns), -1024 to 3071 HU.

        Returns
        -------
        pydicom.FileDataset
            CT Image Storage, Explicit VR Little Endian, with file meta information.
        """
        import pydicom

        meta = pydicom.dataset.FileMetaDataset()
        meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
        meta.MediaStorageSOPInstanceUID = self._ids.ct_slice(index)
        meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        image = pydicom.FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        image.update(self._common)
        image.SOPInstanceUID = self._ids.ct_slice(index)
        image.InstanceNumber = self.instance_number(index)
        z, y, x = self._grid.origin
        z = round(z + index * self._grid.spacing[0], 6)
        image.ImagePositionPatient = [x, y, z]
        image.SliceLocation = z
        stored = hu - int(self._common.RescaleIntercept)
        image.PixelData = stored.astype("<i2" if self._protocol.signed else "<u2").tobytes()
        return image

    def _common_attributes(self, patient: SyntheticPatient):
        import pydicom

        common = pydicom.Dataset()
        common.SpecificCharacterSet = "ISO_IR 100"
        common.SOPClassUID = pydicom.uid.CTImageStorage
        self._set_patient_and_study(common, patient)
        self._set_scan(common)
        self._set_pixels(common)
        return common

    def _set_patient_and_study(self, common, patient):
        common.PatientName, common.PatientID = f"Synthetic^{patient.patient_id}", patient.patient_id
        common.PatientBirthDate, common.PatientSex, common.PatientAge = "", patient.sex, f"{patient.age:03d}Y"
        common.QualityControlSubject = "YES"
        common.StudyInstanceUID, common.SeriesInstanceUID = self._ids.study, self._ids.ct_series
        common.StudyDate = common.SeriesDate = common.AcquisitionDate = common.ContentDate = STUDY_DATE
        common.StudyTime = common.SeriesTime = common.AcquisitionTime = common.ContentTime = STUDY_TIME
        common.StudyID, common.AccessionNumber, common.ReferringPhysicianName = "1", "", ""
        common.StudyDescription, common.InstitutionName = "SYNTHETIC chest CT", INSTITUTION
        common.SeriesNumber, common.AcquisitionNumber, common.Modality = CT_SERIES_NUMBER, 1, "CT"
        kernel = self._protocol.kernel.name.split()[-1].lower()
        common.SeriesDescription = f"SYNTHETIC chest {self._grid.spacing[0]:g} mm {kernel}"
        common.Manufacturer, common.ManufacturerModelName = "Synthetic", "TumorConnectome phantom"
        common.SoftwareVersions = GENERATOR_VERSION
        common.ImageType, common.ImageComments = ["DERIVED", "PRIMARY", "AXIAL"], COMMENT
        common.DerivationDescription = "SYNTHETIC: computed from a mathematical phantom of the chest"

    def _set_scan(self, common):
        common.BodyPartExamined, common.PatientPosition, common.ScanOptions = "CHEST", "HFS", "HELICAL MODE"
        common.FrameOfReferenceUID, common.PositionReferenceIndicator = self._ids.frame_of_reference, ""
        common.KVP, common.Exposure = self._protocol.tube_voltage_kv, self._protocol.exposure
        common.ConvolutionKernel = self._protocol.kernel.name
        common.SliceThickness = common.SpacingBetweenSlices = self._grid.spacing[0]
        common.GantryDetectorTilt = 0
        common.ReconstructionDiameter = round(self._grid.spacing[1] * self._grid.shape[1], 3)
        common.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        common.PixelSpacing = list(self._grid.spacing[1:])

    def _set_pixels(self, common):
        signed = self._protocol.signed
        common.SamplesPerPixel, common.PhotometricInterpretation = 1, "MONOCHROME2"
        common.Rows, common.Columns = self._grid.shape[1:]
        common.BitsAllocated, common.PixelRepresentation = 16, int(signed)
        common.BitsStored, common.HighBit = (16, 15) if signed else (12, 11)
        common.RescaleIntercept, common.RescaleSlope, common.RescaleType = (0 if signed else -1024), 1, "HU"
        common.WindowCenter, common.WindowWidth = [-600, 40], [1500, 400]
        common.WindowCenterWidthExplanation = ["LUNG", "MEDIASTINUM"]
