"""Shows the selected patient in the panel: clinical data, neighbors, who matched it, pictures."""
from __future__ import annotations

from html import escape

import qt
from slicer.i18n import tr as _

from ..core.connectome import Match
from ..core.data_notes import data_note
from ..core.idc_links import patient_viewer_url
from ..core.patient_summary import clinical_values, matched_by_rows, neighbor_rows, percentile_text
from ..core.row_rules import patients_of
from ..widgets.pair_columns import SAME_PATIENT
from ..widgets.pair_table import PairTable


class PatientDisplay:
    """The patient section of the panel.

    Parameters
    ----------
    ui : namespace
        Child widgets of the panel.
    state : StateController
    pictures : PatientPictures
    onMarked, onClicked, onOpened : callable
        Called with the PatientID of a row that was marked, clicked, or opened for comparison.
    """

    def __init__(self, ui, state, pictures, onMarked, onClicked, onOpened):
        self._ui, self._state, self._pictures = ui, state, pictures
        self._tables = [PairTable(table, onMarked, onOpened, _) for table in (ui.neighborsTable, ui.matchedByTable)]
        for table in self._tables:
            table.onClicked = onClicked
        ui.viewerButton.connect("clicked(bool)", self._onViewerButton)
        self._patientId = ""

    def show(self, parameters):
        """Show the state's patient."""
        ui, graph = self._ui, self._state.connectome
        patient, compared = parameters.selectedPatient, parameters.comparedPatient
        known = patient in graph.patient_ids
        compared = compared if known and compared in graph.patient_ids and compared != patient else ""
        ui.loadButton.enabled = known
        ui.compareButton.enabled = ui.goToButton.enabled = bool(compared)
        self._patientId = patient if known else ""
        if not known:
            self._showNobody(patient)
            return
        node = graph.patient_ids.index(patient)
        facet, cohort = self._state.facetOf(parameters), self._state.cohort
        of_node = patients_of(cohort)
        lists = [find(graph, node, facet, self._state.prepared.analyses, of_node) for find in (neighbor_rows, matched_by_rows)]
        ui.patientLabel.text = f"<b>{escape(patient)}</b>" + (f" ({_('synthetic')})" if cohort.synthetic else "")
        ui.patientDetailsLabel.text = self._details(node, compared, lists)
        note = data_note(cohort, node)
        ui.noticeLabel.text = f"\N{WARNING SIGN} {note}" if note else ""
        ui.noticeLabel.setVisible(bool(note))
        ui.viewerButton.enabled = bool(patient_viewer_url(cohort, node))
        for table, rows in zip(self._tables, lists):
            table.setRows(rows, facet.title if facet else "", graph.distance)
            table.mark(compared)
            table.onOpenViewer = None if cohort.synthetic else self.openViewer
        kind = _("Most similar") if graph.match is Match.MOST else _("Least similar")
        ui.neighborTabs.setTabText(0, f"{kind} ({len(lists[0])})")
        ui.neighborTabs.setTabText(1, _("Matched by ({n})").format(n=len(lists[1])))
        self._pictures.show(patient, lists[0], compared)

    def openViewer(self, patientId):
        """Open a patient's study in the IDC viewer, in the web browser."""
        url = patient_viewer_url(self._state.cohort, self._state.cohort.row_of(patientId))
        if url:
            qt.QDesktopServices.openUrl(qt.QUrl(url))

    def _onViewerButton(self, checked=False):
        if self._patientId:
            self.openViewer(self._patientId)

    def _showNobody(self, patientId):
        ui = self._ui
        ui.patientLabel.text = _("Patient {id} is not in this cohort.").format(id=patientId) if patientId \
            else _("Click a patient in the connectome.")
        ui.patientDetailsLabel.text = ""
        ui.noticeLabel.setVisible(False)
        ui.viewerButton.enabled = False
        for table in self._tables:
            table.setRows([])
        for tab, text in enumerate((_("Neighbors"), _("Matched by"))):
            ui.neighborTabs.setTabText(tab, text)
        self._pictures.show("", [], "")

    def _details(self, node, comparedId, lists):
        graph, rows = self._state.connectome, [row for rows in lists for row in rows]
        links = _("{out} out, {into} in").format(out=int(graph.out_degree[node]), into=int(graph.in_degree[node]))
        values = [*clinical_values(self._state.cohort, node), (_("Links"), links)]
        if same := sum(row.same_patient for row in lists[0]):
            values.append((_("Same patient"), _("{n} of the {k} neighbors are rows of the same patient ({mark})").format(
                n=same, k=len(lists[0]), mark=SAME_PATIENT)))
        table = "".join(f"<tr><td>{escape(name)}:&nbsp;&nbsp;</td><td>{escape(value)}</td></tr>" for name, value in values)
        pair = next((row for row in rows if row.patient_id == comparedId), None)
        text = _("Marked: {id}, {meaning} {distance:.6f}, {percentile}").format(
            id=comparedId, meaning=graph.distance, distance=pair.distance,
            percentile=percentile_text(pair.percentile)) if pair else ""
        return f"<table>{table}</table>" + (f"<p>{escape(text)}</p>" if text else "")
