"""Measurements of a study: sizes, scan facts, side, and the file that keeps them."""
import json
import math
import multiprocessing

import numpy as np
import pytest
from dicom_factory import CORONAL, edit, make_ct, make_sr, random_orientation, rectangle

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.measurements import LesionMeasurement, SeriesMeasurement, measurement_of_record
from TumorConnectomeLib.imaging.inspection import inspect_command, read_study
from TumorConnectomeLib.imaging.measurement_store import MeasurementStore
from TumorConnectomeLib.imaging.measuring import fingerprint, measure


def study(folder, change=lambda dataset: None, boxes=((1, (5, 5, 9, 11)), (2, (5, 5, 9, 9))), **options):
    slices = make_ct(folder / "ct", 6, spacing=(0.8, 0.7), step=2.5, **options)
    for dataset in slices:
        change(dataset)
        edit(dataset)
    make_sr(folder / "sr.dcm", slices, [(index, rectangle(*corners)) for index, corners in boxes])
    return slices


def measured(folder):
    series, lesions, _ = read_study(folder / "ct", folder / "sr.dcm")
    return measure(series, lesions, "files")


def scanner(dataset):
    dataset.Manufacturer, dataset.ManufacturerModelName, dataset.KVP = "GE MEDICAL SYSTEMS", "LightSpeed16", "120"
    dataset.ConvolutionKernel, dataset.SliceThickness = "STANDARD", "3.5"


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), CORONAL, random_orientation(np.random.default_rng(2))])
def test_sizes_follow_the_image_axes_in_any_orientation(tmp_path, orientation):
    study(tmp_path, scanner, orientation=orientation)
    found = measured(tmp_path)
    (lesion,) = found.lesions
    assert lesion.size_mm == pytest.approx((4 * 0.7, 6 * 0.8, 5.0)) and lesion.slices == 2
    assert lesion.longest_mm == pytest.approx(5.0) and lesion.volume_mm3 == pytest.approx(2.8 * 4.8 * 5)
    assert (found.slice_thickness_mm, found.slices) == (3.5, 6)
    assert found.slice_spacing_mm == pytest.approx(2.5) and found.pixel_spacing_mm == (0.8, 0.7)
    assert (found.manufacturer, found.model, found.kernel, found.tube_voltage_kv) == (
        "GE MEDICAL SYSTEMS", "LightSpeed16", "STANDARD", 120)


def test_the_largest_box_stands_for_the_patient(tmp_path):
    study(tmp_path, scanner, boxes=((1, (5, 5, 9, 9)), (4, (20, 10, 30, 25))))
    values = measured(tmp_path).values()
    assert values["lesion_count"] == 2 and values["box_width_mm"] == pytest.approx(7.0)
    assert values["box_volume_ml"] == pytest.approx(7 * 12 * 2.5 / 1000)


def test_what_the_header_does_not_say_is_missing(tmp_path):
    slices = study(tmp_path)
    for dataset in slices:
        edit(dataset, SliceThickness=None)
    found = measured(tmp_path)
    assert (found.kernel, found.manufacturer, found.tube_voltage_kv, found.slice_thickness_mm) == ("", "", None, None)
    assert math.isnan(found.values()["slice_thickness_mm"])


def test_texts_of_the_header_are_shortened_and_printable(tmp_path):
    def change(dataset):
        dataset.Manufacturer, dataset.ConvolutionKernel = "Evil\x07\r\n<b>" + "x" * 300, ["B30f", "3"]

    study(tmp_path, change)
    found = measured(tmp_path)
    assert found.manufacturer.isprintable() and len(found.manufacturer) <= 64 and found.kernel == "B30f/3"


def test_the_side_is_told_with_its_distance_from_the_midline(tmp_path):
    columns = np.arange(128)
    body = np.where(np.abs(columns - 63.5) < 50, 40, -1000).astype(np.int16)

    def change(dataset):
        pixels = np.full((128, 128), -1000, np.int16)
        pixels[20:108] = body
        dataset.PixelData = pixels.tobytes()

    slices = make_ct(tmp_path / "ct", 6, size=(128, 128), spacing=(2.0, 2.0), origin=(-100.0, -100.0, 0.0))
    for dataset in slices:
        change(dataset)
        edit(dataset)
    make_sr(tmp_path / "sr.dcm", slices, [(2, rectangle(84, 60, 90, 66)), (4, rectangle(30, 60, 34, 64)),
                                          (0, rectangle(62, 60, 65, 63))])
    lesions = measured(tmp_path).lesions
    assert [lesion.side for lesion in lesions] == ["Left", "Right", "Uncertain"]
    assert lesions[0].midline_mm == pytest.approx((87 - 64) * 2.0, abs=1.0)


@pytest.mark.parametrize("value, signed, intercept, tagged", [
    (-2000, True, 0, -2000), (63536, False, -1024, 63536), (0, True, 0, 0), (-2000, True, 0, 63536)],
    ids=["below air", "written unsigned", "as soft tissue", "tag of the other sign"])
def test_padding_around_the_field_of_view_is_no_body(tmp_path, value, signed, intercept, tagged):
    """A body off the middle, a ring of padding around a round field: the lesion is on the right of the body's own midline."""
    rows, columns = np.mgrid[:128, :128]
    hu = np.where(((columns - 90) / 30) ** 2 + ((rows - 64) / 28) ** 2 < 1, 40, -1000)
    stored = hu - intercept
    stored[(columns - 63.5) ** 2 + (rows - 63.5) ** 2 > 60**2] = value

    slices = make_ct(tmp_path / "ct", 6, size=(128, 128), spacing=(3.0, 3.0), origin=(-190.5, -190.5, 0.0))
    for dataset in slices:
        dataset.PixelRepresentation, dataset.RescaleIntercept = int(signed), str(intercept)
        dataset.PixelData = stored.astype(np.int16 if signed else np.uint16).tobytes()
        dataset.add_new(0x00280120, "SS" if tagged < 0 else "US", tagged)
        edit(dataset)
    make_sr(tmp_path / "sr.dcm", slices, [(2, rectangle(74, 60, 80, 66))])
    (lesion,) = measured(tmp_path).lesions
    assert lesion.side == "Right" and lesion.midline_mm == pytest.approx((77 - 90) * 3.0, abs=4.0)


def test_without_usable_pixels_the_middle_of_the_image_decides_and_says_so(tmp_path):
    slices = study(tmp_path, size=(64, 128), boxes=((1, (115, 5, 125, 9)), (4, (50, 5, 54, 9))))
    for dataset in slices:
        edit(dataset, PixelData=None)
    first, second = measured(tmp_path).lesions
    assert (first.side, second.side) == ("Uncertain", "Uncertain") and "by the middle of the image" in first.side_note
    assert first.midline_mm == pytest.approx((120 - 64) * 0.7)


def test_a_record_survives_json_and_anything_else_is_refused(tmp_path):
    study(tmp_path, scanner)
    found = measured(tmp_path)
    record = json.loads(json.dumps(found.as_record()))
    assert measurement_of_record(record) == found
    for change in ({"slice_spacing_mm": -1}, {"slice_spacing_mm": "nan"}, {"kernel": "a\nb"}, {"kernel": 5}, {"lesions": [{}]},
                   {"series_uid": "../x"}, {"more": 1}, {"lesions": 3}, {"pixel_spacing_mm": [1]}):
        with pytest.raises(InputError):
            measurement_of_record({**record, **change})


def sample(number=1, **changes):
    values = {"series_uid": f"1.2.{number}", "patient_id": f"P{number}", "files": "f", "slices": 3, "slice_thickness_mm": 2.0,
              "slice_spacing_mm": 2.0, "pixel_spacing_mm": (0.7, 0.7), "kernel": "B", "manufacturer": "M", "model": "",
              "tube_voltage_kv": None, "lesions": (LesionMeasurement((1.0, 2.0, 3.0), (0.0, 0.0, 0.0), 1, "Left", 30.0),)}
    return SeriesMeasurement(**{**values, **changes})


def test_the_store_keeps_the_last_measurement_of_a_series_and_reads_only_what_is_new(tmp_path):
    writer, reader = MeasurementStore(tmp_path), MeasurementStore(tmp_path)
    assert reader.update() is False and reader.measurements == {}
    writer.add(sample(1))
    writer.add(sample(2))
    assert reader.update() and reader.measurements == {"1.2.1": sample(1), "1.2.2": sample(2)}
    size = writer.path.stat().st_size
    writer.add(sample(2))
    assert writer.path.stat().st_size == size and reader.update() is False
    writer.add(sample(2, kernel="C"))
    assert reader.update() and reader.measurements["1.2.2"].kernel == "C"
    writer.path.unlink()
    assert reader.update() and reader.measurements == {}


def test_a_torn_or_changed_line_is_left_out_and_the_next_one_is_whole(tmp_path):
    store = MeasurementStore(tmp_path)
    for number in (1, 2, 3):
        store.add(sample(number))
    lines = store.path.read_bytes().splitlines(keepends=True)
    store.path.write_bytes(lines[0].replace(b'"B"', b'"X"') + b"[" * 5000 + b"\n" + lines[1] + lines[2][:50])
    again = MeasurementStore(tmp_path)
    assert again.update() and list(again.measurements) == ["1.2.2"] and again.damaged == 2
    again.add(sample(4))
    fresh = MeasurementStore(tmp_path)
    fresh.update()
    assert sorted(fresh.measurements) == ["1.2.2", "1.2.4"]


def _write_many(folder, start):
    store = MeasurementStore(folder)
    for number in range(start, start + 15):
        store.add(sample(number))


def test_processes_that_write_at_the_same_time_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write_many, args=(tmp_path, start)) for start in (0, 100)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    store = MeasurementStore(tmp_path)
    store.update()
    assert len(store.measurements) == 30 and store.damaged == 0


def test_looking_at_a_study_measures_it(tmp_path):
    slices = study(tmp_path, scanner)
    inspect_command(["--ct", str(tmp_path / "ct"), "--sr", str(tmp_path / "sr.dcm"), "--measure", str(tmp_path / "cache")],
                    lambda fraction, message="": None)
    store = MeasurementStore(tmp_path / "cache")
    store.update()
    found = store.measurements[slices[0].SeriesInstanceUID]
    before = fingerprint(tmp_path / "ct", tmp_path / "sr.dcm")
    assert found.kernel == "STANDARD" and found.files == before
    slices[0].filename.unlink()
    assert before != fingerprint(tmp_path / "ct", tmp_path / "sr.dcm") != fingerprint(tmp_path / "ct")
