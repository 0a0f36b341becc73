"""Memory and time of five CTs in the scene, ours against Slicer's image reader in one run.

    python Testing/benchmarks/bench_voxel_memory.py [--patients 5] [--slices 161]

The CTs are made up as a GE scanner stores them: 512 x 512 pixels of 16 signed stored bits, intercept -1024, of which the image
reader (ITK with GDCM) makes int32, as up to 29ca17c this module did, too. Both load all CTs from a warm disk cache, in turns;
memory is what the process gained (resident), and what the voxels take by themselves.
"""
import argparse
import ctypes
import gc
import os
import pathlib
import sys
import tempfile
import time

import numpy as np

TESTING = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTING), str(TESTING / "samples"), str(TESTING.parent / "TumorConnectome")]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def memory_mb():
    """Resident memory of this process in MB (10^6 bytes), after malloc gave back what is free."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def made_up(folder, slices, seed):
    """A CT of a GE scanner; returns what `inspect` finds."""
    from dicom_factory import edit, make_ct

    from TumorConnectomeLib.imaging.inspection import inspect

    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 2000, (512, 512), np.int16)
    for number, dataset in enumerate(make_ct(folder, slices, size=(512, 512), step=2.0, seed=seed)):
        dataset.PixelData = np.roll(noise, number, axis=0).tobytes()
        edit(dataset, RescaleIntercept="-1024")
    return inspect(folder)


def loaded(inspections, read):
    """Load all with `read`: MB gained, MB of voxels, seconds a CT (all of them), type."""
    import slicer

    before, seconds, volumes = memory_mb(), [], []
    for inspection in inspections:
        began = time.perf_counter()
        volumes.append(read(inspection))
        seconds.append(time.perf_counter() - began)
    gained = memory_mb() - before
    voxels = sum(volume.GetImageData().GetActualMemorySize() * 1024 / 1e6 for volume in volumes)
    kind = str(slicer.util.arrayFromVolume(volumes[0]).dtype)
    for volume in volumes:
        slicer.mrmlScene.RemoveNode(volume)
    return gained, voxels, float(np.median(seconds)), kind


def main():
    """Print both and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patients", type=int, default=5)
    parser.add_argument("--slices", type=int, default=161)
    options = parser.parse_args()
    from slicerhost import app
    app.start(testing=True)
    import slicer

    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    def bare(inspection):
        return slicer.util.loadVolume(inspection["files"][0], properties={
            "name": "CT", "fileNames": inspection["files"], "singleFile": False, "show": False, "autoWindowLevel": False})

    with tempfile.TemporaryDirectory() as folder:
        inspections = [made_up(pathlib.Path(folder) / str(number), options.slices, number)
                       for number in range(options.patients)]
        readers = {"image reader": bare, "ours": lambda inspection: ArchetypeReader().read(inspection)[0]}
        loaded(inspections[:1], bare), loaded(inspections[:1], readers["ours"])         # what is loaded once only
        results = {name: loaded(inspections, read) for name, read in readers.items()}
    for name, (gained, voxels, seconds, kind) in results.items():
        print(f"{name:>12}: {options.patients} CTs of {options.slices} slices: {gained:.0f} MB resident, "
              f"{voxels:.0f} MB of voxels ({kind}), {seconds:.2f} s a CT")
    ratios = [ours / theirs for ours, theirs in zip(results["ours"][:3], results["image reader"][:3])]
    print("ours / image reader: {:.2f} resident, {:.2f} voxels, {:.2f} time".format(*ratios))


if __name__ == "__main__":
    main()
