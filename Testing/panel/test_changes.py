"""The state is dispatched by parameter: who shows a name is told of it once, in order, and nobody else is."""
import importlib.util
import pathlib

import pytest

from TumorConnectomeLib.panel.changes import COHORT, SCENE, Changes


class Node:
    """Keeps texts as a parameter node does, and says only that something changed."""

    def __init__(self, changes, **texts):
        self.changes, self.texts, self.modifying = changes, texts, 0

    def GetParameter(self, name):
        return self.texts.get(name, "")

    def StartModify(self):
        self.modifying += 1
        return self.modifying

    def EndModify(self, before):
        self.modifying -= 1
        self.changes.onModified()


class Parameters:
    """A parameter node with attributes."""

    def __init__(self, changes, **texts):
        object.__setattr__(self, "parameterNode", Node(changes, **texts))

    def __getattr__(self, name):
        return self.parameterNode.texts[name]

    def __setattr__(self, name, value):
        self.parameterNode.texts[name] = value
        if not self.parameterNode.modifying:
            self.parameterNode.changes.onModified()


@pytest.fixture
def told():
    """Changes of a node with the parameters a and b, and what its functions were called with."""
    changes, calls = Changes(), []
    changes.bind(lambda parameters: calls.append(("first", parameters.a)), "a")
    changes.bind(lambda parameters: calls.append(("second", parameters.a + parameters.b)), "a", "b", COHORT)
    changes.bind(lambda parameters: calls.append(("third", parameters.b)), "b", SCENE)
    changes.follow(Parameters(changes, a="1", b="2"))
    assert calls == [("first", "1"), ("second", "12"), ("third", "2")]
    calls.clear()
    return changes, calls


def test_only_those_who_show_what_changed_are_told(told):
    changes, calls = told
    changes.set(b="3")
    assert calls == [("second", "13"), ("third", "3")]
    changes.set(a="1", b="3")
    changes.onModified()
    assert len(calls) == 2


def test_several_changes_in_one_step_are_told_once(told):
    changes, calls = told
    changes.set(b="5", a="4")
    assert calls == [("first", "4"), ("second", "45"), ("third", "5")]


def test_what_a_function_changes_is_told_when_it_has_returned(told):
    changes, calls = told

    def correct(parameters):
        calls.append("correct begins")
        parameters.a = "corrected"
        changes.tell(COHORT)
        calls.append("correct ends")

    changes.bind(correct, "c")
    calls.clear()
    changes.onModified()
    assert calls == ["correct begins", "correct ends", ("first", "corrected"), ("second", "corrected2")]


def test_topics_reach_those_who_named_them(told):
    changes, calls = told
    changes.tell(COHORT)
    assert calls == [("second", "12")]


def test_without_a_state_nobody_is_told_and_another_one_tells_the_differences(told):
    changes, calls = told
    changes.follow(None)
    changes.set(a="lost")
    changes.tell(COHORT)
    changes.onModified()
    assert calls == []
    changes.follow(Parameters(changes, a="1", b="7"))
    assert calls == [("second", "17"), ("third", "7")]


def test_an_error_is_raised_after_the_others_were_told(told):
    changes, calls = told
    later = []

    def fail(parameters):
        raise ValueError("broken")

    changes.bind(fail, "d")
    changes.bind(lambda parameters: later.append("told"), "d")
    with pytest.raises(ValueError, match="broken"):
        changes.onModified()
    assert later == ["told"]
    changes.onModified()                                # not again and again
    assert later == ["told"]


@pytest.fixture(scope="module")
def files_entered():
    """The profiling hook of Testing/tools/files_entered.py."""
    path = pathlib.Path(__file__).resolve().parents[1] / "tools" / "files_entered.py"
    spec = importlib.util.spec_from_file_location("files_entered", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.files_entered


def test_a_bare_modified_enters_one_file(demo, files_entered):
    node = demo.panel.parameters.parameterNode
    with files_entered() as found:
        node.Modified()
    assert set(found) == {"panel/changes.py"}


def test_selecting_a_patient_enters_only_sections_that_show_it(demo, files_entered):
    panel = demo.panel
    patient = panel.state.cohort.patient_ids[5]
    with files_entered() as found:
        panel.select(patient)
    assert panel.ui.patientLabel.text.startswith(f"<b>{patient}")
    assert not {name for name in found if name.rpartition("/")[2] in (
        "evaluate_controller.py", "cohort_controller.py", "compare_controller.py", "group_display.py", "json_list.py",
        "derived_analyses.py", "map_positions.py", "filters.py", "result_nodes.py")}
