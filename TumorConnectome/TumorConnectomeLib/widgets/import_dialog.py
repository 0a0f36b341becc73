"""The import dialog: asks a person what the columns of a user's files are, with a preview of each file."""
from __future__ import annotations

from collections.abc import Mapping

import qt

from ..readers.files import FilePreview
from ..readers.recognition import ImportChoice
from .import_page import ImportPage

_WIDTH, _HEIGHT = 900, 480


class ImportDialog:
    """A window with one page per file; nobody waits for it.

    Parameters
    ----------
    parent : QWidget or None
        The window above which it stays.
    translate : callable
        Translates interface text.

    Attributes
    ----------
    onAccepted : callable
        Called with a dict of path to ImportChoice when the user presses "Import".
    onRejected : callable
        Called without arguments when the user closes the window otherwise.
    """

    def __init__(self, parent=None, translate=lambda text: text):
        self._parent, self._translate = parent, translate
        self.onAccepted, self.onRejected = lambda choices: None, lambda: None
        self._dialog, self._pages = None, {}

    @property
    def dialog(self):
        """The QDialog that is open, or None."""
        return self._dialog

    @property
    def pages(self) -> dict[str, ImportPage]:
        """The pages by path of the file."""
        return dict(self._pages)

    def ask(self, previews: list[FilePreview], choices: Mapping[str, ImportChoice]):
        """Open the window for these files; `choices` are shown where there are some, else what is proposed."""
        self.cleanup()
        _ = self._translate
        self._dialog = dialog = qt.QDialog(self._parent) if self._parent is not None else qt.QDialog()
        dialog.windowTitle = _("Import embeddings")
        dialog.objectName = "TumorConnectomeImport"
        self._pages = {one.path: ImportPage(one, choices.get(one.path, one.choice), self._refresh, _, len(previews) == 1)
                       for one in previews}
        column = qt.QVBoxLayout(dialog)
        column.addWidget(self._body(previews), 1)
        self._problem = qt.QLabel()
        self._import, cancel = qt.QPushButton(_("Import")), qt.QPushButton(_("Cancel"))
        self._import.setDefault(True)
        self._import.connect("clicked(bool)", self._onImport)
        cancel.connect("clicked(bool)", lambda checked=False: dialog.reject())
        dialog.connect("rejected()", self._onRejected)
        row = qt.QHBoxLayout()
        row.addWidget(self._problem, 1)
        row.addWidget(self._import)
        row.addWidget(cancel)
        column.addLayout(row)
        dialog.resize(_WIDTH, _HEIGHT)
        self._refresh()
        dialog.open()

    def cleanup(self):
        """Close and delete the window; nobody is called."""
        dialog, self._dialog, self._pages = self._dialog, None, {}
        if dialog is not None:
            dialog.close()
            dialog.deleteLater()

    def _body(self, previews):
        if len(previews) == 1:
            return self._pages[previews[0].path].widget
        tabs = qt.QTabWidget()
        for one in previews:
            mark = "\N{WARNING SIGN} " if one.recognition.questions else ""
            name = one.path.replace("\\", "/").rpartition("/")[2]
            tabs.addTab(self._pages[one.path].widget, mark + name)
        open_ones = [number for number, one in enumerate(previews) if one.recognition.questions]
        tabs.setCurrentIndex(open_ones[0] if open_ones else 0)
        return tabs

    def _refresh(self):
        """What is missing stands beside the button, which waits for it."""
        problems = [page.problem for page in self._pages.values() if page.problem]
        self._problem.text = f"\N{WARNING SIGN} {problems[0]}" if problems else ""
        self._import.enabled = not problems

    def _onImport(self, checked=False):
        choices = {path: page.choice for path, page in self._pages.items()}
        self.cleanup()
        self.onAccepted(choices)

    def _onRejected(self):
        if self._dialog is not None:                    # else it was closed by `cleanup`
            self.cleanup()
            self.onRejected()
