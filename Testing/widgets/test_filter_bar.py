"""The filter bar with real keys and clicks."""
import cohort_factory
import pytest

from TumorConnectomeLib.cohort.filters import CategoryFilter, RangeFilter, TextFilter, filter_mask
from TumorConnectomeLib.cohort.table_columns import table_columns

COHORT = cohort_factory.cohort(6, age=[55, 60, 61, None, 70, 74], sex=["M", "F", "", "F", "M", "M"],
                               stage_code=[0, 1, 0, 6, None, 2], size_mm=["12.5", "8", "9.25", "30", "9", "11"])


@pytest.fixture
def bar(host):
    """A shown bar; the filters it tells of are in `bar.told`."""
    from TumorConnectomeLib.widgets.filter_bar import FilterBar

    bar = FilterBar()
    bar.told = []
    bar.onFiltersChanged = bar.told.append
    bar.setColumns(table_columns(COHORT))
    bar.resize(340, 400)
    bar.show()
    bar.activateWindow()
    host.processEvents()
    yield bar
    bar.close()
    bar.deleteLater()


def offered(bar):
    return [action.text for action in bar._menu.actions()]


def add(bar, title):
    """Choose a column in the menu with the keyboard."""
    from widget_hands import key

    bar._menu.popup(bar.mapToGlobal(bar.rect.topLeft()))
    for _ in range(offered(bar).index(title) + 1):
        key(bar._menu, "Down")
    key(bar._menu, "Return")


def editor(bar, number=0):
    return bar._rows[number]._editor


def press_space(listed, row):
    from widget_hands import key
    listed.setCurrentRow(row)
    key(listed, "Space")


def test_a_filter_is_added_by_column_and_keeps_everybody_at_first(bar):
    assert offered(bar) == ["Age (years)", "Sex", "Stage (AJCC 6th edition)", "size_mm", "PatientID"]
    add(bar, "Age (years)")
    assert bar.told == [[RangeFilter("age", 55, 74, True)]]
    assert filter_mask(table_columns(COHORT), bar.filters).all()
    assert offered(bar) == ["Sex", "Stage (AJCC 6th edition)", "size_mm", "PatientID"]


def test_a_range_is_typed(bar, host):
    from widget_hands import key, write

    add(bar, "Age (years)")
    low = editor(bar)._low
    low.setFocus()
    low.selectAll()
    write(low, "60")
    assert len(bar.told) == 1                           # not at every digit
    key(low, "Return")
    assert bar.told[-1] == [RangeFilter("age", 60, 74, True)]


def test_unknown_values_are_left_out_by_a_click(bar, host):
    from widget_hands import click

    add(bar, "Age (years)")
    host.processEvents()
    box = editor(bar)._missing
    click(box, (8, box.height / 2))
    assert bar.told[-1] == [RangeFilter("age", 55, 74, False)]
    assert box.toolTip == "Keep the 1 patients without a value"


def test_a_column_without_unknown_values_has_no_such_box(bar):
    add(bar, "size_mm")
    assert editor(bar)._missing is None and bar.told == [[RangeFilter("size_mm", 8, 30, False)]]


def test_limits_are_never_rounded_inwards(bar):
    columns = table_columns(cohort_factory.cohort(4, size_mm=["0.123456789", "3.7", "9.99999999", "5"]))
    bar.setColumns(columns)
    add(bar, "size_mm")
    assert filter_mask(columns, bar.filters).all()


def test_values_are_checked_by_the_space_bar_and_the_mouse(bar, host):
    from widget_hands import click

    add(bar, "Sex")
    host.processEvents()
    listed = editor(bar).widget
    assert [listed.item(row).text() for row in range(3)] == ["Female (2)", "Male (3)", "Unknown (1)"]
    press_space(listed, 0)
    assert bar.told[-1] == [CategoryFilter("sex", ("M", ""))]
    where = listed.visualItemRect(listed.item(2))
    click(listed.viewport(), (where.left() + 10, where.center().y()))
    assert bar.told[-1] == [CategoryFilter("sex", ("M",))]
    press_space(listed, 0)
    assert bar.told[-1] == [CategoryFilter("sex", ("F", "M"))]


def test_text_filters_at_every_letter(bar):
    from widget_hands import write

    add(bar, "PatientID")
    write(editor(bar).widget, "p00")
    assert bar.told[-1] == [TextFilter("PatientID", "p00")] and len(bar.told) == 4


def test_several_filters_are_told_in_order_and_one_is_removed(bar, host):
    from widget_hands import click

    for title in ("Sex", "PatientID", "Age (years)"):
        add(bar, title)
    assert [one.column for one in bar.told[-1]] == ["sex", "PatientID", "age"]
    host.processEvents()
    remove = [child for child in bar._rows[1].widget.children()
              if getattr(child, "toolTip", "") == "Remove the filter by PatientID"]
    click(remove[0])
    assert [one.column for one in bar.told[-1]] == ["sex", "age"] == [one.column for one in bar.filters]
    assert "PatientID" in offered(bar)


def test_clear_removes_all(bar, host):
    from widget_hands import click

    add(bar, "Sex")
    bar.setCount(5, 6)
    assert bar._count.text == "5 of 6 patients" and bar._clear.visible
    click(bar._clear)
    assert bar.told[-1] == [] == bar.filters and not bar._clear.visible and bar._count.text == ""


def test_filters_of_the_state_are_shown_without_a_call(bar, host):
    given = [RangeFilter("age", 60, 70, False), CategoryFilter("stage_code", ("0", "6")), TextFilter("PatientID", "P")]
    bar.setFilters([*given, RangeFilter("weight", 1, 2)])
    assert bar.filters == given and bar.told == []
    listed = editor(bar, 1).widget
    assert [listed.item(row).text() for row in range(listed.count) if int(listed.item(row).checkState().value)] == [
        "IA (2)", "IV (1)"]


def test_the_same_filters_again_leave_the_editors_and_the_focus_alone(bar, host):
    from widget_hands import write

    bar.onFiltersChanged = lambda filters: (bar.told.append(filters), bar.setFilters(filters))
    add(bar, "PatientID")
    line = editor(bar).widget
    write(line, "P0")
    assert editor(bar).widget is line and line.text == "P0"
    open_end = [RangeFilter("age", low=60)]
    bar.setFilters(open_end)
    spin = editor(bar)._low
    bar.setFilters(open_end)
    assert editor(bar)._low is spin


def test_another_cohort_drops_what_it_does_not_have(bar):
    bar.setFilters([RangeFilter("age", 60, 70), TextFilter("PatientID", "P")])
    bar.setColumns(table_columns(cohort_factory.cohort(3, sex=["M", "F", "M"])))
    assert bar.filters == [TextFilter("PatientID", "P")] and offered(bar) == ["Sex"] and bar.told == []


@pytest.mark.parametrize("title", ["Age (years)", "Sex", "PatientID"])
def test_the_new_editor_gets_the_keyboard(bar, title):
    import qt

    add(bar, title)
    widget = editor(bar).widget
    assert qt.QApplication.focusWidget() == (widget.focusProxy() or widget)


def test_every_control_has_a_name_for_screen_readers(bar, host):
    from PySide6 import QtWidgets

    for title in list(offered(bar)):
        add(bar, title)
    host.processEvents()
    kinds = (QtWidgets.QAbstractSpinBox, QtWidgets.QCheckBox, QtWidgets.QListWidget, QtWidgets.QToolButton, QtWidgets.QLineEdit)
    children = [child for row in bar._rows for child in row.widget.findChildren(QtWidgets.QWidget)]
    controls = [child for child in children if isinstance(child, kinds) and child.focusPolicy
                and not child.objectName.startswith("qt_")]
    assert len(controls) >= 5 + 5 and all(widget.accessibleName and widget.toolTip for widget in controls)
    assert not bar._add.enabled


def test_without_a_cohort_nothing_can_be_added(host):
    from TumorConnectomeLib.widgets.filter_bar import FilterBar
    bar = FilterBar()
    assert bar.filters == [] and not bar._add.enabled
    bar.setFilters([RangeFilter("age", 1, 2)])
    bar.setCount(0, 0)
    assert bar.filters == []
    bar.deleteLater()


def test_a_narrow_bar_cuts_nothing_off(bar, host):
    for title in list(offered(bar)):
        add(bar, title)
    bar.resize(300, bar.sizeHint.height())
    host.processEvents()
    assert bar.minimumSizeHint.width() <= 300
    bottoms = [row.widget.geometry.bottom() for row in bar._rows]
    tops = [row.widget.geometry.top() for row in bar._rows]
    assert all(bottom < top for bottom, top in zip(bottoms, tops[1:])) and bottoms[-1] < bar.height
