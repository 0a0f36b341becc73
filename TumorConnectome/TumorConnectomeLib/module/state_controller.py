"""Keeps the connectome view and the patient panel in step with the state in the parameter node."""
from __future__ import annotations

from html import escape

from slicer.i18n import tr as _

from ..core.analysis import connectome
from ..core.coloring import coloring_of, single_coloring
from ..core.connectome import Match
from ..core.patient_summary import clinical_values, matched_by_rows, neighbor_rows, percentile_text
from ..core.prepared import PreparedCohort


class StateController:
    """Draws the state; changes nothing but widgets.

    Parameters
    ----------
    ui : namespace
        Child widgets of the panel.
    view : ConnectomeView
    neighborsTable, matchedByTable : PairTable
    """

    def __init__(self, ui, view, neighborsTable, matchedByTable):
        self._ui, self._view = ui, view
        self._neighborsTable, self._matchedByTable = neighborsTable, matchedByTable
        self._prepared: PreparedCohort | None = None
        self._drawn, self.connectome, self.source = None, None, None

    @property
    def cohort(self):
        """The loaded Cohort or None."""
        return self._prepared.cohort if self._prepared else None

    def setPrepared(self, prepared: PreparedCohort, source: str):
        """Take the cohort of a data folder ("" for the demo cohort); the caller then calls `update`."""
        self._prepared, self._drawn, self.source = prepared, None, source
        self._ui.bannerLabel.setVisible(prepared.cohort.synthetic)
        self._ui.bannerLabel.text = "<b>{}</b> {}".format(
            _("Synthetic demo cohort."), _("Made-up patients and images; nothing here is clinical data.")) \
            if prepared.cohort.synthetic else ""

    def update(self, parameters):
        """Show the state of a TumorConnectomeParameterNode."""
        if self._prepared is None:
            return
        cohort = self._prepared.cohort
        model = parameters.model if parameters.model in cohort.models else cohort.models[0]
        facet = parameters.facet if parameters.facet in cohort.facets else next(iter(cohort.facets), "")
        analysis = self._prepared.analyses[model]
        k = min(parameters.neighborCount, analysis.largest_k)
        graph_key, color_key = (model, parameters.match, k), facet
        coloring = coloring_of(cohort.facets[facet]) if facet else single_coloring(len(cohort.patients))
        if self._drawn is None or self._drawn[0] != graph_key:
            known = self._drawn is not None
            self.connectome = connectome(cohort, analysis, model, parameters.match, k)
            title, subtitle = self._title(cohort, model, parameters.match, k)
            self._view.setTitle(title, subtitle, _("SYNTHETIC DATA") if cohort.synthetic else "")
            self._view.setConnectome(self.connectome, coloring, animate=known)
        elif self._drawn[1] != color_key:
            self._view.setColoring(coloring)
        self._drawn = graph_key, color_key
        self._view.setSelected(parameters.selectedPatient or None)
        self._view.setCompared(parameters.comparedPatient or None)
        self._showPatient(parameters.selectedPatient, parameters.comparedPatient)

    def tooltip(self, patientId):
        """Tooltip of a patient as HTML."""
        if self.connectome is None or patientId not in self.connectome.patient_ids:
            return ""
        node = self.connectome.patient_ids.index(patientId)
        values = [(_("Connections"), str(int(self.connectome.degree[node]))), *clinical_values(self.cohort, node)]
        rows = "".join(f"<tr><td>{escape(name)}&nbsp;</td><td>{escape(value)}</td></tr>" for name, value in values)
        synthetic = f"<br><i>{_('synthetic')}</i>" if self.cohort.synthetic else ""
        return f"<b>{escape(patientId)}</b>{synthetic}<table>{rows}</table>"

    def _title(self, cohort, model, match, k):
        kind = _("{k} most similar patients of each") if match is Match.MOST else _("{k} least similar patients of each")
        return (_("{model}: {kind}").format(model=model, kind=kind.format(k=k)),
                _("{cohort}, {n} patients, cosine distance").format(cohort=cohort.name, n=len(cohort.patients)))

    def _showPatient(self, patientId, comparedId):
        ui = self._ui
        known = patientId in self.connectome.patient_ids
        ui.loadButton.enabled = known
        compared = known and comparedId in self.connectome.patient_ids and comparedId != patientId
        ui.compareButton.enabled = ui.goToButton.enabled = compared
        if not known:
            ui.patientLabel.text = _("Patient {id} is not in this cohort.").format(id=patientId) if patientId \
                else _("Click a patient in the connectome.")
            ui.patientDetailsLabel.text = ""
            self._neighborsTable.setRows([])
            self._matchedByTable.setRows([])
            return
        node = self.connectome.patient_ids.index(patientId)
        neighbors, matched = neighbor_rows(self.connectome, node), matched_by_rows(self.connectome, node)
        ui.patientLabel.text = f"<b>{escape(patientId)}</b>" + (f" ({_('synthetic')})" if self.cohort.synthetic else "")
        ui.patientDetailsLabel.text = self._details(node, comparedId if compared else "", neighbors, matched)
        self._neighborsTable.setRows(neighbors)
        self._matchedByTable.setRows(matched)
        kind = _("Most similar") if self.connectome.match is Match.MOST else _("Least similar")
        ui.neighborTabs.setTabText(0, f"{kind} ({len(neighbors)})")
        ui.neighborTabs.setTabText(1, _("Matched by ({n})").format(n=len(matched)))
        self._neighborsTable.mark(comparedId)
        self._matchedByTable.mark(comparedId)

    def _details(self, node, comparedId, neighbors, matched):
        rows = "".join(f"<tr><td>{escape(name)}:&nbsp;&nbsp;</td><td>{escape(value)}</td></tr>"
                       for name, value in clinical_values(self.cohort, node))
        pair = next((row for row in [*neighbors, *matched] if row.patient_id == comparedId), None)
        text = _("Marked: {id}, cosine distance {distance:.6f}, {percentile}").format(
            id=comparedId, distance=pair.distance, percentile=percentile_text(pair.percentile)) if pair else ""
        return f"<table>{rows}</table>" + (f"<p>{escape(text)}</p>" if text else "")
