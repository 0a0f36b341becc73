"""Series with holes, lost slices, changing steps, slices at odd places: every slice is shown where its header says."""
import logging

import numpy as np
import pytest
from dicom_factory import AXIAL, edit, make_sr, random_orientation, rectangle
from marked_series import HEIGHTS, largest_error, marked_ct, marks_in

from TumorConnectomeLib.imaging.inspection import inspect


@pytest.fixture
def scene(host):
    import slicer

    slicer.mrmlScene.Clear()
    yield slicer.mrmlScene
    slicer.mrmlScene.Clear()


@pytest.mark.parametrize("oblique", [False, True], ids=["axial", "oblique"])
@pytest.mark.parametrize("heights", HEIGHTS.values(), ids=HEIGHTS)
def test_every_slice_is_within_half_a_voxel_of_its_header(scene, tmp_path, heights, oblique):
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    orientation = random_orientation(np.random.default_rng(3)) if oblique else AXIAL
    _, places = marked_ct(tmp_path, heights, orientation)
    volume, _ = ArchetypeReader().read(inspect(tmp_path))
    assert largest_error(volume, places) <= np.diff(heights).min() / 2 + 1e-6


def test_a_hole_is_empty_and_said_and_a_single_lost_slice_is_the_mean_of_its_neighbors(scene, tmp_path):
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    marked_ct(tmp_path, [0, 2, 4, 8, 10, 12, 30, 32, 34, 36])
    volume, findings = ArchetypeReader().read(inspect(tmp_path))
    voxels = marks_in(volume)[1]
    assert voxels.shape == (19, 12, 32) and (voxels[7:15] == -1000).all()
    np.testing.assert_array_equal(voxels[3], (voxels[2].astype(int) + voxels[4]) // 2)
    assert findings[:2] == ["1 gap, largest 16 mm, left empty (air)", "1 missing slice shown as the mean of both neighbors"]


def test_planes_between_slices_further_apart_are_linear(scene, tmp_path):
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    slices, _ = marked_ct(tmp_path, [0, 1, 2, 3, 6, 9, 12])
    volume, findings = ArchetypeReader().read(inspect(tmp_path))
    voxels = marks_in(volume)[1].astype(float)
    np.testing.assert_allclose(voxels[4], voxels[3] * 2 / 3 + voxels[6] / 3, atol=0.5)
    assert findings == ["The slices are shown on 13 planes 1.000 mm apart, each at most 0.00 mm from where its header says"]


def test_a_tilted_gantry_with_a_hole_keeps_its_shear(scene, tmp_path):
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    heights = [0, 2.5, 5, 7.5, 40, 42.5, 45]
    _, places = marked_ct(tmp_path, heights, shear=(0.0, 0.3))
    volume, _ = ArchetypeReader().read(inspect(tmp_path))
    assert largest_error(volume, places) < 0.01


def test_slices_shifted_in_their_planes_stand_beside_each_other(scene, tmp_path):
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    shifts = np.where(np.arange(8)[:, None] < 4, 0.0, [[14.0, 8.0]])
    _, places = marked_ct(tmp_path, 2.5 * np.arange(8), shifts=shifts)
    volume, findings = ArchetypeReader().read(inspect(tmp_path))
    assert largest_error(volume, places) < 0.01 and volume.GetImageData().GetDimensions() == (52, 22, 8)
    assert any("shifted against each other in their planes by up to 20 pixels" in line for line in findings)


def test_the_box_is_on_the_nodule_behind_a_hole(scene, tmp_path):
    from TumorConnectomeLib.scene.patient_nodes import load_patient
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    slices, places = marked_ct(tmp_path / "ct", HEIGHTS["hole of 182 mm"])
    make_sr(tmp_path / "sr.dcm", slices, [(8, rectangle(6, 3, 11, 8))])
    nodes = load_patient("P1", inspect(tmp_path / "ct", tmp_path / "sr.dcm"), ArchetypeReader())
    center = np.array(nodes.lesions[0].GetCenter()) * [-1, -1, 1]
    assert np.abs(center - places[8]).max() < 0.6
    assert "1 gap, largest 182 mm, left empty (air)" in nodes.findings


def test_the_pictures_of_nine_directions_show_the_slice_of_the_box(scene, tmp_path):
    from TumorConnectomeLib.scene.patient_nodes import load_patient
    from TumorConnectomeLib.scene.tumor_picture import tumor_cuts
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    slices, _ = marked_ct(tmp_path / "ct", HEIGHTS["five slices lost"])
    make_sr(tmp_path / "sr.dcm", slices, [(8, rectangle(8, 5, 9, 6))])
    nodes = load_patient("P1", inspect(tmp_path / "ct", tmp_path / "sr.dcm"), ArchetypeReader())
    for cut in tumor_cuts(nodes, 20.0, 81):
        assert cut.hu[40, 40] > 1500, cut.direction


def test_a_slice_whose_pixels_can_not_be_shown_counts_as_missing(scene, tmp_path):
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    slices, places = marked_ct(tmp_path, 2.5 * np.arange(6))
    edit(slices[2], PixelData=slices[2].PixelData[:100])
    edit(slices[5], SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    found = inspect(tmp_path)
    volume, findings = ArchetypeReader().read(found)
    voxels = marks_in(volume)[1]
    assert largest_error(volume, places[[0, 1, 3, 4]]) < 0.01 and (voxels[5] == -1000).all()
    np.testing.assert_array_equal(voxels[2], (voxels[1].astype(int) + voxels[3]) // 2)
    short, colored = (slices[index].filename.name for index in (2, 5))
    assert found["findings"] == [(f"Slices whose pixels can not be shown (2): {short}: 100 bytes of pixels instead of 768, "
                                  f"{colored}: RGB with 3 samples a pixel")]


def test_a_regular_series_is_shown_as_it_is(scene, tmp_path, caplog):
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    slices, places = marked_ct(tmp_path, np.round(1.25 * np.arange(20), 1))
    with caplog.at_level(logging.WARNING):
        volume, findings = ArchetypeReader().read(inspect(tmp_path))
    assert findings == [] and largest_error(volume, places) < 0.11 and not caplog.records
    assert volume.GetImageData().GetDimensions() == (32, 12, 20)


def test_a_lone_slice_is_as_thick_as_its_header_says(scene, tmp_path):
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    marked_ct(tmp_path, [0.0])
    (only,) = inspect(tmp_path)["files"]
    volume, _ = ArchetypeReader().read(inspect(tmp_path))
    assert volume.GetSpacing()[2] == pytest.approx(2.5) and only
