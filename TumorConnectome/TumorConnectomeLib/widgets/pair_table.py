"""A table of patient pairs: rank, patient, distance, percentile."""
import qt

_HEADERS = ("Rank", "Patient", "Distance", "Closer than")
_TOOLTIPS = ("Place in the neighbor list, 1 is the most extreme", "PatientID",
             "Cosine distance by the chosen model: 0 same direction, 2 opposite",
             "Percent of all patient pairs of this model that are farther apart; 50 % is a random pair")


class PairTable:
    """Fills a QTableWidget with core.patient_summary.PairRow items and tells which one the user wants.

    Parameters
    ----------
    table : QTableWidget
        From the .ui file.
    onMarked, onOpened : callable
        Called with the PatientID of a clicked row, and of a double-clicked row.
    translate : callable
        Translates interface text.
    """

    def __init__(self, table, onMarked, onOpened, translate=lambda text: text):
        self._table, self._onMarked, self._onOpened, self._ids = table, onMarked, onOpened, []
        table.setColumnCount(len(_HEADERS))
        table.setHorizontalHeaderLabels([translate(text) for text in _HEADERS])
        for column, text in enumerate(_TOOLTIPS):
            table.horizontalHeaderItem(column).setToolTip(translate(text))
        header = table.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.Stretch)
        header.setSectionResizeMode(0, qt.QHeaderView.ResizeToContents)
        header.setHighlightSections(False)
        table.verticalHeader().hide()
        table.connect("cellClicked(int,int)", self._onClicked)
        table.connect("cellDoubleClicked(int,int)", self._onDoubleClicked)

    def setRows(self, rows):
        """Show these rows; the marked row is forgotten."""
        table, self._ids = self._table, [row.patient_id for row in rows]
        table.clearSelection()
        table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            texts = (str(row.rank), row.patient_id, f"{row.distance:.6f}", f"{row.percentile:.2f} %")
            for column, text in enumerate(texts):
                item = qt.QTableWidgetItem(text)
                item.setTextAlignment(int(qt.Qt.AlignVCenter) | int(qt.Qt.AlignLeft if column == 1 else qt.Qt.AlignRight))
                table.setItem(number, column, item)

    def mark(self, patientId):
        """Highlight the row of a patient, or none."""
        if patientId in self._ids:
            self._table.selectRow(self._ids.index(patientId))
        else:
            self._table.clearSelection()

    def _onClicked(self, row, column):
        self._onMarked(self._ids[row])

    def _onDoubleClicked(self, row, column):
        self._onOpened(self._ids[row])
