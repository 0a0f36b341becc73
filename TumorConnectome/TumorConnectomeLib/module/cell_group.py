"""What a click on a cell of a heat map shows in the graph: model, facet, and the patients behind the figure as group."""
from __future__ import annotations

from slicer.i18n import tr as _

from ..core.cell_patients import best_queries, common_queries, largest_hubs
from ..core.connectome import Match
from ..core.evidence_maps import SEPARATOR, row_of
from ..core.result_maps import ResultKind
from ..core.structure.consensus import with_consensus
from ..core.structure.hubs import TOP_HUBS
from .json_list import list_to_text


def model_of_row(row: str, cohort) -> str:
    """The model that a row of a heat map is about; a row may be of a model and a facet."""
    return row if row in with_consensus(cohort.models) else row.partition(SEPARATOR)[0]


def choice_of_cell(kind: ResultKind, row: str, column: str, state, facts) -> tuple[dict, str]:
    """Values of the state's parameters, and a text that says which patients these are.

    Parameters
    ----------
    kind : ResultKind
    row, column : str
        Keys of the cell.
    state : StateController
        It shows the repair with which the figure was made.
    facts : mapping
        Of the result (see `result_nodes.write_result`).
    """
    cohort, analyses = state.cohort, {state.shown.model: state.shown.analysis, **state.prepared.analyses}
    row, place = model_of_row(row, cohort), row
    if kind is ResultKind.RETRIEVAL and row not in analyses:
        return {}, _("{name}: there is no group to show.").format(name=place)
    if row not in analyses:
        return {}, _("{model} is no model of this cohort.").format(model=row)
    if place != row:                                    # the row of a model and a facet: the lift inside strata
        column = next((key for key, one in cohort.facets.items()
                       if place == row_of({"model": row, "facet": key}, {key: one.title})), column)
    k = min(int(facts.get("k", 5)), analyses[row].largest_k)
    values = {"model": row, "hiddenCategories": ""}
    if kind is ResultKind.HUBS:
        match = Match.LEAST if column.startswith("far") else Match.MOST
        rows, most = largest_hubs(analyses[row].neighbors[match], k, TOP_HUBS)
        ids = [cohort.patient_ids[node] for node in rows]
        text = _("{model}: the group is the {n} largest hubs among the {k} {end} patients: {ids}. The largest is in {most} "
                 "lists.").format(model=row, n=len(ids), k=k, ids=", ".join(ids), most=most,
                                  end=_("most similar") if match is Match.MOST else _("least similar"))
        return {**values, "match": match, "neighborCount": max(1, k), "group": list_to_text(ids)}, text
    values |= {"match": Match.MOST, "neighborCount": max(1, k)}
    nearest = analyses[row].neighbors[Match.MOST]
    if kind is ResultKind.AGREEMENT:
        if column not in analyses:
            return {}, _("{model} is no model of this cohort.").format(model=column)
        rows, least = common_queries(nearest, analyses[column].neighbors[Match.MOST], k)
        text = _("{model}: the group is the {n} patients about whose {k} nearest {other} agrees most (at least {least} of {k} "
                 "are the same).").format(model=row, n=len(rows), k=k, other=column, least=least)
        return {**values, "group": list_to_text(cohort.patient_ids[node] for node in rows)}, text
    facet = cohort.facets.get(column)
    if facet is None:
        return {**values, "group": ""}, _("{model}: {name} is not a facet of the patients; there is no group to show.").format(
            model=row, name=column)
    values["facet"] = facet.key
    rows, least = best_queries(nearest, facet, k)
    text = _("{model}: the group is the {n} of {all} patients with the most of the same {facet} among their {k} nearest "
             "(at least {least}): the best cases, not typical ones.").format(
        model=row, n=len(rows), all=len(cohort.patients), facet=facet.title.partition(" (")[0].lower(), k=k, least=least)
    return {**values, "group": list_to_text(cohort.patient_ids[node] for node in rows)}, text
