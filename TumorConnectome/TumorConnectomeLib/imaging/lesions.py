"""From boxes on slices to lesions in patient coordinates. Pure numpy."""
from dataclasses import dataclass

import numpy as np

from ..core.errors import InputError
from .slice_stack import listed

#: boxes on slices up to this far apart can be one lesion: one or two slices between them were not annotated
_LARGEST_INDEX_DIFFERENCE = 3
#: rectangles that overlap by less only touch, whatever rounding says [mm]
_TOUCHING_MM = 1e-6


def lps_to_ras(vectors):
    """Turn points or directions from DICOM's LPS to Slicer's RAS (or back): negates x and y of a (..., 3) array."""
    return np.asarray(vectors, np.float64) * [-1.0, -1.0, 1.0]


@dataclass(frozen=True, eq=False)
class Lesion:
    """A box around one lesion, aligned with the image axes.

    Parameters
    ----------
    center_lps : np.ndarray
        float64, shape (3,) [mm, LPS].
    size_mm : np.ndarray
        float64, shape (3,): extent along each row of `axes_lps`; along the normal from the lower edge of the first annotated
        slice to the upper edge of the last.
    axes_lps : np.ndarray
        float64, shape (3, 3), orthonormal and right-handed rows: row direction (increasing column index), column direction
        (increasing row index), slice normal in slice order.
    slices : tuple of str
        SOP Instance UIDs of the annotated slices, ascending along the normal.
    tracking_ids : tuple of str
        Tracking identifiers of the boxes in the same order.
    """

    center_lps: np.ndarray
    size_mm: np.ndarray
    axes_lps: np.ndarray
    slices: tuple[str, ...]
    tracking_ids: tuple[str, ...]

    @property
    def center_ras(self) -> np.ndarray:
        """Center: float64, shape (3,) [mm, RAS]."""
        return lps_to_ras(self.center_lps)

    @property
    def axes_ras(self) -> np.ndarray:
        """Axes as rows: float64, shape (3, 3), RAS."""
        return lps_to_ras(self.axes_lps)

    def as_record(self) -> dict:
        """Return plain lists and texts, as json writes them."""
        return {"center_lps": self.center_lps.tolist(), "size_mm": self.size_mm.tolist(), "axes_lps": self.axes_lps.tolist(),
                "slices": list(self.slices), "tracking_ids": list(self.tracking_ids)}


def find_lesions(report, series):
    """Check that a report is about a CT series and return the lesions its boxes make.

    Parameters
    ----------
    report : SybilReport
    series : CTSeries

    Returns
    -------
    lesions : list of Lesion
        See `group_boxes`.
    findings : list of str
        Boxes left out because their slice is missing from the CT, boxes that reach out of the image, another patient id.

    Raises
    ------
    InputError
        The report refers to another series, or the CT has none of the annotated slices.
    """
    referenced = report.referenced_series_uids
    boxes = [box for box in report.boxes if box.sop_uid in series.slice_indices]
    if series.series_uid not in referenced and (referenced or not boxes):
        raise InputError(f"refers to series {listed(referenced) or '(none)'}, not to the given CT series {series.series_uid}",
                         source=report.file, expected="the report of this CT")
    if not boxes:
        raise InputError(f"none of its {len(report.boxes)} boxes is on a slice of the given CT series {series.series_uid}",
                         source=report.file, expected="the annotated slices in the CT")
    findings = []
    absent = [box.tracking_id or box.sop_uid for box in report.boxes if box.sop_uid not in series.slice_indices]
    if absent:
        findings.append(f"Boxes left out because their slice is missing from the CT ({len(absent)}): {listed(absent)}")
    outside = [box.tracking_id or box.sop_uid for box in boxes
               if box.corners.min() < 0 or (box.corners.max(axis=0) > [series.columns, series.rows]).any()]
    if outside:
        findings.append(f"Boxes reach out of the image ({len(outside)}): {listed(outside)}")
    if report.patient_id != series.patient_id:
        findings.append(f"The report is of patient {report.patient_id!r}, the CT of patient {series.patient_id!r}")
    return group_boxes(boxes, series), findings


def group_boxes(boxes, series):
    """Join boxes that are one lesion and return the bounding box of each, aligned with the image axes.

    Boxes that overlap in-plane by a positive area, on the same slice or at most three slices apart (one or two slices between
    them not annotated), are one lesion, and so are chains of them.

    Parameters
    ----------
    boxes : sequence of PlanarBox
        On slices of `series`, in any order.
    series : CTSeries

    Returns
    -------
    list of Lesion
        Ascending by center along the normal, then by in-plane center.
    """
    if not boxes:
        return []
    indices = np.array([series.slice_indices[box.sop_uid] for box in boxes])
    low, high = np.empty((2, len(boxes), 3))            # extent of each box along the image axes [mm]
    for number, (box, index) in enumerate(zip(boxes, indices)):
        corners = series.pixels_to_lps(index, box.corners) @ series.axes_lps.T
        low[number], high[number] = corners.min(axis=0), corners.max(axis=0)
    low[:, 2], high[:, 2] = series.slab_edges_mm[indices].T
    joined = np.abs(indices[:, None] - indices) <= _LARGEST_INDEX_DIFFERENCE
    overlap = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    joined &= (overlap[:, :, :2] > _TOUCHING_MM).all(axis=2)
    lesions = []
    for members in _connected_components(joined):
        members = sorted(members, key=lambda i: (indices[i], boxes[i].sop_uid, *low[i]))
        lower, upper = low[members].min(axis=0), high[members].max(axis=0)
        center = (lower + upper) / 2
        lesions.append((tuple(np.round(center[[2, 0, 1]], 6)), Lesion(
            center @ series.axes_lps, upper - lower, series.axes_lps,
            tuple(dict.fromkeys(boxes[i].sop_uid for i in members)), tuple(boxes[i].tracking_id for i in members))))
    return [lesion for _, lesion in sorted(lesions, key=lambda pair: pair[0])]


def _connected_components(joined):
    """Split the nodes of a symmetric bool adjacency matrix (n, n) into connected components: list of lists of int."""
    components, waiting = [], set(range(len(joined)))
    while waiting:
        component = [waiting.pop()]
        for node in component:                          # grows while it is walked
            found = waiting.intersection(np.flatnonzero(joined[node]).tolist())
            waiting -= found
            component.extend(found)
        components.append(component)
    return components
