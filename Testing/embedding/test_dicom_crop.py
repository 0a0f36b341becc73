"""Crops of DICOM series: the same as of the volume where slices are even, and by the slices' true places where they are not."""
import numpy as np
import pytest
from dicom_factory import AXIAL, edit, make_ct, random_orientation
from embedding_samples import golden, golden_volume
from marked_series import HEIGHTS

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.embedding import dicom_crop
from TumorConnectomeLib.embedding.crop import crop_around
from TumorConnectomeLib.embedding.dicom_crop import crop_from_dicom, crops_of_series
from TumorConnectomeLib.embedding.models import MODELS, EncoderModel
from TumorConnectomeLib.imaging.ct_series import read_series

MODEL = EncoderModel("x", "LPS", 1, size=(16, 16, 16), hu_window=(-1024.0, 976.0))


def series(folder, heights, hu_of, orientation=AXIAL, size=(30, 28), aside=None):
    """A CT whose voxels are `hu_of` their places (LPS mm); returns its slices and their pixels' places."""
    axes = np.array(orientation, float).reshape(2, 3)
    normal, heights = np.cross(*axes), np.asarray(heights, float)
    positions = np.array([-11.0, -9.0, 5.0]) + heights[:, None] * normal + (0 if aside is None else np.asarray(aside) @ axes)
    slices = make_ct(folder, positions=positions, orientation=orientation, spacing=(0.9, 0.8), size=size)
    rows, columns = np.indices(size)
    for dataset in slices:
        start = np.array(dataset.ImagePositionPatient, float)
        places = start + columns[..., None] * 0.8 * axes[0] + rows[..., None] * 0.9 * axes[1]
        dataset.PixelData = np.rint(hu_of(places)).astype(np.int16).tobytes()
        edit(dataset)
    return slices


def ramp(places):
    """HU that rise along the body's axis, 20 a mm, and less so aside."""
    return -900 + 20 * places[..., 2] + 3 * places[..., 0]


def hu_in(crop):
    return crop.values[0].astype(float) * 2000 - 1024


@pytest.mark.parametrize("orientation", [AXIAL, "turned"])
def test_an_even_series_gives_what_the_volume_gives(tmp_path, orientation):
    tolerance = 1e-6 if orientation == AXIAL else 2e-3  # decimal strings round what is turned
    orientation = random_orientation(np.random.default_rng(4)) if orientation == "turned" else orientation
    slices = make_ct(tmp_path, 20, orientation=orientation, spacing=(0.9, 0.8), step=1.5, size=(40, 36))
    voxels = np.stack([dataset.pixel_array for dataset in slices])
    matrix = np.eye(4)
    axes = np.array(orientation, float).reshape(2, 3)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = axes[0] * 0.8, axes[1] * 0.9, np.cross(*axes) * 1.5
    matrix[:3, 3] = slices[0].ImagePositionPatient
    point = (matrix @ [18, 20, 10, 1])[:3]
    crop = crop_from_dicom(tmp_path, point, MODEL)
    expected = crop_around(voxels, matrix, point, MODEL)
    np.testing.assert_allclose(crop.values, expected.values, atol=tolerance)
    np.testing.assert_allclose(crop.corners_lps_mm, expected.corners_lps_mm, atol=1e-3)
    assert crop.findings == expected.findings


@pytest.mark.parametrize("name", ["0.66 0.66 2.5", "tilt 12 degrees about x"])
def test_crops_of_files_are_those_of_the_published_chain_as_well(tmp_path, name):
    case = next(case for case in golden("crops")["cases"] if case["name"] == name)
    voxels, matrix = golden_volume(case)
    direction, spacing = np.array(case["direction"]).reshape(3, 3), case["spacing_mm"]
    positions = [(matrix @ [0, 0, plane, 1])[:3] for plane in range(len(voxels))]
    slices = make_ct(tmp_path, positions=positions, orientation=[*direction[:, 0], *direction[:, 1]], spacing=spacing[1::-1],
                     step=spacing[2], size=voxels.shape[1:])
    for dataset, pixels in zip(slices, voxels):
        edit(dataset, PixelData=pixels.tobytes())
    found = read_series(tmp_path)
    for model in ("CTFM", "Merlin", "CTClipVit"):
        expected = case["crops"]["CTFM_FMCIB" if model == "CTFM" else model]["values"]
        values = crops_of_series(found, [case["center_lps_mm"]], MODELS[model])[0].values.ravel()
        at = np.linspace(0, values.size - 1, len(expected)).astype(int)
        assert np.abs(values[at] - np.array(expected) / 1e7).max() < 1e-6


@pytest.mark.parametrize("heights", [
    np.r_[0:9:1.25, 10:30:2.5], np.r_[0, np.cumsum([1, 2.6, 1.4, 2.9, 1.1, 2.2, 1.7, 2.4] * 2)]],
    ids=["1.25, then 2.5 mm", "odd places"])
def test_uneven_slices_are_mixed_by_where_they_are(tmp_path, heights):
    series(tmp_path, heights, ramp)
    crop = crop_from_dicom(tmp_path, (0, 2, 16), MODEL)
    assert any("from where their headers say" in finding for finding in crop.findings)
    middle = hu_in(crop)[8, 8]                          # along the body's axis, feet first
    places = np.arange(16) - 8 + 16                     # nearly: the published sampling is stretched by less than a mm
    assert np.abs(middle - (middle[8] + 20 * (places - places[8]))).max() < 20
    steps = np.diff(middle)
    assert steps.min() > 18.5 and steps.max() < 23, steps


def test_a_lost_slice_is_bridged_and_a_hole_is_air(tmp_path):
    heights = np.arange(0, 40, 1.5)
    series(tmp_path / "one", np.delete(heights, 12), ramp)
    bridged = hu_in(crop_from_dicom(tmp_path / "one", (0, 2, 5 + heights[12]), MODEL))[8, 8]
    assert np.diff(bridged).min() > 18
    series(tmp_path / "many", np.delete(heights, range(10, 16)), ramp)
    crop = crop_from_dicom(tmp_path / "many", (0, 2, 5 + heights[9]), MODEL)
    line = hu_in(crop)[8, 8]
    assert any("the hole is filled with air" in finding for finding in crop.findings)
    assert line[-4:].max() < -990 and line[:8].min() > -800


@pytest.mark.parametrize("name", HEIGHTS)
def test_a_bright_slice_stays_where_it_is(tmp_path, name):
    heights = np.array(HEIGHTS[name])
    bright = 5 + heights[3]

    def hu_of(places):
        return np.where(np.abs(places[..., 2] - bright) < 0.01, 900, -900)

    series(tmp_path, heights, hu_of)
    model = EncoderModel("x", "LPS", 1, spacing_mm=(0.5, 0.5, 0.5), size=(8, 8, 24))
    crop = crop_from_dicom(tmp_path, (0, 2, bright), model)
    seen = round(24 - crop.cut_mm[2].sum() / 0.5)
    line = crop.values[0, 4, 4, (24 - seen) // 2:][:seen]
    brightest = crop.corners_lps_mm[:, 2].min() + 0.5 * (int(line.argmax()) + 0.5)
    assert abs(brightest - bright) <= 1.1               # the published sampling is up to 0.9 mm off at the ends of the volume


def test_slices_that_lie_aside_are_taken_from_there(tmp_path):
    aside = np.zeros((20, 2))
    aside[8:] = [2.4, -1.8]                             # three columns, two rows
    series(tmp_path, np.arange(20) * 1.5, ramp, aside=aside)
    line = hu_in(crop_from_dicom(tmp_path, (2, 2, 16), MODEL))[8, 8]
    assert np.diff(line).min() > 18 and np.diff(line).max() < 23


def test_only_the_slices_around_the_point_are_read(tmp_path, monkeypatch):
    series(tmp_path, np.arange(60) * 1.5, lambda places: ramp(places) / 2)
    read = []
    take = dicom_crop.read_slice
    monkeypatch.setattr(dicom_crop, "read_slice", lambda path, *rest: read.append(path) or take(path, *rest))
    found = crops_of_series(read_series(tmp_path), [(0, 2, 30), (0, 2, 33), (500, 0, 0)], MODEL)
    assert len(read) == len(set(read)) < 18             # two crops of 16 mm that overlap, each slice once
    assert isinstance(found[2], InputError) and tmp_path.name in str(found[2])


def test_a_series_without_rescale_is_no_hu(tmp_path):
    slices = series(tmp_path, np.arange(20) * 1.5, ramp)
    for dataset in slices:
        edit(dataset, RescaleSlope=None, RescaleIntercept=None)
    with pytest.raises(InputError, match=r"\.dcm: no RescaleSlope and RescaleIntercept; expected a CT slice in HU"):
        crop_from_dicom(tmp_path, (0, 2, 16), MODEL)


def test_gray_values_that_are_no_hu_are_refused(tmp_path):
    series(tmp_path, np.arange(20) * 1.5, lambda places: 100 + 0 * places[..., 0])
    with pytest.raises(InputError, match="so they are no HU"):
        crop_from_dicom(tmp_path, (0, 2, 16), MODEL)


def test_a_folder_without_a_ct_is_refused(tmp_path):
    with pytest.raises(InputError, match="no CT slices found"):
        crop_from_dicom(tmp_path, (0, 0, 0), MODEL)
