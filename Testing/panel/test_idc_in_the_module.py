"""Clicking a real-data patient: its CT comes from IDC (on loopback) through s5cmd, while the window stays alive."""
import shutil
import uuid

import numpy as np
import pickle_factory
import pytest
from cohort_factory import vector
from gestures import click
from idc_on_loopback import SLICES, Fetcher
from idc_session import PATIENT, assert_shown, load, wait_for_images
from loopback_s3 import refused_port
from PySide6 import QtCore, QtTest
from seg_factory import ellipsoid, write_seg

from slicerhost.alive import running_processes
from TumorConnectomeLib.scene.image_views import ImageViews


def test_a_patient_is_downloaded_and_shown(opened, gate):
    load(opened)
    texts = set()
    opened.wait(lambda: texts.add(opened.panel.ui.imageStatusLabel.text) or not opened.panel.imaging.busy)
    assert any(f"of {SLICES + 1}" in text and "MB/s" in text for text in texts), texts
    assert_shown(opened)
    assert "IDC" in opened.panel.ui.imageStatusLabel.text
    assert len(gate.downloads) == SLICES + 1


def test_cancel_half_way_then_the_next_click_fetches_only_the_rest(opened, gate):
    panel = opened.panel
    gate.behave = lambda key, number: "hang" if number >= SLICES // 2 else None
    load(opened)
    opened.wait(lambda: panel.ui.imageStatusLabel.text.startswith(f"{SLICES // 2} of"))
    assert panel.ui.imageCancelButton.visible
    QtTest.QTest.mouseClick(panel.ui.imageCancelButton, QtCore.Qt.MouseButton.LeftButton)
    wait_for_images(opened)
    assert "Canceled" in panel.ui.imageStatusLabel.text and not panel.imaging.shown
    opened.fetcher.assert_nothing_stored()
    gate.reset()
    load(opened)
    wait_for_images(opened)
    assert_shown(opened)
    assert len(gate.downloads) <= SLICES // 2 + 2


def test_a_server_that_dies_is_one_clear_line_and_the_next_click_works(opened, study, gate):
    panel = opened.panel
    gate.behave = lambda key, number: "die" if number == 10 else None
    load(opened)
    wait_for_images(opened)
    text = panel.ui.imageStatusLabel.text
    assert text.startswith("\N{WARNING SIGN}") and "are here and kept for the next try" in text and "\n" not in text
    assert not panel.imaging.shown
    second = study.server.gate()
    opened.fetcher.sources[:] = Fetcher(study, opened.fetcher.cache.folder, second).sources
    load(opened)
    wait_for_images(opened)
    second.die()
    assert_shown(opened)


@pytest.mark.parametrize("status, text", [(403, "403"), (404, "404"), (503, "503")])
def test_an_error_status_is_named(opened, gate, status, text):
    gate.refuse = status
    load(opened)
    wait_for_images(opened)
    label = opened.panel.ui.imageStatusLabel.text
    assert label.startswith("\N{WARNING SIGN}") and "\n" not in label.strip(), label
    assert text in label or "not" in label, label
    gate.reset()
    load(opened)
    wait_for_images(opened)
    assert_shown(opened)


def test_offline_is_said_in_seconds(opened, study):
    fetcher = Fetcher(study, opened.fetcher.cache.folder, f"http://127.0.0.1:{refused_port()}")
    opened.fetcher.sources[:] = fetcher.sources
    load(opened)
    opened.wait(lambda: not opened.panel.imaging.busy)
    assert "\N{WARNING SIGN}" in opened.panel.ui.imageStatusLabel.text
    assert not opened.panel.imaging.shown


def test_a_patient_without_series_is_one_clear_line(opened):
    load(opened, "200003")
    opened.wait(lambda: not opened.panel.imaging.busy)
    label = opened.panel.ui.imageStatusLabel.text
    assert label.startswith("\N{WARNING SIGN}") and "200003" in label and "IDC has no series" in label


def test_a_damaged_cached_series_is_fetched_again(opened, gate):
    import slicer

    load(opened)
    wait_for_images(opened)
    folder = opened.fetcher.cache.files_folder(opened.fetcher.study.request.ct_uid)
    victim = sorted(folder.iterdir())[3]
    victim.write_bytes(victim.read_bytes()[:500])
    slicer.mrmlScene.Clear()
    opened.panel.imaging.forget()
    gate.reset()
    load(opened)
    wait_for_images(opened)
    assert_shown(opened)
    assert "not used" in opened.panel.ui.imageStatusLabel.text and gate.downloads


def test_choosing_another_patient_replaces_the_download(opened, gate):
    panel = opened.panel
    gate.behave = lambda key, number: "hang" if number >= 5 else None
    load(opened)
    opened.wait(lambda: "5 of" in panel.ui.imageStatusLabel.text)
    panel.load("200003")
    opened.wait(lambda: not panel.imaging.busy)
    assert "200003" in panel.ui.imageStatusLabel.text
    gate.reset()
    load(opened)
    wait_for_images(opened)
    assert_shown(opened)


def test_a_new_request_that_wants_the_same_patient_goes_on_with_its_download(opened, gate):
    panel = opened.panel
    gate.behave = lambda key, number: "hang" if number >= 5 else None
    load(opened)
    opened.wait(lambda: "5 of" in panel.ui.imageStatusLabel.text)
    first = panel.downloads.downloads[0].task
    panel.imaging.bring(panel.state.cohort, [PATIENT], views=ImageViews.PAIR)
    opened.settle()
    assert [download.task for download in panel.downloads.downloads] == [first] and first.running
    gate.reset()
    wait_for_images(opened)
    assert_shown(opened)


def test_the_same_patient_again_right_after_cancel_waits_for_nobody(opened, gate):
    panel = opened.panel
    gate.behave = lambda key, number: "hang" if number >= 5 else None
    load(opened)
    opened.wait(lambda: "5 of" in panel.ui.imageStatusLabel.text)
    QtTest.QTest.mouseClick(panel.ui.imageCancelButton, QtCore.Qt.MouseButton.LeftButton)
    gate.reset()
    load(opened)                                        # in the same breath: the process has not ended yet
    wait_for_images(opened)
    assert_shown(opened)
    assert "another request" not in panel.ui.imageStatusLabel.text


def test_the_end_of_the_application_during_a_download_ends_its_process_and_the_next_start_continues(opened, study, gate):
    from TumorConnectomeLib.imaging.acquisition import acquire
    from TumorConnectomeLib.imaging.transfer_errors import is_offline
    from TumorConnectomeLib.work.awaitable import Listener
    from TumorConnectomeLib.work.queue import DownloadQueue

    gate.behave = lambda key, number: "hang" if number >= 12 else None
    queue, seen, others = DownloadQueue(acquire, is_offline), [], set(running_processes())
    queue.fetch(study.request, opened.fetcher.sources).begin(Listener(done=seen.append, failed=seen.append))
    opened.wait(lambda: queue.downloads[0].transfer is not None and queue.downloads[0].transfer.files == 12)
    processes = set(running_processes()) - others
    queue.cleanup()
    assert processes and not processes & set(running_processes())
    opened.fetcher.assert_nothing_stored()
    assert len(opened.fetcher.staged()) >= 12 and all(name.endswith(".dcm") for name in opened.fetcher.staged())
    opened.settle()
    assert not seen
    gate.reset()
    load(opened)
    wait_for_images(opened)
    assert_shown(opened)
    assert len(gate.downloads) <= SLICES + 1 - 12


def test_the_local_folder_serves_a_patient_without_a_network(opened, study, tmp_path, monkeypatch):
    from TumorConnectomeLib.imaging.folder_source import FolderSource

    folder = tmp_path / "mixed"
    folder.mkdir()
    for number, content in enumerate(study.contents.values()):
        (folder / f"{number}.dcm").write_bytes(content)
    (folder / "report.dcm").write_bytes(study.sr_bytes)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    opened.fetcher.sources[:] = [FolderSource(folder, opened.fetcher.cache.folder)]
    load(opened)
    wait_for_images(opened)
    assert_shown(opened)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    shutil.rmtree(folder)
    np.testing.assert_equal(opened.panel.queryNodes.volume.GetImageData().GetDimensions(), (64, 64, SLICES))


def test_the_window_answers_clicks_during_a_download(opened, gate):
    panel = opened.panel
    gate.behave = lambda key, number: "hang" if number >= 5 else None
    load(opened)
    opened.wait(lambda: "5 of" in panel.ui.imageStatusLabel.text)
    click(panel.view, *panel.view.nodeCenter("200004"))
    assert panel.parameters.selectedPatient == "200004" and "200004" in panel.ui.patientLabel.text
    panel.imaging.cancel()
    wait_for_images(opened)


@pytest.fixture
def with_segmentation(opened, study, tmp_path, monkeypatch):
    """IDC on loopback has an expert segmentation of the study, too."""
    from TumorConnectomeLib.imaging import segmentation_source
    from TumorConnectomeLib.imaging.idc_series import IdcSeries
    from TumorConnectomeLib.panel import imaging_controller, segmentation_controller

    masks = np.zeros((SLICES, 64, 64, 1), bool)
    masks[..., 0] = ellipsoid((SLICES, 64, 64), (4, 5, 5), (2, 4, 3))
    seg = write_seg(tmp_path / "seg.dcm", study.slices, masks)
    data, series_uuid = (tmp_path / "seg.dcm").read_bytes(), str(uuid.uuid4())
    study.server.put(series_uuid, [data])
    series = IdcSeries(str(seg.SeriesInstanceUID), series_uuid, "idc-open-data", 1, len(data))
    for module in (segmentation_source, segmentation_controller):
        monkeypatch.setattr(module, "listed_segmentations", lambda: {study.request.study_uid: series})
    monkeypatch.setattr(segmentation_controller, "in_nlst", lambda cohort, node: True)      # by UIDs that only IDC gives
    monkeypatch.setattr(imaging_controller.ImageSources, "idc", property(lambda self: opened.fetcher.idc))
    return opened, masks[..., 0]


def test_the_expert_segmentation_is_offered_loaded_and_unloaded(with_segmentation):
    import slicer

    session, mask = with_segmentation
    panel = session.panel
    assert not panel.ui.segmentationButton.enabled
    load(session)
    wait_for_images(session)
    assert panel.ui.segmentationButton.enabled and f"of {PATIENT}" in panel.ui.segmentationStatusLabel.text
    logic = session.application.layoutManager().sliceWidget("TumorQueryAxial").sliceLogic()
    session.settle()                                    # the views are fitted once more when they have their size
    logic.SetSliceOffset(5.0)
    QtTest.QTest.mouseClick(panel.ui.segmentationButton, QtCore.Qt.MouseButton.LeftButton)
    session.wait(lambda: not panel.compare.segmentation.busy)
    (node,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert logic.GetSliceOffset() == 5.0, "the views stay where they are"
    spacing = panel.queryNodes.volume.GetSpacing()
    assert f"Lesion {mask.sum() * np.prod(spacing) / 1000:.2f} mL" in panel.ui.segmentationStatusLabel.text
    assert not panel.ui.segmentationButton.enabled
    views = set(node.GetDisplayNode().GetViewNodeIDs())
    assert views == set(panel.queryNodes.lesions[0].GetDisplayNode().GetViewNodeIDs()) and len(views) == 4
    found = slicer.util.arrayFromSegmentBinaryLabelmap(
        node, node.GetSegmentation().GetNthSegmentID(0), panel.queryNodes.volume)
    assert (found.astype(bool) == mask).all()
    panel.compare.unload([PATIENT])
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationDisplayNode")


def test_rows_of_one_patient_that_are_nodes_of_their_own_load_their_own_series(opened, tmp_path):
    from TumorConnectomeLib.cohort.row_rules import RowRule

    rows = [pickle_factory.row(PATIENT, opened.fetcher.study.request.ct_uid, SOPInstanceUID=f"1.2.3.{number}")
            for number in (1, 2)] + [pickle_factory.row(f"3{number}", f"1.2.3{number}") for number in range(8)]
    features = np.stack([vector(str(number)) for number in range(len(rows))])
    (tmp_path / "data" / "CTFM_features.pkl").write_bytes(pickle_factory.published(features, rows))
    try:
        opened.panel.set(rowRule=RowRule.ALL)
        opened.load_cohort(tmp_path / "data")
        opened.panel.select(f"{PATIENT} #1")
        opened.panel.compareWith(f"{PATIENT} #2")
        wait_for_images(opened)
        shown = {nodes.patient_id for nodes in opened.panel.imaging.shown.values()}
        assert shown == {f"{PATIENT} #1", f"{PATIENT} #2"}, opened.panel.ui.imageStatusLabel.text
        assert all(len(nodes.lesions) == 1 for nodes in opened.panel.imaging.shown.values())
    finally:
        opened.panel.imaging.forget()
        opened.panel.set(dataFolder="", rowRule=RowRule.SINGLE)
