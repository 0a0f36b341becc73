"""Find CT slices among files and read what their headers say, naming the file and tag of anything wrong."""
from __future__ import annotations

import math
import os
import pathlib
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from ..base.errors import InputError
from ..base.files import checked_uid
from ..base.text import one_line
from .bounded_stream import is_bare, open_dicom
from .file_header import read_header
from .pixel_form import TAGS as PIXEL_TAGS
from .pixel_form import PixelForm, pixel_form
from .scan_facts import TAGS as SCAN_TAGS
from .scan_facts import ScanFacts, is_localizer, lenient_number, raw_text, scan_facts
from .slice_stack import listed

_ENHANCED = {"1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"}
_CT_CLASSES = {"1.2.840.10008.5.1.4.1.1.2", *_ENHANCED}
_TAGS = ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "PatientID",
         "Modality", "InstanceNumber", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
         "Rows", "Columns", "NumberOfFrames", *SCAN_TAGS, *PIXEL_TAGS]
#: without one of these an image is nowhere
_PLACE = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
_DEFLATED, _UNDEFINED = "1.2.840.10008.1.2.1.99", 0xFFFFFFFF
#: first bytes of files that people hand over instead of a folder
_MAGIC = {b"PK\x03\x04": "zip archive", b"\x1f\x8b": "gzip archive", b"7z\xbc\xaf": "7z archive", b"Rar!": "rar archive"}
_LONGEST_TEXT = 60
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
    pixels: PixelForm
    #: tags whose malformed value was not needed, or guessed
    malformed: tuple[str, ...] = ()


class FoundSlice(NamedTuple):
    """A CT image among files: its header, and offset and length of its pixels (see `pixel_form`)."""

    file: pathlib.Path
    series_uid: str
    dataset: object
    place: tuple | None


@dataclass
class Census:
    """What files beside the slices of a series were: for messages that say what was seen."""

    files: int = 0
    kinds: Counter = field(default_factory=Counter)
    #: (file, problem, SeriesInstanceUID or "") of DICOM files that can not be read
    damaged: list[tuple[pathlib.Path, InputError, str]] = field(default_factory=list)

    def findings(self) -> list[str]:
        """One line for each kind of file that was ignored."""
        lines = [f"Ignored {count} file{'s' * (count > 1)} beside the CT: {kind}" for kind, count in self.kinds.items()]
        if self.damaged:
            names = listed(f"{path.name} ({': '.join(filter(None, (error.row, error.problem)))})"
                           for path, error, _ in self.damaged)
            lines.append(f"Left out {len(self.damaged)} damaged file{'s' * (len(self.damaged) > 1)}: {names}")
        return lines

    def summary(self) -> str:
        """All in one line: "3 files: 2 not DICOM, 1 zip archive"."""
        kinds = {**self.kinds, **({"damaged": len(self.damaged)} if self.damaged else {})}
        listing = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        return f"{self.files} file{'s' * (self.files != 1)}" + (f": {listing}" if listing else "")


def find_headers(source) -> tuple[list[FoundSlice], Census]:
    """Read the headers of all CT files in a folder with its subfolders, or in a list of files.

    Returns
    -------
    found : list of FoundSlice
        Absolute paths, in their order.
    census : Census
        What the other files were: not DICOM, not CT, localizers, images without a place in space, damaged.

    Raises
    ------
    InputError
        No such folder or file.
    """
    found, census = [], Census()
    for path in _files(source):
        census.files += 1
        try:
            dataset, place = _read_header(path)
            kind = _kind_of_bytes(path) if dataset is None else _other_kind(dataset, place, path)
            if not kind:
                found.append(FoundSlice(path, _uid(dataset, "SeriesInstanceUID", path), dataset, place))
                continue
        except InputError as error:
            census.damaged.append((path, error, _series_of(path)))
            continue
        census.kinds[kind] += 1
    return found, census


def _other_kind(dataset, place, path):
    """What an image is that is no CT slice, "" for a slice; InputError when the file ends within its header."""
    if not _is_ct(dataset, path):
        return "DICOM, but not CT"
    if place is None and "Rows" not in dataset:
        raise InputError("the file is cut off within its header", source=path)
    if is_localizer(dataset):
        return "localizer"
    if not any(raw_text(dataset, keyword) for keyword in ("ImagePositionPatient", "ImageOrientationPatient")):
        if raw_text(dataset, "SOPClassUID") in _ENHANCED or raw_text(dataset, "NumberOfFrames") not in ("", "0", "1"):
            return "multi-frame (enhanced) CT, which is not supported"
        return "CT image without a place in space (no ImagePositionPatient)"
    lacking = [keyword for keyword in _PLACE if not raw_text(dataset, keyword)]
    if lacking and "SECONDARY" in raw_text(dataset, "ImageType").upper():
        return f"secondary CT image without {lacking[0]}"
    return ""


def _series_of(path):
    """SeriesInstanceUID of a file that is damaged, as far as it can be read."""
    try:
        header = read_header(path)
    except OSError:
        return ""
    return header.series_uid if header else ""


def _kind_of_bytes(path):
    """What a file is that is not DICOM, by its first bytes."""
    with open(path, "rb") as stream:
        head = stream.read(4)
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "not DICOM") if head else "not DICOM"


def parse_slice(found: FoundSlice) -> SliceHeader:
    """Check one header; raise InputError naming the file and the tag."""
    path, dataset = found.file, found.dataset
    frames, odd_frames = _unneeded(dataset, "NumberOfFrames", lambda value: int(lenient_number(value)))
    if frames is not None and frames > 1:
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
    thickness, odd_thickness = _unneeded(dataset, "SliceThickness", lenient_number)
    number, odd_number = _unneeded(dataset, "InstanceNumber", lambda value: int(lenient_number(value)))
    rows, columns = (_value(dataset, keyword, path, _size, "a whole number above 0") for keyword in ("Rows", "Columns"))
    scan = scan_facts(dataset)
    return SliceHeader(
        path, _uid(dataset, "SOPInstanceUID", path), _uid(dataset, "SeriesInstanceUID", path),
        _uid(dataset, "StudyInstanceUID", path), _value(dataset, "PatientID", path, str, "text", default=""),
        _uid(dataset, "FrameOfReferenceUID", path, default=""),
        number or 0, _numbers(dataset, "ImagePositionPatient", path, 3), orientation, spacing,
        thickness if thickness is not None and 0 < thickness <= _LARGEST else None, rows, columns, scan,
        pixel_form(dataset, found.place, scan.rescale, rows, columns),
        tuple(filter(None, (odd_thickness, odd_number, odd_frames))))


def _unneeded(dataset, keyword, convert):
    """A value that geometry can do without, None when it is absent or malformed; and the tag's name when it is malformed."""
    text = raw_text(dataset, keyword)
    if not text:
        return None, ""
    try:
        value = convert(text)
    except (ValueError, OverflowError):
        return None, keyword
    try:
        float(text)
    except ValueError:
        return value, keyword
    return value, ""


def _files(source):
    if not isinstance(source, str | os.PathLike):
        return sorted(pathlib.Path(file).absolute() for file in source)
    folder = pathlib.Path(source).absolute()
    if not folder.is_dir():
        if folder.is_file():
            kind = _kind_of_bytes(folder)
            what = f"is a {kind}" if kind != "not DICOM" else "is a file"
            raise InputError(f"{what} where a folder is expected", source=folder, expected="the folder of a CT series")
        raise InputError("no such folder", source=folder)
    # hidden files are downloads under way, thumbnails or the system's own
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _read_header(path):
    """The tags of interest as pydicom.Dataset, and where the pixels are; (None, None) when the file is not DICOM."""
    import pydicom

    try:
        with open_dicom(path) as stream:
            bare = is_bare(stream)
            dataset = pydicom.dcmread(stream, stop_before_pixels=True, specific_tags=_TAGS, force=bare)
            if bare and not dataset.get("SOPClassUID"):
                return None, None
            missing, place = _pixels_in(stream, dataset)
    except pydicom.errors.InvalidDicomError:
        return None, None
    except InputError:
        raise
    except Exception as error:                          # pydicom raises nearly anything on damaged files
        if getattr(error, "errno", None) is not None:   # its own OSErrors have none: a file it can not read
            raise InputError(f"can not be read ({error.strerror or _reason(error)})", source=path) from error
        raise InputError(f"can not be read as DICOM ({_reason(error)})", source=path) from error
    if missing > 0:
        raise InputError(f"the file is cut off, {missing} bytes are missing", source=path)
    return dataset, place


def _pixels_in(stream, dataset):
    """Bytes that a file lacks, and (offset, length or None if compressed) of its pixels, None without.

    The stream stands where pydicom stopped: at the pixels, or behind what it skipped.
    """
    if dataset.file_meta.get("TransferSyntaxUID") == _DEFLATED:         # read as a whole already
        return 0, (0, None)
    implicit, little_endian = dataset.original_encoding
    size, start = stream.size, stream.tell()
    if start >= size:
        return start - size, None
    head = stream.read(8 if implicit else 12)
    order = "little" if little_endian else "big"
    length = int.from_bytes(head[-4:], order)
    group, element = (int.from_bytes(head[at:at + 2], order) for at in (0, 2))
    missing = start + len(head) + (0 if length == _UNDEFINED else length) - size
    if (group, element) != (0x7FE0, 0x0010):
        return missing, None
    return missing, (start + len(head), None if length == _UNDEFINED else length)


def _is_ct(dataset, path):
    """Whether it is a CT by its class, or by its modality and a place in space: dose reports and captures have none."""
    told = str(getattr(dataset, "file_meta", {}).get("MediaStorageSOPClassUID") or "")     # all that a file cut off may have
    sop_class = _value(dataset, "SOPClassUID", path, str, "a UID", default="")
    modality = _value(dataset, "Modality", path, str, "a code", default="").strip()
    return sop_class in _CT_CLASSES or told in _CT_CLASSES or (modality == "CT" and "ImagePositionPatient" in dataset)


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
        reason = repr(raw_text(dataset, keyword)[:_LONGEST_TEXT]) if raw_text(dataset, keyword) else _reason(error)
        raise InputError(f"has a malformed value ({reason})", source=path, row=keyword, expected=expected) from error
    if default is _REQUIRED:
        raise InputError("the tag is missing or empty", source=path, row=keyword, expected=expected)
    return default


def _uid(dataset, keyword, path, **default):
    return _value(dataset, keyword, path, lambda value: checked_uid(value, source=f"{path}, {keyword}"), "a UID", **default)


def _numbers(dataset, keyword, path, count):
    def convert(value):
        if isinstance(value, str):                      # pydicom's when the separator is not its own
            raise ValueError(repr(value))
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
