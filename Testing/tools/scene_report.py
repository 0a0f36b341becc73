"""What a CT, its report and its segmentation are in the scene, as JSON: loaded in the host by the module's own path.

    python Testing/tools/scene_report.py --ct DIR [--sr FILE] [--seg FILE] --out FILE.json

The file holds

- ``dimensions``: voxels of the volume, [i, j, k];
- ``ijk_to_lps``: center of voxel (i, j, k) in the patient, four rows of four [mm, LPS];
- ``scalar_type``: numpy's name of the voxels' type;
- ``brightest_lps``: center of the brightest voxel of the volume, the first of several;
- ``lesions``: as the command ``boxes`` writes them, but from the ROI nodes in the scene, each with ``brightest_lps``, the
  center of the brightest voxel whose center lies in the box, null when there is none;
- ``segments``: ``name``, ``center_lps`` (centroid of its voxels), ``voxel_volume_mm3``, ``surface_volume_mm3`` (of the closed
  surface that 3-D views show);
- ``findings``: what the module tells the user, one text each; also why a report or segmentation could not be used.

All places are those of the patient (DICOM's LPS), whatever transforms the nodes are under. Exit status 2 and one line on
standard error when the module refuses the CT.
"""
import argparse
import json
import os
import pathlib
import sys

import numpy as np

TESTING = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTING), str(TESTING.parent / "TumorConnectome")]


def scene_report(ct, sr=None, seg=None) -> dict:
    """Load into the host's scene and describe what is there; see this file's first lines."""
    from slicerhost import app
    app.start(testing=True)
    import slicer

    from TumorConnectomeLib.imaging.inspection import inspect_command
    from TumorConnectomeLib.scene.patient_nodes import load_patient
    from TumorConnectomeLib.scene.volume_readers import choose_reader

    inspection = inspect_command(["--ct", str(ct), *(["--sr", str(sr)] if sr else [])], lambda fraction, message="": None)
    patient = load_patient(inspection["patient_id"] or "patient", inspection, choose_reader(synthetic=False))
    segments, told = _segments(patient, seg) if seg else ([], [])
    voxels = slicer.util.arrayFromVolume(patient.volume)
    to_lps = _lps(_matrix(patient.volume.GetIJKToRASMatrix))
    return {
        "dimensions": list(patient.volume.GetImageData().GetDimensions()),
        "ijk_to_lps": to_lps.tolist(),
        "scalar_type": str(voxels.dtype),
        "brightest_lps": _brightest(voxels, to_lps, np.ones(3), np.zeros(3)),
        "lesions": sorted((_lesion(roi, patient.volume, voxels, to_lps) for roi in patient.lesions), key=_place),
        "segments": segments,
        "findings": [*patient.findings, *told],
    }


def _matrix(get):
    """A (4, 4) array from a method that fills a vtkMatrix4x4."""
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    get(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def _lps(to_ras):
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ to_ras


def _brightest(voxels, to_lps, step, first):
    """Center of the brightest of some voxels that begin at (i, j, k) `first`; None without any."""
    if not voxels.size:
        return None
    place = np.array(np.unravel_index(int(voxels.argmax()), voxels.shape))[::-1] * step + first
    return (to_lps @ np.append(place, 1))[:3].tolist()


def _lesion(roi, volume, voxels, to_lps):
    """One lesion from its ROI node."""
    import slicer

    from TumorConnectomeLib.scene.patient_nodes import SLICES_ATTRIBUTE, TRACKING_ATTRIBUTE

    between = _matrix(lambda matrix: slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(
        roi.GetParentTransformNode(), volume.GetParentTransformNode(), matrix))
    box = _lps(between @ slicer.util.arrayFromVTKMatrix(roi.GetObjectToNodeMatrix()))
    size = np.array(roi.GetSize())
    return {"center_lps": box[:3, 3].tolist(), "size_mm": size.tolist(), "axes_lps": box[:3, :3].T.tolist(),
            "slices": json.loads(roi.GetAttribute(SLICES_ATTRIBUTE)),
            "tracking_ids": json.loads(roi.GetAttribute(TRACKING_ATTRIBUTE)),
            "brightest_lps": _brightest_inside(box, size, voxels, to_lps)}


def _brightest_inside(box, size, voxels, to_lps):
    """Center of the brightest voxel whose center lies in a box, None when there is none."""
    to_ijk = np.linalg.inv(to_lps)
    corners = np.array([box[:3, 3] + box[:3, :3] @ (size / 2 * sign) for sign in np.array(list(np.ndindex(2, 2, 2))) * 2 - 1])
    ijk = corners @ to_ijk[:3, :3].T + to_ijk[:3, 3]
    low = np.maximum(np.ceil(ijk.min(axis=0) - 1e-6), 0).astype(int)
    high = np.minimum(np.floor(ijk.max(axis=0) + 1e-6).astype(int) + 1, voxels.shape[::-1])
    if (high <= low).any():
        return None
    i, j, k = np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high)), indexing="ij")
    centers = np.stack([i, j, k], axis=-1) @ to_lps[:3, :3].T + to_lps[:3, 3]
    inside = (np.abs((centers - box[:3, 3]) @ box[:3, :3]) <= size / 2 + 1e-6).all(axis=-1)
    if not inside.any():
        return None
    values = np.where(inside, voxels[k, j, i].astype(float), -np.inf)
    return centers[np.unravel_index(int(values.argmax()), values.shape)].tolist()


def _place(lesion):
    """Where `boxes` sorts a lesion: along the normal, then in the plane."""
    along = np.array(lesion["axes_lps"]) @ np.array(lesion["center_lps"])
    return tuple(np.round(along[[2, 0, 1]], 6))


def _segments(patient, seg):
    """The segments as they are in the scene, and what is told about them."""
    from TumorConnectomeLib.base.errors import InputError
    from TumorConnectomeLib.imaging.segmentation_file import Segment, read_segmentation_command
    from TumorConnectomeLib.scene.segmentation_nodes import add_segmentation, lies_in_space_of

    try:
        found = read_segmentation_command([str(seg)], lambda fraction, message="": None)
    except InputError as error:                         # in the module, too, the CT stays
        return [], [str(error)]
    if not lies_in_space_of(patient, found):
        return [], ["The segmentation lies in another frame of reference than the CT"]
    node = add_segmentation(patient, [Segment.from_record(record) for record in found["segments"]])
    segmentation = node.GetSegmentation()
    return [_segment(node, segmentation.GetNthSegmentID(number)) for number in
            range(segmentation.GetNumberOfSegments())], list(found["findings"])


def _segment(node, segment_id):
    """One segment: its voxels and its surface."""
    import slicer
    import vtk

    from TumorConnectomeLib.scene.segmentation_nodes import surface_volume_mm3

    image = slicer.vtkOrientedImageData()
    node.GetBinaryLabelmapRepresentation(segment_id, image)
    to_lps = _lps(_matrix(image.GetImageToWorldMatrix))
    extent = np.array(image.GetExtent())
    mask = vtk.util.numpy_support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(
        (extent[1::2] - extent[::2] + 1)[::-1]) > 0
    places = np.argwhere(mask)[:, ::-1] + extent[::2]
    surface = vtk.vtkPolyData()
    node.GetClosedSurfaceRepresentation(segment_id, surface)
    return {"name": node.GetSegmentation().GetSegment(segment_id).GetName(),
            "center_lps": (to_lps @ np.append(places.mean(axis=0), 1))[:3].tolist() if len(places) else None,
            "voxel_volume_mm3": float(len(places) * abs(np.linalg.det(to_lps[:3, :3]))),
            "surface_volume_mm3": surface_volume_mm3(surface)}


def main(arguments=None):
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--ct", required=True, type=pathlib.Path, help="folder of the CT series")
    parser.add_argument("--sr", type=pathlib.Path, help="structured report with the boxes")
    parser.add_argument("--seg", type=pathlib.Path, help="DICOM segmentation")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="JSON file to write")
    options = parser.parse_args(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from TumorConnectomeLib.base.errors import TumorConnectomeError
    from TumorConnectomeLib.base.files import atomic_file

    try:
        found = scene_report(options.ct, options.sr, options.seg)
        with atomic_file(options.out, "w", encoding="utf-8") as stream:
            json.dump(found, stream, indent=2, allow_nan=False)
            stream.write("\n")
    except TumorConnectomeError as error:
        print(f"scene_report: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
