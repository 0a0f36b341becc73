"""A synthetic study on disk: DICOM CT and SR that say what they are, read back with code of others, cached and repaired."""
import json
import os
import shutil
import sys

import highdicom as hd
import numpy as np
import pydicom
import pytest

from TumorConnectomeLib.base.errors import InputError, NotAvailable
from TumorConnectomeLib.commands.embed import embed_command
from TumorConnectomeLib.embedding.embed import Encoder
from TumorConnectomeLib.imaging.inspection import inspect
from TumorConnectomeLib.imaging.sources import SeriesRequest
from TumorConnectomeLib.synthetic.cohort import tumor_crop
from TumorConnectomeLib.synthetic.ct_series import CtSlices
from TumorConnectomeLib.synthetic.descriptors import DESCRIPTORS
from TumorConnectomeLib.synthetic.lesion_boxes import annotate, extent_in_voxels, lesion_box_lps
from TumorConnectomeLib.synthetic.patients import find_patient, synthetic_patients
from TumorConnectomeLib.synthetic.phantom import Phantom
from TumorConnectomeLib.synthetic.random_features import ENCODER, crop_of
from TumorConnectomeLib.synthetic.source import SyntheticSource
from TumorConnectomeLib.synthetic.study import is_whole, synthesize_study_command, write_study
from TumorConnectomeLib.synthetic.study_ids import StudyIds
from TumorConnectomeLib.synthetic.tumor_crop import crop_area, resampled_crop
from TumorConnectomeLib.synthetic.voxels import VoxelBox
from TumorConnectomeLib.work.jobs import PythonJob, run_blocking

PATIENT = "SYN-037"
pytestmark = pytest.mark.filterwarnings("error:The value length", "error:Invalid value")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("studies")


@pytest.fixture(scope="module")
def progress():
    return []


@pytest.fixture(scope="module")
def study(cache, progress):
    return write_study(PATIENT, cache / PATIENT, lambda fraction, message: progress.append((fraction, message)))


@pytest.fixture(scope="module")
def slices(study):
    images = [pydicom.dcmread(path) for path in study[0].iterdir()]
    return sorted(images, key=lambda image: image.ImagePositionPatient[2])


@pytest.fixture(scope="module")
def report(study):
    return hd.sr.srread(study[1])


@pytest.fixture()
def copied(study, tmp_path):
    return shutil.copytree(study[0].parent, tmp_path / PATIENT)


def hounsfield(image):
    return image.pixel_array.astype(int) * int(image.RescaleSlope) + int(image.RescaleIntercept)


def request(**changes):
    ids = StudyIds(PATIENT)
    own = {"patient_id": PATIENT, "study_uid": ids.study, "ct_uid": ids.ct_series, "sr_uid": ids.sr_series}
    return SeriesRequest(**{**own, **changes})


def test_ct_is_one_consistent_axial_series(slices):
    positions = np.array([image.ImagePositionPatient for image in slices], float)
    steps = np.diff(positions, axis=0)
    assert np.allclose(steps, [0, 0, float(slices[0].SliceThickness)], atol=1e-6)
    assert len({image.SOPInstanceUID for image in slices}) == len(slices) >= 75
    for name in ("SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID", "Rows", "Columns"):
        assert len({image[name].value for image in slices}) == 1
    assert [image.InstanceNumber for image in slices] == list(range(len(slices), 0, -1))
    for image in slices:
        assert image.SOPClassUID == pydicom.uid.CTImageStorage == image.file_meta.MediaStorageSOPClassUID
        assert image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID
        assert pydicom.uid.UID(image.SOPInstanceUID).is_valid
        assert list(image.ImageOrientationPatient) == [1, 0, 0, 0, 1, 0]


def test_every_file_says_that_it_is_synthetic(slices, report):
    for image in (*slices, report):
        assert image.PatientID.startswith("SYN-") and str(image.PatientName) == f"Synthetic^{image.PatientID}"
        assert image.SeriesDescription.startswith("SYNTHETIC") and "Synthetic" in image.InstitutionName
        assert "synthetic" in image.Manufacturer.lower()
    assert all(str(image.ImageComments).startswith("SYNTHETIC") for image in slices)


def test_pixels_in_the_files_are_the_phantom(slices):
    phantom = Phantom(find_patient(PATIENT))
    count, rows, columns = phantom.grid.shape
    assert len(slices) == count
    for index in (0, count // 2, count - 1):
        expected = phantom.hounsfield(VoxelBox((index, 0, 0), (index + 1, rows, columns)))[0]
        assert np.array_equal(hounsfield(slices[index]), expected)


@pytest.mark.parametrize("signed", [True, False])
def test_both_ways_to_store_pixels_keep_hounsfield_units(signed):
    phantom = next(p for p in map(Phantom, synthetic_patients()) if p.protocol.signed == signed)
    hu = np.full(phantom.grid.shape[1:], 37, np.int16)
    hu[0, :3] = -1024, 3071, -1000
    image = CtSlices(phantom).data_set(0, hu)
    assert image.PixelRepresentation == int(signed) and image.BitsStored == (16 if signed else 12)
    assert np.array_equal(hounsfield(image), hu)


def test_report_has_the_structure_of_the_nlst_sybil_reports(report, slices):
    groups = report.content.get_planar_roi_measurement_groups()
    by_uid = {image.SOPInstanceUID: image for image in slices}
    assert report.SOPClassUID == pydicom.uid.Comprehensive3DSRStorage
    assert report.SeriesNumber == slices[0].SeriesNumber + 100
    assert report.StudyInstanceUID == slices[0].StudyInstanceUID
    assert [group.tracking_identifier for group in groups] == [f"Bounding box #{n}" for n in range(1, len(groups) + 1)]
    assert len({group.tracking_uid for group in groups}) == len(groups)
    heights = []
    for group in groups:
        assert (group.finding_type.value, group.finding_type.scheme_designator) == ("52988006", "SCT")
        assert [site.value.value for site in group.finding_sites] == ["39607008"]
        purposes = [item for item in group[0].ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == "130400"]
        assert [item.ConceptCodeSequence[0].CodeValue for item in purposes] == ["75958009"]
        assert group.roi.graphic_type.value == "POLYLINE" and group.roi.value.shape == (5, 2)
        assert np.array_equal(group.roi.value[0], group.roi.value[4])
        heights.append(by_uid[group.roi.ContentSequence[0].referenced_sop_instance_uid].ImagePositionPatient[2])
    assert heights == sorted(heights)


def test_evidence_lists_the_annotated_slices_only(report, slices):
    evidence = report.CurrentRequestedProcedureEvidenceSequence
    series = evidence[0].ReferencedSeriesSequence
    listed = {item.ReferencedSOPInstanceUID for item in series[0].ReferencedSOPSequence}
    boxes = annotate(Phantom(find_patient(PATIENT)))
    assert len(evidence) == len(series) == 1
    assert series[0].SeriesInstanceUID == slices[0].SeriesInstanceUID
    assert listed == {slices[box.index].SOPInstanceUID for box in boxes}


def test_boxes_read_back_in_space_are_the_generators(report, slices):
    by_uid = {image.SOPInstanceUID: image for image in slices}
    corners = []
    for group in report.content.get_planar_roi_measurement_groups():
        image = by_uid[group.roi.ContentSequence[0].referenced_sop_instance_uid]
        transform = hd.spatial.ImageToReferenceTransformer(
            [float(v) for v in image.ImagePositionPatient], [float(v) for v in image.ImageOrientationPatient],
            [float(v) for v in image.PixelSpacing])
        corners.append(transform(group.roi.value))
    corners = np.concatenate(corners)
    half_slice = np.array([0, 0, float(slices[0].SliceThickness) / 2])
    found = np.array([corners.min(axis=0) - half_slice, corners.max(axis=0) + half_slice])
    assert np.allclose(found, lesion_box_lps(Phantom(find_patient(PATIENT))), atol=1e-3)


def test_embeddings_follow_from_the_files_alone(report, slices):
    by_uid = {image.SOPInstanceUID: index for index, image in enumerate(slices)}
    groups = report.content.get_planar_roi_measurement_groups()
    indices = [by_uid[group.roi.ContentSequence[0].referenced_sop_instance_uid] for group in groups]
    corners = np.concatenate([group.roi.value for group in groups])
    extent = np.array([[min(indices), *corners.min(axis=0)[::-1]], [max(indices) + 1, *corners.max(axis=0)[::-1]]]) - 0.5
    spacing = (float(slices[0].SliceThickness), *map(float, slices[0].PixelSpacing))
    ct = np.stack([hounsfield(image) for image in slices]).astype(np.int16)
    area = crop_area(extent, spacing, ct.shape)
    crop = resampled_crop(ct[tuple(slice(a, b) for a, b in zip(area.start, area.stop))], area, extent, spacing)
    phantom = Phantom(find_patient(PATIENT))
    in_cohort = tumor_crop(phantom, annotate(phantom))
    for describe in DESCRIPTORS.values():
        assert np.allclose(describe(crop), describe(in_cohort), atol=1e-5)


def test_a_whole_study_is_not_made_again(study, progress):
    stamps = {path: path.stat().st_mtime_ns for path in study[0].iterdir()}
    messages = []
    assert write_study(PATIENT, study[0].parent, lambda fraction, message: messages.append(message)) == study
    assert {path: path.stat().st_mtime_ns for path in study[0].iterdir()} == stamps
    assert not any("Computing" in message for message in messages)
    assert any("Computing" in message for _, message in progress) and progress[-1][0] == 1.0


def test_a_damaged_study_is_made_again_byte_for_byte(study, copied):
    (copied / "ct" / "0007.dcm").write_bytes(b"damaged")
    (copied / "ct" / "0009.dcm").unlink()
    ct_folder, sr_file = write_study(PATIENT, copied)
    for path in (*study[0].iterdir(), study[1]):
        assert (copied / path.relative_to(study[0].parent)).read_bytes() == path.read_bytes()
    assert (ct_folder, sr_file) == (copied / "ct", copied / "sr.dcm")


def stop(fraction, message):
    raise RuntimeError("stopped at the first report")


def flip_one_bit(folder):
    path = folder / "ct" / "0003.dcm"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def other_version(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "generator_version": "0"}))


@pytest.mark.parametrize("damage", [
    flip_one_bit, other_version, lambda folder: (folder / "sr.dcm").unlink(),
    lambda folder: (folder / "manifest.json").unlink(),
    lambda folder: (folder / "manifest.json").write_text("{"), lambda folder: (folder / "ct" / "extra.dcm").write_bytes(b"x")],
    ids=["one bit", "other version", "no report", "no manifest", "cut manifest", "extra file"])
def test_damage_is_noticed(copied, damage):
    assert is_whole(PATIENT, copied)
    damage(copied)
    assert not is_whole(PATIENT, copied)


def test_a_study_of_another_patient_is_not_taken_for_this_one(copied):
    assert not is_whole("SYN-001", copied)


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("keep me")
    with pytest.raises(InputError, match="holds 'thesis.txt'"):
        write_study(PATIENT, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "keep me"


def test_a_failure_half_way_leaves_nothing_behind(tmp_path):
    def fail(fraction, message):
        if fraction > 0.1:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_study(PATIENT, tmp_path / "cache" / PATIENT, fail)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("package", ["highdicom", "pydicom"])
def test_a_missing_package_is_said_before_anything_is_drawn(tmp_path, monkeypatch, package):
    for name in [name for name in sys.modules if name.partition(".")[0] in ("highdicom", "pydicom")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    messages = []
    with pytest.raises(ModuleNotFoundError) as caught:
        write_study(PATIENT, tmp_path / PATIENT, lambda fraction, message: messages.append(message))
    assert caught.value.name.partition(".")[0] == package and messages == [] and list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_when_it_is_old(study, copied):
    old, fresh = copied.parent / f".{PATIENT}.old1.part", copied.parent / f".{PATIENT}.new1.part"
    for folder in (old, fresh):
        folder.mkdir()
    os.utime(old, (1, 1))
    shutil.rmtree(copied)
    with pytest.raises(RuntimeError):
        write_study(PATIENT, copied, stop)
    assert not old.exists() and fresh.exists()


def test_worker_command_returns_the_paths_as_text(study):
    made = synthesize_study_command([PATIENT, str(study[0].parent)], lambda fraction, message: None)
    assert made == {"ct_folder": str(study[0]), "sr_file": str(study[1])}


@pytest.mark.parametrize("arguments", [[], [PATIENT], ["SYN-000", "somewhere"], ["../SYN-001", "somewhere"]])
def test_worker_command_refuses_bad_arguments(arguments):
    with pytest.raises(InputError):
        synthesize_study_command(arguments, lambda fraction, message: None)


def test_source_brings_the_files_through_a_child_process(study, cache):
    titles = []

    def watched(sequence):
        job = next(sequence)
        assert isinstance(job, PythonJob)
        titles.append(job.title)
        try:
            sequence.send((yield job))
        except StopIteration as end:
            return end.value

    files = run_blocking(watched(SyntheticSource(cache).fetch(request())))
    assert (files.ct_folder, files.sr_file, files.source) == (*study, "Synthetic")
    assert titles == [f"Generating CT of {PATIENT}"]


@pytest.mark.parametrize("changes", [{"patient_id": "100158"}, {"patient_id": "SYN-001"}, {"study_uid": "1.2.3"},
                                     {"ct_uid": "1.2.3"}, {"sr_uid": "1.2.3"}], ids=lambda changes: next(iter(changes)))
def test_source_does_not_claim_other_series(cache, changes):
    source = SyntheticSource(cache)
    assert source.find(request()) and source.find(request(sr_uid=""))
    assert not source.find(request(**changes))
    with pytest.raises(NotAvailable):
        run_blocking(source.fetch(request(**changes)))


def test_the_tumor_of_the_files_has_the_vector_of_the_cohort_and_a_shifted_point_nearly_so(study):
    center = np.array(inspect(*study)["lesions"][0]["center_lps"])
    points = [",".join(map(repr, map(float, center + shift))) for shift in ([0, 0, 0], [0.6, -0.6, 0.6], [40, 0, 40])]
    asked = [text for point in points for text in ("--point", point)]
    found = embed_command(["--model", ENCODER, "--ct", str(study[0]), *asked], lambda *_: None)
    own, near, far = (np.array(one["vector"]) for one in found["embeddings"])
    phantom = Phantom(find_patient(PATIENT))
    boxes = annotate(phantom)
    area = crop_area(extent_in_voxels(boxes), phantom.grid.spacing, phantom.grid.shape)
    made = Encoder(ENCODER).vector(crop_of(phantom, boxes, area, phantom.hounsfield(area)))
    distances = [1 - made @ vector / np.linalg.norm(made) / np.linalg.norm(vector) for vector in (own, near, far)]
    assert distances[0] < 1e-6 and distances[0] <= distances[1] < 0.002 < distances[2]
