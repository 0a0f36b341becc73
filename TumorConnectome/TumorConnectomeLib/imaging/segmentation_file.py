"""Read a DICOM segmentation (SEG): each segment as a small mask in the patient's space."""
from __future__ import annotations

import base64
import pathlib
import zlib
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..base.files import checked_uid

_SEG_CLASS = "1.2.840.10008.5.1.4.1.1.66.4"
#: share of a fractional segment from which a voxel counts as inside
_INSIDE = 0.5
#: no mask that is cut to its segment is larger [voxels]
_LARGEST = 200_000_000
_LONGEST_LABEL = 64


@dataclass(frozen=True, eq=False)
class Segment:
    """One segment, cut to its voxels.

    Parameters
    ----------
    label : str
        As its writer named it.
    mask : np.ndarray
        bool, shape (K, J, I): slices, rows, columns.
    ijk_to_lps : np.ndarray
        float64, shape (4, 4): from (column, row, slice) to LPS [mm].
    """

    label: str
    mask: np.ndarray
    ijk_to_lps: np.ndarray

    @property
    def volume_mm3(self) -> float:
        """Volume of its voxels."""
        return float(self.mask.sum() * abs(np.linalg.det(self.ijk_to_lps[:3, :3])))

    def as_record(self) -> dict:
        """Something json can write, the mask packed."""
        return {"label": self.label, "shape": list(self.mask.shape), "ijk_to_lps": self.ijk_to_lps.tolist(),
                "mask": base64.b64encode(zlib.compress(np.packbits(self.mask).tobytes())).decode("ascii")}

    @classmethod
    def from_record(cls, record: dict) -> Segment:
        """The segment written by `as_record`."""
        shape = tuple(record["shape"])
        packed = np.frombuffer(zlib.decompress(base64.b64decode(record["mask"])), np.uint8)
        mask = np.unpackbits(packed, count=int(np.prod(shape))).reshape(shape).astype(bool)
        return cls(record["label"], mask, np.array(record["ijk_to_lps"], float))


def read_segmentation(path) -> dict:
    """Read a SEG file.

    Binary, fractional (0.5 counts as inside) and label map segmentations, any orientation, frames in any order, empty frames
    left out by the writer or not.

    Returns
    -------
    dict
        ``segments`` (list of Segment, in the order of their numbers; empty ones are left out), ``series_uid`` (of the series
        it was drawn on, "" if it does not say), ``frame_of_reference_uid``, ``patient_id``, ``findings``.

    Raises
    ------
    InputError
        It is no segmentation, damaged, or its frames do not make a volume.
    """
    import highdicom
    import pydicom

    path = pathlib.Path(path)
    try:
        dataset = pydicom.dcmread(path)
        if dataset.get("SOPClassUID") != _SEG_CLASS:
            raise InputError("it is no DICOM segmentation", source=path, expected=f"SOP class {_SEG_CLASS}")
        segmentation = highdicom.seg.Segmentation.from_dataset(dataset)
        found = [_segment(segmentation, number, path) for number in segmentation.segment_numbers]
        references = [str(item.SeriesInstanceUID) for item in dataset.get("ReferencedSeriesSequence", ())]
        frame_uid, patient_id = dataset.get("FrameOfReferenceUID", ""), str(dataset.get("PatientID", ""))
    except InputError:
        raise
    except Exception as error:                          # pydicom and highdicom raise nearly anything on damaged files
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise InputError(f"the segmentation can not be read ({reason})", source=path) from error
    empty = [label for label, segment in found if segment is None]
    return {"segments": [segment for _, segment in found if segment is not None],
            "series_uid": checked_uid(references[0], source=str(path)) if references else "",
            "frame_of_reference_uid": checked_uid(str(frame_uid), source=str(path)) if frame_uid else "",
            "patient_id": patient_id,
            "findings": [f"Empty segments were left out: {', '.join(empty)}"] if empty else []}


def read_segmentation_command(arguments, report):
    """Worker: ``read-segmentation FILE``; returns what `read_segmentation` does, segments as records."""
    report(None, "Reading the segmentation")
    found = read_segmentation(arguments[0])
    return {**found, "segments": [segment.as_record() for segment in found["segments"]]}


def _segment(segmentation, number, path):
    """Label of a segment, and the Segment; None if it is empty."""
    label = str(segmentation.get_segment_description(number).segment_label)[:_LONGEST_LABEL]
    volume = segmentation.get_volume(segment_numbers=[number])
    mask = np.asarray(volume.array)[..., 0] >= _INSIDE
    if mask.size > _LARGEST:
        raise InputError(f"segment {label} has {mask.size} voxels", source=path, expected=f"at most {_LARGEST}")
    if not mask.any():
        return label, None
    bounds = [np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))[[0, -1]] for axis in range(3)]
    low = np.array([bound[0] for bound in bounds])
    cut = mask[tuple(slice(first, last + 1) for first, last in bounds)]
    to_lps = np.array(volume.affine, float)             # from (slice, row, column)
    to_lps[:3, 3] += to_lps[:3, :3] @ low
    return label, Segment(label, cut, to_lps[:, [2, 1, 0, 3]])
