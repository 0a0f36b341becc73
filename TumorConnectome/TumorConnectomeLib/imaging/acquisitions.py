"""Which of several acquisitions, phases or reconstructions in one series is shown, when they lie at the same place."""
from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from . import slice_stack
from .scan_facts import PHASE_TAGS
from .slice_headers import SliceHeader

#: a slice is redundant to an acquisition when it lies between two of its slices that are at most this many steps apart
_NO_HOLE = 1.5
#: slices thicker than this part of their distance leave no room for others between them
_THICK = 0.75
#: two acquisitions are of one place when more than this part of the smaller one is redundant
_MOST = 0.5
#: only groups of so many slices are phases, unless the header numbers them as acquisitions
_FEWEST = 3
#: so many stacks may be pushed into each other; their steps differ by more than this part, rounding makes less
_MOST_STACKS, _UNEVEN = 4, 0.2


@dataclass(frozen=True)
class _Partition:
    """How the slices of a series fall into groups: what says so, and the name of the group of each slice."""

    by: str
    names: list


def one_acquisition(headers: list[SliceHeader], normal: np.ndarray, wanted: Collection[str], findings: list[str]
                    ) -> tuple[list[SliceHeader], frozenset[str]]:
    """Keep one of several acquisitions that cover the same place.

    They are told apart by AcquisitionNumber; where it does not, by times, kernel and the like, or by InstanceNumber when it
    runs through one after the other. Kept is the one with the most slices in `wanted`, then the one with the most slices, then
    the first. Acquisitions that follow each other along the normal, as in a scan in several breath holds or table positions,
    are one volume and all kept, also when their ends overlap. Slices of another acquisition at the position of a kept one
    stay, see `slice_selection.one_per_position`.

    Parameters
    ----------
    headers : list of SliceHeader
    normal : np.ndarray
        float64, shape (3,): slice normal.
    wanted : collection of str
        SOP Instance UIDs, of annotated slices.
    findings : list of str
        Gets a line when there are several acquisitions of one place.

    Returns
    -------
    headers : list of SliceHeader
    chosen : frozenset of str
        SOP Instance UIDs of the acquisitions that were chosen; empty when there was nothing to choose.
    """
    heights = np.array([float(np.dot(header.position, normal)) for header in headers])
    for partition in _partitions(headers, heights):
        names = partition.names
        groups = {name: heights[[found == name for found in names]] for name in names}
        rivals = _rivals(groups, min((header.thickness_mm for header in headers if header.thickness_mm), default=None))
        if any(len(found) > 1 for found in rivals):
            break
    else:
        findings += filter(None, [_interleaved(np.unique(heights), headers[0].thickness_mm)])
        return headers, frozenset()
    annotated = Counter(name for name, header in zip(names, headers) if header.sop_uid in wanted)
    order = {name: number for number, name in enumerate(sorted(groups, key=_by_number))}
    chosen = {min(found, key=lambda name: (-annotated[name], -len(groups[name]), order[name])) for found in rivals}
    places = heights[[name in chosen for name in names]]
    kept = [header for header, name, height in zip(headers, names, heights)
            if name in chosen or np.abs(places - height).min() < slice_stack.SAME_POSITION_MM]
    findings.append(_told(partition, groups, chosen, order))
    return kept, frozenset(header.sop_uid for header, name in zip(headers, names) if name in chosen)


def _interleaved(heights, thickness_mm):
    """What to say where slices look like stacks of one place pushed into each other, though no header tells them apart.

    Heights (S,) ascend. Every second (third, fourth) slice makes a regular stack whose slices are as thick as its step.
    """
    steps = np.diff(heights)
    for count in range(2, _MOST_STACKS + 1):
        own = heights[count:] - heights[:-count]
        if len(heights) < _FEWEST * count or np.ptp(own) > 2 * slice_stack.SPACING_TOLERANCE_MM:
            continue
        step = float(own.mean())
        if thickness_mm is None or thickness_mm < _THICK * step:
            return ""
        if np.ptp(steps) > _UNEVEN * steps.mean():
            apart = ", ".join(f"{one:.2f}" for one in steps[:count])
            return (f"The steps between slices repeat ({apart} mm): this may be {count} phases or acquisitions of the same "
                    f"place, which nothing in the headers tells apart; all are shown as one stack")
        if count == 2 and thickness_mm <= step / _THICK:
            return (f"The slices are {thickness_mm:g} mm thick and {steps.mean():.3g} mm apart: a reconstruction that "
                    "overlaps, or two phases half a step apart, which nothing in the headers tells apart")
    return ""


def _told(partition, groups, chosen, order):
    number = partition.by == "AcquisitionNumber"
    names = [(f"number {name}" if number else str(name)) if name not in (None, "") else "number (none)" if number else "(none)"
             for name in order]
    listed = slice_stack.listed([f"{text} with {len(groups[name])} slices" for text, name in zip(names, order)])
    what = "acquisitions" if number else "phases or reconstructions"
    how = "" if number else f", told apart by {partition.by}"
    shown = slice_stack.listed(text for text, name in zip(names, order) if name in chosen)
    return (f"{len(groups)} {what} of the same place in one series{how} ({listed}): "
            f"{shown} {'is' if len(chosen) == 1 else 'are'} shown")


def _by_number(name):
    return (name in (None, ""), (0, name, "") if isinstance(name, int) else (1, 0, str(name)))


def _partitions(headers, heights):
    """Ways to tell slices apart, the surest first."""
    numbers = [header.scan.acquisition for header in headers]
    if 1 < len(set(numbers)) < len(headers):            # some scanners count every slice as an acquisition
        yield _Partition("AcquisitionNumber", numbers)
    for place, tag in enumerate(PHASE_TAGS):
        values = [header.scan.phase[place] if header.scan.phase else "" for header in headers]
        if _are_phases(values):
            yield _Partition(tag, values)
    runs = _runs([header.instance_number for header in headers], heights)
    if _are_phases(runs):
        yield _Partition("the order of InstanceNumber", [f"run {run + 1}" for run in runs])


def _are_phases(values):
    counts = Counter(values)
    return len(counts) > 1 and min(counts.values()) >= _FEWEST


def _runs(numbers, heights):
    """Number of the run of each slice: by InstanceNumber, heights rise or fall evenly in a run; all 0 when they do not."""
    order = np.argsort(numbers, kind="stable")
    steps = np.diff(heights[order])
    if len(set(numbers)) < len(numbers) or not steps.size:
        return [0] * len(numbers)
    usual = np.median(steps)
    turns = (steps * usual <= 0) | (np.abs(steps) > _NO_HOLE * abs(usual)) if usual else np.ones(len(steps), bool)
    runs = np.zeros(len(numbers), int)
    runs[order] = np.append(0, np.cumsum(turns))
    return runs.tolist()


def _rivals(groups, thickness_mm):
    """Groups (name to heights) of one place: list of lists of names; a group that shares its place with none is alone."""
    left, found = list(groups), []
    while left:
        component = [left.pop(0)]
        for name in component:                          # grows while it is walked
            same = [other for other in left if _of_one_place(groups[name], groups[other], thickness_mm)]
            left = [other for other in left if other not in same]
            component += same
        found.append(component)
    return found


def _of_one_place(one, other, thickness_mm):
    """Whether most slices of the smaller of two stacks lie where the other has slices already.

    Between two slices that are far thinner than their distance there is room: two passes of a scanner make one volume.
    """
    smaller, larger = sorted((one, other), key=len)
    larger = np.unique(larger)
    if len(larger) < 2:
        return bool(np.abs(smaller - larger[0]).max() < slice_stack.SAME_POSITION_MM)
    steps = np.diff(larger)
    usual = float(np.median(steps))
    reach = _NO_HOLE * usual if thickness_mm is None or thickness_mm > _THICK * usual else 0.0
    after = np.searchsorted(larger, smaller)
    inside = (after > 0) & (after < len(larger))
    tight = steps[np.clip(after - 1, 0, len(steps) - 1)] <= reach
    near = np.abs(smaller[:, None] - larger).min(axis=1) < slice_stack.SAME_POSITION_MM
    return bool((near | inside & tight).mean() > _MOST)
