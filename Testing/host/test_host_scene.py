"""Scenes and nodes are written and read, with the state of modules."""
import numpy as np
import pytest


@pytest.fixture
def filled(scene):
    """A scene with a volume under a transform, a box, a table, and the example module's parameters."""
    import slicer
    from HostExample import Direction, HostExampleLogic, HostExampleParameterNode
    volume = HostExampleLogic().makeVolume(np.arange(24, dtype=np.int16).reshape(2, 3, 4), "CT")
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Centering")
    slicer.util.updateTransformMatrixFromArray(transform, np.array([[1, 0, 0, 5], [0, 1, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1.0]]))
    volume.SetAndObserveTransformNodeID(transform.GetID())
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Lesion 1")
    roi.SetCenter(1, 2, 3)
    roi.SetSize(10, 20, 30)
    roi.CreateDefaultDisplayNodes()
    parameters = HostExampleParameterNode(HostExampleLogic().getParameterNode())
    parameters.count, parameters.direction, parameters.search = 9, Direction.LEAST, "P-7 <&>"
    parameters.shown, parameters.volume = False, volume
    return scene


def check_filled():
    import slicer
    from HostExample import Direction, HostExampleLogic, HostExampleParameterNode
    volume, roi = slicer.util.getNode("CT"), slicer.util.getNode("Lesion 1")
    assert roi.GetCenter() == pytest.approx((1, 2, 3)) and roi.GetSize() == pytest.approx((10, 20, 30))
    assert slicer.util.arrayFromTransformMatrix(volume.GetParentTransformNode())[:3, 3] == pytest.approx((5, 6, 7))
    parameters = HostExampleParameterNode(HostExampleLogic().getParameterNode())
    assert (parameters.count, parameters.direction, parameters.search) == (9, Direction.LEAST, "P-7 <&>")
    assert parameters.shown is False and parameters.volume is volume
    return volume


def test_a_bundle_brings_back_scene_data_and_state(filled, tmp_path):
    import slicer
    assert slicer.util.saveScene(str(tmp_path / "session.mrb"))
    slicer.mrmlScene.Clear()
    assert slicer.util.getNodes("CT") == {}
    slicer.util.loadScene(str(tmp_path / "session.mrb"))
    assert (slicer.util.arrayFromVolume(check_filled()) == np.arange(24).reshape(2, 3, 4)).all()


def test_a_scene_file_brings_back_state_and_finds_its_data(filled, tmp_path):
    import slicer
    assert slicer.util.saveNode(slicer.util.getNode("CT"), str(tmp_path / "ct.nrrd"))
    assert slicer.util.saveNode(slicer.util.getNode("Lesion 1"), str(tmp_path / "lesion.mrk.json"))
    assert slicer.util.saveScene(str(tmp_path / "session.mrml"))
    text = (tmp_path / "session.mrml").read_text()
    for stored in ("count 9", "direction LEAST", "search P-7 &lt;&amp;&gt;", "shown False", "volume "):
        assert f'"{stored}"' in text, stored
    slicer.mrmlScene.Clear()
    slicer.util.loadScene(str(tmp_path / "session.mrml"))
    assert (slicer.util.arrayFromVolume(check_filled()) == np.arange(24).reshape(2, 3, 4)).all()


def test_the_panel_follows_a_loaded_scene(window, filled, tmp_path):
    import slicer
    from HostExample import HostExampleLogic, HostExampleParameterNode
    slicer.util.saveScene(str(tmp_path / "session.mrb"))
    slicer.mrmlScene.Clear()
    slicer.util.loadScene(str(tmp_path / "session.mrb"))
    widget = slicer.modules.HostExampleWidget
    widget.parameters.disconnectGui(widget.guiTag)
    widget.parameters = HostExampleParameterNode(HostExampleLogic().getParameterNode())
    widget.guiTag = widget.parameters.connectGui(widget.ui)
    ui = widget.ui
    assert (ui.countSpinBox.value, ui.directionComboBox.currentText, ui.searchLineEdit.text) == (9, "LEAST", "P-7 <&>")
    assert ui.shownCheckBox.checked is False and ui.volumeSelector.currentNode().GetName() == "CT"
    ui.countSpinBox.value = 3
    assert widget.parameters.parameterNode.GetParameter("count") == "3"


def test_nodes_of_every_kind_are_read_back(scene, tmp_path):
    import slicer
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "Matches")
    slicer.util.updateTableFromArray(table, [np.array([1.0, 2.0])], ["distance"])
    text = scene.AddNewNodeByClass("vtkMRMLTextNode", "Note")
    text.SetText("hello")
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Shift")
    for node, name in ((table, "matches.csv"), (text, "note.txt"), (transform, "shift.h5")):
        assert slicer.util.saveNode(node, str(tmp_path / name)), name
    scene.Clear()
    assert slicer.util.arrayFromTableColumn(slicer.util.loadTable(str(tmp_path / "matches.csv")), "distance")[1] == 2
    assert slicer.util.loadText(str(tmp_path / "note.txt")).GetText() == "hello"
    assert slicer.util.loadTransform(str(tmp_path / "shift.h5")).GetName() == "shift"


def test_a_file_that_can_not_be_read_is_an_error(scene, tmp_path):
    import slicer
    (tmp_path / "broken.nrrd").write_text("nothing")
    with pytest.raises(RuntimeError, match="broken.nrrd"):
        slicer.util.loadVolume(str(tmp_path / "broken.nrrd"))
    with pytest.raises(NotImplementedError, match="SequenceFile"):
        slicer.util.loadSequence(str(tmp_path / "x.seq.nrrd"))
