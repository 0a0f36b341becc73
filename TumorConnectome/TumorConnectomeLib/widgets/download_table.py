"""The list of downloads: who, how far, what about it, and a button that stops it."""
from __future__ import annotations

from dataclasses import dataclass

import qt

from ..base.text import elided

_PATIENT, _PROGRESS, _STATE, _CANCEL = range(4)
#: rows shown without scrolling
_MOST_ROWS = 6
#: characters of a PatientID that are shown
_LONGEST_ID = 24


@dataclass(frozen=True)
class DownloadRow:
    """One line of the list.

    Parameters
    ----------
    key : str
        Tells it from the others.
    patient : str
        As shown.
    state : str
        In words, with the speed and the time left.
    fraction : float or None
        Share that is here, None while that is not known.
    moving : bool
        Whether it is under way: a bar of unknown length then moves.
    """

    key: str
    patient: str
    state: str
    fraction: float | None
    moving: bool


class DownloadTable:
    """Fills a QTableWidget with DownloadRow items.

    Parameters
    ----------
    table : QTableWidget
        From the .ui file.
    onCancel : callable
        Called with the key of the row whose button was pressed, or that was current when Delete was.
    translate : callable
        Translates interface text.
    """

    def __init__(self, table, onCancel, translate=lambda text: text):
        self._table, self._onCancel, self._translate, self._rows, self._bars = table, onCancel, translate, [], []
        _ = translate
        table.setColumnCount(4)
        table.setHorizontalHeaderLabels([_("Patient"), _("Progress"), _("State"), ""])
        table.verticalHeader().hide()
        table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(_PATIENT, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(_PROGRESS, qt.QHeaderView.Fixed)
        header.setSectionResizeMode(_STATE, qt.QHeaderView.Stretch)
        header.setSectionResizeMode(_CANCEL, qt.QHeaderView.ResizeToContents)
        table.setColumnWidth(_PROGRESS, 90)
        self._shortcut = qt.QShortcut(qt.QKeySequence("Delete"), table)
        self._shortcut.setContext(qt.Qt.WidgetWithChildrenShortcut)
        self._shortcut.connect("activated()", self._onDelete)

    def setRows(self, rows: list[DownloadRow]) -> None:
        """Show these rows; those that are there already are changed in place, so that no button moves away."""
        if [row.key for row in rows] != [row.key for row in self._rows]:
            self._rebuild(rows)
        for number, row in enumerate(rows):
            self._fill(number, row)
        self._rows = list(rows)

    def _rebuild(self, rows):
        table, current = self._table, self._currentKey()
        table.setRowCount(0)
        table.setRowCount(len(rows))
        self._bars = []
        for number, row in enumerate(rows):
            for column in (_PATIENT, _STATE):
                table.setItem(number, column, qt.QTableWidgetItem(""))
            bar = qt.QProgressBar()
            bar.accessibleName = self._translate("Progress of patient {id}").format(id=row.patient)
            table.setCellWidget(number, _PROGRESS, bar)
            self._bars.append(bar)
            button = qt.QToolButton()
            button.text = "\N{MULTIPLICATION X}"
            button.autoRaise = True
            button.toolTip = button.accessibleName = self._translate("Stop fetching patient {id}").format(id=row.patient)
            button.connect("clicked(bool)", lambda checked=False, key=row.key: self._onCancel(key))
            table.setCellWidget(number, _CANCEL, button)
        keys = [row.key for row in rows]
        if current in keys:
            table.setCurrentCell(keys.index(current), _PATIENT)
        height = table.horizontalHeader().height + sum(table.rowHeight(row) for row in range(min(len(rows), _MOST_ROWS)))
        table.setFixedHeight(height + 2 * table.frameWidth)

    def _fill(self, number, row):
        table, bar = self._table, self._bars[number]
        for column, text, shown in ((_PATIENT, row.patient, elided(row.patient, _LONGEST_ID)), (_STATE, row.state, row.state)):
            item = table.item(number, column)
            if item.text() != shown or item.toolTip() != text:
                item.setText(shown)
                item.setToolTip(text)
        busy = row.fraction is None and row.moving
        bar.setRange(0, 0 if busy else 100)
        bar.setValue(round(100 * (row.fraction or 0.0)))
        bar.setTextVisible(row.fraction is not None)

    def _currentKey(self):
        row = self._table.currentRow()
        return self._rows[row].key if 0 <= row < len(self._rows) else None

    def _onDelete(self):
        if (key := self._currentKey()) is not None:
            self._onCancel(key)
