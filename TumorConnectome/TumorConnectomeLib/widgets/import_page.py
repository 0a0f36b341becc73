"""One page of the import dialog: the first rows of a file, and above each column what it is used as."""
from __future__ import annotations

from enum import Enum
from html import escape

import qt

from ..cohort.words import is_missing, number_of
from ..readers.files import FilePreview
from ..readers.recognition import ROW_NUMBER, FeatureGroup, ImportChoice, cohort_column

_WIDEST_COLUMN = 210
#: what a column means to the module, by its name in the patient table
_MEANINGS = {"StudyInstanceUID": "study, for images", "CT_SeriesInstanceUID": "CT series, for images",
             "SR_SeriesInstanceUID": "report with boxes, for images", "center_SOPInstanceUID": "annotated slice"}


class Role(Enum):
    """What a column is used as."""

    ID = "id"
    FEATURES = "features"
    PROPERTY = "property"
    CATEGORIES = "categories"
    UNUSED = "unused"

    def label(self) -> str:
        """What the interface shows, before translation."""
        return {"id": "Patient ID", "features": "Features", "property": "Property", "categories": "Categories",
                "unused": "Not used"}[self.value]


class ImportPage:
    """Lets a person say what the columns of one file are.

    Parameters
    ----------
    preview : FilePreview
    choice : ImportChoice
        What is shown first.
    onChanged : callable
        Called without arguments after the user changed something.
    translate : callable
        Translates interface text.
    alone : bool
        Whether it stands in a window without a frame of its own.

    Attributes
    ----------
    widget : QWidget
    problem : str
        Why the choice can not be used; "" if it can.
    """

    def __init__(self, preview: FilePreview, choice: ImportChoice, onChanged, translate=lambda text: text, alone=True):
        self._preview, self._onChanged, self._translate = preview, onChanged, translate
        found = preview.recognition
        names = [name for name in (found.id_column, *found.others) if name]
        numbered = (found.id_questions or choice.id_column == ROW_NUMBER) and ROW_NUMBER not in names
        self._columns = [*names[:1], *found.groups, *names[1:], *([ROW_NUMBER] if numbered else [])]
        self._boxes, self._updating = [], False
        self.widget = qt.QWidget()
        column = qt.QVBoxLayout(self.widget)
        if alone:
            column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._headline())
        self._table = self._makeTable()
        column.addWidget(self._table, 1)
        self._model = qt.QLineEdit()
        self._model.text = choice.model
        self._model.toolTip = translate("The name by which the panel lists these features")
        self._model.accessibleName = translate("Model name")
        self._model.connect("textChanged(QString)", self._changed)
        row = qt.QHBoxLayout()
        label = qt.QLabel(translate("Model &name:"))
        label.setBuddy(self._model)
        row.addWidget(label)
        row.addWidget(self._model, 1)
        column.addLayout(row)
        self._show(choice)

    # What is chosen

    @property
    def choice(self) -> ImportChoice:
        """How the file is to be read."""
        roles = self.roles()
        ids = [column for column, role in zip(self._columns, roles) if role is Role.ID]
        groups = [column.prefix for column, role in zip(self._columns, roles) if role is Role.FEATURES]
        facets = [column for column, role in zip(self._columns, roles) if role in (Role.PROPERTY, Role.CATEGORIES)]
        categories = [column for column, role in zip(self._columns, roles) if role is Role.CATEGORIES]
        return ImportChoice(ids[0] if ids else "", tuple(groups), tuple(facets), self._model.text.strip(), tuple(categories))

    @property
    def problem(self) -> str:
        """Why the choice can not be used; "" if it can."""
        choice, _ = self.choice, self._translate
        if not choice.id_column:
            return _("Choose the column of the patient IDs.")
        found = self._preview.recognition
        if not choice.prefixes and {group.prefix for group in found.groups} - set(found.small):
            return _("Choose at least one set of features.")
        if len(choice.prefixes) == 1 and not choice.model:
            return _("Give the model a name.")
        return ""

    def roles(self) -> list[Role]:
        """Role of each column in the order shown."""
        return [self._offered(column)[box.currentIndex] for column, box in zip(self._columns, self._boxes)]

    def _show(self, choice):
        self._updating = True
        for column, box in zip(self._columns, self._boxes):
            if isinstance(column, FeatureGroup):
                role = Role.FEATURES if column.prefix in choice.prefixes else Role.UNUSED
            else:
                role = Role.ID if column == choice.id_column else Role.UNUSED if column not in choice.facets else (
                    Role.CATEGORIES if column in choice.categories else Role.PROPERTY)
            offered = self._offered(column)
            box.setCurrentIndex(offered.index(role) if role in offered else offered.index(Role.UNUSED))
        self._updating = False
        self._refresh()

    def _offered(self, column):
        if isinstance(column, FeatureGroup):
            return [Role.FEATURES, Role.UNUSED]
        if column == ROW_NUMBER:
            return [Role.ID, Role.UNUSED]
        known = [value for value in self._preview.sample.get(column, ()) if not is_missing(value)]
        numbers = known and all(number_of(value) == number_of(value) for value in known)
        return [Role.ID, Role.PROPERTY, *([Role.CATEGORIES] if numbers else []), Role.UNUSED]

    # What is shown

    def _headline(self):
        _, preview = self._translate, self._preview
        folder, _slash, name = preview.path.replace("\\", "/").rpartition("/")
        parts = [f"<b>{escape(name)}</b> &nbsp;{escape(folder)}"]
        parts += [f"\N{WARNING SIGN} <b>{escape(question)}</b>" for question in preview.recognition.questions]
        parts += [escape(note) for note in preview.notes]
        parts.append(escape(_("Say above each column what it is used as. Properties color, filter and describe the "
                              "patients; Categories are numbers that name classes.")
                            if preview.recognition.groups else
                            _("A table of patients without features: it adds properties to the patients of the other files.")))
        label = qt.QLabel("<br>".join(parts))
        label.setWordWrap(True)
        label.setTextInteractionFlags(qt.Qt.TextSelectableByMouse)
        return label

    def _makeTable(self):
        _, sample = self._translate, self._preview.sample
        rows = max((len(values) for values in sample.values()), default=0)
        table = qt.QTableWidget(rows + 1, len(self._columns))
        table.accessibleName = _("First rows of the file, with the use of each column in the first line")
        table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        table.setSelectionMode(qt.QAbstractItemView.NoSelection)
        table.setWordWrap(False)
        table.setHorizontalHeaderLabels([self._title(column) for column in self._columns])
        table.setVerticalHeaderLabels([_("Used as"), *(str(row) for row in range(1, rows + 1))])
        table.horizontalHeader().setDefaultAlignment(qt.Qt.AlignLeft | qt.Qt.AlignVCenter)
        for number, column in enumerate(self._columns):
            box = qt.QComboBox()
            box.addItems([_(role.label()) for role in self._offered(column)])
            box.accessibleName = _("Use of column {name}").format(name=self._title(column).replace("\n", ", "))
            box.toolTip = box.accessibleName
            box.connect("currentIndexChanged(int)", lambda index, number=number: self._onRole(number))
            self._boxes.append(box)
            table.setCellWidget(0, number, box)
            for row in range(rows):
                text = self._cell(column, row)
                item = qt.QTableWidgetItem(text)
                item.setToolTip(text)
                table.setItem(row + 1, number, item)
        table.verticalHeader().setDefaultSectionSize(qt.QFontMetrics(table.font).height() + 8)
        table.setRowHeight(0, self._boxes[0].sizeHint.height() + 2)
        table.resizeColumnsToContents()
        for number in range(len(self._columns)):
            wanted = max(table.columnWidth(number), self._boxes[number].sizeHint.width() + 8)
            table.setColumnWidth(number, min(wanted, _WIDEST_COLUMN))
        return table

    def _title(self, column):
        """Name of a column, and below it what the module knows it as."""
        if isinstance(column, FeatureGroup):
            first, last = column.columns[0], column.columns[-1]
            if first == last:
                return "{}\n{}".format(first, self._translate("one vector per row"))
            return "{} \N{HORIZONTAL ELLIPSIS} {}\n{}".format(
                first, last, self._translate("{n} columns").format(n=len(column.columns)))
        if column == ROW_NUMBER:
            return "{}\n{}".format(self._translate("Row number"), self._translate("where no column has ids"))
        known = cohort_column(column)
        meaning = _MEANINGS.get(known) or ("" if known == column else known.replace("_", " "))
        return f"{column}\n{self._translate(meaning)}" if meaning else f"{column}\n"

    def _cell(self, column, row):
        names = column.columns[:3] if isinstance(column, FeatureGroup) else (column,)
        values = [self._preview.sample.get(name, ()) for name in names]
        shown = [_short(found[row]) for found in values if row < len(found)]
        if not shown:
            return ""
        return ", ".join(shown) + (", \N{HORIZONTAL ELLIPSIS}" if isinstance(column, FeatureGroup) else "")

    def _onRole(self, number):
        """One column is the id: the one before becomes a property."""
        if self._updating:
            return
        if self.roles()[number] is Role.ID:
            self._updating = True
            for other, (column, role) in enumerate(zip(self._columns, self.roles())):
                if role is Role.ID and other != number:
                    offered = self._offered(column)
                    role = Role.PROPERTY if Role.PROPERTY in offered else Role.UNUSED
                    self._boxes[other].setCurrentIndex(offered.index(role))
            self._updating = False
        self._changed()

    def _changed(self, *_arguments):
        self._refresh()
        self._onChanged()

    def _refresh(self):
        """Columns that are not used are gray; the model's name counts for a single set of features."""
        count = len(self.choice.prefixes)
        self._model.enabled = count == 1
        several = self._translate("Each set of features is a model of its own name")
        self._model.placeholderText = several if count > 1 else ""
        for number, role in enumerate(self.roles()):
            group = qt.QPalette.Disabled if role is Role.UNUSED else qt.QPalette.Active
            brush = qt.QBrush(self._table.palette.color(group, qt.QPalette.Text))
            for row in range(1, self._table.rowCount):
                self._table.item(row, number).setForeground(brush)


def _short(text):
    """A number with few digits, another text as it is."""
    try:
        number = float(text)
    except ValueError:
        return text
    return text if len(text) <= 8 else f"{number:.4g}"
