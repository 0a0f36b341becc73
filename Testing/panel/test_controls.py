"""Every control explains itself, and none fails when there is nothing to control."""
import pytest
from at_rest import process_events
from PySide6 import QtCore, QtTest, QtWidgets

CONTROLS = (QtWidgets.QAbstractButton, QtWidgets.QComboBox, QtWidgets.QAbstractSpinBox, QtWidgets.QLineEdit,
            QtWidgets.QTableWidget)


def controls(panel):
    """The panel's own controls: those that the .ui file names."""
    ours = {name: widget for name, widget in vars(panel.ui).items() if name[0].islower() and not name.startswith("qt_")}
    return {name: widget for name, widget in ours.items() if isinstance(widget, CONTROLS)}


def test_every_control_has_a_tooltip_and_an_accessible_name(demo):
    silent = [name for name, widget in controls(demo.panel).items() if not widget.toolTip or not widget.accessibleName]
    assert not silent


def test_no_section_asks_for_more_than_the_width_of_the_panel(demo):
    """With any section open: a wider one would be cut at its right edge."""
    import slicer

    whole = slicer.modules.TumorConnectomeWidget.uiWidget
    area = next(area for area in demo.window.findChildren(QtWidgets.QScrollArea) if area.isAncestorOf(whole))
    buttons = [widget for name, widget in vars(demo.panel.ui).items() if name.endswith("CollapsibleButton")]
    before = [button.collapsed for button in buttons]
    demo.panel.select(demo.panel.state.cohort.patient_ids[0])
    for button in buttons:
        button.collapsed = False
    demo.settle()
    wide = {button.objectName: button.minimumSizeHint.width() for button in buttons}
    width, whole_width = area.viewport().width, area.widget().minimumSizeHint.width()
    for button, collapsed in zip(buttons, before):
        button.collapsed = collapsed
    demo.settle()
    assert len(wide) > 10 and max(wide.values()) > 300
    assert whole_width <= width, wide


def test_the_tab_key_goes_down_the_panel(demo):
    """No control that the tab key reaches lies above the one before it."""
    import slicer

    window, own = demo.window, set(controls(demo.panel).values())
    whole = slicer.modules.TumorConnectomeWidget.uiWidget       # the panel scrolls to what has the focus
    first = demo.panel.ui.loadCohortButton
    first.setFocus()
    places, reached = [], set()
    while True:
        QtTest.QTest.keyClick(window.focusWidget(), QtCore.Qt.Key.Key_Tab)
        widget = window.focusWidget()
        if widget is first or widget in reached:
            break
        reached.add(widget)
        if widget in own:
            places.append(widget.mapTo(whole, QtCore.QPoint(0, 0)).y())
    assert widget is first
    steps = [after - before for before, after in zip(places, places[1:])]
    assert len(places) > 12 and sum(step < -5 for step in steps) <= 1


@pytest.fixture
def unloaded(demo):
    """The panel as it is before any cohort was loaded."""
    panel = demo.panel
    prepared, source = panel.state.prepared, panel.state.source
    panel.state.prepared = panel.state.connectome = None
    panel.view.setConnectome(None, None)
    yield demo
    panel.state.setPrepared(prepared, source)


def test_nothing_fails_without_a_cohort(unloaded):
    panel, view = unloaded.panel, unloaded.panel.view
    for key in ("M", "Slash", "C", "Return", "Down", "L", "Space", "Escape", "Home", "G"):
        QtTest.QTest.keyClick(view, getattr(QtCore.Qt.Key, f"Key_{key}"))
    QtTest.QTest.keyClicks(panel.ui.searchLineEdit, "abc")
    QtTest.QTest.keyClick(panel.ui.searchLineEdit, QtCore.Qt.Key.Key_Return)
    panel.ui.searchLineEdit.clear()
    for name in ("fitButton", "viewerButton", "copyGroupButton", "clearGroupButton"):
        QtTest.QTest.mouseClick(getattr(panel.ui, name), QtCore.Qt.MouseButton.LeftButton)
    panel.exporter.save("picture.png")
    assert "nothing to export" in panel.ui.exportStatusLabel.text


def test_changes_while_nodes_are_gliding(demo, monkeypatch):
    monkeypatch.setattr("TumorConnectomeLib.widgets.movement._GLIDE_SECONDS", 0.5)
    panel = demo.panel
    assert panel.parameters.animated
    for model in (*panel.state.cohort.models[1:], *panel.state.cohort.models):
        panel.set(model=model)
        assert panel.view.canvas.moving
        process_events()                                # one frame, not all of them
        panel.select(panel.state.cohort.patient_ids[3])
        panel.set(neighborCount=4)
        panel.set(neighborCount=5)
    demo.settle()
    assert panel.view.selected == panel.state.cohort.patient_ids[3]


def test_numbers_color_the_patients_in_steps_quartiles_or_continuously(demo):
    from TumorConnectomeLib.panel.parameters import NumberColors

    panel = demo.panel
    combo, coloring = panel.ui.numberColorsComboBox, lambda: panel.view.canvas.state.coloring
    panel.set(facet="age")
    assert combo.visible and coloring().scale is None and "65-69" in coloring().categories
    for value, shown in ((NumberColors.CONTINUOUS, lambda: coloring().scale is not None),
                         (NumberColors.QUARTILES, lambda: coloring().title == "Age (years), quartiles")):
        combo.currentIndex = combo.findText(value.label())
        assert panel.parameters.numberColors is value and shown()
    panel.set(facet="sex")
    assert not combo.visible and coloring().title == "Sex"
