"""Spacing of a stack of parallel slices: missing slices, local thickness, tilt. Pure numpy."""
import math

import numpy as np

#: two slices closer than this along the normal stand at one position [mm]
SAME_POSITION_MM = 0.01
#: a step that differs more than this from the median is worth telling; Slicer's scalar volume reader uses the same [mm]
SPACING_TOLERANCE_MM = 0.01
#: a drift of the slice origin in the slice plane that is worth telling [mm]
SHEAR_TOLERANCE_MM = 0.1
#: a drift that is off a straight line by more than this part of it is no shear
_UNEVEN = 0.1
#: a step this many times the median has lost slices ...
_GAP_FACTOR = 1.5
#: ... unless it is one of so many consecutive steps that are alike within this ratio: then the spacing changes there
_RUN_LENGTH, _ALIKE = 3, 1.1


def _regular_steps(steps):
    """Tell steps between neighboring slices (True) from holes (False): bool, shape (S - 1,)."""
    regular = steps <= _GAP_FACTOR * np.median(steps)
    changes = np.flatnonzero(np.abs(np.diff(np.log(steps))) > math.log(_ALIKE)) + 1
    for run in np.split(np.arange(steps.size), changes):
        if run.size >= _RUN_LENGTH:
            regular[run] = True
    return regular


def _nearest_regular(steps, places):
    """The regular step nearest to each place, a (fractional) index into `steps`: float64 [mm], shape of `places`."""
    regular = np.flatnonzero(_regular_steps(steps))
    nearest = np.abs(np.asarray(places, float)[:, None] - regular).argmin(axis=1)
    return steps[regular[nearest]]


def missing_slices(heights):
    """Count the slices that are missing between each slice and the next.

    Parameters
    ----------
    heights : np.ndarray
        float64, shape (S,), strictly ascending: positions along the normal [mm].

    Returns
    -------
    np.ndarray
        int64, shape (S - 1,). Three or more large steps in a row that are alike are a change of spacing, no holes.
    """
    steps = np.diff(heights)
    if not steps.size:
        return np.zeros(0, np.int64)
    nominal = _nearest_regular(steps, np.arange(steps.size))
    return np.where(_regular_steps(steps), 0, np.maximum(np.rint(steps / nominal) - 1, 1)).astype(np.int64)


def slab_edges(heights, lone_thickness=None):
    """Return where each slice begins and ends along the normal: half a step to either neighbor.

    Next to a hole, and at both ends of the stack, the nearest step between neighboring slices counts.

    Parameters
    ----------
    heights : np.ndarray
        float64, shape (S,), strictly ascending: positions along the normal [mm].
    lone_thickness : float, optional
        Thickness of the only slice when S is 1 [mm].

    Returns
    -------
    np.ndarray
        float64, shape (S, 2): lower and upper edge [mm].
    """
    steps = np.diff(heights)
    if not steps.size:
        return heights[:, None] + np.array([-0.5, 0.5]) * lone_thickness
    own = _nearest_regular(steps, np.arange(heights.size) - 0.5)
    bridged = np.where(_regular_steps(steps), steps, np.nan)
    below, above = np.append(np.nan, bridged), np.append(bridged, np.nan)
    halves = 0.5 * np.stack([-np.where(np.isnan(below), own, below), np.where(np.isnan(above), own, above)], axis=1)
    return heights[:, None] + halves


def stack_findings(positions_lps, normal_lps):
    """Say in one line each what is unusual about a stack of slices; nothing for a regular one.

    Parameters
    ----------
    positions_lps : np.ndarray
        float64, shape (S, 3): ImagePositionPatient [mm], ascending along the normal.
    normal_lps : np.ndarray
        float64, shape (3,), unit length.

    Returns
    -------
    list of str
        Missing slices, varying spacing, gantry tilt, slices shifted otherwise.
    """
    heights = positions_lps @ normal_lps
    steps = np.diff(heights)
    if not steps.size:
        return []
    findings = []
    missing = missing_slices(heights)
    if missing.any():
        holes = [f"{missing[i]} between {heights[i]:.2f} and {heights[i + 1]:.2f} mm" for i in np.flatnonzero(missing)]
        findings.append(f"Missing slices along the slice normal: {listed(holes)}")
    kept = steps[missing == 0]
    median = np.median(kept)
    if np.abs(kept - median).max() > SPACING_TOLERANCE_MM:
        findings.append(f"The slice spacing varies from {kept.min():.3f} to {kept.max():.3f} mm (median {median:.3f} mm)")
    return findings + _shift_findings(positions_lps - positions_lps[0], normal_lps)


def _shift_findings(offsets, normal):
    """What to say about slices (S, 3), relative to the first, that are not above one another."""
    heights = offsets @ normal
    sideways = offsets - np.outer(heights, normal)
    drift = np.linalg.norm(sideways, axis=1).max()
    if drift <= SHEAR_TOLERANCE_MM:
        return []
    middle = heights - heights.mean()
    slope = middle @ sideways / (middle @ middle)       # mm sideways for each mm of height
    uneven = np.linalg.norm(sideways - sideways.mean(axis=0) - np.outer(middle, slope), axis=1).max()
    if uneven > max(SHEAR_TOLERANCE_MM, _UNEVEN * drift):
        return [f"The slices are shifted in-plane by up to {drift:.1f} mm, but not evenly: this is no gantry tilt"]
    tilt = math.degrees(math.atan(np.linalg.norm(slope)))
    size = f"by up to {drift:.1f} mm, {tilt:.1f} degrees from first to last"
    return [f"The slices are sheared (gantry tilt): shifted in-plane {size}"]


def listed(texts, shown=3):
    """Join the first few texts by comma and say how many more there are."""
    texts = [str(text) for text in texts]
    more = f" and {len(texts) - shown} more" if len(texts) > shown else ""
    return ", ".join(texts[:shown]) + more
