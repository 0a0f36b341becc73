"""Runs evaluations in the panel and reads what they leave in the scene."""
from gestures import click
from PySide6 import QtCore, QtTest

PERMUTATIONS = 20


def kinds():
    """What the module's own library calls the results; the module may have been loaded anew."""
    from TumorConnectomeLib.presentation.result_maps import ResultKind
    return ResultKind


def press(widget):
    QtTest.QTest.mouseClick(widget, QtCore.Qt.MouseButton.LeftButton)


def run(demo, **values):
    """Choose an evaluation, press Run, wait; returns the heat map."""
    panel = demo.panel
    panel.set(**values)
    press(panel.ui.evaluateButton)
    assert panel.evaluate.busy, panel.ui.evaluateStatusLabel.text
    demo.wait(lambda: not panel.evaluate.busy)
    demo.settle()
    return panel.evaluate.heatMap.heatMap


def show(demo, metric):
    """Choose a figure of the heat map by its title."""
    combo = demo.panel.ui.evaluateMetricComboBox
    combo.setFocus()
    QtTest.QTest.keyClick(combo, QtCore.Qt.Key.Key_Home)
    for _step in range(combo.count):
        if combo.currentText == metric:
            return demo.panel.evaluate.heatMap.heatMap
        QtTest.QTest.keyClick(combo, QtCore.Qt.Key.Key_Down)
    raise AssertionError(f"no figure {metric!r}")


def derived(demo):
    """Wait for repaired neighbors or the consensus; returns the state."""
    demo.wait(lambda: not demo.panel.derived.busy)
    demo.settle()
    return demo.panel.state


def nodes(kind):
    """Nodes of the scene by name."""
    import slicer
    return {node.GetName(): node for node in slicer.util.getNodesByClass(kind)}


def shown_views():
    """The plot view node and the table view node of the present layout; there may be others that were shown before."""
    import slicer
    manager = slicer.app.layoutManager()
    plots = [manager.plotWidget(number) for number in range(manager.plotViewCount)]
    tables = [manager.tableWidget(number) for number in range(manager.tableViewCount)]
    (plot,), (table,) = ([view for view in views if manager.viewport().isAncestorOf(view)] for views in (plots, tables))
    return plot.mrmlPlotViewNode(), table.mrmlTableViewNode()


def column(node, name):
    """Values of a column of a table node."""
    array = node.GetTable().GetColumnByName(name)
    return [array.GetValue(row) for row in range(array.GetNumberOfValues())]


def click_cell(panel, row, name):
    widget = panel.evaluate.heatMap
    click(widget, *widget.cellCenter(row, name))


def tick(checkList, key):
    """Click the check box of a name."""
    rows = [row for row in range(checkList.widget.count) if checkList.choices[row] == key]
    listed = checkList.widget
    listed.setCurrentRow(rows[0])
    listed.setFocus()
    QtTest.QTest.keyClick(listed, QtCore.Qt.Key.Key_Space)


def embeddings_of(panel):
    """The vectors of the loaded cohort by model, which only workers read."""
    from TumorConnectomeLib.connectome.prepared import read_prepared

    return read_prepared(panel.cohort.loader.path).cohort.embeddings
