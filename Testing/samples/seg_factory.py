"""DICOM segmentations for tests, written by highdicom."""
import numpy as np


def write_seg(path, slices, masks, labels=("Lesion", "Second"), omit_empty=True):
    """Write a SEG with highdicom; masks: bool, (K, J, I, number of segments)."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    descriptions = [hd.seg.SegmentDescription(
        number, label, codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Lesion,
        hd.seg.SegmentAlgorithmTypeValues.MANUAL) for number, label in enumerate(labels[:masks.shape[-1]], 1)]
    for dataset in slices:                              # type 2 tags that the writer copies
        for keyword in ("PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate", "StudyTime",
                        "ReferringPhysicianName"):
            if keyword not in dataset:
                setattr(dataset, keyword, "")
    seg = hd.seg.Segmentation(
        slices, masks.astype(np.uint8), hd.seg.SegmentationTypeValues.BINARY, descriptions, hd.UID(), 200, hd.UID(), 1,
        "maker", "model", "1", "serial", omit_empty_frames=omit_empty)
    seg.save_as(path)
    return seg


def ellipsoid(shape, center, radii):
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    return (((grid - np.array(center)) / radii) ** 2).sum(axis=-1) <= 1
