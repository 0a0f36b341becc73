"""Pictures of loaded tumors: orientation, scale, window and box, for volumes of any orientation."""
import numpy as np
import pytest

CENTER = np.array([31.0, -17.0, 58.0])                  # RAS, mm
YELLOW = [255, 217, 51]


@pytest.fixture
def scene(host):
    import slicer

    slicer.mrmlScene.Clear()
    yield slicer.mrmlScene
    slicer.mrmlScene.Clear()


def rotation(seed):
    """A random rotation matrix."""
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.sign(np.linalg.det(q))


AXES = {"axial LPS": np.diag([-1.0, -1, 1]), "axial RAS": np.eye(3), "feet first": np.diag([-1.0, -1, -1]),
        "coronal": np.array([[-1.0, 0, 0], [0, 0, 1], [0, -1, 0]]).T, "oblique": rotation(3), "oblique 2": rotation(5)}


def patient(axes, spacing=(0.8, 0.9, 1.2), size=(90, 90, 90), roi_axes=None, box=(22.0, 14.0, 10.0), lesion=True,
            center=CENTER):
    """PatientNodes with gray values that are a linear function of RAS, the lesion box, and the centering transform.

    The columns of `axes` are the directions of i, j and k in RAS.
    """
    import slicer
    import vtk

    from TumorConnectomeLib.scene.patient_nodes import PatientNodes

    ijk_to_ras = np.eye(4)
    ijk_to_ras[:3, :3] = axes * spacing
    ijk_to_ras[:3, 3] = center - ijk_to_ras[:3, :3] @ (np.array(size) / 2)
    gradient = np.array([10.0, -4.0, 3.0])              # HU per mm of RAS, here along i, j and k
    i, j, k = (np.arange(length) * step for length, step in zip(size, gradient @ ijk_to_ras[:3, :3]))
    hu = -500 + gradient @ (ijk_to_ras[:3, 3] - center) + i + j[:, None] + k[:, None, None]
    matrix = vtk.vtkMatrix4x4()
    slicer.util.updateVTKMatrixFromArray(matrix, ijk_to_ras)
    volume = slicer.util.addVolumeFromArray(hu.astype(np.float32), ijkToRAS=matrix)
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    moved = vtk.vtkMatrix4x4()
    for axis in range(3):
        moved.SetElement(axis, 3, -float(center[axis]))
    transform.SetMatrixTransformToParent(moved)
    volume.SetAndObserveTransformNodeID(transform.GetID())
    rois = []
    if lesion:
        roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
        placed = np.eye(4)
        placed[:3, :3], placed[:3, 3] = np.eye(3) if roi_axes is None else roi_axes, center
        slicer.util.updateVTKMatrixFromArray(matrix, placed)
        roi.SetAndObserveObjectToNodeMatrix(matrix)
        roi.SetSize(*box)
        roi.SetAndObserveTransformNodeID(transform.GetID())
        rois.append(roi)
    return PatientNodes("P1", volume, tuple(rois), transform)


def expected_gray(field, pixels):
    """The linear function along the picture: right is left, top is anterior."""
    steps = (np.arange(pixels) - (pixels - 1) / 2) * field / pixels
    hu = -500 + 10 * -steps[None, :] - 4 * -steps[:, None]
    return np.clip((hu + 600 + 750) / 1500, 0, 1) * 255


def yellow(picture):
    return (picture == YELLOW).all(axis=-1)


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES)
def test_the_picture_is_the_axial_plane_seen_from_the_feet(scene, axes):
    from TumorConnectomeLib.scene.tumor_picture import tumor_picture

    picture = tumor_picture(patient(axes), 40, 64, box=False)
    assert picture.shape == (64, 64, 3) and picture.dtype == np.uint8
    np.testing.assert_allclose(picture, np.repeat(expected_gray(40, 64)[..., None], 3, axis=2), atol=1.01)
    assert picture[32, 5, 0] > picture[32, 58, 0]       # brighter towards the patient's right, which is on the left


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES)
@pytest.mark.parametrize("field, pixels", [(40, 160), (80, 160)])
def test_the_box_is_drawn_where_its_millimeters_say(scene, axes, field, pixels):
    from TumorConnectomeLib.scene.tumor_picture import tumor_picture

    rows, columns = np.nonzero(yellow(tumor_picture(patient(axes), field, pixels)))
    per_mm, middle = pixels / field, (pixels - 1) / 2
    assert columns.min() == pytest.approx(middle - 11 * per_mm, abs=1.01)          # box 22 mm left to right
    assert columns.max() == pytest.approx(middle + 11 * per_mm, abs=1.01)
    assert rows.min() == pytest.approx(middle - 7 * per_mm, abs=1.01)              # 14 mm anterior to posterior
    assert rows.max() == pytest.approx(middle + 7 * per_mm, abs=1.01)


def test_a_turned_box_is_cut_by_the_plane(scene):
    from TumorConnectomeLib.scene.tumor_picture import tumor_picture

    angle = np.radians(30)
    axes = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    picture = yellow(tumor_picture(patient(np.eye(3), roi_axes=axes), 60, 240))
    rows, columns = np.nonzero(picture)
    corners = np.array([[11, 7], [11, -7], [-11, 7], [-11, -7]]) @ axes[:2, :2].T  # R, A in mm
    assert (columns.min(), columns.max()) == pytest.approx(119.5 - 4 * corners[:, 0].max() * np.array([1, -1]), abs=1.5)
    assert (rows.min(), rows.max()) == pytest.approx(119.5 - 4 * corners[:, 1].max() * np.array([1, -1]), abs=1.5)
    top = columns[rows == rows.min()].mean()
    assert top == pytest.approx(119.5 - 4 * corners[corners[:, 1].argmax(), 0], abs=3)


def test_the_box_does_not_hide_what_is_in_it(scene):
    from TumorConnectomeLib.scene.tumor_picture import tumor_picture

    nodes = patient(np.eye(3))
    with_box, without = (tumor_picture(nodes, 60, 120, box=box) for box in (True, False))
    changed = (with_box != without).any(axis=-1)
    assert changed.any() and (with_box[changed] == YELLOW).all()
    assert not changed[60 - 13:60 + 13, 60 - 21:60 + 21].any()


def test_outside_of_the_volume_is_black(scene):
    from TumorConnectomeLib.scene.tumor_picture import tumor_picture

    picture = tumor_picture(patient(np.eye(3), spacing=(1, 1, 1), size=(20, 30, 20)), 60, 60, box=False)
    lit = picture.any(axis=-1)
    assert lit.any(axis=0).sum() == pytest.approx(20, abs=1) and lit.any(axis=1).sum() == pytest.approx(30, abs=1)


def test_a_volume_of_one_slice_is_shown(scene):
    from TumorConnectomeLib.scene.tumor_picture import tumor_picture

    picture = tumor_picture(patient(np.eye(3), size=(60, 60, 1), lesion=False), 30, 32)
    assert picture.std() > 5


def test_without_a_lesion_the_middle_of_the_volume_is_shown(scene):
    from TumorConnectomeLib.scene.tumor_picture import tumor_picture

    nodes = patient(np.eye(3), spacing=(1, 1, 1), size=(81, 81, 81), lesion=False)
    picture = tumor_picture(nodes, 40, 41)
    assert not yellow(picture).any()
    assert picture[20, 20, 0] == pytest.approx((100 + 750) / 1500 * 255, abs=3)     # -500 HU in the middle


def test_the_window_can_be_chosen(scene):
    from TumorConnectomeLib.scene.image_views import CTWindow
    from TumorConnectomeLib.scene.tumor_picture import tumor_picture

    nodes = patient(np.eye(3))
    assert set(np.unique(tumor_picture(nodes, 40, 41, box=False, window=CTWindow("", 1, -500)))) <= set(range(256))
    assert tumor_picture(nodes, 40, 41, box=False, window=CTWindow("", 400, 2000)).max() == 0


def test_pictures_of_several_tumors_have_one_scale(scene):
    from TumorConnectomeLib.scene.tumor_picture import common_field_mm

    small, large = patient(np.eye(3)), patient(np.eye(3), box=(70.0, 30.0, 30.0))
    assert common_field_mm([]) == common_field_mm([small]) == 60
    assert common_field_mm([small, large]) == 120


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES)
def test_nine_cuts_go_through_the_center_in_their_directions(scene, axes):
    """The gray values are a linear function of RAS, so each cut is known exactly."""
    from TumorConnectomeLib.scene.tumor_picture import tumor_cuts

    cuts = tumor_cuts(patient(axes), 30, 31)
    assert len({cut.direction.name for cut in cuts}) == len(cuts) == 9
    for cut in cuts:
        away = cut.direction.points(CENTER, 30, 31) - CENTER
        np.testing.assert_allclose(cut.hu, -500 + away @ [10, -4, 3], atol=0.1)
        assert cut.box.any()
        inside = (np.abs(away) <= np.array([22, 14, 10]) / 2).all(axis=-1)
        assert not (cut.box & inside).any()
