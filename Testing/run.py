"""Runs the module outside Slicer: in a window, or off-screen with pictures when there is no display."""
import argparse
import os
import pathlib
import sys

from module_session import ROOT, ModuleSession


def main():
    """Start the module on the demo cohort or a folder of embedding files; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, help="folder of *_features.pkl files; default: the synthetic demo cohort")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "output", help="where pictures go without a display")
    parser.add_argument("--offscreen", action="store_true", help="write pictures even if there is a display")
    options = parser.parse_args()
    display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) or sys.platform in ("win32", "darwin")
    session = ModuleSession(offscreen=options.offscreen or not display)
    if display and not options.offscreen:
        if options.data:
            session.panel.ui.dataFolderPathLineEdit.currentPath = str(options.data.resolve())
            session.panel.cohort.load()
        return session.application.exec_()
    print("There is no display: the main job runs off-screen and is written as pictures.", flush=True)
    try:
        write_pictures(session, options.data, options.output)
    except (RuntimeError, TimeoutError) as error:
        print(f"TumorConnectome: {error}", file=sys.stderr)
        return 2
    return 0


def write_pictures(session, data, folder):
    """The main job: cohort, the most connected patient, and for the demo cohort two patients side by side."""
    cohort, panel = session.load_cohort(data), session.panel
    print(panel.ui.cohortStatusLabel.text, flush=True)
    session.picture(folder / "1-connectome.png")
    panel.select(cohort.patient_ids[int(panel.state.connectome.degree.argmax())])
    session.settle()
    session.picture(folder / "2-patient.png")
    if not cohort.synthetic:
        print("CT images of these patients come from NCI Imaging Data Commons when a patient is loaded in the window.")
        return
    session.show_images(panel.parameters.selectedPatient, panel.ui.neighborsTable.item(0, 1).text())
    print(panel.ui.imageStatusLabel.text, flush=True)
    session.picture(folder / "3-side-by-side.png")


if __name__ == "__main__":
    sys.exit(main())
