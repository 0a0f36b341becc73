"""Writes what is shown to files: the picture of the graph, neighbors and layout as CSV, the graph as GraphML."""
from __future__ import annotations

import pathlib

import qt
from slicer.i18n import tr as _

from ..base.errors import InputError, TumorConnectomeError
from ..base.files import atomic_file
from ..connectome.graph_export import graphml, layout_csv, neighbors_csv, patients_csv
from ..widgets.graph_export import export_picture
from ..widgets.texts import show_text

#: kind -> (title, file name ending)
KINDS = {"png": ("Picture (PNG)", "png"), "svg": ("Picture (SVG)", "svg"), "pdf": ("Picture (PDF)", "pdf"),
         "neighbors": ("Neighbors (CSV)", "csv"), "layout": ("Layout and patients (CSV)", "csv"),
         "group": ("Patients of the group (CSV)", "csv"), "graphml": ("Graph (GraphML)", "graphml")}
_PICTURES = ("png", "svg", "pdf")


class ExportController:
    """The export section of the panel.

    Parameters
    ----------
    ui : namespace
        Child widgets of the panel.
    view : ConnectomeView
    state : Session
    """

    def __init__(self, ui, view, state):
        self._ui, self._view, self._state = ui, view, state
        ui.exportKindComboBox.addItems([_(title) for title, _ending in KINDS.values()])
        ui.exportKindComboBox.connect("currentIndexChanged(int)", self._onKind)
        ui.exportButton.connect("clicked(bool)", self._onExport)

    @property
    def kind(self) -> str:
        """The chosen key of KINDS."""
        return list(KINDS)[self._ui.exportKindComboBox.currentIndex]

    def export(self, kind, path):
        """Write one file, in one step; raises TumorConnectomeError or OSError."""
        graph, cohort = self._state.connectome, self._state.cohort
        if graph is None:
            raise InputError(_("there is nothing to export"), expected=_("a loaded cohort"))
        if kind in _PICTURES:
            content = export_picture(self._view, kind, self._ui.exportWidthSpinBox.value, self._ui.exportHeightSpinBox.value)
        else:
            text = {"neighbors": lambda: neighbors_csv(graph, cohort.node_patients),
                    "layout": lambda: layout_csv(graph, cohort),
                    "group": lambda: patients_csv(cohort, self._group()),
                    "graphml": lambda: graphml(graph, cohort)}[kind]()
            content = text.encode("utf-8")
        with atomic_file(path) as stream:
            stream.write(content)

    def _group(self):
        if not self._view.group:
            raise InputError(_("no group is selected"), expected=_("a lasso around patients (Shift + drag)"))
        return self._view.group

    def _onKind(self, index):
        for widget in (self._ui.exportWidthSpinBox, self._ui.exportHeightSpinBox):
            widget.enabled = self.kind in _PICTURES

    def _onExport(self, checked=False):
        title, ending = KINDS[self.kind]
        model = self._state.connectome.model if self._state.connectome else "connectome"
        path = qt.QFileDialog.getSaveFileName(self._ui.exportButton, _(title), f"{model}.{ending}", f"*.{ending}")
        if path:
            self.save(path)

    def save(self, path):
        """Export the chosen kind to a path, and say what happened in the panel."""
        try:
            self.export(self.kind, path)
        except (TumorConnectomeError, OSError) as error:
            text = f"{path}: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)
            show_text(self._ui.exportStatusLabel, f"\N{WARNING SIGN} {text}")
        else:
            show_text(self._ui.exportStatusLabel, _("Written: {path}").format(path=pathlib.Path(path)))
