"""Read a DICOM segmentation (SEG): each segment as a small mask in the patient's space."""
from __future__ import annotations

import base64
import pathlib
import warnings
import zlib
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..base.files import checked_uid
from .bounded_stream import is_bare, open_dicom
from .segmentation_frames import SEG_CLASSES, frame_masks, read_frames

#: a frame that no whole number of its thickness lies above the others is divided into so many planes, the fewest that do
_DIVISIONS, _TOLERANCE_MM = (1, 2, 4, 8), 0.1
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

    Binary, fractional (0.5 counts as inside) and label map segmentations, any orientation, tilted gantry, frames in any order,
    empty frames left out by the writer or not. Every frame stands where its own position says; how thick it is, see
    `segmentation_frames.thickness_of`.

    Returns
    -------
    dict
        ``segments`` (list of Segment, in the order of their numbers; empty ones are left out), ``series_uid`` (of the series
        it was drawn on, "" if it does not say), ``frame_of_reference_uid``, ``patient_id``, ``findings``.

    Raises
    ------
    InputError
        It is no segmentation, damaged, or its frames do not say where they lie.
    """
    import pydicom

    path = pathlib.Path(path)
    if not path.is_file():
        raise InputError("is a folder where a file is expected" if path.is_dir() else "no such file", source=path,
                         expected="a DICOM segmentation")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")             # pydicom's: every value used is checked
            with open_dicom(path) as stream:
                dataset = pydicom.dcmread(stream, force=is_bare(stream))
            if dataset.get("SOPClassUID") not in SEG_CLASSES:
                raise InputError("it is no DICOM segmentation", source=path, expected=f"SOP class {' or '.join(SEG_CLASSES)}")
            segments, findings = _segments(dataset, path)
            references = [str(item.SeriesInstanceUID) for item in dataset.get("ReferencedSeriesSequence", ())]
            frame_uid, patient_id = dataset.get("FrameOfReferenceUID", ""), str(dataset.get("PatientID", ""))
    except InputError:
        raise
    except pydicom.errors.InvalidDicomError:
        raise InputError("is not a DICOM file", source=path, expected="a DICOM segmentation") from None
    except Exception as error:                          # pydicom raises nearly anything on damaged files
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise InputError(f"the segmentation can not be read ({reason})", source=path) from error
    return {"segments": segments,
            "series_uid": checked_uid(references[0], source=str(path)) if references else "",
            "frame_of_reference_uid": checked_uid(str(frame_uid), source=str(path)) if frame_uid else "",
            "patient_id": patient_id,
            "findings": findings}


def read_segmentation_command(arguments, report):
    """Worker: ``read-segmentation FILE``; returns what `read_segmentation` does, segments as records."""
    report(None, "Reading the segmentation")
    found = read_segmentation(arguments[0])
    return {**found, "segments": [segment.as_record() for segment in found["segments"]]}


def _segments(dataset, path):
    """All segments that are not empty, in the order of their numbers, and what to tell."""
    frames = read_frames(dataset, path)
    labels = {int(item.SegmentNumber): str(item.get("SegmentLabel") or f"Segment {item.SegmentNumber}")[:_LONGEST_LABEL]
              for item in dataset.SegmentSequence}
    parts = {number: [] for number in sorted(labels) if number > 0}     # 0 is the background of a label map
    for place, index in enumerate(frames.numbers.tolist()):
        for number, mask in frame_masks(dataset, index, frames):
            if number in parts and mask.any():
                parts[number].append((place, *_cropped(mask)))
    segments = [_joined(labels[number], found, frames, path) for number, found in parts.items() if found]
    empty = [labels[number] for number, found in parts.items() if not found]
    findings = [f"Empty segments were left out: {', '.join(empty)}"] if empty else []
    lost = int(dataset.get("NumberOfFrames") or 1) - len(frames.numbers)
    if lost:
        findings.append(f"Frames without a position were left out ({lost} of {lost + len(frames.numbers)}): "
                        "the segments may be larger than shown")
    if frames.thickness_is_guessed:
        findings.append("Neither SpacingBetweenSlices nor SliceThickness: the segments are "
                        f"{frames.thickness_mm:.3g} mm thick on each frame, the smallest distance of frames")
    return segments, findings


def _cropped(mask):
    """First row and column of what is set, and that part alone."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis))[[0, -1]] for axis in (1, 0))
    return rows[0], columns[0], mask[rows[0]:rows[1] + 1, columns[0]:columns[1] + 1].copy()


def _joined(label, parts, frames, path):
    """One segment of its parts (place among the frames, first row, first column, mask), each as thick as `frames` says."""
    parts = [(float(frames.heights_mm[place]), row + int(frames.shifts[place, 1]), column + int(frames.shifts[place, 0]), mask)
             for place, row, column, mask in parts]
    bottoms = np.array([part[0] for part in parts]) - frames.thickness_mm / 2
    division, nodes = _planes(bottoms, frames.thickness_mm)
    step = frames.thickness_mm / division
    top = int(nodes.max()) + division
    row0, column0 = (min(part[place] for part in parts) for place in (1, 2))
    row1, column1 = (max(part[place] + part[3].shape[place - 1] for part in parts) for place in (1, 2))
    shape = (top, row1 - row0, column1 - column0)
    if np.prod(shape, dtype=float) > _LARGEST:
        raise InputError(f"segment {label} has {np.prod(shape, dtype=float):.0f} voxels", source=path,
                         expected=f"at most {_LARGEST}")
    volume = np.zeros(shape, bool)
    for (_, row, column, mask), node in zip(parts, nodes):
        (high, wide), row, column = mask.shape, row - row0, column - column0
        volume[node:node + division, row:row + high, column:column + wide] |= mask
    to_lps = frames.to_lps(bottoms.min() + step / 2, step)
    to_lps[:3, 3] += to_lps[:3, 0] * column0 + to_lps[:3, 1] * row0
    return Segment(label, volume, to_lps)


def _planes(bottoms, thickness_mm):
    """In how many planes a frame is divided so that all stand where they are, and the first plane of each frame."""
    above = bottoms - bottoms.min()
    for division in _DIVISIONS:
        step = thickness_mm / division
        nodes = np.rint(above / step).astype(np.int64)
        if np.abs(nodes * step - above).max() <= _TOLERANCE_MM:
            break
    return division, nodes
