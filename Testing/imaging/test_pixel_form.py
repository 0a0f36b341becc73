"""From stored values to HU: bits, signs, rescale, padding; the smallest type that holds them."""
import json

import numpy as np
import pydicom
import pytest

from TumorConnectomeLib.imaging.pixel_form import PixelForm, pixel_form, stored_values, to_hu


def stored(form, values, dtype=np.uint16):
    return stored_values(form, np.array(values, dtype).tobytes(), 1, len(values))[0]


def hu(values, dtype=np.int16, **form):
    return to_hu(PixelForm(**form), np.array([values], dtype))[0]


def test_bits_that_are_not_stored_do_not_count():
    form = PixelForm(bits_stored=12, high_bit=11, signed=False)
    np.testing.assert_array_equal(stored(form, [5, 0xF005, 0x0FFF]), [5, 5, 4095])


def test_signed_values_of_twelve_bits_keep_their_sign_with_and_without_extension():
    form = PixelForm(bits_stored=12, high_bit=11, signed=True)
    np.testing.assert_array_equal(stored(form, [0x0FFB, 0xFFFB, 0x07FF]), [-5, -5, 2047])


def test_values_in_the_upper_bits_are_moved_down():
    np.testing.assert_array_equal(stored(PixelForm(bits_stored=12, high_bit=15, signed=False), [0x0050, 0xFFF0]), [5, 4095])


def test_big_endian_and_eight_bits():
    np.testing.assert_array_equal(stored(PixelForm(big_endian=True), [1, 256], ">i2"), [1, 256])
    np.testing.assert_array_equal(stored(PixelForm(bits_allocated=8, bits_stored=8, high_bit=7, signed=False), [1, 255],
                                         np.uint8), [1, 255])


@pytest.mark.parametrize("values, dtype, form, expected, kind", [
    ([0, 4095], np.uint16, {"intercept": -1024.0, "signed": False}, [-1024, 3071], np.int16),
    ([-32768, 100], np.int16, {"intercept": 0.0}, [-32768, 100], np.int16),
    ([0, 65535], np.uint16, {"intercept": -32768.0, "signed": False}, [-32768, 32767], np.int16),
    ([0, 65535], np.uint16, {"intercept": -1024.0, "signed": False}, [-1024, 64511], np.int32),
    ([-3000, 1000], np.int16, {"slope": 2.0, "intercept": -24.0}, [-6024, 1976], np.int16),
    ([-800, 1501], np.int16, {"slope": 0.5}, [-400, 750.5], np.float32),
    ([-800, 10], np.int32, {"bits_allocated": 32, "bits_stored": 32, "high_bit": 31}, [-800, 10], np.int16)])
def test_hu_are_exact_in_the_smallest_type_that_holds_them(values, dtype, form, expected, kind):
    found = hu(values, dtype, **form)
    assert found.dtype == kind
    np.testing.assert_array_equal(found, expected)


def test_padding_above_air_is_air_and_below_stays():
    np.testing.assert_array_equal(hu([63536, 24], np.uint16, signed=False, intercept=-1024.0, padding=(63536, 63536)),
                                  [-1000, -1000])
    np.testing.assert_array_equal(hu([-2000, 24], padding=(-2000, -2000)), [-2000, 24])
    np.testing.assert_array_equal(hu([-32768, 24], intercept=-1024.0, padding=(-32768, -32768)), [-32768, -1000])


def test_a_padding_value_that_tissue_has_too_is_padding_only_at_the_edge():
    image = np.full((9, 9), 40, np.int16)
    image[:, :2] = image[4, 4] = 0
    found = to_hu(PixelForm(padding=(0, 0)), image)
    assert (found[:, :2] == -1000).all() and found[4, 4] == 0 and (found == 40).sum() == 81 - 18 - 1


def header(**tags):
    dataset = pydicom.Dataset()
    values = {"SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "BitsAllocated": 16, "BitsStored": 16,
              "HighBit": 15, "PixelRepresentation": 1, **tags}
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    dataset.set_original_encoding(False, True)
    return dataset


def test_a_range_of_padding_and_a_sign_that_does_not_fit():
    dataset = header()
    dataset.add_new("PixelPaddingValue", "US", 63536)
    dataset.add_new("PixelPaddingRangeLimit", "SS", -1900)
    assert pixel_form(dataset, (0, 32), None, 4, 4).padding == (-2000, -1900)
    dataset.add_new("PixelPaddingValue", "US", None)
    assert pixel_form(dataset, (0, 32), None, 4, 4).padding is None


@pytest.mark.parametrize("tags, place, problem", [
    ({}, (10, 32), ""), ({}, (10, None), ""), ({}, None, "no pixels"), ({}, (10, 30), "30 bytes of pixels instead of 32"),
    ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, (10, 96), "RGB with 3 samples a pixel"),
    ({"PhotometricInterpretation": "PALETTE COLOR"}, (10, 32), "PALETTE COLOR with 1 sample a pixel"),
    ({"PhotometricInterpretation": "MONOCHROME1"}, (10, 32), ""),
    ({"PhotometricInterpretation": "MONOCHROME1"}, (10, None), ""),
    ({"BitsAllocated": 12}, (10, 32), "16 bits up to bit 15 stored in 12")])
def test_what_can_not_be_shown_is_named(tags, place, problem):
    form = pixel_form(header(**tags), place, (1.0, 0.0), 4, 4)
    assert form.problem == problem
    assert PixelForm.from_record(json.loads(json.dumps(form.to_record()))) == form
