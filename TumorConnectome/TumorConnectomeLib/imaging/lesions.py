"""From boxes on slices to lesions in patient coordinates. Pure numpy."""
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from .slice_stack import listed

#: boxes on slices up to this far apart can be one lesion: one or two slices between them were not annotated
_LARGEST_INDEX_DIFFERENCE = 3
#: rectangles that overlap by less only touch, whatever rounding says [mm]
_TOUCHING_MM = 1e-6
#: a region in space that is thinner along the slice normal lies in a slice [mm]
_FLAT_MM = 0.1


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
    report : BoxReport
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
        The report refers to another series or frame of reference, or the CT has none of the annotated slices.
    """
    referenced, findings = report.referenced_series_uids, []
    planar = [box for box in report.boxes if box.sop_uid in series.slice_indices]
    framed = [box for box in report.spatial if box.frame_of_reference_uid == series.frame_of_reference_uid]
    spatial = [box for box in framed if _reaches(box, series)]
    if report.spatial and not framed and not planar:
        raise InputError(f"its regions are in the frame of reference {report.spatial[0].frame_of_reference_uid}",
                         source=report.file, expected=f"that of the CT, {series.frame_of_reference_uid or 'which has none'}")
    if series.series_uid not in referenced and (referenced or not planar) and not spatial:
        raise InputError(f"refers to series {listed(referenced) or '(none)'}, not to the given CT series {series.series_uid}",
                         source=report.file, expected="the report of this CT")
    if not planar and not spatial:
        raise InputError(f"none of its {len(report.boxes) + len(report.spatial)} boxes is on a slice of the given CT series "
                         f"{series.series_uid}", source=report.file, expected="the annotated slices in the CT")
    if referenced and series.series_uid not in referenced:
        findings.append("The report was made on another series in the same frame of reference")
    for why, absent in (
            ("their slice is missing from the CT", [box for box in report.boxes if box.sop_uid not in series.slice_indices]),
            ("they are in another frame of reference", [box for box in report.spatial if box not in framed]),
            ("they lie outside the CT", [box for box in framed if box not in spatial])):
        if absent:
            findings.append(f"Boxes left out because {why} ({len(absent)}): {_named(absent)}")
    outside = [box for box in planar
               if box.corners.min() < 0 or (box.corners.max(axis=0) > [series.columns, series.rows]).any()]
    if outside:
        findings.append(f"Boxes reach out of the image ({len(outside)}): {_named(outside)}")
    if report.patient_id != series.patient_id:
        findings.append(f"The report is of patient {report.patient_id!r}, the CT of patient {series.patient_id!r}")
    return group_boxes([*planar, *spatial], series), findings


def _named(boxes):
    return listed(box.tracking_id or getattr(box, "sop_uid", "") or "(no name)" for box in boxes)


def _reaches(box, series):
    """Whether a region in space lies between the outer edges of the CT's first and last slice."""
    low, high = box.extent(series.axes_lps[2:])
    return low[0] <= series.slab_edges_mm.max() and high[0] >= series.slab_edges_mm.min()


def group_boxes(boxes, series):
    """Join boxes that are one lesion and return the bounding box of each, aligned with the image axes.

    Boxes that overlap in-plane by a positive area, on the same slice or at most three slices apart (one or two slices between
    them not annotated), are one lesion, and so are boxes that the report says belong together, and chains of all these.

    Parameters
    ----------
    boxes : sequence of PlanarBox or SpatialBox
        On slices of `series`, in any order. A region in space that lies in a plane parallel to the slices has the thickness
        of its slice, any other its own extent along the image axes.
    series : CTSeries

    Returns
    -------
    list of Lesion
        Ascending by center along the normal, then by in-plane center.
    """
    if not boxes:
        return []
    places = [_placed(box, series) for box in boxes]
    low, high = (np.array([place[part] for place in places]) for part in (0, 1))       # along the image axes [mm]
    first, last = (np.array([place[2][end] for place in places]) for end in (0, -1))
    joined = np.maximum(first[:, None] - last, first - last[:, None]) <= _LARGEST_INDEX_DIFFERENCE
    overlap = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    joined &= (overlap[:, :, :2] > _TOUCHING_MM).all(axis=2)
    names = np.array([box.lesion for box in boxes])
    joined |= (names[:, None] == names) & (names != "")
    lesions = []
    for members in _connected_components(joined):
        members = sorted(members, key=lambda i: (first[i], *low[i], places[i][3]))
        lower, upper = low[members].min(axis=0), high[members].max(axis=0)
        center = (lower + upper) / 2
        lesions.append((tuple(np.round(center[[2, 0, 1]], 6)), Lesion(
            center @ series.axes_lps, upper - lower, series.axes_lps,
            tuple(dict.fromkeys(uid for i in members for uid in places[i][3])), tuple(boxes[i].tracking_id for i in members))))
    return [lesion for _, lesion in sorted(lesions, key=lambda pair: pair[0])]


def _placed(box, series):
    """Lower and upper limit of a box along the image axes [mm], indices of its slices, their SOP Instance UIDs."""
    if hasattr(box, "sop_uid"):
        index = series.slice_indices[box.sop_uid]
        corners = series.pixels_to_lps(index, box.corners) @ series.axes_lps.T
        low, high = corners.min(axis=0), corners.max(axis=0)
        low[2], high[2] = series.slab_edges_mm[index]
        return low, high, (index,), (box.sop_uid,)
    low, high = box.extent(series.axes_lps)
    heights = series.positions_lps @ series.axes_lps[2]
    if high[2] - low[2] <= _FLAT_MM:
        index = int(np.abs(heights - (low[2] + high[2]) / 2).argmin())
        low[2], high[2] = series.slab_edges_mm[index]
        return low, high, (index,), (series.sop_uids[index],)
    inside = np.flatnonzero((series.slab_edges_mm[:, 0] < high[2]) & (series.slab_edges_mm[:, 1] > low[2])).tolist()
    inside = inside or [int(np.abs(heights - (low[2] + high[2]) / 2).argmin())]
    return low, high, tuple(inside), tuple(series.sop_uids[index] for index in inside)


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
