"""Which widgets a parameterNodeWrapper can be connected to: the same kinds, types and ranges as in Slicer."""
import enum
import pathlib

import shiboken6
from PySide6 import QtWidgets

from .ctk_widgets import ctkCheckBox, ctkComboBox, ctkDirectoryButton, ctkDoubleSpinBox, ctkPathLineEdit, ctkSliderWidget
from .parameter_types import Choice, Decimals, Maximum, Minimum, SingleStep, WithinRange
from .qmrml_widgets import qMRMLNodeComboBox

_INT_MINIMUM, _INT_MAXIMUM = -2**31, 2**31 - 1


class Connector:
    """A widget and its parameter: what to read, what to write, which signal tells of a change."""

    def __init__(self, widget, read, write, signal=None):
        self._widget, self.read, self.write, self._signal, self._slot = widget, read, write, signal, None

    def connect(self, callback):
        self._slot = lambda *_: callback()
        if self._signal is not None:
            getattr(self._widget, self._signal).connect(self._slot)

    def disconnect(self):
        if self._signal is not None and shiboken6.isValid(self._widget):       # at exit the window goes first
            getattr(self._widget, self._signal).disconnect(self._slot)


def create_connector(widget, parameter):
    """The connector of a widget; RuntimeError where Slicer has none, or wants an annotation that is missing."""
    for kinds, fits, create in _CONNECTORS:
        if type(widget) in kinds and fits(parameter):
            return create(widget, parameter)
    raise RuntimeError(f"Unable to create GUI connector from datatype '{parameter.hint}' to widget type '{type(widget)}'.")


def _is(*types):
    return lambda parameter: parameter.type in types


def _is_path(parameter):
    return isinstance(parameter.type, type) and issubclass(parameter.type, pathlib.PurePath)


def _is_enum(parameter):
    return isinstance(parameter.type, type) and issubclass(parameter.type, enum.Enum)


def _check_box(widget, parameter):
    return Connector(widget, widget.isChecked, widget.setChecked, "stateChanged")


def _push_button(widget, parameter):
    widget.setCheckable(True)
    return Connector(widget, widget.isChecked, widget.setChecked, "toggled")


def _limits(parameter):
    """(minimum, maximum) of the annotations, None where there is none."""
    within = parameter.annotation(WithinRange)
    if within:
        return within.minimum, within.maximum
    low, high = parameter.annotation(Minimum), parameter.annotation(Maximum)
    return low.minimum if low else None, high.maximum if high else None


def _integer(widget, parameter):
    low, high = _limits(parameter)
    if isinstance(widget, QtWidgets.QSlider) and None in (low, high):
        raise RuntimeError("Cannot have a connection to QSlider where the int type is unbounded.")
    _set_step(widget, parameter)
    widget.setRange(_INT_MINIMUM if low is None else low, _INT_MAXIMUM if high is None else high)
    return Connector(widget, widget.value, widget.setValue, "valueChanged")


def _number(widget, parameter):
    low, high = _limits(parameter)
    if type(widget) is ctkSliderWidget and None in (low, high):
        raise RuntimeError("Cannot have a connection to ctkSliderWidget where the float types is unbounded.")
    decimals = parameter.annotation(Decimals)
    if parameter.type is int or decimals:
        widget.setDecimals(0 if parameter.type is int else decimals.value)
    _set_step(widget, parameter)
    widget.setMinimum(float("-inf") if low is None else low)
    widget.setMaximum(float("inf") if high is None else high)
    is_property = type(widget) is ctkSliderWidget
    return Connector(widget, lambda: parameter.type(widget.value if is_property else widget.value()),
                     lambda value: widget.setValue(parameter.type(value)), "valueChanged")


def _set_step(widget, parameter):
    step = parameter.annotation(SingleStep)
    if step:
        widget.setSingleStep(step.value)


def _choices(widget, parameter):
    choice = parameter.annotation(Choice)
    if choice is None:
        raise RuntimeError("ComboBoxToStringableConnector requires the Choice annotation to be used.")
    return _items(widget, [(str(value), value) for value in choice.choices])


def _enumerators(widget, parameter):
    label = getattr(parameter.type, "label", lambda value: value.name)
    return _items(widget, [(label(value), value) for value in parameter.type])


def _items(widget, items):
    values = [value for _, value in items]
    widget.clear()
    widget.addItems([text for text, _ in items])

    def write(value):
        if value not in values:
            raise ValueError(f"Unable to find value {value} in choices {values}")
        widget.setCurrentIndex(values.index(value))

    return Connector(widget, lambda: values[widget.currentIndex()], write, "currentIndexChanged")


def _line_edit(widget, parameter):
    # setting the text moves the cursor to the end: not while the user types
    return Connector(widget, widget.text, lambda value: value == widget.text() or widget.setText(value), "textChanged")


def _label(widget, parameter):
    return Connector(widget, widget.text, widget.setText)


def _text_edit(widget, parameter):
    return Connector(widget, widget.toPlainText, widget.setPlainText, "textChanged")


def _path(widget, parameter):
    return Connector(widget, lambda: parameter.type(widget.currentPath), lambda value: widget.setCurrentPath(str(value)),
                     "currentPathChanged")


def _directory(widget, parameter):
    return Connector(widget, lambda: parameter.type(widget.directory), lambda value: setattr(widget, "directory", str(value)),
                     "directoryChanged")


def _node(widget, parameter):
    widget.nodeTypes = (parameter.type().GetClassName(),)
    return Connector(widget, widget.currentNode, widget.setCurrentNode, "currentNodeChanged")


_CONNECTORS = (
    ((QtWidgets.QCheckBox, ctkCheckBox), _is(bool), _check_box),
    ((QtWidgets.QPushButton,), _is(bool), _push_button),
    ((QtWidgets.QSlider, QtWidgets.QSpinBox), _is(int), _integer),
    ((QtWidgets.QDoubleSpinBox, ctkSliderWidget, ctkDoubleSpinBox), _is(int, float), _number),
    ((QtWidgets.QComboBox, ctkComboBox), _is(int, float, str, bool), _choices),
    ((QtWidgets.QComboBox, ctkComboBox), _is_enum, _enumerators),
    ((QtWidgets.QLineEdit,), _is(str), _line_edit),
    ((QtWidgets.QLabel,), _is(str), _label),
    ((QtWidgets.QTextEdit,), _is(str), _text_edit),
    ((ctkPathLineEdit,), _is_path, _path),
    ((ctkDirectoryButton,), _is_path, _directory),
    ((qMRMLNodeComboBox,), lambda parameter: parameter.is_node, _node),
)
