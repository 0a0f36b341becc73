"""The board of a reading: a query and ten candidates as tiles of the same size in mm, chosen by clicks or keys."""
from __future__ import annotations

import qt

from .reading_tile import WINDOWS, ReadingTile

_TILES, _ROWS, _COLUMNS = 10, 3, 4
#: widths of what tiles show, in mm
_FIELDS = (20.0, 30.0, 40.0, 60.0, 80.0, 120.0)
_FIRST_FIELD = 3


class ReadingBoard(qt.QWidget):
    """Shows one query of a study; names, ids and clinical data are nowhere on it.

    Keys: 1 to 9 and 0 choose or release a tile, Enter confirms, Backspace goes back, P pauses, + and - zoom, L, M and B set the
    lung, mediastinal and bone window. The wheel scrolls through the slices of a tile, with Ctrl it zooms all.

    Parameters
    ----------
    translate : callable
        Translates interface text.

    Attributes
    ----------
    onToggled : callable
        Called with the number of a tile, from 0.
    onConfirmed, onBack, onSkipped, onPaused, onFinished, onLeft : callable
        Called without arguments; `onPaused` both to pause and to go on, `onLeft` to go on another time.
    """

    def __init__(self, translate=lambda text: text, parent=None):
        super().__init__(parent)
        self._callNobody()
        self._translate, self._field, self._preset = translate, _FIRST_FIELD, 0
        self.setFocusPolicy(qt.Qt.StrongFocus)
        self._progress = qt.QLabel()
        self._view = qt.QLabel()
        self.queryTile = ReadingTile("", lambda: None, self._zoom, translate)
        self.tiles = tuple(ReadingTile(str((number + 1) % _TILES), lambda number=number: self.onToggled(number), self._zoom,
                                       translate) for number in range(_TILES))
        pictures = qt.QGridLayout()
        pictures.setSpacing(4)
        pictures.addWidget(self.queryTile, 0, 0, _ROWS, 1)
        for number, tile in enumerate(self.tiles):
            pictures.addWidget(tile, number // _COLUMNS, 1 + number % _COLUMNS)
        pictures.addWidget(self._hints(), _ROWS - 1, 1 + _TILES % _COLUMNS, 1, _COLUMNS - _TILES % _COLUMNS)
        pictures.setColumnStretch(0, _ROWS)             # as wide as it is high
        for place in range(_COLUMNS):
            pictures.setColumnStretch(1 + place, 1)
        for place in range(_ROWS):
            pictures.setRowStretch(place, 1)
        line = qt.QHBoxLayout()
        line.addWidget(self._progress)
        line.addStretch(1)
        line.addWidget(self._view)
        self._problem = qt.QLabel()
        self._problem.setWordWrap(True)
        self._problem.hide()
        column = qt.QVBoxLayout(self)
        column.addLayout(line)
        column.addWidget(self._problem)
        column.addLayout(pictures, 1)
        column.addLayout(self._buttonRow())
        self._showView()

    def forget(self):
        """Show nothing and call nobody from now on."""
        self._callNobody()
        for tile in (self.queryTile, *self.tiles):
            tile.setContent(None)
        self.setProblem("")

    def _callNobody(self):
        self.onToggled = lambda tile: None
        self.onConfirmed = self.onBack = self.onSkipped = self.onPaused = self.onFinished = self.onLeft = lambda: None

    def _hints(self):
        """What keys and wheel do, in the room that ten tiles leave."""
        _ = self._translate
        keys = ((_("1-9, 0"), _("choose or release")), (_("Enter"), _("confirm five")), (_("Backspace"), _("go back")),
                (_("P"), _("pause, go on")), (_("L, M, B"), _("lung, mediastinal, bone window")),
                (_("Wheel"), _("slices of a tile")), (_("+, -"), _("zoom all tiles, or Ctrl and the wheel")))
        label = qt.QLabel("<table>" + "".join(
            f"<tr><td><b>{key}</b>&nbsp;&nbsp;</td><td>{meaning}</td></tr>" for key, meaning in keys) + "</table>")
        label.setWordWrap(True)
        label.setMinimumSize(90, 90)
        label.setAlignment(qt.Qt.AlignCenter)
        return label

    def _buttonRow(self):
        _, row = self._translate, qt.QHBoxLayout()
        self.leaveButton = self._button(row, _("Leave"), lambda checked=False: self.onLeft())
        self.backButton = self._button(row, _("Back"), lambda checked=False: self.onBack())
        self.skipButton = self._button(row, _("Skip"), lambda checked=False: self.onSkipped())
        self.pauseButton = self._button(row, _("Pause"), lambda checked=False: self.onPaused())
        row.addStretch(1)
        self.windowButtons = tuple(
            self._button(row, _(name), lambda checked=False, preset=preset: self._setPreset(preset))
            for preset, (_letter, name, *_level) in enumerate(WINDOWS))
        self.zoomButtons = tuple(self._button(row, text, lambda checked=False, steps=steps: self._zoom(steps))
                                 for text, steps in ((_("Zoom out"), -1), (_("Zoom in"), 1)))
        row.addStretch(1)
        self.finishButton = self._button(row, _("Finish the reading"), lambda checked=False: self.onFinished())
        self.confirmButton = self._button(row, _("Confirm"), lambda checked=False: self.onConfirmed())
        return row

    def _button(self, row, text, onClicked):
        button = qt.QPushButton(text)
        button.setFocusPolicy(qt.Qt.NoFocus)            # keys belong to the tiles
        button.connect("clicked(bool)", onClicked)
        row.addWidget(button)
        return button

    def setState(self, number, total, chosen, *, canConfirm=False, paused=False, complete=False, finished=False):
        """Show where the reader is.

        Parameters
        ----------
        number, total : int
            Which query, from 0, of how many.
        chosen : sequence of int
            Tiles that are chosen.
        canConfirm, paused, complete, finished : bool
            See the reading session.
        """
        _ = self._translate
        for place, tile in enumerate(self.tiles):
            tile.setChosen(place in chosen)
        for tile in (self.queryTile, *self.tiles):
            tile.setCovered(paused or finished)
        if finished:
            self._progress.text = _("The reading is finished. Thank you.")
        elif paused:
            self._progress.text = _("Pause: the clock stands")
        else:
            self._progress.text = _("Query {number} of {total}: choose the five most similar, {chosen} of 5 chosen").format(
                number=number + 1, total=total, chosen=len(chosen))
        self.pauseButton.text = _("Go on") if paused else _("Pause")
        self.pauseButton.enabled = not finished
        self.confirmButton.enabled = canConfirm
        self.backButton.enabled = number > 0 and not paused and not finished
        self.skipButton.enabled = not paused and not finished
        self.finishButton.visible = complete and not finished

    def setProblem(self, text):
        """Say why the last step could not be written, "" if it was."""
        said = self._translate("Your last step is not on disk yet: {problem}. The next one is written with it.")
        self._problem.text = "\N{WARNING SIGN} " + said.format(problem=text) if text else ""
        self._problem.setVisible(bool(text))

    def setQuery(self, content, problem=""):
        """Show the query: a TileImage, or None while it is loading."""
        self.queryTile.setContent(content, problem)

    def setTile(self, number, content, problem=""):
        """Show a candidate: a TileImage, or None while it is loading."""
        self.tiles[number].setContent(content, problem)

    @property
    def progressText(self):
        """The line above the tiles."""
        return self._progress.text

    @property
    def problemText(self):
        """The line that says what went wrong."""
        return self._problem.text

    @property
    def fieldMm(self):
        """Width of what every tile shows, in mm."""
        return _FIELDS[self._field]

    def keyPressEvent(self, event):
        """Qt: the keys of the class's description."""
        key = int(event.key())
        digit = key - int(qt.Qt.Key_0)
        letters = {int(getattr(qt.Qt, f"Key_{letter}")): number for number, (letter, *_preset) in enumerate(WINDOWS)}
        if 0 <= digit <= 9:
            self.onToggled((digit - 1) % _TILES)
        elif key in (int(qt.Qt.Key_Return), int(qt.Qt.Key_Enter)):
            self.onConfirmed()
        elif key == int(qt.Qt.Key_Backspace):
            self.onBack()
        elif key == int(qt.Qt.Key_P):
            self.onPaused()
        elif key in (int(qt.Qt.Key_Plus), int(qt.Qt.Key_Equal)):
            self._zoom(1)
        elif key == int(qt.Qt.Key_Minus):
            self._zoom(-1)
        elif key in letters:
            self._setPreset(letters[key])
        else:
            qt.QWidget.keyPressEvent(self, event)

    def _setPreset(self, preset):
        self._preset = preset
        self._showView()

    def _zoom(self, steps):
        """Show less (1) or more (-1) of all pictures."""
        self._field = min(max(self._field - steps, 0), len(_FIELDS) - 1)
        self._showView()

    def _showView(self):
        _ = self._translate
        _letter, name, center, breadth = WINDOWS[self._preset]
        for tile in (self.queryTile, *self.tiles):
            tile.setView(self.fieldMm, center, breadth)
        self._view.text = _("{window} window, {field:g} mm wide").format(window=_(name), field=self.fieldMm)
