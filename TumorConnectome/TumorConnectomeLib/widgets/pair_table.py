"""A table of patient pairs and its columns: how close they are, whether they share a facet, how many models agree."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import qt

from ..base.text import elided
from ..neighbors.match import COSINE_DISTANCE
from ..presentation.patient_summary import PairRow, distance_text, pair_text, percent_text
from .texts import put_text

_PATIENT = 1
#: characters of a PatientID that are shown
_LONGEST_ID = 24
#: Qt's own sort indicator takes room in every header, sorted by or not
_ARROWS = {False: "\N{BLACK UP-POINTING SMALL TRIANGLE}", True: "\N{BLACK DOWN-POINTING SMALL TRIANGLE}"}


class PairTable:
    """Fills a QTableWidget with presentation.patient_summary.PairRow items and tells which one the user wants.

    A click on a header sorts, numbers by size; the order stays when other rows are shown. Ctrl+C and the context menu copy
    rows as tab-separated text.

    Parameters
    ----------
    table : QTableWidget
        From the .ui file.
    onMarked, onOpened : callable
        Called with the PatientID of a row that was pressed or reached with the arrow keys, and of one that was
        double-clicked or on which Enter was pressed.
    translate : callable
        Translates interface text.

    Attributes
    ----------
    onClicked : callable
        Called with the PatientID of a row that was clicked with the mouse, after onMarked. It may show other rows: a second
        click that makes it a double click still means the patient of the first one.
    onOpenViewer : callable or None
        Called with a PatientID from the context menu; without it the menu has no such entry.
    """

    def __init__(self, table, onMarked, onOpened, translate=lambda text: text):
        self._table, self._onMarked, self._onOpened, self._translate = table, onMarked, onOpened, translate
        self.onClicked, self.onOpenViewer = lambda patientId: None, None
        self._clicked = None
        self._given, self._rows, self._columns = [], [], []
        self._sortColumn, self._descending = 0, False
        self._marked, self._ours, self._menu = None, False, None
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(24)
        header.connect("sectionClicked(int)", self._onHeader)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.connect("cellClicked(int,int)", self._onClicked)
        table.connect("cellDoubleClicked(int,int)", self._onDoubleClicked)
        table.connect("itemSelectionChanged()", self._onSelection)
        table.setContextMenuPolicy(qt.Qt.CustomContextMenu)
        table.connect("customContextMenuRequested(QPoint)", self._onMenu)
        self._shortcuts = [self._shortcut("Ctrl+C", self.copyMarked), self._shortcut("Return", self._onEnter),
                           self._shortcut("Enter", self._onEnter)]
        self.setRows([])

    def setRows(self, rows, facetTitle="", distance=COSINE_DISTANCE):
        """Show these PairRows; the marked row is forgotten.

        Parameters
        ----------
        rows : list of PairRow
        facetTitle : str
            Title of the facet whose values the rows compare; "" for none.
        distance : str
            What the distances are, in words.
        """
        columns = pair_columns(facetTitle, any(row.votes is not None for row in rows), self._translate, distance)
        known = self._columns and self._columns[self._sortColumn].header
        headers = [column.header for column in columns]
        if [column.tooltip for column in columns] != [column.tooltip for column in self._columns]:
            self._sortColumn = headers.index(known) if known in headers else 0
            self._setHeaders(columns)
        elif rows == self._given:
            self.mark(None)
            return
        self._given, self._columns = list(rows), columns
        self._fill()
        self.mark(None)

    def rows(self) -> list[PairRow]:
        """The rows in the order shown."""
        return list(self._rows)

    def mark(self, patientId):
        """Highlight the row of a patient, or none; nobody is called back."""
        ids = [row.patient_id for row in self._rows]
        self._marked, self._ours = patientId, True
        try:
            if patientId in ids:
                self._table.setCurrentCell(ids.index(patientId), _PATIENT)
                self._table.selectRow(ids.index(patientId))
            else:
                self._table.clearSelection()
        finally:
            self._ours = False

    def copyMarked(self):
        """Copy the marked row, or all rows when none is marked."""
        self._copy([row for row in self._rows if row.patient_id == self._marked] or self._rows)

    def copyAll(self):
        """Copy all rows in the order shown."""
        self._copy(self._rows)

    def _copy(self, rows):
        if rows:
            qt.QApplication.clipboard().setText(rows_as_text(rows, self._columns))

    # Content

    def _setHeaders(self, columns):
        table, header = self._table, self._table.horizontalHeader()
        table.setRowCount(0)                            # the cells of other columns are aligned otherwise
        table.setColumnCount(len(columns))
        table.setHorizontalHeaderLabels([column.header for column in columns])
        for number, column in enumerate(columns):
            header.setSectionResizeMode(number, qt.QHeaderView.Stretch if column.stretch else qt.QHeaderView.ResizeToContents)

    def _fill(self):
        """Show the rows in the chosen order. Sorting is done here: items can not tell Qt how to compare them."""
        table, _ = self._table, self._translate
        for number, column in enumerate(self._columns):
            item, words = table.horizontalHeaderItem(number), column.copied_as
            sorted_by = number == self._sortColumn
            order = _("sorted descending") if self._descending else _("sorted ascending")
            put_text(item, f"{column.header} {_ARROWS[self._descending]}" if sorted_by else column.header, column.tooltip,
                     f"{words}, {order}" if sorted_by else words)
        self._rows = sorted_rows(self._given, self._columns[self._sortColumn], self._descending)
        self._ours = True
        try:
            table.setRowCount(len(self._rows))
            for number, row in enumerate(self._rows):
                for place, column in enumerate(self._columns):
                    self._put(number, place, row, column)
        finally:
            self._ours = False

    def _put(self, number, place, row, column):
        """Say in a cell what a column tells of a PairRow. Items are kept: Qt measures a column at every change of one."""
        item = self._table.item(number, place)
        if item is None:
            item = qt.QTableWidgetItem()
            item.setTextAlignment(int(qt.Qt.AlignVCenter) | int(qt.Qt.AlignRight if column.right else qt.Qt.AlignLeft))
            self._table.setItem(number, place, item)
        put_text(item, column.text(row), column.detail(row))

    # Events

    def _onHeader(self, section):
        marked = self._marked
        self._descending = section == self._sortColumn and not self._descending
        self._sortColumn = section
        self._fill()
        self.mark(marked)

    def _onClicked(self, row, column):
        self._tell(row)
        self._clicked = self._rows[row].patient_id
        self.onClicked(self._clicked)

    def _onSelection(self):
        """Arrow keys select, too. (The current cell is no measure: the focus alone changes it.)"""
        selected = () if self._ours else self._table.selectedItems()
        if selected:
            self._tell(selected[0].row())

    def _tell(self, row):
        if 0 <= row < len(self._rows) and self._rows[row].patient_id != self._marked:
            self._marked = self._rows[row].patient_id
            self._onMarked(self._marked)

    def _onDoubleClicked(self, row, column):
        self._onOpened(self._clicked if self._clicked is not None else self._rows[row].patient_id)

    def _onEnter(self):
        row = self._table.currentRow()
        if 0 <= row < len(self._rows):
            self._onOpened(self._rows[row].patient_id)

    def _shortcut(self, keys, function):
        shortcut = qt.QShortcut(qt.QKeySequence(keys), self._table)
        shortcut.setContext(qt.Qt.WidgetShortcut)
        shortcut.connect("activated()", function)
        return shortcut

    def _onMenu(self, point):
        """The menu of the row at a point of the table's viewport."""
        row, _ = self._table.rowAt(point.y()), self._translate
        self._menu = menu = qt.QMenu(self._table)
        if 0 <= row < len(self._rows):
            patient = self._rows[row].patient_id
            self._add(menu, _("Compare {id} side by side").format(id=elided(patient)), lambda: self._onOpened(patient))
            if self.onOpenViewer is not None:
                self._add(menu, _("Open {id} in the IDC viewer").format(id=elided(patient)), lambda: self.onOpenViewer(patient))
            self._add(menu, _("Copy row"), lambda: self._copy([r for r in self._rows if r.patient_id == patient]))
        self._add(menu, _("Copy all rows"), self.copyAll)
        menu.popup(self._table.viewport().mapToGlobal(point))

    @staticmethod
    def _add(menu, text, function):
        menu.addAction(text).connect("triggered(bool)", lambda checked: function())


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
    usual = distance == COSINE_DISTANCE
    facet = elided(facet_title.partition(" (")[0], _LONGEST_ID)

    def told(row):
        return pair_text(distance, row.distance, row.percentile)

    columns = [
        PairColumn("#", _("Rank: place in the neighbor list, 1 is the most extreme"), "rank", lambda row: str(row.rank),
                   lambda row: row.rank),
        PairColumn(_("Patient"), _("PatientID; {mark} marks the selected patient").format(mark=SAME_PATIENT), "PatientID",
                   lambda row: (f"{SAME_PATIENT} " if row.same_patient else "") + elided(row.patient_id, _LONGEST_ID),
                   lambda row: row.patient_id.lower(),
                   lambda row: _patient_tip(row, _),
                   lambda row: f"{row.patient_id} ({_('same patient')})" if row.same_patient else row.patient_id,
                   right=False, stretch=not facet),
        PairColumn(_("Distance") if usual else _("Distance*"),
                   _("Cosine distance by the chosen model: 0 same direction, 2 opposite") if usual
                   else _("Not the cosine distance of the model: {meaning}").format(meaning=distance), distance,
                   lambda row: distance_text(row.distance), lambda row: row.distance, told, lambda row: repr(row.distance)),
        PairColumn(_("Closer\nthan"),
                   _("Percent of all patient pairs of this model that are farther apart; 50 % is a random pair"),
                   _("percent of pairs farther apart"), lambda row: percent_text(row.percentile), _percentile,
                   told, lambda row: repr(row.percentile))]
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
            _("models that list the pair"), lambda row: _votes(row, _), lambda row: row.votes,
            lambda row: _("{n} of {all} models list this pair").format(n=row.votes, all=row.models) if row.models else ""))
    return columns


def _patient_tip(row, translate):
    """A long PatientID as a whole, and whether it is the same patient."""
    whole = row.patient_id if len(row.patient_id) > _LONGEST_ID else ""
    same = translate("The same patient: another row of the embedding files") if row.same_patient else ""
    return "\n".join(filter(None, (whole, same)))


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
