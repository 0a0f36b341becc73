"""Get the files of a series from the first source that has them."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ..base.errors import Cancelled, NotAvailable, PackageMissing, TumorConnectomeError
from ..work.jobs import Sequence
from .file_lock import Busy
from .sources import SeriesRequest, Source
from .transfer_errors import TransferFailed, is_offline


def acquire(request: SeriesRequest, sources: Iterable[Source]) -> Sequence:
    """Try the sources in their order; a sequence of jobs that returns SeriesFiles.

    A source that should have had the files but failed does not stop the search; it is told in `SeriesFiles.note`. When a local
    source has the CT but no report of it, the report alone is fetched.

    Raises
    ------
    NotAvailable
        No source has the files.
    Busy
        Another request is fetching the same series just now.
    PackageMissing
        No source could deliver, and one for want of a Python package.
    TumorConnectomeError
        No source could deliver, and at least one failed; the text names each and why.
    """
    problems, sources = [], list(sources)
    for source in sources:
        if not source.find(request):
            continue
        try:
            files = yield from source.fetch(request)
        except (Cancelled, Busy):
            raise
        except TumorConnectomeError as error:
            problems.append((source.name, error))
        except OSError as error:                        # disk full, permission denied
            problems.append((source.name, TumorConnectomeError(_os_error_text(error))))
        else:
            if files.ct_folder is not None and files.sr_file is None and not source.remote:
                files = yield from _with_report(request, files, sources)
            notes = [str(error) for _, error in problems if not isinstance(error, NotAvailable)]
            return dataclasses.replace(files, note="; ".join([*notes, *([files.note] if files.note else [])]))
    raise _summary(request, problems)


def _with_report(request, files, sources):
    """The same files, with the report from the first remote source that has it; if that fails the note says so."""
    wanted = dataclasses.replace(request, report_only=True)
    for source in sources:
        if not (source.remote and source.find(wanted)):
            continue
        try:
            found = yield from source.fetch(wanted)
        except (Cancelled, Busy):
            raise
        except TumorConnectomeError as error:
            return dataclasses.replace(files, note="; ".join(filter(None, (files.note, f"{source.name}: {error}"))))
        if found.sr_file is not None:
            return dataclasses.replace(files, sr_file=found.sr_file, note=f"the report is from {source.name}")
    return files


def _os_error_text(error):
    return f"{error.strerror or error}: {error.filename}" if error.filename else str(error)


def _summary(request, problems):
    if not problems:
        return NotAvailable(f"no source has the CT series {request.ct_uid} of patient {request.patient_id}")
    nowhere = all(isinstance(error, NotAvailable) for _, error in problems)
    reasons = "; ".join(f"{name}: {error}" for name, error in problems)
    text = f"no images of patient {request.patient_id}: {reasons}"
    for _, error in problems:
        if isinstance(error, TransferFailed):
            # without a network it is the same for every patient
            return error if is_offline(error) else TransferFailed(error.kind, text)
        if isinstance(error, PackageMissing):
            return PackageMissing(text, error.package)
    return (NotAvailable if nowhere else TumorConnectomeError)(text)
