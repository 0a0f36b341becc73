"""Expert segmentations: files written by highdicom read back in any orientation, nodes in the scene, look-up in IDC."""
import json
import uuid

import numpy as np
import pydicom
import pytest
from dicom_factory import AXIAL, make_ct, random_orientation
from seg_factory import ellipsoid, write_seg

from TumorConnectomeLib.base.errors import InputError, JobFailed, NotAvailable
from TumorConnectomeLib.imaging.inspection import inspect
from TumorConnectomeLib.imaging.segmentation_file import Segment, read_segmentation, read_segmentation_command
from TumorConnectomeLib.imaging.segmentation_source import (
    COLUMNS,
    SHIPPED_SEGMENTATIONS,
    listed_segmentations,
    segmentation_sequence,
)
from TumorConnectomeLib.work.jobs import PythonJob, run_blocking


def voxel_centers(segment):
    """LPS of the voxels of a segment, (n, 3), sorted."""
    k, j, i = np.nonzero(segment.mask)
    points = np.stack([i, j, k], axis=1) @ segment.ijk_to_lps[:3, :3].T + segment.ijk_to_lps[:3, 3]
    return points[np.lexsort(points.round(3).T)]


def expected_centers(slices, mask, spacing=(0.8, 0.7)):
    """LPS of the voxels of a mask whose planes are these slices, from their headers alone."""
    points = []
    for dataset, plane in zip(slices, mask):
        row, column = np.array(dataset.ImageOrientationPatient, float).reshape(2, 3)
        for j, i in np.argwhere(plane):
            points.append(np.array(dataset.ImagePositionPatient, float) + row * spacing[1] * i + column * spacing[0] * j)
    points = np.array(points)
    return points[np.lexsort(points.round(3).T)]


@pytest.fixture(params=["axial", "oblique"])
def study(request, tmp_path):
    orientation = AXIAL if request.param == "axial" else random_orientation(np.random.default_rng(8))
    return make_ct(tmp_path / "ct", 12, orientation=orientation, size=(32, 40))


@pytest.mark.parametrize("omit_empty", [True, False], ids=["frames left out", "all frames"])
def test_every_voxel_is_where_its_writer_put_it(study, tmp_path, omit_empty):
    parts = [ellipsoid((12, 32, 40), (4, 10, 12), (2, 5, 6)), ellipsoid((12, 32, 40), (9, 22, 30), (1.5, 4, 3))]
    masks = np.stack(parts, axis=-1)
    masks[7:9, 20:24, 5:9, 0] = True                    # a second part, after slices without any
    write_seg(tmp_path / "seg.dcm", study, masks, omit_empty=omit_empty)
    found = read_segmentation(tmp_path / "seg.dcm")
    assert [segment.label for segment in found["segments"]] == ["Lesion", "Second"]
    assert found["series_uid"] == study[0].SeriesInstanceUID and found["patient_id"] == "P1"
    assert found["frame_of_reference_uid"] == study[0].FrameOfReferenceUID
    for number, segment in enumerate(found["segments"]):
        np.testing.assert_allclose(voxel_centers(segment), expected_centers(study, masks[..., number]), atol=0.02)
        assert segment.mask.any(axis=(1, 2))[[0, -1]].all() and segment.mask.size < 12 * 32 * 40 / 2
        assert segment.volume_mm3 == pytest.approx(masks[..., number].sum() * 0.8 * 0.7 * 2.5, rel=1e-3)


def test_a_frame_without_a_position_is_left_out_and_told(study, tmp_path):
    masks = ellipsoid((12, 32, 40), (4, 10, 12), (2, 5, 6))[..., None]
    path = tmp_path / "seg.dcm"
    write_seg(path, study, masks)
    dataset = pydicom.dcmread(path)
    count = len(dataset.PerFrameFunctionalGroupsSequence)
    gone = dataset.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0]
    place = np.argmin([np.linalg.norm(np.subtract(one.ImagePositionPatient, gone.ImagePositionPatient)) for one in study])
    del gone.ImagePositionPatient
    dataset.save_as(path)
    found = read_segmentation(path)
    said = f"Frames without a position were left out (1 of {count}): the segments may be larger than shown"
    assert found["findings"] == [said]
    masks[place] = False
    np.testing.assert_allclose(voxel_centers(found["segments"][0]), expected_centers(study, masks[..., 0]), atol=0.02)
    for groups in dataset.PerFrameFunctionalGroupsSequence:
        groups.PlanePositionSequence[0].ImagePositionPatient = None
    dataset.save_as(path)
    with pytest.raises(InputError, match="ImagePositionPatient"):
        read_segmentation(path)


def test_the_command_sends_the_same_segments_as_text(study, tmp_path):
    masks = ellipsoid((12, 32, 40), (4, 10, 12), (2, 5, 6))[..., None]
    write_seg(tmp_path / "seg.dcm", study, masks)
    record = json.loads(json.dumps(read_segmentation_command([str(tmp_path / "seg.dcm")], lambda *_: None)))
    (direct,), (sent,) = read_segmentation(tmp_path / "seg.dcm")["segments"], map(Segment.from_record, record["segments"])
    assert (sent.mask == direct.mask).all() and sent.label == direct.label
    np.testing.assert_array_equal(sent.ijk_to_lps, direct.ijk_to_lps)


def test_what_is_no_segmentation_is_refused_in_one_line(study, tmp_path):
    with pytest.raises(InputError, match="no DICOM segmentation"):
        read_segmentation(study[0].filename)
    (tmp_path / "text.dcm").write_text("nothing")
    with pytest.raises(InputError, match="text.dcm"):
        read_segmentation(tmp_path / "text.dcm")
    with pytest.raises(JobFailed, match="no DICOM segmentation"):
        run_blocking(iter_job(PythonJob("Reading", "read-segmentation", study[0].filename)))


def iter_job(job):
    return (yield job)


def test_mutated_files_never_escape_as_tracebacks(study, tmp_path):
    write_seg(tmp_path / "seg.dcm", study, ellipsoid((12, 32, 40), (4, 10, 12), (2, 5, 6))[..., None])
    data, rng, refused = (tmp_path / "seg.dcm").read_bytes(), np.random.default_rng(3), 0
    for number in range(60):
        bad = bytearray(data)
        for place in rng.integers(140, len(data), 1 + number % 12):
            bad[place] = rng.integers(256)
        (tmp_path / "bad.dcm").write_bytes(bad[:rng.integers(200, len(bad))] if number % 3 == 0 else bad)
        try:
            read_segmentation(tmp_path / "bad.dcm")
        except InputError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 10


@pytest.fixture
def scene(host):
    import slicer

    slicer.mrmlScene.Clear()
    yield slicer.mrmlScene
    slicer.mrmlScene.Clear()


def test_the_segmentation_stands_in_the_scene_where_the_ct_is(scene, study, tmp_path):
    """Each voxel of the node, carried through its transform, is where the CT has the voxel that was marked."""
    import slicer

    from TumorConnectomeLib.scene.patient_nodes import load_patient, unload_patient
    from TumorConnectomeLib.scene.segmentation_nodes import add_segmentation, find_segmentation
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    mask = ellipsoid((12, 32, 40), (4, 10, 12), (2, 5, 6))
    write_seg(tmp_path / "seg.dcm", study, mask[..., None])
    patient = load_patient("P1", inspect(tmp_path / "ct"), ArchetypeReader())
    segments = read_segmentation(tmp_path / "seg.dcm")["segments"]
    add_segmentation(patient, segments)
    node = add_segmentation(patient, segments)          # a second time: in place of the first
    assert slicer.util.getNodesByClass("vtkMRMLSegmentationNode") == [node] == [find_segmentation("P1")]
    segmentation = node.GetSegmentation()
    assert segmentation.GetNthSegment(0).GetName() == "Lesion" and segmentation.GetNumberOfSegments() == 1
    segment_id = segmentation.GetNthSegmentID(0)
    found = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, patient.volume)
    assert (found.astype(bool) == mask).mean() > 0.999 and found.sum() == mask.sum()
    assert node.GetParentTransformNode() is patient.transform
    assert segmentation.GetNthSegment(0).GetRepresentation("Closed surface").GetNumberOfPoints() > 20
    unload_patient(patient)
    for name in ("vtkMRMLSegmentationNode", "vtkMRMLSegmentationDisplayNode", "vtkMRMLScalarVolumeNode"):
        assert not slicer.util.getNodesByClass(name), name
    assert not [node for node in slicer.util.getNodesByClass("vtkMRMLNode") if node.GetAttribute("TumorConnectome.PatientID")]


def test_the_shipped_list_is_what_the_index_says():
    """280 of the 289 published patients have one; the list is small."""
    listed = listed_segmentations()
    assert len(listed) == 280 and SHIPPED_SEGMENTATIONS.stat().st_size < 80_000
    data = pytest.importorskip("idc_index_data")
    duckdb = pytest.importorskip("duckdb")
    rows = duckdb.execute(
        "select StudyInstanceUID, SeriesInstanceUID, crdc_series_uuid from read_parquet(?) where Modality = 'SEG' and "
        "analysis_result_id = 'nlstseg'", [str(data.IDC_INDEX_PARQUET_FILEPATH)]).fetchall()
    index = {study: (uid, uuid) for study, uid, uuid in rows}
    assert {study: index[study] for study in listed} == {study: (series.uid, series.uuid) for study, series in listed.items()}


def test_a_damaged_list_is_named(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(",".join(COLUMNS) + "\n1.2,1.3,not-a-uuid,1,5,bucket-name\n", encoding="utf-8")
    with pytest.raises(InputError, match="list.csv, row 2"):
        listed_segmentations(path)


class FakeSource:
    """Brings a series from a folder."""

    def __init__(self, folder):
        self.folder, self.asked = folder, []

    def fetch_series(self, series):
        self.asked.append(series.uid)
        return self.folder
        yield


def test_a_listed_segmentation_is_fetched_and_read(study, tmp_path):
    (tmp_path / "files").mkdir()
    write_seg(tmp_path / "files" / "seg.dcm", study, ellipsoid((12, 32, 40), (4, 10, 12), (2, 5, 6))[..., None])
    study_uid, series = next(iter(listed_segmentations().items()))
    source = FakeSource(tmp_path / "files")
    found = run_blocking(segmentation_sequence(study_uid, source))
    assert source.asked == [series.uid] and [record["label"] for record in found["segments"]] == ["Lesion"]


def test_other_studies_are_looked_up_in_the_index(tmp_path):
    pytest.importorskip("idc_index_data")
    with pytest.raises(NotAvailable, match="no NLSTSeg segmentation"):
        run_blocking(segmentation_sequence("1.2.3", FakeSource(tmp_path)))


def test_a_segmentation_comes_through_the_cache(study, tmp_path):
    from loopback_s3 import LoopbackS3

    from TumorConnectomeLib.imaging.idc_series import IdcSeries
    from TumorConnectomeLib.imaging.idc_source import IdcSource
    from TumorConnectomeLib.imaging.s5cmd_job import Endpoint
    from TumorConnectomeLib.imaging.series_cache import SeriesCache

    seg = write_seg(tmp_path / "seg.dcm", study, ellipsoid((12, 32, 40), (4, 10, 12), (2, 5, 6))[..., None])
    series_uuid, data = str(uuid.uuid4()), (tmp_path / "seg.dcm").read_bytes()
    server = LoopbackS3()
    try:
        server.put(series_uuid, [data])
        gate = server.gate()
        source = IdcSource(SeriesCache(tmp_path / "cache"), endpoints=[Endpoint("Amazon", gate.url)], retries=1)
        series = IdcSeries(str(seg.SeriesInstanceUID), series_uuid, "idc-open-data", 1, len(data))
        for _ in range(2):                              # the second time from the cache
            folder = run_blocking(source.fetch_series(series))
            assert [file.read_bytes() for file in folder.iterdir()] == [data]
            gate.die()
    finally:
        server.close()
    assert pydicom.dcmread(next(folder.iterdir())).Modality == "SEG"
