"""The few attributes of a DICOM file that say what it belongs to, read without its pixels."""
from __future__ import annotations

import os
from dataclasses import dataclass

from .bounded_stream import is_bare, open_dicom

#: SeriesInstanceUID (0020,000E), the last attribute that every file is asked for
_LAST_TAG = 0x0020000E
#: SeriesDescription of every NLST-Sybil report
SYBIL_DESCRIPTION = "Sybil lesion bounding box"


@dataclass(frozen=True)
class FileHeader:
    """What a DICOM file belongs to.

    Parameters
    ----------
    series_uid, sop_uid, modality, description : str
        SeriesInstanceUID, SOPInstanceUID, Modality and SeriesDescription; empty when absent.
    references : tuple of str
        SeriesInstanceUIDs that a structured report lists as its evidence
        (CurrentRequestedProcedureEvidenceSequence or PertinentOtherEvidenceSequence, PS3.3 C.17.2).
    regions : tuple of str
        SOPInstanceUIDs of the images that a report draws regions on (SCOORD).
    spatial : int
        Number of its regions in patient coordinates (SCOORD3D).
    """

    series_uid: str
    sop_uid: str
    modality: str
    description: str
    references: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    spatial: int = 0


def read_header(path: str | os.PathLike) -> FileHeader | None:
    """Read the header of a DICOM file (PS3.10), or of a bare data set; None for any other, damaged or truncated file.

    OSError if the file can not be read at all: one with an `errno`, as pydicom raises those without for damage.
    """
    from pydicom.filereader import read_partial

    try:
        with open_dicom(path) as stream:
            bare = is_bare(stream)
            if not bare and stream.read(132)[128:] != b"DICM":
                return None
            stream.seek(0)
            data = read_partial(stream, stop_when=lambda tag, vr, length: tag > _LAST_TAG, force=bare)
            if data.get("Modality") == "SR":
                stream.seek(0)
                data = read_partial(stream, force=bare)
            return _header_of(data)
    except Exception as error:                          # pydicom raises many kinds on damaged files
        if isinstance(error, OSError) and error.errno is not None:
            raise
        return None


def _header_of(data):
    series_uid = str(data.get("SeriesInstanceUID") or "")
    if not series_uid:
        return None
    references = tuple(sorted({str(series.SeriesInstanceUID)
                               for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
                               for study in data.get(keyword) or ()
                               for series in study.get("ReferencedSeriesSequence") or ()}))
    return FileHeader(series_uid, str(data.get("SOPInstanceUID") or ""), str(data.get("Modality") or ""),
                      str(data.get("SeriesDescription") or ""), references, *_regions(data.get("ContentSequence")))


def _regions(content):
    """Sorted SOPInstanceUIDs of images with regions, and the number of regions in space, anywhere in a report."""
    images, spatial, waiting = set(), 0, list(content or ())
    for item in waiting:                                # grows while it is walked
        try:
            below = list(item.get("ContentSequence") or ())
            waiting += below
            kind = item.get("ValueType")
            spatial += kind == "SCOORD3D"
            if kind == "SCOORD":
                images.update(str(image.ReferencedSOPSequence[0].get("ReferencedSOPInstanceUID") or "")
                              for image in below if image.get("ReferencedSOPSequence"))
        except Exception:                               # noqa: BLE001, S112 one unreadable group hides no other
            continue
    return tuple(sorted(images - {""})), spatial
