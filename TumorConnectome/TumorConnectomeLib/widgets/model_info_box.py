"""A box that says what the chosen model is, where it was published, and how to cite it."""
from __future__ import annotations

from html import escape

import qt

from ..cohort.model_catalog import ModelInfo

#: milliseconds for which the button says that it copied
_TOLD_MS = 2000


class ModelInfoBox(qt.QWidget):
    """Name, description, reference and citation of a model.

    Parameters
    ----------
    translate : callable
        Translates interface text.
    """

    def __init__(self, translate=lambda text: text, parent=None):
        super().__init__(parent)
        self._translate, self._info = translate, None
        self._label = qt.QLabel()
        self._label.setWordWrap(True)
        self._label.setTextFormat(qt.Qt.RichText)
        self._label.setOpenExternalLinks(True)
        self._label.setTextInteractionFlags(qt.Qt.TextBrowserInteraction)
        self._button = qt.QPushButton()
        self._button.connect("clicked(bool)", self._onCopy)
        self._button.setSizePolicy(qt.QSizePolicy.Fixed, qt.QSizePolicy.Fixed)
        column = qt.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._label)
        column.addWidget(self._button)
        self._timer = qt.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.connect("timeout()", self._rest)
        self._rest()
        self.setModel(None)

    @property
    def text(self):
        """What the box says, as HTML."""
        return self._label.text

    def setModel(self, info: ModelInfo | None):
        """Show a model, or nothing."""
        self._info = info
        self._rest()
        self._button.setVisible(bool(info and info.citation))
        if info is None:
            self._label.text = ""
            self._label.accessibleName = ""
            return
        key = f" ({escape(info.key)})" if info.key != info.name else ""
        reference = escape(info.reference)
        if info.url:
            reference = f"<a href=\"{escape(info.url)}\">{reference or escape(info.url)}</a>"
        self._label.text = f"<b>{escape(info.name)}</b>{key}. {escape(info.description)}" + (
            f"<br>{reference}" if reference else "")
        self._label.accessibleName = " ".join(filter(None, (f"{info.name}.", info.description, info.reference)))
        self._button.toolTip = self._translate("Copy the BibTeX entry of {name} to the clipboard").format(name=info.name)

    def _onCopy(self, checked=False):
        qt.QApplication.clipboard().setText(self._info.citation + "\n")
        self._button.text = self._translate("Copied \N{CHECK MARK}")
        self._timer.start(_TOLD_MS)

    def _rest(self):
        self._timer.stop()
        self._button.text = self._translate("Copy citation")
