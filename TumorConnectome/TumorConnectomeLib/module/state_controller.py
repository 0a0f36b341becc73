"""Keeps the connectome view in step with the state in the parameter node."""
from __future__ import annotations

from dataclasses import replace
from html import escape

from slicer.i18n import tr as _

from ..core.analysis import connectome
from ..core.coloring import coloring_of, single_coloring
from ..core.column_facets import quantile_facet
from ..core.connectome import Match
from ..core.data_notes import data_note
from ..core.errors import InputError
from ..core.filters import filter_mask, filters_from_text, usable_filters
from ..core.patient_summary import clinical_values
from ..core.prepared import PreparedCohort
from ..core.structure.consensus import with_consensus
from ..core.structure.maps import MapKind
from ..core.structure.repairs import Repair
from ..core.table_columns import table_columns
from .cohort_text import size_text
from .derived_analyses import Shown
from .json_list import list_from_text
from .map_positions import Placed
from .parameters import NumberColors


class StateController:
    """Draws the state in the view; changes nothing but the view.

    Parameters
    ----------
    view : ConnectomeView
    pictureOf : callable
        Path of a patient's thumbnail on this machine by row, or None.

    Attributes
    ----------
    prepared : PreparedCohort or None
        The cohort with the neighbor lists that are shown, repaired or not.
    shown : Shown or None
        Which these are.
    choose : callable
        Called with a Repair and a model; gives what can be shown of them (see `DerivedAnalyses.choose`).
    place : callable
        Called with what is shown and a MapKind; gives the map that can be shown (see `MapPositions.choose`).
    placed : Placed or None
        The map that is shown.
    """

    def __init__(self, view, pictureOf=lambda node: None):
        self._view, self._pictureOf = view, pictureOf
        self.prepared: PreparedCohort | None = None
        self.connectome, self.source, self.columns, self.filterProblem = None, None, [], ""
        self._drawn, self._titled, self.shown, self.placed = None, None, None, None
        self.choose, self.place = self._original, self._layout
        view.setNodeInfo(self.tooltip)

    @property
    def cohort(self):
        """The loaded Cohort or None."""
        return self.prepared.cohort if self.prepared else None

    def setPrepared(self, prepared: PreparedCohort, source: str):
        """Take the cohort of a data folder ("" for the demo cohort); the caller then calls `update`."""
        self.prepared, self._drawn, self._titled, self.source, self.shown = prepared, None, None, source, None
        self.columns = table_columns(prepared.cohort)

    def useCohort(self, cohort):
        """Take the same patients and models with other columns or facets; the caller then calls `update`."""
        self.prepared, self.columns = PreparedCohort(cohort, self.prepared.analyses), table_columns(cohort)

    def facetOf(self, parameters):
        """The chosen Facet, the cohort's first one if it has no such facet, None if it has none at all.

        One of numbers is in bins as the state wants it.
        """
        facets = self.cohort.facets
        facet = facets.get(parameters.facet) or next(iter(facets.values()), None)
        return quantile_facet(facet) if facet and parameters.numberColors is NumberColors.QUARTILES else facet

    def modelOf(self, parameters) -> str:
        """The chosen model or consensus, or the cohort's first model."""
        return parameters.model if parameters.model in with_consensus(self.cohort.models) else self.cohort.models[0]

    def _original(self, repair, model):
        """The models as they are."""
        analyses = self.prepared.analyses
        return Shown(Repair.NONE, model, analyses, analyses[model])

    @staticmethod
    def _layout(shown, _kind):
        """The neighbor layout, not measured."""
        return Placed(MapKind.NEIGHBORS, shown.analysis.positions)

    def update(self, parameters):
        """Show the state of a TumorConnectomeParameterNode."""
        if self.prepared is None:
            return
        view, facet = self._view, self.facetOf(parameters)
        self.shown = shown = self.choose(parameters.repair, self.modelOf(parameters))
        if self.prepared.analyses is not shown.analyses:
            self.prepared = PreparedCohort(self.cohort, shown.analyses)
        k = min(parameters.neighborCount, shown.analysis.largest_k)
        self.placed = placed = self.place(shown, parameters.map)
        graph_key, color_key = (shown.repair, shown.model, parameters.match, k, placed.kind), (
            parameters.numberColors, self.cohort.facets[facet.key] if facet else None)
        view.setAnimated(parameters.animated)
        coloring = coloring_of(facet, parameters.numberColors is NumberColors.CONTINUOUS) if facet \
            else single_coloring(len(self.cohort.patients))
        if self._drawn is None or self._drawn[0] != graph_key:
            graph = connectome(self.cohort, shown.analysis, shown.model, parameters.match, k, shown.distance)
            self.connectome = replace(graph, positions=placed.positions)
        title = *self._title(shown, parameters.match, k), _("SYNTHETIC DATA") if self.cohort.synthetic else ""
        if title != self._titled:
            view.setTitle(*title)
            self._titled = title
        if self._drawn is None or self._drawn[0] != graph_key:
            view.setConnectome(self.connectome, coloring, animate=self._drawn is not None)
        if self._drawn is None or self._drawn[1] != color_key:
            view.setColoring(coloring)
        self._drawn = graph_key, color_key
        self._showMarks(parameters)

    def _showMarks(self, parameters):
        """Everything of the state that is drawn on top of the graph; the view is told only what changes."""
        view = self._view
        for value, shown, show in (
                (parameters.selectedPatient or None, view.selected, view.setSelected),
                (parameters.comparedPatient or None, view.compared, view.setCompared),
                (set(list_from_text(parameters.hiddenCategories)), view.hiddenCategories, view.setHiddenCategories),
                (set(list_from_text(parameters.group)), set(view.group), view.setGroup)):
            if value != shown:
                show(value)
        view.setEdgeMode(parameters.edges.value)
        view.setFilter(self.filterMask(parameters))

    def filterMask(self, parameters):
        """bool array, shape (N,): the patients that pass the filters; None without filters."""
        self.filterProblem = ""
        try:
            filters, unusable = usable_filters(self.columns, filters_from_text(parameters.filters))
        except InputError as error:
            self.filterProblem = str(error)
            return None
        if unusable:
            self.filterProblem = _("{n} filters do not fit this cohort and are not used.").format(n=len(unusable))
        return filter_mask(self.columns, filters) if filters else None

    def tooltip(self, patientId):
        """Tooltip of a patient as HTML."""
        if self.connectome is None or patientId not in self.connectome.patient_ids:
            return ""
        node = self.connectome.patient_ids.index(patientId)
        values = [(_("Connections"), str(int(self.connectome.degree[node]))), *clinical_values(self.cohort, node)]
        rows = "".join(f"<tr><td>{escape(name)}&nbsp;</td><td>{escape(value)}</td></tr>" for name, value in values)
        remarks = [_("synthetic")] if self.cohort.synthetic else []
        remarks += [_("doubtful CT, see the panel")] if data_note(self.cohort, node) else []
        remark = "".join(f"<br><i>{escape(text)}</i>" for text in remarks)
        path = self._pictureOf(node)
        picture = f'<img src="{escape(str(path))}" width="160">' if path else ""
        return f"<b>{escape(patientId)}</b>{remark}<table>{rows}</table>{picture}"

    def _title(self, shown, match, k):
        kind = _("{k} most similar patients of each") if match is Match.MOST else _("{k} least similar patients of each")
        return (_("{model}: {kind}").format(model=shown.name, kind=kind.format(k=k)),
                _("{cohort}, {size}, {distance}. {map}").format(
                    cohort=self.cohort.name, size=size_text(self.cohort), distance=shown.distance, map=self.placed.text()))
