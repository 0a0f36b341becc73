"""Stand-ins for the CTK widgets that module code and .ui files name: their names, properties and signals, plainly drawn."""
import os

from PySide6 import QtCore, QtGui, QtWidgets

Signal = QtCore.Signal
_UNLIMITED_HEIGHT = 16777215        # QWIDGETSIZE_MAX
#: dynamic property of children that somebody else has hidden
_HIDDEN = "hiddenInCollapsibleButton"


def forward(target, *names):
    """Class decorator: properties, and their setters, that are passed on to self.<target>."""
    def decorate(cls):
        for name in names:
            setter = "set" + name[0].upper() + name[1:]

            def put(self, value, setter=setter):
                getattr(getattr(self, target), setter)(value)

            setattr(cls, name, property(lambda self, name=name: getattr(getattr(self, target), name)(), put))
            setattr(cls, setter, put)
        return cls
    return decorate


def stored(name, default):
    """A property that only keeps its value."""
    return property(lambda self: getattr(self, "_" + name, default), lambda self, value: setattr(self, "_" + name, value))


def _row(widget, *children):
    layout = QtWidgets.QHBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    for child in children:
        layout.addWidget(child, 1 if child is children[0] else 0)


class ctkCollapsibleButton(QtWidgets.QWidget):
    """A heading that shows or hides what lies below it."""

    contentsCollapsed, toggled, clicked = Signal(bool), Signal(bool), Signal(bool)

    def __init__(self, text="", parent=None):
        if not isinstance(text, str):
            text, parent = "", text
        super().__init__(parent)
        self._showing, self._collapsed = False, None
        self._header = QtWidgets.QToolButton(self, text=text, checkable=True, checked=True)
        self._header.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._header.toggled.connect(lambda on: self.setCollapsed(not on))
        self._header.clicked.connect(self.clicked)
        self.setContentsMargins(0, self._header.sizeHint().height(), 0, 0)
        self.setCollapsed(False)

    def resizeEvent(self, event):
        self._header.setGeometry(0, 0, self.width(), self._header.sizeHint().height())

    def childEvent(self, event):
        child = event.child()
        if self._collapsed and event.added() and child.isWidgetType() and child is not self._header:
            self._put_away(child)

    def eventFilter(self, child, event):
        # what was hidden by somebody else stays hidden when the button is opened, and what is shown waits until then
        if not self._showing and event.type() in (QtCore.QEvent.Type.ShowToParent, QtCore.QEvent.Type.HideToParent):
            child.setProperty(_HIDDEN, event.type() == QtCore.QEvent.Type.HideToParent)
            self._show(child)
        return False

    def _put_away(self, child):
        """Hide a child and watch who shows or hides it; the events of children that are shown are too many to look at."""
        explicit = child.testAttribute(QtCore.Qt.WidgetAttribute.WA_WState_ExplicitShowHide)
        child.setProperty(_HIDDEN, child.isHidden() and explicit)
        child.installEventFilter(self)
        self._show(child)

    def _show(self, child):
        self._showing = True
        child.setVisible(not self._collapsed and not child.property(_HIDDEN))
        if not child.property(_HIDDEN):                 # this was not explicit: hiding a hidden child still is an event
            child.setAttribute(QtCore.Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)
        self._showing = False

    def setCollapsed(self, collapsed):
        if collapsed == self._collapsed:
            return
        self._collapsed = collapsed = bool(collapsed)
        self._header.setChecked(not collapsed)
        self._header.setArrowType(QtCore.Qt.ArrowType.RightArrow if collapsed else QtCore.Qt.ArrowType.DownArrow)
        for child in self.findChildren(QtWidgets.QWidget, options=QtCore.Qt.FindChildOption.FindDirectChildrenOnly):
            if child is self._header:
                continue
            if collapsed:
                self._put_away(child)
            else:
                child.removeEventFilter(self)
                self._show(child)
        self.setMaximumHeight(self._header.sizeHint().height() if collapsed else _UNLIMITED_HEIGHT)
        self.contentsCollapsed.emit(collapsed)
        self.toggled.emit(not collapsed)

    def click(self):
        self._header.click()

    def setText(self, text):
        self._header.setText(text)

    def setChecked(self, on):
        self.setCollapsed(not on)

    collapsed = property(lambda self: self._collapsed, setCollapsed)
    checked = property(lambda self: not self._collapsed, setChecked)
    text = property(lambda self: self._header.text(), setText)


class ctkCollapsibleGroupBox(QtWidgets.QGroupBox):
    """A group box whose check mark shows or hides its contents."""

    def __init__(self, title="", parent=None):
        if not isinstance(title, str):
            title, parent = "", title
        super().__init__(title, parent)
        self.setCheckable(True)
        self.toggled.connect(self._show)

    def _show(self, on):
        for child in self.findChildren(QtWidgets.QWidget, options=QtCore.Qt.FindChildOption.FindDirectChildrenOnly):
            child.setVisible(on)
        self.setMaximumHeight(_UNLIMITED_HEIGHT if on else self.fontMetrics().height() + 8)

    collapsed = property(lambda self: not self.isChecked(), lambda self, collapsed: self.setChecked(not collapsed))


@forward("_spin", "value", "minimum", "maximum", "singleStep", "decimals", "suffix", "prefix")
class ctkSliderWidget(QtWidgets.QWidget):
    """A slider and a spin box for one floating-point value."""

    valueChanged, valueIsChanging = Signal(float), Signal(float)
    _TICKS = 1000

    def __init__(self, parent=None):
        super().__init__(parent)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal, minimum=0, maximum=self._TICKS)
        self._spin = QtWidgets.QDoubleSpinBox()
        _row(self, self._slider, self._spin)
        self._slider.sliderMoved.connect(self._on_slider)
        self._spin.valueChanged.connect(self._on_value)

    def _on_slider(self, tick):
        low, high = self._spin.minimum(), self._spin.maximum()
        self._spin.setValue(low + tick / self._TICKS * (high - low))
        self.valueIsChanging.emit(self._spin.value())

    def _on_value(self, value):
        span = self._spin.maximum() - self._spin.minimum()
        self._slider.setValue(round(self._TICKS * (value - self._spin.minimum()) / span) if span else 0)
        self.valueChanged.emit(value)


class ctkDoubleSpinBox(QtWidgets.QDoubleSpinBox):
    """Without CTK's decimals options."""


class ctkComboBox(QtWidgets.QComboBox):
    """Without CTK's default text and icon."""

    def _user_data(self):
        return str(self.currentData() or "")

    currentUserDataAsString = property(_user_data)


class ctkCheckBox(QtWidgets.QCheckBox):
    """Without CTK's indicator icon."""


class ctkMenuButton(QtWidgets.QPushButton):
    """A button with a menu."""


class ctkMessageBox(QtWidgets.QMessageBox):
    """Without CTK's "do not show again"."""


class ctkSearchBox(QtWidgets.QLineEdit):
    """A line to search by, with a button that empties it."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setClearButtonEnabled(True)
        self.setPlaceholderText("Search...")


class ctkPathLineEdit(QtWidgets.QWidget):
    """A line for a file or folder, with a button to browse; its history lies in the settings."""

    currentPathChanged, validInputChanged = Signal(str), Signal(bool)
    Dirs, Files, Drives, Readable, Writable, Executable = 1, 2, 4, 16, 32, 64       # as QDir.Filter
    _LENGTH_OF_HISTORY = 5
    filters, nameFilters, settingKey = stored("filters", Files), stored("nameFilters", ()), stored("settingKey", "")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._edit, button = QtWidgets.QLineEdit(), QtWidgets.QToolButton(text="…")
        _row(self, self._edit, button)
        self._edit.textChanged.connect(self.currentPathChanged)
        button.clicked.connect(self.browse)

    def browse(self):
        dialog = QtWidgets.QFileDialog
        path = dialog.getExistingDirectory(self) if self.filters & self.Dirs else \
            dialog.getOpenFileName(self, filter=";;".join(self.nameFilters))[0]
        if path:
            self.setCurrentPath(path)

    def setCurrentPath(self, path):
        self._edit.setText(path)

    def addCurrentPathToHistory(self):
        history = [self.currentPath, *(path for path in self._history() if path != self.currentPath)]
        QtCore.QSettings().setValue(self.settingKey, history[:self._LENGTH_OF_HISTORY])

    def retrieveHistory(self):
        if self._history():
            self.setCurrentPath(self._history()[0])

    def _history(self):
        found = QtCore.QSettings().value(self.settingKey) if self.settingKey else None
        return [found] if isinstance(found, str) else list(found or ())

    currentPath = property(lambda self: self._edit.text(), setCurrentPath)


class ctkPushButton(QtWidgets.QPushButton):
    """A button that leaves out the middle of a text for which it has no room, as ctkDirectoryButton's does."""

    def minimumSizeHint(self):
        hint, metrics = super().sizeHint(), self.fontMetrics()
        less = metrics.horizontalAdvance(self.text()) - metrics.horizontalAdvance("\N{HORIZONTAL ELLIPSIS}")
        return QtCore.QSize(hint.width() - max(less, 0), hint.height())

    def paintEvent(self, event):
        option = QtWidgets.QStyleOptionButton()
        self.initStyleOption(option)
        option.text = self.fontMetrics().elidedText(self.text(), QtCore.Qt.TextElideMode.ElideMiddle, self.width() - 12)
        QtWidgets.QStylePainter(self).drawControl(QtWidgets.QStyle.ControlElement.CE_PushButton, option)


class ctkDirectoryButton(QtWidgets.QWidget):
    """A button that shows a folder and browses for another."""

    directoryChanged, directorySelected = Signal(str), Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._directory = os.getcwd()
        self._button = ctkPushButton(self._directory)
        policy = QtWidgets.QSizePolicy.Policy
        self._button.setSizePolicy(policy.Expanding, policy.Fixed)
        _row(self, self._button)
        self._button.clicked.connect(self.browse)

    def browse(self):
        path = QtWidgets.QFileDialog.getExistingDirectory(self, self.caption, self._directory)
        if path:
            self._set_directory(path)
            self.directorySelected.emit(path)

    def _set_directory(self, path):
        path = os.path.abspath(path)
        if path != self._directory:
            self._directory = path
            self._button.setText(path)
            self.directoryChanged.emit(path)

    directory, caption = property(lambda self: self._directory, _set_directory), stored("caption", "")


class ctkColorPickerButton(QtWidgets.QPushButton):
    """A button that shows a color and asks for another."""

    colorChanged = Signal(QtGui.QColor)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._color = QtGui.QColor("black")
        self.clicked.connect(lambda: self.setColor(QtWidgets.QColorDialog.getColor(self._color, self)))

    def setColor(self, color):
        if color.isValid() and color != self._color:
            self._color = color
            self.setStyleSheet(f"background: {color.name()}")
            self.colorChanged.emit(color)

    color = property(lambda self: self._color, setColor)


CTK = {cls.__name__: cls for cls in (
    ctkCheckBox, ctkCollapsibleButton, ctkCollapsibleGroupBox, ctkColorPickerButton, ctkComboBox, ctkDirectoryButton,
    ctkDoubleSpinBox, ctkMenuButton, ctkMessageBox, ctkPathLineEdit, ctkSearchBox, ctkSliderWidget)}
