"""What all processes of one run of the tests share: the environment, the servers of workers, and what workers make."""
import contextlib
import os
import pathlib
import tempfile

from . import warm_workers

#: the folder of what workers make (see `shared_results`)
STUDIES = "SHARED_STUDIES"


def set_environment():
    """Call it before numpy or Qt is imported."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # the tests run in as many processes as there are processors: threads of numpy beside them only wait for each other
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)     # dozens of processes would compile the library, each anew


@contextlib.contextmanager
def shared():
    """Processes that are started meanwhile share with each other, unless this one shares with others already."""
    if STUDIES in os.environ:
        yield
        return
    # the server removes the folder, too: also when this process was ended before it could
    with tempfile.TemporaryDirectory(prefix="workers-", ignore_cleanup_errors=True) as folder:
        studies = pathlib.Path(folder, "studies")
        studies.mkdir()
        environment, end = warm_workers.start(folder)
        os.environ.update(environment, **{STUDIES: str(studies)})
        try:
            yield
        finally:
            end()
            for name in (*environment, STUDIES):
                del os.environ[name]
