#!/bin/sh
# SimpleITK (GDCM): HU of a CT stored as MONOCHROME1 come out inverted.
#
# PhotometricInterpretation says how gray values are displayed after the window; RescaleSlope and RescaleIntercept turn stored values
# into HU before it (PS3.3 C.11.1, C.7.6.3.1.2), so MONOCHROME1 changes no HU. CT Image Storage allows both.
# Expected: stored -800 with slope 1 and intercept 0 is -800 HU, for MONOCHROME2 and MONOCHROME1.
# Seen in SimpleITK 2.5.5: 799 for MONOCHROME1: the stored bits are inverted before the rescale. Air becomes bone.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet SimpleITK==2.5.5 pydicom==3.0.2 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys

import numpy as np
import pydicom
import SimpleITK

seen = {}
for photometric in ("MONOCHROME2", "MONOCHROME1"):
    ct = pydicom.Dataset()
    ct.SOPClassUID, ct.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", pydicom.uid.generate_uid()
    ct.StudyInstanceUID, ct.SeriesInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    ct.FrameOfReferenceUID, ct.PatientID, ct.PatientName, ct.Modality = pydicom.uid.generate_uid(), "P1", "P1", "CT"
    ct.ImagePositionPatient, ct.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    ct.PixelSpacing, ct.SliceThickness, ct.Rows, ct.Columns = [1, 1], 1, 8, 8
    ct.SamplesPerPixel, ct.PhotometricInterpretation = 1, photometric
    ct.BitsAllocated, ct.BitsStored, ct.HighBit, ct.PixelRepresentation = 16, 16, 15, 1
    ct.RescaleSlope, ct.RescaleIntercept = "1", "0"
    ct.PixelData = np.full((8, 8), -800, np.int16).tobytes()
    ct.file_meta = pydicom.dataset.FileMetaDataset()
    ct.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    ct.file_meta.MediaStorageSOPClassUID, ct.file_meta.MediaStorageSOPInstanceUID = ct.SOPClassUID, ct.SOPInstanceUID
    ct.save_as(f"{sys.argv[1]}/ct.dcm", enforce_file_format=True)
    seen[photometric] = int(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(f"{sys.argv[1]}/ct.dcm")).max())
print("SimpleITK", SimpleITK.Version_VersionString())
for photometric, value in seen.items():
    print(f"{photometric}: expected -800 HU, seen {value}")
sys.exit(0 if seen == {"MONOCHROME2": -800, "MONOCHROME1": 799} else 1)
PYTHON
