"""A short list of names to tick, any number of them."""
from __future__ import annotations

from collections.abc import Sequence

import qt

#: rows that are shown without scrolling
_ROWS = 7


class CheckList:
    """Names with check boxes; the space bar ticks the current one.

    Parameters
    ----------
    accessibleName, toolTip : str
        Of the list.

    Attributes
    ----------
    widget : QListWidget
    onChanged : callable
        Called with the tuple of ticked keys when the user ticks or unticks one.
    """

    def __init__(self, accessibleName: str, toolTip: str):
        self.onChanged = lambda keys: None
        self._keys, self._titles, self._filling = (), (), False
        self.widget = qt.QListWidget()
        self.widget.accessibleName, self.widget.toolTip = accessibleName, toolTip
        self.widget.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        self.widget.setSelectionMode(qt.QAbstractItemView.NoSelection)
        self.widget.connect("itemChanged(QListWidgetItem*)", self._onItem)

    def show(self, keys: Sequence[str], titles: Sequence[str], ticked: Sequence[str]):
        """Offer these, with some ticked."""
        if (tuple(keys), tuple(titles)) != (self._keys, self._titles):
            self._fill(tuple(keys), tuple(titles))
        if self.ticked != tuple(ticked):
            self._filling = True
            try:
                for row, key in enumerate(self._keys):
                    self.widget.item(row).setCheckState(qt.Qt.Checked if key in ticked else qt.Qt.Unchecked)
            finally:
                self._filling = False

    def _fill(self, keys, titles):
        self._filling, self._keys, self._titles = True, keys, titles
        try:
            self.widget.clear()
            for title in titles:
                item = qt.QListWidgetItem(title)
                item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
                item.setCheckState(qt.Qt.Unchecked)
                self.widget.addItem(item)
        finally:
            self._filling = False
        line = self.widget.sizeHintForRow(0) if keys else 0
        self.widget.setFixedHeight(line * min(_ROWS, max(1, len(keys))) + 2 * self.widget.frameWidth + 2)
        self.widget.setCurrentRow(0)

    @property
    def choices(self) -> tuple[str, ...]:
        """Keys of all, in the order of the list."""
        return self._keys

    @property
    def ticked(self) -> tuple[str, ...]:
        """Keys of the ticked ones, in the order of the list."""
        return tuple(key for row, key in enumerate(self._keys) if self.widget.item(row).checkState() == qt.Qt.Checked)

    def _onItem(self, item):
        if not self._filling:
            self.onChanged(self.ticked)
