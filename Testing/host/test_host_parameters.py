"""slicer.parameterNodeWrapper: values as Slicer stores them, limits, and the connection to widgets."""
import enum
import pathlib
from typing import Annotated

import pytest


class Stage(enum.Enum):
    """A parameter whose values have names and labels."""

    EARLY = "IA"
    LATE = "IV"

    def label(self):
        return f"stage {self.value}"


class Plain(enum.Enum):
    """A parameter without labels."""

    FIRST = 1
    SECOND = 2


@pytest.fixture
def wrap(scene):
    """Makes a wrapper of a new parameter node from {name: type hint} and {name: default}."""
    import slicer
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    def wrap(hints, defaults=None, node=None):
        cls = parameterNodeWrapper(type("Parameters", (), {"__annotations__": hints, **(defaults or {})}))
        return cls(node or slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))

    return wrap


def test_values_are_stored_as_slicer_stores_them(wrap):
    import slicer
    parameters = wrap({"flag": bool, "count": int, "share": float, "text": str, "stage": Stage, "folder": pathlib.Path,
                       "volume": slicer.vtkMRMLScalarVolumeNode})
    node = parameters.parameterNode
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    parameters.flag, parameters.count, parameters.share, parameters.text = True, 7, 0.25, "P-1, 2"
    parameters.stage, parameters.folder, parameters.volume = Stage.LATE, pathlib.Path("/data/x"), volume
    stored = {name: node.GetParameter(name) for name in ("flag", "count", "share", "text", "stage", "folder", "volume")}
    assert stored == {"flag": "True", "count": "7", "share": "0.25", "text": "P-1, 2", "stage": "LATE",
                      "folder": str(pathlib.Path("/data/x")), "volume": ""}
    assert node.GetNodeReferenceID("volume") == volume.GetID()
    parameters.flag, parameters.volume = False, None
    assert node.GetParameter("flag") == "False" and node.GetNodeReferenceID("volume") is None


def test_stored_text_is_read_back_as_the_type(wrap):
    parameters = wrap({"flag": bool, "count": int, "share": float, "text": str, "stage": Stage, "folder": pathlib.Path})
    for name, text in (("flag", "True"), ("count", "-3"), ("share", "1e-3"), ("text", ""), ("stage", "LATE"), ("folder", "a")):
        parameters.parameterNode.SetParameter(name, text)
    assert (parameters.flag, parameters.count, parameters.share, parameters.text) == (True, -3, 0.001, "")
    assert parameters.stage is Stage.LATE and parameters.folder == pathlib.Path("a")
    parameters.parameterNode.SetParameter("stage", "UNKNOWN")
    with pytest.raises(ValueError, match="UNKNOWN"):
        parameters.stage  # noqa: B018


def test_defaults_are_written_into_the_node(wrap):
    from slicer.parameterNodeWrapper import Default
    parameters = wrap({"text": str, "count": Annotated[int, Default(4)], "stage": Stage, "flag": bool, "share": float},
                      {"text": "P-1"})
    stored = [parameters.parameterNode.GetParameter(name) for name in ("text", "count", "stage", "flag", "share")]
    assert stored == ["P-1", "4", "EARLY", "False", "0"]
    assert parameters.default("text").value == "P-1" and parameters.count == 4


def test_values_in_the_node_win_over_defaults(wrap, scene):
    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    node.SetParameter("count", "9")
    assert wrap({"count": int}, {"count": 2}, node).count == 9


def test_values_of_other_types_and_outside_limits_are_refused(wrap):
    import slicer
    from slicer.parameterNodeWrapper import Choice, Maximum, Minimum, WithinRange
    parameters = wrap({"count": Annotated[int, WithinRange(1, 5)], "low": Annotated[float, Minimum(0), Maximum(1)],
                       "name": Annotated[str, Choice(["a", "b"])], "flag": bool, "volume": slicer.vtkMRMLScalarVolumeNode},
                      {"count": 1, "name": "a"})
    for name, value, error in (("count", 6, ValueError), ("count", 1.5, TypeError), ("low", -1.0, ValueError),
                               ("low", 2, ValueError), ("name", "c", ValueError), ("name", None, ValueError),
                               ("flag", 1, TypeError), ("volume", slicer.vtkMRMLModelNode(), TypeError)):
        with pytest.raises(error):
            setattr(parameters, name, value)
    assert (parameters.count, parameters.low, parameters.name) == (1, 0, "a")


@pytest.mark.parametrize("hint", [list, list[int], dict[str, int], tuple[int, int], int | None, int | str, object])
def test_types_without_stand_in_say_so(wrap, hint):
    with pytest.raises(NotImplementedError, match="member 'thing'"):
        wrap({"thing": hint})


def test_names_without_stand_in_say_so(host):
    import slicer.parameterNodeWrapper as module
    with pytest.raises(NotImplementedError, match="parameterPack"):
        module.parameterPack  # noqa: B018
    with pytest.raises(AttributeError):
        module.noSuchName  # noqa: B018


def test_observers_are_told_of_changes(wrap):
    parameters, seen = wrap({"count": int}), []
    tag = parameters.AddObserver("ModifiedEvent", lambda *_: seen.append(parameters.count))
    parameters.count = 3
    parameters.RemoveObserver(tag)
    parameters.count = 4
    assert seen == [3]


def widgets_of_every_kind(qt):
    """(widget, type hint, value, how to change the widget, value then)"""
    import ctk
    from slicer.parameterNodeWrapper import Choice, Decimals, SingleStep, WithinRange
    button = qt.QPushButton()
    return [
        (qt.QCheckBox(), bool, True, lambda w: w.click(), False), (ctk.ctkCheckBox(), bool, True, lambda w: w.click(), False),
        (button, bool, True, lambda w: w.click(), False),
        (qt.QSpinBox(), int, 70000, lambda w: w.setValue(-5), -5),
        (qt.QSpinBox(), Annotated[int, WithinRange(2, 9), SingleStep(2)], 4, lambda w: w.stepUp(), 6),
        (qt.QSlider(), Annotated[int, WithinRange(0, 9)], 4, lambda w: w.setValue(11), 9),
        (qt.QDoubleSpinBox(), Annotated[float, Decimals(3)], 0.125, lambda w: w.setValue(0.0625), 0.063),
        (ctk.ctkDoubleSpinBox(), float, 2.5, lambda w: w.setValue(3.5), 3.5),
        (ctk.ctkSliderWidget(), Annotated[float, WithinRange(-1, 1)], 0.5, lambda w: w.setValue(-7), -1),
        (ctk.ctkSliderWidget(), Annotated[int, WithinRange(0, 10)], 5, lambda w: w.setValue(7), 7),
        (qt.QComboBox(), Annotated[str, Choice(["a", "b"])], "b", lambda w: w.setCurrentIndex(0), "a"),
        (qt.QComboBox(), Annotated[int, Choice([5, 10])], 10, lambda w: w.setCurrentText("5"), 5),
        (qt.QComboBox(), Stage, Stage.LATE, lambda w: w.setCurrentText("stage IA"), Stage.EARLY),
        (ctk.ctkComboBox(), Plain, Plain.SECOND, lambda w: w.setCurrentText("FIRST"), Plain.FIRST),
        (qt.QLineEdit(), str, "P-1", lambda w: w.setText("P-2"), "P-2"),
        (qt.QTextEdit(), str, "one", lambda w: w.setPlainText("two"), "two"),
        (ctk.ctkPathLineEdit(), pathlib.Path, pathlib.Path("/a/b"), lambda w: w.setCurrentPath("/c"), pathlib.Path("/c")),
        (ctk.ctkDirectoryButton(), pathlib.Path, pathlib.Path("/a"), lambda w: setattr(w, "directory", "/"), pathlib.Path("/")),
    ]


@pytest.mark.parametrize("number", range(18))
def test_widgets_show_the_value_and_set_it(wrap, qt, number):
    import types

    from slicer.parameterNodeWrapper import Choice
    widget, hint, value, change, changed = widgets_of_every_kind(qt)[number]
    choice = next((a for a in getattr(hint, "__metadata__", ()) if isinstance(a, Choice)), None)
    parameters = wrap({"thing": hint}, {"thing": choice.choices[0]} if choice else
                      {"thing": 2} if number == 4 else None)
    widget.setProperty("SlicerParameterName", "thing")
    tag = parameters.connectGui(types.SimpleNamespace(widget=widget))
    parameters.thing = value
    assert parameters.thing == value
    change(widget)
    assert parameters.thing == pytest.approx(changed) if isinstance(changed, float) else parameters.thing == changed
    parameters.thing = value
    parameters.disconnectGui(tag)
    change(widget)
    assert parameters.thing == value


def test_labels_show_the_value(wrap, qt):
    parameters, label = wrap({"text": str}), qt.QLabel()
    parameters.connectParametersToGui({"text": label})
    parameters.text = "loaded"
    assert label.text == "loaded"


def test_combo_boxes_show_labels_or_names_of_enumerators(wrap, qt):
    labeled, named = qt.QComboBox(), qt.QComboBox()
    wrap({"stage": Stage, "plain": Plain}).connectParametersToGui({"stage": labeled, "plain": named})
    assert [labeled.itemText(n) for n in range(labeled.count)] == ["stage IA", "stage IV"]
    assert [named.itemText(n) for n in range(named.count)] == ["FIRST", "SECOND"]


def test_spin_boxes_take_limits_and_step(wrap, qt):
    from slicer.parameterNodeWrapper import SingleStep, WithinRange
    limited, free = qt.QSpinBox(), qt.QSpinBox()
    wrap({"a": Annotated[int, WithinRange(2, 8), SingleStep(3)], "b": int}, {"a": 2}).connectParametersToGui(
        {"a": limited, "b": free})
    assert (limited.minimum, limited.maximum, limited.singleStep) == (2, 8, 3)
    assert (free.minimum, free.maximum) == (-2**31, 2**31 - 1)


def test_node_selectors_take_their_node_type(wrap, scene):
    import slicer
    selector = slicer.qMRMLNodeComboBox()
    selector.noneEnabled = True
    selector.setMRMLScene(scene)
    parameters = wrap({"volume": slicer.vtkMRMLScalarVolumeNode})
    parameters.connectParametersToGui({"volume": selector})
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    assert selector.nodeTypes == ("vtkMRMLScalarVolumeNode",)
    parameters.volume = volume
    assert selector.currentNode() is volume
    selector.setCurrentNode(None)
    assert parameters.volume is None


def test_what_slicer_can_not_connect_is_refused(wrap, qt):
    import ctk
    parameters = wrap({"count": int, "share": float, "text": str})
    for mapping, message in (({"count": qt.QLineEdit()}, "Unable to create GUI connector"),
                             ({"count": qt.QSlider()}, "unbounded"), ({"share": ctk.ctkSliderWidget()}, "unbounded"),
                             ({"text": qt.QComboBox()}, "Choice")):
        with pytest.raises(RuntimeError, match=message):
            parameters.connectParametersToGui(mapping)
    with pytest.raises(ValueError, match="nowhere"):
        parameters.connectParametersToGui({"nowhere": qt.QSpinBox()})


def test_reserved_names_are_refused(wrap):
    with pytest.raises(ValueError, match="reserved"):
        wrap({"connectGui": int}, {"connectGui": 3})
