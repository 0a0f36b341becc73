"""Memory of five loaded patients with CTs of the published size, shown in turn and unloaded again.

    python Testing/benchmarks/bench_memory_patients.py [--patients 5] [--slices 161]

Each CT is made up: 512 x 512 x 161 voxels of 16 bits, the median of the published series (109 to 426 slices). Resident
memory of the whole process is printed: the host, Qt, VTK and everything that the module keeps. In Slicer itself the
application's own memory comes on top.
"""
import argparse
import ctypes
import gc
import os
import pathlib
import sys
import tempfile

TESTING = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTING), str(TESTING / "samples"), str(TESTING.parent / "TumorConnectome")]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_LIMIT_MB = 2500


def memory_mb():
    """Resident memory of this process in MB (10^6 bytes), after malloc gave back what is free."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak_mb():
    """Largest resident memory so far in MB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patients", type=int, default=5)
    parser.add_argument("--slices", type=int, default=161)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TUMORCONNECTOME_CACHE"] = folder + "/cache"
        measure(pathlib.Path(folder), options)


def measure(folder, options):
    """Load, show, unload, and print."""
    from dicom_factory import make_ct, make_sr, rectangle
    from module_session import ModuleSession

    session = ModuleSession()
    session.load_cohort()
    from TumorConnectomeLib.imaging.inspection import inspect
    from TumorConnectomeLib.scene.image_views import ImageViews
    from TumorConnectomeLib.scene.patient_nodes import load_patient, voxel_megabytes
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    patients = session.panel.state.cohort.patient_ids[:options.patients]
    compare, start = session.panel.compare, memory_mb()
    print(f"application, demo cohort, no images: {start:.0f} MB")
    for number, patient in enumerate(patients):
        slices = make_ct(folder / patient, options.slices, size=(512, 512), step=2.0, patient_id=patient, seed=number)
        make_sr(folder / f"{patient}.dcm", slices, [(options.slices // 2, rectangle(200, 200, 240, 240))])
        slices = None
        inspection = inspect(folder / patient, folder / f"{patient}.dcm")
        nodes = load_patient(patient, inspection, ArchetypeReader())
        compare.display.present([patients[0], patient][:number + 1], ImageViews.PAIR if number else ImageViews.ONE)
        session.settle()
        print(f"{number + 1} loaded ({voxel_megabytes(nodes):.0f} MB of voxels each), last two shown: {memory_mb():.0f} MB")
    compare.display.present(patients, ImageViews.SIX)
    session.settle()
    compare.nine.show()
    session.settle()
    loaded, voxels = memory_mb(), options.patients * voxel_megabytes(nodes)
    print(f"all in six views and nine directions: {loaded:.0f} MB, peak {peak_mb():.0f} MB, limit {_LIMIT_MB} MB; "
          f"{(loaded - start) / voxels:.2f} MB more for each MB of voxels")
    nodes = None
    compare.unload(list(patients))
    session.settle()
    print(f"all unloaded: {memory_mb():.0f} MB")
    session.window.close()


if __name__ == "__main__":
    main()
