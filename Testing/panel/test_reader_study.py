"""The Reader study section with real clicks and keys: from the design to the plot, leaving and going on, errors, ids hidden."""
import json
import shutil

import numpy as np
import pytest
from PySide6 import QtCore, QtTest

from TumorConnectomeLib.base.files import default_cache_folder
from TumorConnectomeLib.imaging.tumor_stack import TumorStack, stack_path, write_stack
from TumorConnectomeLib.study.answers import read_answers
from TumorConnectomeLib.study.study import read_study
from TumorConnectomeLib.synthetic.patients import patient_ids
from TumorConnectomeLib.synthetic.study_ids import StudyIds

READERS = ("Ann", "Bob", "Cleo")


def press(widget, *names):
    for name in names:
        QtTest.QTest.keyClick(widget, getattr(QtCore.Qt, f"Key_{name}"))


def click(widget):
    assert widget.isVisible() and widget.isEnabled(), widget.text
    QtTest.QTest.mouseClick(widget, QtCore.Qt.LeftButton, QtCore.Qt.NoModifier, widget.rect.center())


@pytest.fixture(scope="module")
def slices(session):
    """Slices of every made-up tumor in the cache: making the CTs takes long."""
    made = [stack_path(session.panel.sources.cache_folder, StudyIds(patient).ct_series) for patient in patient_ids()]
    write_stack(made[0], TumorStack(np.random.default_rng(0).integers(-900, 100, (3, 40, 40)).astype(np.int16), 2.0))
    for path in made[1:]:
        shutil.copy(made[0], path)
    yield
    for path in made:
        path.unlink()


@pytest.fixture
def section(demo, slices, tmp_path):
    """The session with the section open, and a small study wanted."""
    panel = demo.panel
    panel.ui.studyCollapsibleButton.collapsed = False
    panel.ui.studyTabs.currentIndex = 0
    panel.ui.studyPathLineEdit.currentPath = str(tmp_path / "STUDY.json")
    panel.set(studyQueryCount=4, studyRepeats=1, studyReaders=", ".join(READERS), studyReader="", studySeed=1)
    demo.settle()
    yield demo
    panel.study.display.leave()
    panel.study.cancel()
    panel.ui.studyPathLineEdit.currentPath = ""
    panel.ui.studyCollapsibleButton.collapsed = True
    panel.showConnectome()


def designed(section, tmp_path):
    """Draw the study with the section's button."""
    click(section.panel.ui.designButton)
    section.wait(lambda: not section.panel.study.busy)
    section.settle()
    return read_study(tmp_path / "STUDY.json")


def pictures_there(section):
    section.wait(lambda: not section.panel.study.display.fetching)
    section.settle()


def texts(widget):
    """Everything that a widget and its children say."""
    import qt
    children = [widget, *widget.findChildren(qt.QWidget)]
    names = "text", "toolTip", "accessibleName"
    return "\n".join(str(getattr(child, name, "") or "") for child in children for name in names)


def test_from_the_design_to_the_plot(section, tmp_path):
    panel, ui = section.panel, section.panel.ui
    study = designed(section, tmp_path)
    assert tuple(study.readers) == READERS and "4 queries, 1 of them twice" in ui.studyInfoLabel.text
    click(ui.readButton)
    section.settle()
    board, dock = panel.study.display.board, section.window.findChild(QtCore.QObject, "PanelDockWidget")
    assert board.isVisible() and board.hasFocus() and not dock.isVisible()
    pictures_there(section)
    assert all("loading" not in tile.accessibleName for tile in (board.queryTile, *board.tiles))
    shown = texts(section.window.centralWidget())
    assert not any(patient in shown for patient in panel.state.cohort.patient_ids)
    press(board, "1", "2", "3", "4", "6", "Return", "0", "9")
    click(board.tiles[4])
    click(board.leaveButton)                            # in the middle of a query
    section.settle()
    assert dock.isVisible() and not panel.study.display.active and "answered 1 of 5" in ui.studyReadLabel.text
    saved = read_answers(tmp_path / "ANSWERS-Ann.json", study)
    second = study.readers["Ann"][1]
    assert len(saved.answers) == 1 and set(saved.draft.chosen) == {second.candidates[place] for place in (9, 8, 4)}
    click(ui.readButton)                                # it goes on there
    section.settle()
    assert [tile.isChosen for tile in board.tiles] == [place in (9, 8, 4) for place in range(10)]
    press(board, "1", "2", "Return", *"12345", "Return", *"12345", "Return", *"12345", "Return")
    click(board.finishButton)
    click(board.leaveButton)
    assert "Ann has finished" in ui.studyReadLabel.text
    analyzed(section, tmp_path, study)


def analyzed(section, tmp_path, study):
    """Simulate the other readers and analyze all; the figures are in the scene."""
    import slicer

    from TumorConnectomeLib.panel.result_nodes import find_result, read_result
    panel, ui = section.panel, section.panel.ui
    ui.studyTabs.currentIndex = 2
    section.settle()
    click(ui.simulateButton)
    section.wait(lambda: not panel.study.busy)
    section.settle()
    assert {path.name for path in tmp_path.glob("ANSWERS-*")} == {f"ANSWERS-{reader}.json" for reader in READERS}
    assert len(panel.study.answers.ticked) == 3
    click(ui.analyzeButton)
    section.wait(lambda: not panel.study.busy)
    section.settle()
    records, facts = read_result(find_result("reader study"))
    found = {(record["statistic"], record["reader"]): record["value"] for record in records}
    chosen = read_answers(tmp_path / "ANSWERS-Ann.json", study).answers
    keys = {query.key: {one for one, place in zip(query.candidates, key.places) if place <= 5}
            for query, key in zip(study.queries, study.keys)}
    shares = [len(keys[answer.query] & set(answer.chosen)) / 5 for answer in chosen if answer.time == 1]
    assert found["agreement_with_model", "Ann"] == pytest.approx(np.mean(shares))
    assert ("fleiss_kappa", "all") in found and ("intra_reader_kappa", "Bob") in found and facts["synthetic"]
    assert "SYNTHETIC" in ui.studyResultLabel.text and "model's five" in ui.studyResultLabel.text
    click(ui.showStudyButton)
    section.settle()
    chart = next(node for node in slicer.util.getNodesByClass("vtkMRMLPlotChartNode") if "reader study" in node.GetName())
    widget = slicer.app.layoutManager().plotWidget(0)
    assert widget.mrmlPlotViewNode().GetPlotChartNode() is chart and "Agreement with model" in chart.GetTitle()
    ui.studyPlotComboBox.setFocus()
    press(ui.studyPlotComboBox, "Down")
    section.settle()
    assert "Kappas" in chart.GetTitle()


def test_another_layout_or_module_leaves_the_reading_and_stops_the_clock(section, tmp_path):
    import slicer
    designed(section, tmp_path)
    display, manager = section.panel.study.display, slicer.app.layoutManager()
    for leave in (lambda: manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView),
                  lambda: slicer.modules.TumorConnectomeWidget.exit(), lambda: slicer.mrmlScene.Clear()):
        section.panel.ui.studyPathLineEdit.currentPath = str(tmp_path / "STUDY.json")
        section.settle()
        section.panel.study.read()
        section.settle()
        assert display.active
        leave()
        section.settle()
        assert not display.active and not display.fetching
        assert section.window.findChild(QtCore.QObject, "PanelDockWidget").isVisible()
    assert manager.layout != 18331


def test_a_full_disk_is_told_on_the_board_and_the_next_click_writes_all(section, tmp_path, monkeypatch):
    from TumorConnectomeLib.study import session as module
    study = designed(section, tmp_path)
    section.panel.study.read()
    section.settle()
    board, write = section.panel.study.display.board, module.write_answers

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_answers", full)
    press(board, "1")
    assert "No space left on device" in board.problemText and board.tiles[0].isChosen
    monkeypatch.setattr(module, "write_answers", write)
    press(board, "2")
    first = study.readers["Ann"][0]
    assert board.problemText == ""
    assert set(read_answers(tmp_path / "ANSWERS-Ann.json", study).draft.chosen) == set(first.candidates[:2])


def test_each_mistake_is_one_line(section, tmp_path):
    panel, ui = section.panel, section.panel.ui
    designed(section, tmp_path)
    ui.studyTabs.currentIndex = 0
    section.settle()
    click(ui.designButton)
    assert "exists" in ui.studyStatusLabel.text
    panel.study.simulate()
    section.wait(lambda: not panel.study.busy)
    section.settle()
    panel.study.simulate()
    assert "Every reader has" in ui.studyStatusLabel.text
    (tmp_path / "elsewhere").mkdir()
    record = json.loads((tmp_path / "ANSWERS-Bob.json").read_text())
    for name, change in (("doubled", {}), ("cohort", {"cohort_sha256": "0" * 64}), ("unknown", {"reader": "Dora"})):
        path = tmp_path / "elsewhere" / f"{name}.json"
        path.write_text(json.dumps({**record, **change}))
        panel.study.answers.add([path])
        panel.study.analyze()
        section.wait(lambda: not panel.study.busy)
        line = ui.studyStatusLabel.text
        assert "\n" not in line and f"{name}.json" in line
        assert {"doubled": "as well", "cohort": "another cohort", "unknown": "is not in the study"}[name] in line
        item = panel.study.answers.list.widget.item(panel.study.answers.list.choices.index(str(path)))
        item.setCheckState(QtCore.Qt.Unchecked)
    (tmp_path / "STUDY.json").write_text("{}")
    ui.studyPathLineEdit.currentPath = ""
    ui.studyPathLineEdit.currentPath = str(tmp_path / "STUDY.json")
    section.settle()
    assert "not a file of this kind" in ui.studyInfoLabel.text and not ui.readButton.enabled
    assert str(default_cache_folder()) not in ui.studyInfoLabel.text


def test_section_and_board_fit_a_laptops_window(section, tmp_path):
    section.window.resize(1366, 768)
    designed(section, tmp_path)
    ui = section.panel.ui
    for tab in range(3):
        ui.studyTabs.currentIndex = tab
        section.settle()
        assert ui.studyCollapsibleButton.minimumSizeHint.width() <= 400         # the panel has 430 px, with its scroll bar
    section.panel.study.read()
    section.settle()
    board = section.panel.study.display.board
    assert (section.window.width, section.window.height) == (1366, 768) and board.width > 1300
    sides = {(tile.width, tile.height) for tile in board.tiles}
    assert max(max(side) for side in sides) - min(min(side) for side in sides) < 60 and min(min(side) for side in sides) > 180
    assert board.queryTile.width > 2.5 * board.tiles[0].width and board.queryTile.height > 2.5 * board.tiles[0].height


def test_a_study_that_was_read_elsewhere_needs_no_study_file(section, tmp_path):
    from TumorConnectomeLib.panel.study_results import figures_in_scene
    panel, ui, random = section.panel, section.panel.ui, np.random.default_rng(1)
    lines = ["reader,query,candidate,model_choice,chosen"]
    for reader in READERS:
        for query in range(4):
            chosen = random.permutation(10) < 5
            lines += [f"{reader},q{query},c{place},{int(place < 5)},{int(chosen[place])}" for place in range(10)]
    (tmp_path / "choices.csv").write_text("\n".join(lines))
    ui.studyTabs.currentIndex = 2
    panel.study.answers.add([tmp_path / "choices.csv"])
    section.settle()
    click(ui.analyzeButton)
    section.wait(lambda: not panel.study.busy)
    section.settle()
    _node, records, facts = figures_in_scene()
    assert {record["reader"] for record in records} == {*READERS, "consensus", "all"} and not facts["synthetic"]
    assert [ui.studyPlotComboBox.itemText(place) for place in range(ui.studyPlotComboBox.count)] == [
        "Agreement with model", "Kappas"]              # nobody knows ranks and margins
    item = panel.study.answers.list.widget.item(panel.study.answers.list.choices.index(str(tmp_path / "choices.csv")))
    item.setCheckState(QtCore.Qt.Unchecked)
    click(ui.analyzeButton)
    assert "no file of answers is ticked" in ui.studyStatusLabel.text


def test_queries_are_drawn_by_a_label_or_are_the_group(section, tmp_path):
    from TumorConnectomeLib.panel.parameters import StudyQueries
    from TumorConnectomeLib.study.design import Against
    panel, ui = section.panel, section.panel.ui
    cohort = panel.state.cohort
    ui.studyQueriesComboBox.setCurrentIndex(list(StudyQueries).index(StudyQueries.STRATIFIED))
    section.settle()
    assert ui.studyFacetComboBox.enabled
    place = list(cohort.facets).index("stage")
    ui.studyFacetComboBox.setCurrentIndex(place)
    ui.studyFacetComboBox.activated.emit(place)
    panel.set(studyAgainst=Against.RANKS_11_TO_15, studyAtMost=6)
    study = designed(section, tmp_path)
    assert (study.choices["stratify"], study.choices["against"], study.choices["at_most"]) == ("stage", "ranks-11-15", 6)
    assert study.model == panel.state.modelOf(panel.parameters)
    group = list(cohort.patient_ids[5:9])
    ui.studyPathLineEdit.currentPath = str(tmp_path / "GROUP.json")
    panel.set(studyQueries=StudyQueries.GROUP, group="", studyAtMost=0)
    ui.studyTabs.currentIndex = 0
    section.settle()
    click(ui.designButton)
    assert "no group" in ui.studyStatusLabel.text and not ui.studyQueryCountSpinBox.enabled
    panel.set(group=json.dumps(group))
    click(ui.designButton)
    section.wait(lambda: not panel.study.busy)
    assert sorted(query.patient for query in read_study(tmp_path / "GROUP.json").queries) == sorted(group)
    panel.set(studyQueries=StudyQueries.RANDOM, studyAgainst=Against.FARTHEST, group="", studyFacet="")
