"""Random CT series, written as files and loaded into the scene: how far is each slice from where its header says?

    python Testing/benchmarks/bench_irregular_series.py [--series 500] [--seed 0]

Each series draws steps, holes, lost slices, jitter, gantry tilt, orientation and flips (Testing/imaging/random_stacks.py);
files are named in random order, and some slices are there twice. Every slice has one bright pixel. The error of a slice is
the distance of that pixel in the scene from the place its header gives, along each axis of the volume in voxels; half a voxel
is allowed, and along the normal half of the finest step of the series. The peer is Slicer's image reader (ITK) on the same
files in the order of their positions, as 3D Slicer reads them without a grid transform.
"""
import argparse
import contextlib
import os
import pathlib
import shutil
import sys
import tempfile
from collections import defaultdict

import numpy as np

TESTING = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTING), str(TESTING / "samples"), str(TESTING.parent / "TumorConnectome")]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_ROWS, _COLUMNS, _MARK = 6, 40, 2000


def written(folder, stack, rng):
    """Write a stack with one bright pixel a slice; returns the places of these pixels, float64, shape (S, 3) [mm, LPS]."""
    from dicom_factory import edit, make_ct

    flip = rng.random() < 0.3                           # the headers' own normal runs the other way
    row, column = stack.axes_lps[0], stack.axes_lps[1] * (-1 if flip else 1)
    slices = make_ct(folder, positions=stack.positions_lps, orientation=(*row, *column), spacing=stack.pixel_spacing_mm,
                     size=(_ROWS, _COLUMNS), seed=int(rng.integers(1 << 30)))
    places = []
    for number, dataset in enumerate(slices):
        pixels = np.full((_ROWS, _COLUMNS), -800, np.int16)
        pixels[number // _COLUMNS, number % _COLUMNS] = _MARK
        dataset.PixelData = pixels.tobytes()
        edit(dataset)
        places.append(np.array(dataset.ImagePositionPatient, float) + row * 0.7 * (number % _COLUMNS)
                      + column * 0.8 * (number // _COLUMNS))
    if rng.random() < 0.2:
        shutil.copy(slices[0].filename, folder / "zz_copy.dcm")
    return np.array(places)


def errors(volume, places):
    """Distance of each slice's pixel from its place along the volume's axes [voxels]: float64, shape (S, 3)."""
    import slicer
    import vtk

    voxels, matrix = slicer.util.arrayFromVolume(volume), vtk.vtkMatrix4x4()
    volume.GetRASToIJKMatrix(matrix)
    to_ijk = slicer.util.arrayFromVTKMatrix(matrix) @ np.diag([-1, -1, 1, 1])
    expected = places @ to_ijk[:3, :3].T + to_ijk[:3, 3]
    found = np.argwhere(voxels == _MARK)[:, ::-1]
    assert len(found) == len(places), f"{len(found)} of {len(places)} slices are shown"
    nearest = np.abs(found[:, None] - expected).max(axis=2).argmin(axis=0)
    return np.abs(found[nearest] - expected)


@contextlib.contextmanager
def silent():
    """ITK warns of every irregular series on the standard error of the process."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def main():
    """Print the largest errors by kind of series; exit status 1 when one is above half a voxel."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--series", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    from random_stacks import random_stack

    from slicerhost import app
    app.start(testing=True)
    import slicer

    from TumorConnectomeLib.imaging.inspection import inspect
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    worst, peers, finest = defaultdict(float), defaultdict(float), 0.0
    for number in range(options.series):
        rng = np.random.default_rng([options.seed, number])
        stack = random_stack(rng, most=30)
        with tempfile.TemporaryDirectory() as name, silent():
            folder = pathlib.Path(name)
            places = written(folder, stack, rng)
            found = inspect(folder)
            volume, _ = ArchetypeReader().read(found)
            off = errors(volume, places)
            step_mm = volume.GetSpacing()[2]
            peer = slicer.util.loadVolume(found["files"][0], properties={
                "name": "CT", "fileNames": found["files"], "singleFile": False, "show": False})
            peer_off = errors(peer, places) * peer.GetSpacing()
        steps = np.diff(np.sort(stack.positions_lps @ stack.axes_lps[2]))
        worst[stack.kind] = max(worst[stack.kind], off.max())
        finest = max(finest, float(off[:, 2].max() * step_mm / steps.min()))
        peers[stack.kind] = max(peers[stack.kind], float(peer_off.max()))
        slicer.mrmlScene.Clear()
    print(f"{options.series} random series, largest error of any slice by kind:")
    for kind in sorted(worst):
        print(f"  {kind:<18} {worst[kind]:.3f} voxels; image reader alone: {peers[kind]:7.1f} mm")
    print(f"largest of all: {max(worst.values()):.4f} voxels (allowed 0.5), {finest:.4f} of the finest step along the normal")
    return int(max(worst.values()) > 0.5 + 1e-6)


if __name__ == "__main__":
    sys.exit(main())
