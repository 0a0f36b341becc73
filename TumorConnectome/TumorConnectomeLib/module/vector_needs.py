"""What needs the vectors of a cohort, and is off with a reason when only its neighbor lists are known."""
from slicer.i18n import tr as _

from ..core.cohort import Cohort

#: widgets that start something for which neighbor lists are not enough
_NEED_VECTORS = ("repairComboBox", "mapComboBox", "evaluateButton", "queryVectorEdit", "queryFileButton", "queryButton")


def missing_vectors_text() -> str:
    """What the user is told about a cohort without vectors."""
    return _("Opened from neighbor lists, without the vectors: graph, lists, consensus, groups and images work; repair, maps, "
             "evaluation and queries by vector are off.")


class VectorNeeds:
    """Turns on and off what needs vectors.

    Parameters
    ----------
    ui : namespace
        The panel's widgets.
    """

    def __init__(self, ui):
        self._widgets = [(widget, widget.toolTip) for widget in (getattr(ui, name) for name in _NEED_VECTORS)]

    def show(self, cohort: Cohort):
        """Follow what a cohort has."""
        for widget, tip in self._widgets:
            widget.enabled = cohort.has_vectors
            widget.toolTip = tip if cohort.has_vectors else missing_vectors_text()
