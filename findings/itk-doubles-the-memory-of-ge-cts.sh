#!/bin/sh
# SimpleITK (GDCM): a CT of 16 signed stored bits, as GE scanners write, takes twice the memory of one of 12 bits.
#
# Both series below hold the same HU, -1024 to 3071, which fit int16.
# Expected: int16 for both.
# Seen in SimpleITK 2.5.5: the type is chosen from BitsStored and the intercept, not from the values: 16 signed bits and intercept
# -1024 could reach -33792, so all voxels are int32. Stored as 12 unsigned bits the same HU are int16.
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
for bits, signed in ((16, 1), (12, 0)):
    ct = pydicom.Dataset()
    ct.SOPClassUID, ct.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", pydicom.uid.generate_uid()
    ct.StudyInstanceUID, ct.SeriesInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    ct.FrameOfReferenceUID, ct.PatientID, ct.PatientName, ct.Modality = pydicom.uid.generate_uid(), "P1", "P1", "CT"
    ct.ImagePositionPatient, ct.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    ct.PixelSpacing, ct.SliceThickness, ct.Rows, ct.Columns = [1, 1], 1, 64, 64
    ct.SamplesPerPixel, ct.PhotometricInterpretation = 1, "MONOCHROME2"
    ct.BitsAllocated, ct.BitsStored, ct.HighBit, ct.PixelRepresentation = 16, bits, bits - 1, signed
    ct.RescaleSlope, ct.RescaleIntercept = "1", "-1024"
    ct.PixelData = np.arange(64 * 64, dtype=np.uint16).tobytes()
    ct.file_meta = pydicom.dataset.FileMetaDataset()
    ct.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    ct.file_meta.MediaStorageSOPClassUID, ct.file_meta.MediaStorageSOPInstanceUID = ct.SOPClassUID, ct.SOPInstanceUID
    ct.save_as(f"{sys.argv[1]}/ct.dcm", enforce_file_format=True)
    voxels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(f"{sys.argv[1]}/ct.dcm"))
    seen[bits] = str(voxels.dtype)
    print(f"{bits} bits stored, {'signed' if signed else 'unsigned'}: {voxels.min()} to {voxels.max()} HU, expected int16, "
          f"seen {voxels.dtype}")
print("SimpleITK", SimpleITK.Version_VersionString())
sys.exit(0 if seen == {16: "int32", 12: "int16"} else 1)
PYTHON
