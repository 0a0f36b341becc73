"""Tables in the scene: what Slicer's table view prints, and what other programs read from the files that Slicer writes."""
import math

import numpy as np
import pytest
from evaluation_hands import column

#: of no evaluation: the panel, which may be loading a cohort, shows those by their names
NAME = "made up"
COLUMNS = ("model", "metric", "k", "n", "lift", "p", "note")
ROWS = [["CT-FM", "P@k", 5, 289, 1.2345678, 0.0004997501249375312, ""],
        ["CT-FM", "R-precision", None, 289, 0.9, math.nan, "too few patients"],
        ["Consensus, all", "P@k", 10, 280, 2.0, 1.0, "one, two"]]


@pytest.fixture
def results(session):
    """The module that writes results, on an empty scene."""
    import slicer

    from TumorConnectomeLib.panel import result_nodes
    slicer.mrmlScene.Clear()
    return result_nodes


def printed(node):
    """Headers and cells of a table view that shows the node."""
    from slicerhost.table_view import qMRMLTableView

    view = qMRMLTableView()
    view.setMRMLTableNode(node)
    model = view.model().sourceModel
    headers = [model.horizontalHeaderItem(place).text() for place in range(model.columnCount())]
    cells = [[model.item(row, place) for place in range(model.columnCount())] for row in range(model.rowCount())]
    found = headers, [[cell.text() for cell in line] for line in cells], [cell.toolTip() for cell in cells[0]]
    view.deleteLater()
    return found


def test_cells_without_a_figure_are_empty(results):
    headers, cells, tips = printed(results.write_result(NAME, COLUMNS, ROWS, {}))
    assert headers == ["Model", "Metric", "k", "n", "Lift", "p", "Note"]
    assert cells == [["CT-FM", "P@k", "5", "289", "1.23457", "0.00049975", ""],
                     ["CT-FM", "R-precision", "", "289", "0.9", "", "too few patients"],
                     ["Consensus, all", "P@k", "10", "280", "2", "1", "one, two"]]
    assert "<lift>" not in tips[4] and "1 is chance" in tips[4] and "&lt;lift&gt;" in tips[4]


def test_every_column_of_a_result_has_a_title_and_an_explanation():
    from TumorConnectomeLib.commands import agreement, evaluate, hubs, probes
    from TumorConnectomeLib.evaluation.reliability import COLUMNS as BINS
    from TumorConnectomeLib.presentation.result_columns import RESULT_COLUMNS

    tables = (agreement.COLUMNS, evaluate.COLUMNS, evaluate.CONFOUND_COLUMNS, evaluate.SAME_PATIENT_COLUMNS,
              evaluate.VOTE_COLUMNS, hubs.COLUMNS, probes.COLUMNS, BINS)
    assert [name for columns in tables for name in columns if name not in RESULT_COLUMNS] == []
    assert all(column.title and column.note.endswith(".") for column in RESULT_COLUMNS.values())
    assert all(len({RESULT_COLUMNS[name].title for name in columns}) == len(columns) for columns in tables)


def test_columns_without_gaps_stay_numbers(results):
    node = results.write_result(NAME, COLUMNS, ROWS, {})
    assert [node.GetTable().GetColumnByName(name).GetClassName() for name in COLUMNS] == [
        "vtkStringArray", "vtkStringArray", "vtkStringArray", "vtkIntArray", "vtkDoubleArray", "vtkStringArray",
        "vtkStringArray"]
    assert column(node, "lift") == [1.2345678, 0.9, 2.0]
    records, _facts = results.read_result(node)
    assert math.isnan(records[1]["k"]) and math.isnan(records[1]["p"]) and records[1]["note"] == "too few patients"
    assert (records[0]["k"], records[0]["p"]) == (5.0, pytest.approx(ROWS[0][5], rel=1e-5))


def test_a_cell_that_somebody_changed_is_read_as_it_is(results):
    node = results.write_result(NAME, COLUMNS, ROWS, {})
    node.SetCellText(1, 2, "five")
    assert results.read_result(node)[0][1]["k"] == "five"


@pytest.mark.parametrize(("ending", "separator"), [("csv", ","), ("tsv", "\t")])
def test_pandas_reads_the_numbers_of_a_saved_table(results, tmp_path, ending, separator):
    import pandas as pd
    import slicer

    node = results.write_result(NAME, COLUMNS, ROWS, {"cohort": "A"})
    path = tmp_path / f"retrieval.{ending}"
    assert slicer.util.saveNode(node, str(path))
    found = pd.read_csv(path, sep=separator)
    assert list(found) == list(COLUMNS)
    np.testing.assert_allclose(found["k"], [5, math.nan, 10])
    np.testing.assert_allclose(found["p"], [ROWS[0][5], math.nan, 1.0], rtol=1e-5)
    np.testing.assert_allclose(found["lift"], [1.2345678, 0.9, 2.0], rtol=1e-5)
    assert found["n"].tolist() == [289, 289, 280] and found["model"].tolist()[2] == "Consensus, all"


def test_a_table_comes_back_with_the_scene(results, tmp_path):
    import slicer

    node = results.write_result(NAME, COLUMNS, ROWS, {"cohort": "A"})
    before = results.read_result(node)[0]
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer.mrmlScene.Clear()
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    node = results.find_result(NAME)
    records, facts = results.read_result(node)
    assert facts == {"cohort": "A"}
    for old, new in zip(before, records):
        for name in COLUMNS:
            assert new[name] == (old[name] if isinstance(old[name], str) else pytest.approx(old[name], rel=1e-5, nan_ok=True))
    assert printed(node)[0][4] == "Lift"
