"""Watches over a story: errors that only reach sys.excepthook, and dialogs that wait for a person."""
import sys
import traceback

import qt
import slicer

_INTERVAL_MS = 200


class Watch:
    """While it is entered, errors in slots, timers and observers are kept, and modal dialogs are closed and kept as errors.

    Outside of the testing mode Slicer shows a dialog for an error and waits: nobody would close it.

    Attributes
    ----------
    problems : list of str
        One line each.
    details : list of str
        Their tracebacks.
    """

    def __init__(self):
        self.problems, self.details, self.paused = [], [], False

    def __enter__(self):
        self._hook, sys.excepthook = sys.excepthook, self._onError
        self._timer = qt.QTimer()
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.connect("timeout()", self._closeDialog)
        self._timer.start()
        return self

    def __exit__(self, *_error):
        self._timer.stop()
        self._timer.disconnect("timeout()", self._closeDialog)
        sys.excepthook = self._hook

    def _onError(self, kind, error, trace):
        self.problems.append(f"error in a slot, timer or observer: {kind.__name__}: {' '.join(str(error).split())}")
        self.details.append("".join(traceback.format_exception(kind, error, trace)))

    def _closeDialog(self):
        dialog = None if self.paused else slicer.app.activeModalWidget()
        if dialog is None:
            return
        text = " ".join(str(getattr(dialog, "text", "") or dialog.windowTitle).split())
        self.problems.append(f"a dialog waited for a person: {text}")
        (dialog.reject if dialog.inherits("QDialog") else dialog.close)()
