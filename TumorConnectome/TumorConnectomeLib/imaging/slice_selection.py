"""Which of a series' slices make its volume: without copies, second acquisitions and slices at the same position."""
from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import numpy as np

from ..base.errors import InputError
from . import slice_stack
from .slice_headers import SliceHeader


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


def one_acquisition(headers: list[SliceHeader], normal: np.ndarray, wanted: Collection[str], findings: list[str]
                    ) -> tuple[list[SliceHeader], frozenset[str]]:
    """Keep one of several acquisitions (AcquisitionNumber) that cover the same place.

    Kept is the one with the most slices in `wanted`, then the one with the most slices, then the first. Acquisitions that
    only follow each other along the normal, as in a scan in several breath holds, are one volume and all kept. Slices
    of another acquisition at the position of a kept one stay, see `one_per_position`.

    Parameters
    ----------
    headers : list of SliceHeader
    normal : np.ndarray
        float64, shape (3,): slice normal.
    wanted : collection of str
        SOP Instance UIDs, of annotated slices.
    findings : list of str
        Gets a line when there are several acquisitions.

    Returns
    -------
    headers : list of SliceHeader
    chosen : frozenset of str
        SOP Instance UIDs of the acquisition that was chosen; empty when there was nothing to choose.
    """
    numbers = {header.scan.acquisition for header in headers}
    if len(numbers) < 2 or len(numbers) == len(headers):        # some scanners count every slice as an acquisition
        return headers, frozenset()
    heights = {header.sop_uid: float(np.dot(header.position, normal)) for header in headers}
    ranges = sorted((min(found), max(found)) for found in (
        [heights[header.sop_uid] for header in headers if header.scan.acquisition == number] for number in numbers))
    if all(one[1] < other[0] - slice_stack.SAME_POSITION_MM for one, other in zip(ranges, ranges[1:])):
        return headers, frozenset()
    counts = Counter(header.scan.acquisition for header in headers)
    annotated = Counter(header.scan.acquisition for header in headers if header.sop_uid in wanted)
    chosen = min(counts, key=lambda number: (-annotated[number], -counts[number], number is None, number or 0))
    places = np.array([heights[header.sop_uid] for header in headers if header.scan.acquisition == chosen])
    kept = [header for header in headers if header.scan.acquisition == chosen
            or np.abs(places - heights[header.sop_uid]).min() < slice_stack.SAME_POSITION_MM]
    listed = slice_stack.listed([f"number {'(none)' if number is None else number} with {counts[number]} slices"
                                 for number in sorted(counts, key=lambda number: (number is None, number or 0))])
    findings.append(f"{len(counts)} acquisitions of the same place in one series ({listed}): "
                    f"number {'(none)' if chosen is None else chosen} is shown")
    return kept, frozenset(header.sop_uid for header in kept if header.scan.acquisition == chosen)


def one_per_position(headers: list[SliceHeader], normal: np.ndarray, findings: list[str],
                     preferred: Collection[str] = ()) -> tuple[list[SliceHeader], dict[str, int]]:
    """Sort along the normal and keep one slice a position; return them and the index of every SOP Instance UID.

    Parameters
    ----------
    preferred : collection of str
        SOP Instance UIDs that are kept before others; then InstanceNumber and SOP Instance UID decide.
    """
    heights = {header.sop_uid: float(np.dot(header.position, normal)) for header in headers}

    def order(header):
        return header.sop_uid not in preferred, header.instance_number, header.sop_uid

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
