"""The table of patient pairs, with real clicks and keys: what it shows, sorts, marks, opens and copies."""
import pytest

from TumorConnectomeLib.presentation.patient_summary import PairRow

NAN = float("nan")
ROWS = [PairRow(1, "P9", 0.01, 99.9976, "IA", True, 3, 6), PairRow(2, "P10", 0.2, 9.5, "IB", False, 6, 6),
        PairRow(3, "P100", 0.1, NAN, "Unknown", None, 1, 6), PairRow(10, "P11", 0.15, 42.0, "IA", True, 2, 6)]
STAGE = "Stage (AJCC 6th edition)"


class Used:
    """A table with PairTable, the calls it makes, and a person's hands."""

    def __init__(self, host):
        import qt

        from TumorConnectomeLib.widgets.pair_table import PairTable
        self.calls, self.host = [], host
        self.table = qt.QTableWidget()
        self.table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        self.table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
        self.table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        self.table.resize(520, 240)
        self.pairs = PairTable(self.table, lambda patient: self.calls.append(("marked", patient)),
                               lambda patient: self.calls.append(("opened", patient)))
        self.table.show()
        self.pairs.setRows(ROWS, STAGE)
        host.processEvents()

    def column(self, number):
        return [self.table.item(row, number).text() for row in range(self.table.rowCount)]

    def headers(self):
        return [self.table.horizontalHeaderItem(column).text() for column in range(self.table.columnCount)]

    def click(self, row, column=1, double=False, button="LeftButton"):
        from PySide6 import QtCore, QtTest
        where = self.table.visualItemRect(self.table.item(row, column)).center()
        for action in ("mouseClick", "mouseDClick")[:2 if double else 1]:
            getattr(QtTest.QTest, action)(self.table.viewport(), getattr(QtCore.Qt, button), QtCore.Qt.NoModifier, where)

    def click_header(self, column):
        from PySide6 import QtCore, QtTest
        header = self.table.horizontalHeader()
        where = QtCore.QPoint(header.sectionPosition(column) + header.sectionSize(column) // 2, header.height // 2)
        QtTest.QTest.mouseClick(header.viewport(), QtCore.Qt.LeftButton, QtCore.Qt.NoModifier, where)

    def key(self, name, control=False):
        from PySide6 import QtCore, QtTest
        self.table.activateWindow()
        self.table.setFocus()
        self.host.processEvents()
        modifier = QtCore.Qt.ControlModifier if control else QtCore.Qt.NoModifier
        QtTest.QTest.keyClick(self.table, getattr(QtCore.Qt, f"Key_{name}"), modifier)

    def menu(self, row):
        """Open the context menu as the right mouse button does; returns its entries by text."""
        from PySide6 import QtCore, QtGui
        where = self.table.visualItemRect(self.table.item(row, 1)).center()
        event = QtGui.QContextMenuEvent(QtGui.QContextMenuEvent.Mouse, where, self.table.viewport().mapToGlobal(where))
        QtCore.QCoreApplication.sendEvent(self.table.viewport(), event)
        return {action.text: action for action in self.pairs._menu.actions()}

    @property
    def clipboard(self):
        import qt
        return qt.QApplication.clipboard().text()


@pytest.fixture
def used(host):
    used = Used(host)
    yield used
    used.table.close()
    used.table.deleteLater()


# ---- content

def test_a_row_tells_distance_percentile_facet_and_agreement(used):
    assert used.headers() == ["# \N{BLACK UP-POINTING SMALL TRIANGLE}", "Patient", "Distance", "Closer\nthan", "Same\nstage",
                              "Models\nagree"]
    assert [used.table.item(0, column).text() for column in range(6)] == [
        "1", "P9", "0.010000", "99.997 %", "\N{CHECK MARK} IA", "3 of 6"]
    assert used.column(4) == ["\N{CHECK MARK} IA", "\N{MULTIPLICATION X} IB", "? Unknown", "\N{CHECK MARK} IA"]


def test_tooltips_and_screen_readers_get_whole_sentences(used):
    import qt

    tips = [used.table.item(0, column).toolTip() for column in range(6)]
    assert tips == ["", "", *["cosine distance 0.010000, closer than 99.997 % of pairs"] * 2, "Stage: IA, the same",
                    "3 of 6 models list this pair"]
    assert used.table.item(1, 4).toolTip() == "Stage: IB, another one"
    assert used.table.item(2, 4).toolTip() == "Stage: Unknown, can not be compared"
    assert used.table.item(2, 3).toolTip() .endswith(", no pairs to compare with")
    assert used.table.item(0, 4).data(qt.Qt.AccessibleTextRole) == "Stage: IA, the same"
    assert used.table.horizontalHeaderItem(0).data(qt.Qt.AccessibleTextRole) == "rank, sorted ascending"


def test_columns_without_content_are_left_out(used):
    used.pairs.setRows([PairRow(1, "A", 0.1, 50.0)])
    assert used.table.columnCount == 4
    used.pairs.setRows([PairRow(1, "A", 0.1, 50.0, "Former", True)], "Smoking")
    assert used.headers()[4:] == ["Same\nsmoking"]
    used.pairs.setRows([])
    assert used.table.rowCount == 0


# ---- sorting

def test_a_click_on_a_header_sorts_numbers_by_size(used):
    used.click_header(2)
    assert used.column(1) == ["P9", "P100", "P11", "P10"]
    used.click_header(2)
    assert used.column(1) == ["P10", "P11", "P100", "P9"]
    assert used.headers()[2].endswith("\N{BLACK DOWN-POINTING SMALL TRIANGLE}") and used.headers()[0] == "#"
    used.click_header(0)
    assert used.column(0) == ["1", "2", "3", "10"]
    used.click_header(5)
    assert used.column(5) == ["1 of 6", "2 of 6", "3 of 6", "6 of 6"]


def test_missing_percentiles_are_last_in_both_orders(used):
    used.click_header(3)
    assert used.column(1) == ["P10", "P11", "P9", "P100"]
    used.click_header(3)
    assert used.column(1) == ["P9", "P11", "P10", "P100"]


def test_the_same_value_is_first_when_sorted_by_facet(used):
    used.click_header(4)
    assert used.column(1) == ["P9", "P11", "P10", "P100"]


def test_after_sorting_a_click_means_the_row_that_is_there(used):
    used.click_header(2)
    used.click(1)
    used.click(3, double=True)
    assert used.calls == [("marked", "P100"), ("marked", "P10"), ("opened", "P10")]


def test_the_mark_stays_with_its_patient_when_the_order_changes(used):
    used.pairs.mark("P10")
    used.click_header(2)
    assert [item.text() for item in used.table.selectedItems()][:2] == ["2", "P10"]
    assert used.calls == []


def test_the_order_stays_when_other_rows_are_shown(used):
    used.click_header(2)
    used.pairs.setRows([PairRow(1, "A", 0.3, 50.0, "IA", True, 1, 6), PairRow(2, "B", 0.2, 50.0, "IA", True, 1, 6)], STAGE)
    assert used.column(1) == ["B", "A"]
    used.pairs.setRows([PairRow(1, "A", 0.3, 50.0), PairRow(2, "B", 0.2, 50.0)])
    assert used.column(1) == ["B", "A"]
    assert [row.patient_id for row in used.pairs.rows()] == ["B", "A"]


def test_a_column_that_went_away_is_not_sorted_by(used):
    used.click_header(5)
    used.pairs.setRows([PairRow(1, "A", 0.3, 50.0), PairRow(2, "B", 0.2, 50.0)])
    assert used.column(1) == ["A", "B"] and used.headers()[0].startswith("# ")


# ---- marking and opening

def test_a_click_marks_once_and_a_mark_from_outside_is_silent(used):
    used.click(1, column=3)
    used.click(1)
    assert used.calls == [("marked", "P10")]
    used.pairs.mark("P11")
    assert used.calls == [("marked", "P10")]
    used.pairs.mark("nobody")
    assert not used.table.selectedItems()
    used.click(1)
    assert used.calls == [("marked", "P10")] * 2


def test_arrow_keys_mark_and_enter_opens(used):
    used.click(0)
    used.key("Down")
    used.key("Down")
    used.key("Return")
    used.key("Up")
    used.key("Enter")
    assert used.calls == [("marked", "P9"), ("marked", "P10"), ("marked", "P100"), ("opened", "P100"), ("marked", "P10"),
                          ("opened", "P10")]


def test_enter_in_an_empty_table_opens_nothing(used):
    used.pairs.setRows([])
    used.key("Return")
    assert used.calls == []


def test_the_caller_may_show_rows_while_it_is_told_of_a_mark(used):
    def told(patient):
        used.calls.append(("marked", patient))
        used.pairs.setRows(list(ROWS[::-1]), STAGE)
        used.pairs.mark(patient)
    used.pairs._onMarked = told
    used.click(2)
    used.key("Down")
    assert used.calls == [("marked", "P100"), ("marked", "P11")]
    assert used.table.selectedItems()[1].text() == "P11"


# ---- copying and the menu

def test_control_c_copies_the_marked_row_or_all_with_full_precision(used):
    header = "\t".join(("rank", "PatientID", "cosine distance", "percent of pairs farther apart", STAGE,
                        "models that list the pair"))
    used.key("C", control=True)
    lines = used.clipboard.splitlines()
    assert lines[0] == header and len(lines) == 5
    assert lines[1] == "1\tP9\t0.01\t99.9976\tIA (the same)\t3 of 6"
    used.click(3)
    used.key("C", control=True)
    assert used.clipboard.splitlines() == [header, "10\tP11\t0.15\t42.0\tIA (the same)\t2 of 6"]
    assert used.clipboard.endswith("\n")


def test_copied_text_is_in_the_order_shown_and_has_no_stray_tabs(used):
    used.pairs.setRows([PairRow(1, "a\tb\nc", 0.3, 50.0), PairRow(2, "B", 0.2, 50.0)])
    used.click_header(2)
    used.pairs.copyAll()
    assert [line.split("\t")[1] for line in used.clipboard.splitlines()] == ["PatientID", "B", "a b c"]


def test_the_context_menu_compares_and_copies_the_row_under_the_pointer(used):
    entries = used.menu(1)
    assert list(entries) == ["Compare P10 side by side", "Copy row", "Copy all rows"]
    entries["Copy row"].trigger()
    assert used.clipboard.splitlines()[1].startswith("2\tP10\t") and len(used.clipboard.splitlines()) == 2
    entries["Compare P10 side by side"].trigger()
    assert used.calls == [("opened", "P10")]


def test_the_viewer_is_offered_when_there_is_one(used):
    used.pairs.onOpenViewer = lambda patient: used.calls.append(("viewer", patient))
    used.click_header(2)
    used.menu(3)["Open P10 in the IDC viewer"].trigger()
    assert used.calls == [("viewer", "P10")]
