"""Runs the module's self-test in any Slicer, and writes what happened as JSON with pictures of the main window:

    Slicer --no-splash --python-script Testing/slicer/run_in_slicer.py [--output FOLDER] [--stories NAME ...] [--no-table]

With or without --testing. Prints one line for each story and ends Slicer with a status:

0  every story passed or was skipped, and Slicer's methods behave as docs/slicer-api-semantics.md says
1  a story failed, or a row of that table differs
2  nothing could be run: there is no main window, or the module can not be loaded

See docs/running-in-slicer.md.
"""
import argparse
import json
import os
import pathlib
import platform
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULE = "TumorConnectome"
#: a common laptop's screen: arrangements must not force the main window beyond it
WINDOW = (1366, 768)
PASSED, FAILED, NOT_RUN = 0, 1, 2


def main(arguments):
    """Run the stories and write the report; returns the exit status."""
    import slicer

    options = parse(arguments)
    if slicer.util.mainWindow() is None or slicer.app.layoutManager() is None:
        print(f"{MODULE}: the stories need Slicer's main window: start Slicer without --no-main-window", flush=True)
        return NOT_RUN
    try:
        path = load_module(options.module)
        unknown = [name for name in options.stories if not hasattr(test_class(), f"story_{name}")]
    except Exception as error:                          # whatever the module's import raises
        traceback.print_exc()
        print(f"{MODULE}: can not be loaded: {type(error).__name__}: {error}", flush=True)
        return NOT_RUN
    if unknown:
        print(f"{MODULE}: there is no story {', '.join(unknown)}", flush=True)
        return NOT_RUN
    options.output.mkdir(parents=True, exist_ok=True)
    record = {"application": application(), "module": path, **run_stories(options),
              "semantics": semantics() if options.table else {"note": "not asked", "rows": []}}
    differ = [row for row in record["semantics"]["rows"] if row["as_said"] is False]
    failed = [story["name"] for story in record["stories"] if story["outcome"] == "failed"]
    record["status"] = FAILED if failed or differ else PASSED
    report = options.output / "stories.json"
    report.write_text(json.dumps(record, indent=1, default=str), encoding="utf-8")
    for row in differ:
        print(f"Not as in docs/slicer-api-semantics.md: {row['call']}: {row['seen']} instead of {row['expected']}", flush=True)
    print(f"{MODULE}: {len(failed)} of {len(record['stories'])} stories failed; {len(differ)} of "
          f"{len(record['semantics']['rows'])} rows of Slicer's API differ; report: {report}", flush=True)
    return record["status"]


def parse(arguments):
    """The options; Slicer passes on what it does not know itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "output" / "slicer", help="for report and pictures")
    parser.add_argument("--module", type=pathlib.Path, default=ROOT / MODULE / f"{MODULE}.py",
                        help="the module's file, when Slicer has not loaded the module already")
    parser.add_argument("--stories", nargs="+", default=(), metavar="NAME", help="only these")
    parser.add_argument("--no-table", dest="table", action="store_false",
                        help="do not try the rows of docs/slicer-api-semantics.md")
    options, _others = parser.parse_known_args(arguments)
    options.output = options.output.resolve()
    return options


def load_module(path):
    """Load the module, unless Slicer has it; returns the path of its file."""
    import qt
    import slicer

    if not hasattr(slicer.modules, MODULE.lower()):
        factory = slicer.app.moduleManager().factoryManager()
        factory.registerModule(qt.QFileInfo(str(path)))
        if not factory.isRegistered(MODULE) or not factory.loadModules([MODULE]):
            raise ImportError(f"Slicer refused {path}; its log says why")
    return getattr(slicer.modules, MODULE.lower()).path


def test_class():
    """The module's self-test, a subclass of ScriptedLoadableModuleTest."""
    return getattr(sys.modules[MODULE], MODULE + "Test")


def run_stories(options):
    """Run the self-test in a window of a laptop's size; returns the records of its report."""
    import slicer

    window = slicer.util.mainWindow()
    size, maximized = (window.width, window.height), window.isMaximized()
    if maximized:
        window.showNormal()
    window.resize(*WINDOW)
    slicer.app.processEvents()
    case = test_class()()
    case.messageDelay, case.pictures = 0, options.output
    start = time.monotonic()
    try:
        case.runTest(options.stories)
    except AssertionError as error:
        print(error, file=sys.stderr, flush=True)       # the tracebacks; the lines were printed already
    finally:
        window.resize(*size)
        if maximized:
            window.showMaximized()
    return {**case.report.to_record(), "seconds": time.monotonic() - start}


def semantics():
    """Every row of docs/slicer-api-semantics.md, asked in this application: {"note": str, "rows": list of dict}.

    A row has the keys call, argument, expected, seen and as_said (bool, or None when it could not be asked).
    """
    probe = pathlib.Path(__file__).with_name("probe_semantics.py")
    if not probe.is_file():
        return {"note": f"{probe.name} is not there", "rows": []}
    sys.path.insert(0, str(probe.parent))
    try:
        from probe_semantics import probe_rows

        return {"note": "", "rows": [dict(row) for row in probe_rows()]}
    except Exception as error:
        traceback.print_exc()
        row = {"call": "probe_rows()", "argument": "", "expected": "no error", "seen": f"{type(error).__name__}: {error}",
               "as_said": False}
        return {"note": "the table could not be asked", "rows": [row]}
    finally:
        sys.path.remove(str(probe.parent))


def application():
    """Which Slicer this is."""
    import qt
    import slicer
    import vtk

    app = slicer.app
    return {"name": app.applicationName, "version": app.applicationVersion, "revision": app.repositoryRevision,
            "testing": bool(app.testingEnabled()), "platform": platform.platform(), "qt": qt.qVersion(),
            "vtk": vtk.vtkVersion.GetVTKVersion(), "python": platform.python_version(),
            "dicom": getattr(slicer, "dicomDatabase", None) is not None, "desktop": os.environ.get("XDG_CURRENT_DESKTOP", "")}


if __name__ == "__main__":
    try:
        STATUS = main(sys.argv[1:])
    except SystemExit as stop:                          # argparse
        STATUS = stop.code if isinstance(stop.code, int) else NOT_RUN
    except Exception:
        traceback.print_exc()
        STATUS = NOT_RUN
    import slicer.util

    slicer.util.exit(STATUS)
