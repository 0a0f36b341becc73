"""What is measured on a CT and its lesion boxes: records that a cache keeps, and columns that join the patient table."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from ..base.errors import InputError
from ..base.files import checked_uid
from .cohort import UNKNOWN, Cohort
from .column_facets import column_facet
from .column_kinds import no_label, survival_columns
from .column_titles import MEASURED

_LONGEST_TEXT = 200
#: patients that must have been measured before "all facets" includes what was measured
FEWEST_MEASURED = 20


@dataclass(frozen=True)
class LesionMeasurement:
    """One lesion box.

    Parameters
    ----------
    size_mm : tuple of float
        Extent along the image's rows (increasing column), its columns (increasing row), and across slices [mm].
    center_lps : tuple of float
        Center [mm, LPS].
    slices : int
        Annotated slices.
    side : str
        "Left" or "Right" of the patient, "Uncertain", or "" when it was not measured; see `imaging.body_side`.
    midline_mm : float or None
        Distance of the center from the body's midline, positive to the patient's left [mm].
    side_note : str
        Why the side is uncertain or rough.
    """

    size_mm: tuple[float, float, float]
    center_lps: tuple[float, float, float]
    slices: int
    side: str = ""
    midline_mm: float | None = None
    side_note: str = ""

    @property
    def volume_mm3(self) -> float:
        """Volume of the box, not of the tumor in it [mm3]."""
        return math.prod(self.size_mm)

    @property
    def longest_mm(self) -> float:
        """Longest side of the box [mm]."""
        return max(self.size_mm)


@dataclass(frozen=True)
class SeriesMeasurement:
    """One CT series and the lesions of its report.

    Parameters
    ----------
    series_uid : str
        SeriesInstanceUID of the CT.
    patient_id : str
        As the CT has it.
    files : str
        What the files were, to tell whether they changed since; see `imaging.measuring.fingerprint`.
    slices : int
        Slices of the volume.
    slice_thickness_mm : float or None
        SliceThickness of the header [mm].
    slice_spacing_mm : float
        Median distance of neighboring slices [mm].
    pixel_spacing_mm : tuple of float
        Spacing of rows (y), then of columns (x) [mm].
    kernel, manufacturer, model : str
        As the header has them, "" if it does not.
    tube_voltage_kv : float or None
        Peak tube voltage [kV].
    lesions : tuple of LesionMeasurement
        Largest box first; empty without a report.
    """

    series_uid: str
    patient_id: str
    files: str
    slices: int
    slice_thickness_mm: float | None
    slice_spacing_mm: float
    pixel_spacing_mm: tuple[float, float]
    kernel: str
    manufacturer: str
    model: str
    tube_voltage_kv: float | None
    lesions: tuple[LesionMeasurement, ...] = ()

    def as_record(self) -> dict:
        """Plain values, as JSON writes them."""
        return asdict(self)

    def values(self, number: int = 0) -> dict[str, float | str]:
        """Value of every column of MEASURED: of this box, where it is about a box (0: the largest); NaN or "" when missing."""
        box = self.lesions[number] if number < len(self.lesions) else None
        width, height, depth = box.size_mm if box else (math.nan,) * 3
        return {
            "lesion_count": float(len(self.lesions)),
            "box_longest_mm": box.longest_mm if box else math.nan,
            "box_width_mm": width, "box_height_mm": height, "box_depth_mm": depth,
            "box_volume_ml": box.volume_mm3 / 1000 if box else math.nan,
            "measured_side": box.side if box else "",
            "midline_mm": _number(box.midline_mm) if box else math.nan,
            "slice_thickness_mm": _number(self.slice_thickness_mm), "slice_spacing_mm": self.slice_spacing_mm,
            "column_spacing_mm": self.pixel_spacing_mm[1], "kernel": self.kernel, "manufacturer": self.manufacturer,
            "scanner_model": self.model, "tube_voltage_kv": _number(self.tube_voltage_kv)}


def lesion_rows(patient_ids: Sequence[str], series_uids: Sequence[str], measurements: Mapping[str, SeriesMeasurement]
                ) -> list[list]:
    """A row per lesion box of every measured patient, for tables; one of the CT alone where there is no box.

    Returns
    -------
    list of list
        PatientID, SeriesInstanceUID, number of the box (1 is the largest; None without), the columns of MEASURED, and what
        is to be said about the side.
    """
    rows = []
    for patient, uid in zip(patient_ids, series_uids):
        found = measurements.get(uid)
        for number in range(max(1, len(found.lesions)) if found else 0):
            box = found.lesions[number] if found.lesions else None
            rows.append([patient, uid, number + 1 if box else None, *found.values(number).values(),
                         box.side_note if box else ""])
    return rows


def measurement_of_record(record: Mapping) -> SeriesMeasurement:
    """The measurement that `SeriesMeasurement.as_record` wrote; InputError if it is not one."""
    try:
        if set(record) != {field.name for field in fields(SeriesMeasurement)}:
            raise ValueError("other fields")
        lesions = tuple(LesionMeasurement(
            _positive(lesion["size_mm"], 3), _finite(lesion["center_lps"], 3), int(lesion["slices"]), _text(lesion["side"]),
            None if lesion["midline_mm"] is None else _finite([lesion["midline_mm"]], 1)[0], _text(lesion["side_note"]))
            for lesion in record["lesions"])
        optional = {name: None if record[name] is None else _positive([record[name]], 1)[0]
                    for name in ("slice_thickness_mm", "tube_voltage_kv")}
        texts = {name: _text(record[name]) for name in ("patient_id", "files", "kernel", "manufacturer", "model")}
        return SeriesMeasurement(
            series_uid=checked_uid(record["series_uid"]), slices=int(record["slices"]), **texts, **optional,
            slice_spacing_mm=_positive([record["slice_spacing_mm"]], 1)[0],
            pixel_spacing_mm=_positive(record["pixel_spacing_mm"], 2), lesions=lesions)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise InputError(f"no measurement of a CT series ({error})") from None


def with_measurements(cohort: Cohort, measurements: Mapping[str, SeriesMeasurement]) -> Cohort:
    """The cohort with the measured columns in its patient table, and facets of them.

    Parameters
    ----------
    cohort : Cohort
    measurements : mapping of str to SeriesMeasurement
        By SeriesInstanceUID of the CT.

    Returns
    -------
    Cohort
        Patients that were not measured are missing ("Unknown") in these columns. A column that the table has already stays
        as it is. The same object when no patient was measured.
    """
    uids = cohort.patients.get("CT_SeriesInstanceUID", [""] * len(cohort.patients))
    found = [measurements.get(uid) for uid in uids]
    if not any(found):
        return cohort
    rows = [one.values() if one else {} for one in found]
    patients, facets = cohort.patients.copy(), dict(cohort.facets)
    for name, column in MEASURED.items():
        if name in patients:
            continue
        values = [row.get(name, "" if column.text else math.nan) for row in rows]
        patients[name] = np.array(values, object if column.text else np.float64)
        facet = column_facet(name, patients[name], fewest=1, join_rare=True)
        if facet is not None:
            facets[name] = facet
    return replace(cohort, patients=patients, facets=facets)


def evaluable_facets(cohort: Cohort) -> tuple[str, ...]:
    """Keys of the facets that "all" stands for in evaluations.

    Left out are those that are the same for all (nothing can be found in them, and their tests would make the others harder)
    or were measured on fewer than FEWEST_MEASURED patients, those whose rare values are joined (somebody has to name them, to
    mean them), and columns that are no labels: row numbers, coordinates, UIDs and censored times, see `column_kinds.no_label`.
    """
    times = {time for time, _event in survival_columns(cohort.patients)}
    return tuple(key for key, facet in cohort.facets.items()
                 if not facet.joined and _tells_apart(facet, FEWEST_MEASURED if key in MEASURED else 2)
                 and not (key in cohort.patients and no_label(key, cohort.patients[key], times)))


def _tells_apart(facet, fewest):
    counts = [count for name, count in zip(facet.categories, facet.counts) if name != UNKNOWN and count]
    return len(counts) > 1 and sum(counts) >= fewest


def _number(value):
    return math.nan if value is None else float(value)


def _finite(values, count):
    found = tuple(float(value) for value in values)
    if len(found) != count or not all(map(math.isfinite, found)):
        raise ValueError(f"{list(found)}")
    return found


def _positive(values, count):
    found = _finite(values, count)
    if min(found) <= 0:
        raise ValueError(f"{list(found)}")
    return found


def _text(value):
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not value.isprintable():
        raise ValueError(f"{str(value)[:40]!r}")
    return value
