"""Slices around a tumor from voxels in the scene are those from the files of its CT."""
import numpy as np
import pytest
from dicom_factory import AXIAL, CORONAL, make_ct, make_sr, random_orientation, rectangle

from TumorConnectomeLib.imaging.inspection import inspect, read_study
from TumorConnectomeLib.imaging.tumor_stack import tumor_stack


@pytest.fixture
def loaded(host):
    """Loads a CT and its report: PatientNodes."""
    import slicer

    from TumorConnectomeLib.scene.patient_nodes import load_patient
    from TumorConnectomeLib.scene.volume_readers import choose_reader

    slicer.mrmlScene.Clear()
    yield lambda folder, report: load_patient("P1", inspect(folder, report), choose_reader(synthetic=True))
    slicer.mrmlScene.Clear()


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, random_orientation(np.random.default_rng(4))],
                         ids=["axial", "coronal", "oblique"])
@pytest.mark.parametrize("with_box", [True, False])
def test_slices_from_the_scene_are_those_from_the_files(tmp_path, loaded, orientation, with_box):
    from TumorConnectomeLib.scene.tumor_slices import tumor_slices

    # odd numbers: the middle of the CT is a voxel
    slices = make_ct(tmp_path / "ct", 13, orientation=orientation, spacing=(0.8, 0.8), step=1.6, size=(33, 41))
    report = tmp_path / "sr.dcm" if with_box else None
    if report:
        make_sr(report, slices, [(7, rectangle(10, 12, 22, 20))])
    series, lesions, _findings = read_study(tmp_path / "ct", report)
    expected = tumor_stack(series, lesions)
    found = tumor_slices(loaded(tmp_path / "ct", report))
    assert found.hu.shape == expected.hu.shape and found.hu.dtype == np.int16 and found.mm_per_pixel == expected.mm_per_pixel
    inside = (found.hu > -1000) & (expected.hu > -1000)
    assert inside.mean() > 0.01 and np.abs(found.hu.astype(int) - expected.hu)[inside].max() <= 1
