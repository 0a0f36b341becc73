"""Fixtures of all tests: the host outside Slicer (started on demand only), the real data folder, an isolated cache."""
import contextlib
import gc
import os
import pathlib
import sys
import traceback

import pytest
from studies import one_run

ROOT = pathlib.Path(__file__).resolve().parents[1]
one_run.set_environment()
sys.dont_write_bytecode = False                         # the tests would be compiled anew by each run


def pytest_configure(config):
    """The first process of a run starts the servers that all workers of the run come from."""
    sharing = contextlib.ExitStack()
    sharing.enter_context(one_run.shared())
    config.add_cleanup(sharing.close)


def pytest_make_parametrize_id(val, argname):
    """Bytes stand in a test's name by their length: their content may hold a time, and all processes must collect one list."""
    return f"{argname}-{len(val)}-bytes" if isinstance(val, (bytes, bytearray)) else None


@pytest.fixture(scope="session", autouse=True)
def isolated_cache(tmp_path_factory):
    """The module's cache lies in a temporary folder, never in the user's own; worker processes inherit it.

    Workers share what they make (see studies/sitecustomize.py).
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORCONNECTOME_CACHE", str(tmp_path_factory.mktemp("cache")))
        for name in ("THUMBNAIL", "WEIGHTS"):
            patch.setenv(f"TUMORCONNECTOME_{name}_BASE", "http://127.0.0.1:9")      # refused: no test asks the real server
        others = os.environ.get("PYTHONPATH")
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "Testing/studies"), *([others] if others else [])]))
        yield


@pytest.fixture(scope="session")
def demo_file(isolated_cache):
    """File of the prepared demo cohort in the module's cache, made once for all processes of a run."""
    from TumorConnectomeLib.base.files import default_cache_folder
    from TumorConnectomeLib.work.jobs import PythonJob, run_blocking

    def prepared():
        return (yield PythonJob("Preparing", "prepare", "--cache", default_cache_folder()))

    return pathlib.Path(run_blocking(prepared())["path"])


@pytest.fixture(scope="session")
def host():
    """slicer.app of the host: qt, ctk and slicer can be imported from here on."""
    from slicerhost import app
    # Some tests run servers in threads. Qt objects in reference cycles must not be deleted there: `no_silent_errors` collects.
    gc.disable()
    application = app.start(testing=True)
    gc.collect()
    gc.freeze()                                         # what is there from now on takes no part in collecting
    return application


#: so many objects that Python's collector knows may be left by tests before the next one waits for it
_LEFT_OBJECTS = 10_000


@pytest.fixture(autouse=True)
def no_silent_errors(monkeypatch):
    """Errors in slots, timers and observers only reach sys.excepthook: once the host runs they fail the test."""
    errors = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: errors.append(error))
    yield errors
    application = getattr(sys.modules.get("slicer"), "app", None)
    if application is not None:
        application.processEvents()
        if gc.get_count()[0] > _LEFT_OBJECTS:           # made and not freed since the last time
            gc.collect()
        told = "\n".join("".join(traceback.format_exception(error)) for error in errors)
        assert not errors, f"in slots, timers or observers:\n{told}"


@pytest.fixture(scope="session")
def real_data():
    """Folder with the published NLST-Sybil embeddings; tests that need it are skipped without it."""
    folder = pathlib.Path(os.environ.get("TUMORCONNECTOME_DATA")
                          or ROOT.parent / "shared" / "data" / "nlst-sybil-connectome")
    if not folder.is_dir():
        pytest.skip(f"real data not found at {folder}: set TUMORCONNECTOME_DATA to the nlst-sybil-connectome folder")
    return folder
