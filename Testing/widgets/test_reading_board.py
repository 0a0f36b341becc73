"""A whole reading with real keys and clicks on the board: tiles, windows, zoom, pause, back, and the answers on disk."""
import numpy as np
import pytest
from cohort_factory import cohort
from PySide6 import QtCore, QtGui, QtTest

from TumorConnectomeLib.study.answers import read_answers
from TumorConnectomeLib.study.design import DesignChoices, draw_study
from TumorConnectomeLib.study.session import ReadingSession


class Reader:
    """A person at the board: presses keys and buttons, looks at tiles."""

    def __init__(self, board, asked):
        self.board, self.asked = board, asked

    def press(self, *names):
        for name in names:
            QtTest.QTest.keyClick(self.board, getattr(QtCore.Qt, f"Key_{name}"))

    def click(self, widget):
        QtTest.QTest.mouseClick(widget, QtCore.Qt.LeftButton, QtCore.Qt.NoModifier, widget.rect.center())

    def wheel(self, widget, up, ctrl=False):
        where = QtCore.QPointF(widget.rect.center())
        modifiers = QtCore.Qt.ControlModifier if ctrl else QtCore.Qt.NoModifier
        QtCore.QCoreApplication.sendEvent(widget, QtGui.QWheelEvent(
            where, widget.mapToGlobal(where), QtCore.QPoint(), QtCore.QPoint(0, 120 if up else -120), QtCore.Qt.NoButton,
            modifiers, QtCore.Qt.NoScrollPhase, False))

    @property
    def chosen(self):
        return [number for number, tile in enumerate(self.board.tiles) if tile.isChosen]


@pytest.fixture(scope="module")
def study():
    return draw_study(cohort(30), "A", DesignChoices(("Ann",), queries=3, seed=1))[0]


@pytest.fixture
def reading(host, study, tmp_path):
    """A reading on a shown board, with pictures asked for but not there yet: (reader, reading, path of the answers)."""
    from TumorConnectomeLib.study.reading import Reading
    from TumorConnectomeLib.widgets.reading_board import ReadingBoard
    board, asked, path = ReadingBoard(), [], tmp_path / "ANSWERS-Ann.json"
    board.resize(1100, 420)
    made = Reading(study, ReadingSession(study, "Ann", path), board, asked.append)
    board.show()
    board.activateWindow()
    host.processEvents()
    yield Reader(board, asked), made, path
    board.close()
    board.deleteLater()


def crop(value=-600, slices=5, side=80, mm=1.0):
    """A crop whose middle slice has a bright square of 10 mm in its middle, on lung."""
    from TumorConnectomeLib.widgets.reading_tile import TileImage
    values = np.full((slices, side, side), -1350, np.int16)
    middle, half = side // 2, round(5 / mm)
    values[slices // 2, middle - half:middle + half, middle - half:middle + half] = value
    return TileImage(values, mm)


def bright(tile, least):
    """Pixels of a tile that are brighter than this, without frame and texts."""
    from widget_hands import pixels
    shown = pixels(tile)[30:-30, 30:-30]
    return int((shown.min(axis=-1) >= least).sum())


def test_keys_and_clicks_choose_five_and_enter_confirms(reading, study):
    reader, _made, path = reading
    reader.press("1", "2", "0")
    assert reader.chosen == [0, 1, 9] and "3 of 5 chosen" in reader.board.progressText
    reader.press("Return")
    assert reader.chosen == [0, 1, 9] and not reader.board.confirmButton.enabled
    reader.click(reader.board.tiles[4])
    reader.click(reader.board.tiles[5])
    assert reader.board.confirmButton.enabled
    reader.press("3")                                   # a sixth is not chosen
    assert reader.chosen == [0, 1, 4, 5, 9]
    reader.press("1", "7", "Return")
    first = study.readers["Ann"][0]
    (answer,) = read_answers(path, study).answers
    assert set(answer.chosen) == {first.candidates[i] for i in (1, 4, 5, 6, 9)}
    assert reader.chosen == [] and reader.board.progressText.startswith("Query 2 of 3")


def test_a_whole_reading_with_back_skip_pause_and_finish(reading, study):
    reader, _made, path = reading
    assert not reader.board.backButton.enabled and not reader.board.finishButton.visible
    reader.press("1", "2", "3", "4", "5", "Return")
    reader.press("Backspace")
    assert reader.chosen == [0, 1, 2, 3, 4]
    reader.press("5", "6", "Return")
    reader.click(reader.board.skipButton)
    reader.press("P")
    assert "Pause" in reader.board.progressText and reader.board.pauseButton.text == "Go on"
    reader.press("1")
    assert reader.chosen == []
    reader.click(reader.board.pauseButton)
    reader.press("6", "7", "8", "9", "0")
    reader.click(reader.board.confirmButton)
    assert reader.board.finishButton.visible
    reader.click(reader.board.finishButton)
    found = read_answers(path, study)
    assert found.finished and [len(answer.chosen) for answer in found.answers] == [5, 0, 5]
    assert "finished" in reader.board.progressText and not reader.board.skipButton.enabled


def test_images_are_asked_for_the_query_first_and_the_next_ones_ahead(reading, study):
    reader, made, _path = reading
    patient = {query.key: query.patient for query in study.queries}
    first, second, third = study.readers["Ann"]
    (asked,) = reader.asked
    assert asked[:11] == [patient[first.query], *first.candidates]
    assert {patient[second.query], *second.candidates, patient[third.query], *third.candidates} <= set(asked)
    made.setImage(second.candidates[3], crop())
    made.setImage("P-nobody", crop())
    reader.press("1", "2", "3", "4", "5", "Return")
    assert bright(reader.board.tiles[3], 120) > 20       # it was there when the query came


def test_all_tiles_show_the_same_millimeters_whatever_their_pixels(reading, study):
    reader, made, _path = reading
    first = study.readers["Ann"][0]
    made.setImage(first.candidates[0], crop(mm=1.0))
    made.setImage(first.candidates[1], crop(mm=0.5, side=160))
    assert reader.board.fieldMm == 60
    one, two = (bright(tile, 120) for tile in reader.board.tiles[:2])
    assert one == pytest.approx(two, rel=0.15) and one > 50
    reader.press("Plus")                                # from 60 to 40 mm: 2.25 times the area
    assert bright(reader.board.tiles[0], 120) == pytest.approx(2.25 * one, rel=0.15)
    reader.wheel(reader.board.tiles[5], up=False, ctrl=True)
    assert reader.board.fieldMm == 60 and bright(reader.board.tiles[0], 120) == pytest.approx(one, rel=0.05)


def test_the_wheel_scrolls_one_tile_and_windows_change_all(reading, study):
    reader, made, _path = reading
    first = study.readers["Ann"][0]
    for patient in first.candidates[:2]:
        made.setImage(patient, crop(value=50))
    here, there = reader.board.tiles[:2]
    assert bright(here, 200) and bright(there, 200)
    reader.wheel(here, up=True)
    assert (here.sliceNumber, there.sliceNumber) == (3, 2)
    assert not bright(here, 200) and bright(there, 200)
    for _step in range(9):
        reader.wheel(here, up=True)
    assert here.sliceNumber == 4
    reader.press("M")                                   # 50 HU is the middle of the mediastinal window
    assert not bright(there, 200) and bright(there, 120)
    reader.press("L")
    assert bright(there, 200)
    reader.click(reader.board.windowButtons[1])         # the same with the mouse
    assert not bright(there, 200) and bright(there, 120)
    reader.click(reader.board.windowButtons[0])
    field = reader.board.fieldMm
    reader.click(reader.board.zoomButtons[1])
    assert reader.board.fieldMm < field and bright(there, 200)


def test_thumbnails_and_problems_are_said_to_be_such(reading, study):
    from TumorConnectomeLib.widgets.reading_tile import TileImage
    reader, made, _path = reading
    first = study.readers["Ann"][0]
    made.setImage(first.candidates[0], TileImage(np.full((1, 64, 64), 220, np.uint8)))
    made.setImage(first.candidates[1], None, "the picture server can not be reached")
    assert bright(reader.board.tiles[0], 200) > 100
    assert reader.board.tiles[1].toolTip == "the picture server can not be reached"
    assert "loading" in reader.board.tiles[2].accessibleName


def test_nothing_on_the_board_tells_who_it_is(reading, study, host):
    import qt
    reader, made, _path = reading
    made.setImage(study.readers["Ann"][0].candidates[0], crop())
    texts = [reader.board.progressText, *(tile.accessibleName + tile.toolTip for tile in reader.board.tiles),
             *(label.text for label in reader.board.findChildren(qt.QLabel))]
    assert not any(patient in text for patient in cohort(30).patient_ids for text in texts)


def test_a_pause_hides_the_pictures(reading, study):
    reader, made, _path = reading
    made.setImage(study.readers["Ann"][0].candidates[0], crop())
    assert bright(reader.board.tiles[0], 120)
    reader.press("P")
    assert not bright(reader.board.tiles[0], 120) and "hidden" in reader.board.tiles[0].accessibleName
    reader.press("P")
    assert bright(reader.board.tiles[0], 120)
