"""Find CT slices among files and read what their headers say, naming the file and tag of anything wrong."""
import math
import os
import pathlib
from dataclasses import dataclass
from typing import ClassVar

from ..base.errors import InputError
from ..base.files import checked_uid
from ..base.text import one_line
from .bounded_stream import open_dicom
from .scan_facts import TAGS as SCAN_TAGS
from .scan_facts import ScanFacts, is_localizer, scan_facts

_CT_CLASSES = {"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"}
_TAGS = ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "PatientID",
         "Modality", "InstanceNumber", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
         "Rows", "Columns", "NumberOfFrames", *SCAN_TAGS]
#: direction cosines may be off by so much: they are often written with few digits
_COSINE_TOLERANCE = 1e-3
#: no length in a CT header is larger [mm]
_LARGEST = 1e6


@dataclass(frozen=True)
class SliceHeader:
    """What the header of one CT slice says, checked; lengths in mm, LPS.

    `orientation` holds the six direction cosines as written, `pixel_spacing` is rows first, `thickness_mm` is None when the
    header has none.
    """

    #: tag -> field that all slices of a series share
    UNIFORM: ClassVar[dict[str, str]] = {
        "StudyInstanceUID": "study_uid", "PatientID": "patient_id", "FrameOfReferenceUID": "frame_of_reference_uid",
        "Rows": "rows", "Columns": "columns", "PixelSpacing": "pixel_spacing", "ImageOrientationPatient": "orientation"}

    file: pathlib.Path
    sop_uid: str
    series_uid: str
    study_uid: str
    patient_id: str
    frame_of_reference_uid: str
    instance_number: int
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_spacing: tuple[float, float]
    thickness_mm: float | None
    rows: int
    columns: int
    scan: ScanFacts


def find_headers(source):
    """Read the headers of all CT files in a folder with its subfolders, or in a list of files.

    Returns
    -------
    datasets : list of (pathlib.Path, str, pydicom.Dataset)
        Absolute path, Series Instance UID, header; in the order of the paths.
    findings : list of str
        How many files were ignored because they are not DICOM, not CT, or localizers.

    Raises
    ------
    InputError
        No such folder or file, or a DICOM file that is damaged.
    """
    datasets, foreign, others, localizers = [], 0, 0, 0
    for path in _files(source):
        dataset = _read_header(path)
        if dataset is None:
            foreign += 1
        elif not _is_ct(dataset, path):
            others += 1
        elif is_localizer(dataset):
            localizers += 1
        else:
            datasets.append((path, _uid(dataset, "SeriesInstanceUID", path), dataset))
    counted = ((foreign, "not DICOM"), (others, "DICOM, but not CT"), (localizers, "localizer"))
    return datasets, [f"Ignored {count} file{'s' * (count > 1)} beside the CT: {what}" for count, what in counted if count]


def parse_slice(path, dataset):
    """Check one header and return it as a `SliceHeader`; raise InputError naming the file and the tag."""
    if _value(dataset, "NumberOfFrames", path, int, "a whole number", default=1) > 1:
        raise InputError("multi-frame CT is not supported", source=path, expected="one file per slice")
    orientation = _numbers(dataset, "ImageOrientationPatient", path, 6)
    row, column = orientation[:3], orientation[3:]
    if max(abs(math.hypot(*row) - 1), abs(math.hypot(*column) - 1),
           abs(sum(a * b for a, b in zip(row, column)))) > _COSINE_TOLERANCE:
        raise InputError(f"{list(orientation)} are no direction cosines", source=path, row="ImageOrientationPatient",
                         expected="two perpendicular unit vectors")
    spacing = _numbers(dataset, "PixelSpacing", path, 2)
    if min(spacing) <= 0:
        raise InputError(f"is {list(spacing)}", source=path, row="PixelSpacing", expected="two numbers above 0")
    thickness = _value(dataset, "SliceThickness", path, float, "a number", default=0.0)
    return SliceHeader(
        path, _uid(dataset, "SOPInstanceUID", path), _uid(dataset, "SeriesInstanceUID", path),
        _uid(dataset, "StudyInstanceUID", path), _value(dataset, "PatientID", path, str, "text", default=""),
        _uid(dataset, "FrameOfReferenceUID", path, default=""),
        _value(dataset, "InstanceNumber", path, int, "a whole number", default=0),
        _numbers(dataset, "ImagePositionPatient", path, 3), orientation, spacing,
        thickness if 0 < thickness <= _LARGEST else None,
        _value(dataset, "Rows", path, _size, "a whole number above 0"),
        _value(dataset, "Columns", path, _size, "a whole number above 0"), scan_facts(dataset))


def _files(source):
    if not isinstance(source, str | os.PathLike):
        return sorted(pathlib.Path(file).absolute() for file in source)
    folder = pathlib.Path(source).absolute()
    if not folder.is_dir():
        raise InputError("no such folder", source=folder)
    # hidden files are downloads under way, thumbnails or the system's own
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _read_header(path):
    """The tags of interest as pydicom.Dataset; None when the file is not DICOM."""
    import pydicom

    try:
        with open_dicom(path) as stream:
            dataset = pydicom.dcmread(stream, stop_before_pixels=True, specific_tags=_TAGS)
            missing = _missing_bytes(stream, dataset)
    except pydicom.errors.InvalidDicomError:
        return None
    except InputError:
        raise
    except Exception as error:                          # pydicom raises nearly anything on damaged files
        raise InputError(f"can not be read as DICOM ({_reason(error)})", source=path) from error
    if missing > 0:
        raise InputError(f"the file is cut off, {missing} bytes are missing", source=path)
    return dataset


def _missing_bytes(stream, dataset):
    """Bytes that a file lacks, given its stream where pydicom stopped: at the pixels, or behind what it skipped."""
    if dataset.file_meta.get("TransferSyntaxUID") == "1.2.840.10008.1.2.1.99":      # deflated: read as a whole already
        return 0
    implicit, little_endian = dataset.original_encoding
    size, start = stream.size, stream.tell()
    if start >= size:
        return start - size
    head = stream.read(8 if implicit else 12)
    length = int.from_bytes(head[-4:], "little" if little_endian else "big")
    return start + len(head) + (0 if length == 0xFFFFFFFF else length) - size


def _is_ct(dataset, path):
    """Whether it is a CT by its class, or by its modality and a place in space: dose reports and captures have none."""
    sop_class = _value(dataset, "SOPClassUID", path, str, "a UID", default="")
    modality = _value(dataset, "Modality", path, str, "a code", default="").strip()
    return sop_class in _CT_CLASSES or (modality == "CT" and "ImagePositionPatient" in dataset)


_REQUIRED = object()


def _value(dataset, keyword, path, convert, expected, default=_REQUIRED):
    """Return a tag's value converted, the default when it is absent or empty; raise InputError naming file and tag."""
    try:
        value = dataset.get(keyword)
        empty = value is None or value == ""
        if not empty:
            return convert(value)
    except InputError:
        raise
    except Exception as error:                          # pydicom decodes values late and raises nearly anything
        raise InputError(f"has a malformed value ({_reason(error)})", source=path, row=keyword, expected=expected) from error
    if default is _REQUIRED:
        raise InputError("the tag is missing or empty", source=path, row=keyword, expected=expected)
    return default


def _uid(dataset, keyword, path, **default):
    return _value(dataset, keyword, path, lambda value: checked_uid(value, source=f"{path}, {keyword}"), "a UID", **default)


def _numbers(dataset, keyword, path, count):
    def convert(value):
        found = tuple(float(number) for number in value)
        if len(found) != count or not all(abs(number) <= _LARGEST for number in found):        # NaN is never <=
            raise ValueError(f"{list(found)}")
        return found
    return _value(dataset, keyword, path, convert, f"{count} finite numbers")


def _size(value):
    if int(value) < 1:
        raise ValueError(f"{value}")
    return int(value)


def _reason(error):
    return one_line(error, 120) or type(error).__name__
