"""slicer.parameterNodeWrapper: typed access to a parameter node, and its connection to widgets."""
import typing

import slicer
import slicer.util
import vtk
from PySide6 import QtWidgets

from .parameter_gui import create_connector
from .parameter_types import Default, Parameter

#: dynamic property of a widget that names its parameter
SlicerParameterNamePropertyName = "SlicerParameterName"


def parameterNodeWrapper(classtype=None):
    """Class decorator: members declared by type hints become parameters."""
    return _process if classtype is None else _process(classtype)


def isParameterNodeWrapper(classOrObj):
    return getattr(classOrObj, "_is_parameter_node_wrapper", False)


def _process(cls):
    parameters = {}
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        assigned = Default(getattr(cls, name)) if hasattr(cls, name) else None
        parameters[name] = Parameter(name, hint, assigned)
        setattr(cls, name, _member(parameters[name]))
    reserved = [name for name in _METHODS if hasattr(cls, name)]
    if reserved:
        raise ValueError(f"Cannot use reserved name '{reserved[0]}' in a parameterNodeWrapper")
    cls.__init__, cls.allParameters, cls._is_parameter_node_wrapper = _init, parameters, True
    for name, function in _METHODS.items():
        setattr(cls, name, function)
    return cls


def _member(parameter):
    return property(lambda self: parameter.read(self.parameterNode),
                    lambda self, value: parameter.write(self.parameterNode, value))


def _init(self, parameterNode, prefix=None):
    if prefix is not None:
        raise NotImplementedError("slicerhost's parameterNodeWrapper has no prefix")
    self.parameterNode, self._guis, self._nextTag, self._updating = parameterNode, {}, 0, False
    for parameter in self.allParameters.values():
        if not parameter.is_in(parameterNode):
            parameter.write(parameterNode, parameter.default.value)


def _parameter(self, name):
    if name not in self.allParameters:
        raise ValueError(f"Cannot find a param with the given name: {name}; there are {', '.join(self.allParameters)}")
    return self.allParameters[name]


def _connect_gui(self, gui):
    """Connect all widgets of gui (a widget, or an object whose attributes they are) that name a parameter."""
    widgets = gui.findChildren(QtWidgets.QWidget) if isinstance(gui, QtWidgets.QWidget) else vars(gui).values()
    named = ((widget.property(SlicerParameterNamePropertyName), widget) for widget in widgets)
    return _connect_parameters(self, {name: widget for name, widget in named if name})


def _connect_parameters(self, mapping):
    """Connect {parameter name: widget}; returns a tag for disconnectGui()."""
    connectors = {name: create_connector(widget, _parameter(self, name)) for name, widget in mapping.items()}
    for name, connector in connectors.items():
        connector.write(_get(self, name))
        connector.connect(_gui_to_parameter(self, name, connector))
    observer = self.parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: _update_gui(self))
    tag, self._nextTag = self._nextTag, self._nextTag + 1
    self._guis[tag] = connectors, observer
    return tag


def _gui_to_parameter(self, name, connector):
    def changed():
        if not self._updating:
            with slicer.util.NodeModify(self.parameterNode):
                _set(self, name, connector.read())

    return changed


def _update_gui(self):
    if self._updating:
        return
    self._updating = True
    try:
        for connectors, _ in self._guis.values():
            for name, connector in connectors.items():
                connector.write(_get(self, name))
    finally:
        self._updating = False


def _disconnect_gui(self, guiTag):
    connectors, observer = self._guis.pop(guiTag, ({}, None))
    for connector in connectors.values():
        connector.disconnect()
    if observer is not None:
        self.parameterNode.RemoveObserver(observer)


def _get(self, name):
    return _parameter(self, name).read(self.parameterNode)


def _set(self, name, value):
    _parameter(self, name).write(self.parameterNode, value)


_METHODS = {
    "default": lambda self, name: _parameter(self, name).default, "getValue": _get, "setValue": _set,
    "dataType": classmethod(lambda cls, name: _parameter(cls, name).hint),
    "connectGui": _connect_gui, "connectParametersToGui": _connect_parameters, "disconnectGui": _disconnect_gui,
    "StartModify": lambda self: self.parameterNode.StartModify(),
    "EndModify": lambda self, wasModified: self.parameterNode.EndModify(wasModified),
    "AddObserver": lambda self, event, callback, priority=0.0: self.parameterNode.AddObserver(event, callback, priority),
    "RemoveObserver": lambda self, tag: self.parameterNode.RemoveObserver(tag),
    "Modified": lambda self: self.parameterNode.Modified(),
}
