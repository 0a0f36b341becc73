"""Neighbors of a cohort on a Dask cluster: the workers read the vectors from a path and leave their parts there.

Needs the package ``distributed`` here and this library on the workers (PYTHONPATH), and a folder that all machines see.
"""
import json
import pathlib

from ..base.errors import JobFailed, TumorConnectomeError
from ..base.files import atomic_file
from ..connectome.graph_result import write_lists
from ..neighbors.distance_scale import DistanceScale
from ..neighbors.leading_axes import Frame
from ..neighbors.row_block_search import longest_centered, part_of_mean, row_block_neighbors, scale_of
from ..readers.vector_file import open_vectors

#: patients per task, if not told otherwise
ROWS_PER_TASK = 8192
#: how often a task is tried again when its worker was lost or failed
_RETRIES = 3
PLAN = "plan.json"


def search_on_cluster(scheduler: str, path, k: int, folder, stem: str, *, rows_per_task: int = ROWS_PER_TASK,
                      report=lambda fraction, message="": None) -> tuple[list[str], DistanceScale]:
    """Find the k nearest and the k farthest of every patient.

    A search that was interrupted goes on with the parts that it finds.

    Parameters
    ----------
    scheduler : str
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``.
    path : path
        ``.npy`` file of vectors (N, D), on a file system that all workers see under the same name.
    k : int
        1..N-1.
    folder : path
        Where the parts go; all workers see it, too.
    stem : str
        How the names of the parts begin.
    rows_per_task : int
        Patients per task.
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    names : list of str
        File names of the parts, in the order of the patients.
    scale : DistanceScale

    Raises
    ------
    InputError
        A vector has no direction.
    JobFailed
        The cluster can not be reached, or a task failed on every worker that tried it.
    """
    from distributed import Client

    path, folder = pathlib.Path(path).resolve(), pathlib.Path(folder).resolve()
    count, length = open_vectors(path).shape
    edges = [*range(0, count, rows_per_task), count]
    blocks = list(zip(edges, edges[1:]))
    parts = [folder / f"{stem}-{number:05d}.parquet" for number in range(len(blocks))]
    _follow_plan(folder / f"{stem}-{PLAN}", path, [count, length, k, rows_per_task], parts)
    report(0.0, f"Connecting to {scheduler}")
    try:
        client = Client(scheduler, timeout="20s", set_as_default=False)
    except (OSError, ValueError, ImportError) as error:
        raise JobFailed(f"no Dask scheduler answers at {scheduler} ({type(error).__name__})") from None
    with client, client.as_current():
        run = _Runner(client, report)
        mean = sum(run(0.00, 0.04, "Mean of all vectors", _mean, [(str(path), *block) for block in blocks])) / count
        longest = max(run(0.04, 0.08, "Longest vector", _longest, [(str(path), *block, mean) for block in blocks]))
        frame = Frame(mean, longest)
        todo = [(str(path), *block, k, frame, str(part)) for block, part in zip(blocks, parts) if not part.exists()]
        run(0.08, 0.97, "Comparing all pairs", _search, todo)
        scale, = run(0.97, 1.00, "Sample of the pairs", _scale, [(str(path),)])
    return [part.name for part in parts], scale


def _follow_plan(plan, path, numbers, parts):
    """Drop the parts of another search, if there are any."""
    status = path.stat()
    wanted = [str(path), status.st_size, status.st_mtime_ns, *numbers]
    try:
        same = json.loads(plan.read_text(encoding="utf-8")) == wanted
    except (OSError, ValueError):
        same = False
    if not same:
        for part in parts:
            part.unlink(missing_ok=True)
        with atomic_file(plan, "w", encoding="utf-8") as stream:
            json.dump(wanted, stream)


class _Runner:
    """Runs one function with many arguments on the cluster and says how far it is."""

    def __init__(self, client, report):
        self._client, self._report = client, report

    def __call__(self, begin, end, message, function, arguments):
        from distributed import as_completed

        futures = [self._client.submit(function, *some, pure=False, retries=_RETRIES) for some in arguments]
        for number, future in enumerate(as_completed(futures), start=1):
            try:
                future.result()
            except TumorConnectomeError:
                raise
            except Exception as error:                  # anything that a worker or its machine can fail with
                reason = f"{type(error).__name__}: {str(error)[:160]}"
                raise JobFailed(f"{message}: a task failed on the cluster ({reason})") from None
            self._report(begin + (end - begin) * number / len(futures), f"{message}: {number} of {len(futures)} parts")
        return [future.result() for future in futures]


def _mean(path, first, last):
    return part_of_mean(open_vectors(path), slice(first, last), source=path)


def _longest(path, first, last, mean):
    return longest_centered(open_vectors(path), slice(first, last), mean)


def _search(path, first, last, k, frame, part):
    write_lists(part, row_block_neighbors(open_vectors(path), slice(first, last), k, frame))


def _scale(path):
    return scale_of(open_vectors(path))
