"""Python modules of Slicer that are not in the slicer-core wheel, filled with the host's stand-ins."""
import sys
import types

import slicer

from . import parameter_types, parameter_wrapper, pip_packaging, sample_data, scripted

_PARAMETER_NAMES = {
    parameter_types: ("Choice", "Decimals", "Default", "Exclude", "IsInstance", "Maximum", "Minimum", "NotNone", "SingleStep",
                      "Validator", "WithinRange"),
    parameter_wrapper: ("SlicerParameterNamePropertyName", "isParameterNodeWrapper", "parameterNodeWrapper")}
_NO_STAND_IN = {"createGui", "createGuiConnector", "FloatRange", "GuiConnector", "RangeBounds", "Serializer",
                "findChildWidgetForParameter", "isParameterPack", "parameterNodeGuiConnector", "parameterNodeSerializer",
                "parameterPack"}


def install():
    """Make slicer.ScriptedLoadableModule, .parameterNodeWrapper, .packaging, .i18n and SampleData importable."""
    _add("slicer.ScriptedLoadableModule", {name: getattr(scripted, name) for name in scripted.__all__})
    _add("slicer.packaging", {name: getattr(pip_packaging, name) for name in pip_packaging.__all__})
    _add("slicer.i18n", {"tr": _tr, "translate": _translate})
    wrapper = _add("slicer.parameterNodeWrapper", {
        name: getattr(module, name) for module, names in _PARAMETER_NAMES.items() for name in names})
    wrapper.__getattr__ = _missing_in_wrapper
    slicer.selfTests = {}
    _add("SampleData", {name: getattr(sample_data, name) for name in sample_data.__all__})


def _add(name, contents):
    module = types.ModuleType(name)
    vars(module).update(contents, __all__=sorted(contents))
    sys.modules[name] = module
    if name.startswith("slicer."):
        setattr(slicer, name.partition(".")[2], module)
    return module


def _missing_in_wrapper(name):
    if name in _NO_STAND_IN:
        raise NotImplementedError(f"slicerhost has no stand-in for slicer.parameterNodeWrapper.{name}")
    raise AttributeError(f"module 'slicer.parameterNodeWrapper' has no attribute '{name}'")


def _tr(text):
    """The host has no translations."""
    return _translate("", text)


def _translate(context, text):
    return slicer.app.translate(context, text)
