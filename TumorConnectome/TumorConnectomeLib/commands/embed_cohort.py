"""Embeds all tumors of a folder or of an IDC collection: restartable, on this machine or on a Dask cluster."""
from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import pathlib
import shutil
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ..base.errors import InputError, JobFailed, PackageMissing, TumorConnectomeError
from ..base.files import atomic_file
from ..embedding.embed import Encoder
from ..embedding.series_embedding import SeriesTask, TumorRow, embed_series
from ..embedding.tumor_list import Places, list_tasks
from ..imaging.file_header import read_header
from ..imaging.idc_collection import Annotation, annotations_of
from ..imaging.idc_source import IdcSource
from ..imaging.segmentation_file import segmented_series
from ..imaging.series_cache import SeriesCache
from ..work.jobs import run_blocking
from .tables import write_csv

#: how often a task is tried again when its worker was lost
_RETRIES = 3
#: columns before the vector's
COLUMNS = ("PatientID", "SeriesInstanceUID", "model", "lesion", "coordX", "coordY", "coordZ", "cut_mm")


@dataclasses.dataclass
class Outcome:
    """How it went: rows of the result, of them made now and not before, and lines about what has no vector, or an odd crop."""

    rows: int = 0
    new: int = 0
    problems: list[str] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)


def embed_cohort(options, report: Callable[[float | None, str], None]) -> Outcome:
    """Embed what ``--images`` or ``--collection`` names and write the table.

    What is done is kept beside the table, one small file for each CT series, until all is done: the command goes on from there.

    Raises
    ------
    InputError
        No such folder, model or collection, unfitting weights, or not one tumor could be embedded.
    JobFailed
        No Dask scheduler answers.
    """
    _checked_out(options.out)
    encoder = Encoder(options.model, options.weights)   # before anything is read or fetched
    options.model, weights = encoder.model.name, str(pathlib.Path(options.weights).resolve()) if options.weights else ""
    outcome, parts = Outcome(), _Parts(options.out, encoder)
    if options.collection:
        listed = annotations_of(options.collection, options.annotations)[:options.limit]
        count, tasks = len(listed), _fetched(listed, options, weights, outcome, report)
    else:
        folders = (path and path.resolve() for path in (options.images, options.cache, options.boxes, options.segments))
        places = Places(*folders, options.points)
        found, outcome.problems = list_tasks(places, options.model, weights, lambda fraction, message: report(None, message))
        found = found[:options.limit]
        count, tasks = len(found), iter(found)
    rows = []
    for number, (task, part, new) in enumerate(_done(tasks, parts, options.scheduler, report), start=1):
        good = [row for row in part if not row.problem]
        outcome.problems += [_named(row, task, row.problem) for row in part if row.problem]
        outcome.notes += [_named(row, task, row.note) for row in good if row.note]
        outcome.new += len(good) if new else 0
        # a list of numbers takes eight times the memory
        rows += [dataclasses.replace(row, vector=np.array(row.vector, np.float32)) for row in good]
        report(number / max(count, 1), f"{number} of {count} CTs, {len(rows)} tumors embedded")
    if not rows:
        raise InputError("no tumor could be embedded" + (f"; {outcome.problems[0]}" if outcome.problems else ""),
                         source=options.images or options.collection, expected="CTs with marked tumors")
    rows.sort(key=lambda row: (row.patient_id, row.series_uid, _number(row.lesion), row.lesion))
    write_rows(options.out, options.model, rows)
    if not outcome.problems:
        parts.remove()
    outcome.rows = len(rows)
    return outcome


def _number(lesion):
    return int(lesion) if lesion.isdigit() else 0


def _checked_out(path):
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"the ending {path.suffix!r}", source=path, expected=".csv or .parquet")
    if path.suffix.lower() == ".parquet" and importlib.util.find_spec("pyarrow") is None:       # told before hours of work
        raise PackageMissing("to write Parquet the Python package pyarrow is needed, which is not installed", "pyarrow")


def _named(row, task, text):
    """A line with the place it is about."""
    where = ", ".join(filter(None, (row.patient_id and f"patient {row.patient_id}", row.lesion and f"lesion {row.lesion}")))
    return f"{where or f'CT series {task.series_uid}'}: {text}"


class _Parts:
    """Results of single series beside the table, each under a name that says what it was made of."""

    def __init__(self, out, encoder):
        self._folder = out.parent / f"{out.name}.parts"
        self._made_by = [encoder.model.name, encoder.weights_sha256, dataclasses.astuple(encoder.model)[1:7]]

    def _path(self, task):
        content = [*self._made_by, task.series_uid, task.points]
        for name in (*task.files, task.report, task.segmentation):
            try:
                status = pathlib.Path(name).stat() if name else None
            except OSError:                             # gone since it was listed: the task will say so
                status = None
            content.append([name, status and status.st_size, status and status.st_mtime_ns])
        return self._folder / f"{hashlib.sha256(json.dumps(content).encode(errors='surrogateescape')).hexdigest()[:32]}.json"

    def read(self, task) -> list[TumorRow] | None:
        """What was made before, None if nothing; series with a problem are tried again."""
        try:
            rows = [TumorRow(**row) for row in json.loads(self._path(task).read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError):
            return None
        return None if any(row.problem for row in rows) else rows

    def write(self, task, rows) -> None:
        """Keep a result."""
        with atomic_file(self._path(task), "w", encoding="utf-8") as stream:
            json.dump([dataclasses.asdict(row) for row in rows], stream)

    def remove(self) -> None:
        """All is in the table."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _done(tasks: Iterable[SeriesTask], parts, scheduler, report) -> Iterator[tuple[SeriesTask, list[TumorRow], bool]]:
    """Task, its rows, and whether they are new; results are kept as they come."""
    waiting = []
    for task in tasks:
        rows = parts.read(task)
        if rows is not None:
            yield task, rows, False
        elif scheduler:
            waiting.append(task)
        else:
            rows = embed_series(task)
            parts.write(task, rows)
            yield task, rows, True
    if waiting:
        for task, rows in _on_cluster(waiting, scheduler, report):
            parts.write(task, rows)
            yield task, rows, True


def _on_cluster(tasks, scheduler, report):
    """Task and rows of each task, in the order in which workers end them.

    A worker that is lost changes nothing: another one gets its task. A task that ends its workers again and again is the
    problem of its own series only.
    """
    from distributed import Client, as_completed

    report(None, f"Connecting to {scheduler}")
    try:
        client = Client(scheduler, timeout="20s", set_as_default=False)
    except (OSError, ValueError, ImportError) as error:
        raise JobFailed(f"no Dask scheduler answers at {scheduler} ({type(error).__name__})") from None
    with client, client.as_current():
        futures = {client.submit(embed_series, task, pure=False, retries=_RETRIES): task for task in tasks}
        for future in as_completed(list(futures)):
            task = futures[future]
            try:
                yield task, future.result()
            except TumorConnectomeError:                # of the model and its weights: the same in all tasks
                raise
            except Exception as error:                  # noqa: BLE001 anything that a worker or its machine can fail with
                problem = f"failed on the cluster ({type(error).__name__}: {str(error)[:160]})"
                yield task, [TumorRow("", task.series_uid, "", (float("nan"),) * 3, problem=problem)]


def _fetched(listed: list[Annotation], options, weights, outcome, report) -> Iterator[SeriesTask]:
    """Fetch each annotation and the CT that it is about, and yield the task; what fails is a problem of its own."""
    cache = SeriesCache(options.cache)
    source = IdcSource(cache)
    for number, annotation in enumerate(listed):
        report(number / len(listed), f"Fetching annotation {number + 1} of {len(listed)} from IDC")
        try:
            file = min(pathlib.Path(run_blocking(source.fetch_series(annotation.series))).iterdir())
            about = _about(file, annotation.modality)
            ct = next((ct for ct in annotation.cts if ct.uid in about), None)
            if ct is None:
                raise InputError("it is about no CT of its study in IDC", source=f"annotation {annotation.series.uid}")
            folder = run_blocking(source.fetch_series(ct))
        except TumorConnectomeError as error:
            outcome.problems.append(f"annotation {annotation.series.uid}: {error}")
            if getattr(error, "kind", "") == "offline":
                raise
            continue
        files = tuple(str(path) for path in sorted(pathlib.Path(folder).iterdir()))
        mark = {"SR": "report", "SEG": "segmentation"}[annotation.modality]
        yield SeriesTask(files, ct.uid, options.model, weights, **{mark: str(file)})


def _about(file, modality) -> tuple[str, ...]:
    """SeriesInstanceUIDs that an annotation refers to."""
    if modality == "SEG":
        return (segmented_series(file),)
    header = read_header(file)
    return header.references if header else ()


def write_rows(path, model: str, rows: list[TumorRow]) -> None:
    """Write the table, vectors as float32 arrays: CSV, or Parquet where the file's name says so."""
    names = [f"pred_{number}" for number in range(len(rows[0].vector))]
    if path.suffix.lower() == ".csv":
        write_csv(path, (*COLUMNS, *names), ((*_leading(row, model), *row.vector.tolist()) for row in rows))
        return
    import pyarrow
    import pyarrow.parquet

    vectors = np.stack([row.vector for row in rows])
    columns = dict(zip(COLUMNS, zip(*(_leading(row, model) for row in rows))))
    columns |= {name: vectors[:, number] for number, name in enumerate(names)}
    with atomic_file(path) as stream:
        pyarrow.parquet.write_table(pyarrow.table({name: pyarrow.array(values) for name, values in columns.items()}), stream,
                                    compression="zstd")


def _leading(row, model):
    return (row.patient_id, row.series_uid, model, row.lesion, *row.point_lps_mm, row.cut_mm)

