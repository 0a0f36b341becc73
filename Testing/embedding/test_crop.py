"""A tumor's crop: as the published chain made it, and what it says about points and volumes that do not fit."""
import numpy as np
import pytest
from embedding_samples import golden, golden_volume, small_volume

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.embedding import crop as crop_file
from TumorConnectomeLib.embedding.crop import crop_around, plan_crop
from TumorConnectomeLib.embedding.models import MODELS, EncoderModel

GOLDEN = golden("crops")
MODEL = MODELS["SeededRandomFeatures"]
#: models that share a configuration of the golden crops
SAME = {"CTFM_FMCIB": ("CTFM", "FMCIB"), "ModelsGen_SUPREME_VISTA3D": ("ModelsGen", "SUPREME", "VISTA3D")}


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_crops_are_those_of_the_published_chain(case):
    voxels, matrix = golden_volume(case)
    for name, expected in case["crops"].items():
        model = MODELS[SAME.get(name, (name,))[0]]
        values = crop_around(voxels, matrix, case["center_lps_mm"], model).values
        assert values.shape == (1, *model.size) and values.dtype == np.float32
        at = np.linspace(0, values.size - 1, len(expected["values"])).astype(int)
        assert np.abs(values.ravel()[at] - np.array(expected["values"]) / 1e7).max() < 1e-6, name
        assert abs(values.sum(dtype=float) - expected["sum"]) < 1e-6 * values.size, name


@pytest.mark.parametrize("name", GOLDEN["configurations"])
def test_the_table_has_the_published_configurations(name):
    configuration = {key: tuple(value) if isinstance(value, list) else value
                     for key, value in GOLDEN["configurations"][name].items()}
    for model in SAME.get(name, (name,)):
        assert {key: getattr(MODELS[model], key) for key in configuration} == configuration


def test_an_array_of_any_number_type_gives_the_same_crop():
    voxels, matrix = small_volume()
    expected = crop_around(voxels, matrix, (2, 2, 0), MODEL).values
    for dtype in (np.int32, np.float32, np.float64):
        np.testing.assert_array_equal(crop_around(voxels.astype(dtype), matrix, (2, 2, 0), MODEL).values, expected)


def test_only_the_voxels_around_the_point_are_needed():
    voxels, matrix = small_volume((80, 120, 120))
    plan = plan_crop(voxels.shape, matrix, (30, 32, 30), MODELS["CTFM"])
    assert [part.stop - part.start for part in plan.box] <= [34, 50, 50]
    np.testing.assert_array_equal(plan.crop(voxels[plan.box]).values,
                                  crop_around(voxels, matrix, (30, 32, 30), MODELS["CTFM"]).values)


def test_sampling_axis_by_axis_is_sampling_point_by_point():
    random = np.random.default_rng(0)
    values, lines = random.normal(-500, 300, (7, 9, 8)), [random.uniform(-2, 10, count) for count in (5, 6, 4)]
    lines[0][:2], along = (0.0, 6.0), values
    for axis, positions in enumerate(lines):
        along = crop_file._linear_along(along, axis, positions)
    points = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1)
    np.testing.assert_allclose(along, crop_file._trilinear(values, points), atol=1e-9)
    assert (along == 0).any() and (along != 0).any()


def test_the_box_is_told_in_patient_coordinates():
    voxels, matrix = small_volume((80, 120, 120))
    crop = crop_around(voxels, matrix, (30, 30, 30), MODELS["CTFM"])
    low, high = crop.corners_lps_mm.min(axis=0), crop.corners_lps_mm.max(axis=0)
    np.testing.assert_allclose(high - low, [48, 48, 48])
    np.testing.assert_allclose((low + high) / 2, [30, 30, 30], atol=1)
    assert not crop.cut_mm.any() and crop.findings == ()


@pytest.mark.parametrize(("point", "side", "axis", "end"), [
    ((-15, 30, 30), "right", 0, 0), ((85, 30, 30), "left", 0, 1), ((30, -15, 30), "anterior", 1, 0),
    ((30, 85, 30), "posterior", 1, 1), ((30, 30, -25), "inferior", 2, 0), ((30, 30, 84), "superior", 2, 1)])
def test_what_the_border_cuts_off_is_told_with_its_side(point, side, axis, end):
    voxels, matrix = small_volume((80, 120, 120))
    crop = crop_around(voxels, matrix, point, MODELS["CTFM"])
    border = crop.corners_lps_mm[:, axis]
    assert 1 < crop.cut_mm[axis, end] < 24 and crop.cut_mm.sum() == crop.cut_mm[axis, end]
    assert abs(border.max() - border.min() - (48 - crop.cut_mm[axis, end])) < 1e-6
    assert f"mm {side}" in crop.findings[0]
    assert (crop.values == 0).any()                     # what is missing is filled with the lowest value


@pytest.mark.parametrize("point", [(-31.0, 0, 0), (0, 0, 60.0), (1e4, 0, 0)])
def test_a_point_outside_the_volume_is_refused_with_its_coordinates(point):
    voxels, matrix = small_volume()
    with pytest.raises(InputError, match=r"the point .*\(LPS mm\) lies outside the volume"):
        crop_around(voxels, matrix, point, MODEL)


@pytest.mark.parametrize("point", [(0, 0), (0, 0, float("nan")), (0, 0, float("inf"))])
def test_a_point_that_is_none_is_refused(point):
    voxels, matrix = small_volume()
    with pytest.raises(InputError, match="expected three finite numbers"):
        crop_around(voxels, matrix, point, MODEL)


@pytest.mark.parametrize("change", [
    lambda matrix: matrix.__setitem__((slice(3), 1), 0), lambda matrix: matrix.__setitem__((0, 0), np.nan),
    lambda matrix: matrix.__setitem__((slice(3), 2), matrix[:3, 1]), lambda matrix: matrix.__setitem__((3, 0), 1)])
def test_a_volume_without_a_geometry_is_refused(change):
    voxels, matrix = small_volume()
    change(matrix)
    with pytest.raises(InputError, match="spacing|matrix"):
        crop_around(voxels, matrix, (2, 2, 0), MODEL)


@pytest.mark.parametrize("voxels", [
    np.random.default_rng(0).integers(0, 255, (40, 60, 64)).astype(np.uint8), np.zeros((40, 60, 64), np.int16),
    np.random.default_rng(0).uniform(-1, 1, (40, 60, 64)), np.full((40, 60, 64), -1000, np.int16)])
def test_voxels_that_are_no_hu_are_refused(voxels):
    with pytest.raises(InputError, match="so they are no HU; expected a CT in Hounsfield units"):
        crop_around(voxels, small_volume()[1], (2, 2, 0), MODEL)


def test_voxels_that_are_not_finite_are_refused():
    voxels, matrix = small_volume()
    voxels = voxels.astype(np.float32)
    voxels[21, 31, 33] = np.nan
    with pytest.raises(InputError, match="NaN or infinite"):
        crop_around(voxels, matrix, (2, 2, 0), MODEL)


@pytest.mark.parametrize("array", [np.zeros((3, 4)), np.zeros((3, 4, 5), bool), np.zeros((3, 4, 5), complex), np.array(["a"])])
def test_an_array_that_is_no_volume_is_refused(array):
    with pytest.raises(InputError, match="shape"):
        crop_around(array, np.eye(4), (0, 0, 0), MODEL)


def test_a_plane_of_one_voxel_is_sampled_without_dividing_by_zero():
    voxels = np.random.default_rng(0).normal(-500, 300, (1, 60, 64))
    crop = crop_around(voxels, np.diag([1.0, 1.0, 2.0, 1.0]), (30, 30, 0), EncoderModel("x", "RAS", 1))
    assert np.isfinite(crop.values).all() and crop.values.any()


def test_the_sides_have_names():
    assert [len(ends) for ends in crop_file.DIRECTIONS] == [2, 2, 2]
