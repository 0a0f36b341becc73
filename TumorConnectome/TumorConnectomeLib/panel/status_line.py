"""A status label with a progress bar and a button, for one kind of long work."""
from slicer.i18n import tr as _

from ..base.errors import PackageMissing
from ..widgets.texts import show_text
from .packages import install


class StatusLine:
    """Shows what a task is doing, and lets the user cancel it or install what it lacks.

    Parameters
    ----------
    label, progressBar, cancelButton : QLabel, QProgressBar, QPushButton
        From the .ui file. The button is there while something runs, and when a Python package is missing.
    """

    def __init__(self, label, progressBar, cancelButton):
        self._label, self._bar, self._button, self._task = label, progressBar, cancelButton, None
        self._cancelTexts = cancelButton.text, cancelButton.toolTip, cancelButton.accessibleName
        self._install = None                            # (package, what to do afterwards) while one is missing
        cancelButton.connect("clicked(bool)", self._onButton)
        self._show(False)
        self._say(label.text)

    def watch(self, task):
        """Offer to cancel this Task, and show the bar until `done`."""
        self._task = task
        if task.running:
            self._offerNothing()
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
        self._offerNothing()
        self._show(False)
        self._say(("\N{WARNING SIGN} " if problem else "") + message)

    def failed(self, error, again):
        """Show an error as the outcome. If a Python package is missing, a button offers to install it.

        Parameters
        ----------
        error : TumorConnectomeError
        again : callable
            Called without arguments when the package has been installed: what the user wanted.
        """
        self.done(str(error), problem=True)
        if isinstance(error, PackageMissing):
            self._install = error.package, again
            self._button.text = _("Install {package}").format(package=error.package)
            self._button.toolTip = self._button.accessibleName = _(
                "Install the Python package {package} into Slicer; you are asked first.").format(package=error.package)
            self._button.setVisible(True)

    def _offerNothing(self):
        self._install = None
        self._button.text, self._button.toolTip, self._button.accessibleName = self._cancelTexts

    def _say(self, text):
        show_text(self._label, text)
        self._label.setVisible(bool(text))              # an empty line would take room

    def _show(self, busy):
        self._bar.setVisible(busy)
        self._button.setVisible(busy)
        self._button.enabled = True

    def _onButton(self):
        if self._task is not None:
            self._button.enabled = False
            self._task.cancel()
        elif self._install is not None:
            package, again = self._install
            try:
                install(package)
            except PackageMissing as error:
                self.failed(error, again)
            else:
                self.done("")
                again()
