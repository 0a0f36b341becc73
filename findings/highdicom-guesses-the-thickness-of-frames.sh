#!/bin/sh
# highdicom: Segmentation.get_volume() takes the thickness of the frames from their distance, never from SliceThickness.
#
# A segmentation of an irregular CT has no SpacingBetweenSlices (highdicom leaves it out itself), but SliceThickness 2.0 mm.
# Expected: a segment on one slice is 2 mm thick, one on two slices with a slice between them has twice that volume.
# Seen in highdicom 0.28.2: one frame is taken as 1.0 mm thick; two frames 4 mm apart as 4.0 mm thick each: half and double the
# volume, without a warning.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet highdicom==0.28.2 pydicom==3.0.2 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys

import highdicom
import numpy as np
import pydicom
from pydicom.sr.codedict import codes

HEIGHTS, THICKNESS, AREA = [0, 2, 4, 6, 11, 16], 2.0, 10 * 10 * 0.5 * 0.5
study, series, frame = (pydicom.uid.generate_uid() for _ in range(3))
slices = []
for number, z in enumerate(HEIGHTS):
    ct = pydicom.Dataset()
    ct.SOPClassUID, ct.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", pydicom.uid.generate_uid()
    ct.StudyInstanceUID, ct.SeriesInstanceUID, ct.FrameOfReferenceUID = study, series, frame
    ct.PatientID, ct.PatientName = "P1", "Test^CT"
    ct.PatientBirthDate = ct.PatientSex = ct.StudyID = ct.AccessionNumber = ct.ReferringPhysicianName = ""
    ct.StudyDate, ct.StudyTime, ct.Modality, ct.SeriesNumber, ct.InstanceNumber = "20000102", "000000", "CT", 1, number + 1
    ct.ImagePositionPatient, ct.ImageOrientationPatient = [0, 0, z], [1, 0, 0, 0, 1, 0]
    ct.PixelSpacing, ct.SliceThickness = [0.5, 0.5], THICKNESS
    ct.Rows = ct.Columns = 32
    ct.SamplesPerPixel, ct.PhotometricInterpretation = 1, "MONOCHROME2"
    ct.BitsAllocated, ct.BitsStored, ct.HighBit, ct.PixelRepresentation = 16, 16, 15, 1
    ct.PixelData = bytes(32 * 32 * 2)
    ct.file_meta = pydicom.dataset.FileMetaDataset()
    ct.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    slices.append(ct)


def volume_mm3(frames):
    mask = np.zeros((len(HEIGHTS), 32, 32), np.uint8)
    mask[frames, 5:15, 5:15] = 1
    description = highdicom.seg.SegmentDescription(
        1, "Nodule", codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Lesion,
        highdicom.seg.SegmentAlgorithmTypeValues.MANUAL)
    seg = highdicom.seg.Segmentation(
        slices, mask, highdicom.seg.SegmentationTypeValues.BINARY, [description], highdicom.UID(), 2, highdicom.UID(), 1,
        "maker", "model", "1", "serial")
    seg.save_as(sys.argv[1] + "/seg.dcm")
    measures = pydicom.dcmread(sys.argv[1] + "/seg.dcm").SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    volume = highdicom.seg.segread(sys.argv[1] + "/seg.dcm").get_volume(segment_numbers=[1])
    voxels = int((np.asarray(volume.array) > 0).sum())
    print(f"frames at {[HEIGHTS[f] for f in frames]} mm: SliceThickness {measures.get('SliceThickness')}, SpacingBetweenSlices "
          f"{measures.get('SpacingBetweenSlices')}, spacing taken {volume.spacing_between_slices:.1f} mm")
    return voxels * abs(np.linalg.det(volume.affine[:3, :3]))


print("highdicom", highdicom.__version__)
one, two = volume_mm3([1]), volume_mm3([0, 2])
print(f"one frame:  expected {AREA * THICKNESS:.0f} mm3, seen {one:.0f}")
print(f"two frames: expected {2 * AREA * THICKNESS:.0f} mm3, seen {two:.0f}")
sys.exit(0 if abs(one - AREA) < 0.1 and abs(two - 2 * AREA * 4) < 0.1 else 1)
PYTHON
