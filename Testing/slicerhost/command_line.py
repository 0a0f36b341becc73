"""The host started as Slicer is:

    python -m slicerhost [--testing] [--no-main-window] [--python-script FILE] [MODULE.py] [arguments of the script]

A window for one scripted module, or a script that runs when the application has started. As in a fresh profile of Slicer,
the DICOM database is closed and its folder is missing.
"""
import argparse
import os
import runpy
import sys
import traceback

from . import app, dicom_module


def main():
    """Start, run, and end with the status that slicer.util.exit() was given."""
    parser = argparse.ArgumentParser("slicerhost", description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--testing", "--no-main-window", "--no-splash"):
        parser.add_argument(option, action="store_true")
    parser.add_argument("--python-script", metavar="FILE")
    options, others = parser.parse_known_args()
    if options.python_script is None and len(others) != 1:
        parser.error("a module or a script is needed")
    application = app.start(testing=options.testing, arguments=["slicerhost"])
    dicom_module.install(os.path.join(application.temporaryPath, "SlicerDICOMDatabase"))
    application._has_main_window = not options.no_main_window
    module = app.load_module(others[0]) if options.python_script is None else None
    if not options.no_main_window:
        app.MainWindow(module).show()
    application.startupCompleted.emit()
    if options.python_script is not None:
        application._run_at_start(lambda: _run(options.python_script, others))
    sys.exit(application.exec_())


def _run(script, arguments):
    """Run a script as Slicer does: with its own arguments, as __main__; an error is printed."""
    sys.argv = [script, *arguments]
    try:
        runpy.run_path(script, run_name="__main__")
    except Exception:
        traceback.print_exc()
