"""Read the geometry of a CT series from its headers, whatever its orientation, order and defects."""
import pathlib
import types
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from . import acquisitions, slice_selection, slice_stack
from .pixel_form import PixelForm
from .scan_facts import READABLE_SYNTAXES, ScanFacts
from .slice_headers import Census, find_headers, parse_slice

#: damaged files of a series are left out when they are at most this part of the whole ones
_FEW_DAMAGED = 0.25


@dataclass(frozen=True, eq=False)
class CTSeries:
    """The slices of one CT series in geometric order; nothing in it changes.

    Directions come from ImageOrientationPatient, the order from ImagePositionPatient (PS3.3 C.7.6.2.1.1), never
    from file names or InstanceNumber.

    Parameters
    ----------
    series_uid, study_uid, patient_id, frame_of_reference_uid : str
        Identifiers; the last two may be empty.
    files : tuple of pathlib.Path
        Absolute paths, ascending along the normal.
    sop_uids : tuple of str
        SOP Instance UIDs in the order of `files`.
    positions_lps : np.ndarray
        float64, shape (S, 3): center of each slice's first pixel [mm, LPS].
    axes_lps : np.ndarray
        float64, shape (3, 3), orthonormal and right-handed rows: row direction (increasing column index), column direction
        (increasing row index), their cross product (increasing slice index).
    pixel_spacing_mm : tuple of float
        Spacing of rows (y), then of columns (x), as in DICOM.
    rows, columns : int
        Size of a slice in pixels.
    slab_edges_mm : np.ndarray
        float64, shape (S, 2): where each slice begins and ends along the normal [mm].
    slice_indices : mapping of str to int
        SOP Instance UID to slice index. Also holds slices that share another's position and so are in `files` no more:
        an annotation on one of them keeps its place.
    thickness_mm : float or None
        SliceThickness of the first slice, None when its header has none.
    scans : tuple of ScanFacts
        How each slice was made, in the order of `files`.
    pixels : tuple of PixelForm
        How each slice stores its gray values; those with a `problem` can not be shown.
    findings : tuple of str
        What is unusual, one line each; empty for a regular series.
    """

    series_uid: str
    study_uid: str
    patient_id: str
    frame_of_reference_uid: str
    files: tuple[pathlib.Path, ...]
    sop_uids: tuple[str, ...]
    positions_lps: np.ndarray
    axes_lps: np.ndarray
    pixel_spacing_mm: tuple[float, float]
    rows: int
    columns: int
    slab_edges_mm: np.ndarray
    slice_indices: Mapping[str, int]
    thickness_mm: float | None = None
    scans: tuple[ScanFacts, ...] = ()
    pixels: tuple[PixelForm, ...] = ()
    findings: tuple[str, ...] = ()

    def __post_init__(self):
        for name in ("positions_lps", "axes_lps", "slab_edges_mm"):
            array = np.array(getattr(self, name), np.float64)
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "slice_indices", types.MappingProxyType(dict(self.slice_indices)))

    @property
    def undecodable(self) -> str:
        """Names of the compressions of pixels that Slicer's reader does not know, "" when it can read them all."""
        from pydicom.uid import UID

        unknown = sorted({scan.transfer_syntax for scan in self.scans} - READABLE_SYNTAXES - {""})
        return slice_stack.listed(f"{UID(uid).name} ({uid})" for uid in unknown)

    @property
    def slice_step_mm(self) -> float:
        """Median distance of neighboring slices along the normal; of a lone slice its thickness."""
        if len(self.files) == 1:
            return float(np.ptp(self.slab_edges_mm))
        return float(np.median(np.diff(self.positions_lps @ self.axes_lps[2])))

    def pixels_to_lps(self, index, pixels):
        """Map SCOORD pixel coordinates on one slice to LPS.

        Parameters
        ----------
        index : int
            Slice index.
        pixels : np.ndarray
            float, shape (n, 2): (column, row); (0, 0) is the outer corner of the first pixel, whose center (0.5, 0.5) stands
            at ImagePositionPatient (PS3.3 C.18.6.1.1).

        Returns
        -------
        np.ndarray
            float64, shape (n, 3) [mm, LPS].
        """
        spacing = np.array(self.pixel_spacing_mm[::-1])
        return self.positions_lps[index] + ((np.asarray(pixels, np.float64) - 0.5) * spacing) @ self.axes_lps[:2]


def read_series(source, series_uid=None, wanted=()):
    """Read one CT series from the headers of its files, without pixels.

    Parameters
    ----------
    source : path or iterable of path
        A folder, searched with its subfolders (hidden files left out), or files. What is not DICOM, not CT, a localizer, a page
        without a place in space, or damaged is ignored and counted in the findings.
    series_uid : str, optional
        Which series, when there are several.
    wanted : collection of str
        SOP Instance UIDs that a report is about: of two acquisitions in the series the one that has them is taken.

    Returns
    -------
    CTSeries
        Copies of a slice (one SOP Instance UID in several files) are dropped. Of several slices at one position the first by
        (InstanceNumber, SOP Instance UID) is kept; the others stay in `slice_indices`. Both are told in the findings.

    Raises
    ------
    InputError
        No CT, several series and no `series_uid`, a multi-frame file of the series or many damaged ones, a missing or malformed
        tag that geometry needs, slices of several frames of reference, studies or patients of which none has the most.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")                 # pydicom's: every value used is checked, with the file's name
        found, census = find_headers(source)
        headers = _parsed(_one_series(found, census, source, series_uid), census)
        findings = census.findings()
    headers = slice_selection.without_strangers(headers, wanted, findings)
    headers = slice_selection.of_one_identity(headers, wanted, findings)
    headers = slice_selection.without_copies(headers, findings)
    axes = _orthonormal_axes(headers[0])
    headers = slice_selection.without_pages(headers, axes[2], wanted, findings)
    headers, preferred = acquisitions.one_acquisition(headers, axes[2], wanted, findings)
    images = len(headers)
    headers, indices = slice_selection.one_per_position(headers, axes[2], findings, preferred)
    positions = np.array([header.position for header in headers])
    thickness = headers[0].thickness_mm
    if len(headers) == 1 and not thickness:
        what = f"{images} images at one position and" if images > 1 else "the only slice has"
        raise InputError(f"{what} no SliceThickness, so its extent is unknown", source=headers[0].file)
    findings += slice_stack.stack_findings(positions, axes[2]) + _scan_findings(headers) + _pixel_findings(headers)
    first = headers[0]
    return CTSeries(
        first.series_uid, *(_first_known(headers, name) for name in ("study_uid", "patient_id", "frame_of_reference_uid")),
        tuple(header.file for header in headers), tuple(header.sop_uid for header in headers), positions, axes,
        first.pixel_spacing, first.rows, first.columns, slice_stack.slab_edges(positions @ axes[2], thickness), indices,
        thickness, tuple(header.scan for header in headers), tuple(header.pixels for header in headers), tuple(findings))


def _first_known(headers, name):
    """An identifier that all slices share, but for those that leave it empty."""
    return next(filter(None, (getattr(header, name) for header in headers)), "")


def _pixel_findings(headers):
    """What is unusual about how the slices store their gray values, one line each."""
    findings = []
    for number, what in ((sum(header.pixels.inverted for header in headers),
                          "MONOCHROME1, meant to be shown inverted: HU are shown as those of any CT"),
                         (sum(header.pixels.pads_above_air for header in headers),
                          "padding outside the field of view brighter than air: shown as air")):
        if number:
            findings.append(f"{number} of {len(headers)} slices: {what}")
    bad = [f"{header.file.name}: {header.pixels.problem}" for header in headers if header.pixels.problem]
    if bad:
        findings.append(f"Slices whose pixels can not be shown ({len(bad)}): {slice_stack.listed(bad)}")
    odd = Counter(tag for header in headers for tag in header.malformed)
    for tag, count in odd.items():
        if tag == "SliceThickness" and len(headers) == 1:
            findings.append(f"SliceThickness of the only slice is malformed, read as {headers[0].thickness_mm:g} mm")
        else:
            findings.append(f"{tag} is malformed in {count} of {len(headers)} slices, which nothing depends on")
    return findings


def _scan_findings(headers):
    """What differs, or lacks, in how the slices were made, one line each."""
    findings = []
    without = [header.file.name for header in headers if header.scan.rescale is None]
    if without:
        findings.append(f"No RescaleSlope and RescaleIntercept in {len(without)} of {len(headers)} slices: their gray values "
                        f"may be no HU ({slice_stack.listed(without)})")
    for what, values in (("kernel", {header.scan.kernel for header in headers}),
                         ("tube voltage [kV]", {header.scan.tube_voltage_kv for header in headers})):
        if len(values) > 1:
            findings.append(f"The slices differ in {what}: {slice_stack.listed(sorted(values, key=str))}")
    return findings


def _one_series(found, census: Census, source, series_uid):
    """Keep the images of the series asked for, or of the only one: list of FoundSlice.

    A damaged file stops nothing but its own slice, unless hardly more are whole: then the series is not what it was.
    """
    place = source if isinstance(source, str | pathlib.Path) else None
    by_series = {}
    for image in found:
        by_series.setdefault(image.series_uid, []).append(image)
    wanted = series_uid or next(iter(by_series), None)
    _check_damaged(census, wanted, len(by_series.get(wanted, ())))
    if not by_series:
        raise InputError(f"no CT slices found ({census.summary()})", source=place, expected="the DICOM files of a CT series")
    if series_uid is None and len(by_series) > 1:
        counts = [f"{uid} ({len(images)} files)" for uid, images in sorted(by_series.items())]
        raise InputError(f"{len(by_series)} CT series found: {slice_stack.listed(counts)}", source=place,
                         expected="one series, or its Series Instance UID given")
    chosen = series_uid if series_uid is not None else next(iter(by_series))
    if chosen not in by_series:
        raise InputError(f"CT series {chosen} not found; there is {slice_stack.listed(sorted(by_series))}", source=place)
    return by_series[chosen]


def _parsed(chosen, census: Census):
    """Headers of the files whose values are right: list of SliceHeader. A few others are counted as damaged."""
    headers = []
    for image in chosen:
        try:
            headers.append(parse_slice(image))
        except InputError as error:
            census.damaged.append((image.file, error, image.series_uid))
    _check_damaged(census, chosen[0].series_uid, len(headers))
    return headers


def _check_damaged(census: Census, series_uid, whole):
    """Raise the error of the first damaged file of a series (None: of any) when there are many of them beside whole ones."""
    own = [error for _, error, uid in census.damaged if series_uid is None or uid and uid == series_uid]
    if own and len(own) > _FEW_DAMAGED * whole:
        raise own[0]


def _orthonormal_axes(header):
    """Unit row direction, column direction and normal from cosines that were rounded when written: float64, shape (3, 3)."""
    row, column = np.array(header.orientation).reshape(2, 3)
    row = row / np.linalg.norm(row)
    column = column - row * (row @ column)
    column /= np.linalg.norm(column)
    return np.stack([row, column, np.cross(row, column)])
