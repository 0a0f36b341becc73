"""The script that runs the self-test in a real Slicer, from the installed package, in the host started as Slicer is."""
import json
import os
import pathlib
import struct
import subprocess
import sys

import pytest
from slicer_package import ROOT
from studies import warm_workers

SCRIPT = ROOT / "Testing" / "slicer" / "run_in_slicer.py"
#: the arrangements of views, each of which has a story
ARRANGEMENTS = {"connectome alone", "one patient", "side by side", "side by side without the connectome", "six patients",
                "taking turns", "connectome with plot and table", "reader study"}
#: a story that needs neither images nor a worker
QUICK = "a_group_is_compared_with_the_cohort"


class Run:
    """One run: exit status, lines, report."""

    def __init__(self, output, process):
        self.status, self.lines, self.errors = process.returncode, process.stdout.splitlines(), process.stderr
        report = output / "stories.json"
        self.report = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else None
        self.story_lines = [line for line in self.lines if line.startswith("Story ")]

    @property
    def outcomes(self):
        return {story["name"]: story["outcome"] for story in self.report["stories"]}


#: code with which nodes take a few frames to their new places, not the thirty that each story would wait for
_GLIDE = """
from slicerhost import modules
def load_gliding_shortly(path, *, load=modules.load_module):
    found = load(path)
    from TumorConnectomeLib.widgets import movement
    movement._GLIDE_SECONDS = 0.05
    return found
modules.load_module = load_gliding_shortly
"""


def run(module, output, *arguments, options=("--testing",), before="", environment=()):
    """Start the host as `Slicer OPTIONS --python-script SCRIPT ARGUMENTS`; `before` is code that runs in it first."""
    code = f"import sys\nfrom slicerhost import command_line\n{_GLIDE}{before}\ncommand_line.main()"
    command = [sys.executable, "-X", "faulthandler", "-c", code, *options, "--no-splash", "--python-script", SCRIPT,
               "--output", output, "--module", module, *arguments]
    paths = os.pathsep.join(map(str, (module.parent, ROOT / "Testing", os.environ["PYTHONPATH"])))
    process = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=900, env={
        **os.environ, **warm_workers.from_server(), "PYTHONPATH": paths, "XDG_CONFIG_HOME": str(output / "config"),
        **dict(environment)})
    return Run(output, process)


@pytest.fixture(scope="module")
def module(installed_package):
    return installed_package / "TumorConnectome.py"


#: code that breaks one method of the module, for one call, before the script runs, when the module has been loaded
_BREAK = """
from slicerhost import modules
load = modules.load_module
def broken(path):
    found = load(path)
    from TumorConnectomeLib.panel.group_display import GroupDisplay
    real, calls = GroupDisplay.describeGroup, []
    def describe(self, *arguments):
        calls.append(arguments)
        return once() if len(calls) == 1 else real(self, *arguments)
    {body}
    GroupDisplay.describeGroup = describe
    return found
modules.load_module = broken
"""


@pytest.fixture(scope="module")
def whole(module, tmp_path_factory):
    """All stories, in testing mode."""
    return run(module, tmp_path_factory.mktemp("whole"))


def test_all_stories_pass_and_each_has_one_line(whole, module):
    assert whole.status == 0, "\n".join([*whole.story_lines, whole.errors[-3000:]])
    assert len(whole.story_lines) == len(whole.report["stories"])
    for line, story in zip(whole.story_lines, whole.report["stories"], strict=True):
        assert line.startswith(f"Story {story['name']} {story['outcome']} (") and line.count("Story ") == 1
    assert set(whole.outcomes.values()) == {"passed"}, whole.outcomes
    assert list(whole.outcomes)[-1] == "everything_is_as_it_was_found"
    assert whole.report["module"] == str(module) and whole.report["status"] == 0


def test_every_arrangement_has_sizes_and_a_picture(whole):
    sizes = {size["arrangement"]: size for size in whole.report["arrangements"]}
    assert set(sizes) == ARRANGEMENTS
    for size in sizes.values():
        assert size["before"] == [1366, 768]
        for name in ("before", "during", "after", "narrowest"):
            assert len(size[name]) == 2 and all(isinstance(pixels, int) and pixels > 0 for pixels in size[name])
        with open(size["picture"], "rb") as stream:     # the size of a PNG stands at byte 16
            assert list(struct.unpack(">II", stream.read(24)[16:])) == size["during"]


def test_the_report_has_its_schema(whole):
    report = whole.report
    assert set(report) == {"application", "module", "stories", "arrangements", "seconds", "semantics", "status"}
    assert {"name", "version", "revision", "testing", "platform", "qt", "vtk", "python", "dicom"} <= set(report["application"])
    assert report["application"]["testing"] is True and report["application"]["dicom"] is True
    for story in report["stories"]:
        assert set(story) == {"name", "outcome", "seconds", "reason", "details"} and story["seconds"] >= 0
    for row in report["semantics"]["rows"]:
        assert {"call", "argument", "expected", "seen", "as_said"} <= set(row)


@pytest.fixture(scope="module")
def failing(module, tmp_path_factory):
    """Three stories in testing mode, of which the first fails by an error and the second by a window that is forced wider."""
    body = """
    import slicer
    from TumorConnectomeLib.panel.panel import Panel
    once = lambda: 1 / 0
    Panel.showConnectome = lambda self: slicer.util.mainWindow().setMinimumWidth(1700)"""
    stories = (QUICK, "mouse_and_keys_in_the_connectome", "demo_cohort_is_shown")
    return run(module, tmp_path_factory.mktemp("failing"), "--no-table", "--stories", *stories, before=_BREAK.format(body=body))


def test_a_failing_story_gives_status_1_and_does_not_stop_the_others(failing):
    assert failing.status == 1 and failing.outcomes[QUICK] == "failed"
    assert len(failing.story_lines) == 4 == len(failing.outcomes) and failing.outcomes["demo_cohort_is_shown"] == "passed"
    story = next(story for story in failing.report["stories"] if story["name"] == QUICK)
    assert "division by zero" in story["reason"] and "Traceback" in story["details"]
    assert not any("Traceback" in line for line in failing.story_lines)


def test_an_arrangement_that_forces_the_window_wider_fails_its_story_and_is_measured(failing):
    story = next(story for story in failing.report["stories"] if story["name"] == "mouse_and_keys_in_the_connectome")
    assert story["outcome"] == "failed" and "forced wider" in story["reason"]
    assert failing.report["arrangements"][0]["during"][0] == 1700


def test_without_the_table_nothing_is_said_about_it(failing):
    assert failing.report["semantics"] == {"note": "not asked", "rows": []}


def test_outside_of_testing_mode_a_story_passes_and_a_dialog_fails_its_story_instead_of_waiting(module, tmp_path):
    body = """
    import slicer
    once = lambda: slicer.util.errorDisplay("Nobody is here to press OK")"""
    asked = run(module, tmp_path, "--no-table", "--stories", QUICK, "demo_cohort_is_shown", options=(),
                before=_BREAK.format(body=body))
    assert asked.status == 1 and asked.report["application"]["testing"] is False
    assert asked.outcomes == {QUICK: "failed", "demo_cohort_is_shown": "passed", "everything_is_as_it_was_found": "passed"}
    story = next(story for story in asked.report["stories"] if story["name"] == QUICK)
    assert "Nobody is here to press OK" in story["reason"]


def test_without_a_main_window_one_line_says_so(module, tmp_path):
    headless = run(module, tmp_path, options=("--no-main-window",))
    assert headless.status == 2 and headless.report is None
    assert headless.lines == [
        "TumorConnectome: the stories need Slicer's main window: start Slicer without --no-main-window"]


def test_an_unknown_story_is_said_and_nothing_is_run(module, tmp_path):
    unknown = run(module, tmp_path, "--stories", "no_such_story")
    assert unknown.status == 2 and "no_such_story" in unknown.lines[-1] and unknown.report is None


def test_a_module_that_can_not_be_loaded_is_said(tmp_path):
    missing = run(pathlib.Path(tmp_path / "TumorConnectome.py"), tmp_path)
    assert missing.status == 2 and "can not be loaded" in missing.lines[-1]
