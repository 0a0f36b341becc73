"""A status label with a progress bar and a cancel button, for one kind of long work."""


class StatusLine:
    """Shows what a task is doing, and lets the user cancel it.

    Parameters
    ----------
    label, progressBar, cancelButton : QLabel, QProgressBar, QPushButton
        From the .ui file.
    """

    def __init__(self, label, progressBar, cancelButton):
        self._label, self._bar, self._button, self._task = label, progressBar, cancelButton, None
        cancelButton.connect("clicked(bool)", self._onCancel)
        self._show(False)
        self._say(label.text)

    def watch(self, task):
        """Offer to cancel this Task, and show the bar until `done`."""
        self._task = task
        if task.running:
            self._show(True)

    def progress(self, fraction, message):
        """Show the fraction done (0..1, None when unknown) and a text."""
        self._bar.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self._bar.setValue(round(1000 * fraction))
        self._say(message)

    def done(self, message, problem=False):
        """Hide the bar and show the outcome; a problem is marked by more than its color."""
        self._task = None
        self._show(False)
        self._say(("\N{WARNING SIGN} " if problem else "") + message)

    def _say(self, text):
        self._label.text = text
        self._label.setVisible(bool(text))              # an empty line would take room

    def _show(self, busy):
        self._bar.setVisible(busy)
        self._button.setVisible(busy)
        self._button.enabled = True

    def _onCancel(self):
        if self._task is not None:
            self._button.enabled = False
            self._task.cancel()
