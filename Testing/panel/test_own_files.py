"""A user's own files in the panel: typed, chosen or dropped; asked once what is not clear; reported what does not match."""
import numpy as np
import pytest
from file_dropping import drop_files
from own_files import ids, vectors, write_csv
from PySide6 import QtCore, QtTest, QtWidgets


def press(button):
    QtTest.QTest.mouseClick(button, QtCore.Qt.MouseButton.LeftButton)


@pytest.fixture
def own(session):
    """The session; afterwards no import choices are kept."""
    session.settle()
    yield session
    session.panel.cohort.imports.dialog.cleanup()
    session.panel.set(importChoices="")


def wait(session):
    session.wait(lambda: not session.panel.cohort.loader.busy)
    return session.panel.ui.cohortStatusLabel.text


def load(session, text):
    session.panel.ui.dataFolderPathLineEdit.currentPath = str(text)
    press(session.panel.ui.loadCohortButton)
    return wait(session)


def dialog_of(session):
    return session.panel.cohort.imports.dialog


def press_in_dialog(session, text):
    press(next(button for button in dialog_of(session).dialog.findChildren(QtWidgets.QPushButton) if button.text == text))


def line_of(session):
    return session.panel.ui.dataFolderPathLineEdit.findChild(QtWidgets.QLineEdit)


def test_a_clear_file_is_loaded_without_a_question(own, tmp_path):
    more = {"volume": [str(number / 4) for number in range(40)], "clinic": ["Basel", "Boston"] * 20}
    assert load(own, write_csv(tmp_path / "fmcib.csv", vectors(40), more=more)).startswith("fmcib: 40 patients, 1 models")
    assert dialog_of(own).dialog is None
    facets = own.panel.ui.facetComboBox
    titles = [facets.itemText(number) for number in range(facets.count)]
    assert any("clinic" in title.lower() for title in titles) and any("volume" in title.lower() for title in titles)
    own.panel.select("007")
    assert own.panel.ui.neighborsTable.rowCount == 5


def test_several_files_are_dropped_and_what_does_not_match_is_reported(own, tmp_path):
    paths = [write_csv(tmp_path / "a.csv", vectors(20)), write_csv(tmp_path / "b.csv", vectors(18, seed=1), ids(20)[:18])]
    assert drop_files(line_of(own), *paths)
    text = wait(own)
    assert own.panel.ui.dataFolderPathLineEdit.currentPath == ";".join(map(str, paths))
    assert "18 patients, 2 models" in text and "2 patients not in b.csv (000, 001)." in text
    assert own.panel.ui.copyImportReportButton.visible
    press(own.panel.ui.copyImportReportButton)
    assert "001\tnot in b.csv" in QtWidgets.QApplication.clipboard().text().splitlines()
    load(own, "")
    assert not own.panel.ui.copyImportReportButton.visible


def test_an_unclear_file_is_asked_about_once(own, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("case,a_0,a_1,b_0,b_1\n" + "".join(f"C{number},{number},1,2,{number * number}\n" for number in range(9)))
    before = own.panel.state.cohort
    assert "Waiting for your import options of mine.csv" in load(own, path)
    page, = dialog_of(own).pages.values()
    box = page.widget.findChild(QtWidgets.QTableWidget).cellWidget(0, 2)
    QtTest.QTest.keyClicks(box, "F")
    assert [role.value for role in page.roles()] == ["id", "features", "features"]
    press_in_dialog(own, "Import")
    assert wait(own).startswith("mine: 9 patients, 2 models")
    assert own.panel.state.cohort is not before and own.panel.state.cohort.models == ("a", "b")
    assert load(own, path).startswith("mine: 9 patients, 2 models"), "the answer is remembered"
    assert dialog_of(own).dialog is None


def test_the_old_cohort_stays_when_the_question_is_not_answered(own, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("case,a_0,a_1,b_0,b_1\n" + "".join(f"C{number},{number},1,2,3\n" for number in range(9)))
    before = own.panel.state.cohort
    load(own, path)
    press_in_dialog(own, "Cancel")
    assert "Not imported" in own.panel.ui.cohortStatusLabel.text
    assert own.panel.state.cohort is before and not own.panel.parameters.importChoices


def test_the_options_of_a_clear_file_can_be_changed(own, tmp_path):
    path = write_csv(tmp_path / "a.csv", vectors(9), more={"other": [f"X{number}" for number in range(9)]})
    load(own, path)
    press(own.panel.ui.importOptionsButton)
    wait(own)
    page, = dialog_of(own).pages.values()
    QtTest.QTest.keyClicks(page.widget.findChild(QtWidgets.QTableWidget).cellWidget(0, 2), "Pat")
    page.widget.findChild(QtWidgets.QLineEdit).text = "CTFM"
    press_in_dialog(own, "Import")
    wait(own)
    assert own.panel.state.cohort.patient_ids == tuple(f"X{number}" for number in range(9))
    assert own.panel.state.cohort.models == ("CTFM",)


def test_an_error_is_one_line_that_names_the_cell(own, tmp_path):
    embedding = vectors(9).astype(object)
    path = write_csv(tmp_path / "a.csv", vectors(9))
    text = path.read_text()
    for row in range(3, 9):
        text = text.replace(repr(float(embedding[row, 2])), "oops")
    path.write_text(text)
    before = own.panel.state.cohort
    text = load(own, path)
    assert "a.csv, row 5, column 'pred_2': 'oops' is not a number; expected a number with a decimal point" in text
    assert "\n" not in text and own.panel.state.cohort is before


def test_parquet_and_npz_files_load_in_the_panel(own, tmp_path):
    from own_files import frame

    frame(vectors(15)).to_parquet(tmp_path / "a.parquet")
    np.savez(tmp_path / "b.npz", ids=np.array(ids(15)), CTFM=vectors(15, seed=1))
    assert "15 patients, 2 models" in load(own, tmp_path)
    assert own.panel.state.cohort.models == ("a", "CTFM")


def test_choices_that_were_damaged_by_hand_are_one_line(own, tmp_path):
    own.panel.set(importChoices="{")
    assert "the import options are damaged" in load(own, write_csv(tmp_path / "a.csv", vectors(9)))
