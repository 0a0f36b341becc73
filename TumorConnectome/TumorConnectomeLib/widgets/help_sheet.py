"""The help sheet: how to read the graph, in a window that stays open beside it."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

import qt


class HelpSheet:
    """A window with a text, beside which the application can be used; Esc closes it.

    It is made when it is shown first.

    Parameters
    ----------
    html : str
        The text. A comment ``<!-- name -->`` is replaced by the table of that name.
    tables : mapping of str to iterable of (str, str)
        Rows of two cells: keys or gestures, and what they do.
    parent : QWidget, optional
        The window above which it stays.
    translate : callable
        Translates interface text.
    """

    def __init__(self, html: str, tables: Mapping[str, Iterable[tuple[str, str]]], parent=None, translate=lambda text: text):
        for name, rows in tables.items():
            html = html.replace(f"<!-- {name} -->", _table(rows))
        self._html, self._parent, self._translate = html, parent, translate
        self._dialog = self._browser = None

    @property
    def dialog(self):
        """The QDialog, None before it was shown."""
        return self._dialog

    @property
    def text(self):
        """What the window shows, without its form; "" before it was shown."""
        return self._browser.toPlainText() if self._browser is not None else ""

    def show(self):
        """Open the window, or bring it to the front."""
        if self._dialog is None:
            self._build()
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def cleanup(self):
        """Close and delete the window."""
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
            self._dialog = self._browser = None

    def _build(self):
        _ = self._translate
        self._dialog = dialog = qt.QDialog(self._parent) if self._parent is not None else qt.QDialog()
        dialog.setModal(False)
        dialog.windowTitle = _("How to read the connectome")
        dialog.objectName = "TumorConnectomeHelp"
        self._browser = browser = qt.QTextBrowser()
        browser.setOpenExternalLinks(True)
        browser.setHtml(self._html)
        browser.accessibleName = dialog.windowTitle
        close = qt.QPushButton(_("Close"))
        close.connect("clicked(bool)", self._onClose)
        column, row = qt.QVBoxLayout(dialog), qt.QHBoxLayout()
        row.addStretch(1)
        row.addWidget(close)
        column.addWidget(browser)
        column.addLayout(row)
        metrics = qt.QFontMetrics(dialog.font)
        dialog.resize(66 * metrics.averageCharWidth() + 60, 40 * metrics.height())
        browser.setFocus()

    def _onClose(self, checked=False):
        self._dialog.close()


def _table(rows):
    cells = "".join(f"<tr><td><b>{escape(left)}</b>&nbsp;&nbsp;</td><td>{escape(right)}</td></tr>" for left, right in rows)
    return f"<table cellpadding=\"2\">{cells}</table>"
