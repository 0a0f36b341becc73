"""What a query by vector found, in sentences."""
from __future__ import annotations

from collections import Counter
from html import escape

from slicer.i18n import tr as _

from ..core.cohort import Cohort, Facet
from ..core.connectome import Match
from ..core.layout import LAYOUT_NEIGHBORS
from ..core.patient_summary import percentile_text
from ..core.query import QueryResult

#: percent of the patients that have a closer nearest patient, from which on a query is called unusual
_UNUSUAL = 95.0


def query_summary(result: QueryResult, count: int, cohort: Cohort, facet: Facet | None) -> str:
    """HTML: the nearest patient, what the `count` nearest are by a facet, how usual the vector is, how true its place is."""
    nearest = result.of(Match.MOST)
    parts = [_("<b>{label}</b> by {model}: most like <b>{patient}</b> (distance {distance:.6f}, {percentile}).").format(
        label=escape(result.label), model=escape(result.model), patient=escape(nearest[0].patient_id),
        distance=nearest[0].distance, percentile=escape(percentile_text(nearest[0].percentile)))]
    if facet is not None:
        rows = [cohort.row_of(one.patient_id) for one in nearest[:count]]
        names = Counter(facet.categories[facet.codes[row]] for row in rows).most_common()
        parts.append(escape(_("{facet} of the {n} most similar: {names}.").format(
            facet=facet.title, n=len(rows), names=", ".join(f"{name} {number}" for name, number in names))))
    usual = _("{percent:.0f} % of the patients are closer to their own nearest patient.").format(percent=result.nearer)
    if result.nearer >= _UNUSUAL:
        usual = "\N{WARNING SIGN} " + usual + " " + _("The cohort has hardly anybody like it.")
    parts.append(escape(usual))
    if nearest[LAYOUT_NEIGHBORS - 1:]:
        parts.append(escape(_("In the picture {n} of its {all} most similar patients are around it.").format(
            n=result.kept, all=LAYOUT_NEIGHBORS)))
    return " ".join(parts)
