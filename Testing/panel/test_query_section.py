"""The section for a new patient's vector: pasted, opened or dropped; neighbors, mark and summary; saved with the scene."""
import numpy as np
import pytest
from evaluation_hands import embeddings_of
from file_dropping import drop_files
from own_files import write_csv
from PySide6 import QtCore, QtTest

from TumorConnectomeLib.base.errors import InputError


def press(button):
    QtTest.QTest.mouseClick(button, QtCore.Qt.MouseButton.LeftButton)


@pytest.fixture
def query(session):
    """The session with the demo cohort and the section open; afterwards it is cleared."""
    from TumorConnectomeLib.neighbors.match import Match

    panel = session.panel
    if panel.state.cohort is None or not panel.state.cohort.synthetic:
        session.load_cohort()
    panel.set(model="", match=Match.MOST, neighborCount=5, selectedPatient="", facet="cancer_type")
    panel.ui.queryCollapsibleButton.collapsed = False
    session.settle()
    yield session
    panel.query.clear()
    panel.ui.queryCollapsibleButton.collapsed = True


def paste(session, vector):
    session.panel.ui.queryVectorEdit.setPlainText(", ".join(map(repr, np.asarray(vector, float).tolist())))
    return find(session)


def find(session):
    press(session.panel.ui.queryButton)
    return wait(session)


def wait(session):
    session.wait(lambda: not session.panel.query.busy)
    return session.panel.ui.queryStatusLabel.text


def mark_of(session):
    return session.panel.view.canvas.state.query


def cells(session):
    table = session.panel.ui.queryTable
    return [[table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)]


def shown_model(session):
    return session.panel.state.modelOf(session.panel.parameters)


def test_a_pasted_vector_is_marked_and_its_neighbors_are_listed(query):
    panel, cohort = query.panel, query.panel.state.cohort
    before = panel.view.canvas.geometry.positions.copy()
    assert paste(query, embeddings_of(query.panel)[shown_model(query)][5]) == ""
    mark = mark_of(query)
    assert mark.label == "Query"
    assert mark.neighbors[0] == cohort.patient_ids[5] == cells(query)[0][1]
    assert len(cells(query)) == len(mark.neighbors) == panel.parameters.neighborCount
    assert np.hypot(*(np.array(mark.place) - before[5])) < 0.3
    assert np.array_equal(panel.view.canvas.geometry.positions, before), "no patient moves"
    text = panel.ui.querySummaryLabel.text
    assert f"most like <b>{cohort.patient_ids[5]}</b>" in text
    assert "Cancer type of the 5 most similar" in text
    assert "around it" in text


def test_the_mark_is_drawn_and_exported(query):
    from TumorConnectomeLib.widgets.graph_export import export_picture

    query.panel.view.repaint()
    without = export_picture(query.panel.view, "svg", 600, 500)
    paste(query, embeddings_of(query.panel)[shown_model(query)][5])
    drawn = export_picture(query.panel.view, "svg", 600, 500)
    color = query.panel.view.canvas.theme.query.name().encode()
    assert color in drawn and b">Query<" in drawn
    assert color not in without
    assert "Query Query:" in query.panel.view.accessibleDescription


def test_match_mode_and_number_of_neighbors_change_the_list_without_another_search(query, monkeypatch):
    from TumorConnectomeLib.neighbors.match import Match

    panel = query.panel
    paste(query, embeddings_of(panel)[shown_model(query)][5])
    monkeypatch.setattr(panel.runner, "start", None)
    panel.set(neighborCount=3, match=Match.LEAST)
    mark = mark_of(query)
    assert mark.dashed and len(mark.neighbors) == 3
    assert panel.state.cohort.patient_ids[5] not in mark.neighbors


def test_another_model_hides_the_mark_and_says_why(query):
    panel, first = query.panel, shown_model(query)
    paste(query, embeddings_of(panel)[first][5])
    place = mark_of(query).place
    panel.set(model=next(model for model in panel.state.cohort.models if model != first))
    assert mark_of(query) is None
    assert f"a vector of the model {first}" in panel.ui.querySummaryLabel.text
    panel.set(model=first)
    assert mark_of(query).place == place


def test_clear_forgets_everything(query):
    panel = query.panel
    paste(query, embeddings_of(panel)[shown_model(query)][5])
    assert panel.parameters.query
    press(panel.ui.queryClearButton)
    assert mark_of(query) is None and not panel.parameters.query
    assert panel.ui.queryVectorEdit.toPlainText() == "" and not panel.ui.queryTable.visible


def test_a_row_of_a_dropped_file_is_chosen(query, tmp_path):
    panel = query.panel
    embedding = embeddings_of(panel)[shown_model(query)]
    name = "a-very-long-name-of-a-new-patient"
    path = write_csv(tmp_path / "new patients.csv", embedding[[3, 7]], ["A", name])
    assert drop_files(panel.ui.queryVectorEdit.viewport(), path)
    assert "choose one of its 2 rows" in wait(query)
    box = panel.ui.queryRowComboBox
    assert box.visible and [box.itemText(number) for number in range(box.count)] == ["A", name]
    box.setCurrentIndex(1)
    assert find(query) == ""
    assert mark_of(query).label == name[:23] + "\N{HORIZONTAL ELLIPSIS}"
    assert mark_of(query).neighbors[0] == panel.state.cohort.patient_ids[7]
    panel.ui.queryVectorEdit.setPlainText("1 2 3")
    assert not box.visible, "typing forgets the file"


def test_a_file_that_is_one_vector_needs_no_choice(query, tmp_path):
    panel = query.panel
    np.save(tmp_path / "mine.npy", embeddings_of(panel)[shown_model(query)][9])
    drop_files(panel.ui.queryVectorEdit.viewport(), tmp_path / "mine.npy")
    assert "is one vector" in wait(query)
    assert not panel.ui.queryRowComboBox.visible
    find(query)
    assert (mark_of(query).label, mark_of(query).neighbors[0]) == ("mine", panel.state.cohort.patient_ids[9])


def test_dropped_text_is_pasted_as_ever(query):
    assert drop_files(query.panel.ui.queryVectorEdit.viewport(), text="1, 2, 3")
    assert query.panel.ui.queryVectorEdit.toPlainText() == "1, 2, 3"


@pytest.mark.parametrize(("text", "words"), [
    ("1, 2, x", "number 3 is 'x'"), ("1, 2, 3", "the vector has 3 numbers"), ("", "Paste a vector, or open a file")])
def test_a_vector_that_does_not_fit_is_said_in_one_line(query, text, words):
    query.panel.ui.queryVectorEdit.setPlainText(text)
    status = find(query)
    assert words in status and "\n" not in status
    assert mark_of(query) is None


def test_a_file_without_vectors_is_refused_and_forgotten(query, tmp_path):
    (tmp_path / "notes.csv").write_text("id,sex\nA,F\nB,M\n")
    drop_files(query.panel.ui.queryVectorEdit.viewport(), tmp_path / "notes.csv")
    assert "no numbered feature columns" in wait(query)
    query.panel.ui.queryVectorEdit.clear()
    assert "Paste a vector" in find(query)


def test_pressing_a_row_selects_the_patient(query):
    panel = query.panel
    paste(query, embeddings_of(panel)[shown_model(query)][5])
    item = panel.ui.queryTable.item(1, 1)
    point, viewport = panel.ui.queryTable.visualItemRect(item).center(), panel.ui.queryTable.viewport()
    QtTest.QTest.mouseClick(viewport, QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier, point)
    assert panel.parameters.selectedPatient == mark_of(query).neighbors[1]
    assert panel.ui.queryTable.currentRow() == 1 and panel.ui.queryTable.selectedItems(), "the row stays marked"


def test_a_query_comes_back_with_the_scene(query, tmp_path):
    import slicer

    panel = query.panel
    paste(query, embeddings_of(panel)[shown_model(query)][5])
    before = mark_of(query)
    assert slicer.util.saveScene(str(tmp_path / "scene.mrml"))
    slicer.mrmlScene.Clear()
    query.settle()
    assert mark_of(query) is None
    slicer.util.loadScene(str(tmp_path / "scene.mrml"))
    query.wait(lambda: mark_of(query) is not None)
    assert mark_of(query) == before


def test_vectors_stay_where_workers_read_them(query):
    cohort, ui = query.panel.state.cohort, query.panel.ui
    assert cohort.has_vectors and ui.queryButton.enabled and ui.evaluateButton.enabled and ui.mapComboBox.enabled
    with pytest.raises(InputError, match="not loaded in this process"):
        cohort.embeddings[shown_model(query)]
