"""Reports of other writers: volumetric groups, any shape, coordinates in space, segmentations, evidence elsewhere."""
import highdicom
import numpy as np
import pydicom
import pytest
from dicom_factory import AXIAL, CORONAL, make_ct, make_sr, random_orientation, rectangle
from highdicom import sr
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.imaging.ct_series import read_series
from TumorConnectomeLib.imaging.lesions import find_lesions
from TumorConnectomeLib.imaging.sr_boxes import read_sr

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
OBLIQUE = random_orientation(np.random.default_rng(5))


@pytest.fixture
def slices(tmp_path):
    return make_ct(tmp_path / "ct", 8)


def tracking(name="lesion", uid=None):
    return sr.TrackingIdentifier(uid=uid or generate_uid(), identifier=name)


def image(dataset):
    return sr.SourceImageForRegion(dataset.SOPClassUID, dataset.SOPInstanceUID)


def write(path, slices, *groups):
    """A report by highdicom; returns its path."""
    context = sr.ObservationContext(observer_device_context=sr.ObserverContext(
        codes.DCM.Device, sr.DeviceObserverIdentifyingAttributes(uid=generate_uid())))
    content = sr.MeasurementReport(context, codes.LN.CTUnspecifiedBodyRegion, imaging_measurements=groups,
                                   title=codes.DCM.ImagingMeasurementReport)
    sr.Comprehensive3DSR(evidence=slices, content=content, series_instance_uid=generate_uid(), series_number=102,
                         sop_instance_uid=generate_uid(), instance_number=1, manufacturer="Other").save_as(path)
    return path


def volumetric(slices, indices, shape="POLYLINE", points=None, name="lesion"):
    regions = [sr.ImageRegion(shape, rectangle(5, 6, 9, 12) if points is None else np.array(points, np.float32),
                              image(slices[index])) for index in indices]
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(tracking(name), referenced_regions=regions,
                                                                 finding_type=codes.SCT.Lesion)


def in_space(slices, shape, points, name="lesion", frame=None):
    region = sr.ImageRegion3D(shape, np.array(points, float), frame or slices[0].FrameOfReferenceUID)
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(tracking(name), referenced_region=region,
                                                             finding_type=codes.SCT.Lesion)


def lesions_of(path, folder):
    return find_lesions(read_sr(path), read_series(folder / "ct"))


def edited(path, change):
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return path


def test_the_regions_of_a_volumetric_group_are_one_lesion_however_far_apart(tmp_path, slices):
    groups = volumetric(slices, (0, 6)), volumetric(slices, (7,), points=rectangle(20, 20, 24, 26))
    path = write(tmp_path / "sr.dcm", slices, *groups)
    (first, second), findings = lesions_of(path, tmp_path)
    assert first.slices == (slices[0].SOPInstanceUID, slices[6].SOPInstanceUID) and findings == []
    np.testing.assert_allclose(first.size_mm, [4 * 0.7, 6 * 0.8, 7 * 2.5])
    assert second.slices == (slices[7].SOPInstanceUID,)


def test_groups_with_one_tracking_uid_are_one_lesion(tmp_path, slices):
    uid = generate_uid()
    groups = [sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking(f"part {index}", uid), referenced_region=sr.ImageRegion("POLYLINE", rectangle(*corners), image(slices[index])),
        finding_type=codes.SCT.Lesion) for index, corners in ((1, (2, 2, 5, 5)), (6, (20, 20, 24, 24)))]
    (lesion,), _ = lesions_of(write(tmp_path / "sr.dcm", slices, *groups), tmp_path)
    assert lesion.tracking_ids == ("part 1", "part 6") and lesion.size_mm[0] == pytest.approx(22 * 0.7)


@pytest.mark.parametrize("shape, points, low, high", [
    ("CIRCLE", [[10, 12], [10, 15]], (7, 9), (13, 15)),
    ("CIRCLE", [[10, 12], [13, 16]], (5, 7), (15, 17)),
    ("ELLIPSE", [[4, 10], [16, 10], [10, 7], [10, 13]], (4, 7), (16, 13)),
    ("POLYLINE", [[4, 4], [12, 6], [8, 14], [5, 9], [4, 8], [4, 4]], (4, 4), (12, 14)),
    ("POLYLINE", [[4, 4], [12, 6], [8, 14], [4, 4]], (4, 4), (12, 14)),
    ("MULTIPOINT", [[4, 9], [11, 5], [7, 12]], (4, 5), (11, 12))])
def test_any_shape_on_a_slice_is_its_bounding_box(tmp_path, slices, shape, points, low, high):
    path = tmp_path / "sr.dcm"
    writable = shape != "MULTIPOINT"                    # highdicom does not write them as regions
    make_sr(path, slices, [(3, np.array(points, np.float32))], graphic_type=shape if writable else "POLYLINE")
    if not writable:
        edited(path, lambda dataset: setattr(
            dataset.ContentSequence[-1].ContentSequence[0].ContentSequence[-1], "GraphicType", shape))
    (box,) = read_sr(path).boxes
    np.testing.assert_allclose([box.corners.min(axis=0), box.corners.max(axis=0)], [low, high])


def test_an_ellipse_at_an_angle_has_the_extent_of_its_curve(tmp_path, slices):
    angle, middle, (a, b) = np.radians(30), np.array([20.0, 16.0]), (9.0, 4.0)
    major, minor = a * np.array([np.cos(angle), np.sin(angle)]), b * np.array([-np.sin(angle), np.cos(angle)])
    path = tmp_path / "sr.dcm"
    make_sr(path, slices, [(3, np.array([middle - major, middle + major, middle - minor, middle + minor], np.float32))],
            graphic_type="ELLIPSE")
    turn = np.linspace(0, 2 * np.pi, 20000)
    curve = middle + np.cos(turn)[:, None] * major + np.sin(turn)[:, None] * minor
    corners = read_sr(path).boxes[0].corners
    np.testing.assert_allclose([corners.min(axis=0), corners.max(axis=0)], [curve.min(axis=0), curve.max(axis=0)], atol=1e-4)


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, OBLIQUE], ids=["axial", "coronal", "oblique"])
def test_a_polygon_in_space_is_the_box_of_the_same_polyline_on_its_slice(tmp_path, orientation):
    slices = make_ct(tmp_path / "ct", 8, orientation=orientation)
    series = read_series(tmp_path / "ct")
    corners = rectangle(5, 6, 9, 12)
    lps = series.pixels_to_lps(4, corners)
    make_sr(tmp_path / "planar.dcm", slices, [(4, corners)])
    (expected,), _ = lesions_of(tmp_path / "planar.dcm", tmp_path)
    (found,), findings = lesions_of(write(tmp_path / "sr.dcm", slices, in_space(slices, "POLYGON", lps)), tmp_path)
    np.testing.assert_allclose(found.center_lps, expected.center_lps, atol=1e-5)
    np.testing.assert_allclose(found.size_mm, expected.size_mm, atol=1e-5)
    assert found.slices == expected.slices and findings == []


def test_an_ellipsoid_in_an_oblique_ct_is_its_bounding_box_along_the_image_axes(tmp_path):
    slices = make_ct(tmp_path / "ct", 8, orientation=OBLIQUE)
    series = read_series(tmp_path / "ct")
    center = series.pixels_to_lps(4, [[15, 12]])[0]
    axes = np.linalg.qr(np.random.default_rng(8).normal(size=(3, 3)))[0] * np.array([6.0, 4.0, 3.0])[:, None]
    ends = np.stack([center - axes, center + axes], axis=1).reshape(6, 3)
    surface = sr.VolumeSurface("ELLIPSOID", ends, slices[0].FrameOfReferenceUID, source_images=[
        sr.SourceImageForSegmentation(slices[4].SOPClassUID, slices[4].SOPInstanceUID)])
    group = sr.VolumetricROIMeasurementsAndQualitativeEvaluations(tracking(), referenced_volume_surface=surface,
                                                                  finding_type=codes.SCT.Lesion)
    (lesion,), _ = lesions_of(write(tmp_path / "sr.dcm", slices, group), tmp_path)
    sphere = np.random.default_rng(0).normal(size=(200000, 3))
    surface = (sphere / np.linalg.norm(sphere, axis=1)[:, None]) @ axes @ series.axes_lps.T
    np.testing.assert_allclose(lesion.center_lps, center, atol=1e-5)
    np.testing.assert_allclose(lesion.size_mm, np.ptp(surface, axis=0), rtol=0.01)
    heights = series.positions_lps @ series.axes_lps[2] - center @ series.axes_lps[2]
    reached = np.abs(heights) < lesion.size_mm[2] / 2 + 1.25
    assert lesion.slices == tuple(uid for uid, inside in zip(series.sop_uids, reached) if inside)


def test_a_circle_across_slices_covers_all_slices_it_cuts(tmp_path, slices):
    series = read_series(tmp_path / "ct")
    low, high = series.pixels_to_lps(2, [[5, 6]])[0], series.pixels_to_lps(5, [[5, 14]])[0]
    points = [low, [low[0], high[1], low[2]], high, [low[0], low[1], high[2]], low]
    (lesion,), _ = lesions_of(write(tmp_path / "sr.dcm", slices, in_space(slices, "POLYGON", points)), tmp_path)
    assert len(lesion.slices) == 4 and lesion.size_mm[2] == pytest.approx(7.5) and lesion.size_mm[1] == pytest.approx(8 * 0.8)


def test_another_frame_of_reference_is_refused_in_one_line(tmp_path, slices):
    lps = read_series(tmp_path / "ct").pixels_to_lps(4, rectangle(5, 6, 9, 12))
    path = write(tmp_path / "sr.dcm", slices, in_space(slices, "POLYGON", lps, frame="1.2.3.4"))
    with pytest.raises(InputError, match=r"in the frame of reference 1\.2\.3\.4; expected that of the CT") as error:
        lesions_of(path, tmp_path)
    assert "\n" not in str(error.value)


def test_a_region_in_space_without_a_frame_of_reference_is_told_as_that(tmp_path, slices):
    corners = [[-90, -70, 55], [-80, -70, 55], [-80, -60, 55], [-90, -60, 55], [-90, -70, 55]]
    path = write(tmp_path / "sr.dcm", slices, volumetric(slices, [6]), in_space(slices, "POLYGON", corners))

    def forget(dataset):
        group = dataset.ContentSequence[-1].ContentSequence[1]
        del next(item for item in group.ContentSequence if item.ValueType == "SCOORD3D").ReferencedFrameOfReferenceUID

    assert read_sr(edited(path, forget)).findings == (
        "Ignored 1 measurement group of the report: its region in space names no frame of reference",)


def test_a_region_of_another_frame_of_reference_takes_no_box_away(tmp_path, slices):
    lps = read_series(tmp_path / "ct").pixels_to_lps(4, rectangle(5, 6, 9, 12))
    groups = in_space(slices, "POLYGON", lps, "elsewhere", frame="1.2.3.4"), volumetric(slices, (2,))
    lesions, findings = lesions_of(write(tmp_path / "sr.dcm", slices, *groups), tmp_path)
    assert len(lesions) == 1
    assert findings == ["Boxes left out because they are in another frame of reference (1): elsewhere"]


def test_regions_in_space_need_no_evidence_but_must_lie_in_the_ct(tmp_path, slices):
    lps = read_series(tmp_path / "ct").pixels_to_lps(4, rectangle(5, 6, 9, 12))
    inside, outside = in_space(slices, "POLYGON", lps, "in"), in_space(slices, "POLYGON", lps + [0, 0, 500], "far")
    path = edited(write(tmp_path / "sr.dcm", slices, inside, outside),
                  lambda dataset: delattr(dataset, "CurrentRequestedProcedureEvidenceSequence"))
    lesions, findings = lesions_of(path, tmp_path)
    assert len(lesions) == 1 and findings == ["Boxes left out because they lie outside the CT (1): far"]
    with pytest.raises(InputError, match="not to the given CT series"):
        lesions_of(edited(write(tmp_path / "sr.dcm", slices, outside),
                          lambda dataset: delattr(dataset, "CurrentRequestedProcedureEvidenceSequence")), tmp_path)


def test_evidence_that_is_called_other_counts_too(tmp_path, slices):
    def change(dataset):
        dataset.PertinentOtherEvidenceSequence = dataset.CurrentRequestedProcedureEvidenceSequence
        del dataset.CurrentRequestedProcedureEvidenceSequence

    path = edited(write(tmp_path / "sr.dcm", slices, volumetric(slices, (1,))), change)
    assert read_sr(path).referenced_series_uids == (slices[0].SeriesInstanceUID,)


def segment_group(slices):
    """A volumetric group of a segment, as dcmqi writes them."""
    source = sr.SourceSeriesForSegmentation(slices[0].SeriesInstanceUID)
    segment = sr.ReferencedSegment(SEGMENTATION, "1.2.3.9", 1, source_series=source)
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(tracking("segment"), referenced_segment=segment,
                                                                 finding_type=codes.SCT.Lesion)


def with_segment_evidence(slices):
    evidence = pydicom.Dataset()
    evidence.update(slices[0])
    evidence.SOPClassUID, evidence.SOPInstanceUID = SEGMENTATION, "1.2.3.9"
    evidence.SeriesInstanceUID = generate_uid()
    return [*slices, evidence]


def test_a_report_of_segments_says_so(tmp_path, slices):
    path = write(tmp_path / "sr.dcm", with_segment_evidence(slices), segment_group(slices))
    with pytest.raises(InputError, match=r"has no boxes \(1 measurement group: segments of a segmentation image, not boxes\)"):
        read_sr(path)


def test_segments_beside_boxes_are_told(tmp_path, slices):
    groups = segment_group(slices), volumetric(slices, (2, 3))
    report = read_sr(write(tmp_path / "sr.dcm", with_segment_evidence(slices), *groups))
    assert len(report.boxes) == 2
    assert report.findings == ("Ignored 1 measurement group of the report: segments of a segmentation image, not boxes",)


@pytest.mark.parametrize("library", [False, True])
def test_a_region_may_name_its_image_by_the_place_of_another_item(tmp_path, slices, library):
    path = write(tmp_path / "sr.dcm", slices, volumetric(slices, [6]), volumetric(slices, [1], name="dangling"))
    expected = lesions_of(path, tmp_path)[0][1]

    def move_images(dataset):
        *_, measurements = dataset.ContentSequence
        items = [group.ContentSequence for group in measurements.ContentSequence]
        regions = [next(item for item in found if item.ValueType == "SCOORD") for found in items]
        image_item, = regions[0].ContentSequence
        place = [1, len(dataset.ContentSequence) + 1]
        if library:
            container = pydicom.Dataset()
            container.RelationshipType, container.ValueType, container.ContentSequence = "CONTAINS", "CONTAINER", [image_item]
            image_item, place = container, [*place, 1]
        dataset.ContentSequence.append(image_item)
        for region, target in zip(regions, (place, [1, 99, 7])):
            reference = pydicom.Dataset()
            reference.RelationshipType, reference.ReferencedContentItemIdentifier = "SELECTED FROM", target
            region.ContentSequence = [reference]

    found, findings = lesions_of(edited(path, move_images), tmp_path)
    assert [lesion.as_record() for lesion in found] == [expected.as_record()]
    assert read_sr(path).findings == ("Ignored 1 measurement group of the report: its region refers to 0 images",)


def test_one_region_on_several_images_is_refused(tmp_path, slices):
    def change(dataset):
        region = dataset.ContentSequence[-1].ContentSequence[0].ContentSequence[-1]
        region.ContentSequence.append(region.ContentSequence[0])

    path = edited(write(tmp_path / "sr.dcm", slices, volumetric(slices, (2,))), change)
    with pytest.raises(InputError, match=r"has no boxes \(1 measurement group: its region refers to 2 images\)"):
        read_sr(path)


def test_groups_without_template_and_container_of_measurements_are_found(tmp_path, slices):
    def change(dataset):
        measurements = dataset.ContentSequence[-1]
        del dataset.ContentTemplateSequence
        dataset.ContentSequence = [*dataset.ContentSequence[:-1], *measurements.ContentSequence]

    assert len(read_sr(edited(write(tmp_path / "sr.dcm", slices, volumetric(slices, (2, 3))), change)).boxes) == 2


def test_what_highdicom_reads_of_the_published_form_is_what_is_read_here(tmp_path, slices):
    path = tmp_path / "sr.dcm"
    make_sr(path, slices, [(1, rectangle(3.25, 4, 10, 12.5)), (5, rectangle(5, 6, 7, 8))])
    groups = highdicom.sr.srread(path).content.get_planar_roi_measurement_groups()
    for box, group in zip(read_sr(path).boxes, groups, strict=True):
        np.testing.assert_array_equal(box.corners, group.roi.value)
        assert box.sop_uid == group.roi.ContentSequence[0].referenced_sop_instance_uid
        assert box.tracking_uid == group.tracking_uid
