"""Makes the README's pictures from the running module, off-screen.

    make screenshots DATA=FOLDER     FOLDER holds the published embedding files
"""
import argparse
import contextlib
import pathlib
import sys
import tempfile

from module_session import ROOT, ModuleSession

#: a patient in the lists of many others in the published cohort
MODEL, PATIENT = "CTFM", "117502"


def main():
    """Write Resources/screenshot-*.png and connectome-from-python.svg."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, help="published embedding files; without them only the demo cohort")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "Resources")
    options = parser.parse_args()
    picture_from_python(options.output / "connectome-from-python.svg")
    session = ModuleSession(size=(1500, 900))
    if options.data:
        session.load_cohort(options.data)
        session.panel.parameters.model = MODEL
        session.panel.ui.dataFolderPathLineEdit.currentPath = options.data.name
        session.panel.select(PATIENT)
        session.settle()
        session.picture(options.output / "screenshot-connectome.png")
        picture_of_evaluation(session, options.output / "screenshot-evaluate.png")
    pictures_of_images(session, options.output)
    pictures_of_a_foreign_ct(session, options.output)
    pictures_of_study(session, options.output)
    return 0


def picture_from_python(path):
    """What the README's section "From Python" draws."""
    import TumorConnectomeLib

    TumorConnectomeLib.draw(TumorConnectomeLib.demo_cohort(), "TextureDescriptor", color="stage").save(path)


def picture_of_evaluation(session, path):
    """The Evaluate section after retrieval against labels, in a window that is high enough for all of it."""
    panel = session.panel
    panel.evaluate.run()
    session.wait(lambda: not panel.evaluate.busy, "evaluated")
    open_only(panel, "evaluate")
    session.window.resize(1500, 1180)
    session.settle()
    session.picture(path)
    session.window.resize(1500, 900)


def pictures_of_images(session, folder):
    """Two patients of the demo cohort side by side, one with its five neighbors, and two in nine directions."""
    from TumorConnectomeLib.scene.image_views import ImageViews

    cohort, panel = session.load_cohort(), session.panel
    patient = cohort.patient_ids[int(panel.state.connectome.in_degree.argmax())]
    panel.select(patient)
    session.show_images(patient, panel.ui.neighborsTable.item(0, 1).text())
    open_only(panel, "compare", "measurements")
    session.settle()
    session.picture(folder / "screenshot-side-by-side.png")
    panel.compare.nine.show()
    session.settle()
    session.picture(folder / "screenshot-nine-directions.png", panel.compare.nine.sheet)
    open_only(panel, "patient")
    panel.set(views=ImageViews.SIX, connectomeBeside=False)
    session.wait(lambda: len(panel.compare.display.shown) == len(ImageViews.SIX.places), what="loaded")
    session.settle()
    session.picture(folder / "screenshot-neighbors.png")


def pictures_of_a_foreign_ct(session, folder):
    """A nodule that was marked in a CT of nobody, with the box that the encoder sees; and beside its nearest neighbor."""
    import slicer

    from TumorConnectomeLib.panel.self_tests.watch import Watch

    story = sys.modules["TumorConnectome"].TumorConnectomeTest()
    story.messageDelay = 0
    slicer.mrmlScene.Clear()
    with Watch() as story._watch:
        panel, volume, center_ras = story.openForeign()
        open_only(panel, "embed")
        story.markAt(panel, volume, center_ras)
        session.settle()
        session.picture(folder / "screenshot-embed.png")
        panel.ui.embedButton.click()
        session.wait(lambda: not panel.embed.busy and not panel.query.busy, what="embedded")
        panel.ui.stabilityButton.click()
        session.wait(lambda: not panel.embed.busy, what="stable")
        panel.ui.embedCompareButton.click()
        story.waitForImages(panel)
        panel.ui.nextButton.click()                     # the first one is the patient whose CT this is
        story.waitForImages(panel)
        open_only(panel, "embed", "query")
        session.settle()
        session.picture(folder / "screenshot-embed-compare.png")


def pictures_of_study(session, folder):
    """A reader study on the demo cohort: the board with five candidates chosen, and the figures of three simulated readers."""
    session.load_cohort()
    panel, ui, study = session.panel, session.panel.ui, session.panel.study

    def finish(step):
        step()
        session.wait(lambda: not study.busy, what="done")
        session.settle()

    folder = folder.resolve()
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        open_only(panel, "study")
        ui.studyPathLineEdit.currentPath = "STUDY.json"
        panel.set(studyQueryCount=20, studyRepeats=5, studyAtMost=10, studyReaders="Ann, Bob, Cleo", studySeed=3)
        finish(study.design)
        study.read()
        board = study.display.board
        tiles = board.queryTile, *board.tiles
        session.wait(lambda: not any("loading" in tile.accessibleName for tile in tiles), what="loaded")
        for tile in (0, 2, 3, 6, 9):
            board.onToggled(tile)
        session.settle()
        session.picture(folder / "screenshot-reading.png")
        study.display.leave()
        pathlib.Path("ANSWERS-Ann.json").unlink()
        finish(study.simulate)
        finish(study.analyze)
        ui.studyTabs.currentIndex = 2
        ui.showStudyButton.click()
        session.window.resize(1500, 1000)
        session.settle()
        session.picture(folder / "screenshot-reader-study.png")
        session.window.resize(1500, 900)
        ui.studyPathLineEdit.currentPath = ""


def open_only(panel, *names):
    """Collapse all sections of the panel but these."""
    from TumorConnectomeLib.panel.sections import SECTIONS

    for section in SECTIONS:
        name = section[0].lower() + section[1:]
        getattr(panel.ui, f"{name}CollapsibleButton").collapsed = name not in names


if __name__ == "__main__":
    sys.exit(main())
