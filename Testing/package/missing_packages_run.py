"""The module without one package after the other, in a process of its own: `python missing_packages_run.py FOLDER`.

It starts with ABSENT_PACKAGES=pandas (see absent/sitecustomize.py); FOLDER holds a cohort of IDC's patients. A
story ends with an exception when the panel does not say what is missing, offers no button, or something else fails.
"""
import os
import sys

from module_session import ModuleSession


class Missing:
    """The session, and what is absent from it."""

    def __init__(self):
        self.errors = []
        sys.excepthook = lambda kind, error, trace: (self.errors.append(error), sys.__excepthook__(kind, error, trace))
        self.session = ModuleSession()
        import slicer.packaging
        self.packaging = slicer.packaging
        for name, widget in vars(self.ui).items():
            if name.endswith("CollapsibleButton"):
                widget.collapsed = False                # what is in a closed section is hidden

    @property
    def panel(self):
        return self.session.panel

    @property
    def ui(self):
        return self.panel.ui

    def without(self, package):
        os.environ["ABSENT_PACKAGES"] = package

    def consent(self, agrees):
        """What the user answers when asked; whoever agrees has the package afterwards."""
        def answer(requirements, requester=None):
            assert requester == "TumorConnectome" and [one.name for one in requirements] == [os.environ["ABSENT_PACKAGES"]]
            if not agrees:
                raise RuntimeError("User declined package installation")
            self.without("")
        self.packaging.pip_ensure = answer

    def expect_offer(self, section, package):
        """The status line of a section names the package, and its button offers to install it."""
        label, button = getattr(self.ui, f"{section}StatusLabel"), getattr(self.ui, f"{section}CancelButton")
        assert package in label.text and "not installed" in label.text and "\n" not in label.text, label.text
        assert not button.isHidden() and button.text == f"Install {package}", (button.text, label.text)
        return button

    def offer_and_install(self, section, package):
        """Decline first: the offer stays. Then agree: what was wanted goes on."""
        button = self.expect_offer(section, package)
        self.consent(False)
        button.click()
        assert "declined" in getattr(self.ui, f"{section}StatusLabel").text
        button = getattr(self.ui, f"{section}CancelButton")
        assert not button.isHidden() and button.text == f"Install {package}"
        self.consent(True)
        button.click()
        assert button.text == "Cancel"


def pandas(run, folder):
    """Without pandas no cohort can be read: the panel says so, and loads the demo cohort once it is there."""
    assert run.panel.state.cohort is None
    for control in (run.ui.evaluateButton, run.ui.loadButton, run.ui.demoCohortButton):
        control.click()                                 # nothing happens, nothing breaks
    run.session.settle()
    run.offer_and_install("cohort", "pandas")
    run.session.wait(lambda: run.panel.state.cohort is not None)
    assert run.panel.state.cohort.synthetic


def demo_images(run, folder):
    """Without highdicom or pydicom the graph is there, the images are not; they come once the package is there."""
    patient = run.panel.state.cohort.patient_ids[0]
    run.panel.select(patient)
    for package in ("highdicom", "pydicom"):
        run.without(package)
        run.ui.loadButton.click()
        run.session.wait(lambda: not run.panel.imaging.busy)
        run.expect_offer("image", package)
        assert run.ui.neighborsTable.rowCount == 5 and run.panel.queryNodes is None
    run.offer_and_install("image", "pydicom")
    run.session.wait(lambda: not run.panel.imaging.busy)
    assert run.panel.queryNodes.patient_id == patient, run.ui.imageStatusLabel.text


def probes(run, folder):
    """Without scikit-learn the other evaluations work."""
    from TumorConnectomeLib.presentation.result_maps import ResultKind

    run.without("scikit-learn")
    run.panel.set(evaluation=ResultKind.HUBS)
    run.ui.evaluateButton.click()
    run.session.wait(lambda: not run.panel.evaluate.busy)
    assert run.panel.evaluate.heatMap.heatMap is not None, run.ui.evaluateStatusLabel.text
    run.panel.set(evaluation=ResultKind.PROBES)
    run.ui.evaluateButton.click()
    run.offer_and_install("evaluate", "scikit-learn")
    assert run.panel.evaluate.busy
    run.panel.evaluate.cancel()


def idc(run, folder):
    """Without s5cmd, idc-index-data or duckdb the graph of a real cohort is there, the images of IDC are not."""
    listed, unlisted = run.session.load_cohort(folder).patient_ids[:2]
    for package, patient in (("s5cmd", listed), ("duckdb", unlisted), ("idc-index-data", unlisted)):
        run.without(package)
        run.panel.select(patient)
        run.ui.loadButton.click()
        run.session.wait(lambda: not run.panel.imaging.busy)
        button = run.expect_offer("image", package)
        run.consent(False)
        button.click()
        assert "declined" in run.ui.imageStatusLabel.text and run.ui.neighborsTable.rowCount > 0


if __name__ == "__main__":
    session = Missing()
    for story in (pandas, demo_images, probes, idc):
        print(story.__name__, file=sys.stderr)
        story(session, sys.argv[1])
    session.session.settle()
    session.panel.runner.cleanup()
    sys.exit(f"errors in slots: {session.errors}" if session.errors else 0)
