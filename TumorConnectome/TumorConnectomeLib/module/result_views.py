"""Shows a plot and a table of results in Slicer's own views, beside the connectome."""
from __future__ import annotations

import slicer

from ..imaging.view_layouts import RESULTS_LAYOUT, show_layout


def show_results(chart, table) -> None:
    """Show a plot chart node and a table node in the layout that has a view for each.

    As Slicer's own modules do, it makes them the active ones of the application: every plot and table view shows them.
    """
    show_layout(RESULTS_LAYOUT)
    logic = slicer.app.applicationLogic()
    selection = logic.GetSelectionNode()
    selection.SetActivePlotChartID(chart.GetID())
    selection.SetActiveTableID(table.GetID())
    logic.PropagatePlotChartSelection()
    logic.PropagateTableSelection()


def results_are_shown() -> bool:
    """Whether the layout with plot and table is the current one."""
    manager = slicer.app.layoutManager()
    return bool(manager) and manager.layout == RESULTS_LAYOUT
