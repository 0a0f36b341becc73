"""Where the planes of the shown volume lie and which slice each one shows, for stacks that are not regular. Pure numpy.

A volume has one step, a series need not. So the volume gets the finest step of the series, every slice goes unchanged to the
plane nearest to it, planes between two neighboring slices are linear between them, and planes in a hole of more than one slice
are empty. See docs/decisions/irregular-series.md.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from . import slice_stack

#: slices this close to their planes are where their headers say [mm]
TOLERANCE_MM = 0.1
#: what an empty voxel holds [HU]
AIR_HU = -1000
#: no stack is made larger than so many planes, or than twice its slices
_MOST_PLANES = 2048
#: slices closer together than this part of the median step share a plane
_CLOSEST = 0.02
#: lattices are tried whose step is the finest step of the series times a factor in this range
_FINER, _COARSER = 0.8, 1.25
#: of lattices on which no stack lies exactly only those are compared whose step is at least this part of the finest step
_NEARLY = 0.95
#: a lattice with as many planes as slices is taken when its slices are at most this part of the finest step off
_CLOSE = 0.25
#: no plane is larger than so many slices
_LARGEST_PLANE = 4
#: a shift in the slice plane that a shear explains leaves at most so much of a pixel
_HALF_A_PIXEL = 0.5


@dataclass(frozen=True, eq=False)
class StackPlanes:
    """The planes of a volume made of S slices.

    Parameters
    ----------
    ijk_to_lps : np.ndarray
        float64, shape (4, 4): center of voxel (column, row, plane) [mm, LPS].
    size : tuple of int
        Columns, rows, planes.
    below, above : np.ndarray
        int64, shape (planes,): the slices that a plane lies between, one and the same when it shows that slice, -1 when it is
        empty.
    share : np.ndarray
        float64, shape (planes,): part of `above` in a plane's values, 0 to 1.
    shifts : np.ndarray
        int64, shape (S, 2): column and row of the volume at which a slice's first pixel lies.
    off_mm : np.ndarray
        float64, shape (S,): distance of each slice's header from the plane that shows it.
    findings : tuple of str
        What was done to the series, one line each.
    """

    ijk_to_lps: np.ndarray
    size: tuple[int, int, int]
    below: np.ndarray
    above: np.ndarray
    share: np.ndarray
    shifts: np.ndarray
    off_mm: np.ndarray
    findings: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the volume is the slices one after the other, nothing else."""
        slices = np.arange(len(self.off_mm))
        return bool(np.array_equal(self.below, slices) and np.array_equal(self.above, slices) and not self.shifts.any())

    def plane_of(self) -> np.ndarray:
        """The plane that shows each slice: int64, shape (S,); -1 for a slice that none shows."""
        planes = np.full(len(self.off_mm), -1)
        own = np.flatnonzero((self.below == self.above) & (self.below >= 0))
        planes[self.below[own]] = own
        return planes


def plan_planes(positions_lps, axes_lps, pixel_spacing_mm, rows: int, columns: int, slice_step_mm: float,
                usable=None) -> StackPlanes:
    """Choose the planes of a volume.

    Parameters
    ----------
    positions_lps : np.ndarray
        float64, shape (S, 3), ascending along the normal: center of each slice's first pixel [mm, LPS].
    axes_lps : np.ndarray
        float64, shape (3, 3): row direction, column direction, slice normal, as rows.
    pixel_spacing_mm : tuple of float
        Spacing of rows, then of columns.
    rows, columns : int
        Size of a slice.
    slice_step_mm : float
        Thickness of the only slice when S is 1.
    usable : np.ndarray, optional
        bool, shape (S,): slices whose pixels can be shown; the others count as missing.

    Returns
    -------
    StackPlanes
        Of a regular series one plane a slice, in its order.

    Raises
    ------
    InputError
        The slices lie so far beside each other that no volume can hold them.
    """
    positions, axes = np.asarray(positions_lps, float), np.asarray(axes_lps, float)
    usable = np.ones(len(positions), bool) if usable is None else np.asarray(usable, bool)
    heights = positions @ axes[2]
    spacing = np.array(pixel_spacing_mm[::-1], float)                           # of columns, of rows
    lattice, nodes = _lattice(heights, slice_step_mm)
    shear, places, shifts = in_plane(positions @ axes[:2].T / spacing, heights)
    bottom = lattice[0]
    origin = bottom * axes[2] + ((places + shear * bottom) * spacing) @ axes[:2]
    to_lps = np.eye(4)
    to_lps[:3, 0], to_lps[:3, 1] = axes[0] * spacing[0], axes[1] * spacing[1]
    to_lps[:3, 2] = lattice[1] * (axes[2] + (shear * spacing) @ axes[:2])
    to_lps[:3, 3] = origin
    below, above, share, findings = _sources(heights, nodes, lattice, usable)
    shown = np.column_stack([shifts, nodes]) @ to_lps[:3, :3].T + origin
    off = np.linalg.norm(shown - positions, axis=1)
    size = (columns + int(shifts[:, 0].max()), rows + int(shifts[:, 1].max()), len(below))
    if size[0] * size[1] > _LARGEST_PLANE * columns * rows:
        raise InputError(f"the slices are shifted against each other in their planes by up to {shifts.max()} pixels",
                         expected="slices above each other")
    return StackPlanes(to_lps, size, below, above, share, shifts, off,
                       tuple(findings + _placing_findings(off, lattice, len(below), shifts)))


def _lattice(heights, slice_step_mm):
    """(height of plane 0, step) of planes for slices at these heights, and the plane of each: int64, shape (S,)."""
    count = len(heights)
    if count == 1:
        return (heights[0], slice_step_mm), np.zeros(1, np.int64)
    length = heights[-1] - heights[0]
    even = length / (count - 1)
    along = heights[0] + even * np.arange(count)
    distances = np.diff(heights)
    finest = float(distances[distances >= _CLOSEST * np.median(distances)].min())
    if np.abs(along - heights).max() <= min(TOLERANCE_MM, finest / 2):
        return (heights[0], even), np.arange(count)
    most = max(_MOST_PLANES, 2 * count) - 1
    tried = np.arange(max(np.ceil(length / (finest * _COARSER)), 1), min(length / (finest * _FINER), most) + 1)
    steps = np.append(length / np.unique([*tried, count - 1, most]), finest if length / finest <= most else [])
    bottoms, off = zip(*(_bottom(heights, step) for step in steps))
    bottoms, off = np.array(bottoms), np.array(off)
    apart = np.array([(np.diff(np.rint((heights - low) / step)) > 0).all() for low, step in zip(bottoms, steps)])
    exact = np.flatnonzero(apart & (off <= min(TOLERANCE_MM, finest / 2)) & (steps >= finest * _FINER))
    near = np.flatnonzero(apart & (steps <= finest * (1 + 1e-9)) & (steps >= finest * _NEARLY))
    enough = min(finest / 2, max(_CLOSE * finest, off[near].min(initial=np.inf)))
    close = np.flatnonzero(apart & np.isclose(steps, even) & (off <= enough))
    if exact.size:
        best = exact[steps[exact].argmax()]
    elif close.size:
        best = close[0]
    elif near.size:
        best = near[off[near].argmin()]
    else:                                               # slices closer together than any volume can show
        best = int(np.abs(steps - max(finest, length / most)).argmin())
    nodes = np.rint((heights - bottoms[best]) / steps[best]).astype(np.int64)
    return (bottoms[best] + nodes[0] * steps[best], steps[best]), nodes - nodes[0]


def _bottom(heights, step):
    """Height of a plane of the lattice of this step that is nearest to all slices, and the largest distance left [mm]."""
    phases = np.sort((heights - heights[0]) / step % 1)
    gaps = np.diff(np.append(phases, phases[0] + 1))
    widest = int(gaps.argmax())
    spread = 1 - gaps[widest]                           # the shortest arc of the circle that holds all phases
    first = phases[(widest + 1) % len(phases)]
    return heights[0] + (first + spread / 2) * step, spread / 2 * step


def in_plane(pixels, heights):
    """Shear, place and whole shifts of slices in their planes, from the places of their first pixels.

    Parameters
    ----------
    pixels : np.ndarray
        float64, shape (S, 2): column and row.

    Returns
    -------
    shear : np.ndarray
        float64, shape (2,): pixels a mm of height, as of a tilted gantry.
    place : np.ndarray
        float64, shape (2,): pixel of the volume's corner at height 0.
    shifts : np.ndarray
        int64, shape (S, 2), from 0.
    """
    shear = np.zeros(2)
    if np.ptp(heights) > 0:
        middle = heights - heights.mean()
        slope = middle @ (pixels - pixels.mean(axis=0)) / (middle @ middle)
        left = pixels - pixels.mean(axis=0) - middle[:, None] * slope
        # a jump in the plane must not tilt the volume
        order = np.argsort(heights, kind="stable")
        steps = np.diff(heights[order])
        apart = steps > slice_stack.SAME_POSITION_MM
        steady = np.median(np.diff(pixels[order], axis=0)[apart] / steps[apart, None], axis=0) if apart.any() else shear
        shear = slope if np.abs(left).max() <= _HALF_A_PIXEL else steady
    level = pixels - heights[:, None] * shear
    place = (level.max(axis=0) + level.min(axis=0)) / 2
    shifts = np.rint(level - place).astype(np.int64)
    if shifts.any():
        place = np.median(level, axis=0)
        shifts = np.rint(level - place).astype(np.int64)
    return shear, place + shifts.min(axis=0), shifts - shifts.min(axis=0)


def _sources(heights, nodes, lattice, usable):
    """For each plane the slices below and above, the share of the latter, and what to tell about it."""
    count = int(nodes[-1]) + 1
    below, above, share = np.full(count, -1), np.full(count, -1), np.zeros(count)
    shown, hidden = _one_a_plane(heights, nodes, lattice, usable)
    missing = slice_stack.missing_slices(heights)
    holes, filled = [], 0
    for lower, upper in zip(shown, shown[1:]):
        between = np.arange(nodes[lower] + 1, nodes[upper])
        lost = int(missing[lower:upper].sum()) + int((~usable[lower + 1:upper]).sum())
        if lost > 1:
            holes.append(float(heights[upper] - heights[lower]) * lost / (lost + 1))
            continue
        filled += lost
        below[between], above[between] = lower, upper
        share[between] = np.clip((lattice[0] + between * lattice[1] - heights[lower]) / (heights[upper] - heights[lower]), 0, 1)
    below[nodes[shown]] = above[nodes[shown]] = shown
    findings = []
    if holes:
        findings.append(f"{len(holes)} gap{'s' * (len(holes) > 1)}, largest {max(holes):.0f} mm, left empty (air)")
    if filled:
        findings.append(f"{filled} missing slice{'s' * (filled > 1)} shown as the mean of both neighbors")
    if hidden:
        findings.append(f"{hidden} slices lie too close to others to be shown as well")
    return below, above, share, findings


def _one_a_plane(heights, nodes, lattice, usable):
    """Slices to show, ascending, the nearest where several share a plane; and how many are not shown for that."""
    candidates = np.flatnonzero(usable)
    off = np.abs(lattice[0] + nodes[candidates] * lattice[1] - heights[candidates])
    order = np.lexsort([off, nodes[candidates]])
    _, first = np.unique(nodes[candidates][order], return_index=True)
    return np.sort(candidates[order][first]), len(candidates) - len(first)


def _placing_findings(off_mm, lattice, planes, shifts):
    findings = []
    if planes != len(off_mm):
        findings.append(f"The slices are shown on {planes} planes {lattice[1]:.3f} mm apart, "
                        f"each at most {off_mm.max():.2f} mm from where its header says")
    elif off_mm.max() > TOLERANCE_MM:
        findings.append(f"The slices are shown {lattice[1]:.3f} mm apart, "
                        f"each at most {off_mm.max():.2f} mm from where its header says")
    if shifts.any():
        findings.append(f"Slices are shifted against each other in their planes by up to {shifts.max()} pixels")
    return findings
