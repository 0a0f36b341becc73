"""Files that are dropped on a widget: takes them before the widget would paste their addresses as text."""
from __future__ import annotations

import qt


class FileDrop(qt.QObject):
    """Watches a widget for files of this computer that are dropped on it; text is left to the widget.

    Parameters
    ----------
    widget : QWidget
        Of a text edit its viewport.
    onDropped : callable
        Called with the list of paths, at least one.
    """

    def __init__(self, widget, onDropped):
        super().__init__(widget)
        self._onDropped, self._watched = onDropped, widget
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def cleanup(self):
        """Stop watching; the callback is let go."""
        self._watched.removeEventFilter(self)
        self._onDropped = lambda paths: None

    def eventFilter(self, watched, event):
        """Qt asks here first."""
        if event.type() in (qt.QEvent.DragEnter, qt.QEvent.DragMove, qt.QEvent.Drop):
            paths = _paths(event.mimeData())
            if paths:
                event.acceptProposedAction()
                if event.type() == qt.QEvent.Drop:
                    self._onDropped(paths)
                return True
        return False


def _paths(data):
    """Paths of the local files in what is dragged."""
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []
