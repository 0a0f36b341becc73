"""Reliability curves of the probes: in the panel, and as a plot in the scene."""
from __future__ import annotations

from slicer.i18n import tr as _

from ..core.reliability import curves_of
from ..core.result_maps import RELIABILITY
from ..widgets.reliability_plot import ReliabilityPlot
from .result_nodes import find_result, read_result
from .result_plots import write_curves


class ReliabilityDisplay:
    """Shows the curves of one model and task.

    Parameters
    ----------
    place : QWidget
        With a layout that takes the plot.
    """

    def __init__(self, place):
        self.plot = ReliabilityPlot(_)
        self._title, self._synthetic = "", False
        place.layout().addWidget(self.plot)

    def hide(self):
        """Show nothing."""
        self.plot.setCurves("", ())

    def show(self, task: str, model: str, name: str):
        """Show the curves of a task, which people know by `name`, and a model ("": clinical data alone)."""
        node = find_result(RELIABILITY)
        try:
            records, facts = read_result(node) if node is not None else ([], {})
            positive, curves = curves_of(records, task, model)
        except (KeyError, TypeError):                   # the table of the scene was changed by somebody else
            positive, curves, facts = "", (), {}
        self._title = name if positive.lower() in ("", name.lower()) else f"{name}: {positive}"
        self._synthetic = bool(facts.get("synthetic"))
        self.plot.setCurves(self._title, curves)

    def writePlot(self):
        """Put the shown curves into the scene; returns the chart, None when nothing is shown."""
        return write_curves(RELIABILITY, _("Calibration: {title}").format(title=self._title), self.plot.curves,
                            self._synthetic) if self.plot.curves else None
