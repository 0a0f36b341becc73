"""How CT pixels may be stored: every compression that Slicer decodes, rescale that differs or lacks, read as it is shown."""
import numpy as np
import pytest
from compressed_slices import UID, compress, hu_of, twelve_bit_ct
from dicom_factory import edit

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.imaging.inspection import inspect, inspect_command
from TumorConnectomeLib.imaging.slice_pixels import read_hu

SYNTAXES = {"RLE": UID.RLELossless, "JPEG-LS": UID.JPEGLSLossless, "JPEG 2000": UID.JPEG2000Lossless,
            "JPEG lossless": UID.JPEGLosslessSV1, "deflated": UID.DeflatedExplicitVRLittleEndian,
            "big endian": UID.ExplicitVRBigEndian, "implicit": UID.ImplicitVRLittleEndian}


@pytest.fixture
def loaded(host):
    """Loads the CT in a folder as the module does; returns its HU and what was found."""
    import slicer

    from TumorConnectomeLib.scene.patient_nodes import load_patient
    from TumorConnectomeLib.scene.volume_readers import choose_reader

    def load(folder):
        inspection = inspect_command(["--ct", str(folder)], lambda fraction, message="": None)
        patient = load_patient("P1", inspection, choose_reader(synthetic=True))
        return slicer.util.arrayFromVolume(patient.volume), inspection["findings"]

    slicer.mrmlScene.Clear()
    yield load
    slicer.mrmlScene.Clear()


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
def test_every_lossless_form_is_shown_with_the_same_gray_values(tmp_path, loaded, syntax):
    slices = twelve_bit_ct(tmp_path)
    expected = hu_of(slices)
    for dataset in slices:
        compress(dataset, syntax)
    shown, findings = loaded(tmp_path)
    np.testing.assert_array_equal(shown, expected)
    assert findings == []


@pytest.mark.parametrize("syntax", [UID.RLELossless, UID.JPEGLosslessSV1, UID.ExplicitVRLittleEndian])
def test_what_is_meant_to_be_shown_inverted_has_the_same_hu(tmp_path, loaded, syntax):
    slices = twelve_bit_ct(tmp_path, change=lambda index, dataset: edit(dataset, PhotometricInterpretation="MONOCHROME1"))
    expected = hu_of(slices)
    for dataset in slices:
        if syntax != UID.ExplicitVRLittleEndian:
            compress(dataset, syntax)
    shown, findings = loaded(tmp_path)
    np.testing.assert_array_equal(shown, expected)
    assert findings == ["4 of 4 slices: MONOCHROME1, meant to be shown inverted: HU are shown as those of any CT"]


@pytest.mark.parametrize("syntax", [UID.RLELossless, UID.JPEGLosslessSV1])
def test_measurements_of_what_is_meant_to_be_shown_inverted_are_the_same(tmp_path, syntax):
    if syntax == UID.JPEGLosslessSV1:                   # pydicom has no decoder
        pytest.importorskip("SimpleITK")
    slices = twelve_bit_ct(tmp_path, 1, change=lambda index, dataset: edit(dataset, PhotometricInterpretation="MONOCHROME1"))
    expected = hu_of(slices)[0]
    compress(slices[0], syntax)
    np.testing.assert_array_equal(read_hu(slices[0].filename), expected)


@pytest.mark.parametrize("syntax", [syntax for name, syntax in SYNTAXES.items() if name != "JPEG lossless"])
def test_measurements_read_the_same_gray_values(tmp_path, syntax):
    slices = twelve_bit_ct(tmp_path, 1)
    expected = hu_of(slices)[0]
    compress(slices[0], syntax)
    np.testing.assert_array_equal(read_hu(slices[0].filename), expected)


def test_a_compression_without_decoder_is_named_and_the_geometry_still_read(tmp_path):
    slices = twelve_bit_ct(tmp_path, 2)
    for dataset in slices:
        compress(dataset, UID.HTJ2KLossless)
    with pytest.raises(InputError, match="High-Throughput JPEG 2000.*which Slicer can not decode; expected") as error:
        inspect_command(["--ct", str(tmp_path)], lambda fraction, message="": None)
    assert "\n" not in str(error.value)
    assert len(inspect(tmp_path)["files"]) == 2


def test_rescale_that_differs_from_slice_to_slice_is_applied_to_each(tmp_path, loaded):
    def change(index, dataset):
        dataset.RescaleSlope, dataset.RescaleIntercept = str([1, 1.5, 2, 0.25][index]), str(-1024 + 100 * index)

    slices = twelve_bit_ct(tmp_path, change=change)
    shown, findings = loaded(tmp_path)
    np.testing.assert_allclose(shown, hu_of(slices))
    assert findings == []


def test_a_missing_rescale_is_told_and_the_stored_values_are_shown(tmp_path, loaded):
    slices = twelve_bit_ct(tmp_path)
    expected = np.stack([dataset.pixel_array for dataset in slices])
    for dataset in slices:
        edit(dataset, RescaleSlope=None, RescaleIntercept=None)
    shown, findings = loaded(tmp_path)
    np.testing.assert_array_equal(shown, expected)
    assert len(findings) == 1 and findings[0].startswith("No RescaleSlope and RescaleIntercept in 4 of 4 slices")
    with pytest.raises(InputError, match="RescaleSlope"):
        read_hu(slices[0].filename)
