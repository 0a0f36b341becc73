"""Similarity to a text in the panel: a file of text vectors colors the patients, is tested, and can be taken back."""
import numpy as np
import pytest
from evaluation_hands import embeddings_of
from PySide6 import QtCore, QtTest

MODEL = "TextureDescriptor"


def press(button):
    QtTest.QTest.mouseClick(button, QtCore.Qt.MouseButton.LeftButton)


@pytest.fixture
def text(demo, tmp_path):
    """The session with the demo cohort, the section open and a file of two texts; afterwards it is cleared."""
    session, panel = demo, demo.panel
    panel.ui.textCollapsibleButton.collapsed = False
    vectors = embeddings_of(panel)[MODEL][[3, 7]]
    np.savez(tmp_path / "texts.npz", names=np.array(["a spiculated mass", "ground glass"]), vectors=vectors)
    yield session, tmp_path / "texts.npz", vectors.astype(float)
    panel.text.clear()
    panel.set(textFile="", textModel="", facet="cancer_type")
    panel.ui.textCollapsibleButton.collapsed = True
    session.settle()


def wait(session):
    session.wait(lambda: not session.panel.text.busy)
    return session.panel.ui.textStatusLabel.text


def cosine(panel, vector):
    rows = embeddings_of(panel)[MODEL].astype(float)
    return rows @ vector / np.linalg.norm(rows, axis=1) / np.linalg.norm(vector)


def test_a_phrase_colors_the_patients_and_a_contrast_does_and_both_can_be_taken_back(text):
    from TumorConnectomeLib.cohort.text_similarity import TEXT_COLUMN
    from TumorConnectomeLib.panel.changes import IMAGES
    from TumorConnectomeLib.panel.result_nodes import find_result
    from TumorConnectomeLib.panel.text_controller import RESULT

    session, path, vectors = text
    panel, ui = session.panel, session.panel.ui
    assert not ui.textButton.enabled and "trained on abdominal CT" in ui.textNoteLabel.text
    panel.text.openFile(path)
    assert wait(session) == "" and ui.textFileLabel.text == "texts.npz"
    assert [ui.textModelComboBox.itemText(n) for n in range(ui.textModelComboBox.count)] == [MODEL]
    press(ui.textButton)
    assert wait(session) == ""
    facet = panel.state.cohort.facets[TEXT_COLUMN]
    np.testing.assert_allclose(facet.numbers, cosine(panel, vectors[0]), atol=1e-6)
    assert facet.title == 'Similarity to "a spiculated mass"' and panel.state.facetOf(panel.parameters) is facet
    assert TEXT_COLUMN in [column.key for column in panel.state.columns]
    table = ui.textTable
    rows = [[table.item(row, column).text() for column in range(4)] for row in range(table.rowCount)]
    assert rows[-1][0] == "Random groups: A" and rows[0][0] == "Sex: Male" and " to " in rows[0][2]
    assert find_result(RESULT).GetNumberOfRows() == len(rows)
    ui.textAgainstComboBox.currentIndex = 2
    press(ui.textButton)
    assert wait(session) == ""
    expected = cosine(panel, vectors[0]) - cosine(panel, vectors[1])
    np.testing.assert_allclose(panel.state.cohort.facets[TEXT_COLUMN].numbers, expected, atol=1e-6)
    panel.changes.tell(IMAGES)
    session.settle()
    assert TEXT_COLUMN in panel.state.cohort.facets
    press(ui.textClearButton)
    assert TEXT_COLUMN not in panel.state.cohort.facets and not table.visible and not ui.textClearButton.enabled


def test_the_evaluation_knows_the_column(text):
    from TumorConnectomeLib.cohort.text_similarity import TEXT_COLUMN
    from TumorConnectomeLib.panel.text_controller import text_options

    session, path, _vectors = text
    panel = session.panel
    panel.text.openFile(path)
    wait(session)
    assert text_options(panel.parameters, panel.state.cohort) == []
    press(panel.ui.textButton)
    wait(session)
    options = text_options(panel.parameters, panel.state.cohort)
    assert options == ["--texts", str(path), "--phrase", "a spiculated mass", "--against", "", "--text-model", MODEL]
    from TumorConnectomeLib.commands.evaluate import evaluate_command
    from TumorConnectomeLib.evaluation.evidence import read_evidence

    found = evaluate_command(["--cache", str(path.parent), "--prepared", panel.cohort.loader.path, "--model", MODEL, "--facet",
                              TEXT_COLUMN, "--permutations", "20", "--within", "", *options], lambda *_: None)
    assert set(read_evidence(found["path"]).table["facet"]) >= {TEXT_COLUMN, "random"}


def test_a_file_that_is_none_is_one_line(text):
    session, path, _vectors = text
    panel, ui = session.panel, session.panel.ui
    path.write_bytes(b"no archive")
    panel.text.openFile(path)
    assert "texts.npz: not readable" in wait(session) and not ui.textButton.enabled
    np.savez(path, names=np.array(["x"]), vectors=np.ones((1, 5)))
    panel.text.openFile(path)                           # the same path again: it is read anew
    session.settle()
    assert "its vectors have 5 numbers" in wait(session)
