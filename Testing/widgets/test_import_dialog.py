"""The import dialog: a person sees the first rows, says what each column is, and presses a button."""
import pytest
from own_files import vectors, write_csv


@pytest.fixture
def dialog(host):
    from TumorConnectomeLib.widgets.import_dialog import ImportDialog

    dialog = ImportDialog()
    dialog.calls = []
    dialog.onAccepted = lambda choices: dialog.calls.append(choices)
    dialog.onRejected = lambda: dialog.calls.append(None)
    yield dialog
    dialog.cleanup()


@pytest.fixture
def unclear(tmp_path):
    """A file with two sets of features, a running case number, a name and a series."""
    more = {"emb_0": ["1"] * 12, "emb_1": ["2"] * 12, "case": [f"C{number}" for number in range(12)],
            "Series Instance UID": [f"1.2.{number}" for number in range(12)]}
    return write_csv(tmp_path / "mine.csv", vectors(length=4), more=more, id_column="subject")


def ask(dialog, host, *paths, choices=None):
    from TumorConnectomeLib.readers.own_cohort import previews

    found = previews(paths)
    dialog.ask(found, choices or {})
    host.processEvents()
    return [dialog.pages[one.path] for one in found]


def choose(page, number, label):
    """Choose the use of a column in its box, with the keyboard."""
    from PySide6 import QtWidgets
    from widget_hands import write

    box = page.widget.findChild(QtWidgets.QTableWidget).cellWidget(0, number)
    box.setFocus()
    write(box, label[:3])
    assert box.currentText == label


def press(dialog, text):
    from PySide6 import QtWidgets
    from widget_hands import click

    click(next(button for button in dialog.dialog.findChildren(QtWidgets.QPushButton) if button.text == text))


def shown(page):
    """Headers and cells of the preview."""
    from PySide6 import QtWidgets

    table = page.widget.findChild(QtWidgets.QTableWidget)
    return [[table.horizontalHeaderItem(column).text(), *(table.item(row, column).text() for row in range(1, table.rowCount))]
            for column in range(table.columnCount)]


def test_it_shows_the_first_rows_and_what_was_recognized(dialog, host, unclear):
    page, = ask(dialog, host, unclear)
    columns = shown(page)
    assert [column[0] for column in columns] == ["subject\n", "pred_0 … pred_3\n4 columns", "emb_0 … emb_1\n2 columns",
                                                 "case\n", "Series Instance UID\nCT series, for images"]
    assert columns[0][1:3] == ["011", "010"]
    assert columns[2][1] == "1, 2, …"
    assert [role.value for role in page.roles()] == ["id", "features", "unused", "property", "property"]


def test_what_the_user_says_is_what_comes_back(dialog, host, unclear):
    from TumorConnectomeLib.readers.recognition import ImportChoice

    page, = ask(dialog, host, unclear)
    choose(page, 3, "Patient ID")
    choose(page, 0, "Not used")
    press(dialog, "Import")
    assert dialog.calls == [{str(unclear): ImportChoice("case", ("pred_",), ("Series Instance UID",), "mine")}]
    assert dialog.dialog is None


def test_only_one_column_is_the_id(dialog, host, unclear):
    page, = ask(dialog, host, unclear)
    choose(page, 4, "Patient ID")
    assert [role.value for role in page.roles()] == ["property", "features", "unused", "property", "id"]


def test_both_sets_can_be_models(dialog, host, unclear):
    from PySide6 import QtWidgets

    page, = ask(dialog, host, unclear)
    name = page.widget.findChild(QtWidgets.QLineEdit)
    assert name.enabled
    choose(page, 2, "Features")
    assert not name.enabled
    press(dialog, "Import")
    assert dialog.calls[0][str(unclear)].prefixes == ("pred_", "emb_")


@pytest.mark.parametrize(("column", "label", "problem"), [(0, "Property", "column of the patient IDs"),
                                                          (1, "Not used", "at least one set of features")])
def test_the_button_waits_for_what_is_missing(dialog, host, unclear, column, label, problem):
    from PySide6 import QtWidgets

    page, = ask(dialog, host, unclear)
    button = next(one for one in dialog.dialog.findChildren(QtWidgets.QPushButton) if one.text == "Import")
    assert button.enabled
    choose(page, column, label)
    assert not button.enabled
    assert any(problem in one.text for one in dialog.dialog.findChildren(QtWidgets.QLabel))


def test_a_model_needs_a_name(dialog, host, unclear):
    from PySide6 import QtWidgets

    page, = ask(dialog, host, unclear)
    page.widget.findChild(QtWidgets.QLineEdit).clear()
    assert page.problem == "Give the model a name."
    page.widget.findChild(QtWidgets.QLineEdit).text = " other "
    assert page.choice.model == "other"


def test_escape_and_cancel_change_nothing(dialog, host, unclear):
    from widget_hands import key

    ask(dialog, host, unclear)
    key(dialog.dialog, "Escape")
    ask(dialog, host, unclear)
    press(dialog, "Cancel")
    assert dialog.calls == [None, None]


def test_an_earlier_answer_is_shown_again(dialog, host, unclear):
    from TumorConnectomeLib.readers.recognition import ImportChoice

    choice = ImportChoice("case", ("emb_",), (), "older")
    page, = ask(dialog, host, unclear, choices={str(unclear): choice})
    assert page.choice == choice


def test_several_files_have_a_page_each_and_the_unclear_one_is_in_front(dialog, host, unclear, tmp_path):
    from PySide6 import QtWidgets

    table = tmp_path / "clinical.csv"
    table.write_text("PatientID,sex\n" + "".join(f"{number:03d},F\n" for number in range(12)))
    clear = write_csv(tmp_path / "a.csv", vectors())
    pages = ask(dialog, host, clear, unclear, table)
    tabs = dialog.dialog.findChild(QtWidgets.QTabWidget)
    assert [tabs.tabText(number) for number in range(3)] == ["a.csv", "⚠ mine.csv", "clinical.csv"]
    assert tabs.currentIndex == 1
    assert pages[2].problem == ""
    press(dialog, "Import")
    assert [choice.prefixes for choice in dialog.calls[0].values()] == [("pred_",), ("pred_",), ()]


def test_a_file_without_ids_can_be_numbered(dialog, host, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("pred_0,pred_1,label\n1,2,a\n3,4,a\n5,7,b\n")
    page, = ask(dialog, host, path)
    assert shown(page)[0] == ["Row number\nwhere no column has ids", "1", "2", "3"]
    assert page.choice.id_column == "row number" and not page.problem
    press(dialog, "Import")
    assert dialog.calls[0][str(path)].id_column == "row number"


def test_columns_that_are_left_out_can_be_chosen(dialog, host, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("index,pred_0,pred_1,diagnostics_Versions\n0,1,2,x\n1,3,4,x\n2,5,7,x\n")
    page, = ask(dialog, host, path)
    names = [column[0].partition("\n")[0] for column in shown(page)]
    assert [(names[place], role.value) for place, role in enumerate(page.roles())] == [
        ("Row number", "id"), ("pred_0 … pred_1", "features"), ("index", "unused"),
        ("diagnostics_Versions", "unused")]
    choose(page, names.index("index"), "Patient ID")
    press(dialog, "Import")
    assert dialog.calls[0][str(path)].id_column == "index"


def test_numbers_can_be_categories(dialog, host, tmp_path):
    more = {"digit": [str(number % 10) for number in range(12)], "site": ["a", "b"] * 6}
    path = write_csv(tmp_path / "a.csv", vectors(), more=more)
    page, = ask(dialog, host, path)
    choose(page, 2, "Categories")
    press(dialog, "Import")
    chosen = dialog.calls[0][str(path)]
    assert chosen.facets == ("digit", "site") and chosen.categories == ("digit",)
