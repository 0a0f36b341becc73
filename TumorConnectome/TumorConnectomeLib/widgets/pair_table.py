"""A table of patient pairs: how close they are, whether they share a facet, how many models agree."""
from __future__ import annotations

import qt

from ..core.connectome import COSINE_DISTANCE
from ..core.patient_summary import PairRow
from .pair_columns import pair_columns, rows_as_text, sorted_rows

_PATIENT = 1
#: Qt's own sort indicator takes room in every header, sorted by or not
_ARROWS = {False: "\N{BLACK UP-POINTING SMALL TRIANGLE}", True: "\N{BLACK DOWN-POINTING SMALL TRIANGLE}"}


class PairTable:
    """Fills a QTableWidget with core.patient_summary.PairRow items and tells which one the user wants.

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
        table.setColumnCount(len(columns))
        table.setHorizontalHeaderLabels([column.header for column in columns])
        for number, column in enumerate(columns):
            table.horizontalHeaderItem(number).setToolTip(column.tooltip)
            header.setSectionResizeMode(number, qt.QHeaderView.Stretch if column.stretch else qt.QHeaderView.ResizeToContents)

    def _fill(self):
        """Show the rows in the chosen order. Sorting is done here: items can not tell Qt how to compare them."""
        table, _ = self._table, self._translate
        for number, column in enumerate(self._columns):
            item, words = table.horizontalHeaderItem(number), column.copied_as
            sorted_by = number == self._sortColumn
            item.setText(f"{column.header} {_ARROWS[self._descending]}" if sorted_by else column.header)
            order = _("sorted descending") if self._descending else _("sorted ascending")
            item.setData(qt.Qt.AccessibleTextRole, f"{words}, {order}" if sorted_by else words)
        self._rows = sorted_rows(self._given, self._columns[self._sortColumn], self._descending)
        self._ours = True
        try:
            table.setRowCount(len(self._rows))
            for number, row in enumerate(self._rows):
                for place, column in enumerate(self._columns):
                    table.setItem(number, place, self._item(row, column))
        finally:
            self._ours = False

    def _item(self, row, column):
        item, detail = qt.QTableWidgetItem(column.text(row)), column.detail(row)
        item.setTextAlignment(int(qt.Qt.AlignVCenter) | int(qt.Qt.AlignRight if column.right else qt.Qt.AlignLeft))
        if detail:
            item.setToolTip(detail)
            item.setData(qt.Qt.AccessibleTextRole, detail)
        return item

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
            self._add(menu, _("Compare {id} side by side").format(id=patient), lambda: self._onOpened(patient))
            if self.onOpenViewer is not None:
                self._add(menu, _("Open {id} in the IDC viewer").format(id=patient), lambda: self.onOpenViewer(patient))
            self._add(menu, _("Copy row"), lambda: self._copy([r for r in self._rows if r.patient_id == patient]))
        self._add(menu, _("Copy all rows"), self.copyAll)
        menu.popup(self._table.viewport().mapToGlobal(point))

    @staticmethod
    def _add(menu, text, function):
        menu.addAction(text).connect("triggered(bool)", lambda checked: function())
