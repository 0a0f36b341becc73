"""The filter bar: one row per filter with its editor, a menu to add another, and how many patients are left."""
from __future__ import annotations

import math

import qt

from ..cohort.filters import CategoryFilter, Filter, RangeFilter, TextFilter, neutral_filter, usable_filters
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


class FilterBar(qt.QWidget):
    """Lets the user filter the patients by any columns; the filters are combined by "and".

    Parameters
    ----------
    translate : callable
        Translates interface text.

    Attributes
    ----------
    onFiltersChanged : callable
        Called with the list of filters after the user changed them, not after `setFilters`.
    """

    def __init__(self, translate=lambda text: text, parent=None):
        super().__init__(parent)
        self.onFiltersChanged = lambda filters: None
        self._translate, self._columns, self._rows, self._given = translate, (), [], []
        self._add = qt.QToolButton()
        self._add.text = translate("Add filter")
        self._add.toolTip = translate("Show only patients with certain values; the others are greyed")
        self._add.setPopupMode(qt.QToolButton.InstantPopup)
        self._add.setToolButtonStyle(qt.Qt.ToolButtonTextOnly)
        self._menu = qt.QMenu(self._add)
        self._menu.setToolTipsVisible(True)
        self._add.setMenu(self._menu)
        self._clear = qt.QToolButton()
        self._clear.text = translate("Clear")
        self._clear.toolTip = translate("Remove all filters")
        self._clear.accessibleName = self._clear.toolTip
        self._clear.connect("clicked(bool)", self._onClear)
        self._count = qt.QLabel()
        top = qt.QHBoxLayout()
        for widget in (self._add, self._clear, self._count):
            top.addWidget(widget)
        top.addStretch(1)
        self._list = qt.QVBoxLayout()
        column = qt.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addLayout(self._list)
        self._refresh()

    @property
    def filters(self) -> list[Filter]:
        """The filters as they are set now."""
        return [row.value for row in self._rows]

    def setColumns(self, columns):
        """Offer the TableColumns of another cohort; filters that do not fit them are removed without a call."""
        filters = usable_filters(columns, self.filters)[0]
        self._columns = tuple(columns)
        self._show(filters)

    def setFilters(self, filters):
        """Show the filters of the state; those that do not fit the columns are left out. Nobody is called."""
        filters = usable_filters(self._columns, filters)[0]
        if filters != self.filters and filters != self._given:      # the editors may round what was given
            self._show(filters)

    def setCount(self, shown, total):
        """Say how many patients pass."""
        _ = self._translate
        self._count.text = _("{n} of {all} patients").format(n=shown, all=total) if self._rows else ""

    # Rows

    def _show(self, filters):
        for row in self._rows:
            self._list.removeWidget(row.widget)
            row.widget.hide()
            row.widget.deleteLater()
        self._rows, self._given = [], list(filters)
        for one in filters:
            self._append(one)
        self._refresh()

    def _append(self, one):
        column = next(column for column in self._columns if column.key == one.column)
        row = FilterRow(column, one, self._changed, self._onRemove, self._translate)
        self._rows.append(row)
        self._list.addWidget(row.widget)
        return row

    def _refresh(self):
        """The menu offers what is not filtered by yet."""
        used = {row.column.key for row in self._rows}
        self._menu.clear()
        for column in self._columns:
            if column.key not in used:
                self._offer(column)
        self._add.enabled = len(used) < len(self._columns)
        self._clear.setVisible(bool(self._rows))
        if not self._rows:
            self._count.text = ""

    def _offer(self, column: TableColumn):
        action = self._menu.addAction(column.title)
        action.toolTip = column.note or column.title
        action.connect("triggered(bool)", lambda checked: self._onAdd(column))

    def _changed(self):
        self.onFiltersChanged(self.filters)

    def _onAdd(self, column):
        row = self._append(neutral_filter(column))
        self._refresh()
        row.focus()
        self._changed()

    def _onRemove(self, removed):
        self._show([row.value for row in self._rows if row is not removed])
        self._add.setFocus()
        self._changed()

    def _onClear(self, checked=False):
        self._show([])
        self._add.setFocus()
        self._changed()


class FilterRow:
    """One filter: title, editor and a button to remove it.

    Parameters
    ----------
    column : TableColumn
    value : Filter
    onChanged, onRemove : callable
        Called without arguments, and with this row.
    translate : callable
    """

    def __init__(self, column, value, onChanged, onRemove, translate):
        self.column, self._onRemove = column, onRemove
        self.widget = frame = qt.QFrame()
        frame.setFrameShape(qt.QFrame.StyledPanel)
        self._editor = editor_for(column, value, onChanged, translate)
        title = qt.QLabel(column.title)
        title.setTextFormat(qt.Qt.PlainText)
        title.setBuddy(self._editor.widget)
        title.toolTip = column.note
        remove = qt.QToolButton()
        remove.text = "\N{MULTIPLICATION X}"
        remove.autoRaise = True
        remove.toolTip = translate("Remove the filter by {name}").format(name=column.title)
        remove.accessibleName = remove.toolTip
        remove.connect("clicked(bool)", self._onClicked)
        grid = qt.QGridLayout(frame)
        grid.setContentsMargins(6, 2, 2, 4)
        grid.setVerticalSpacing(2)
        grid.addWidget(title, 0, 0)
        grid.addWidget(remove, 0, 1)
        grid.addWidget(self._editor.widget, 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)

    @property
    def value(self):
        """The filter as it is set now."""
        return self._editor.value

    def focus(self):
        """Give the editor the keyboard; it has to be visible for that."""
        self.widget.show()
        self._editor.widget.setFocus()

    def _onClicked(self, checked=False):
        self._onRemove(self)
