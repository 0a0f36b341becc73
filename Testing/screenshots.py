"""Makes the README's pictures from the running module, off-screen.

    make screenshots DATA=FOLDER     FOLDER holds the published embedding files
"""
import argparse
import pathlib
import sys

from module_session import ROOT, ModuleSession

#: a patient in the lists of many others in the published cohort
MODEL, PATIENT = "CTFM", "117502"


def main():
    """Write Resources/screenshot-*.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, help="published embedding files; without them only the demo cohort")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "Resources")
    options = parser.parse_args()
    session = ModuleSession(size=(1500, 900))
    if options.data:
        session.load_cohort(options.data)
        session.panel.parameters.model = MODEL
        session.panel.ui.dataFolderPathLineEdit.currentPath = options.data.name
        session.panel.select(PATIENT)
        session.settle(1.0)
        session.picture(options.output / "screenshot-connectome.png")
    cohort = session.load_cohort()
    patient = cohort.patient_ids[int(session.panel.state.connectome.in_degree.argmax())]
    session.panel.select(patient)
    session.show_images(patient, session.panel.ui.neighborsTable.item(0, 1).text())
    session.settle(1.0)
    session.picture(options.output / "screenshot-side-by-side.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
