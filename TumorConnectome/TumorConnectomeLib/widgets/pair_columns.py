"""The columns of a table of patient pairs: what each shows, copies and sorts by."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..core.connectome import COSINE_DISTANCE
from ..core.patient_summary import PairRow, percent_text, percentile_text

#: marks that do not depend on color
SAME, OTHER = "\N{CHECK MARK}", "\N{MULTIPLICATION X}"
#: before the name of another node of the selected patient
SAME_PATIENT = "\N{IDENTICAL TO}"


@dataclass(frozen=True)
class PairColumn:
    """One column.

    Parameters
    ----------
    header, tooltip : str
        For people; the header may have several short lines.
    copied_as : str
        Header in copied text, and what a screen reader says.
    text, detail, copied : callable
        Cell text, cell tooltip and copied text (full precision) of a PairRow.
    key : callable
        What a PairRow is sorted by; None goes last in either order.
    right : bool
        Whether cells are aligned right, as numbers are.
    stretch : bool
        Whether the column takes the room that the others leave.
    """

    header: str
    tooltip: str
    copied_as: str
    text: Callable[[PairRow], str]
    key: Callable[[PairRow], object]
    detail: Callable[[PairRow], str] = lambda row: ""
    copied: Callable[[PairRow], str] | None = None
    right: bool = True
    stretch: bool = False

    def copy_text(self, row: PairRow) -> str:
        """The cell as it is copied."""
        return (self.copied or self.text)(row)


def pair_columns(facet_title: str, with_votes: bool, translate, distance: str = COSINE_DISTANCE) -> list[PairColumn]:
    """The columns for a facet ("" for none), with or without the number of models that agree; what the distances are."""
    _ = translate
    name, usual = distance[:1].upper() + distance[1:], distance == COSINE_DISTANCE
    facet = facet_title.partition(" (")[0]
    columns = [
        PairColumn("#", _("Rank: place in the neighbor list, 1 is the most extreme"), "rank", lambda row: str(row.rank),
                   lambda row: row.rank),
        PairColumn(_("Patient"), _("PatientID; {mark} marks the selected patient").format(mark=SAME_PATIENT), "PatientID",
                   lambda row: f"{SAME_PATIENT} {row.patient_id}" if row.same_patient else row.patient_id,
                   lambda row: row.patient_id.lower(),
                   lambda row: _("The same patient: another row of the embedding files") if row.same_patient else "",
                   lambda row: f"{row.patient_id} ({_('same patient')})" if row.same_patient else row.patient_id,
                   right=False, stretch=not facet),
        PairColumn(_("Distance") if usual else _("Distance*"),
                   _("Cosine distance by the chosen model: 0 same direction, 2 opposite") if usual
                   else _("Not the cosine distance of the model: {meaning}").format(meaning=distance), distance,
                   lambda row: f"{row.distance:.6f}", lambda row: row.distance,
                   lambda row: _("{name} {distance!r}").format(name=name, distance=row.distance),
                   lambda row: repr(row.distance)),
        PairColumn(_("Closer\nthan"),
                   _("Percent of all patient pairs of this model that are farther apart; 50 % is a random pair"),
                   "percent of pairs farther apart", lambda row: percent_text(row.percentile), _percentile,
                   lambda row: percentile_text(row.percentile), lambda row: repr(row.percentile))]
    if facet:
        columns.append(PairColumn(
            _("Same {facet}").format(facet=facet[:1].lower() + facet[1:]).replace(" ", "\n"),
            _("{facet} of the other patient: {same} the same as the selected patient's, {other} another one").format(
                facet=facet_title, same=SAME, other=OTHER),
            facet_title, lambda row: _facet_text(row, _), lambda row: (row.same is None, row.same is False, row.value),
            lambda row: f"{facet}: {row.value}, {_words(row, _)}", lambda row: f"{row.value} ({_words(row, _)})", right=False,
            stretch=True))
    if with_votes:
        columns.append(PairColumn(
            _("Models\nagree"), _("How many of the cohort's models list this pair among the most extreme, too"),
            "models that list the pair", lambda row: _votes(row, _), lambda row: row.votes,
            lambda row: _("{n} of {all} models list this pair").format(n=row.votes, all=row.models) if row.models else ""))
    return columns


def sorted_rows(rows: list[PairRow], column: PairColumn, descending: bool) -> list[PairRow]:
    """Rows by a column; equal ones keep their order, missing values are last."""
    known = [row for row in rows if column.key(row) is not None]
    return sorted(known, key=column.key, reverse=descending) + [row for row in rows if column.key(row) is None]


def rows_as_text(rows: list[PairRow], columns: list[PairColumn]) -> str:
    """Rows as tab-separated text with a header, for spreadsheets."""
    lines = [[column.copied_as for column in columns], *([column.copy_text(row) for column in columns] for row in rows)]
    return "\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines) + "\n"


def _percentile(row):
    return None if math.isnan(row.percentile) else row.percentile


def _facet_text(row, translate):
    mark = {True: SAME, False: OTHER, None: "?"}[row.same]
    return f"{mark} {row.value}" if row.value else translate("unknown")


def _words(row, translate):
    return {True: translate("the same"), False: translate("another one"), None: translate("can not be compared")}[row.same]


def _votes(row, translate):
    return translate("{n} of {all}").format(n=row.votes, all=row.models) if row.votes is not None else ""
