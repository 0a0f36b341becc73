"""Editors of single filters: a range, a choice of values, a part of a text."""
from __future__ import annotations

import math

import qt

from ..cohort.filters import CategoryFilter, Filter, RangeFilter, TextFilter
from ..cohort.table_columns import ColumnKind, TableColumn

#: values shown before the list scrolls
_LINES = 8


def editor_for(column: TableColumn, value: Filter, onChanged, translate):
    """The editor that fits a column: an object with a `widget` and the current filter as `value`."""
    kinds = {ColumnKind.NUMBER: RangeEditor, ColumnKind.CATEGORY: CategoryEditor, ColumnKind.TEXT: TextEditor}
    return kinds[column.kind](column, value, onChanged, translate)


class RangeEditor:
    """Two spin boxes, and whether patients without a value are kept.

    Parameters
    ----------
    column : TableColumn
    value : RangeFilter
    onChanged : callable
        Called without arguments after the user changed something.
    translate : callable
    """

    def __init__(self, column, value, onChanged, translate):
        _, self._column, self._onChanged = translate, column, onChanged
        self.widget = qt.QWidget()
        row = qt.QHBoxLayout(self.widget)
        row.setContentsMargins(0, 0, 0, 0)
        low, high = column.limits
        self._decimals = 0 if column.whole else min(6, max(1, 2 - math.floor(math.log10(max(high - low, 1e-6)))))
        self._low = self._spin(low, high, value.low, _("{name}, at least").format(name=column.title))
        self._high = self._spin(low, high, value.high, _("{name}, at most").format(name=column.title))
        for widget in (self._low, qt.QLabel(_("to")), self._high):
            row.addWidget(widget)
        self._missing = None
        if column.missing.any():
            self._missing = qt.QCheckBox(_("or unknown"))
            self._missing.toolTip = _("Keep the {n} patients without a value").format(n=int(column.missing.sum()))
            self._missing.accessibleName = _("{name}, or unknown").format(name=column.title)
            self._missing.checked = value.missing
            self._missing.connect("toggled(bool)", self._changed)
            row.addWidget(self._missing)
        row.addStretch(1)
        self.widget.setFocusProxy(self._low)

    @property
    def value(self) -> RangeFilter:
        """The filter as it is set now."""
        missing = self._missing is not None and bool(self._missing.checked)
        return RangeFilter(self._column.key, float(self._low.value), float(self._high.value), missing)

    def _spin(self, low, high, value, name):
        spin = qt.QDoubleSpinBox()
        spin.setDecimals(self._decimals)
        # limits that round inwards would leave out the extreme patients
        scale = 10.0 ** self._decimals
        low, high = math.floor(low * scale) / scale, math.ceil(high * scale) / scale
        spin.setRange(low, high)
        spin.setSingleStep(1.0 if not self._decimals else 10.0 ** (1 - self._decimals))
        spin.setValue(min(max(value, low), high))
        spin.setKeyboardTracking(False)
        spin.accessibleName = name
        spin.toolTip = name
        spin.connect("valueChanged(double)", self._changed)
        return spin

    def _changed(self, *_arguments):
        self._onChanged()


class CategoryEditor:
    """A list of values with check boxes, and the number of patients of each; see RangeEditor for the parameters."""

    def __init__(self, column, value, onChanged, translate):
        self._column, self._onChanged = column, onChanged
        self.widget = listed = qt.QListWidget()
        listed.setSelectionMode(qt.QAbstractItemView.NoSelection)
        listed.accessibleName = translate("{name}, values to keep").format(name=column.title)
        listed.toolTip = translate("Checked values are kept; the space bar checks and unchecks")
        for category, label in zip(column.categories, column.labels):
            item = qt.QListWidgetItem(f"{label} ({int((column.values == category).sum())})")
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
            item.setCheckState(qt.Qt.Checked if category in value.values else qt.Qt.Unchecked)
            listed.addItem(item)
        line = listed.sizeHintForRow(0) if listed.count else 0
        listed.setFixedHeight(line * min(_LINES, max(1, listed.count)) + 2 * listed.frameWidth + 2)
        listed.setCurrentRow(0)
        listed.connect("itemChanged(QListWidgetItem*)", self._changed)

    @property
    def value(self) -> CategoryFilter:
        """The filter as it is set now."""
        kept = [category for row, category in enumerate(self._column.categories)
                if self.widget.item(row).checkState() == qt.Qt.Checked]
        return CategoryFilter(self._column.key, tuple(kept))

    def _changed(self, item):
        self._onChanged()


class TextEditor:
    """A line for a part of the text; see RangeEditor for the parameters."""

    def __init__(self, column, value, onChanged, translate):
        self._column, self._onChanged = column, onChanged
        self.widget = line = qt.QLineEdit()
        line.text = value.text
        line.placeholderText = translate("contains ...")
        line.setClearButtonEnabled(True)
        line.accessibleName = translate("{name} contains").format(name=column.title)
        line.toolTip = translate("Keep patients whose value has this text in it, whatever the case")
        line.connect("textChanged(QString)", self._changed)

    @property
    def value(self) -> TextFilter:
        """The filter as it is set now."""
        return TextFilter(self._column.key, self.widget.text)

    def _changed(self, text):
        self._onChanged()
