"""A second load of a CT from the cache against Slicer's own DICOM load, in one run.

    python Testing/benchmarks/bench_load_series.py [--slices 200] [--repeats 5]

Both read the same made-up series of 512 x 512 slices from a warm disk cache and end with a volume node in the scene. Ours
is what a click does when the series is in the cache and was looked at before: the cache compares names, sizes and times of
all files, the stored inspection is found, the image reader reads, the corners of the volume are compared with the headers,
boxes and transform are placed. Slicer's DICOM module is not part of slicer-core, so a stand-in does what it does once a
series is in its database: DICOMScalarVolumePlugin.examine asks for thirteen tags of every file (read here from the headers
with pydicom; Slicer has them in the tag cache of its database when it has seen the file before), sorts by position, and
runs vtkITKArchetypeImageSeriesReader. The bare reader is timed, too: it is the least that either can take.
"""
import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time

TESTING = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTING), str(TESTING / "samples"), str(TESTING.parent / "TumorConnectome")]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_TAGS = ["SOPClassUID", "PhotometricInterpretation", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber",
         "ImagePositionPatient", "ImageOrientationPatient", "AcquisitionNumber", "ImageType", "NumberOfFrames",
         "SOPInstanceUID", "WindowCenter", "WindowWidth"]


def cached_series(folder, slices):
    """Put a made-up CT with a report into a cache, as a download would; returns the cache and the request."""
    from dicom_factory import make_ct, make_sr, rectangle

    from TumorConnectomeLib.imaging.series_cache import SeriesCache, record_of
    from TumorConnectomeLib.imaging.series_check import verify_command
    from TumorConnectomeLib.imaging.sources import SeriesRequest

    datasets = make_ct(folder / "ct" / "files", slices, size=(512, 512), step=1.25)
    (folder / "sr" / "files").mkdir(parents=True)
    report = make_sr(folder / "sr" / "files" / "sr.dcm", datasets, [(slices // 2, rectangle(200, 200, 240, 240))])
    cache = SeriesCache(folder / "cache")
    uids = datasets[0].SeriesInstanceUID, report.SeriesInstanceUID
    for name, uid, report_uid in (("sr", uids[1], ""), ("ct", uids[0], uids[1])):
        (seen,) = verify_command(["", str(folder / name / "files"), uid], lambda *_: None)
        cache.put(folder / name, record_of(uid, seen, report_uid))
    return cache, SeriesRequest("P1", datasets[0].StudyInstanceUID, *uids)


def our_load(cache, request):
    """What a click on a patient does whose CT is in the cache: seconds."""
    from TumorConnectomeLib.imaging.acquisition import acquire
    from TumorConnectomeLib.imaging.series_cache import CacheSource
    from TumorConnectomeLib.panel.imaging_controller import inspect_sequence
    from TumorConnectomeLib.scene.patient_nodes import load_patient, unload_patient
    from TumorConnectomeLib.scene.volume_readers import choose_reader
    from TumorConnectomeLib.work.jobs import run_blocking

    began = time.perf_counter()
    files = run_blocking(acquire(request, [CacheSource(cache)]))
    (inspection,) = run_blocking(inspect_sequence([request], [files]))
    patient = load_patient("P1", inspection, choose_reader(synthetic=False))
    seconds = time.perf_counter() - began
    assert len(patient.lesions) == 1
    unload_patient(patient)
    return seconds, files.ct_folder, inspection["files"]


def reader_load(files):
    """The bare reader on sorted files: seconds."""
    import slicer

    began = time.perf_counter()
    volume = slicer.util.loadVolume(files[0], properties={"name": "CT", "fileNames": files, "singleFile": False, "show": False})
    seconds = time.perf_counter() - began
    slicer.mrmlScene.RemoveNode(volume)
    return seconds


def slicer_load(folder):
    """Stand-in for Slicer's DICOM module on a series that is in its database: seconds."""
    import numpy as np
    import pydicom
    import slicer

    began = time.perf_counter()
    headers = {str(path): pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS) for path in folder.iterdir()}
    for tag in _TAGS:
        for header in headers.values():
            str(header.get(tag, ""))
    first = next(iter(headers.values()))
    normal = np.cross(*np.array(first.ImageOrientationPatient, float).reshape(2, 3))
    files = sorted(headers, key=lambda path: float(np.dot(np.array(headers[path].ImagePositionPatient, float), normal)))
    volume = slicer.util.loadVolume(files[0], properties={"name": "CT", "fileNames": files, "singleFile": False, "show": False})
    seconds = time.perf_counter() - began
    slicer.mrmlScene.RemoveNode(volume)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--slices", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TUMORCONNECTOME_CACHE"] = folder + "/cache"
        from slicerhost import app
        app.start(testing=True)
        cache, request = cached_series(pathlib.Path(folder), options.slices)
        first, ct_folder, files = our_load(cache, request)
        times = {"ours": [], "slicer": [], "reader": []}
        for _ in range(options.repeats):                # in turns: both see the same load of the machine
            times["ours"].append(our_load(cache, request)[0])
            times["slicer"].append(slicer_load(ct_folder))
            times["reader"].append(reader_load(files))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{options.slices} slices of 512 x 512, median of {options.repeats}:")
    print(f"  first load from the cache (headers inspected in a child process): {first:.2f} s")
    print(f"  second load: {medians['ours']:.2f} s")
    print(f"  Slicer's own DICOM load (stand-in): {medians['slicer']:.2f} s; ratio ours / Slicer's "
          f"{medians['ours'] / medians['slicer']:.2f}")
    print(f"  bare image reader: {medians['reader']:.2f} s; ratio ours / reader {medians['ours'] / medians['reader']:.2f}")


if __name__ == "__main__":
    main()
