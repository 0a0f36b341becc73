"""The window of a reader at work: the board alone, without the panel that knows who the patients are."""
from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from ..scene.view_layouts import READING_LAYOUT, READING_TAG, show_layout
from ..study.reading import Reading
from ..study.session import ReadingSession
from ..study.study import Study
from ..widgets.reading_board import ReadingBoard
from ..work.runner import JobRunner
from .chart_place import place_chart


class ReadingDisplay:
    """Shows one reading at a time; whoever shows another layout or module leaves it.

    Parameters
    ----------
    onLeft : callable
        Called when a reading was left, with a text that says what could not be written, mostly "".
    """

    def __init__(self, onLeft):
        self._onLeft, self._reading, self._images, self._dock = onLeft, None, None, None
        self._runner = JobRunner()
        self.board = ReadingBoard(_)
        place_chart(READING_TAG, self.board)
        self._manager = None                            # it is watched from the first reading on

    @property
    def active(self):
        """Whether somebody reads."""
        return self._reading is not None

    @property
    def fetching(self):
        """Whether pictures are on their way."""
        return self._images is not None and self._images.busy

    @property
    def inUse(self):
        """Names of CTs that must stay in the cache, see `ReadingImages.inUse`."""
        return self._images.inUse if self._images is not None else set()

    def show(self, study: Study, session: ReadingSession, makeImages):
        """Give the window to a reading.

        Parameters
        ----------
        study : Study
        session : ReadingSession
        makeImages : callable
            Called with a JobRunner and with what delivers pictures; gives the ReadingImages.
        """
        self.leave()
        if self._manager is None:
            self._manager = slicer.app.layoutManager()
            self._manager.connect("layoutChanged(int)", self._onLayout)
        show_layout(READING_LAYOUT)
        self._hidePanel()
        self._images = images = makeImages(self._runner, self._deliver)
        self._reading = Reading(study, session, self.board, images.ask)
        self.board.onLeft = self.leave
        self.board.setFocus()

    def leave(self, atOnce=False):
        """Stop the clock and show the panel again; the reading goes on where it was left another time.

        Parameters
        ----------
        atOnce : bool
            The panel is back when this returns, as an application that ends needs it.
        """
        if self._reading is None:
            return
        reading, self._reading = self._reading, None
        problem = reading.leave()
        self._images.ask([])
        self._images = None
        self._onLeft(problem)
        if atOnce:
            self._showPanel()
        else:                                           # the window forgets the width of the board in the next turn
            qt.QTimer.singleShot(0, self._showPanel)

    def cleanup(self):
        """The module ends."""
        self._onLeft = lambda problem: None
        self.leave()
        self._showPanel()
        self._runner.cleanup()
        if self._manager is not None:
            self._manager.disconnect("layoutChanged(int)", self._onLayout)
            self._manager = None

    def _deliver(self, patient, image, problem):
        if self._reading is not None:
            self._reading.setImage(patient, image, problem)

    def _onLayout(self, layout):
        if layout != READING_LAYOUT:
            self.leave()

    def _hidePanel(self):
        """Hide the dock with the module's panel."""
        docks = slicer.util.findChildren(slicer.util.mainWindow(), name="PanelDockWidget")
        self._dock = next((dock for dock in docks if dock.visible), self._dock)
        if self._dock is not None:
            self._dock.setVisible(False)

    def _showPanel(self):
        """Show the dock again if it was hidden here, unless the next reading has begun."""
        if self._reading is None and self._dock is not None:
            dock, self._dock = self._dock, None
            dock.setVisible(True)
