"""Which of a series' slices make its volume: without strangers, copies and slices at the same position."""
from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import numpy as np

from ..base.errors import InputError
from . import slice_stack
from .scan_facts import PHASE_TAGS
from .slice_headers import SliceHeader

#: what a series has one of: tag -> field of SliceHeader, and its name in words
_IDENTITIES = {"StudyInstanceUID": ("study_uid", "study"), "PatientID": ("patient_id", "patient"),
               "FrameOfReferenceUID": ("frame_of_reference_uid", "frame of reference")}
#: differences of cosines and of pixel spacings [mm] that are rounding: 0.05 mm across 500 mm or 500 pixels
ROUNDING = 1e-4
#: slices further apart than so many steps have lost one between them
_MISSING = 1.5
#: secondary images (ImageType) are pages when they are at most this part of the primary ones
_SECONDARY, _FEW = "SECONDARY", 0.25


def without_strangers(headers: list[SliceHeader], wanted: Collection[str], findings: list[str]) -> list[SliceHeader]:
    """Keep the images that have one orientation, matrix and pixel spacing; others (a survey, say) can not be in the volume.

    Of several such groups the one with the most slices in `wanted` is kept, then the largest.

    Parameters
    ----------
    headers : list of SliceHeader
    wanted : collection of str
        SOP Instance UIDs of annotated slices.
    findings : list of str
        Gets a line when images are left out.

    Raises
    ------
    InputError
        Two groups of the same size and no annotation that decides.
    """
    groups = []
    for header in headers:
        form = np.array([*header.orientation, *header.pixel_spacing])
        for shape, usual, members in groups:
            if shape == (header.rows, header.columns) and np.abs(form - usual).max() <= ROUNDING:
                members.append(header)
                break
        else:
            groups.append(((header.rows, header.columns), form, [header]))
    if len(groups) == 1:
        return headers
    sizes = [(sum(header.sop_uid in wanted for header in members), len(members)) for *_, members in groups]
    best = max(range(len(groups)), key=lambda number: sizes[number])
    if sizes.count(sizes[best]) > 1:
        named = slice_stack.listed(_named(*group) for group in groups)
        raise InputError(f"the images are of {len(groups)} kinds ({named})", source=headers[0].file.parent,
                         expected="one orientation, size and pixel spacing, or a report that decides")
    others = slice_stack.listed(_named(*group) for number, group in enumerate(groups) if number != best)
    left_out = len(headers) - sizes[best][1]
    findings.append(f"Images of another orientation, size or pixel spacing were left out ({left_out}): {others}")
    return groups[best][2]


def _named(shape, form, members):
    """One group of images in a few words, for messages."""
    kind = ("sagittal", "coronal", "axial")[int(np.abs(np.cross(form[:3], form[3:6])).argmax())]
    return f"{len(members)} {kind} of {shape[0]} x {shape[1]} pixels of {form[6]:g} mm, {members[0].file.name}"


def of_one_identity(headers: list[SliceHeader], wanted: Collection[str], findings: list[str]) -> list[SliceHeader]:
    """Keep the images of one study, patient and frame of reference: positions in another one mean another place.

    An image that leaves one of these empty says nothing else than the others.

    Parameters
    ----------
    wanted : collection of str
        SOP Instance UIDs of annotated slices.
    findings : list of str
        Gets a line when images are left out.

    Raises
    ------
    InputError
        No study, patient or frame of reference has most of the images, or an annotated slice is not of it: names the file.
    """
    for keyword, (field, what) in _IDENTITIES.items():
        counts = Counter(value for header in headers if (value := getattr(header, field))).most_common()
        if len(counts) < 2:
            continue
        (usual, count), others = counts[0], sum(count for _value, count in counts[1:])
        strangers = [header for header in headers if getattr(header, field) not in ("", usual)]
        if count == 1 and others > 1:
            raise InputError(f"every slice has its own {what}", source=headers[0].file, row=keyword,
                             expected="one for the whole series")
        stops = strangers[0] if count <= others else next((header for header in strangers if header.sop_uid in wanted), None)
        if stops is not None:
            raise InputError(f"is {getattr(stops, field)!r}", source=stops.file, row=keyword,
                             expected=f"{usual!r} as in the others")
        findings.append(f"Images of another {what} were left out ({len(strangers)}): "
                        f"{slice_stack.listed(header.file.name for header in strangers)}")
        headers = [header for header in headers if getattr(header, field) in ("", usual)]
    return headers


def without_pages(headers: list[SliceHeader], normal: np.ndarray, wanted: Collection[str],
                  findings: list[str]) -> list[SliceHeader]:
    """Leave out images that are no slices where no slice is missing: they would hide one, or change the spacing.

    These can not be shown (a color page, say), or are SECONDARY by their ImageType among PRIMARY ones (PS3.3 C.8.2.1.1.1).

    Parameters
    ----------
    wanted : collection of str
        SOP Instance UIDs of annotated slices, which keep their place.
    findings : list of str
        Gets a line when images are left out.
    """
    secondary = {header.sop_uid for header in headers if _SECONDARY in _image_type(header)}
    if not secondary or len(secondary) > _FEW * sum("PRIMARY" in _image_type(header) for header in headers):
        secondary = set()
    reasons = {header.sop_uid: header.pixels.problem or ("/".join(_image_type(header)) if header.sop_uid in secondary else "")
               for header in headers}
    shown = np.unique([np.dot(header.position, normal) for header in headers if not reasons[header.sop_uid]])
    distances = np.diff(shown)
    distances = distances[distances >= slice_stack.SAME_POSITION_MM]
    if not distances.size:
        return headers
    step = float(np.median(distances))

    def is_page(header):
        if not reasons[header.sop_uid] or header.sop_uid in wanted:
            return False
        height = float(np.dot(header.position, normal))
        above = int(np.searchsorted(shown, height))
        if 0 < above < len(shown):
            return shown[above] - shown[above - 1] < _MISSING * step
        return abs(float(np.abs(shown - height).min()) / step - 1) > _MISSING - 1

    pages = [header for header in headers if is_page(header)]
    if pages:
        named = slice_stack.listed(f"{header.file.name}: {reasons[header.sop_uid]}" for header in pages)
        findings.append(f"Images that are no slices were left out where none is missing ({len(pages)}): {named}")
    left_out = {header.sop_uid for header in pages}
    return [header for header in headers if header.sop_uid not in left_out]


def _image_type(header):
    return header.scan.phase[PHASE_TAGS.index("ImageType")].upper().split("/") if header.scan.phase else []


def without_copies(headers: list[SliceHeader], findings: list[str]) -> list[SliceHeader]:
    """Keep one file of each SOP Instance UID; InputError if two of one UID stand at different positions."""
    kept, copies = {}, []
    for header in headers:
        first = kept.setdefault(header.sop_uid, header)
        if first is header:
            continue
        if np.abs(np.subtract(first.position, header.position)).max() > slice_stack.SAME_POSITION_MM:
            raise InputError(f"has the SOP Instance UID of {first.file.name} but another position", source=header.file)
        copies.append(header.file.name)
    if copies:
        findings.append(f"Files that repeat a slice were left out ({len(copies)}): {slice_stack.listed(copies)}")
    return list(kept.values())


def one_per_position(headers: list[SliceHeader], normal: np.ndarray, findings: list[str],
                     preferred: Collection[str] = ()) -> tuple[list[SliceHeader], dict[str, int]]:
    """Sort along the normal and keep one slice a position; return them and the index of every SOP Instance UID.

    Parameters
    ----------
    preferred : collection of str
        SOP Instance UIDs that are kept before others; then InstanceNumber and SOP Instance UID decide. An image that can
        not be shown never replaces one that can.
    """
    heights = {header.sop_uid: float(np.dot(header.position, normal)) for header in headers}

    def order(header):
        return bool(header.pixels.problem), header.sop_uid not in preferred, header.instance_number, header.sop_uid

    groups = []
    for header in sorted(headers, key=lambda header: (heights[header.sop_uid], *order(header))):
        if groups and heights[header.sop_uid] - heights[groups[-1][0].sop_uid] < slice_stack.SAME_POSITION_MM:
            groups[-1].append(header)
        else:
            groups.append([header])
    indices, kept, left_out = {}, [], []
    for index, group in enumerate(groups):
        group.sort(key=order)
        for header in group:
            if np.abs(np.subtract(header.position, group[0].position)).max() > slice_stack.SAME_POSITION_MM:
                raise InputError(f"lies in the plane of {group[0].file.name} but is shifted against it", source=header.file)
            indices[header.sop_uid] = index
        kept.append(group[0])
        left_out += [header.sop_uid for header in group[1:]]
    if left_out:
        findings.append(f"Slices at the position of another were left out of the volume ({len(left_out)}): "
                        f"{slice_stack.listed(left_out)}")
    return kept, indices
