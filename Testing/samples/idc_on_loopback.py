"""One patient's CT and report in a loopback IDC, with the manifest that says so, for the tests that fetch it."""
import os
import pathlib
import subprocess
import tempfile
import uuid

from dicom_factory import make_ct, make_sr, rectangle
from loopback_s3 import LoopbackS3

from TumorConnectomeLib.imaging.acquisition import acquire
from TumorConnectomeLib.imaging.idc_manifest import COLUMNS
from TumorConnectomeLib.imaging.idc_series import IdcSeries, IdcStudy
from TumorConnectomeLib.imaging.idc_source import IdcSource
from TumorConnectomeLib.imaging.s5cmd_job import Endpoint
from TumorConnectomeLib.imaging.series_cache import CacheSource, SeriesCache
from TumorConnectomeLib.imaging.sources import SeriesRequest
from TumorConnectomeLib.work.jobs import run_blocking

SLICES = 40


class LoopbackStudy:
    """A CT of SLICES files (or as many as told) and its report, stored in `server` (a LoopbackS3).

    `request` asks for them, `manifest` is the file that lists them, `contents` maps the key of each CT file to its bytes.
    """

    def __init__(self, folder, slices=SLICES):
        folder = pathlib.Path(folder)
        self.slices = make_ct(folder / "ct", slices, size=(64, 64), patient_id="100158")
        self.report = make_sr(folder / "sr.dcm", self.slices, [(3, rectangle(1, 1, 9, 9))],
                              SeriesDescription="Sybil lesion bounding box")
        self.server = LoopbackS3()
        files = [path.read_bytes() for path in sorted((folder / "ct").iterdir())]
        ct_uuid, sr_uuid, self.sr_bytes = str(uuid.uuid4()), str(uuid.uuid4()), (folder / "sr.dcm").read_bytes()
        self.contents = dict(zip(self.server.put(ct_uuid, files), files))
        self.server.put(sr_uuid, [self.sr_bytes])
        self.request = SeriesRequest("100158", self.report.StudyInstanceUID, self.slices[0].SeriesInstanceUID,
                                     self.report.SeriesInstanceUID)
        self.study = IdcStudy(
            IdcSeries(self.request.ct_uid, ct_uuid, "idc-open-data", slices, sum(map(len, files))),
            (IdcSeries(self.request.sr_uid, sr_uuid, "idc-open-data", 1, len(self.sr_bytes)),))
        ct, sr = self.study.ct, self.study.reports[0]
        row = ("100158", self.request.study_uid, ct.uid, ct.uuid, ct.files, ct.bytes, sr.uid, sr.uuid, 1, sr.bytes, ct.bucket)
        self.manifest = folder / "manifest.csv"
        self.manifest.write_text(",".join(COLUMNS) + "\n" + ",".join(map(str, row)) + "\n", encoding="utf-8")


class Fetcher:
    """The sources as the module uses them, on a cache of their own, behind one or two gates."""

    def __init__(self, study, cache_folder, *gates, **job_options):
        self.study, self.gates = study, gates
        self.cache = SeriesCache(cache_folder)
        endpoints = [Endpoint(name, gate if isinstance(gate, str) else gate.url, google=name == "Google")
                     for name, gate in zip(("Amazon", "Google"), gates)]
        self.idc = IdcSource(self.cache, study.manifest, endpoints, **{"retries": 1, **job_options})
        self.sources = [CacheSource(self.cache), self.idc]

    def sequence(self, request=None):
        return acquire(request or self.study.request, self.sources)

    def fetch(self, report=lambda progress: None, request=None):
        """SeriesFiles of the study."""
        return run_blocking(self.sequence(request), report)

    def staged(self):
        """Names of the files that wait for the next try."""
        return {path.name for path in self.cache.staging(self.study.request.ct_uid).rglob("files/*")}

    def assert_whole(self, files):
        """The files are byte for byte those on the server, alone in their folder, and the cache says so by itself."""
        expected = {key.rpartition("/")[2]: content for key, content in self.study.contents.items()}
        assert {path.name: path.read_bytes() for path in files.ct_folder.iterdir()} == expected
        assert files.sr_file.read_bytes() == self.study.sr_bytes
        again = run_blocking(self.sources[0].fetch(self.study.request))
        assert (again.ct_folder, again.sr_file) == (files.ct_folder, files.sr_file)

    def assert_nothing_stored(self):
        """Neither the cache nor the interface could take what is there for a whole CT."""
        assert not self.sources[0].find(self.study.request)
        assert not self.cache.entry(self.study.request.ct_uid).exists()


def interrupted(sequence, stop_at, stop):
    """Run a sequence; at `stop_at` finished files call ``stop(process)``, then go on as a runner does.

    `stop` returns an exception to throw into the sequence, or None to let the job finish as its process did.
    """
    job, finished = next(sequence), 0
    try:
        while True:
            with tempfile.TemporaryFile("w+") as errors:
                process = subprocess.Popen(job.command(), stdout=subprocess.PIPE, stderr=errors, text=True,
                                           env={**os.environ, **job.environment()})
                thrown = None
                with process.stdout:
                    for line in process.stdout:
                        finished += job.feed(line) is not None
                        if stop and finished == stop_at:
                            thrown, stop = stop(process), None
                code = process.wait()
                errors.seek(0)
                job = _step(sequence, job, thrown, code, errors.read())
    except StopIteration as end:
        return end.value


def _step(sequence, job, thrown, code, errors):
    if thrown:
        job.stopped()
        return sequence.throw(thrown)
    try:
        result = job.finish(code, errors)
    except Exception as error:                          # noqa: BLE001 as run_blocking does
        return sequence.throw(error)
    return sequence.send(result)
