"""What is loaded and shown: the cohort, the neighbor lists, the map and the connectome that the state asks for."""
from __future__ import annotations

from dataclasses import replace

from slicer.i18n import tr as _

from ..base.errors import InputError
from ..cohort.column_facets import quantile_facet
from ..cohort.filters import filter_mask, filters_from_text, usable_filters
from ..cohort.table_columns import table_columns
from ..connectome.analysis import connectome
from ..connectome.prepared import PreparedCohort
from ..layout.maps import MapKind
from ..neighbors.consensus import with_consensus
from ..neighbors.repairs import Repair
from .changes import COHORT, COLUMNS, GRAPH, LISTS, TITLE, Changes
from .derived_analyses import Shown
from .map_positions import Placed
from .parameters import NumberColors


class Session:
    """Makes the connectome of the state; everything that shows patients reads it here.

    Parameters
    ----------
    changes : Changes

    Attributes
    ----------
    prepared : PreparedCohort or None
        The cohort with the neighbor lists that are shown, repaired or not.
    connectome : Connectome or None
    columns : list of TableColumn
        What the patients can be filtered by.
    source : str or None
        Data folder of the cohort, "" for the demo cohort.
    shown : Shown or None
        Which neighbor lists these are.
    placed : Placed or None
        The map that is shown.
    choose : callable
        Called with a Repair and a model; gives what can be shown of them (see `DerivedAnalyses.choose`).
    place : callable
        Called with what is shown and a MapKind; gives the map that can be shown (see `MapPositions.choose`).
    extend : callable
        Called with each cohort that is taken; gives it with columns that were computed for it (see `TextController.extend`).
    """

    def __init__(self, changes: Changes):
        self._changes = changes
        self.prepared: PreparedCohort | None = None
        self.connectome, self.source, self.columns, self.filterProblem = None, None, [], ""
        self.shown, self.placed, self._connectomeOf = None, None, None
        self._binned = None, None
        self.choose, self.place, self.extend = self._original, self._layout, lambda cohort: cohort
        self.bind(self.makeConnectome, "repair", "model", "match", "neighborCount", "map", LISTS)

    def bind(self, show, *names):
        """Call `show(parameters)` when one of these or the cohort has changed, as long as there is a cohort."""
        def guarded(parameters):
            if self.prepared is not None:
                show(parameters)

        self._changes.bind(guarded, COHORT, *names)

    @property
    def cohort(self):
        """The loaded Cohort or None."""
        return self.prepared.cohort if self.prepared else None

    def setPrepared(self, prepared: PreparedCohort, source: str):
        """Show the cohort of a data folder ("" for the demo cohort)."""
        self.prepared = prepared = PreparedCohort(self.extend(prepared.cohort), prepared.analyses)
        self.source, self.shown, self._connectomeOf = source, None, None
        self.columns = table_columns(prepared.cohort)
        self._changes.tell(COHORT, COLUMNS)

    def useCohort(self, cohort):
        """Take the same patients and models with other columns or facets."""
        cohort = self.extend(cohort)
        self.prepared, self.columns = PreparedCohort(cohort, self.prepared.analyses), table_columns(cohort)
        self._changes.tell(COLUMNS)

    def facetOf(self, parameters):
        """The chosen Facet, the cohort's first one if it has no such facet, None if it has none at all.

        One of numbers is in bins as the state wants it.
        """
        facets = self.cohort.facets
        facet = facets.get(parameters.facet) or next(iter(facets.values()), None)
        if facet is None or parameters.numberColors is not NumberColors.QUARTILES:
            return facet
        if self._binned[0] is not facet:                # sections ask one after the other, at every click
            self._binned = facet, quantile_facet(facet)
        return self._binned[1]

    def modelOf(self, parameters) -> str:
        """The chosen model or consensus, or the cohort's first model."""
        return parameters.model if parameters.model in with_consensus(self.cohort.models) else self.cohort.models[0]

    def makeConnectome(self, parameters):
        """Make what the state asks for, as far as it can be shown already."""
        self.shown = shown = self.choose(parameters.repair, self.modelOf(parameters))
        if self.prepared.analyses is not shown.analyses:
            self.prepared = PreparedCohort(self.cohort, shown.analyses)
        k = min(parameters.neighborCount, shown.analysis.largest_k)
        self.placed = placed = self.place(shown, parameters.map)
        wanted = shown.repair, shown.model, parameters.match, k, placed.kind
        if wanted != self._connectomeOf:
            self._connectomeOf = wanted
            graph = connectome(self.cohort, shown.analysis, shown.model, parameters.match, k, shown.distance)
            self.connectome = replace(graph, positions=placed.positions)
            self._changes.tell(GRAPH)
        self._changes.tell(TITLE)

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

    def _original(self, repair, model):
        """The models as they are."""
        analyses = self.prepared.analyses
        return Shown(Repair.NONE, model, analyses, analyses[model])

    @staticmethod
    def _layout(shown, _kind):
        """The neighbor layout, not measured."""
        return Placed(MapKind.NEIGHBORS, shown.analysis.positions)
