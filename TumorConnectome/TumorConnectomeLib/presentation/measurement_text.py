"""Measurements in words and with units, as a person reads them."""
from __future__ import annotations

import math

from ..cohort.column_titles import MEASURED
from ..cohort.measurements import SeriesMeasurement

#: decimals that mean something: a pixel is 0.6 mm wide, a slice 2 mm thick
_DECIMALS = {"lesion_count": 0, "box_volume_ml": 2, "slice_thickness_mm": 2, "slice_spacing_mm": 2, "column_spacing_mm": 3,
             "tube_voltage_kv": 0}
_UNITS = {"_mm": " mm", "_ml": " mL", "_kv": " kV"}


def measurement_texts(measurement: SeriesMeasurement) -> dict[str, str]:
    """Text with unit of every column of MEASURED, of the largest box; "unknown" when the value is missing."""
    return {name: _text(name, value) for name, value in measurement.values().items() if name in MEASURED}


def side_notes(measurement: SeriesMeasurement) -> list[str]:
    """What is to be said about the side of the largest box: why it is uncertain or rough; mostly nothing."""
    return [f"body side: {lesion.side_note}" for lesion in measurement.lesions[:1] if lesion.side_note]


def _text(name, value):
    if isinstance(value, str):
        return value or "unknown"
    if math.isnan(value):
        return "unknown"
    if name == "midline_mm":
        return f"{abs(value):.1f} mm {'left' if value > 0 else 'right'}"
    return f"{value:.{_DECIMALS.get(name, 1)}f}{_UNITS.get(name[-3:], '')}"
