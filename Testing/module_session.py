"""The module in the host's window, for the run script, the screenshots and the tests."""
import os
import pathlib
import sys
import time

import at_rest

ROOT = pathlib.Path(__file__).resolve().parents[1]
MODULE = ROOT / "TumorConnectome" / "TumorConnectome.py"
#: Qt's measure of speed against size: the files are as large as by default, in half of the time
_PNG_QUALITY = 60


class ModuleSession:
    """Starts the host and opens the module in a window.

    Parameters
    ----------
    offscreen : bool
        Without a display: everything is drawn, nothing is shown.
    size : tuple of int
        Width and height of the window in pixels.
    module : path
        The module's file; another one to run an installed copy.
    """

    def __init__(self, offscreen=True, size=(1600, 950), module=MODULE):
        if offscreen:
            os.environ["QT_QPA_PLATFORM"] = "offscreen"
        from slicerhost import app

        self.application = app.start(testing=offscreen, arguments=["TumorConnectome"])
        self.window = app.MainWindow(app.load_module(str(module)))
        self.window.resize(*size)
        self.window.show()
        self.application.startupCompleted.emit()

    @property
    def panel(self):
        """The module's Panel (anew after a reload)."""
        return sys.modules["slicer"].modules.TumorConnectomeWidget.panel

    def activate(self):
        """Give the window the keyboard, also where Qt takes it for the focus window already, but for no active one.

        That is so off-screen when another window was closed.
        """
        self.window.activateWindow()
        self.settle()
        if not self.window.isActiveWindow:
            from PySide6 import QtWidgets
            QtWidgets.QApplication.setActiveWindow(self.window)

    def wait(self, done, what="in time"):
        """Run the event loop until `done()` is true; NothingMoves (a TimeoutError) if it can not become true any more."""
        at_rest.wait_until(done, what)

    def settle(self):
        """Let timers run and the views draw, until nothing moves."""
        at_rest.settle()

    def pass_time(self, seconds):
        """Run the event loop for some time, as while a person looks at the screen."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end)

    def load_cohort(self, folder=None):
        """Load a folder of embedding files, or the demo cohort; returns the Cohort, or RuntimeError with the status line."""
        panel = self.panel
        panel.ui.dataFolderPathLineEdit.currentPath = str(pathlib.Path(folder).resolve()) if folder else ""
        panel.cohort.load()
        self.wait(lambda: not panel.cohort.loader.busy, what="loaded")
        self.settle()
        wanted = panel.parameters.dataFolder
        if panel.state.cohort is None or panel.state.source != wanted:
            raise RuntimeError(panel.ui.cohortStatusLabel.text)
        return panel.state.cohort

    def show_images(self, patient, match=None):
        """Load a patient, and a neighbor beside it; RuntimeError with the status line if they are not shown."""
        panel = self.panel
        panel.select(patient)
        if match:
            panel.compareWith(match)
        else:
            panel.load(patient)
        self.wait(lambda: not panel.imaging.busy, what="loaded")
        self.settle()
        if {nodes.patient_id for nodes in panel.imaging.shown.values()} != {patient, *([match] if match else [])}:
            raise RuntimeError(panel.ui.imageStatusLabel.text)

    def picture(self, path, widget=None):
        """Save what the window (or another widget) shows as PNG."""
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not (widget or self.window).grab().save(str(path), "PNG", _PNG_QUALITY):
            raise OSError(f"{path} can not be written")
        print(f"Wrote {path}", flush=True)
