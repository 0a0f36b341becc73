"""The section that embeds a tumor: marks, box, query, stability, weights; small made-up volumes stand for CTs."""
import json

import numpy as np
import pytest
from evaluation_hands import embeddings_of
from file_server import FileServer
from PySide6 import QtCore, QtTest

from TumorConnectomeLib.embedding.embed import embed_tumor
from TumorConnectomeLib.embedding.models import MODELS

SEEDED, SIZE, SPACING = "SeededRandomFeatures", (44, 40, 42), (2.0, 2.5, 3.0)      # K, J, I; mm along i, j, k
NAME = "Made-up CT"


def press(button):
    QtTest.QTest.mouseClick(button, QtCore.Qt.MouseButton.LeftButton)


@pytest.fixture
def embed(session):
    """The session with the demo cohort, the section open and the seeded model chosen; afterwards nothing of it is left."""
    import slicer

    from TumorConnectomeLib.neighbors.match import Match

    panel = session.panel
    if panel.state.cohort is None or not panel.state.cohort.synthetic or slicer.util.getNodesByClass("vtkMRMLVolumeNode"):
        slicer.mrmlScene.Clear()                        # a test before may have left CTs
        session.load_cohort()
    before = {node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode")}
    panel.set(model="", match=Match.MOST, neighborCount=5, selectedPatient="", comparedPatient="", query="", embedding="",
              embedVolume="", embedMark="", embedModel=SEEDED)
    panel.ui.embedCollapsibleButton.collapsed = False
    session.settle()
    yield session
    panel.query.clear()
    panel.embed.cancel()
    panel.compare.display.forget()
    panel.ui.embedCollapsibleButton.collapsed = panel.ui.queryCollapsibleButton.collapsed = True
    panel.set(embedding="", embedVolume="", embedMark="", embedModel="", model="", comparedPatient="")
    for node in slicer.util.getNodesByClass("vtkMRMLDisplayableNode") + slicer.util.getNodesByClass("vtkMRMLDisplayNode"):
        if node.GetID() not in before:
            slicer.mrmlScene.RemoveNode(node)
    panel.showConnectome()
    session.settle()


def volume(voxels=None, matrix=None):
    """A volume node of voxels (K, J, I), and its IJK to RAS matrix."""
    import slicer
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    voxels = hu() if voxels is None else voxels
    matrix = np.diag([-SPACING[0], -SPACING[1], SPACING[2], 1.0]) if matrix is None else matrix
    image, to_ras = vtk.vtkImageData(), vtk.vtkMatrix4x4()
    image.SetDimensions(voxels.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(voxels.ravel(), deep=True))
    slicer.util.updateVTKMatrixFromArray(to_ras, matrix)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", NAME)
    node.SetAndObserveImageData(image)
    node.SetIJKToRASMatrix(to_ras)
    node.CreateDefaultDisplayNodes()
    return node


def hu():
    """Lung with a ball of soft tissue in its middle."""
    z, y, x = (np.arange(size) - (size - 1) / 2 for size in SIZE)
    far = (3 * z[:, None, None]) ** 2 + (2.5 * y[:, None]) ** 2 + (2 * x) ** 2
    return np.where(far < 100, 40, -850).astype(np.int16) + (np.arange(np.prod(SIZE)) % 17).reshape(SIZE).astype(np.int16)


MIDDLE_LPS = np.array([41.0, 48.75, 64.5])              # (size - 1) / 2 * spacing


def point(place_lps=MIDDLE_LPS, name="Here"):
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
    node.AddControlPoint(-place_lps[0], -place_lps[1], place_lps[2], name)
    return node


def run(session):
    press(session.panel.ui.embedButton)
    session.wait(lambda: not session.panel.embed.busy and not session.panel.query.busy)
    return session.panel.ui.embedStatusLabel.text


def vector_of(panel):
    from TumorConnectomeLib.panel.query_controller import query_of_text

    return np.array(query_of_text(panel.parameters.query)[2])


def expected(place_lps=MIDDLE_LPS):
    return embed_tumor(hu(), np.diag([*SPACING, 1.0]), place_lps, SEEDED).vector


def items(combo):
    return [combo.itemText(place) for place in range(combo.count)]


def test_a_point_in_a_ct_becomes_the_query(embed):
    from TumorConnectomeLib.scene.crop_box import find_crop_box

    panel, ui = embed.panel, embed.panel.ui
    assert "No CT is in the scene" in ui.embedBoxLabel.text and not ui.embedButton.enabled
    volume()
    embed.settle()
    assert items(ui.embedVolumeComboBox) == [NAME] and "Mark the tumor" in ui.embedBoxLabel.text
    point()
    embed.settle()
    assert items(ui.embedMarkComboBox) == ["Here (point)"] and items(ui.embedModelComboBox) == [SEEDED]
    assert ui.embedBoxLabel.text.startswith("Box 48 × 48 × 48 mm around the point 41.0, 48.8, 64.5 (LPS, mm).")
    box, center = find_crop_box(), [0.0, 0.0, 0.0]
    box.GetCenterWorld(center)
    a_voxel = max(MODELS[SEEDED].spacing_mm) + 1e-6     # to which the published chain cuts the point
    assert np.abs(np.array(center) * [-1, -1, 1] - MIDDLE_LPS).max() <= a_voxel and not box.GetSaveWithScene()
    assert run(embed) == ""
    np.testing.assert_allclose(vector_of(panel), expected(), rtol=1e-6)
    assert panel.state.shown.model == SEEDED and panel.view.canvas.state.query.label == NAME
    distances = 1 - embeddings_of(panel)[SEEDED] @ expected() / np.linalg.norm(embeddings_of(panel)[SEEDED], axis=1)
    assert panel.query.neighborIds()[0] == panel.state.cohort.patient_ids[int(distances.argmin())]
    assert "Random weights" in ui.embedResultLabel.text and ui.embedCompareButton.enabled
    ui.embedCollapsibleButton.collapsed = True
    assert find_crop_box() is None


def test_points_move_with_their_transforms_and_the_box_follows_a_point_that_is_dragged(embed):
    import slicer
    import vtk

    panel, node, mark = embed.panel, volume(), point(MIDDLE_LPS + [10, 0, 0])
    transform, matrix = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode"), vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, -10.0)                      # 10 mm to the left: 10 more in LPS
    transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())
    embed.settle()
    panel.embed.refresh()
    assert "the point 41.0, 48.8, 64.5" in panel.ui.embedBoxLabel.text
    mark.SetNthControlPointPosition(0, *((MIDDLE_LPS + [12, 0, 0]) * [-1, -1, 1]))
    embed.settle()
    assert "the point 43.0, 48.8, 64.5" in panel.ui.embedBoxLabel.text
    assert run(embed) == ""
    np.testing.assert_allclose(vector_of(panel), expected(MIDDLE_LPS + [2, 0, 0]), rtol=1e-6)
    slicer.mrmlScene.RemoveNode(transform)


def test_boxes_and_segments_mark_tumors_too(embed):
    import slicer
    import vtk

    panel, ui = embed.panel, embed.panel.ui
    node = volume()
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "My box")
    roi.SetCenter(*(MIDDLE_LPS * [-1, -1, 1]))
    roi.SetSize(20.0, 22.0, 24.0)
    segments = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Mine")
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(SIZE[::-1])
    from vtk.util.numpy_support import numpy_to_vtk

    image.GetPointData().SetScalars(numpy_to_vtk((hu() > 0).astype(np.uint8).ravel(), deep=True))
    to_ras = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(to_ras)
    image.SetImageToWorldMatrix(to_ras)
    segments.AddSegmentFromBinaryLabelmapRepresentation(image, "Nodule", (1.0, 0.0, 0.0))
    embed.settle()
    assert sorted(items(ui.embedMarkComboBox)) == ["Mine: Nodule (segment)", "My box (box)"]
    for name, size in (("My box (box)", (20.0, 22.0, 24.0)), ("Mine: Nodule (segment)", None)):
        ui.embedMarkComboBox.currentIndex = items(ui.embedMarkComboBox).index(name)
        panel.embed._onMarkChosen(ui.embedMarkComboBox.currentIndex)
        assert run(embed) == "" and items(ui.embedMarkComboBox)[ui.embedMarkComboBox.currentIndex] == name
        made = panel.embed.tumor
        assert np.abs(np.array(made.point_lps_mm) - MIDDLE_LPS).max() <= 3.0         # a voxel
        assert (made.size_mm is None) if size is None else np.allclose(made.size_mm, size)
    segments.GetSegmentation().RemoveAllSegments()
    assert "Mark the tumor" in run(embed) or panel.parameters.embedMark       # what is gone is not embedded


def test_what_can_not_be_embedded_is_one_line_and_the_next_click_works(embed):
    import slicer

    panel, ui = embed.panel, embed.panel.ui
    node, mark = volume((hu().astype(np.int32) + 3000).astype(np.int16)), point()
    embed.settle()
    assert "so they are no HU; expected a CT in Hounsfield units" in run(embed) and panel.parameters.query == ""
    slicer.mrmlScene.RemoveNode(node)
    volume()
    mark.SetNthControlPointPosition(0, 500.0, 0.0, 0.0)
    embed.settle()
    assert "Mark the tumor" in ui.embedBoxLabel.text and not ui.embedButton.enabled       # it lies in no CT
    mark.SetNthControlPointPosition(0, *((MIDDLE_LPS + [35, 0, 0]) * [-1, -1, 1]))
    embed.settle()
    assert "The border of the CT cuts up to" in ui.embedBoxLabel.text
    assert run(embed) == "" and "The border of the CT cuts the box" in ui.embedResultLabel.text


def test_stability_can_be_canceled_and_is_kept_with_the_query(embed):
    panel, ui = embed.panel, embed.panel.ui
    volume()
    point()
    embed.settle()
    run(embed)
    press(ui.stabilityButton)
    embed.wait(lambda: ui.embedCancelButton.visible)
    press(ui.embedCancelButton)
    embed.wait(lambda: not panel.embed.busy)
    assert "Canceled" in ui.embedStatusLabel.text and panel.embed.tumor.stability is None
    press(ui.stabilityButton)
    embed.wait(lambda: not panel.embed.busy)
    assert panel.embed.tumor.stability["points"] == 26
    assert "stay when the point is moved by 3 mm" in ui.embedResultLabel.text and ui.embedStatusLabel.text == ""
    panel.set(query="")
    assert not ui.embedResultLabel.visible and not ui.stabilityButton.enabled


@pytest.fixture
def hub(monkeypatch, tmp_path):
    server = FileServer({})
    monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS_BASE", server.url)
    monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS", str(tmp_path / "weights"))
    yield server
    server.close()


def choose_weights(panel, name):
    ui = panel.ui
    ui.weightsModelComboBox.currentIndex = next(
        place for place in range(ui.weightsModelComboBox.count) if ui.weightsModelComboBox.itemData(place) == name)
    panel.embed.weights._onModel(ui.weightsModelComboBox.currentIndex)


def wait_weights(session):
    session.wait(lambda: not session.panel.embed.weights.busy)
    return session.panel.ui.weightsStatusLabel.text


def test_weights_are_downloaded_only_after_consent(embed, hub):
    panel, ui = embed.panel, embed.panel.ui
    source = MODELS["CTFM"].sources[0]
    repository, _, file = source.url.removeprefix("https://huggingface.co/").partition("/resolve/")
    commit, file = "ab" * 20, file.partition("/")[2]
    entry = {"rfilename": file, "size": source.size_bytes, "lfs": {"sha256": source.sha256}}
    hub.listing = lambda path, query: json.dumps({"sha": commit, "gated": False, "siblings": [entry]}).encode() \
        if path.startswith("huggingface.co/api/models/") else None
    choose_weights(panel, "CTFM")
    press(ui.weightsGetButton)
    text = wait_weights(embed)
    assert "Weights of CT-FM, 311.1 MB, from https://huggingface.co/" in text and f"revision {commit[:12]}" in text
    assert "License: Apache-2.0." in text and source.sha256[:16] in text and "Nothing in them is executed" in text
    assert ui.weightsAgreeButton.visible and ui.weightsAgreeButton.text == "Agree and download (311.1 MB)"
    assert not any("resolve" in path for path, _headers in hub.requests)
    hub.files[f"huggingface.co/{repository}/resolve/{commit}/{file}"] = b"something else"
    press(ui.weightsAgreeButton)
    assert "was removed: 14 bytes instead of 311,116,176" in wait_weights(embed)
    assert not ui.weightsAgreeButton.visible and panel.embed.weights.usable() == [SEEDED]
    hub.behave = lambda path, number: 401
    press(ui.weightsGetButton)
    assert "refuses access (HTTP 401)" in wait_weights(embed) and not ui.weightsAgreeButton.visible


def test_a_file_of_the_users_own_is_taken_and_a_wrong_one_is_one_line(embed, hub, tmp_path, monkeypatch):
    import qt

    monkeypatch.setenv("TUMORCONNECTOME_CACHE", str(tmp_path / "cache"))       # tests before may have got the published cohort
    panel, ui = embed.panel, embed.panel.ui
    (tmp_path / "mine.pth").write_bytes(b"no weights")
    choose_weights(panel, "Merlin")
    try:
        panel.embed.weights.useFile(str(tmp_path / "mine.pth"))
        assert "Merlin" in panel.embed.weights.usable() and ui.proofButton.enabled
        assert "Merlin: a file of your own" in items(ui.weightsModelComboBox)
        press(ui.proofButton)
        assert "The check needs the published vectors" in wait_weights(embed)
    finally:
        qt.QSettings().remove("TumorConnectome/Weights/Merlin")
        panel.embed.weights.present()


def test_the_proof_embeds_published_patients_at_their_points(host):
    from TumorConnectomeLib.base.errors import InputError
    from TumorConnectomeLib.imaging.sources import SeriesFiles
    from TumorConnectomeLib.panel.embedding_jobs import proof_sequence
    from TumorConnectomeLib.work.awaitable import Awaitable

    rows = [{"patient": str(n), "series": f"1.{n}", "point_lps_mm": [n, -2.0, 3.0], "vector": [1.0, 0.0]} for n in range(3)]
    sequence = proof_sequence("CTFM", "", "folder", lambda patient, series: Awaitable())
    assert next(sequence).command()[4:6] == ["proof-rows", "--data"]
    assert len(sequence.send({"rows": rows}).parts) == 3
    job = sequence.send([SeriesFiles(f"/ct{n}", None, "IDC") for n in range(3)])
    for number in range(3):
        assert job.command()[4:] == ["embed", "--model", "CTFM", "--ct", f"/ct{number}", "--series", f"1.{number}", "--point",
                                     f"{float(number)},-2.0,3.0"]
        try:
            job = sequence.send({"embeddings": [{"vector": [1.0, 0.01 * number]}], "weights_sha256": "ab"})
        except StopIteration as end:
            assert end.value.outcome == "passed" and end.value.weights_sha256 == "ab" and 1e-4 < end.value.worst < 3e-4
    sequence = proof_sequence("CTFM", "", "folder", lambda patient, series: Awaitable())
    next(sequence)
    sequence.send({"rows": rows})
    sequence.send([SeriesFiles(f"/ct{n}", None, "IDC") for n in range(3)])
    with pytest.raises(InputError, match="patient 0: outside"):
        sequence.send({"embeddings": [{"problem": "outside"}], "weights_sha256": "ab"})


def test_results_say_whether_the_weights_were_checked(embed, tmp_path, monkeypatch):
    from TumorConnectomeLib.embedding.proof import Proof, ProofStore

    monkeypatch.setenv("TUMORCONNECTOME_CACHE", str(tmp_path))
    weights = embed.panel.embed.weights
    assert "Not yet checked on this computer" in weights.proofText("CTFM", "ab")
    for distance, words in ((1e-5, "Checked: 1 published"), (2e-3, "Checked with a warning"), (0.1, "Not comparable")):
        ProofStore().put(Proof("CTFM", "ab", (("1", distance),)))
        assert words in weights.proofText("CTFM", "ab")


def test_how_a_query_was_made_survives_as_text_and_what_is_none_is_passed_over(host):
    from TumorConnectomeLib.panel.embed_controller import EmbeddedTumor

    stable = {"k": 5, "points": 26, "kept": [3, 5], "nearest_kept": 0.5, "median_distance": 0.1, "nearest_distance": 0.2}
    made = EmbeddedTumor("Mine", "ctfm", "ab", "vtkMRMLScalarVolumeNode1", (1.0, -2.0, 3.0), None, ("cut",),
                         {**stable, "kept": (3, 5)})
    assert EmbeddedTumor.from_text(made.to_text()) == made
    record = json.loads(made.to_text())
    for change in ({"model": "nobody"}, {"point_lps_mm": [1, 2]}, {"point_lps_mm": ["x", 2, 3]}, {"size_mm": 3},
                   {"findings": None}, {"stability": {}}, {"stability": {**stable, "kept": []}},
                   {"stability": {**stable, "kept": "x"}}, {"point_lps_mm": [float("nan"), 0, 0]}):
        assert EmbeddedTumor.from_text(json.dumps({**record, **change})) is None
    assert EmbeddedTumor.from_text("") is EmbeddedTumor.from_text("[]") is EmbeddedTumor.from_text("{}") is None
