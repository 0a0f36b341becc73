"""Measurements join the patient table: columns, facets, filters, and Unknown for who was not measured."""
import math

import numpy as np
from cohort_factory import cohort

from TumorConnectomeLib.cohort.column_titles import MEASURED
from TumorConnectomeLib.cohort.filters import CategoryFilter, RangeFilter, filter_mask
from TumorConnectomeLib.cohort.measurements import LesionMeasurement, SeriesMeasurement, with_measurements
from TumorConnectomeLib.cohort.table_columns import ColumnKind, table_columns


def measured(uid, size=(10.0, 20.0, 5.0), side="Left", kernel="STANDARD", thickness=2.5):
    lesion = LesionMeasurement(size, (50.0, 0.0, 0.0), 2, side, 50.0)
    return SeriesMeasurement(uid, "P", "f", 100, thickness, 2.0, (0.8, 0.7), kernel, "GE", "16", 120.0, (lesion,))


def sample(count=20):
    return cohort(count, CT_SeriesInstanceUID=[f"1.2.{i}" for i in range(count)])


def test_nothing_measured_changes_nothing():
    made = sample()
    assert with_measurements(made, {}) is made and with_measurements(made, {"1.9": measured("1.9")}) is made


def test_measured_patients_have_values_and_the_others_are_missing():
    joined = with_measurements(sample(), {f"1.2.{i}": measured(f"1.2.{i}", (10.0 + i, 5.0, 5.0)) for i in (3, 5, 8)})
    row = joined.patients.iloc[5]
    assert row["box_longest_mm"] == 15.0 and row["box_volume_ml"] == 15.0 * 25 / 1000 and row["kernel"] == "STANDARD"
    assert set(MEASURED) <= set(joined.patients) and math.isnan(joined.patients.iloc[0]["box_longest_mm"])
    assert joined.patients.iloc[0]["kernel"] == ""


def test_every_measured_column_is_a_facet_as_soon_as_one_patient_was_measured():
    joined = with_measurements(sample(), {"1.2.4": measured("1.2.4")})
    assert set(MEASURED) <= set(joined.facets)
    facet = joined.facets["measured_side"]
    assert (facet.title, facet.categories) == ("Body side (measured)", ("Left", "Unknown"))
    assert facet.codes.tolist() == [int(i != 4) for i in range(20)] and "midline" in facet.note


def test_many_measurements_make_a_facet_of_numbers_with_its_unit():
    joined = with_measurements(sample(), {f"1.2.{i}": measured(f"1.2.{i}", (float(3 + i), 2.0, 2.0)) for i in range(19)})
    facet = joined.facets["box_longest_mm"]
    assert facet.title == "Longest box side (mm)" and facet.ordered and facet.categories[-1] == "Unknown"
    np.testing.assert_array_equal(facet.numbers, [*np.arange(3.0, 22.0), np.nan])


def test_measured_columns_filter_patients():
    joined = with_measurements(sample(), {f"1.2.{i}": measured(f"1.2.{i}", (10.0 + i, 5.0, 5.0), "Left" if i % 2 else "Right")
                                          for i in range(10)})
    columns = table_columns(joined)
    by_key = {column.key: column for column in columns}
    assert by_key["box_longest_mm"].kind is ColumnKind.NUMBER and by_key["box_longest_mm"].title == "Longest box side (mm)"
    assert filter_mask(columns, [RangeFilter("box_longest_mm", 15, 17)]).nonzero()[0].tolist() == [5, 6, 7]
    assert filter_mask(columns, [CategoryFilter("measured_side", ("Left",))]).nonzero()[0].tolist() == [1, 3, 5, 7, 9]


def test_a_column_of_the_table_is_never_replaced():
    made = cohort(20, CT_SeriesInstanceUID=[f"1.2.{i}" for i in range(20)], kernel=["mine"] * 20)
    assert (with_measurements(made, {"1.2.0": measured("1.2.0")}).patients["kernel"] == "mine").all()
