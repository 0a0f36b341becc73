"""On which side of the patient's body a point lies, judged by the CT's own body mask. Pure numpy.

The middle of the image is not the middle of the patient: people lie off-center. So the body is found on slices around the
point (all that is not air connected with the image's edge, without the couch), and the center of its area, in LPS x, is its
midline. It does not know about a scoliosis, and it takes the header's orientation for granted.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEFT, RIGHT, UNCERTAIN = "Left", "Right", "Uncertain"
#: all that is denser is body or couch [HU]
_SKIN_HU = -350.0
#: the mask is made at about this resolution, and the couch is thinner than twice the erosion [mm]
_STEP_MM, _EROSION_MM = 4.0, 8.0
#: closer to the midline than this a side is uncertain: rotation and asymmetric tissue; when the body is cut off on one side
#: of the image, or stands across the slices; when only the middle of the image is known; when much is cut off [mm]
MARGIN_MM, CUT_MARGIN_MM, IMAGE_MARGIN_MM, MUCH_CUT_MARGIN_MM = 10.0, 25.0, 40.0, 75.0
#: much of a body is cut off when its height at the image's edge is this share of its largest height
_MUCH_CUT = 0.5
#: the corners outside of a round field of view are at most this part of a slice
_MOST_PADDING = 0.6
#: a body fills this much of a slice at least, else there is none
_SMALLEST_AREA_MM2 = 5000.0


@dataclass(frozen=True)
class BodySide:
    """Where a point lies.

    Parameters
    ----------
    side : str
        LEFT, RIGHT (of the patient) or UNCERTAIN.
    midline_mm : float
        Distance from the body's midline along LPS x, positive to the patient's left [mm].
    note : str
        Why it is uncertain or rough, "" otherwise.
    """

    side: str
    midline_mm: float
    note: str = ""


@dataclass(frozen=True)
class Midline:
    """The middle of the body in LPS x, how close to it a side is uncertain [mm], and what is wrong with it ("" if nothing)."""

    x_mm: float
    margin_mm: float
    note: str = ""


def side_of(x_mm: float, midline: Midline) -> BodySide:
    """The side of a point at LPS x; uncertain within the midline's margin."""
    distance = x_mm - midline.x_mm
    if abs(distance) >= midline.margin_mm:
        return BodySide(LEFT if distance > 0 else RIGHT, distance, midline.note)
    near = f"{abs(distance):.0f} mm from the midline, less than {midline.margin_mm:.0f} mm"
    return BodySide(UNCERTAIN, distance, "; ".join(filter(None, (near, midline.note))))


def midline_of(hu: np.ndarray, x_mm: np.ndarray, spacing_mm: tuple[float, float], across_slices: bool = False
               ) -> Midline | None:
    """The body's midline on some slices.

    Parameters
    ----------
    hu : np.ndarray
        Shape (S, rows, columns), HU.
    x_mm : np.ndarray
        float64, shape (S, rows, columns) or one that broadcasts: LPS x of each pixel's center.
    spacing_mm : tuple of float
        Of rows, of columns.
    across_slices : bool
        Whether the slices stand across left and right (sagittal): the midline is that of all together.

    Returns
    -------
    Midline or None
        None when no slice shows a body.
    """
    steps = [max(1, round(_STEP_MM / spacing)) for spacing in spacing_mm]
    reduced = (slice(None), slice(None, None, steps[0]), slice(None, None, steps[1]))
    pixel_mm = [spacing * step for spacing, step in zip(spacing_mm, steps)]
    x = np.broadcast_to(x_mm, hu.shape)[reduced]
    lateral = None if across_slices else 1 + int(np.ptp(x[0], axis=1).max() >= np.ptp(x[0], axis=0).max())
    mask = body_mask(np.asarray(hu)[reduced], pixel_mm, lateral)
    area = mask.sum(axis=(1, 2))
    used = area * pixel_mm[0] * pixel_mm[1] >= _SMALLEST_AREA_MM2
    if not used.any():
        return None
    if across_slices:
        return Midline(float(x[mask].mean()), CUT_MARGIN_MM, "the slices stand across left and right")
    middles = np.array([x[place][mask[place]].mean() for place in np.flatnonzero(used)])
    middle, margin = float(np.median(middles)), max(MARGIN_MM, 2 * float(middles.std()))
    cut = _cut_off(mask[used], x[used], lateral)
    if cut:
        rough = MUCH_CUT_MARGIN_MM if cut > _MUCH_CUT else CUT_MARGIN_MM
        return Midline(middle, max(margin, rough), "the body is cut off on one side of the image")
    return Midline(middle, margin)


def body_mask(hu: np.ndarray, pixel_mm, lateral: int | None = None) -> np.ndarray:
    """The largest piece of body on each slice, lungs included, its rim eroded so that the couch falls off.

    Parameters
    ----------
    hu : np.ndarray
        Shape (S, rows, columns).
    pixel_mm : sequence of float
        Size of a pixel along rows and columns.
    lateral : int, optional
        Axis along which left and right lie (1 or 2). Air is not followed inwards from these two edges: where the image cuts
        a lung, that would open it.

    Returns
    -------
    np.ndarray
        bool, shape of `hu`.
    """
    air = (hu < _SKIN_HU) | _padding(hu)
    edge = np.zeros_like(air)
    if lateral != 1:
        edge[:, [0, -1]] = True
    if lateral != 2:
        edge[:, :, [0, -1]] = True
    body = ~_grown(edge & air, air)
    for _ in range(max(1, round(_EROSION_MM / min(pixel_mm)))):
        body &= _shifted_all(body)
    return _largest_pieces(body)


def _padding(hu):
    """What stands outside a round field of view though no tag says so: one value that reaches all corners; shape of `hu`.

    De-identification removes such tags. In a body noise sees to it that corners differ.
    """
    found = np.zeros(hu.shape, bool)
    for place, image in enumerate(hu):
        corners = image[[0, 0, -1, -1], [0, -1, 0, -1]]
        if corners[0] < _SKIN_HU or (corners != corners[0]).any():
            continue
        seeds = np.zeros((1, *image.shape), bool)
        seeds[:, [0, 0, -1, -1], [0, -1, 0, -1]] = True
        region = _grown(seeds, image[None] == corners[0])[0]
        if region.mean() < _MOST_PADDING:
            found[place] = region
    return found


def _grown(seeds, allowed):
    """All pixels of `allowed` that are connected with the seeds on their slice."""
    while True:
        grown = _shifted_any(seeds) & allowed
        grown |= seeds
        if np.array_equal(grown, seeds):
            return seeds
        seeds = grown


def _largest_pieces(mask):
    """The largest connected piece on each slice: labels spread until every piece has one."""
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        spread = labels.copy()
        for ours, theirs in _NEIGHBORS:
            np.maximum(spread[ours], labels[theirs], out=spread[ours])
        spread *= mask
        if np.array_equal(spread, labels):
            break
        labels = spread
    result = np.zeros_like(mask)
    for place, piece in enumerate(labels):
        names, counts = np.unique(piece[piece > 0], return_counts=True)
        if len(names):
            result[place] = piece == names[counts.argmax()]
    return result


_ALL, _FIRST, _LAST = slice(None), slice(None, -1), slice(1, None)
#: a pixel and its neighbor, in each of the four directions
_NEIGHBORS = [((_ALL, _LAST), (_ALL, _FIRST)), ((_ALL, _FIRST), (_ALL, _LAST)),
              ((_ALL, _ALL, _LAST), (_ALL, _ALL, _FIRST)), ((_ALL, _ALL, _FIRST), (_ALL, _ALL, _LAST))]


def _shifted_any(mask):
    result = np.zeros_like(mask)
    for ours, theirs in _NEIGHBORS:
        result[ours] |= mask[theirs]
    return result


def _shifted_all(mask):
    """Whether all four neighbors are set; what lies beyond the image counts as set, so that a cut body keeps its edge."""
    result = np.ones_like(mask)
    for ours, theirs in _NEIGHBORS:
        result[ours] &= mask[theirs]
    return result


def _cut_off(mask, x, lateral):
    """How high the body is where the image ends on the patient's left or right, as a share of its largest height.

    0 when it does not reach an end, or reaches both alike.
    """
    low, high = x.min(), x.max()
    reach = (high - low) * 0.01
    left, right = (mask & (x >= high - reach)).sum(), (mask & (x <= low + reach)).sum()
    if max(left, right) <= 3 * len(mask) or min(left, right) >= 0.3 * max(left, right):
        return 0.0
    return float(max(left, right) / len(mask) / mask.sum(axis=3 - lateral).max())
