"""Slices around a tumor: the CT's own gray values at the right place, whatever the orientation; nothing made up outside."""
import numpy as np
import pytest
from dicom_factory import AXIAL, CORONAL, FEET_FIRST_PRONE, SAGITTAL, edit, make_ct, make_sr, rectangle

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.imaging.inspection import read_study
from TumorConnectomeLib.imaging.tumor_stack import TumorStack, read_stack, tumor_stack, tumor_stack_command, write_stack


def study(folder, orientation=AXIAL, step=2.5, box=(14, 10, 21, 17), values=None, positions=None, slices=7, **options):
    """A small CT with a box on its middle slice."""
    made = make_ct(folder / "ct", slices, orientation=orientation, step=step, positions=positions, **options)
    for index, dataset in enumerate(made):
        if values is not None:
            dataset.PixelData = values(index, dataset).astype(np.int16).tobytes()
            edit(dataset)
    make_sr(folder / "sr.dcm", made, [(slices // 2, rectangle(*box))])
    return made


def stack_of(folder):
    series, lesions, _ = read_study(folder / "ct", folder / "sr.dcm")
    return tumor_stack(series, lesions), lesions[0].center_lps


def field(dataset):
    """A linear function of the patient's coordinates at every pixel, which trilinear interpolation keeps exactly."""
    position, axes = np.array(dataset.ImagePositionPatient, float), np.array(dataset.ImageOrientationPatient, float)
    rows, columns = np.mgrid[:dataset.Rows, :dataset.Columns]
    y, x = map(float, dataset.PixelSpacing)
    points = position + columns[..., None] * x * axes[:3] + rows[..., None] * y * axes[3:]
    return np.rint(points @ [3.0, 5.0, 7.0])


def test_an_axial_ct_is_shown_with_its_own_values(tmp_path):
    made = study(tmp_path, spacing=(0.7, 0.7))
    stack, _center = stack_of(tmp_path)
    assert stack.mm_per_pixel == pytest.approx(0.7) and len(stack.hu) == 7
    original = np.frombuffer(made[3].PixelData, np.int16).reshape(32, 40)
    top, left = np.array(stack.hu.shape[1:]) // 2 - (13, 17)        # the box's center is that of pixel (13, 17)
    assert np.array_equal(stack.hu[3][top:top + 32, left:left + 40], original)


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, SAGITTAL, FEET_FIRST_PRONE, (0.8, 0.6, 0, -0.6, 0.8, 0)])
def test_every_orientation_is_shown_as_axial_slices_in_the_same_directions(tmp_path, orientation):
    study(tmp_path, orientation, values=lambda index, dataset: field(dataset), spacing=(1.0, 1.0), step=1.0, slices=31,
          size=(32, 40), origin=(10.0, 20.0, 30.0))
    stack, center = stack_of(tmp_path)
    middle = np.array(stack.hu.shape) // 2
    here = stack.hu[tuple(middle)]
    assert here == pytest.approx(center @ [3.0, 5.0, 7.0], abs=0.5 * 15 + 1)
    for axis, slope in enumerate((7.0, 5.0, 3.0)):      # up is the head, down posterior, right the patient's left
        there = stack.hu[tuple(middle + 4 * (np.arange(3) == axis))]
        assert there - here == pytest.approx(4 * slope, abs=1.5)


def test_slices_that_are_irregular_or_sheared_stand_where_they_are(tmp_path):
    heights = np.array([0.0, 2.0, 4.0, 7.0, 9.0, 11.0, 15.0])
    positions = np.stack([np.zeros(7), 0.3 * heights, heights], axis=1)
    study(tmp_path, positions=positions, values=lambda index, dataset: field(dataset), spacing=(1.0, 1.0))
    stack, _center = stack_of(tmp_path)
    up, down, right = np.array(stack.hu.shape) // 2
    assert stack.hu[up + 1, down, right] - stack.hu[up, down, right] == pytest.approx(14, abs=1.5)     # steps of 2 mm
    assert stack.hu[up, down + 2, right] - stack.hu[up, down, right] == pytest.approx(10, abs=1.5)


def test_outside_of_the_ct_there_is_air_and_nothing_to_scroll_to(tmp_path):
    study(tmp_path, values=lambda index, dataset: np.full((32, 40), 50), spacing=(1.0, 1.0), box=(0, 0, 5, 5))
    stack, _center = stack_of(tmp_path)
    assert len(stack.hu) == 7 and set(np.unique(stack.hu)) == {-1000, 50}
    assert (stack.hu == 50).sum(axis=(1, 2)).tolist() == [32 * 40] * 7


def test_a_ct_without_boxes_is_shown_as_whole_slices(tmp_path):
    made = make_ct(tmp_path / "ct", 5, size=(300, 400), spacing=(0.7, 0.7))
    found = tumor_stack_command(["--ct", str(tmp_path / "ct"), "--series", made[0].SeriesInstanceUID, "--out",
                                 str(tmp_path / "stack.npz")], lambda fraction, message="": None)
    stack = read_stack(found["path"])
    assert found["boxes"] == 0 and stack.mm_per_pixel is None
    assert max(stack.hu.shape[1:]) <= 194 and 4 <= len(stack.hu) <= 6


def test_a_damaged_file_is_refused(tmp_path):
    write_stack(tmp_path / "stack.npz", TumorStack(np.zeros((3, 4, 5), np.int16), 0.7))
    assert read_stack(tmp_path / "stack.npz").hu.shape == (3, 4, 5)
    content = bytearray((tmp_path / "stack.npz").read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / "stack.npz").write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        read_stack(tmp_path / "stack.npz")
