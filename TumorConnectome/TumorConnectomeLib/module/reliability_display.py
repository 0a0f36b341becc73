"""Reliability curves of the probes: in the panel, and as a plot in the scene."""
from __future__ import annotations

from slicer.i18n import tr as _

from ..core.reliability import curves_of
from ..core.result_maps import RELIABILITY
from ..widgets.reliability_plot import ReliabilityPlot
from .result_nodes import find_result, read_result, write_curves


class ReliabilityDisplay:
    """Shows the curves of one model and task.

    Parameters
    ----------
    place : QWidget
        With a layout that takes the plot.
    """

    def __init__(self, place):
        self.plot = ReliabilityPlot(_)
        self._title = ""
        place.layout().addWidget(self.plot)

    def hide(self):
        """Show nothing."""
        self.plot.setCurves("", ())

    def show(self, task: str, model: str, name: str):
        """Show the curves of a task, which people know by `name`, and a model ("": clinical data alone)."""
        node = find_result(RELIABILITY)
        try:
            positive, curves = curves_of(read_result(node)[0], task, model) if node is not None else ("", ())
        except (KeyError, TypeError):                   # the table of the scene was changed by somebody else
            positive, curves = "", ()
        self._title = name if positive.lower() in ("", name.lower()) else f"{name}: {positive}"
        self.plot.setCurves(self._title, curves)

    def writePlot(self):
        """Put the shown curves into the scene; returns the chart, None when nothing is shown."""
        return write_curves(RELIABILITY, self._title, self.plot.curves) if self.plot.curves else None
