"""The keys of the view: neighbors, loading, comparing, clearing, and what is left to others."""
import pytest
from connectome_samples import coloring, graph, ring
from view_gestures import has_color, key, turn_wheel


@pytest.fixture
def star(view):
    """P000 has P003, P001, P002 as its first, second and third neighbor, P001 has P000."""
    view.setConnectome(graph([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]], [0, 0, 0, 1], [3, 1, 2, 0], [1, 2, 3, 1]), coloring(5))
    view.setSelected("P000")
    return view


def test_arrows_walk_the_neighbor_list_by_rank_and_stop_at_both_ends(star):
    for _ in range(4):
        key(star, "Down")
    assert star.calls == [("compared", patient) for patient in ("P003", "P001", "P002", "P002")]
    key(star, "Left")
    assert star.compared == "P001" and has_color(star, star.nodeCenter("P001"), 30, "#0078d4")
    key(star, "Right")
    key(star, "Up")
    key(star, "Up")
    key(star, "Up")
    assert star.compared == "P003" and star.selected == "P000"
    assert "Compared: P003" in star.accessibleDescription


def test_up_starts_at_the_end_of_the_list_and_a_mark_outside_it_starts_anew(star):
    key(star, "Up")
    assert star.compared == "P002"
    star.setCompared("P004")
    key(star, "Down")
    assert star.compared == "P003"


def test_a_marked_patient_outside_the_picture_is_brought_into_it(star):
    turn_wheel(star, star.nodeCenter("P001"), 8)
    assert not 0 <= star.nodeCenter("P003")[0] <= star.width
    key(star, "Down")
    assert 0 <= star.nodeCenter("P003")[0] <= star.width and 0 <= star.nodeCenter("P003")[1] <= star.height


def test_g_goes_to_the_marked_patient(star):
    key(star, "Down")
    key(star, "G")
    assert star.selected == "P003" and star.calls[-1] == ("clicked", "P003")


@pytest.mark.parametrize("name, action", [("Return", "load"), ("Enter", "load"), ("M", "nextModel"), ("Slash", "search"),
                                          ("Question", "help"), ("F1", "help")])
def test_keys_of_the_owner_are_told(star, name, action):
    key(star, name)
    assert star.calls == [("key", action)]


def test_loading_needs_a_selection_and_comparing_a_mark(star):
    key(star, "C")
    assert star.calls == []
    star.setCompared("P004")
    key(star, "C")
    assert star.calls == [("key", "compare")]
    star.setSelected(None)
    key(star, "Return")
    assert star.calls == [("key", "compare")]


def test_escape_clears_group_mark_and_selection_one_after_the_other(star):
    star.setCompared("P001")
    star.setGroup(["P002"])
    for expected in (("group", []), ("compared", None), ("clicked", None)):
        key(star, "Escape")
        assert star.calls[-1] == expected
    assert (star.group, star.compared, star.selected) == ([], None, None)
    key(star, "Escape")
    assert len(star.calls) == 3


def test_keys_that_mean_nothing_here_and_those_with_control_are_left_to_others(star):
    from PySide6 import QtCore, QtGui
    none, control = QtCore.Qt.NoModifier, QtCore.Qt.ControlModifier
    star.setSelected(None)
    for code, modifier, mine in (("Key_M", none, True), ("Key_M", control, False), ("Key_W", none, False),
                                 ("Key_Down", none, False), ("Key_Escape", none, False), ("Key_Space", none, False)):
        event = QtGui.QKeyEvent(QtCore.QEvent.KeyPress, getattr(QtCore.Qt, code), modifier)
        QtCore.QCoreApplication.sendEvent(star, event)
        assert event.isAccepted() == mine, code
    assert star.calls == [("key", "nextModel")]


def test_every_binding_is_one_the_view_carries_out(star):
    from TumorConnectomeLib.widgets.keys import BINDINGS, GESTURES
    for binding in BINDINGS:
        star.setSelected("P000")
        star.setCompared("P001")
        star.canvas.legend.cursor = 0 if binding.action == "toggle" else None
        assert star._actions.perform(binding.action), binding
    keys = [code for binding in BINDINGS for code in binding.keys]
    assert len(keys) == len(set(keys))
    assert all(binding.shown and binding.text for binding in BINDINGS) and all(map(all, GESTURES))


def test_the_legend_cursor_ends_where_there_is_no_legend(star):
    key(star, "L")
    assert star.canvas.legend.cursor == 0
    star.setConnectome(None, None)
    key(star, "Space")
    key(star, "L")
    assert star.canvas.legend.cursor is None and star.calls == []
    star.setConnectome(ring(12), coloring(12))
    star.setMinimumSize(60, 40)
    star.resize(70, 50)
    star.grab()
    key(star, "L")
    assert star.canvas.legend.rect is None and star.canvas.legend.cursor is None
