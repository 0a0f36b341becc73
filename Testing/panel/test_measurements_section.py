"""Measurements in the module: query and match side by side, columns to color and filter by, the whole cohort as a table."""
import numpy as np
import pytest

from TumorConnectomeLib.cohort.column_titles import MEASURED
from TumorConnectomeLib.cohort.filters import RangeFilter, filters_to_text
from TumorConnectomeLib.synthetic.lesion_boxes import lesion_box_lps
from TumorConnectomeLib.synthetic.patients import find_patient
from TumorConnectomeLib.synthetic.phantom import Phantom

#: the same as in other tests: their CTs take a while to make
PATIENT, MATCH = "SYN-001", "SYN-035"


def shown(panel, column):
    table = panel.ui.measurementsTable
    return {table.item(row, 0).text(): table.item(row, column).text() for row in range(table.rowCount)}


def click(button):
    from PySide6 import QtCore, QtTest
    QtTest.QTest.mouseClick(button, QtCore.Qt.MouseButton.LeftButton)


@pytest.fixture
def measured(demo):
    """The demo cohort with two patients measured, now or in an earlier test, and marked as query and match."""
    panel = demo.panel
    panel.ui.measurementsCollapsibleButton.collapsed = False
    if "box_longest_mm" not in panel.state.cohort.patients or \
            panel.state.cohort.patients.loc[[PATIENT, MATCH], "box_longest_mm"].isna().any():
        demo.show_images(PATIENT, MATCH)
    panel.select(PATIENT)
    panel.mark(MATCH)
    return demo


def test_query_and_match_are_measured_when_their_images_are_shown(measured):
    panel = measured.panel
    header = panel.ui.measurementsTable.horizontalHeaderItem
    assert [header(column).text() for column in (1, 2)] == [PATIENT, MATCH]
    for column, patient in ((1, PATIENT), (2, MATCH)):
        texts, tumor = shown(panel, column), find_patient(patient).tumor
        assert texts["Body side (measured)"].lower() == tumor.side
        box = np.ptp(lesion_box_lps(Phantom(find_patient(patient))), axis=0)
        assert float(texts["Longest box side (mm)"].split()[0]) == pytest.approx(box.max(), abs=0.06)
        assert float(texts["Box volume (mL)"].split()[0]) == pytest.approx(box.prod() / 1000, abs=0.006)
        assert texts["Box volume (mL)"].endswith(" mL") and texts["Reconstruction kernel"].startswith("SYNTHETIC")
    assert not panel.ui.measurementsNoteLabel.visible


def test_a_patient_that_was_not_measured_says_so(measured):
    panel = measured.panel
    lengths = panel.state.cohort.patients["box_longest_mm"]
    other = lengths.index[lengths.isna()][0]
    panel.select(other)
    assert set(shown(panel, 1).values()) == {"\N{EN DASH}"}
    assert f"{other}: not measured yet" in panel.ui.measurementsNoteLabel.text


def test_measurements_color_and_filter_the_patients(measured):
    panel = measured.panel
    combo = panel.ui.facetComboBox
    titles = [combo.itemText(index) for index in range(combo.count)]
    assert {column.title for column in MEASURED.values()} <= set(titles)
    panel.set(facet="measured_side")
    coloring = panel.view.canvas.state.coloring
    assert coloring.title == "Body side (measured)" and "Unknown" in coloring.categories
    row = panel.state.cohort.row_of(PATIENT)
    assert coloring.categories[coloring.codes[row]].lower() == find_patient(PATIENT).tumor.side
    spacing = panel.state.cohort.patients.loc[PATIENT, "slice_spacing_mm"]
    panel.set(filters=filters_to_text([RangeFilter("slice_spacing_mm", spacing, spacing)]))
    kept = panel.state.filterMask(panel.parameters)
    assert kept[row] and kept.sum() == (panel.state.cohort.patients["slice_spacing_mm"] == spacing).sum() < len(kept)
    panel.set(filters="", facet="cancer_type")


def test_the_whole_cohort_is_measured_into_a_table_with_units(measured):
    import slicer

    panel = measured.panel
    click(panel.ui.measureCohortButton)
    assert panel.measurements.busy and not panel.ui.measureCohortButton.enabled
    measured.wait(lambda: not panel.measurements.busy)
    assert "of 48 patients measured" in panel.ui.measureStatusLabel.text
    table = slicer.util.getNode("TumorConnectome: measurements").GetTable()
    names = [table.GetColumnName(column) for column in range(table.GetNumberOfColumns())]
    assert {"Box volume (mL)", "Slice thickness (mm)", "Tube voltage (kV)"} <= set(names)
    patients = {table.GetValue(row, 0).ToString() for row in range(table.GetNumberOfRows())}
    assert {PATIENT, MATCH} <= patients


def test_measuring_can_be_stopped_and_begun_again(measured):
    panel = measured.panel
    click(panel.ui.measureCohortButton)
    measured.wait(lambda: panel.ui.measureProgressBar.visible)
    click(panel.ui.measureCancelButton)
    measured.wait(lambda: not panel.measurements.busy)
    assert panel.ui.measureCohortButton.enabled and not panel.ui.measureProgressBar.visible
    click(panel.ui.measureCohortButton)
    measured.wait(lambda: not panel.measurements.busy)
    assert "of 48 patients measured" in panel.ui.measureStatusLabel.text


def test_measurements_are_there_again_with_the_cohort(measured):
    measured.load_cohort()
    assert "measured_side" in measured.panel.state.cohort.facets
